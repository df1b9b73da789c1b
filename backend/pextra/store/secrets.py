"""Values that are written once and never returned, sealed; `services.keyring` seals and opens them."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select

from pextra.store.database import Tx
from pextra.store.tables import resource_secret as clear_table
from pextra.store.tables import sealed_secret as table


@dataclass(frozen=True, slots=True)
class StoredSecret:
    """What may be known of a secret."""

    digest: str
    version: int


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed value.

    Attributes:
        content: the value as its data key sealed it.
        key_version: of the tenant's data key.
    """

    content: bytes
    key_version: int


@dataclass(frozen=True, slots=True)
class Clear:
    """A value that was stored before there were keys."""

    tenant_uid: str
    uid: str
    path: str
    value: str
    facts: StoredSecret


def digest(site_key: str, uid: str, path: str, value: str) -> str:
    """Keyed digest of the value; equal for equal values of one field of one object, and nowhere else."""
    return hmac.new(bytes.fromhex(site_key), f"{uid}\0{path}\0{value}".encode(), hashlib.sha256).hexdigest()


def facts(tx: Tx, tenant_uid: str, uid: str) -> dict[str, StoredSecret]:
    """What may be known of an object's secrets, by path."""
    rows = tx.conn.execute(
        select(table.c.path, table.c.digest, table.c.version).where(
            table.c.tenant_uid == tenant_uid, table.c.uid == uid
        )
    )
    return {r[0]: StoredSecret(r[1], r[2]) for r in rows}


def sizes(tx: Tx, tenant_uid: str, uid: str) -> dict[str, int]:
    """How many bytes each of an object's sealed values has, by path."""
    rows = tx.conn.execute(
        select(table.c.path, func.length(table.c.sealed)).where(table.c.tenant_uid == tenant_uid, table.c.uid == uid)
    )
    return {r[0]: r[1] for r in rows}


def sealed(tx: Tx, tenant_uid: str, uid: str) -> dict[str, tuple[Sealed, int]]:
    """An object's sealed values with their versions, by path."""
    rows = tx.conn.execute(
        select(table.c.path, table.c.sealed, table.c.key_version, table.c.version).where(
            table.c.tenant_uid == tenant_uid, table.c.uid == uid
        )
    )
    return {r[0]: (Sealed(bytes(r[1]), r[2]), r[3]) for r in rows}


def put(tx: Tx, tenant_uid: str, uid: str, path: str, value: Sealed, stored: StoredSecret) -> None:
    """Store a sealed value with its digest and version."""
    facts_ = {
        "sealed": value.content,
        "key_version": value.key_version,
        "digest": stored.digest,
        "version": stored.version,
    }
    tx.upsert(table, [{"tenant_uid": tenant_uid, "uid": uid, "path": path, **facts_}], update=facts_)


def remove(tx: Tx, tenant_uid: str, uid: str, path: str | None = None) -> None:
    """Remove one secret of an object, or all of them."""
    statement = delete(table).where(table.c.tenant_uid == tenant_uid, table.c.uid == uid)
    tx.conn.execute(statement if path is None else statement.where(table.c.path == path))


def count(tx: Tx) -> int:
    """How many values are sealed."""
    return tx.conn.execute(select(func.count()).select_from(table)).scalar_one()


def clear_values(tx: Tx, *, limit: int) -> list[Clear]:
    """Some of the values that were stored before there were keys."""
    rows = tx.conn.execute(select(clear_table).limit(limit))
    return [Clear(r.tenant_uid, r.uid, r.path, r.value, StoredSecret(r.digest, r.version)) for r in rows]


def remove_clear(tx: Tx, values: Sequence[Clear]) -> None:
    """Remove what was sealed meanwhile."""
    for each in values:
        tx.conn.execute(
            delete(clear_table).where(
                clear_table.c.tenant_uid == each.tenant_uid,
                clear_table.c.uid == each.uid,
                clear_table.c.path == each.path,
            )
        )
