"""Where a request ends in the bytes that came so far. Pure, and only a guess at when to parse.

The parser of the server decides what a request is. When it wants more than was found here, it is told that nothing
more comes, and the connection ends: a request that both read differently can end a connection, never begin another
request in the middle of a body.

Source: RFC 9112, sections 2.1, 6 and 7.1.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

_HEAD_END: Final = b"\r\n\r\n"
_LONGEST_CHUNK_LINE: Final = 4096
_MOST_DIGITS: Final = 16


class Coming(Enum):
    """How much of a request is there."""

    MORE = auto()
    """Not enough: wait."""
    WHOLE = auto()
    """All of it, or so much that the parser can refuse it."""
    LONG = auto()
    """The head, of a request whose body is longer than what is kept."""


class MessageEnd:
    """Follows one request as its bytes come.

    Args:
        most_head: bytes of a request line with all headers; what is longer goes to the parser, which refuses it.
        most_body: bytes of a body that is waited for.
    """

    def __init__(self, most_head: int, most_body: int) -> None:
        self._most_head = most_head
        self._most_body = most_body
        self._searched = 0
        self._body_at: int | None = None
        self._length: int | None = None  # None: in chunks
        self._chunk_at = 0
        self.expects_continue = False

    @property
    def has_head(self) -> bool:
        """Whether the head is here, so that it is the body that comes."""
        return self._body_at is not None

    def look(self, received: bytearray) -> Coming:
        """How much is there.

        Args:
            received: everything from the first byte of the request on; it only grows from call to call.
        """
        if self._body_at is None:
            end = received.find(_HEAD_END, max(0, self._searched - len(_HEAD_END)))
            if end < 0:
                self._searched = len(received)
                return Coming.WHOLE if len(received) > self._most_head else Coming.MORE
            self._body_at = self._chunk_at = end + len(_HEAD_END)
            if not self._read_head(bytes(received[:end])):
                self._length = 0
        if self._length is None:
            return self._look_at_chunks(received)
        if self._length > self._most_body:
            return Coming.LONG
        return Coming.WHOLE if len(received) >= self._body_at + self._length else Coming.MORE

    def _read_head(self, head: bytes) -> bool:
        """Learn how long the body is; False when that cannot be said, which is for the parser to refuse."""
        lengths: list[bytes] = []
        codings: list[bytes] = []
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            match name.strip().lower():
                case b"content-length":
                    lengths.append(value.strip())
                case b"transfer-encoding":
                    codings.append(value.strip().lower())
                case b"expect":
                    self.expects_continue = value.strip().lower() == b"100-continue"
                case _:
                    pass
        if codings:
            self._length = None
            return codings == [b"chunked"] and not lengths
        text = lengths[0] if lengths else b"0"
        if len(lengths) > 1 or not text.isdigit() or len(text) > _MOST_DIGITS:
            return False
        self._length = int(text)
        return True

    def _look_at_chunks(self, received: bytearray) -> Coming:
        assert self._body_at is not None
        while self._chunk_at <= len(received):
            if self._chunk_at - self._body_at > self._most_body:
                return Coming.LONG
            end = received.find(b"\r\n", self._chunk_at)
            if end < 0:
                too_long = len(received) - self._chunk_at > _LONGEST_CHUNK_LINE
                return Coming.WHOLE if too_long else Coming.MORE
            digits = bytes(received[self._chunk_at : end]).partition(b";")[0].strip()
            try:
                size = int(digits, 16) if len(digits) <= _MOST_DIGITS else -1
            except ValueError:
                size = -1
            if size < 0:
                return Coming.WHOLE  # no size: the parser refuses it
            if size == 0:  # the last chunk: trailers, up to an empty line
                if received.find(_HEAD_END, end) >= 0 or len(received) - end > self._most_head:
                    return Coming.WHOLE
                return Coming.MORE
            self._chunk_at = end + 2 + size + 2
        over = self._chunk_at - self._body_at > self._most_body
        return Coming.LONG if over else Coming.MORE
