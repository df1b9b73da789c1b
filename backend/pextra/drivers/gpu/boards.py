"""Boards: several GPUs that belong together, and how a host's GPUs are recognised as one.

Which sets of a board's GPUs may be linked is not said here: that is the scheduler's, by the names given here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from pextra.drivers.gpu.interface import NVSWITCH, Gpu, HealthState
from pextra.drivers.gpu.products import PRODUCTS, Product

PCIE: Final = "pcie"
"""Cards that no NVLink connects."""
OTHER: Final = "other"
"""GPUs that are linked in some way that is not known by name."""


@dataclass(frozen=True, slots=True)
class Board:
    """A board, as it is found in a host.

    Attributes:
        name: as hosts tell it.
        models: the GPUs that it is made with; simulated hosts have the first.
        count: how many.
        switches: how many NVSwitches connect them; 0: each pair is linked directly.
        buses: the PCI buses of its GPUs in simulated hosts.
        modules: the positions of those on the board: the order of PCI is not that of the board.
    """

    name: str
    models: tuple[str, ...]
    count: int
    switches: int
    buses: tuple[int, ...]
    modules: tuple[int, ...] = ()

    @property
    def product(self) -> Product:
        """What simulated hosts have on it."""
        return PRODUCTS[self.models[0]]


_HOPPER_BUSES: Final = (0x1B, 0x43, 0x52, 0x61, 0x9D, 0xC3, 0xD1, 0xDF)
_HOPPER_MODULES: Final = (2, 4, 1, 3, 6, 8, 5, 7)

BOARDS: Final = MappingProxyType(
    {
        board.name: board
        for board in (
            Board(
                "hgx-a100-8", ("a100-sxm4-80gb", "a100-sxm4-40gb"), 8, 6,
                (0x07, 0x0F, 0x47, 0x4E, 0x87, 0x90, 0xB7, 0xBD), (4, 3, 2, 1, 8, 7, 6, 5),
            ),
            Board("hgx-h100-8", ("h100-80gb-hbm3",), 8, 4, _HOPPER_BUSES, _HOPPER_MODULES),
            Board("hgx-h200-8", ("h200",), 8, 4, _HOPPER_BUSES, _HOPPER_MODULES),
            Board("hgx-b200-8", ("b200",), 8, 2, _HOPPER_BUSES, _HOPPER_MODULES),
            Board("h100-nvl-pair", ("h100-nvl",), 2, 0, (0x17, 0x65)),
        )
    }
)  # fmt: skip
"""By name."""


def recognise(gpus: Sequence[Gpu], switches: int = 0) -> str:
    """What a host's GPUs are together: a board's name, `PCIE` or `OTHER`; empty without any.

    A board with switches is one by its models and number, unless its GPUs say that they hang on none. Several pairs of
    cards with a bridge are told as one pair is.

    Args:
        switches: how many NVSwitches the host's kernel sees; those of newer boards it does not show as such.
    """
    if not gpus:
        return ""
    models = {gpu.model for gpu in gpus}
    for board in BOARDS.values():
        if not models <= set(board.models) or len(models) != 1:
            continue
        if board.switches and len(gpus) == board.count and _may_hang_on_switches(gpus, switches):
            return board.name
        if not board.switches and _in_pairs(gpus):
            return board.name
    if any(gpu.links for gpu in gpus) or any(gpu.module is not None for gpu in gpus):
        return OTHER
    return PCIE


def summary(gpus: Sequence[Gpu], board: str) -> str:
    """The GPUs in words: how many of which model, what they are together, and how many are not well."""
    models = Counter(gpu.model for gpu in gpus)
    words = " + ".join(f"{count} {model}" for model, count in sorted(models.items()))
    states = Counter(gpu.health.state for gpu in gpus)
    ill = [f"{states[state]} {state}" for state in (HealthState.FAILED, HealthState.DEGRADED) if states[state]]
    details = [*([board] if board not in {"", PCIE, OTHER} else []), *ill]
    return f"{words} ({', '.join(details)})" if details else words


def _may_hang_on_switches(gpus: Sequence[Gpu], switches: int) -> bool:
    if switches or any(gpu.module is not None for gpu in gpus):
        return True
    peers = {link.peer for gpu in gpus for link in gpu.links or ()}
    return NVSWITCH in peers or all(gpu.links is None for gpu in gpus)


def _in_pairs(gpus: Sequence[Gpu]) -> bool:
    """Whether each is linked to exactly one other, which is linked to it."""
    peers = {gpu.address: [link.peer for link in gpu.links or ()] for gpu in gpus}
    return all(len(found) == 1 and peers.get(found[0]) == [address] for address, found in peers.items())
