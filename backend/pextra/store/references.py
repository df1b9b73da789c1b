"""Who refers to whom, so that nothing that is used can go."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, and_, delete, select

from pextra.declaration.markers import OnDelete
from pextra.store.database import Tx
from pextra.store.tables import allocation
from pextra.store.tables import resource_reference as table

_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Reference:
    """One object that refers to another. A copied reference is not stored: its target may go."""

    source_tenant_uid: str
    source_uid: str
    source_kind: str
    target_tenant_uid: str
    target_uid: str
    target_kind: str
    on_delete: OnDelete


def _row(row: Row[Any]) -> Reference:
    return Reference(row[0], row[1], row[2], row[3], row[4], row[5], OnDelete(row[6]))


_COLUMNS = (
    table.c.source_tenant_uid,
    table.c.source_uid,
    table.c.source_kind,
    table.c.target_tenant_uid,
    table.c.target_uid,
    table.c.target_kind,
    table.c.on_delete,
)


def to(tx: Tx, tenant_uid: str, uid: str, *, kind: str | None = None, limit: int | None = None) -> list[Reference]:
    """Those that refer to the object, of one kind when it is given, at most `limit`."""
    query = select(*_COLUMNS).where(table.c.target_tenant_uid == tenant_uid, table.c.target_uid == uid).limit(limit)
    if kind is not None:
        query = query.where(table.c.source_kind == kind)
    return [_row(r) for r in tx.conn.execute(query)]


def of(tx: Tx, tenant_uid: str, uid: str) -> list[Reference]:
    """Those that the object refers to."""
    query = select(*_COLUMNS).where(table.c.source_tenant_uid == tenant_uid, table.c.source_uid == uid)
    return [_row(r) for r in tx.conn.execute(query)]


def into(tx: Tx, tenant_uids: Collection[str]) -> list[Reference]:
    """Those that refer from other tenants to what lies in these."""
    inside, uids = set(tenant_uids), list(tenant_uids)
    found: list[Reference] = []
    for start in range(0, len(uids), _AT_ONCE):
        some = table.c.target_tenant_uid.in_(uids[start : start + _AT_ONCE])
        query = select(*_COLUMNS).where(some, table.c.source_tenant_uid != table.c.target_tenant_uid)
        found += [r for r in map(_row, tx.conn.execute(query)) if r.source_tenant_uid not in inside]
    return found


def of_consumers(tx: Tx, host_uid: str, kind: str, named: Collection[str] | None) -> list[tuple[str, str]]:
    """The consumers of a host that refer to objects of a kind which refer to others of the same kind.

    Args:
        named: the uids of those others; None: any.

    Returns:
        Tenant's and consumer's uids.
    """
    further = table.alias()
    query = (
        select(table.c.source_tenant_uid, table.c.source_uid)
        .distinct()
        .join_from(
            allocation,
            table,
            and_(table.c.source_tenant_uid == allocation.c.tenant_uid, table.c.source_uid == allocation.c.consumer_uid),
        )
        .join(
            further,
            and_(further.c.source_tenant_uid == table.c.target_tenant_uid, further.c.source_uid == table.c.target_uid),
        )
        .where(allocation.c.host_uid == host_uid, table.c.target_kind == kind, further.c.target_kind == kind)
    )
    if named is not None:
        query = query.where(further.c.target_uid.in_(named))
    return [(tenant_uid, uid) for tenant_uid, uid in tx.conn.execute(query)]


def put(tx: Tx, tenant_uid: str, uid: str, references: Iterable[Reference], *, fresh: bool) -> None:
    """Make `references` the object's only ones; `fresh` says that it had none."""
    if not fresh:
        tx.conn.execute(delete(table).where(table.c.source_tenant_uid == tenant_uid, table.c.source_uid == uid))
    rows = {
        (r.target_tenant_uid, r.target_uid): {
            "source_tenant_uid": r.source_tenant_uid,
            "source_uid": r.source_uid,
            "source_kind": r.source_kind,
            "target_tenant_uid": r.target_tenant_uid,
            "target_uid": r.target_uid,
            "target_kind": r.target_kind,
            "on_delete": r.on_delete.value,
        }
        for r in references
        if r.on_delete is not OnDelete.COPIED
    }
    tx.insert(table, list(rows.values()))
