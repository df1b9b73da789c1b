"""Ports of hosts that are forwarded to guests: each is given once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select

from pextra.store.database import Tx
from pextra.store.tables import forward as table


@dataclass(frozen=True, slots=True)
class Claim:
    """A port of a host that somebody holds."""

    host_uid: str
    protocol: str
    port: int
    tenant_uid: str
    consumer_uid: str


def of(tx: Tx, consumer_uid: str) -> list[Claim]:
    """What the consumer holds, in order."""
    rows = tx.conn.execute(
        select(table).where(table.c.consumer_uid == consumer_uid).order_by(table.c.protocol, table.c.port)
    )
    return [Claim(*r) for r in rows]


def taken(tx: Tx, host_uid: str, protocol: str) -> set[int]:
    """The ports of the host that are held."""
    rows = tx.conn.execute(select(table.c.port).where(table.c.host_uid == host_uid, table.c.protocol == protocol))
    return {r[0] for r in rows}


def claim(tx: Tx, claims: Sequence[Claim]) -> None:
    """Hold ports that nobody holds; the primary key refuses a second holder."""
    tx.insert(
        table,
        [
            {
                "host_uid": c.host_uid,
                "protocol": c.protocol,
                "port": c.port,
                "tenant_uid": c.tenant_uid,
                "consumer_uid": c.consumer_uid,
            }
            for c in claims
        ],
    )


def release(tx: Tx, consumer_uid: str, claims: Sequence[Claim] | None = None) -> None:
    """Give back some of what the consumer holds, or all of it."""
    if claims is None:
        tx.conn.execute(delete(table).where(table.c.consumer_uid == consumer_uid))
        return
    for each in claims:
        tx.conn.execute(
            delete(table).where(
                table.c.host_uid == each.host_uid, table.c.protocol == each.protocol, table.c.port == each.port,
                table.c.consumer_uid == consumer_uid,
            )
        )  # fmt: skip
