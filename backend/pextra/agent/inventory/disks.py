"""Disks, and what the kernel knows to be using them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal

from pextra.agent.inventory.tree import Tree, printable

_BLOCKS: Final = "sys/block"
# What lies here is made of memory, of files or of other disks. (A disk with several paths, nvme-subsystem, does not.)
_NOT_A_DISK: Final = ("/devices/virtual/block/", "/devices/rbd/")
_OPTICAL_OR_FLOPPY: Final = re.compile(r"(sr|fd)[0-9]+", re.ASCII)
# Whatever the disk's own: the kernel's unit here is always this.
_SECTOR_BYTES: Final = 512
_MOST_USES: Final = 64
_MOST_DEPTH: Final = 8
_MOST_MOUNT_BYTES: Final = 4 << 20
_ESCAPED: Final = re.compile(r"\\([0-7]{3})", re.ASCII)


@dataclass(frozen=True, slots=True)
class DiskUse:
    """One reason why a disk is not free.

    Attributes:
        kind: `partition` (it is divided), `holder` (a volume group, RAID or the like has it), `mount`, or `swap`.
        name: the partition's or holder's name, or where it is mounted.
    """

    kind: Literal["partition", "holder", "mount", "swap"]
    name: str


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk that the host has.

    Attributes:
        name: the kernel's; it may name another disk after the next boot.
        size_bytes: 0 where no medium is in.
        rotational: whether it turns.
        removable: whether its medium can be taken out.
        model: as the disk tells it.
        serial: as the disk tells it.
        wwn: its world-wide name (naa., eui., t10., nvme. or uuid.), which stays when it moves.
        in_use: why it is not free, as far as the kernel knows; what is only written on the disk (a volume group that
            is not active, a storage daemon's label) is not read.
    """

    name: str
    size_bytes: int
    rotational: bool | None
    removable: bool | None
    model: str | None
    serial: str | None
    wwn: str | None
    in_use: tuple[DiskUse, ...]


def read_disks(tree: Tree) -> tuple[Disk, ...]:
    """The disks, ordered by name."""
    mounts = _mounts(tree)
    swaps = frozenset(line.split()[0].rpartition("/")[2] for line in tree.lines("proc/swaps")[1:] if line.strip())
    found: list[Disk] = []
    for name in tree.names(_BLOCKS):
        path = f"{_BLOCKS}/{name}"
        link = tree.link(path)
        if link and any(place in f"/{link}" for place in _NOT_A_DISK):
            continue
        if _OPTICAL_OR_FLOPPY.fullmatch(name) or tree.flag(f"{path}/hidden"):
            continue
        sectors = tree.count(f"{path}/size")
        if sectors is None:
            tree.problem(path, "the disk does not tell its size: it is left out")
            continue
        found.append(
            Disk(
                name=name,
                size_bytes=sectors * _SECTOR_BYTES,
                rotational=tree.flag(f"{path}/queue/rotational"),
                removable=tree.flag(f"{path}/removable"),
                model=tree.text(f"{path}/device/model"),
                serial=tree.text(f"{path}/device/serial") or tree.text(f"{path}/serial") or _page_80(tree, path),
                wwn=tree.text(f"{path}/wwid") or tree.text(f"{path}/device/wwid"),
                in_use=tuple(islice(dict.fromkeys(_uses(tree, path, name, mounts, swaps)), _MOST_USES)),
            )
        )
    return tuple(sorted(found, key=lambda disk: (len(disk.name), disk.name)))


def _page_80(tree: Tree, path: str) -> str | None:
    """The unit's serial number (SCSI vital product data, page 80h): four bytes of heading, and then the text."""
    page = tree.raw(f"{path}/device/vpd_pg80")
    return printable(page[4 : 4 + int.from_bytes(page[2:4])]) if page and len(page) > 4 else None


def _mounts(tree: Tree) -> dict[str, list[str]]:
    """Mount points by device number and by device name: some file systems mount under numbers of their own."""
    mounts: dict[str, list[str]] = {}
    # A service may have a view of its own; the first process has the host's.
    for process in ("1", "self"):
        for line in tree.lines(f"proc/{process}/mountinfo", _MOST_MOUNT_BYTES):
            before, _, after = line.partition(" - ")
            fields, source = before.split(" "), after.split(" ")
            if len(fields) < 5 or len(source) < 2:
                continue
            unescaped = _ESCAPED.sub(lambda code: chr(int(code[1], 8)), fields[4])
            place = printable(unescaped.encode()) or "?"
            mounts.setdefault(fields[2], []).append(place)
            if source[1].startswith("/dev/"):
                mounts.setdefault(source[1].removeprefix("/dev/"), []).append(place)
    return mounts


def _uses(
    tree: Tree, path: str, name: str, mounts: dict[str, list[str]], swaps: frozenset[str], depth: int = 0
) -> Iterator[DiskUse]:
    number = tree.text(f"{path}/dev")
    for place in sorted({*mounts.get(number or "", ()), *mounts.get(name, ())}):
        yield DiskUse("mount", place)
    if name in swaps:
        yield DiskUse("swap", name)
    for part in tree.names(path):
        if part.startswith(name) and tree.raw(f"{path}/{part}/partition") is not None:
            yield DiskUse("partition", part)
            yield from _uses(tree, f"{path}/{part}", part, mounts, swaps, depth)
    for holder in tree.names(f"{path}/holders"):
        yield DiskUse("holder", holder)
        if depth < _MOST_DEPTH:
            yield from _uses(tree, f"{_BLOCKS}/{holder}", holder, mounts, swaps, depth + 1)
