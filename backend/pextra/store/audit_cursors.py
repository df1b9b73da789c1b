"""How far each sink has got with each chain of the audit log."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, func, select

from pextra.store.audit_reading import Entry
from pextra.store.database import Tx
from pextra.store.tables import audit_chain, audit_cursor, audit_entry, audit_head


def behind(tx: Tx, sink: str) -> list[tuple[str, int]]:
    """(tenant's uid, last sequence number that was delivered) of every chain that has grown beyond it."""
    whose = audit_chain.c.tenant_uid
    # the newest head alone, by the primary key: a chain has many
    size = select(func.max(audit_head.c.size)).where(audit_head.c.tenant_uid == whose).scalar_subquery()
    here = and_(audit_cursor.c.tenant_uid == whose, audit_cursor.c.sink == sink)
    done = func.coalesce(audit_cursor.c.sequence, 0)
    rows = tx.conn.execute(
        select(whose, done).select_from(audit_chain.outerjoin(audit_cursor, here)).where(done < size).order_by(whose)
    )
    return [(r[0], r[1]) for r in rows]


def next_entries(tx: Tx, tenant_uid: str, sequence: int, *, limit: int) -> Sequence[Entry]:
    """The entries behind that sequence number, in order; what was pruned is left out."""
    c = audit_entry.c
    rows = tx.conn.execute(
        select(c.sequence, c.body, c.leaf_hash, c.chain_hash)
        .where(c.tenant_uid == tenant_uid, c.sequence > sequence)
        .order_by(c.sequence)
        .limit(limit)
    )
    return [Entry(*r) for r in rows]


def move(tx: Tx, sink: str, tenant_uid: str, sequence: int) -> None:
    """The sink has all entries up to that sequence number."""
    row = {"sink": sink, "tenant_uid": tenant_uid, "sequence": sequence}
    tx.upsert(audit_cursor, [row], update={"sequence": sequence})
