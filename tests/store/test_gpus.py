"""A GPU is given out as far as it goes, in one mode at a time, and who had what of it is kept."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from pextra.errors import PextraError
from pextra.store import allocations, gpus
from pextra.store.allocations import Amounts, Boarded
from pextra.store.database import Database
from pextra.store.gpus import Claim, Gpu
from tests.store.clock import ManualClock

SMALL = Amounts(1, 1_024, 10)
KIND = {"model": "h100", "shareable": True, "slices": []}


def whole(module: int) -> Claim:
    return Claim(f"gpu-{module}", "whole", "", 1000)


def share(module: int, milli: int) -> Claim:
    return Claim(f"gpu-{module}", "share", "", milli)


def mig(module: int, slots: int) -> Claim:
    return Claim(f"gpu-{module}", "mig", "1g", 125 * slots.bit_count(), slots)


def vf(module: int, number: int) -> Claim:
    return Claim(f"gpu-{module}", "vf", "", 250, 1 << number)


@pytest.fixture
def tenant(database: Database) -> str:
    return database.new_uid()


@pytest.fixture
def add_host(database: Database) -> Callable[..., str]:
    """Makes a host with four GPUs and tells its uid."""

    def add(uid: str | None = None, *, there: tuple[int, ...] = (0, 1, 2, 3), usable: bool = True) -> str:
        uid = uid or database.new_uid()
        boards = [Gpu(uid, f"gpu-{place}", place, KIND, place // 2, usable) for place in there]
        database.write(
            lambda tx: allocations.set_host(
                tx,
                uid,
                name="h1",
                zone="a",
                pool="local",
                pool_shared=False,
                labels={},
                ready=True,
                schedulable=True,
                capacity=Amounts(32, 65_536, 1_000),
                gpus=Boarded(tuple(boards), None),
            )
        )
        return uid

    return add


@pytest.fixture
def host(add_host: Callable[..., str]) -> str:
    return add_host()


def give(database: Database, host: str, tenant: str, *claims: Claim) -> str | None:
    """The guest that has been given them, if they were there."""
    guest = database.new_uid()
    taken = database.write(lambda tx: allocations.take(tx, host, tenant, guest, SMALL, gpus=claims))
    return guest if taken else None


def release(database: Database, tenant: str, guest: str) -> None:
    database.write(lambda tx: allocations.release(tx, tenant, guest))


def seen(database: Database, host: str) -> list[tuple[int, str, str, int]]:
    """What is given out of each GPU of the host."""
    found = database.read(lambda tx: gpus.of_host(tx, host))
    return [(g.used_milli, g.mode, g.profile, g.slots) for g in found]


def test_what_is_given_out_is_counted_and_comes_back(database: Database, tenant: str, host: str) -> None:
    guest = give(database, host, tenant, whole(0), whole(2))
    assert guest is not None
    assert seen(database, host) == [(1000, "whole", "", 0), (0, "", "", 0), (1000, "whole", "", 0), (0, "", "", 0)]
    assert database.read(lambda tx: gpus.claims_of(tx, tenant, guest)) == [whole(0), whole(2)]
    for _ in range(2):
        release(database, tenant, guest)
    assert seen(database, host) == [(0, "", "", 0)] * 4


def test_a_guest_gets_all_of_its_gpus_or_nothing_at_all(database: Database, tenant: str, host: str) -> None:
    assert give(database, host, tenant, whole(1))
    assert give(database, host, tenant, whole(0), whole(1)) is None
    assert seen(database, host)[0] == (0, "", "", 0)
    assert database.read(lambda tx: len(allocations.on(tx, host))) == 1


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        (share(0, 600), share(0, 400), True),
        (share(0, 600), share(0, 401), False),
        (share(0, 100), whole(0), False),
        (share(0, 100), mig(0, 0b1), False),
        (mig(0, 0b11), mig(0, 0b100), True),
        (mig(0, 0b11), mig(0, 0b110), False),
        (Claim("gpu-0", "vgpu", "q4", 250), Claim("gpu-0", "vgpu", "q4", 250), True),
        (Claim("gpu-0", "vgpu", "q4", 250), Claim("gpu-0", "vgpu", "q8", 500), False),
        (vf(0, 0), vf(0, 1), True),
        (vf(0, 30), vf(0, 30), False),
        (vf(0, 30), vf(0, 29), True),
        (vf(0, 0), whole(0), False),
        (whole(0), vf(0, 0), False),
        (whole(0), Claim("gpu-9", "whole", "", 1000), False),
    ],
)
def test_what_excludes_each_other_is_not_given_out_of_one_gpu(
    database: Database, tenant: str, host: str, first: Claim, second: Claim, *, together: bool
) -> None:
    one = give(database, host, tenant, first)
    assert one is not None
    assert (give(database, host, tenant, second) is not None) == together
    other = give(database, host, tenant, replace(first, address="gpu-3"), replace(second, address="gpu-3"))
    assert (other is not None) == together
    release(database, tenant, one)
    if not together and second.address == "gpu-0":
        assert give(database, host, tenant, second) is not None  # nothing of the first is left


def test_gpu_that_has_gone_is_kept_for_the_guest_that_has_it_and_given_to_nobody(
    database: Database, tenant: str, add_host: Callable[..., str]
) -> None:
    host = add_host()
    guest = give(database, host, tenant, whole(0))
    assert guest is not None
    add_host(host, there=(2, 3))
    assert [(g.address, g.usable) for g in database.read(lambda tx: gpus.of_host(tx, host))] == [
        ("gpu-0", False), ("gpu-2", True), ("gpu-3", True),
    ]  # fmt: skip
    release(database, tenant, guest)
    assert give(database, host, tenant, whole(0)) is None
    add_host(host, there=(2, 3))
    assert [g.address for g in database.read(lambda tx: gpus.of_host(tx, host))] == ["gpu-2", "gpu-3"]


def test_gpu_that_may_not_be_used_is_given_to_nobody(
    database: Database, tenant: str, add_host: Callable[..., str]
) -> None:
    host = add_host()
    assert give(database, host, tenant, whole(0))
    add_host(host, usable=False)
    assert give(database, host, tenant, whole(1)) is None
    assert seen(database, host)[0] == (1000, "whole", "", 0)


def test_who_had_what_from_when_to_when_is_kept(database: Database, tenant: str, host: str) -> None:
    clock = database.clock = ManualClock()
    start = int(clock.now() * 1_000_000)
    guest = give(database, host, tenant, whole(0), share(1, 250))
    assert guest is not None
    clock.advance(90)
    release(database, tenant, guest)
    clock.advance(10)
    later = give(database, host, tenant, share(1, 500))
    end = int(clock.now() * 1_000_000) + 1
    found = database.read(lambda tx: gpus.usage(tx, [tenant], since_us=0, until_us=end))
    assert [(i.consumer_uid, i.model) for i in found] == [(guest, "h100"), (guest, "h100"), (later, "h100")]
    assert {(i.mode, i.milli) for i in found[:2]} == {("whole", 1000), ("share", 250)}
    assert [(i.started_us - start, i.ended_us and i.ended_us - start) for i in found] == [
        (0, 90_000_000), (0, 90_000_000), (100_000_000, None),
    ]  # fmt: skip
    before = database.read(lambda tx: gpus.usage(tx, [tenant], since_us=start + 95_000_000, until_us=end))
    assert [i.consumer_uid for i in before] == [later]
    assert database.read(lambda tx: gpus.usage(tx, [database.new_uid()], since_us=0, until_us=end)) == []


def test_what_guests_with_gpus_take_is_counted_by_shape(database: Database, tenant: str, host: str) -> None:
    give(database, host, tenant, whole(0), whole(1))
    give(database, host, tenant, share(2, 250))
    give(database, host, tenant, share(2, 250))
    give(database, host, tenant, mig(3, 1))
    shapes = database.read(gpus.live_shapes)
    assert sorted((s.vcpus, s.gpus, s.milli, s.guests) for s in shapes) == [(1, 1, 250, 2), (1, 2, 1000, 1)]


def test_guests_that_come_and_go_at_once_are_never_given_a_gpu_twice(
    processes: list[Database], tenant: str, host: str
) -> None:
    database = processes[0]
    refused: list[str] = []

    def live(seed: int) -> list[tuple[str, tuple[Claim, ...]]]:
        rng, mine = random.Random(seed), list[tuple[str, tuple[Claim, ...]]]()
        for _ in range(14):
            try:
                if mine and rng.random() < 0.4:
                    guest, _ = mine[-1]
                    release(processes[seed], tenant, guest)
                    mine.pop()
                    continue
                first = rng.randrange(4)
                claims = rng.choice(
                    [
                        (whole(first), whole(first ^ 1)),
                        (share(first, 400),),
                        (mig(first, 1 << rng.randrange(7)),),
                        (vf(first, rng.randrange(4)),),
                    ]
                )
                guest = give(processes[seed], host, tenant, *claims)
                if guest is None:
                    refused.append("taken")
                else:
                    mine.append((guest, claims))
            except PextraError as error:
                refused.append(error.code)
        return mine

    with ThreadPoolExecutor(4) as pool:
        living = [each for mine in pool.map(live, range(4)) for each in mine]
    expected = {f"gpu-{place}": (0, set[str](), 0) for place in range(4)}
    for _, claims in living:
        for claim in claims:
            used, modes, slots = expected[claim.address]
            assert slots & claim.slots == 0
            expected[claim.address] = (used + claim.milli, modes | {claim.mode}, slots | claim.slots)
    for one in database.read(lambda tx: gpus.of_host(tx, host)):
        used, modes, slots = expected[one.address]
        assert (one.used_milli, one.slots) == (used, slots)
        assert used <= 1000
        assert modes == ({one.mode} if one.mode else set())
    assert "taken" in refused
    assert set(refused) <= {"taken", "store.contention"}
