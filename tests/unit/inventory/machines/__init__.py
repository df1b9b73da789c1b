"""Machines, written down as the files and links that their kernels show, and how to lay them out in a directory.

    [sys/devices/system/node/node{0,1}]     a directory; what follows lies in it
    cpulist = {0-15,32-47|16-31,48-63}      a file and its content; in quotes as JSON, where it has several lines
    driver -> /sys/bus/pci/drivers/nvme     a link, from the machine's root; it is laid out as a relative one
    holders/                                an empty directory

Braces stand for one text after the other: `{a|b}`, `{0,1}`, or `{0..7}`. All braces of a line advance together, and
together with those of its directory's heading; a heading that is repeated opens its directories again. As the kernel
does, PCI devices, disks and network interfaces get their links in /sys/bus/pci/devices, /sys/block and /sys/class/net.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_BRACES: Final = re.compile(r"\{([^{}]+)\}")
_NUMBERS: Final = re.compile(r"([0-9]+)\.\.([0-9]+)")
_PCI: Final = re.compile(r"sys/devices/pci.*/([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])")
_NAMED: Final = re.compile(r"sys/devices/.*/(?:(block|net)|nvme-subsystem/[^/]+)/([^/]+)")
_FOLDER: Final = Path(__file__).parent

MACHINES: Final = tuple(sorted(path.stem for path in _FOLDER.glob("*.txt")))


def unpack(machine: str, root: Path) -> Path:
    """Lay out a machine of this folder below `root`."""
    return lay_out((_FOLDER / f"{machine}.txt").read_text(), root)


def lay_out(text: str, root: Path) -> Path:
    """Lay out a machine below `root`, and answer with it."""
    folders = [""]
    for number, line in enumerate(text.splitlines(), 1):
        written = line.strip()
        if not written or written.startswith("#"):
            continue
        try:
            if written.startswith("["):
                folders = list(_expanded(written[1:-1], 1))
                for folder in folders:
                    _directory(root, folder)
            else:
                _entries(root, folders, written)
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from error
    return root


def _entries(root: Path, folders: list[str], written: str) -> None:
    lines = list(_expanded(written, len(folders)))
    if len(folders) == 1:
        folders = folders * len(lines)
    for folder, entry in zip(folders, lines, strict=True):
        name, sign, value = re.fullmatch(r"(\S+?)/?(?: (=|->) ?(.*))?", entry).groups()  # type: ignore[union-attr]
        path = f"{folder}/{name}".lstrip("/")
        if sign is None:
            _directory(root, path)
        elif sign == "->":
            _link(root, path, value.removeprefix("/"))
        else:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            content = json.loads(value) if value.startswith('"') else f"{value}\n"
            (root / path).write_bytes(content.encode("latin-1"))


def _expanded(text: str, at_least: int) -> Iterator[str]:
    choices = [_choices(match[1]) for match in _BRACES.finditer(text)]
    counts = {len(choice) for choice in choices} or {at_least}
    if len(counts) > 1 or (at_least > 1 and counts != {at_least}):
        raise ValueError(f"braces of different lengths {sorted(counts)}: {text}")
    around = _BRACES.split(text)[::2]
    for index in range(counts.pop()):
        chosen = [choice[index] for choice in choices]
        yield "".join(a + b for a, b in zip(around, [*chosen, ""], strict=True))


def _choices(text: str) -> list[str]:
    if match := _NUMBERS.fullmatch(text):
        return [str(number) for number in range(int(match[1]), int(match[2]) + 1)]
    return text.split("|" if "|" in text else ",")


def _directory(root: Path, path: str) -> None:
    (root / path).mkdir(parents=True, exist_ok=True)
    if match := _PCI.fullmatch(path):
        _link(root, f"sys/bus/pci/devices/{match[1]}", path)
    elif match := _NAMED.fullmatch(path):
        _link(root, f"sys/class/net/{match[2]}" if match[1] == "net" else f"sys/block/{match[2]}", path)


def _link(root: Path, path: str, target: str) -> None:
    link = root / path
    if link.is_symlink():
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(os.path.relpath(root / target, link.parent))
