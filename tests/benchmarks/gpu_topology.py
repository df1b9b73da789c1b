"""How many NVLink partitions stay whole while a cluster of 8-GPU hosts fills up.

    OPENB_DATA=.../openb python -m tests.benchmarks.gpu_topology [seeds]

The hosts with eight GPUs of Alibaba's cluster-trace-gpu-v2023 ("openb", USENIX ATC 2023) are given the board of an
HGX H100 and two NUMA cells, and the trace's tasks are placed on them one after the other (seeds from 42 on): those with
2, 4 and 8 GPUs want them linked, all would rather have one cell. The same is done without the term by which hosts are
compared for their links. At each share of the GPUs that has been asked for it is counted how many partitions of four
and of two are whole, and how many of the guests that wanted links were refused so far.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from pextra.scheduling.gpus.boards import BOARDS, Board
from pextra.scheduling.gpus.devices import WHOLE_MILLI
from pextra.scheduling.gpus.wishes import Wish
from pextra.scheduling.gpus.workload import Workload
from pextra.scheduling.place import Placement, place
from pextra.scheduling.request import Request
from pextra.scheduling.scores import SPREAD, Policy
from pextra.scheduling.snapshot import Draft, HostView, Snapshot
from tests.benchmarks.gpu_packing import FIRST_SEED, arrivals, hosts, milli_of, tasks

SHARES = (0.5, 0.7, 0.9)
HGX = BOARDS["hgx-h100-8"]
BLIND = Policy("blind", tuple(entry for entry in SPREAD.terms if entry[0].name != "whole_links"))


@dataclass(frozen=True)
class Seen:
    """What is left at one moment."""

    fours: int
    pairs: int
    refused: int
    wanting: int


def boarded(host: HostView, board: Board) -> HostView:
    """The host with its GPUs on a board, half of them in each cell."""
    gpus = tuple(replace(gpu, cell=place // 4) for place, gpu in enumerate(host.gpus))
    return replace(host, gpus=gpus, board=board)


def wishing(request: Request) -> Request:
    """The task with what it would ask for here."""
    if request.gpus is None:
        return request
    linked = Wish.REQUIRED if request.gpus.count in (2, 4, 8) else Wish.NONE
    return replace(request, gpus=replace(request.gpus, nvlink=linked, numa=Wish.PREFERRED))


def whole(draft: Draft) -> Counter[int]:
    """How many partitions of each size have all of their GPUs free."""
    found = Counter[int]()
    masks = ((draft.gpus.free == WHOLE_MILLI) * draft.gpus.fleet.bits).sum(axis=1).tolist()
    for free in masks:
        found.update(partition.bit_count() for partition in HGX.partitions if partition & ~free == 0)
    return found


def run(fleet: list[HostView], given: list[Request], seed: int, policy: Policy) -> list[Seen]:
    """What is left at each of the shares."""
    total = sum(len(host.gpus) for host in fleet) * WHOLE_MILLI
    draft = Snapshot.of(fleet, Workload.of(given)).draft()
    asked = refused = wanting = 0
    found: list[Seen] = []
    for request in arrivals(given, seed, total):
        asked += milli_of(request)
        linked = request.gpus is not None and request.gpus.nvlink is Wish.REQUIRED
        wanting += linked
        decision = place(draft, request, policy)
        if isinstance(decision, Placement):
            draft.reserve(draft.fleet.index_by_uid[decision.host_uid], request, decision.gpus, decision.cell)
        else:
            refused += linked
        if len(found) < len(SHARES) and asked >= SHARES[len(found)] * total:
            left = whole(draft)
            found.append(Seen(left[4], left[2], refused, wanting))
    return found


def main() -> None:
    """Print the means of both, and their ratio."""
    folder = Path(os.environ["OPENB_DATA"])
    seeds = range(FIRST_SEED, FIRST_SEED + (int(sys.argv[1]) if len(sys.argv) > 1 else 3))
    fleet = [boarded(host, HGX) for host in hosts(folder, random.Random(1)) if len(host.gpus) == HGX.size]
    given = [wishing(task) for task in tasks(folder / "openb_pod_list_default.csv")]
    print(f"{len(fleet)} hosts; means of {len(seeds)} seeds, with the term for links / without it")
    print(f"{'asked for':>10} {'fours whole':>22} {'pairs whole':>22} {'linked guests refused':>30}")
    both = [[run(fleet, given, seed, policy) for seed in seeds] for policy in (SPREAD, BLIND)]
    for row, share in enumerate(SHARES):
        columns: list[str] = []
        for name, width in (("fours", 22), ("pairs", 22), ("refused", 30)):
            ours, blind = (statistics.mean(getattr(seen[row], name) for seen in runs) for runs in both)
            columns.append(f"{ours:.0f} / {blind:.0f} = {ours / blind if blind else 1:.2f}".rjust(width))
        print(f"{share:>10.0%} {' '.join(columns)}")


if __name__ == "__main__":
    main()
