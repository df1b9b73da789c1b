"""Writers that meet at one tenant's counters lose nothing and exceed nothing."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from pextra.errors import PextraError
from pextra.store import quota
from pextra.store.database import Database

LIMIT = 9


def test_used_is_the_sum_of_live_charges_after_concurrent_charges_and_releases(processes: list[Database]) -> None:
    database = processes[0]
    tenant = database.new_uid()
    database.write(lambda tx: quota.set_ceilings(tx, tenant, "acme", {"vcpus": LIMIT, "instances": LIMIT}))
    refusals: list[str] = []

    def work(seed: int) -> Counter[str]:
        rng, live = random.Random(seed), list[dict[str, int]]()
        for _ in range(15):
            if live and rng.random() < 0.4:
                delta = {name: -amount for name, amount in live[-1].items()}
            else:
                delta = {"vcpus": rng.randint(1, 3), "instances": 1}
            try:
                processes[seed].write(lambda tx, d=delta: quota.charge(tx, tenant, "acme", d, unlisted=lambda _: 0))
            except PextraError as error:
                refusals.append(error.code)
                continue
            if delta["instances"] < 0:
                live.pop()
            else:
                live.append(delta)
        return Counter({name: sum(d[name] for d in live) for name in ("vcpus", "instances")})

    with ThreadPoolExecutor(4) as pool:
        total = sum(pool.map(work, range(4)), Counter())
    usage = database.read(lambda tx: quota.usage(tx, tenant))
    assert {name: usage[name].used for name in usage} == {"vcpus": total["vcpus"], "instances": total["instances"]}
    assert all(counter.used <= LIMIT for counter in usage.values())
    assert set(refusals) <= {"quota.exceeded", "store.contention"}
    assert "quota.exceeded" in refusals


def test_a_limit_that_is_lowered_among_writers_is_never_exceeded(processes: list[Database]) -> None:
    database = processes[0]
    tenant = database.new_uid()
    database.write(lambda tx: quota.set_ceilings(tx, tenant, "acme", {"vcpus": 12}))
    charged: list[int] = []
    lowered: list[int] = []

    def charge(number: int) -> None:
        try:
            processes[number % 4].write(lambda tx: quota.charge(tx, tenant, "acme", {"vcpus": 1}, unlisted=lambda _: 0))
        except PextraError:
            return
        charged.append(1)

    def lower(_: int) -> None:
        for ceiling in (8, 6, 5):
            try:
                database.write(lambda tx, c=ceiling: quota.set_ceilings(tx, tenant, "acme", {"vcpus": c}))
            except PextraError:
                continue
            lowered.append(ceiling)

    with ThreadPoolExecutor(4) as pool:
        lowering = pool.submit(lower, 0)
        list(pool.map(charge, range(24)))
        lowering.result()
    (usage,) = database.read(lambda tx: quota.usage(tx, tenant)).values()
    assert usage.used == len(charged)
    assert usage.ceiling == (lowered[-1] if lowered else 12)
    assert usage.used <= (usage.ceiling or 0)


def test_children_are_never_granted_more_than_their_parent_has(processes: list[Database]) -> None:
    database = processes[0]
    parent = database.new_uid()
    database.write(lambda tx: quota.set_ceilings(tx, parent, "acme", {"vcpus": 10}))
    granted: list[int] = []

    def grant(number: int) -> None:
        delta = {"vcpus": 3}
        try:
            processes[number % 4].write(lambda tx: quota.grant(tx, parent, "acme", delta, unlisted=lambda _: 0))
        except PextraError:
            return
        granted.append(3)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(grant, range(8)))
    (usage,) = database.read(lambda tx: quota.usage(tx, parent)).values()
    assert usage.granted == sum(granted) == 9
