"""The few frames of PostgreSQL's wire protocol that the fault proxy reads and writes.

Source: PostgreSQL documentation, "Frontend/Backend Protocol", message formats.
"""

from __future__ import annotations

import asyncio
import struct
from typing import Final, NamedTuple

# From the client.
QUERY: Final = b"Q"
PARSE: Final = b"P"
BIND: Final = b"B"
SYNC: Final = b"S"
FUNCTION_CALL: Final = b"F"
# From the server.
ERROR: Final = b"E"
READY: Final = b"Z"

# The state that READY carries.
IDLE: Final = b"I"
IN_TRANSACTION: Final = b"T"
FAILED: Final = b"E"

_ENCRYPTION_REQUESTS: Final = (80877103, 80877104)  # SSLRequest, GSSENCRequest
_PROTOCOL_MAJOR: Final = 3


class Message(NamedTuple):
    """One message after the startup phase."""

    kind: bytes
    body: bytes

    def encode(self) -> bytes:
        """The message as it goes over the wire."""
        return self.kind + struct.pack("!I", len(self.body) + 4) + self.body


class Startup(NamedTuple):
    """A connection's first message: a start, or a request to cancel what another connection runs."""

    code: int
    body: bytes

    def encode(self) -> bytes:
        """The message as it goes over the wire."""
        return struct.pack("!II", len(self.body) + 8, self.code) + self.body

    @property
    def asks_for_encryption(self) -> bool:
        """Whether the client wants to know if TLS or GSSAPI is to be had; it waits for one byte."""
        return self.code in _ENCRYPTION_REQUESTS

    def with_parameter(self, name: str, value: str) -> Startup:
        """The same start with one more session parameter; a cancel request is returned as it is."""
        if self.code >> 16 != _PROTOCOL_MAJOR:
            return self
        return self._replace(body=self.body[:-1] + cstring(name) + cstring(value) + b"\0")


async def read_startup(reader: asyncio.StreamReader) -> Startup:
    """Reads a connection's first message.

    Raises:
        asyncio.IncompleteReadError: the peer closed the connection.
    """
    length, code = struct.unpack("!II", await reader.readexactly(8))
    return Startup(code, await reader.readexactly(length - 8))


async def read_message(reader: asyncio.StreamReader) -> Message:
    """Reads the next message.

    Raises:
        asyncio.IncompleteReadError: the peer closed the connection.
    """
    kind, length = struct.unpack("!cI", await reader.readexactly(5))
    return Message(kind, await reader.readexactly(length - 4))


def cstring(text: str) -> bytes:
    """A string as messages hold it."""
    return text.encode() + b"\0"


def query(sql: str) -> Message:
    """A statement in the simple protocol."""
    return Message(QUERY, cstring(sql))


def error(sqlstate: str, text: str) -> Message:
    """An error as the server reports it."""
    fields = {"S": "ERROR", "V": "ERROR", "C": sqlstate, "M": text}
    return Message(ERROR, b"".join(key.encode() + cstring(value) for key, value in fields.items()) + b"\0")
