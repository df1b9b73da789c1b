"""Ending a websocket with a reason: 4000 and the status that HTTP would have, and words for a person."""

from __future__ import annotations

from typing import Final

from websockets.asyncio.connection import Connection

from pextra.errors import PextraError
from pextra.relay import instruments

_MOST_BYTES: Final = 123
"""Source: RFC 6455 section 5.5: a control frame has at most 125 bytes, two of them for the code."""


class Refused(Exception):
    """A connection cannot be served, or no longer.

    Args:
        status: as HTTP would have it.
        message: what was wrong, and what to do.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    @classmethod
    def of(cls, error: PextraError) -> Refused:
        """The same refusal."""
        return cls(error.status, error.message)


async def end(connection: Connection, refusal: Refused) -> None:
    """Close the connection and say why."""
    instruments.REFUSALS.labels(refusal.status).inc()
    reason = refusal.message.encode()[:_MOST_BYTES].decode(errors="ignore")
    await connection.close(4000 + refusal.status, reason)
