"""The GPUs of all hosts, in arrays: a row a host, a column a position on its board."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from pextra.scheduling.arrays import Flags, Ints
from pextra.scheduling.gpus.boards import Board, unlinked
from pextra.scheduling.gpus.devices import MIG_SLOTS, WHOLE_MILLI, GpuClaim, GpuType, GpuView, Mode, fits_mig
from pextra.scheduling.gpus.wishes import GpuRequest

NO_GPU: Final = -1
_MOST_NEEDS: Final = 1024
_UNUSED: Final = 0
_OPEN: Final = 2  # up to here modes are those in which a GPU's thousandths are handed out freely
_CODES: Final = {Mode.WHOLE: 1, Mode.SHARE: 2, Mode.VF: 3, Mode.MIG: 4}


@dataclass(frozen=True, slots=True)
class Needs:
    """A request for GPUs in terms of a fleet.

    Attributes:
        milli: what it takes of a GPU of each kind, in thousandths; 0 of those that will not do.
        mode: the code of the mode in which GPUs are used then.
        slots: of MIG, by kind and the slots that are taken, whether there is room; None otherwise.
        functions: the virtual functions of each kind, as bits, of which a part takes one; 0 where it takes none.
    """

    milli: Ints
    mode: int
    slots: Flags | None
    functions: Ints


class GpuFleet:
    """What does not change while requests are placed."""

    def __init__(self, hosts: Sequence[tuple[Sequence[GpuView], Board | None]]) -> None:
        size, self.width = len(hosts), max((len(gpus) for gpus, _ in hosts), default=0)
        shape = (size, self.width)
        self.kind: Ints = np.full(shape, NO_GPU, dtype=np.int64)
        self.cell: Ints = np.full(shape, -1, dtype=np.int64)
        self.usable: Flags = np.zeros(shape, dtype=np.bool_)
        self.open: Flags = np.zeros(shape, dtype=np.bool_)  # usable, and of a kind that is given whole or in shares
        self.addresses = [tuple(gpu.address for gpu in gpus) for gpus, _ in hosts]
        self.kinds: list[GpuType] = []
        self.boards: list[Board] = []
        self.board: Ints = np.zeros(size, dtype=np.int64)
        self.bits: Ints = np.left_shift(1, np.arange(self.width, dtype=np.int64))
        kinds: dict[int, int] = {}
        boards: dict[Board, int] = {}
        for row, (gpus, known) in enumerate(hosts):
            board = known if known is not None else unlinked(len(gpus))
            if board.size != len(gpus):
                raise ValueError(f"a board of {board.size} GPUs has {len(gpus)}")
            self.board[row] = boards.setdefault(board, len(boards))
            for column, gpu in enumerate(gpus):
                if id(gpu.kind) not in kinds:
                    kinds[id(gpu.kind)] = len(kinds)
                    self.kinds.append(gpu.kind)
                self.kind[row, column] = kinds[id(gpu.kind)]
                self.cell[row, column] = gpu.cell
                self.usable[row, column] = gpu.usable
                self.open[row, column] = gpu.usable and (gpu.kind.whole or gpu.kind.shareable)
        self.boards = list(boards)
        self.models = [kind.model for kind in self.kinds]
        self.most_cells = int(self.cell.max(initial=-1)) + 1
        self._vgpus: dict[str, int] = {}
        self._needs: dict[GpuRequest, Needs] = {}

    def needs(self, wish: GpuRequest) -> Needs:
        """The request in terms of this fleet."""
        found = self._needs.get(wish)
        if found is None:
            if len(self._needs) >= _MOST_NEEDS:
                self._needs.clear()
            found = self._needs[wish] = self._compiled(wish)
        return found

    def mode(self, mode: Mode, profile: str) -> int:
        """The code of a mode; vGPUs of each type have their own."""
        if mode is not Mode.VGPU:
            return _CODES[mode]
        return self._vgpus.setdefault(profile, len(_CODES) + 1 + len(self._vgpus))

    def _compiled(self, wish: GpuRequest) -> Needs:
        milli = [self._milli(kind, wish) for kind in self.kinds]
        slots: Flags | None = None
        if wish.mode is Mode.MIG:
            slots = np.zeros((len(self.kinds) + 1, 1 << MIG_SLOTS), dtype=np.bool_)
            for row, kind in enumerate(self.kinds):
                part = kind.slices.get((wish.mode, wish.profile))
                if part is not None:
                    slots[row] = [fits_mig(part, used) for used in range(1 << MIG_SLOTS)]
        # The last entry is for positions without a GPU, whose kind is -1.
        return Needs(
            np.array([*milli, 0], dtype=np.int64),
            self.mode(wish.mode, wish.profile),
            slots,
            np.array([*(self._functions(kind, wish) for kind in self.kinds), 0], dtype=np.int64),
        )

    def _functions(self, kind: GpuType, wish: GpuRequest) -> int:
        part = kind.slices.get((wish.mode, wish.profile)) if wish.mode in (Mode.VF, Mode.VGPU) else None
        return 0 if part is None else sum(part.masks())

    def _milli(self, kind: GpuType, wish: GpuRequest) -> int:
        if wish.models and kind.model not in wish.models:
            return 0
        if wish.mode is Mode.WHOLE:
            return WHOLE_MILLI if kind.whole else 0
        if wish.mode is Mode.SHARE:
            return wish.milli if kind.shareable else 0
        part = kind.slices.get((wish.mode, wish.profile))
        return part.milli if part is not None else 0


class GpuColumns:
    """What is free of the GPUs at one moment.

    Attributes:
        free: thousandths.
        mode: the code of the mode that each is used in; 0: none.
        slots: the slots that MIG instances lie on, or the virtual functions that are handed out, as bits.
    """

    __slots__ = ("fleet", "free", "mode", "slots")

    def __init__(self, fleet: GpuFleet, free: Ints, mode: Ints, slots: Ints) -> None:
        self.fleet = fleet
        self.free = free
        self.mode = mode
        self.slots = slots

    @classmethod
    def of(cls, fleet: GpuFleet, hosts: Sequence[Sequence[GpuView]] = ()) -> GpuColumns:
        """The GPUs of the fleet's hosts as they are used now; without hosts, as if they were not used."""
        free = np.where(fleet.kind == NO_GPU, 0, WHOLE_MILLI)
        found = cls(fleet, free, np.zeros_like(fleet.kind), np.zeros_like(fleet.kind))
        for row, gpus in enumerate(hosts):
            found.set_host(row, gpus)
        return found

    def set_host(self, host: int, gpus: Sequence[GpuView]) -> None:
        """State what is used of one host's GPUs."""
        for column, gpu in enumerate(gpus):
            self.free[host, column] = max(0, WHOLE_MILLI - gpu.used_milli)
            self.mode[host, column] = _UNUSED if gpu.mode is None else self.fleet.mode(gpu.mode, gpu.profile)
            self.slots[host, column] = gpu.slots

    def copy(self) -> GpuColumns:
        """One to be changed."""
        return GpuColumns(self.fleet, self.free.copy(), self.mode.copy(), self.slots.copy())

    def able(self, hosts: Ints, needs: Needs) -> Flags:
        """Which GPUs of the hosts can be handed out for a request: a row a host."""
        fleet = self.fleet
        kind, mode = fleet.kind[hosts], self.mode[hosts]
        need = needs.milli[kind]
        able = (
            (need > 0) & fleet.usable[hosts] & (self.free[hosts] >= need) & ((mode == _UNUSED) | (mode == needs.mode))
        )
        if needs.slots is not None:
            # Virtual functions are more than slots; a GPU that has some handed out is in another mode anyway.
            able &= needs.slots[kind, self.slots[hosts] & ((1 << MIG_SLOTS) - 1)]
        functions = needs.functions[kind]
        return able & ((functions == 0) | (functions & ~self.slots[hosts] != 0))

    def open(self, hosts: Ints) -> Ints:
        """What is free of the GPUs for guests that want whole ones and shares, in thousandths: a row a host."""
        good = self.fleet.open[hosts] & (self.mode[hosts] <= _OPEN)
        return np.where(good, self.free[hosts], 0)

    def opens(self, needs: Needs) -> bool:
        """Whether what stays of a GPU in this mode is free for whole ones and shares."""
        return needs.mode <= _OPEN

    def take(self, host: int, claims: Sequence[GpuClaim]) -> None:
        """Hand out what a guest gets of the host's GPUs."""
        addresses = self.fleet.addresses[host]
        for claim in claims:
            column = addresses.index(claim.address)
            self.free[host, column] -= claim.milli
            self.mode[host, column] = self.fleet.mode(claim.mode, claim.profile)
            self.slots[host, column] |= claim.slots
