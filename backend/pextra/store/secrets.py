"""Values that are written once and never returned; only loops that deliver them read them."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from sqlalchemy import delete, select

from pextra.store.database import Tx
from pextra.store.tables import resource_secret as table


@dataclass(frozen=True, slots=True)
class StoredSecret:
    """What may be known of a secret."""

    digest: str
    version: int


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


def reveal(tx: Tx, tenant_uid: str, uid: str) -> dict[str, str]:
    """An object's secrets by path, for the loop that hands them to a guest."""
    rows = tx.conn.execute(
        select(table.c.path, table.c.value).where(table.c.tenant_uid == tenant_uid, table.c.uid == uid)
    )
    return {r[0]: r[1] for r in rows}


def put(tx: Tx, tenant_uid: str, uid: str, path: str, value: str, stored: StoredSecret) -> None:
    """Store a value with its digest and version."""
    facts_ = {"value": value, "digest": stored.digest, "version": stored.version}
    tx.upsert(table, [{"tenant_uid": tenant_uid, "uid": uid, "path": path, **facts_}], update=facts_)


def remove(tx: Tx, tenant_uid: str, uid: str, path: str | None = None) -> None:
    """Remove one secret of an object, or all of them."""
    statement = delete(table).where(table.c.tenant_uid == tenant_uid, table.c.uid == uid)
    tx.conn.execute(statement if path is None else statement.where(table.c.path == path))
