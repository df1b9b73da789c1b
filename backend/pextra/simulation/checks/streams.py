"""Every change of every object is an event, in order, in the stream of its owner, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pextra.simulation.checks.view import View, named
from pextra.simulation.ground import Event


@dataclass(slots=True)
class _Told:
    """What the stream has told of one object."""

    stream: str
    revision: int
    gone: bool


class StreamsAreComplete:
    """A check that remembers what it has seen, for events only ever come to it once."""

    def __init__(self) -> None:
        self.streams: dict[str, str] = {}
        """The stream of each object that was ever told of."""
        self._heads: dict[str, int] = {}
        self._told: dict[str, _Told] = {}
        self._contents: dict[str, tuple[int, Any]] = {}

    def __call__(self, view: View) -> Iterator[str]:
        """See `Check`."""
        for event in view.ground.sequenced:
            yield from self._event(event)
        waiting: dict[str, list[Event]] = {}
        for event in view.ground.pending:
            self.streams[event.object_uid] = event.stream
            waiting.setdefault(event.object_uid, []).append(event)
        yield from self._objects(view, waiting)

    def _event(self, event: Event) -> Iterator[str]:
        self.streams[event.object_uid] = event.stream
        head = self._heads.get(event.stream, 0)
        if event.position != head + 1:
            yield f"{event} follows position {head}"
        self._heads[event.stream] = event.position or 0
        yield from self._follows(event, self._told.get(event.object_uid))
        self._told[event.object_uid] = _Told(event.stream, event.revision, event.type == "deleted")

    @staticmethod
    def _follows(event: Event, before: _Told | None) -> Iterator[str]:
        """A revision follows the one before it; the last one may stand for two: being marked, and going at once."""
        if before is None:
            before = _Told(event.stream, 0, gone=False)
        skipped = event.revision - before.revision - 1
        if skipped != 0 and not (event.type == "deleted" and skipped == 1):
            yield f"{event} follows revision {before.revision} of the object"
        if before.gone:
            yield f"{event} follows the end of the object"
        if before.stream != event.stream:
            yield f"{event} follows one in stream {before.stream}"

    def _objects(self, view: View, waiting: dict[str, list[Event]]) -> Iterator[str]:
        for uid in {**waiting, **view.ground.objects}:
            told = self._told.get(uid)
            for event in sorted(waiting.get(uid, []), key=lambda e: e.revision):
                yield from self._follows(event, told)
                told = _Told(event.stream, event.revision, event.type == "deleted")
            record = view.ground.objects.get(uid)
            if record is None or record.hidden:
                continue
            if told is None or told.revision != record.revision or told.gone:
                yield f"{named(record)} is at revision {record.revision}, and its stream knows of {told}"
            elif told.stream != record.tenant_uid:
                yield f"{named(record)} is told of in stream {told.stream}"
            revision, content = self._contents.get(uid, (0, None))
            if revision == record.revision and content != record:
                yield f"{named(record)} changed and stayed at revision {revision}"
            self._contents[uid] = (record.revision, record)
        for uid, told in self._told.items():
            if not told.gone and uid not in view.ground.objects and uid not in waiting:
                yield f"object {uid} has gone, and its stream ends at revision {told.revision}"
