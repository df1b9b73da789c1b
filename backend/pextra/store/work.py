"""What loops have to look at: one row an object, due at a time, gone when the object is as desired.

A row says only "look again"; what is to be done follows from the object. `version` rises whenever somebody asks for a
look, so that a request which arrives during a look is not lost when that look ends.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, and_, delete, func, select, update

from pextra.store.database import Tx
from pextra.store.tables import work as table

SHARDS: Final = 8
"""Work is divided by uid; each shard has one loop at a time, the holder of its lease."""


@dataclass(frozen=True, slots=True)
class Item:
    """One object to look at."""

    tenant_uid: str
    uid: str
    kind: str
    shard: int
    due_us: int
    attempts: int
    version: int


def shard_of(uid: str) -> int:
    """The shard of an object."""
    return zlib.crc32(uid.encode()) % SHARDS


def ask(tx: Tx, tenant_uid: str, uid: str, kind: str) -> None:
    """Have the object looked at."""
    ask_many(tx, [(tenant_uid, uid, kind)])


def ask_many(tx: Tx, objects: Iterable[tuple[str, str, str]]) -> None:
    """Have each (tenant uid, uid, kind) looked at."""
    rows = [_row(tx, *each) for each in sorted(set(objects))]
    tx.upsert(table, rows, update={"due_us": tx.now_us, "attempts": 0, "version": table.c.version + 1})


def _row(tx: Tx, tenant_uid: str, uid: str, kind: str) -> dict[str, object]:
    return {
        "tenant_uid": tenant_uid,
        "uid": uid,
        "kind": kind,
        "shard": shard_of(uid),
        "due_us": tx.now_us,
        "attempts": 0,
        "version": 1,
    }


def ask_all(tx: Tx, objects: Iterable[tuple[str, str, str]]) -> int:
    """Have each (tenant uid, uid, kind) looked at that is not going to be anyway; tells how many were added."""
    there = {r[0] for r in tx.conn.execute(select(table.c.uid))}
    rows = [_row(tx, *each) for each in objects if each[1] not in there]
    tx.insert(table, rows)
    return len(rows)


def due(tx: Tx, shards: Sequence[int], *, limit: int, but: Collection[str] = ()) -> list[Item]:
    """What is to be looked at now, the longest due first.

    Args:
        shards: only in these.
        limit: so many at most.
        but: uids of what is not wanted.
    """
    rows = tx.conn.execute(
        select(table)
        .where(table.c.shard.in_(list(shards)), table.c.due_us <= tx.now_us)
        .order_by(table.c.due_us)
        .limit(limit + len(but))
    )
    wanted = [r for r in rows.all() if r.uid not in but][:limit]
    return [Item(r.tenant_uid, r.uid, r.kind, r.shard, r.due_us, r.attempts, r.version) for r in wanted]


def done(tx: Tx, item: Item) -> None:
    """The object is as desired: remove the row unless somebody asked again meanwhile."""
    tx.conn.execute(delete(table).where(_same(item)))


def later(tx: Tx, item: Item, *, delay_s: float, failed: bool, waits: int | None = None) -> None:
    """Look again after `delay_s` unless somebody asked meanwhile.

    Args:
        waits: it waits for room on any host, with this priority; None: it does not.
    """
    due_us, attempts = tx.now_us + int(delay_s * 1_000_000), item.attempts + 1 if failed else 0
    tx.conn.execute(update(table).where(_same(item)).values(due_us=due_us, attempts=attempts, waits=waits))


@dataclass(frozen=True, slots=True)
class Waiter:
    """An object that waits for room."""

    tenant_uid: str
    uid: str
    kind: str


def waiters(tx: Tx, *, limit: int, but: Collection[str] = ()) -> list[Waiter]:
    """Those that wait for room: the highest priority first, then the oldest.

    Args:
        limit: so many at most.
        but: uids of what is not wanted.
    """
    rows = tx.conn.execute(
        select(table.c.tenant_uid, table.c.uid, table.c.kind)
        .where(table.c.waits.is_not(None))
        .order_by(table.c.waits.desc(), table.c.uid)
        .limit(limit + len(but))
    )
    return [Waiter(*row) for row in rows if row.uid not in but][:limit]


def wake_first_waiter(tx: Tx) -> None:
    """There may be room: have the first of those that wait looked at, and the others with it."""
    ask_many(tx, [(each.tenant_uid, each.uid, each.kind) for each in waiters(tx, limit=1)])


def forget(tx: Tx, tenant_uid: str, uid: str) -> None:
    """The object has gone."""
    tx.conn.execute(delete(table).where(table.c.tenant_uid == tenant_uid, table.c.uid == uid))


def depth(tx: Tx) -> dict[str, int]:
    """How many objects of each kind wait for a look."""
    rows = tx.conn.execute(select(table.c.kind, func.count()).group_by(table.c.kind))
    return {r[0]: r[1] for r in rows}


def _same(item: Item) -> ColumnElement[bool]:
    return and_(table.c.tenant_uid == item.tenant_uid, table.c.uid == item.uid, table.c.version == item.version)
