"""The stream process: long-lived watches, apart from the API so that they cannot starve its requests.

One thread polls the heads of all watched streams; each watcher has a thread of its own, sleeps until one of its
streams has moved, and reads from the database only then. The number of watchers is bounded.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any, Final

from flask import Flask, Response, g, request

from pextra.api import framing, requests
from pextra.api.origin import Network, origin_of
from pextra.api.places import Places
from pextra.api.responses import answer
from pextra.errors import PextraError
from pextra.identity.proof import Proof
from pextra.services import bounds, positions, watching
from pextra.services.authentication import authenticate
from pextra.services.cloud import Cloud, Context, Origin
from pextra.services.proving import prove
from pextra.services.watching import Watch
from pextra.store import events, objects
from pextra.store.database import Tx
from pextra.store.events import Event
from pextra.store.records import Record

log = logging.getLogger("pextra.streams")

POLL_S: Final = 0.15
BOOKMARK_S: Final = 15.0
BATCH: Final = 200
REMEMBERED: Final = 10_000
"""How many objects a watcher remembers to have sent."""


class Heads:
    """The last positions of the streams that somebody watches, kept fresh by one thread."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._watched: dict[str, int] = {}
        self._heads: dict[str, int] = {}
        self._moved = threading.Condition()
        self._thread: threading.Thread | None = None

    def watch(self, streams: list[str]) -> None:
        """Keep these streams' heads fresh until `leave`."""
        with self._moved:
            for stream in streams:
                self._watched[stream] = self._watched.get(stream, 0) + 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._poll, name="stream-heads", daemon=True)
                self._thread.start()
            self._moved.notify_all()

    def leave(self, streams: list[str]) -> None:
        """Stop keeping them for this watcher."""
        with self._moved:
            for stream in streams:
                self._watched[stream] -= 1
                if self._watched[stream] == 0:
                    del self._watched[stream]
                    self._heads.pop(stream, None)

    def wait(self, seen: dict[str, int], timeout_s: float) -> bool:
        """Wait until one of the streams is beyond what was seen; tells whether one is."""
        with self._moved:
            return self._moved.wait_for(
                lambda: any(self._heads.get(stream, 0) > position for stream, position in seen.items()),
                timeout_s,
            )

    def _poll(self) -> None:
        while True:
            with self._moved:
                while not self._watched:
                    self._moved.wait()
                streams = list(self._watched)
            try:
                heads = self._cloud.database.read(lambda tx, s=streams: events.positions(tx, s))
            except PextraError as error:
                log.warning("the heads of streams cannot be read: %s", error.message)
                heads = {}
            with self._moved:
                if any(self._heads.get(stream) != position for stream, position in heads.items()):
                    self._heads.update(heads)
                    self._moved.notify_all()
            time.sleep(POLL_S)


def create_streams_app(cloud: Cloud, *, places: int, trusted: Sequence[Network] = ()) -> Flask:
    """The application of the stream process, for at most `places` watchers, and half as many of one tenant.

    Args:
        trusted: networks of the proxies that are believed in whom they speak for.
    """
    app = Flask("pextra-streams")
    heads = Heads(cloud)
    free = Places(places, "watchers", retry_after_s=5)
    framing.install(app, cloud, admit=lambda: None, trusted=trusted)

    @app.get("/healthz")
    def healthz() -> Response:
        return answer(200, {"status": "ok"})

    @app.get("/v1/watch")
    def watch() -> Response:
        token = prove(cloud, requests.bearer(request))
        wanted = Watch(
            kind=request.args.get("kind"),
            tenant=request.args.get("tenant"),
            recursive=requests.flag(request, "recursive"),
            position=request.args.get("position"),
        )
        origin = origin_of(request, trusted)

        def open_(tx: Tx) -> dict[str, int]:
            g.principal = None
            g.principal = authenticate(cloud, tx, token)
            return watching.open_watch(bounds.confine(Context(cloud, tx, g.principal, origin=origin)), wanted)

        opened = cloud.database.read(open_)
        leave = free.take(requests.asking_tenant())
        try:
            watcher = Watcher(cloud, heads, token, origin, wanted, opened)
            response = Response(watcher.lines(), 200, mimetype="application/x-ndjson")
            response.call_on_close(leave)
        except BaseException:
            leave()
            raise
        return response

    del healthz, watch
    return app


class Watcher:
    """One watch under way."""

    def __init__(
        self,
        cloud: Cloud,
        heads: Heads,
        token: str | Proof | None,
        origin: Origin,
        wanted: Watch,
        seen: dict[str, int],
    ) -> None:
        self._cloud = cloud
        self._heads = heads
        self._token = token
        self._origin = origin
        self._wanted = wanted
        self._seen = seen
        self._sent: OrderedDict[str, int] = OrderedDict()

    def lines(self) -> Iterator[bytes]:
        """The lines of the answer, until the client leaves or may no longer watch."""
        streams = list(self._seen)
        self._heads.watch(streams)
        try:
            yield from self._batches()
            yield self._bookmark()
            while True:
                moved = self._heads.wait(self._seen, BOOKMARK_S)
                yield from self._batches()
                if not moved:
                    yield self._bookmark()
        except PextraError as error:  # the database is away, or the token was revoked: the client comes back
            log.info("a watch ended: %s", error.code)
        finally:
            self._heads.leave(streams)

    def _batches(self) -> Iterator[bytes]:
        while True:
            lines, full = self._cloud.database.read(self._read)
            yield from lines
            if not full:
                return

    def _read(self, tx: Any) -> tuple[list[bytes], bool]:
        principal = authenticate(self._cloud, tx, self._token)
        ctx = bounds.confine(Context(self._cloud, tx, principal, origin=self._origin))
        current = watching.open_watch(ctx, self._wanted)
        seen = {s: p for s, p in self._seen.items() if s in current}
        lines: list[bytes] = []
        full = False
        for stream, position in list(seen.items()):
            batch = events.after(tx, stream, position, limit=BATCH)
            full = full or len(batch) == BATCH
            if not batch:
                continue
            found = objects.by_uids(tx, [(stream, e.object_uid) for e in batch])
            paths = watching.paths(ctx, [stream])
            for event in batch:
                seen[stream] = event.position
                line = self._line(ctx, event, found.get(event.object_uid), paths.get(stream), seen)
                if line is not None:
                    lines.append(line)
        self._seen = seen
        return lines, full

    def _line(
        self, ctx: Context, event: Event, record: Record | None, path: str | None, seen: dict[str, int]
    ) -> bytes | None:
        if not watching.shows(ctx, self._wanted, event, path, record, sent=event.object_uid in self._sent):
            return None
        if event.type != "deleted":
            if record is None or record.hidden or self._sent.get(event.object_uid, 0) >= event.revision:
                return None
            self._remember(event.object_uid, record.revision)
        else:
            self._sent.pop(event.object_uid, None)
        return _encoded(watching.line(ctx, event, record, path, positions.encode(seen)))

    def _remember(self, uid: str, revision: int) -> None:
        self._sent[uid] = revision
        self._sent.move_to_end(uid)
        if len(self._sent) > REMEMBERED:
            self._sent.popitem(last=False)

    def _bookmark(self) -> bytes:
        return _encoded({"type": "bookmark", "position": positions.encode(self._seen)})


def _encoded(line: dict[str, Any]) -> bytes:
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"
