"""What changes, as an endless iterator: a lost connection loses nothing and repeats nothing."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode, urljoin

from pextra_client.connections import AttemptFailedError, complete
from pextra_client.endpoints import Endpoint, EndpointSet, origin
from pextra_client.errors import TransportError, WatchExpiredError
from pextra_client.messages import Answer, Request
from pextra_client.streams import JsonLines
from pextra_client.transport import Transport
from pextra_client.wire import Object

_log = logging.getLogger(__name__)

_ROUTE = "/v1/watch"
_STREAM_TYPE = "application/x-ndjson"
# The server sends a bookmark every 15 s: after three that did not come, the connection is dead.
_LONGEST_SILENCE_S = 45.0
_COME_BACK_STATUSES = frozenset({429, 502, 503, 504})


class EventType(StrEnum):
    """What happened to an object."""

    CREATED = "created"
    UPDATED = "updated"
    STATUS = "status"
    DELETING = "deleting"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Event:
    """One change of one object.

    Args:
        type: what happened; several changes in a row may arrive as the newest of them.
        position: in the stream; a watch that begins here sees what came after.
        kind, tenant, name, uid: whose change it is; `tenant` is None for cloud-wide kinds.
        revision: of the object.
        object: as it is at the time of sending; None for `deleted`.
    """

    type: EventType
    position: str
    kind: str
    tenant: str | None
    name: str
    uid: str
    revision: int
    object: Object | None


class Watch:
    """The changes of a tenant's or a cloud-wide kind's objects, from a position on.

    Iterate in one thread; `close` may be called from any. A lost connection is made again, through another
    endpoint if need be, and continues where it broke: every change is delivered once, in order, except that
    changes which a later one has overtaken are left out.

    Args:
        transport: how to reach the API. The stream process's address is asked for at every connection.
        tenant: whose objects; None for a cloud-wide kind.
        kind: only this one.
        position: to continue from; without it the stream begins when the server first answers.
        recursive: the tenant's children's objects too.
        known: uid to revision of what the caller has seen already, from the list that gave `position`.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        tenant: str | None = None,
        kind: str | None = None,
        position: str | None = None,
        recursive: bool = False,
        known: Mapping[str, int] | None = None,
    ) -> None:
        self._transport = transport
        self._query = {
            name: value
            for name, value in (
                ("tenant", tenant),
                ("kind", kind),
                ("recursive", "true" if recursive else None),
            )
            if value is not None
        }
        self._position = position
        self._revisions = dict(known or {})
        # A stream process fails on its own: its health is no sign of the API's.
        self._endpoints = EndpointSet(transport.endpoints.urls)
        self._rng = random.Random()
        self._lines: JsonLines | None = None
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, type_: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def position(self) -> str | None:
        """Where to continue: everything up to here has been delivered."""
        return self._position

    def close(self) -> None:
        """Ends the iteration, from whichever thread."""
        self._closed.set()
        with self._lock:
            if self._lines is not None:
                self._lines.shutdown()

    def __iter__(self) -> Iterator[Event]:
        """Each change as it happens, until `close`.

        Raises:
            WatchExpiredError: the position is no longer kept; list again.
            ApiError: the server refuses (`auth.denied`, `object.not_found`, …).
            TransportError: there is no stream process, or it may not be shown the token.
        """
        while not self._closed.is_set():
            chosen = self._endpoints.choose()
            assert chosen is not None  # nothing is ever excluded
            endpoint, rest_s = chosen
            if self._closed.wait(rest_s):
                return
            reason = "the server ended the stream"
            try:
                yield from self._follow(endpoint)
            except AttemptFailedError as failure:
                reason = failure.reason
            if not self._closed.is_set():
                self._endpoints.failed(endpoint, self._backoff_s)
                _log.info("watch at %s: %s; connecting again", endpoint.url, reason)

    def _follow(self, endpoint: Endpoint) -> Iterator[Event]:
        """The events of one connection."""
        lines = self._connect(endpoint)
        with closing(lines):
            with self._lock:
                self._lines = lines
            try:
                if self._closed.is_set():  # by a `close` that came before there was a stream to shut down
                    return
                for document in lines:
                    self._endpoints.succeeded(endpoint)
                    event = self._take(document)
                    if event is not None:
                        yield event
                    if self._closed.is_set():
                        return
            finally:
                with self._lock:
                    self._lines = None

    def _connect(self, endpoint: Endpoint) -> JsonLines:
        query = {**self._query}
        if self._position is not None:
            query["position"] = self._position
        policy = self._transport.policy
        response = self._transport.connections.open(
            f"{self._address(endpoint)}?{urlencode(query)}",
            {"Accept": _STREAM_TYPE},
            connect_s=policy.connect_timeout_s,
            silence_s=_LONGEST_SILENCE_S,
        )
        if response.status == 200:
            return JsonLines(response)
        raise self._refusal(complete(response))

    def _address(self, endpoint: Endpoint) -> str:
        """Where this endpoint's stream process is.

        Raises:
            TransportError: there is none, or it would be shown the token in clear, unlike the endpoint.
        """
        policy = self._transport.policy
        answer = self._transport.connections.send(
            endpoint.url,
            Request(method="GET", target="/v1/capabilities"),
            connect_s=policy.connect_timeout_s,
            answer_s=policy.answer_timeout_s,
        )
        if answer.status != 200:
            raise self._refusal(answer)
        streams = answer.json().get("streams")
        if not streams:
            raise TransportError(f"{endpoint.url} has no stream process: nothing can be watched there")
        base = urljoin(f"{endpoint.url}/", streams).rstrip("/")
        if origin(endpoint.url)[0] == "https" and origin(base)[0] != "https":
            raise TransportError(
                f"{endpoint.url} names {base} for its streams, which is not encrypted; the token was not sent there"
            )
        return base if base.endswith(_ROUTE) else base + _ROUTE

    def _refusal(self, answer: Answer) -> Exception:
        """What an answer other than 200 means."""
        if answer.status in _COME_BACK_STATUSES:
            return AttemptFailedError(f"answered {answer.status}", sent=True)
        if 300 <= answer.status < 400:
            return TransportError("the stream process redirects; the token was not sent on")
        error = answer.error()
        return WatchExpiredError(self._position) if error.code == "watch.expired" else error

    def _take(self, document: Mapping[str, Any]) -> Event | None:
        """The event to deliver, or None for a bookmark or something already overtaken."""
        self._position = position = str(document["position"])
        if document["type"] == "bookmark":
            return None
        type_ = EventType(document["type"])
        uid = str(document["uid"])
        newest: Object | None = document.get("object")
        revision = int(document["revision"])
        if newest is not None:
            revision = max(revision, newest["metadata"].get("revision", 0))
        if type_ is EventType.DELETED:
            self._revisions.pop(uid, None)
        elif newest is None or revision <= self._revisions.get(uid, 0):
            # Gone meanwhile, which its own event will say; or sent already before the connection broke.
            return None
        else:
            self._revisions[uid] = revision
        return Event(
            type_,
            position,
            str(document["kind"]),
            document.get("tenant"),
            str(document["name"]),
            uid,
            revision,
            newest,
        )

    def _backoff_s(self, failures: int) -> float:
        return self._transport.policy.delay_s(failures, self._rng)
