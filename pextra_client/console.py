"""An instance's console: bytes to it, bytes from it."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Final, NotRequired, Self, TypedDict

from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import connect

from pextra_client.errors import ConsoleRefusedError, TransportError

_SUBPROTOCOL: Final = "pextra.console"
_TICKET: Final = "pextra.ticket."
_REFUSED: Final = 4000


class Ticket(TypedDict):
    """What opens a console once; `page` is there for a display."""

    ticket: str
    expires_at: str
    url: str
    page: NotRequired[str]


class Console:
    """An open console. One thread may send while another receives; use it as a context manager or close it.

    Args:
        ticket: which is used up.
        tls: verifies the relay where the ticket's address is `wss://`.
        timeout_s: of connecting.

    Raises:
        TransportError: the relay is not reached.
    """

    def __init__(self, ticket: Ticket, tls: Callable[[], ssl.SSLContext], *, timeout_s: float = 20.0) -> None:
        url = ticket["url"]
        self._open = ExitStack()
        offered: Any = [_SUBPROTOCOL, f"{_TICKET}{ticket['ticket']}"]
        try:
            self._connection = self._open.enter_context(
                connect(
                    url,
                    subprotocols=offered,
                    ssl=tls() if url.startswith("wss:") else None,
                    compression=None,
                    open_timeout=timeout_s,
                )
            )
        except (OSError, WebSocketException) as error:
            raise TransportError(f"the relay at {url} is not reached: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, type_: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send(self, data: bytes) -> None:
        """Type into the console. Waits while the guest does not read.

        Raises:
            ConsoleRefusedError: the cloud closed the console.
            TransportError: the connection broke.
        """
        try:
            self._connection.send(data)
        except ConnectionClosed as error:
            self._ended(error)

    def receive(self, timeout_s: float | None = None) -> bytes | None:
        """What the guest says next; empty once the console has ended, None when nothing came in time.

        Raises:
            ConsoleRefusedError: the cloud closed the console.
            TransportError: the connection broke.
        """
        try:
            return self._connection.recv(timeout=timeout_s, decode=False)
        except TimeoutError:
            return None
        except ConnectionClosed as error:
            self._ended(error)
            return b""

    def close(self) -> None:
        """Leave the console."""
        self._open.close()

    def _ended(self, error: ConnectionClosed) -> None:
        """Nothing after a good end, the reason after any other."""
        closed = error.rcvd
        if closed is None:
            raise TransportError("the console's connection broke") from error
        if closed.code >= _REFUSED:
            raise ConsoleRefusedError(closed.code - _REFUSED, closed.reason) from error
        if closed.code not in (1000, 1001):
            raise TransportError(f"the console ended: {closed.reason or closed.code}") from error
