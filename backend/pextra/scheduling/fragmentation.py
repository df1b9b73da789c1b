"""How usable what is free of GPUs still is, in the terms by which the scheduler places."""

from __future__ import annotations

from pextra.scheduling.arrays import Floats
from pextra.scheduling.gpus.boards import Board, choose
from pextra.scheduling.gpus.workload import SCALE
from pextra.scheduling.snapshot import Snapshot


def fragmented(snapshot: Snapshot) -> Floats:
    """How many of the free GPUs of each host its usual guests could not use: see `Workload.waste`; rarely more."""
    hosts = snapshot.fleet.everyone
    waste = snapshot.fleet.workload.waste(list(snapshot.free), snapshot.gpus.open(hosts), snapshot.fleet.usable)
    return waste / SCALE


def partitions_left(board: Board, free: int, size: int) -> int:
    """How many guests that want `size` linked GPUs each could have them one after the other.

    Args:
        free: the board's GPUs that are not used, as bits.
    """
    found = 0
    while (chosen := choose(board, free, size, linked=True)) is not None:
        free &= ~chosen.gpus
        found += 1
    return found
