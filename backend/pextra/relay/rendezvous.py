"""Where a console waits for the stream that its agent opens for it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from websockets.asyncio.server import ServerConnection

from pextra.relay.ending import Refused


@dataclass(slots=True)
class Expected:
    """A stream that one host's agent is asked for.

    Attributes:
        host_uid: whose certificate must be shown.
        arrived: the stream, or why there is none.
    """

    stream: str
    host_uid: str
    arrived: asyncio.Future[ServerConnection] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Rendezvous:
    """The streams that are expected."""

    def __init__(self) -> None:
        self._expected: dict[str, Expected] = {}

    @contextmanager
    def expect(self, host_uid: str) -> Generator[Expected]:
        """Expect a stream of the host under a new id, for the block's length."""
        expected = Expected(secrets.token_hex(16), host_uid)
        self._expected[expected.stream] = expected
        try:
            yield expected
        finally:
            self._expected.pop(expected.stream, None)
            expected.arrived.cancel()

    def arrive(self, stream: str, host_uid: str, connection: ServerConnection) -> bool:
        """A stream has come; tells whether it was expected of that host and had not come before."""
        expected = self._take(stream, host_uid)
        if expected is not None:
            expected.arrived.set_result(connection)
        return expected is not None

    def fail(self, stream: str, host_uid: str, message: str) -> None:
        """The host's agent cannot open the stream."""
        expected = self._take(stream, host_uid)
        if expected is not None:
            expected.arrived.set_exception(Refused(409, message))

    def _take(self, stream: str, host_uid: str) -> Expected | None:
        """The expected stream of that id, once; another host's stays expected."""
        expected = self._expected.get(stream)
        if expected is None or expected.host_uid != host_uid:
            return None
        del self._expected[stream]
        return expected if not expected.arrived.done() else None
