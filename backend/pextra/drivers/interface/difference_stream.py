"""The stream in which the difference between two states of a volume travels, version 1.

    16 bytes     b"pextra-diff 0001"
    records      each a type of one byte and what follows it; numbers are big-endian
      h          u32 length, then that many bytes of JSON: size_bytes (of the volume in the later state), since (uid of
                 the earlier snapshot, or null for the empty disk), until (uid of the later snapshot). First, once.
      d          u64 offset, u32 length (1 to 1 MiB), then that many bytes: they are there now
      z          u64 offset, u64 length (at least 1): zeros are there now
      e          u64 number of d and z records, then the SHA-256 of everything before these 32 bytes. Last, once;
                 nothing follows.

Offsets ascend and ranges do not overlap, and all lie within size_bytes. A reader believes nothing until the end has
come and its digest is right. The version is part of the first 16 bytes: a reader refuses one that it does not know.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

from pextra.drivers.interface.errors import Permanent

MAGIC: Final = b"pextra-diff 0001"
DATA_MAX_BYTES: Final = 1 << 20
_HEADER_MAX_BYTES: Final = 4096
_LENGTH: Final = struct.Struct(">I")
_DATA: Final = struct.Struct(">QI")
_ZEROS: Final = struct.Struct(">QQ")
_COUNT: Final = struct.Struct(">Q")
_DIGEST_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class StreamHeader:
    """What a stream leads from and to."""

    size_bytes: int
    since: str | None
    until: str


@dataclass(frozen=True, slots=True)
class Written:
    """Bytes that are there now."""

    offset: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Zeroed:
    """A range that reads as zeros now."""

    offset: int
    length: int


def encode(header: StreamHeader, records: Iterable[Written | Zeroed]) -> Iterator[bytes]:
    """The stream, in pieces; the records' offsets ascend."""
    digest = hashlib.sha256()
    text = json.dumps({"size_bytes": header.size_bytes, "since": header.since, "until": header.until}).encode()
    piece = MAGIC + b"h" + _LENGTH.pack(len(text)) + text
    count = 0
    for record in records:
        digest.update(piece)
        yield piece
        count += 1
        if isinstance(record, Written):
            piece = b"d" + _DATA.pack(record.offset, len(record.content)) + record.content
        else:
            piece = b"z" + _ZEROS.pack(record.offset, record.length)
    piece += b"e" + _COUNT.pack(count)
    digest.update(piece)
    yield piece + digest.digest()


class Decoder:
    """Reads a stream. What it yields is to be believed only once the iteration has ended by itself.

    Raises:
        Permanent: `StreamDamaged`, here and from the iteration.
    """

    def __init__(self, stream: Iterable[bytes]) -> None:
        self._pieces = iter(stream)
        self._buffer = bytearray()
        self._digest = hashlib.sha256()
        if self._take(len(MAGIC)) != MAGIC:
            raise damaged("it does not begin as version 1 does")
        if self._take(1) != b"h":
            raise damaged("its header is missing")
        self.header = self._header()

    def records(self) -> Iterator[Written | Zeroed]:
        """The records, in the order of their offsets."""
        count, end = 0, 0
        while (kind := self._take(1)) != b"e":
            count += 1
            if kind == b"d":
                offset, length = _DATA.unpack(self._take(_DATA.size))
                if length > DATA_MAX_BYTES:
                    raise damaged(f"a record has {length} bytes")
            elif kind == b"z":
                offset, length = _ZEROS.unpack(self._take(_ZEROS.size))
            else:
                raise damaged(f"a record has the unknown type {kind!r}")
            if length < 1 or offset < end or offset + length > self.header.size_bytes:
                raise damaged(f"a record reaches from {offset} to {offset + length}")
            end = offset + length
            yield Written(offset, self._take(length)) if kind == b"d" else Zeroed(offset, length)
        (told,) = _COUNT.unpack(self._take(_COUNT.size))
        wanted = self._digest.digest()
        if told != count or self._take(_DIGEST_BYTES) != wanted:
            raise damaged("its digest is wrong")
        if self._buffer or any(self._pieces):
            raise damaged("something follows its end")

    def _header(self) -> StreamHeader:
        (length,) = _LENGTH.unpack(self._take(_LENGTH.size))
        if length > _HEADER_MAX_BYTES:
            raise damaged(f"its header has {length} bytes")
        try:
            told: Any = json.loads(self._take(length))
        except ValueError as error:
            raise damaged("its header is no JSON") from error
        if not isinstance(told, dict):
            raise damaged("its header is no object")
        fields = cast("dict[str, object]", told)
        size, since, until = fields.get("size_bytes"), fields.get("since"), fields.get("until")
        if not isinstance(size, int) or not 0 <= size < 1 << 63 or not isinstance(until, str):
            raise damaged("its header lacks size_bytes or until")
        if since is not None and not isinstance(since, str):
            raise damaged("its header's since is no uid")
        return StreamHeader(size, since, until)

    def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            piece = next(self._pieces, None)
            if piece is None:
                raise damaged("it broke off")
            self._buffer += piece
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        self._digest.update(taken)
        return taken


def damaged(why: str) -> Permanent:
    """The failure for a stream that cannot be believed."""
    return Permanent("StreamDamaged", f"the stream is damaged: {why}; export it again")
