"""How long one placement takes at 100, 1,000 and 10,000 hosts.

`python -m tests.benchmarks.placement`. Requests of each kind come one after the other, each placed on top of those
before it, as in a batch. Only the ratios carry from one machine to another.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from pextra.scheduling.gpus.boards import BOARDS
from pextra.scheduling.gpus.devices import WHOLE_MILLI, GpuType, GpuView, Mode
from pextra.scheduling.gpus.wishes import GpuRequest, Wish
from pextra.scheduling.gpus.workload import Workload
from pextra.scheduling.groups import Group, Rule, Topology
from pextra.scheduling.place import NoPlacement, Placement, place, place_batch
from pextra.scheduling.request import Request
from pextra.scheduling.resources import Resources
from pextra.scheduling.snapshot import CellView, HostView, Snapshot

SIZES = (100, 1_000, 10_000)
DECISIONS = 200
BATCH = 10_000


def fleet(size: int, chance: random.Random) -> Snapshot:
    """Hosts of one make in three zones, half full on the average; one in four has no UEFI or TPM, one in three GPUs."""
    h100 = GpuType("h100", shareable=True)
    cell = Resources(128, 256 * 1024, dedicated_threads=32, hugepages_2m=32_768, hugepages_1g=32)
    usual = [training(0, chance), sharing(0, chance), *(demanding(n, chance) for n in range(4))]
    capacity = Resources(256, 512 * 1024, 8_000, dedicated_threads=64, hugepages_2m=65_536, hugepages_1g=64)
    return Snapshot.of(
        (
            HostView(
                uid=f"uid-{number}",
                name=f"host-{number:05}",
                zone=f"zone-{number % 3}",
                rack=f"rack-{number // 30}",
                ready=chance.random() > 0.01,
                schedulable=chance.random() > 0.02,
                capacity=capacity,
                used=Resources(
                    chance.randrange(256),
                    chance.randrange(512 * 1024),
                    chance.randrange(8_000),
                    chance.randrange(64),
                    chance.randrange(65_536),
                    chance.randrange(64),
                ),
                labels={"disk": "nvme" if number % 2 else "ssd"},
                features=frozenset({"uefi", "secure_boot", "tpm"} if number % 4 else ()),
                gpus=gpus(h100, chance) if number % 3 == 0 else (),
                board=BOARDS["hgx-h100-8"] if number % 3 == 0 else None,
                cells=(CellView(cell), CellView(cell)),
            )
            for number in range(size)
        ),
        Workload.of(usual),
    )


def gpus(kind: GpuType, chance: random.Random) -> tuple[GpuView, ...]:
    """A board of eight, of which a quarter is handed out."""
    return tuple(
        GpuView(f"gpu-{place}", kind, cell=place // 4, used_milli=WHOLE_MILLI, mode=Mode.WHOLE)
        if chance.random() < 0.25
        else GpuView(f"gpu-{place}", kind, cell=place // 4)
        for place in range(8)
    )


def sharing(number: int, chance: random.Random) -> Request:
    """A guest with a part of a GPU."""
    wish = GpuRequest(mode=Mode.SHARE, milli=chance.choice((250, 500)))
    return Request(f"guest-{number}", "tenant", Resources(4, 16_384, 20), gpus=wish)


def guest(number: int, chance: random.Random, *, picky: bool = False) -> Request:
    """A guest of a usual size; a picky one wants a zone, a label and to be away from its like."""
    vcpus = chance.choice((1, 2, 4, 8))
    return Request(
        uid=f"guest-{number}",
        tenant_uid="tenant",
        resources=Resources(vcpus, vcpus * 2_048, 20),
        zone="zone-1" if picky else None,
        host_labels={"disk": "nvme"} if picky else {},
        group=Group(f"group-{number % 100}", Rule.ANTI_AFFINITY) if picky else None,
    )


def grouped(number: int, chance: random.Random, rule: Rule) -> Request:
    """A guest of one of ten groups that are to be kept by racks."""
    group = Group(f"{rule}-{number % 10}", rule, Topology.RACK, required=True)
    return Request(f"guest-{number}", "tenant", Resources(chance.choice((1, 2)), 2_048, 20), group=group)


def demanding(number: int, chance: random.Random) -> Request:
    """A guest with threads, hugepages, Secure Boot and a TPM of its own."""
    vcpus = chance.choice((1, 2, 4, 8))
    return Request(
        uid=f"guest-{number}",
        tenant_uid="tenant",
        resources=Resources(0, 0, 20, dedicated_threads=vcpus, hugepages_2m=vcpus * 1_024),
        features=frozenset({"secure_boot", "tpm"}),
    )


def training(number: int, chance: random.Random) -> Request:
    """A guest with four linked GPUs and threads and memory of the same cell."""
    threads = chance.choice((8, 16))
    return Request(
        uid=f"guest-{number}",
        tenant_uid="tenant",
        resources=Resources(0, 0, 20, dedicated_threads=threads, hugepages_1g=threads),
        gpus=GpuRequest(count=4, models=frozenset({"h100"}), nvlink=Wish.REQUIRED, numa=Wish.REQUIRED),
    )


def milliseconds_a_decision(snapshot: Snapshot, requests: list[Request]) -> float:
    """CPU time, with what has to be noted after each decision; the best of three runs over the requests."""
    runs: list[float] = []
    for _ in range(3):
        draft = snapshot.draft()
        start = time.process_time()
        for request in requests:
            decision = place(draft, request)
            if isinstance(decision, Placement):
                draft.reserve(draft.fleet.index_by_uid[decision.host_uid], request, decision.gpus, decision.cell)
        runs.append((time.process_time() - start) / len(requests) * 1_000)
    return min(runs)


def main() -> None:
    """Print the table."""
    chance = random.Random(7)
    kinds: dict[str, Callable[[int], Request]] = {
        "plain": lambda number: guest(number, chance),
        "picky": lambda number: guest(number, chance, picky=True),
        "apart by rack": lambda number: grouped(number, chance, Rule.ANTI_AFFINITY),
        "spread by rack": lambda number: grouped(number, chance, Rule.SPREAD),
        "demanding": lambda number: demanding(number, chance),
        "hopeless": lambda _: Request("huge", "tenant", Resources(10_000, 1, 1)),
        "4 linked GPUs": lambda number: training(number, chance),
        "part of a GPU": lambda number: sharing(number, chance),
    }
    first: dict[str, float] = {}
    unseen: list[str] = []
    print("CPU-ms a decision, and how much more than with 100 hosts")
    print(f"{'hosts':>7}" + "".join(f"{name:>20}" for name in kinds))
    for size in SIZES:
        snapshot = fleet(size, chance)
        row: list[str] = []
        alone: list[str] = []
        for name, make in kinds.items():
            alone.append(f"{milliseconds_a_decision(snapshot, [make(0)]):>20.3f}")
            spent = milliseconds_a_decision(snapshot, [make(number) for number in range(DECISIONS)])
            row.append(f"{spent:>12.3f} {spent / first.setdefault(name, spent):>6.1f}x")
        print(f"{size:>7}" + "".join(row), flush=True)
        unseen.append(f"{size:>7}" + "".join(alone))
    print("the first request of its kind, for which every host is looked at")
    print("\n".join(unseen))
    snapshot = fleet(1_000, chance)
    requests = [guest(n, chance, picky=n % 4 == 0) for n in range(BATCH)]
    start = time.perf_counter()
    decisions = place_batch(snapshot, requests)
    spent = time.perf_counter() - start
    refused = sum(isinstance(decision, NoPlacement) for decision in decisions)
    print(f"a batch of {BATCH:,} over 1,000 hosts: {spent:.1f} s, {refused:,} refused")


if __name__ == "__main__":
    main()
