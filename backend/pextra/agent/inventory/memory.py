"""Memory and the NUMA cells that it and the processors lie in."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from pextra.agent.inventory.tree import Tree

_NODES: Final = "sys/devices/system/node"
_TOLERANCE: Final = 0.05
_NODE: Final = re.compile(r"node([0-9]{1,5})", re.ASCII)
_HUGE: Final = re.compile(r"hugepages-([0-9]{1,12})kB", re.ASCII)
_TOTAL: Final = re.compile(r"(?:Node [0-9]+ )?MemTotal: +([0-9]{1,15}) kB", re.ASCII)


@dataclass(frozen=True, slots=True)
class HugePages:
    """Huge pages of one size that are set aside.

    Attributes:
        size_kib: of one page.
        total: how many there are.
        free: how many of them nobody uses.
    """

    size_kib: int
    total: int
    free: int


@dataclass(frozen=True, slots=True)
class NumaCell:
    """Processors and memory that are near to each other.

    Attributes:
        id: the kernel's number.
        cpus: those that are online; none in a cell of memory alone.
        memory_mib: its memory, huge pages included; 0 in a cell of processors alone.
        hugepages: for each size, the smallest first.
        distances: to each cell, in the order in which the cells are listed; 10 is the cell itself. Empty where the
            kernel does not tell.
    """

    id: int
    cpus: tuple[int, ...]
    memory_mib: int
    hugepages: tuple[HugePages, ...]
    distances: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Memory:
    """The host's memory.

    Attributes:
        memory_mib: what the kernel manages, huge pages included; None where it does not tell.
        cells: ordered by number. A kernel without NUMA shows none, and has one with everything in it.
    """

    memory_mib: int | None
    cells: tuple[NumaCell, ...]


def read_memory(tree: Tree, online: tuple[int, ...]) -> Memory:
    """What the kernel tells of memory.

    Args:
        tree: where to read.
        online: the processors that are online.
    """
    total_kib = _total_kib(tree, "proc/meminfo")
    ids = sorted(int(match[1]) for name in tree.names(_NODES) if (match := _NODE.fullmatch(name)))
    cells = tuple(_cell(tree, cell, len(ids), frozenset(online)) for cell in ids)
    if not cells and total_kib is not None:
        cells = (NumaCell(0, online, 0, _hugepages(tree, "sys/kernel/mm/hugepages"), (10,)),)
    if total_kib is not None:
        cells = _agreeing(tree, cells, total_kib // 1024)
    return Memory(None if total_kib is None else total_kib // 1024, cells)


def _agreeing(tree: Tree, cells: tuple[NumaCell, ...], total_mib: int) -> tuple[NumaCell, ...]:
    """The cells, whose memory is the machine's.

    A kernel that prepares its memory as it goes counts all of it in the machine's total, and in a cell only what is
    ready. With one cell there is no doubt what it has.
    """
    if len(cells) == 1:
        return (replace(cells[0], memory_mib=total_mib),)
    told_mib = sum(cell.memory_mib for cell in cells)
    if abs(told_mib - total_mib) > total_mib * _TOLERANCE:
        tree.problem(_NODES, f"all cells together tell of {told_mib} MiB, the machine of {total_mib} MiB")
    return cells


def _cell(tree: Tree, cell: int, cells: int, online: frozenset[int]) -> NumaCell:
    path = f"{_NODES}/node{cell}"
    distances = (tree.text(f"{path}/distance") or "").split()
    if distances and not (len(distances) == cells and all(distance.isdecimal() for distance in distances)):
        tree.problem(f"{path}/distance", f"{cells} numbers were expected, not {' '.join(distances)[:40]!r}")
        distances = []
    return NumaCell(
        id=cell,
        cpus=tuple(cpu for cpu in tree.cpus(f"{path}/cpulist") or () if cpu in online),
        memory_mib=(_total_kib(tree, f"{path}/meminfo") or 0) // 1024,
        hugepages=_hugepages(tree, f"{path}/hugepages"),
        distances=tuple(map(int, distances)),
    )


def _total_kib(tree: Tree, path: str) -> int | None:
    lines = tree.lines(path)
    for line in lines:
        if match := _TOTAL.fullmatch(line.strip()):
            return int(match[1])
    if lines:
        tree.problem(path, "there is no line with MemTotal in kB")
    return None


def _hugepages(tree: Tree, path: str) -> tuple[HugePages, ...]:
    found: list[HugePages] = []
    for name in tree.names(path):
        if match := _HUGE.fullmatch(name):
            total = tree.count(f"{path}/{name}/nr_hugepages")
            free = tree.count(f"{path}/{name}/free_hugepages")
            if total is not None and free is not None:
                found.append(HugePages(int(match[1]), total, free))
    return tuple(sorted(found, key=lambda pages: pages.size_kib))
