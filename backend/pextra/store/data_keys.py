"""Data keys, wrapped by a key that is not here. What they are and how they are used: `services.keyring`."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, func, select, update

from pextra.store.database import Tx
from pextra.store.tables import data_key as table


@dataclass(frozen=True, slots=True)
class DataKey:
    """A tenant's data key.

    Attributes:
        tenant_uid: whose; the site's own uid for what belongs to no tenant.
        version: of the tenant's data key; what is sealed names it.
        kek: the version of the key-encryption key that it is wrapped with.
        wrapped: the key, as its keeper wrapped it.
    """

    tenant_uid: str
    version: int
    kek: str
    wrapped: str


_COLUMNS = (table.c.tenant_uid, table.c.version, table.c.kek, table.c.wrapped)


def newest(tx: Tx, tenant_uid: str) -> DataKey | None:
    """The data key that a tenant's values are sealed with now; None before it has one."""
    statement = select(*_COLUMNS).where(table.c.tenant_uid == tenant_uid).order_by(table.c.version.desc()).limit(1)
    row = tx.conn.execute(statement).first()
    return None if row is None else DataKey(*row)


def of_tenant(tx: Tx, tenant_uid: str) -> dict[int, DataKey]:
    """Every data key of a tenant, by version."""
    rows = tx.conn.execute(select(*_COLUMNS).where(table.c.tenant_uid == tenant_uid))
    return {row[1]: DataKey(*row) for row in rows}


def add(tx: Tx, key: DataKey) -> DataKey:
    """Store a tenant's first data key; gives the one that is there, which may be another's who was faster."""
    values = {"tenant_uid": key.tenant_uid, "version": key.version, "kek": key.kek, "wrapped": key.wrapped}
    tx.upsert(table, [{**values, "created_us": tx.now_us}], update={"version": key.version})
    found = newest(tx, key.tenant_uid)
    assert found is not None
    return found


def not_under(tx: Tx, kek: str, *, limit: int) -> list[DataKey]:
    """Some of the data keys that are wrapped with another version than this one."""
    statement = select(*_COLUMNS).where(table.c.kek != kek).order_by(table.c.tenant_uid, table.c.version).limit(limit)
    return [DataKey(*row) for row in tx.conn.execute(statement)]


def rewrap(tx: Tx, before: DataKey, *, kek: str, wrapped: str) -> None:
    """Store the same key wrapped anew, unless it is not wrapped as it was any more."""
    tx.conn.execute(
        update(table)
        .where(
            table.c.tenant_uid == before.tenant_uid,
            table.c.version == before.version,
            table.c.wrapped == before.wrapped,
        )
        .values(kek=kek, wrapped=wrapped)
    )


def count(tx: Tx) -> dict[str, int]:
    """How many data keys are wrapped with each version of the key-encryption key."""
    rows = tx.conn.execute(select(table.c.kek, func.count()).group_by(table.c.kek).order_by(table.c.kek))
    return {row[0]: row[1] for row in rows}


def remove(tx: Tx, tenant_uid: str) -> None:
    """Destroy a tenant's data keys: what was sealed with them cannot be read any more, from backups either."""
    tx.conn.execute(delete(table).where(table.c.tenant_uid == tenant_uid))
