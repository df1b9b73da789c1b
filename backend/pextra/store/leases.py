"""Leases with fencing epochs: one holder at a time, and a write of a former holder is refused.

The epoch rises with each change of holder. A loop passes the epoch that it holds to `fence` in the transaction of
each of its writes; serialisable isolation then makes a take-over and a stale write exclude each other.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, update

from pextra.store.database import Tx
from pextra.store.tables import lease as table


class Fenced(Exception):
    """The lease is held by someone else now: stop, nothing was written."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease that is held."""

    name: str
    holder: str
    epoch: int


def acquire(tx: Tx, name: str, holder: str, *, ttl_s: float) -> Lease | None:
    """Take or renew the lease for `ttl_s`; None while another holds it."""
    row = tx.conn.execute(select(table).where(table.c.name == name)).first()
    expires = tx.now_us + int(ttl_s * 1_000_000)
    if row is None:
        tx.conn.execute(table.insert().values(name=name, holder=holder, epoch=1, expires_us=expires))
        return Lease(name, holder, 1)
    if row.holder != holder and row.expires_us > tx.now_us:
        return None
    epoch = row.epoch if row.holder == holder else row.epoch + 1
    done = tx.conn.execute(
        update(table)
        .where(table.c.name == name, table.c.epoch == row.epoch, table.c.holder == row.holder)
        .values(holder=holder, epoch=epoch, expires_us=expires)
    )
    return Lease(name, holder, epoch) if done.rowcount == 1 else None


def release(tx: Tx, lease: Lease) -> None:
    """Give the lease back, so that another can take it at once."""
    tx.conn.execute(
        update(table)
        .where(table.c.name == lease.name, table.c.holder == lease.holder, table.c.epoch == lease.epoch)
        .values(expires_us=0)
    )


def fence(tx: Tx, lease: Lease) -> None:
    """Refuse this transaction when the lease has changed hands.

    Raises:
        Fenced: it has.
    """
    row = tx.conn.execute(select(table.c.holder, table.c.epoch).where(table.c.name == lease.name)).first()
    if row is None or row.holder != lease.holder or row.epoch != lease.epoch:
        raise Fenced(lease.name)
