"""Tickets to consoles, as hashes."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import delete, select

from pextra.identity.proof import Proof
from pextra.store.database import Tx
from pextra.store.tables import console_ticket

PREFIX: Final = "pxc_"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a ticket opens, and for whom.

    Attributes:
        host_uid: the host that the instance was on when the ticket was made.
        holder_tenant_uid, token_uid: the bearer token that the ticket was asked for with.
        proof: what the token proved, when it was one of the identity provider `token_uid`.
    """

    tenant_uid: str
    instance_uid: str
    host_uid: str
    device: str
    holder_tenant_uid: str
    token_uid: str
    proof: Proof | None = None


def mint() -> str:
    """A new ticket: 256 bits of chance in URL-safe letters."""
    return PREFIX + secrets.token_urlsafe(32)


def hashed(ticket: str) -> str:
    """How a ticket is stored. A plain digest suffices: there is nothing to guess in 256 random bits."""
    return hashlib.sha256(ticket.encode()).hexdigest()


def add(tx: Tx, ticket: str, grant: Grant, *, expires_us: int) -> None:
    """Make a ticket valid."""
    tx.insert(console_ticket, [{"ticket_hash": hashed(ticket), **asdict(grant), "expires_us": expires_us}])


def take(tx: Tx, ticket: str) -> Grant | None:
    """Use a ticket up; None when it is unknown, used or expired.

    Of transactions that take the same ticket at once, one commits having taken it.
    """
    found = console_ticket.c.ticket_hash == hashed(ticket)
    row = tx.conn.execute(select(console_ticket).where(found)).first()
    if row is None or tx.conn.execute(delete(console_ticket).where(found)).rowcount != 1 or row.expires_us <= tx.now_us:
        return None
    proof = None if row.proof is None else Proof(**(row.proof | {"groups": tuple(row.proof["groups"])}))
    return Grant(
        row.tenant_uid, row.instance_uid, row.host_uid, row.device, row.holder_tenant_uid, row.token_uid, proof
    )


def forget_expired(tx: Tx) -> None:
    """Let tickets go that nobody used in time."""
    tx.conn.execute(delete(console_ticket).where(console_ticket.c.expires_us <= tx.now_us))
