"""Host agents: when they were heard, what their hosts have, and the certificates and secrets they are known by."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete, func, null, select, update

from pextra.store.database import Tx
from pextra.store.tables import assignment, host_agent, host_certificate, join_secret


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent as it was last heard.

    Attributes:
        revision: of what is assigned to its host; it last changed at `changed_us`.
        seen_us: when it was last heard; None: never.
        boot_id: of the host's last boot.
        inventory: what the host has, as the agent told it.
        exchange: how many exchanges were taken.
        settings: what the host itself is to be like; None: nothing was ever said.
        settings_revision: the revision at which that last changed.
    """

    host_uid: str
    revision: int
    changed_us: int
    seen_us: int | None
    boot_id: str
    version: str
    inventory: dict[str, Any] | None
    exchange: int
    settings: dict[str, Any] | None
    settings_revision: int


_AT_ONCE: Final = 500
_COLUMNS = [null().label(c.name) if c.name == "inventory" else c for c in host_agent.c]


def find(tx: Tx, host_uid: str) -> Agent | None:
    """The agent of a host, or None when nothing was ever assigned to the host and nobody joined for it."""
    row = tx.conn.execute(select(host_agent).where(host_agent.c.host_uid == host_uid)).first()
    return None if row is None else Agent(*row)


def pulse(tx: Tx, host_uid: str) -> Agent | None:
    """As `find`, without the inventory, which is large and seldom wanted."""
    row = tx.conn.execute(select(*_COLUMNS).where(host_agent.c.host_uid == host_uid)).first()
    return None if row is None else Agent(*row)


def seen(tx: Tx) -> Mapping[str, int | None]:
    """When each host's agent was last heard."""
    return {r[0]: r[1] for r in tx.conn.execute(select(host_agent.c.host_uid, host_agent.c.seen_us))}


def changed_since(tx: Tx, since_us: int) -> Mapping[str, int]:
    """The hosts to which something was assigned since then, each with its revision."""
    rows = tx.conn.execute(
        select(host_agent.c.host_uid, host_agent.c.revision).where(host_agent.c.changed_us >= since_us)
    )
    return {r[0]: r[1] for r in rows}


def heard(tx: Tx, host_uid: str, *, boot_id: str, version: str, exchange: int) -> None:
    """The host's agent spoke just now, in the exchange of that number."""
    values = {"seen_us": tx.now_us, "boot_id": boot_id, "version": version, "exchange": exchange}
    tx.upsert(
        host_agent, [{"host_uid": host_uid, "revision": 0, "changed_us": 0, "inventory": None, **values}], update=values
    )


def store_inventory(tx: Tx, host_uid: str, inventory: dict[str, Any]) -> None:
    """Replace what is known of the host; its agent was heard before."""
    tx.conn.execute(update(host_agent).where(host_agent.c.host_uid == host_uid).values(inventory=inventory))


def forget(tx: Tx, host_uid: str) -> None:
    """The host goes: its agent is nobody any more."""
    for table in (assignment, host_agent, join_secret, host_certificate):
        tx.conn.execute(delete(table).where(table.c.host_uid == host_uid))


# --- joining ---


def add_join_secret(tx: Tx, secret_hash: str, *, host_uid: str, token_uid: str, expires_us: int) -> None:
    """Let whoever knows the secret join for the host, once."""
    tx.insert(
        join_secret,
        [{"secret_hash": secret_hash, "host_uid": host_uid, "token_uid": token_uid, "expires_us": expires_us}],
    )


def take_join_secret(tx: Tx, secret_hash: str) -> str | None:
    """Use a secret up; the host that it is for, or None when it is unknown, used or expired."""
    row = tx.conn.execute(select(join_secret).where(join_secret.c.secret_hash == secret_hash)).first()
    if row is None or row.expires_us <= tx.now_us:
        return None
    tx.conn.execute(delete(join_secret).where(join_secret.c.secret_hash == secret_hash))
    return row.host_uid


def drop_join_secrets(tx: Tx, token_uid: str) -> None:
    """Revoke the secret of a join token."""
    tx.conn.execute(delete(join_secret).where(join_secret.c.token_uid == token_uid))


# --- certificates ---


def add_certificate(tx: Tx, serial: str, *, host_uid: str, not_after_us: int) -> None:
    """Accept a certificate; what has expired is forgotten."""
    tx.conn.execute(
        delete(host_certificate).where(
            host_certificate.c.host_uid == host_uid, host_certificate.c.not_after_us <= tx.now_us
        )
    )
    newest = select(func.coalesce(func.max(host_certificate.c.number), 0)).where(
        host_certificate.c.host_uid == host_uid
    )
    number = tx.conn.execute(newest).scalar_one() + 1
    row = {"serial": serial, "host_uid": host_uid, "not_after_us": not_after_us, "number": number}
    tx.insert(host_certificate, [row])


def revoke_certificates(tx: Tx, host_uid: str) -> None:
    """Stop accepting every certificate of the host."""
    tx.conn.execute(delete(host_certificate).where(host_certificate.c.host_uid == host_uid))


def revoke_older(tx: Tx, host_uid: str, serial: str) -> None:
    """Stop accepting the host's certificates that were issued before this one.

    Which one was is told by their numbers: the clocks of those who issue them may disagree.
    """
    issued = select(host_certificate.c.number).where(host_certificate.c.serial == serial).scalar_subquery()
    tx.conn.execute(
        delete(host_certificate).where(host_certificate.c.host_uid == host_uid, host_certificate.c.number < issued)
    )


def accepted(tx: Tx, serials: Collection[str]) -> set[str]:
    """Those of the certificates that are accepted still."""
    wanted, found = list(serials), set[str]()
    for start in range(0, len(wanted), _AT_ONCE):
        some = host_certificate.c.serial.in_(wanted[start : start + _AT_ONCE])
        good = select(host_certificate.c.serial).where(some, host_certificate.c.not_after_us > tx.now_us)
        found |= {row[0] for row in tx.conn.execute(good)}
    return found


def holder(tx: Tx, serial: str) -> str | None:
    """The host of an accepted certificate, or None."""
    row = tx.conn.execute(select(host_certificate).where(host_certificate.c.serial == serial)).first()
    return None if row is None or row.not_after_us <= tx.now_us else row.host_uid
