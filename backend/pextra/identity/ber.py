"""The few forms of BER that LDAP is written in. Source: RFC 4511, section 5.1; X.690."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

INTEGER: Final = 0x02
OCTETS: Final = 0x04
BOOLEAN: Final = 0x01
ENUMERATED: Final = 0x0A
SEQUENCE: Final = 0x30
SET: Final = 0x31


@dataclass(frozen=True, slots=True)
class Element:
    """A value with its tag; of a constructed one the content is elements again."""

    tag: int
    content: bytes

    def parts(self) -> list[Element]:
        """The elements that it is made of.

        Raises:
            ValueError: it is not made of elements.
        """
        return list(_elements(self.content))

    def number(self) -> int:
        """The integer.

        Raises:
            ValueError: it has more than four bytes, or none.
        """
        if not 0 < len(self.content) <= 4:
            raise ValueError("an integer has too many bytes or none")
        return int.from_bytes(self.content, "big", signed=True)


def element(tag: int, content: bytes) -> bytes:
    """An element as it is sent."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def integer(value: int, tag: int = INTEGER) -> bytes:
    """A whole number that is not negative."""
    return element(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octets(value: str | bytes, tag: int = OCTETS) -> bytes:
    """A text or bytes."""
    return element(tag, value.encode() if isinstance(value, str) else value)


def boolean(value: bool) -> bytes:
    """A truth value."""
    return element(BOOLEAN, b"\xff" if value else b"\x00")


def sequence(*parts: bytes, tag: int = SEQUENCE) -> bytes:
    """Elements in one."""
    return element(tag, b"".join(parts))


def head(raw: bytes | bytearray, at: int = 0) -> tuple[int, int] | None:
    """(bytes of the head, bytes of the content) of the element that begins at `at`; None: more bytes are needed.

    Raises:
        ValueError: its length is in a form that LDAP does not use.
    """
    if len(raw) < at + 2:
        return None
    if raw[at + 1] < 0x80:
        return 2, raw[at + 1]
    more = raw[at + 1] & 0x7F
    if not 1 <= more <= 4:
        raise ValueError("a length is indefinite or enormous")
    if len(raw) < at + 2 + more:
        return None
    return 2 + more, int.from_bytes(raw[at + 2 : at + 2 + more], "big")


def _elements(raw: bytes) -> Iterator[Element]:
    at = 0  # what is left is never copied: half a million tiny elements took seconds that no watchdog can cut
    while at < len(raw):
        found = head(raw, at)
        if found is None or len(raw) < at + sum(found):
            raise ValueError("an element ends early")
        start, size = found
        yield Element(raw[at], raw[at + start : at + start + size])
        at += start + size
