"""Facts of this site that are made once, at its first start."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from pextra.store.database import Tx
from pextra.store.tables import site as table

_AUTHORITY: Final = ("agent_authority", "agent_authority_key")


@dataclass(frozen=True, slots=True)
class Site:
    """Who this site is.

    Attributes:
        uid: the site; cloud-wide objects are stored under it.
        system_uid: the cloud's own tenant.
        digest_key: key of the digests of secrets.
    """

    uid: str
    system_uid: str
    digest_key: str


def load(tx: Tx) -> Site | None:
    """The site, or None before its first start."""
    values = {r[0]: r[1] for r in tx.conn.execute(select(table.c.key, table.c.value))}
    if "uid" not in values:
        return None
    return Site(values["uid"], values["system_uid"], values["digest_key"])


def create(tx: Tx) -> Site:
    """Make the site's facts."""
    made = Site(tx.new_uid(), tx.new_uid(), secrets.token_hex(32))
    values = {"uid": made.uid, "system_uid": made.system_uid, "digest_key": made.digest_key}
    tx.insert(table, [{"key": key, "value": value} for key, value in values.items()])
    return made


def authority(tx: Tx) -> tuple[str, str] | None:
    """Certificate and key of the authority of host agents, PEM; None before there is one."""
    rows = tx.conn.execute(select(table.c.key, table.c.value).where(table.c.key.in_(_AUTHORITY)))
    values = {r[0]: r[1] for r in rows}
    return (values[_AUTHORITY[0]], values[_AUTHORITY[1]]) if values else None


def keep_authority(tx: Tx, certificate_pem: str, key_pem: str) -> None:
    """Store the authority, for good."""
    pairs = zip(_AUTHORITY, (certificate_pem, key_pem), strict=True)
    tx.insert(table, [{"key": key, "value": value} for key, value in pairs])
