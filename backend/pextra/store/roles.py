"""What the database roles of the product's processes may do; given by the owner of the tables.

The role of what serves requests can note audit entries and read the log, and can change nothing of it. The role of the
loops can seal: take notes away and add entries. Neither can change or remove what was sealed.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from pextra.store.database import Database, Tx
from pextra.store.tables import metadata

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


class NoRoles(Exception):
    """The database has no roles; the message says what to do."""


def grant(database: Database, *, api_role: str, loops_role: str) -> list[str]:
    """Give both roles what they need on every table, and take the rest from them; again, it changes nothing.

    To be called as the owner of the tables, and again after each upgrade, which may have made tables. The roles must be
    there, and own none of the tables.

    Returns:
        The statements that were carried out.

    Raises:
        NoRoles: on SQLite.
    """
    if database.url.get_backend_name() == "sqlite":
        raise NoRoles("SQLite has no roles: whoever can write its file can write all of it. Use PostgreSQL.")
    quote = database.engine.dialect.identifier_preparer.quote_identifier
    statements = [f"GRANT USAGE ON SCHEMA public TO {quote(role)}" for role in (api_role, loops_role)]
    for table in sorted(metadata.tables):
        for role, rules in ((api_role, API), (loops_role, LOOPS)):
            statements.append(f"REVOKE ALL ON TABLE {quote(table)} FROM {quote(role)}")
            if rights := rules.get(table, _EVERYTHING):
                statements.append(f"GRANT {', '.join(rights)} ON TABLE {quote(table)} TO {quote(role)}")

    def work(tx: Tx) -> None:
        for statement in statements:
            tx.conn.execute(text(statement))

    database.write(work)
    return statements
