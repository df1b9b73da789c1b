"""The audit log as it is read: entries, links, heads of earlier sizes, and whose chains there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, or_, select, true

from pextra.store.audit import SignedHead
from pextra.store.database import Tx
from pextra.store.records import timestamp
from pextra.store.tables import audit_chain, audit_entry, audit_head, audit_pruned
from pextra.transparency.chain import Head

WINDOW: Final = 10_000
"""How many entries one page of a filtered list looks at; it may find fewer than were asked for, and goes on later."""
SKEW_US: Final = 3_600_000_000
"""How far the clocks of those who note entries may be apart for a list by time to find everything."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A sealed entry; `body` is the canonical JSON that was hashed."""

    sequence: int
    body: str
    leaf_hash: str
    chain_hash: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries are wanted; None is any.

    Attributes:
        principal: name or uid.
        action: what the action begins with.
        kind: of the object.
        name: of the object, or its uid.
    """

    since_us: int | None = None
    until_us: int | None = None
    principal: str | None = None
    action: str | None = None
    kind: str | None = None
    name: str | None = None
    outcome: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """What must hold of an entry's row."""
        c = audit_entry.c
        found: list[ColumnElement[bool]] = []
        if self.since_us is not None:
            found.append(c.at_us >= self.since_us)
        if self.until_us is not None:
            found.append(c.at_us < self.until_us)
        if self.principal is not None:
            found.append(or_(c.principal == self.principal, c.principal_uid == self.principal))
        if self.action is not None:
            found.append(c.action.startswith(self.action, autoescape=True))
        if self.kind is not None:
            found.append(c.object_kind == self.kind)
        if self.name is not None:
            found.append(or_(c.object_name == self.name, c.object_uid == self.name))
        if self.outcome is not None:
            found.append(c.outcome == self.outcome)
        return found


def page(
    tx: Tx, tenant_uid: str, wanted: Filter, *, newest_first: bool, start: int | None, size: int, limit: int
) -> tuple[list[Entry], int | None]:
    """At most `limit` entries from `start` on, and where the next page starts; None when this was the last.

    Args:
        start: a sequence number; None: wherever the order begins.
        size: of the chain.
    """
    if start is None:
        start = _first(tx, tenant_uid, wanted, size, newest_first=newest_first)
    c = audit_entry.c
    if newest_first:
        low, high, order = max(1, start - WINDOW + 1), start, c.sequence.desc()
    else:
        low, high, order = start, min(size, start + WINDOW - 1), c.sequence
    rows = tx.conn.execute(
        select(c.sequence, c.body, c.leaf_hash, c.chain_hash)
        .where(c.tenant_uid == tenant_uid, c.sequence >= low, c.sequence <= high, *wanted.conditions())
        .order_by(order)
        .limit(limit)
    ).all()
    found = [Entry(*r) for r in rows]
    if len(found) == limit:
        following = found[-1].sequence + (-1 if newest_first else 1)
    else:
        following = low - 1 if newest_first else high + 1
    if not 1 <= following <= size or _over(tx, tenant_uid, wanted, following, newest_first=newest_first):
        return found, None
    return found, following


def _first(tx: Tx, tenant_uid: str, wanted: Filter, size: int, *, newest_first: bool) -> int:
    """Where to begin, near the time that is asked for."""
    c = audit_entry.c
    at, near = (wanted.until_us, c.at_us.desc()) if newest_first else (wanted.since_us, c.at_us)
    if at is None:
        return size if newest_first else max(1, pruned_size(tx, tenant_uid) + 1)
    bound = c.at_us <= at + SKEW_US if newest_first else c.at_us >= at - SKEW_US
    nearest = select(c.sequence).where(c.tenant_uid == tenant_uid, bound).order_by(near).limit(1)
    found = tx.conn.execute(nearest).scalar()
    if found is None:
        return 0 if newest_first else size + 1
    return found


def _over(tx: Tx, tenant_uid: str, wanted: Filter, sequence: int, *, newest_first: bool) -> bool:
    """Whether all that follows is beyond the time that is asked for, or was pruned."""
    c = audit_entry.c
    at_us = tx.conn.execute(select(c.at_us).where(c.tenant_uid == tenant_uid, c.sequence == sequence)).scalar()
    if at_us is None:
        return True
    if newest_first:
        return wanted.since_us is not None and at_us < wanted.since_us - SKEW_US
    return wanted.until_us is not None and at_us > wanted.until_us + SKEW_US


def span(tx: Tx, tenant_uid: str, first: int, last: int, *, limit: int) -> list[Entry]:
    """The entries with these sequence numbers, in order, at most `limit`."""
    c = audit_entry.c
    rows = tx.conn.execute(
        select(c.sequence, c.body, c.leaf_hash, c.chain_hash)
        .where(c.tenant_uid == tenant_uid, c.sequence >= first, c.sequence <= last)
        .order_by(c.sequence)
        .limit(limit)
    )
    return [Entry(*r) for r in rows]


def pruned_size(tx: Tx, tenant_uid: str) -> int:
    """How many of the chain's first entries were pruned."""
    c = audit_pruned.c
    last = select(c.size).where(c.tenant_uid == tenant_uid).order_by(c.size.desc()).limit(1)
    return tx.conn.execute(last).scalar() or 0


def link_at(tx: Tx, tenant_uid: str, sequence: int) -> str | None:
    """The link of an entry, hex; None when it is kept no more."""
    e, p = audit_entry.c, audit_pruned.c
    found = tx.conn.execute(select(e.chain_hash).where(e.tenant_uid == tenant_uid, e.sequence == sequence)).scalar()
    if found is None:
        found = tx.conn.execute(select(p.chain_hash).where(p.tenant_uid == tenant_uid, p.size == sequence)).scalar()
    return found


def head_of_size(tx: Tx, site: str, tenant_uid: str, size: int) -> SignedHead | None:
    """The head that was signed at this very size, if one was."""
    c = audit_head.c
    row = tx.conn.execute(select(audit_head).where(c.tenant_uid == tenant_uid, c.size == size)).first()
    if row is None:
        return None
    signed = Head(site, tenant_uid, row.size, row.root, row.chain_hash, timestamp(row.at_us), row.key)
    return SignedHead(signed, row.signature)


@dataclass(frozen=True, slots=True)
class Chain:
    """Whose chain it is; the tenant may be gone."""

    tenant_uid: str
    path: str
    parent_uid: str | None


def chain(tx: Tx, tenant_uid: str) -> Chain | None:
    """The chain of the tenant with this uid."""
    return next(iter(_chains(tx, audit_chain.c.tenant_uid == tenant_uid)), None)


def chains_at(tx: Tx, path: str) -> Sequence[Chain]:
    """The chains of all tenants that had this path, one after the other, the newest first."""
    return _chains(tx, audit_chain.c.path == path)


def chains(tx: Tx) -> Sequence[Chain]:
    """Every chain."""
    return _chains(tx, true())


def _chains(tx: Tx, where: ColumnElement[bool]) -> list[Chain]:
    c = audit_chain.c
    rows = tx.conn.execute(select(c.tenant_uid, c.path, c.parent_uid).where(where).order_by(c.since_us.desc()))
    return [Chain(*r) for r in rows]
