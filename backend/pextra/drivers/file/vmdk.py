"""What a VMDK file says of itself, read before QEMU follows it.

Only a file that holds the whole disk is taken: a descriptor may name any file of this host as an extent or parent.
Source: VMware, "Virtual Disk Format 5.0"; QEMU, block/vmdk.c, for what is read from where.
"""

from __future__ import annotations

import re
import struct
from typing import BinaryIO, Final

_HEADER: Final = struct.Struct("<4sIIQQQQIQQ")  # up to and with gdOffset
_MAGIC: Final = b"KDMV"
_SECTOR: Final = 512
_AT_END: Final = (1 << 64) - 1
_DESCRIPTOR_MAX_SECTORS: Final = 128
_QEMU_DESCRIPTOR_AT: Final = 1  # the sector that QEMU looks at, whatever the header says
_QEMU_DESCRIPTOR_SECTORS: Final = 20
_EXTENT: Final = re.compile(rb"^\s*(RW|RDONLY|NOACCESS)\s+\d+\s+(\w+)(?:\s+\"([^\"\r\n]*)\")?", re.MULTILINE)
_CREATE_TYPE: Final = re.compile(rb"^\s*createType\s*=\s*\"([^\"\r\n]*)\"", re.MULTILINE)
_PARENT: Final = re.compile(rb"parentFileNameHint|parentCID\s*=\s*(?!f{8})", re.IGNORECASE)
_WHOLE: Final = (b"monolithicSparse", b"streamOptimized")


class OtherFiles(Exception):
    """The disk lies in other files too, or in them alone."""


def virtual_size_bytes(file: BinaryIO) -> int | None:
    """The size of the disk that the file holds, or None when it is no VMDK file.

    Raises:
        OtherFiles: it refers to other files, or says where its parts are in a way that nobody needs.
    """
    file.seek(0)
    start = file.read(_SECTOR)
    if start.startswith((b"COWD", b"# Disk DescriptorFile")):
        raise OtherFiles("it is a descriptor of other files")
    if len(start) < _SECTOR or not start.startswith(_MAGIC):
        return None
    _, _, _, capacity, _, descriptor_at, descriptor_sectors, _, _, directory_at = _HEADER.unpack_from(start)
    if capacity == 0:
        raise OtherFiles("it is an embedded descriptor of other files")
    if not descriptor_at or not 0 < descriptor_sectors <= _DESCRIPTOR_MAX_SECTORS:
        raise OtherFiles("it has no descriptor within the first sectors")
    if directory_at == _AT_END:
        _refuse_other_footer(file, capacity)
    _refuse_others(_sectors(file, descriptor_at, descriptor_sectors), needed=True)
    _refuse_others(_sectors(file, _QEMU_DESCRIPTOR_AT, _QEMU_DESCRIPTOR_SECTORS), needed=False)
    size: int = capacity * _SECTOR
    return size


def _refuse_other_footer(file: BinaryIO, capacity: int) -> None:
    """QEMU takes the header at the end instead, which must say the same and bring no descriptor of its own."""
    end = file.seek(0, 2)
    file.seek(max(0, end - 2 * _SECTOR))
    footer = file.read(_SECTOR)
    if len(footer) < _SECTOR or not footer.startswith(_MAGIC):
        raise OtherFiles("its footer is missing")
    _, _, _, also, _, descriptor_at, _, _, _, _ = _HEADER.unpack_from(footer)
    if also != capacity or descriptor_at not in (0, _QEMU_DESCRIPTOR_AT):
        raise OtherFiles("its footer contradicts its header")


def _sectors(file: BinaryIO, first: int, count: int) -> bytes:
    file.seek(min(first * _SECTOR, 1 << 62))
    return file.read(count * _SECTOR).partition(b"\0")[0]


def _refuse_others(descriptor: bytes, *, needed: bool) -> None:
    if _PARENT.search(descriptor):
        raise OtherFiles("it has a parent")
    create_types, extents = _CREATE_TYPE.findall(descriptor), _EXTENT.findall(descriptor)
    if not needed and not create_types and not extents:
        return
    if len(create_types) != 1 or create_types[0] not in _WHOLE:
        kinds = b", ".join(create_types).decode("latin-1") or "nothing"
        raise OtherFiles(f"it is {kinds}, neither monolithicSparse nor streamOptimized")
    if len(extents) != 1 or extents[0][1] != b"SPARSE":
        raise OtherFiles("its descriptor lists other extents than its own")
    if b"/" in extents[0][2] or b"\\" in extents[0][2]:
        raise OtherFiles("its extent names a file in another directory")
