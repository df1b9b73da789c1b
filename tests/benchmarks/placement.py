"""How long one placement takes at 100, 1,000 and 10,000 hosts.

Run it as a script: `python tests/benchmarks/placement.py`. Only the ratios carry from one machine to another.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "backend"))

from pextra.scheduling.place import NoPlacement, place, place_batch
from pextra.scheduling.request import AntiAffinity, Request
from pextra.scheduling.resources import Resources
from pextra.scheduling.snapshot import HostView, Snapshot

SIZES = (100, 1_000, 10_000)
BATCH = 10_000


def fleet(size: int, chance: random.Random) -> Snapshot:
    """Hosts of one make in three zones, half full on the average; one in four has no UEFI or TPM."""
    capacity = Resources(256, 512 * 1024, 8_000, dedicated_threads=64, hugepages_2m=65_536, hugepages_1g=64)
    return Snapshot.of(
        HostView(
            uid=f"uid-{number}",
            name=f"host-{number:05}",
            zone=f"zone-{number % 3}",
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
        )
        for number in range(size)
    )


def guest(number: int, chance: random.Random, *, picky: bool = False) -> Request:
    """A guest of a usual size; a picky one wants a zone, a label and to be away from its like."""
    vcpus = chance.choice((1, 2, 4, 8))
    return Request(
        uid=f"guest-{number}",
        tenant_uid="tenant",
        resources=Resources(vcpus, vcpus * 2_048, 20),
        zone="zone-1" if picky else None,
        host_labels={"disk": "nvme"} if picky else {},
        anti_affinity=AntiAffinity(f"group-{number % 100}", hard=False) if picky else None,
    )


def demanding(number: int, chance: random.Random) -> Request:
    """A guest with threads, hugepages, Secure Boot and a TPM of its own."""
    vcpus = chance.choice((1, 2, 4, 8))
    return Request(
        uid=f"guest-{number}",
        tenant_uid="tenant",
        resources=Resources(0, 0, 20, dedicated_threads=vcpus, hugepages_2m=vcpus * 1_024),
        features=frozenset({"secure_boot", "tpm"}),
    )


def milliseconds_a_decision(snapshot: Snapshot, requests: list[Request]) -> float:
    """The best of three runs over the requests."""
    runs: list[float] = []
    for _ in range(3):
        start = time.perf_counter()
        for request in requests:
            place(snapshot, request)
        runs.append((time.perf_counter() - start) / len(requests) * 1_000)
    return min(runs)


def main() -> None:
    """Print the table."""
    chance = random.Random(7)
    first = 0.0
    print(f"{'hosts':>7} {'plain ms':>9} {'ratio':>7} {'picky ms':>9} {'demanding ms':>12} {'hopeless ms':>12}")
    for size in SIZES:
        snapshot = fleet(size, chance)
        count = max(20, 20_000 // size)
        plain = milliseconds_a_decision(snapshot, [guest(n, chance) for n in range(count)])
        picky = milliseconds_a_decision(snapshot, [guest(n, chance, picky=True) for n in range(count)])
        able = milliseconds_a_decision(snapshot, [demanding(n, chance) for n in range(count)])
        huge = Request("huge", "tenant", Resources(10_000, 1, 1))
        hopeless = milliseconds_a_decision(snapshot, [huge] * count)
        first = first or plain
        print(f"{size:>7} {plain:>9.3f} {plain / first:>6.1f}x {picky:>9.3f} {able:>12.3f} {hopeless:>12.3f}")
    snapshot = fleet(1_000, chance)
    requests = [guest(n, chance, picky=n % 4 == 0) for n in range(BATCH)]
    start = time.perf_counter()
    decisions = place_batch(snapshot, requests)
    spent = time.perf_counter() - start
    refused = sum(isinstance(decision, NoPlacement) for decision in decisions)
    print(f"a batch of {BATCH:,} over 1,000 hosts: {spent:.1f} s, {refused:,} refused")


if __name__ == "__main__":
    main()
