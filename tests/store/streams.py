"""What can be said of a stream of events."""

from __future__ import annotations

from pextra.store import events
from pextra.store.database import Database
from pextra.store.events import Event


def drain(database: Database) -> int:
    """Number everything that waits; tells how many events there were."""
    total = 0
    while moved := database.write(events.sequence):
        total += moved
    return total


def stream_of(database: Database, stream: str) -> list[Event]:
    """The whole stream."""
    return database.read(lambda tx: events.after(tx, stream, 0, limit=100_000))


def is_dense(stream: list[Event]) -> bool:
    """Whether the positions are 1, 2, 3 and so on."""
    return [e.position for e in stream] == list(range(1, len(stream) + 1))


def revisions(stream: list[Event]) -> dict[str, list[int]]:
    """Each object's revisions in the order of the stream."""
    found: dict[str, list[int]] = {}
    for event in stream:
        found.setdefault(event.object_uid, []).append(event.revision)
    return found
