"""What changed: committed unnumbered with the change, numbered afterwards, one stream a tenant.

`record` is part of the transaction that changes an object. `sequence` moves what has been committed into the streams.
It is run by one leased loop; because it works on what it can see in a serialisable transaction, nothing is skipped in
whatever order transactions commit, and because a later revision of an object is never visible without the earlier
one, each object's events stand in the order of its revisions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, and_, delete, func, insert, select, update

from pextra.store.database import Tx
from pextra.store.records import Record
from pextra.store.tables import event as sequenced
from pextra.store.tables import pending_event as pending
from pextra.store.tables import resource, stream_head

BATCH: Final = 500
KEEP_S: Final = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class Event:
    """One change of one object, at its place in a stream."""

    stream: str
    position: int
    type: str  # created | updated | status | deleting | deleted
    kind: str
    object_uid: str
    name: str
    revision: int
    at_us: int


def record(tx: Tx, type_: str, about: Record) -> None:
    """Note in this transaction that `about` changed; it then is at its new revision.

    A status may be stored over a generation that is newer than the one of `about`: the generation is read here.
    """
    uid = tx.new_uid()
    generation: Any = about.generation
    if type_ == "status":
        here = and_(resource.c.tenant_uid == about.tenant_uid, resource.c.uid == about.uid)
        generation = select(resource.c.generation).where(here).scalar_subquery()
    tx.conn.execute(
        insert(pending).values(
            uid=uid,
            stream=about.tenant_uid,
            type=type_,
            kind=about.kind,
            object_uid=about.uid,
            name=about.name,
            revision=generation + about.status_revision,
            at_us=tx.now_us,
        )
    )
    tx.last_event = uid


def visible(tx: Tx, uid: str) -> bool:
    """Whether the write that noted this event can be seen in this transaction."""
    for table in (sequenced, pending):
        if tx.conn.execute(select(table.c.uid).where(table.c.uid == uid)).first() is not None:
            return True
    return False


def pending_any(tx: Tx) -> bool:
    """Whether an event waits for its number."""
    return tx.conn.execute(select(pending.c.uid).limit(1)).first() is not None


def sequence(tx: Tx) -> int:
    """Move some `BATCH` pending events into their streams; tells how many."""
    rows = tx.conn.execute(select(pending).order_by(pending.c.at_us, pending.c.revision).limit(BATCH)).all()
    if not rows:
        return 0
    if len(rows) == BATCH:
        rows = [*rows, *_left_out(tx, rows)]
    heads = positions(tx, {r.stream for r in rows})
    # the clocks of two writers may disagree: what came first of one object is told by its revision alone
    by_object: dict[str, list[Row[Any]]] = {}
    for row in rows:
        by_object.setdefault(row.object_uid, []).append(row)
    order = {uid: iter(sorted(group, key=lambda r: r.revision)) for uid, group in by_object.items()}
    out: list[dict[str, Any]] = []
    for slot in rows:
        row = next(order[slot.object_uid])
        heads[row.stream] = heads.get(row.stream, 0) + 1
        out.append({**dict(zip(pending.c.keys(), row, strict=True)), "position": heads[row.stream]})
    tx.insert(sequenced, out)
    tx.conn.execute(delete(pending).where(pending.c.uid.in_([o["uid"] for o in out])))
    for stream in {str(o["stream"]) for o in out}:
        tx.upsert(
            stream_head,
            [{"stream": stream, "position": heads[stream], "oldest": 1}],
            update={"position": heads[stream]},
        )
    return len(out)


def _left_out(tx: Tx, rows: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Earlier revisions of the batch's objects that it was cut off from, because their writers' clocks were ahead."""
    newest: dict[str, int] = {}
    for row in rows:
        newest[row.object_uid] = max(newest.get(row.object_uid, 0), row.revision)
    taken = {row.uid for row in rows}
    found = tx.conn.execute(select(pending).where(pending.c.object_uid.in_(list(newest)))).all()
    return [r for r in found if r.uid not in taken and r.revision < newest[r.object_uid]]


def positions(tx: Tx, streams: Iterable[str]) -> dict[str, int]:
    """The last position of each stream that has one."""
    rows = tx.conn.execute(
        select(stream_head.c.stream, stream_head.c.position).where(stream_head.c.stream.in_(list(streams)))
    )
    return {r[0]: r[1] for r in rows}


def oldest(tx: Tx, stream: str) -> int:
    """The oldest position of the stream that is still kept."""
    return tx.conn.execute(select(stream_head.c.oldest).where(stream_head.c.stream == stream)).scalar() or 1


def after(tx: Tx, stream: str, position: int, *, limit: int) -> list[Event]:
    """The stream's events behind `position`, in order."""
    rows = tx.conn.execute(
        select(sequenced)
        .where(sequenced.c.stream == stream, sequenced.c.position > position)
        .order_by(sequenced.c.position)
        .limit(limit)
    )
    return [Event(r.stream, r.position, r.type, r.kind, r.object_uid, r.name, r.revision, r.at_us) for r in rows.all()]


def lag(tx: Tx) -> tuple[int, int]:
    """(number, age of the oldest in microseconds) of the events that are not in a stream yet."""
    number, first = tx.conn.execute(select(func.count(), func.min(pending.c.at_us)).select_from(pending)).one()
    return number, max(0, tx.now_us - first) if first is not None else 0


def expire(tx: Tx, *, limit: int = 1000) -> int:
    """Drop events older than `KEEP_S`, at most `limit`; tells how many."""
    rows = tx.conn.execute(
        select(sequenced.c.stream, sequenced.c.position)
        .where(sequenced.c.at_us < tx.now_us - int(KEEP_S * 1_000_000))
        .order_by(sequenced.c.at_us)
        .limit(limit)
    ).all()
    newest: dict[str, int] = {}
    for stream, position in rows:
        newest[stream] = max(newest.get(stream, 0), position)
    for stream, position in newest.items():
        tx.conn.execute(delete(sequenced).where(sequenced.c.stream == stream, sequenced.c.position <= position))
        tx.conn.execute(update(stream_head).where(stream_head.c.stream == stream).values(oldest=position + 1))
    return len(rows)


def streams_moved(tx: Tx, streams: Sequence[str], seen: dict[str, int]) -> list[str]:
    """Those of `streams` that have grown beyond what was seen."""
    heads = positions(tx, streams)
    return [s for s in streams if heads.get(s, 0) > seen.get(s, 0)]
