"""Shows that the database's fence hides nothing that the application asks for: each statement is run without it, too.

What the fence hides is silently not there. A use case that forgot to tell the database whose rows it needs would go on
with wrong data; here it is named, with its statement.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Engine, event

_FENCED: Final = ("SELECT", "UPDATE", "DELETE")


class SameRows:
    """Compares what statements find with what they find in the session's own role, which no fence binds.

    Args:
        role: the fenced role, which sessions of the engine are in; they can leave it.

    Attributes:
        differences: one text for each statement that found other rows.
        compared: how many statements were.
    """

    def __init__(self, engine: Engine, role: str) -> None:
        self._role = role
        self.differences: list[str] = []
        self.compared = 0
        event.listen(engine, "before_cursor_execute", self._before)
        event.listen(engine, "after_cursor_execute", self._after)

    def _before(self, conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool) -> None:
        del cursor
        context.without_fence = None
        if executemany or not statement.startswith(_FENCED) or "set_config(" in statement:
            return
        with conn.connection.cursor() as other:
            other.execute("SAVEPOINT unfenced")
            other.execute("SET LOCAL ROLE NONE")
            other.execute(statement, parameters)
            context.without_fence = _found(other, statement)
            other.execute("ROLLBACK TO SAVEPOINT unfenced")
            other.execute("RELEASE SAVEPOINT unfenced")

    def _after(self, conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool) -> None:
        del executemany
        expected = context.without_fence
        if expected is None:
            return
        self.compared += 1
        found = _found(cursor, statement)
        if found != expected:
            with conn.connection.cursor() as other:
                other.execute("SELECT current_setting('pextra.tenants', true), current_setting('pextra.lenders', true)")
                told = other.fetchone()
            self.differences.append(
                f"The fence hides {expected!r:.300} from {statement!r} with {parameters!r}: {found!r:.300}; "
                f"tenants and lenders told: {told}; have the use case tell what it needs, see services/bounds.py."
            )


def _found(cursor: Any, statement: str) -> Any:
    """The rows of a query, in no order, and left to be read again; of another statement, how many it changed."""
    if not statement.startswith("SELECT"):
        return cursor.rowcount
    rows = sorted(map(repr, cursor.fetchall()))
    if rows:
        cursor.scroll(0, mode="absolute")
    return rows
