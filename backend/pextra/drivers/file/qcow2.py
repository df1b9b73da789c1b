"""The few facts of a qcow2 header that are read without asking QEMU.

Source: QEMU, docs/interop/qcow2.txt.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO, Final

_HEADER: Final = struct.Struct(">4sIQIIQIIQQIIQ")
_INCOMPATIBLE: Final = struct.Struct(">Q")
_MAGIC: Final = b"QFI\xfb"
_EXTERNAL_DATA: Final = 1 << 2
_L1_ENTRY_BYTES: Final = 8
_L1_MAX_BYTES: Final = 32 << 20  # QEMU refuses more
_NAME_MAX_BYTES: Final = 1023


@dataclass(frozen=True, slots=True)
class Qcow2Header:
    """What a qcow2 file says of itself."""

    virtual_size_bytes: int
    backing_file: bytes | None
    has_data_file: bool
    encrypted: bool
    l1_offset: int
    l1_entries: int


def read_header(file: BinaryIO) -> Qcow2Header | None:
    """The header at the beginning of the file, or None when it is no qcow2 file."""
    file.seek(0)
    start = file.read(_HEADER.size + _INCOMPATIBLE.size)
    if len(start) < _HEADER.size or not start.startswith(_MAGIC):
        return None
    _, version, backing_at, backing_length, _, size, crypt, l1_entries, l1_at, *_ = _HEADER.unpack_from(start)
    features = 0
    if version >= 3 and len(start) >= _HEADER.size + _INCOMPATIBLE.size:
        (features,) = _INCOMPATIBLE.unpack_from(start, _HEADER.size)
    backing = None
    if backing_at:
        file.seek(min(backing_at, 1 << 62))
        backing = file.read(min(backing_length, _NAME_MAX_BYTES))
    return Qcow2Header(size, backing, bool(features & _EXTERNAL_DATA), crypt != 0, l1_at, l1_entries)


def holds_data(file: BinaryIO, header: Qcow2Header) -> bool:
    """Whether anything was ever written to this layer itself."""
    file.seek(header.l1_offset)
    table = file.read(min(header.l1_entries * _L1_ENTRY_BYTES, _L1_MAX_BYTES))
    return table.count(0) != len(table)
