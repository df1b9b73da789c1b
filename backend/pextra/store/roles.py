"""What the database roles of the product's processes may do; given by the owner of the tables.

The role of what serves requests can note audit entries and read the log, and can change nothing of it. The role of the
loops can seal: take notes away and add entries. Neither can change or remove what was sealed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, text

from pextra.store import fence
from pextra.store.database import Database, Tx
from pextra.store.tables import metadata

BOOKKEEPING: Final = "alembic_version"
"""Which migrations were applied: read by every process, written by the owner."""
_EVERYTHING: Final = ("SELECT", "INSERT", "UPDATE", "DELETE")
_SEALED: Final = ("audit_entry", "audit_node", "audit_head", "audit_chain")

API: Final[dict[str, tuple[str, ...]]] = {
    "pending_audit": ("SELECT", "INSERT"),
    **dict.fromkeys(_SEALED, ("SELECT",)),
    "audit_pruned": ("SELECT",),
    "audit_cursor": (),
}
"""What serves requests may do to the tables of the audit log; to all others everything."""

LOOPS: Final[dict[str, tuple[str, ...]]] = {
    "user_password": ("SELECT", "DELETE"),
    "pending_audit": ("SELECT", "INSERT", "DELETE"),
    **dict.fromkeys(_SEALED, ("SELECT", "INSERT")),
    "audit_pruned": ("SELECT",),
    "audit_cursor": _EVERYTHING,
}
"""What the loops may do to them; and they take passwords away with their users, but set none."""


@dataclass(frozen=True, slots=True)
class FenceState:
    """Whether the database's fence is up.

    Attributes:
        unable: why there cannot be one here; empty when there can.
        up: how many tables it is up around.
        missing: tables that it should be up around.
        role: whose connection asked.
        binds: the fence is up, and that role is bound by it.
    """

    unable: str = ""
    up: int = 0
    missing: tuple[str, ...] = ()
    role: str = ""
    binds: bool = False

    def __str__(self) -> str:
        if self.unable:
            return f"There is no fence between tenants in this database: {self.unable}"
        if not self.up:
            return "The fence between tenants is not up: run `pextra database grant-roles` as the owner of the tables."
        bound = f"role {self.role!r} is {'bound by it' if self.binds else 'not bound by it'}"
        if self.missing:
            tables = ", ".join(self.missing)
            return f"The fence between tenants is not up around {tables}: run `pextra database grant-roles`; {bound}."
        return f"The fence between tenants is up around {self.up} tables; {bound}."


class NoRoles(Exception):
    """The database has no roles, or not those; the message says what to do."""


def require(database: Database, *names: str) -> None:
    """Look whether the roles are there.

    Raises:
        NoRoles: on SQLite, or one of them is not.
    """
    if database.url.get_backend_name() == "sqlite":
        raise NoRoles("SQLite has no roles: whoever can write its file can write all of it. Use PostgreSQL.")
    asked = text("SELECT rolname FROM pg_catalog.pg_roles WHERE rolname IN :names").bindparams(
        bindparam("names", list(names), expanding=True)
    )
    found = database.read(lambda tx: set(tx.conn.execute(asked).scalars()))
    if missing := [name for name in names if name not in found]:
        raise NoRoles(f"There is no role {' or '.join(map(repr, missing))}: make it first, with CREATE ROLE … LOGIN.")


def grant(database: Database, *, api_role: str, loops_role: str, fenced_kinds: Collection[str] | None) -> list[str]:
    """Give both roles what they need on every table, and take the rest from them; again, it changes nothing.

    On PostgreSQL it also puts the fence up around what serves requests (`store.fence`), or takes it down.

    To be called as the owner of the tables, and again after each upgrade, which may have made tables. The roles must be
    there, and own none of the tables.

    Args:
        fenced_kinds: those whose objects decide rights; None: no fence.

    Returns:
        The statements that were carried out.

    Raises:
        NoRoles: on SQLite, or one of them is not there.
    """
    require(database, api_role, loops_role)
    quote = database.engine.dialect.identifier_preparer.quote_identifier
    statements: list[str] = []
    for role in (api_role, loops_role):
        statements += [f"GRANT USAGE ON SCHEMA public TO {quote(role)}"]
        statements += [f"GRANT SELECT ON TABLE {quote(BOOKKEEPING)} TO {quote(role)}"]
    for table in sorted(metadata.tables):
        for role, rules in ((api_role, API), (loops_role, LOOPS)):
            statements.append(f"REVOKE ALL ON TABLE {quote(table)} FROM {quote(role)}")
            if rights := rules.get(table, _EVERYTHING):
                statements.append(f"GRANT {', '.join(rights)} ON TABLE {quote(table)} TO {quote(role)}")

    if database.engine.dialect.name == "postgresql":
        if fenced_kinds is not None:
            put_up = fence.statements(quote, api_role=api_role, loops_role=loops_role, kinds=fenced_kinds)
        else:
            put_up = [(table, fence.removal(table, quote)) for table in fence.FENCES]
        statements += [statement for _, of_table in put_up for statement in of_table]

    def work(tx: Tx) -> None:
        for statement in statements:
            tx.conn.execute(text(statement))

    database.write(work)
    return statements


def fence_state(database: Database) -> FenceState:
    """Whether the fence is up, as the role of this connection sees it."""
    dialect = database.engine.dialect.name
    if dialect != "postgresql":
        return FenceState(unable=_UNABLE[dialect])
    wanted = [table for table, how in fence.FENCES.items() if isinstance(how, fence.Fence)]

    def look(tx: Tx) -> FenceState:
        rows = tx.conn.execute(_SECURED, {"tables": wanted})
        up = {row[0] for row in rows}
        role = str(tx.conn.execute(text("SELECT current_user")).scalar_one())
        binds = bool(tx.conn.execute(text(fence.BINDS)).scalar_one())
        return FenceState("", len(up), tuple(sorted(set(wanted) - up)), role, binds)

    return database.read(look)


_SECURED: Final = text(
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relrowsecurity AND relname IN :tables"
).bindparams(bindparam("tables", expanding=True))
_UNABLE: Final = {
    "sqlite": "SQLite has no roles; the application's own filters are what separates them.",
    "cockroachdb": "its row-level policies, which there are since 25.2, know no subqueries, which ours need; "
    "the application's own filters are what separates them.",
}
