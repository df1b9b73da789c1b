"""One GPU: the ways to hand it out, what they take of it, and what excludes what.

A GPU is used in one mode at a time, and as vGPUs of one type at a time, from its first guest to its last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Final

WHOLE_MILLI: Final = 1000
"""Thousandths of a GPU."""

MIG_SLOTS: Final = 8
"""Slots of memory that MIG instances are placed on."""


MOST_VFS: Final = 31
"""How many virtual functions of one GPU are handed out: each is a bit of a number that databases keep in 32."""


class Mode(StrEnum):
    """A way to hand out a GPU."""

    WHOLE = "whole"
    SHARE = "share"
    VF = "vf"
    MIG = "mig"
    VGPU = "vgpu"


@dataclass(frozen=True, slots=True)
class Slice:
    """A part that a GPU can be handed out in.

    Attributes:
        milli: what it takes of the GPU, in thousandths.
        slots: of a MIG instance, on how many slots of memory it lies, from its start on; of a virtual function, and
            of a real host's vGPU, 1.
        starts: of a MIG instance, the slots that it can start at; of virtual functions and vGPUs, the numbers of those
            that there can be.
    """

    milli: int
    slots: int = 0
    starts: tuple[int, ...] = ()

    def masks(self) -> list[int]:
        """The sets of slots that it can lie on."""
        return [((1 << self.slots) - 1) << start for start in self.starts]


@dataclass(frozen=True, eq=False)
class GpuType:
    """What all GPUs of a kind have in common; one object for all of them.

    Args:
        model: its name, as requests and quotas have it.
        shareable: whether guests may share one by time.
        slices: the parts by mode (VF, MIG, vGPU) and profile, which is empty for a VF.
        whole: whether it can be handed out as a whole; one that is divided into virtual functions cannot.
    """

    model: str
    shareable: bool = False
    slices: Mapping[tuple[Mode, str], Slice] = field(default_factory=lambda: MappingProxyType({}))
    whole: bool = True

    @cached_property
    def mig(self) -> tuple[Slice, ...]:
        """Its MIG profiles."""
        return tuple(part for (mode, _), part in self.slices.items() if mode is Mode.MIG)


@dataclass(frozen=True, slots=True)
class GpuView:
    """One GPU of a host.

    Args:
        address: which one, on its host.
        kind: what it is.
        usable: it is healthy, and nobody has closed it to new guests.
        cell: its NUMA cell; -1 where none is known.
        used_milli: what is handed out of it, in thousandths.
        mode: in which mode, while anything is.
        profile: as vGPUs of which type, while any are.
        slots: the slots that MIG instances lie on, or the virtual functions that are handed out, as bits.
    """

    address: str
    kind: GpuType
    usable: bool = True
    cell: int = -1
    used_milli: int = 0
    mode: Mode | None = None
    profile: str = ""
    slots: int = 0

    @property
    def unused(self) -> GpuView:
        """The GPU without what is handed out of it."""
        return GpuView(self.address, self.kind, self.usable, self.cell)


@dataclass(frozen=True, slots=True)
class GpuClaim:
    """What a guest is to get of one GPU.

    Args:
        address: which one, on the guest's host.
        mode: in which mode.
        profile: a MIG profile or a vGPU type.
        milli: how much of it, in thousandths.
        slots: the slots of a MIG instance, or the one virtual function, as bits.
    """

    address: str
    mode: Mode
    profile: str
    milli: int
    slots: int = 0


def fits_mig(part: Slice, used: int) -> bool:
    """Whether a MIG instance finds slots that lie together."""
    return any(mask & used == 0 for mask in part.masks())


def vf_slot(part: Slice, used: int) -> int:
    """The first virtual function that is free, as a bit; 0 where the numbers of functions are not known.

    Args:
        part: the virtual functions of a GPU.
        used: those that are handed out.

    Raises:
        ValueError: all are handed out.
    """
    if not part.starts:
        return 0
    free = [mask for mask in part.masks() if mask & used == 0]
    if not free:
        raise ValueError(f"all {len(part.starts)} virtual functions are handed out")
    return free[0]


@lru_cache(maxsize=65_536)
def mig_slots(kind: GpuType, part: Slice, used: int) -> int:
    """The slots for a MIG instance that leave most room for others of all profiles.

    Args:
        kind: of which GPU.
        part: the profile.
        used: the slots that are taken.

    Raises:
        ValueError: it does not fit.
    """

    def room(taken: int) -> int:
        return sum(other.slots for other in kind.mig for mask in other.masks() if mask & taken == 0)

    # Of equals the last: the small ones at the end leave the beginning, where the large ones start.
    return max((mask for mask in part.masks() if mask & used == 0), key=lambda mask: (room(used | mask), mask))
