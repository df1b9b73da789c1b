"""How much of a cluster's GPUs is handed out before the rest is of no use, on a production trace.

    OPENB_DATA=.../openb python -m tests.benchmarks.gpu_packing [seeds]

Data: Alibaba's cluster-trace-gpu-v2023 ("openb"), published with "Beware of Fragmentation: Scheduling GPU-Sharing
Workloads with Fragmentation Gradient Descent" (USENIX ATC 2023). Protocol of the paper: tasks are drawn with
replacement until they ask for 130 % of the GPUs, shuffled (seeds from 42 on), and placed one after the other; nothing
ends; what does not fit is left out. What is printed is the share of the GPUs that is not handed out once 100 % and
130 % have been asked for, beside the means that were published.

`OPENB_PODS` names another of the trace's lists. `OPENB_SHUFFLED=1` gives the hosts other names and another order.
`OPENB_KNOWN=0` keeps the workload from the scheduler: it then learns it from the tasks that came before.
"""

from __future__ import annotations

import csv
import os
import random
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from pextra.scheduling.gpus.devices import WHOLE_MILLI, GpuType, GpuView, Mode
from pextra.scheduling.gpus.wishes import GpuRequest
from pextra.scheduling.gpus.workload import Workload
from pextra.scheduling.place import Placement, place
from pextra.scheduling.request import Request
from pextra.scheduling.resources import Resources
from pextra.scheduling.snapshot import HostView, Snapshot

PUBLISHED = {"Random": 13.70, "Dot-product": 9.38, "Clustering": 8.35, "Packing": 8.22, "Best-fit": 7.14, "FGD": 4.77}
DEMAND = 1.3
FIRST_SEED = 42


def hosts(folder: Path, chance: random.Random | None) -> list[HostView]:
    """The trace's nodes; processors are counted in thousandths."""
    kinds: dict[str, GpuType] = {}
    with (folder / "openb_node_list_gpu_node.csv").open() as file:
        rows = list(csv.DictReader(file))
    names = [row["sn"] for row in rows]
    if chance is not None:
        names = [f"host-{number:05}" for number in range(len(rows))]
        chance.shuffle(names)
    return [
        HostView(
            uid=name,
            name=name,
            zone="a",
            ready=True,
            schedulable=True,
            capacity=Resources(int(row["cpu_milli"]), int(row["memory_mib"])),
            used=Resources(),
            gpus=tuple(
                GpuView(str(place), kinds.setdefault(row["model"], GpuType(row["model"], shareable=True)))
                for place in range(int(row["gpu"]))
            ),
        )
        for row, name in zip(rows, names, strict=True)
    ]


def tasks(path: Path) -> list[Request]:
    """The trace's tasks."""
    with path.open() as file:
        return [_task(row) for row in csv.DictReader(file)]


def _task(row: dict[str, str]) -> Request:
    count = int(row["num_gpu"])
    milli = int(row["gpu_milli"]) if count == 1 else WHOLE_MILLI
    models = frozenset(row["gpu_spec"].split("|")) - {""} if row.get("gpu_spec") else frozenset[str]()
    wish = None
    if count:
        mode = Mode.WHOLE if milli == WHOLE_MILLI else Mode.SHARE
        wish = GpuRequest(count=count, models=models, mode=mode, milli=milli)
    return Request(row["name"], "tenant", Resources(int(row["cpu_milli"]), int(row["memory_mib"])), gpus=wish)


def milli_of(request: Request) -> int:
    """Thousandths of GPUs that it asks for."""
    return request.gpus.count * request.gpus.milli if request.gpus else 0


def arrivals(given: list[Request], seed: int, total: int) -> Iterator[Request]:
    """Tasks drawn until they ask for enough, shuffled."""
    chance = random.Random(seed)
    drawn: list[Request] = []
    asked = 0
    while asked < DEMAND * total:
        drawn.append(chance.choice(given))
        asked += milli_of(drawn[-1])
    chance.shuffle(drawn)
    return iter(drawn)


def run(fleet: list[HostView], given: list[Request], seed: int, *, known: bool) -> tuple[float, float, float]:
    """The shares, in %, that are not handed out at 100 % and at 130 %, and the CPU seconds a decision."""
    total = sum(len(host.gpus) for host in fleet) * WHOLE_MILLI
    draft = Snapshot.of(fleet, Workload.of(given) if known else None).draft()
    seen: list[Request] = []
    asked = handed_out = decisions = 0
    at_all: float | None = None
    start = time.process_time()
    for request in arrivals(given, seed, total):
        asked += milli_of(request)
        if not known:
            seen.append(request)
            if len(seen) in (50, 200, 800, 3200):
                draft = draft.with_workload(Workload.of(seen)).draft()
        decision = place(draft, request)
        decisions += 1
        if isinstance(decision, Placement):
            draft.reserve(draft.fleet.index_by_uid[decision.host_uid], request, decision.gpus)
            handed_out += milli_of(request)
        if at_all is None and asked >= total:
            at_all = 100 - 100 * handed_out / total
    spent = time.process_time() - start
    assert at_all is not None
    return at_all, 100 - 100 * handed_out / total, spent / decisions


def main() -> None:
    """Print a row a seed, the means, and those that were published."""
    folder = Path(os.environ["OPENB_DATA"])
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    shuffled = os.environ.get("OPENB_SHUFFLED") == "1"
    known = os.environ.get("OPENB_KNOWN", "1") == "1"
    given = tasks(folder / os.environ.get("OPENB_PODS", "openb_pod_list_default.csv"))
    results: list[tuple[float, float, float]] = []
    print(f"{'seed':>6} {'at 100 %':>9} {'at 130 %':>9} {'CPU-ms a decision':>18}")
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        fleet = hosts(folder, random.Random(seed) if shuffled else None)
        results.append(run(fleet, given, seed, known=known))
        print(f"{seed:>6} {results[-1][0]:>9.2f} {results[-1][1]:>9.2f} {results[-1][2] * 1e3:>18.2f}", flush=True)
    mean, later, spent = (statistics.mean(column) for column in zip(*results, strict=True))
    print(f"{'mean':>6} {mean:>9.2f} {later:>9.2f} {spent * 1e3:>18.2f}")
    for name, figure in PUBLISHED.items():
        print(f"not handed out at 100 %: {mean / figure:.2f} of {name}'s ({figure})")


if __name__ == "__main__":
    main()
