"""Reading the kernel's files below a root directory: bounded, and never failing for what is absent or odd."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

MOST_PROBLEMS: Final = 100
MOST_ENTRIES: Final = 8192
_MOST_BYTES: Final = 4096
_LONGEST_TEXT: Final = 256
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,19}|0x[0-9a-f]{1,16}", re.ASCII | re.IGNORECASE)
_CPU_LIST: Final = re.compile(r"[0-9]{1,5}(-[0-9]{1,5})?(,[0-9]{1,5}(-[0-9]{1,5})?)*", re.ASCII)
_MOST_CPUS: Final = 65_536
_MOST_LIST_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is there and makes no sense.

    Attributes:
        path: the file, from the root of the tree.
        message: what was expected, and what was found.
    """

    path: str
    message: str


class Tree:
    """The files below a root. Paths are given without a leading slash; an answer of None means "not there".

    Content that makes no sense is noted in `problems` and answered as if it was not there.
    """

    def __init__(self, root: Path) -> None:
        self._root = f"{str(root).rstrip('/')}/"
        self._problems: list[Problem] = []

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What made no sense so far, ordered by path; at most `MOST_PROBLEMS`."""
        return tuple(sorted(self._problems, key=lambda problem: (problem.path, problem.message)))

    def problem(self, path: str, message: str) -> None:
        """Note that a file makes no sense."""
        if len(self._problems) < MOST_PROBLEMS:
            self._problems.append(Problem(f"/{path}"[:_LONGEST_TEXT], message[:_LONGEST_TEXT]))

    def raw(self, path: str, most_bytes: int = _MOST_BYTES) -> bytes | None:
        """The first bytes of a file, or None where it cannot be read.

        Many of the kernel's files exist and cannot be read just now (the speed of a link that is down), so that a
        failure tells no more than absence.
        """
        try:
            descriptor = os.open(self._root + path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError:
            return None
        try:
            content = os.read(descriptor, most_bytes)
            # procfs hands out a long file in pieces of less than a page, so that a short one is not the last.
            while most_bytes > _MOST_BYTES and len(content) < most_bytes:
                part = os.read(descriptor, most_bytes - len(content))
                if not part:
                    break
                content += part
            return content
        except OSError:
            return None
        finally:
            os.close(descriptor)

    def lines(self, path: str, most_bytes: int = _MOST_BYTES) -> list[str]:
        """The lines of a file; none where it cannot be read. A last line that was cut off is left out."""
        content = self.raw(path, most_bytes)
        if content is None:
            return []
        lines = content.decode(errors="replace").split("\n")
        return lines[:-1] if len(content) == most_bytes else lines

    def text(self, path: str) -> str | None:
        """The printable text of a file without the white space around it; None where there is none."""
        content = self.raw(path)
        return None if content is None else printable(content)

    def integer(self, path: str) -> int | None:
        """The number in a file, decimal or with 0x."""
        found = self.text(path)
        if found is None:
            return None
        if _INTEGER.fullmatch(found) is None:
            self.problem(path, f"a number was expected, not {found[:40]!r}")
            return None
        return int(found, 16 if found[:2] in {"0x", "0X"} else 10)

    def count(self, path: str) -> int | None:
        """The number in a file that counts something, and so is not negative."""
        number = self.integer(path)
        if number is not None and number < 0:
            self.problem(path, f"a count was expected, not {number}")
            return None
        return number

    def flag(self, path: str) -> bool | None:
        """Whether the file says 1 (or Y) rather than 0 (or N)."""
        found = self.text(path)
        if found is None:
            return None
        if found not in {"0", "1", "Y", "N"}:
            self.problem(path, f"0 or 1 was expected, not {found[:40]!r}")
            return None
        return found in {"1", "Y"}

    def numa_node(self, path: str) -> int | None:
        """The NUMA cell in a file; the kernel's -1 (it does not know) is None."""
        node = self.integer(path)
        return None if node is None or node < 0 else node

    def cpus(self, path: str) -> tuple[int, ...] | None:
        """The CPUs that a file lists (as in 0-3,8), in order."""
        found = self.raw(path, _MOST_LIST_BYTES)
        text = "" if found is None else found.decode(errors="replace").strip()
        if found is None or not text:
            return None if found is None else ()
        numbers: list[int] = []
        parts = text.split(",") if _CPU_LIST.fullmatch(text) else []
        for part in parts:
            first, _, last = part.partition("-")
            numbers.extend(range(int(first), int(last or first) + 1))
            if len(numbers) > _MOST_CPUS:
                break
        # The kernel lists each once, in order: so what is in order is also bounded.
        if not numbers or len(numbers) > _MOST_CPUS or any(a >= b for a, b in pairwise(numbers)):
            self.problem(path, f"a list of CPUs was expected, not {text[:40]!r}")
            return None
        return tuple(numbers)

    def names(self, path: str) -> list[str]:
        """What a directory holds, in order; nothing where it is absent."""
        try:
            # This, and readlink below, are called for every device, and pathlib takes several times as long.
            found = os.listdir(self._root + path)  # noqa: PTH208
        except OSError:
            return []
        if not "".join(found).isprintable():  # an interface may be named so
            odd = sorted(name for name in found if not name.isprintable())
            self.problem(path, f"entries whose names cannot be printed are left out: {ascii(odd)[:80]}")
            found = [name for name in found if name.isprintable()]
        if len(found) > MOST_ENTRIES:
            self.problem(path, f"only the first {MOST_ENTRIES} of {len(found)} entries are looked at")
        return sorted(found)[:MOST_ENTRIES]

    def link(self, path: str) -> str | None:
        """Where a symbolic link leads, as it is written; None where there is none that can be printed."""
        try:
            target = os.readlink(self._root + path)  # noqa: PTH115
        except OSError:
            return None
        return target if target.isprintable() else None

    def link_name(self, path: str) -> str | None:
        """The last part of where a symbolic link leads."""
        target = self.link(path)
        return None if target is None else target.rpartition("/")[2]


def printable(content: bytes) -> str | None:
    """Bytes as text, without what cannot be printed or is beyond 256 characters; None when nothing is left."""
    text = content.decode(errors="replace").strip(" \t\r\n\0")
    if not text.isprintable():
        text = "".join(filter(str.isprintable, text)).strip()
    return text[:_LONGEST_TEXT] or None
