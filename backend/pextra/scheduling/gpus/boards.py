"""Which GPUs of a board may be handed to one guest with NVLink between them.

A set of GPUs is a bit mask: bit 0 is the board's first position, which is module 1 where modules are numbered.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations
from types import MappingProxyType
from typing import Final

MOST_GPUS: Final = 32
"""Of one host."""
MOST_LINKED: Final = 16
"""On a board with partitions: all sets of its GPUs are compared."""


@dataclass(frozen=True)
class Board:
    """A set of GPUs and how they are linked.

    Args:
        name: for people.
        size: how many GPUs it has.
        partitions: the sets of two and more that may be handed out linked. What the fabric can activate, where there
            is one; otherwise every set whose GPUs are all linked to each other.
    """

    name: str
    size: int
    partitions: tuple[int, ...]

    def __post_init__(self) -> None:
        most = MOST_LINKED if self.partitions else MOST_GPUS
        if not 0 <= self.size <= most:
            raise ValueError(f"a board has at most {most} GPUs, not {self.size}")
        if any(partition >> self.size or partition.bit_count() < 2 for partition in self.partitions):
            raise ValueError(f"a partition is of two and more of the board's {self.size} GPUs")

    @cached_property
    def everything(self) -> int:
        """All of its GPUs."""
        return (1 << self.size) - 1

    @cached_property
    def linked(self) -> int:
        """The worth of all of its links: see `worth`."""
        return self.worth(self.everything)

    def worth(self, free: int) -> int:
        """What the free GPUs are worth to those who want links: a point a GPU of each whole partition."""
        return sum(partition.bit_count() for partition in self.partitions if partition & ~free == 0)


@dataclass(frozen=True, slots=True)
class Choice:
    """GPUs of a board.

    Attributes:
        gpus: the chosen ones.
        loss: by how much the worth of what stays free falls.
    """

    gpus: int
    loss: int


@lru_cache(maxsize=65_536)
def choose(board: Board, free: int, count: int, *, linked: bool) -> Choice | None:
    """The GPUs to hand out that leave most links whole for others; the first of equals.

    Args:
        board: where they are.
        free: those that may be handed out.
        count: how many are wanted.
        linked: only a partition of the board will do. One GPU alone always is one.
    """
    if linked and count > 1:
        sets: Iterable[int] = (p for p in board.partitions if p.bit_count() == count and p & ~free == 0)
    else:
        positions = [position for position in range(board.size) if free >> position & 1]
        if not board.partitions:  # any will do
            positions = positions[:count]
        sets = (sum(1 << position for position in chosen) for chosen in combinations(positions, count))
    worth = board.worth(free)
    return min(
        (Choice(chosen, worth - board.worth(free & ~chosen)) for chosen in sets),
        key=lambda choice: (choice.loss, choice.gpus),
        default=None,
    )


@lru_cache(maxsize=MOST_GPUS + 1)
def unlinked(size: int) -> Board:
    """GPUs that have only the PCI bus between them.

    Raises:
        ValueError: there are more than `MOST_GPUS`.
    """
    return Board("pcie", size, ())


@lru_cache(maxsize=1024)
def from_links(size: int, links: frozenset[tuple[int, int]]) -> Board:
    """A board without a fabric: every set of GPUs that are all linked to each other is a partition.

    Args:
        size: how many GPUs there are.
        links: pairs of positions, counted from 0, that a link joins.
    """
    joined = [0] * size
    for one, other in links:
        joined[one] |= 1 << other
        joined[other] |= 1 << one
    # Each set is grown by GPUs after its last one that are linked to all of it.
    found: list[int] = []
    growing = [(1 << position, joined[position]) for position in range(size)]
    while growing:
        members, common = growing.pop()
        if members.bit_count() > 1:
            found.append(members)
        last = members.bit_length()
        growing += [(members | 1 << more, common & joined[more]) for more in range(last, size) if common >> more & 1]
    return Board("linked", size, tuple(sorted(found)))


def _partitions(*sets: Sequence[int]) -> tuple[int, ...]:
    """Sets of module numbers, which count from 1."""
    return tuple(sum(1 << module - 1 for module in modules) for modules in sets)


_HALVES: Final = ((1, 2, 3, 4, 5, 6, 7, 8), (1, 2, 3, 4), (5, 6, 7, 8))
_SKIPPING: Final = _partitions(*_HALVES, (1, 3), (2, 4), (5, 7), (6, 8))
_NEIGHBOURS: Final = _partitions(*_HALVES, (1, 2), (3, 4), (5, 6), (7, 8))

BOARDS: Final = MappingProxyType(
    {
        board.name: board
        for board in (
            Board("hgx-a100-8", 8, _NEIGHBOURS),
            Board("hgx-h100-8", 8, _SKIPPING),
            Board("hgx-h200-8", 8, _SKIPPING),
            Board("hgx-b200-8", 8, _NEIGHBOURS),
        )
    }
)
"""Boards with NVSwitch by name, with the partitions of two and more that Fabric Manager's default table has.

Source: NVIDIA Fabric Manager User Guide, "Shared NVSwitch and GPU passthrough": the numbers are GPU module ids, which
are not the order on the PCI bus.
"""
