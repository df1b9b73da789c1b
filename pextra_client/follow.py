"""A list and what changes after it: how to keep a copy of a kind's objects up to date."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from pextra_client.client import Client
from pextra_client.discovery import Kind, Scope
from pextra_client.errors import WatchExpiredError
from pextra_client.watch import Event, Watch
from pextra_client.wire import Object


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every object there is: whatever the caller held before is replaced by it."""

    items: Sequence[Object]


class Follow:
    """Begins with a `Snapshot`, goes on with `Event`s, and with another snapshot whenever events were missed.

    Iterate in one thread; `close` may be called from any.

    Args:
        client: whom to ask.
        kind: which objects.
        tenant: whose; the client's own when absent.
        recursive: the tenant's children's too.
    """

    def __init__(self, client: Client, kind: str | Kind, *, tenant: str | None = None, recursive: bool = False) -> None:
        self._client = client
        self._kind = client.kind(kind)
        self._tenant = None if self._kind.scope is Scope.CLOUD else tenant or client.tenant
        self._recursive = recursive
        self._watch: Watch | None = None
        self._lock = threading.Lock()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, type_: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the iteration, from whichever thread."""
        with self._lock:
            self._closed = True
            if self._watch is not None:
                self._watch.close()

    def __iter__(self) -> Iterator[Snapshot | Event]:
        """The snapshot, then each change as it happens, until `close`.

        Raises:
            ApiError: the server refuses.
            TransportError: the list cannot be had.
        """
        while not self._closed:
            items, position = self._list()
            yield Snapshot(items)
            watch = Watch(
                self._client.transport,
                tenant=self._tenant,
                kind=self._kind.name,
                position=position,
                recursive=self._recursive,
                known={o["metadata"].get("uid", ""): o["metadata"].get("revision", 0) for o in items},
            )
            with self._lock:
                self._watch = watch
                if self._closed:
                    return
            try:
                yield from watch
            except WatchExpiredError:
                continue

    def _list(self) -> tuple[list[Object], str | None]:
        """Every object, and the position of the first page: later pages may be newer, never older."""
        items: list[Object] = []
        position: str | None = None
        token: str | None = None
        while True:
            page = self._client.page(self._kind, tenant=self._tenant, recursive=self._recursive, page=token)
            if token is None:
                position = page.position
            items += page.items
            token = page.next_page
            if token is None:
                return items, position
