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


@dataclass(frozen=True, slots=True)
class Qcow2Header:
    """What a qcow2 file says of itself."""

    virtual_size_bytes: int
    has_backing_file: bool
    has_data_file: bool


def read_header(file: BinaryIO) -> Qcow2Header | None:
    """The header at the beginning of the file, or None when it is no qcow2 file."""
    file.seek(0)
    start = file.read(_HEADER.size + _INCOMPATIBLE.size)
    if len(start) < _HEADER.size or not start.startswith(_MAGIC):
        return None
    _, version, backing_offset, _, _, size, *_ = _HEADER.unpack_from(start)
    features = 0
    if version >= 3 and len(start) >= _HEADER.size + _INCOMPATIBLE.size:
        (features,) = _INCOMPATIBLE.unpack_from(start, _HEADER.size)
    return Qcow2Header(size, backing_offset != 0, bool(features & _EXTERNAL_DATA))
