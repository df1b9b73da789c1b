"""A host gives out what it has and no more, to each guest once."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from pextra.errors import PextraError
from pextra.store import allocations
from pextra.store.allocations import COUNTED, Amounts, HostRow
from pextra.store.database import Database
from tests.store.clock import ManualClock

CAPACITY = Amounts(8, 8_192, 100, dedicated_threads=4, hugepages_2m=512, hugepages_1g=2)
SMALL = Amounts(1, 1_024, 10)
NOTHING = Amounts(0, 0, 0)


@pytest.fixture
def tenant(database: Database) -> str:
    return database.new_uid()


@pytest.fixture
def add_host(database: Database) -> Callable[..., str]:
    """Makes a host and tells its uid."""

    def add(name: str = "h1", *, ready: bool = True, schedulable: bool = True, uid: str | None = None) -> str:
        uid = uid or database.new_uid()
        database.write(
            lambda tx: allocations.set_host(
                tx,
                uid,
                name=name,
                zone="zone-a",
                pool="local",
                pool_shared=False,
                labels={"disk": "fast"},
                ready=ready,
                schedulable=schedulable,
                capacity=CAPACITY,
            )
        )
        return uid

    return add


def take(database: Database, host: str, tenant: str, guest: str, amounts: Amounts, group: str | None = None) -> bool:
    return database.write(lambda tx: allocations.take(tx, host, tenant, guest, amounts, placement_group_uid=group))


def seen(database: Database, uid: str) -> HostRow:
    return next(h for h in database.read(allocations.hosts) if h.uid == uid)


def test_what_is_given_out_is_counted_and_comes_back(
    database: Database, tenant: str, add_host: Callable[..., str]
) -> None:
    host, guest = add_host(), database.new_uid()
    assert take(database, host, tenant, guest, SMALL)
    assert seen(database, host).used == SMALL
    held = database.read(lambda tx: allocations.of(tx, tenant, guest))
    assert held is not None
    assert (held.host_uid, held.amounts) == (host, SMALL)
    database.write(lambda tx: allocations.release(tx, tenant, guest))
    assert seen(database, host).used == NOTHING
    assert database.read(lambda tx: allocations.on(tx, host)) == []


def test_giving_back_twice_gives_back_once(database: Database, tenant: str, add_host: Callable[..., str]) -> None:
    host, guests = add_host(), [database.new_uid() for _ in range(2)]
    for guest in guests:
        take(database, host, tenant, guest, SMALL)
    for _ in range(2):
        database.write(lambda tx: allocations.release(tx, tenant, guests[0]))
    assert seen(database, host).used == SMALL


@pytest.mark.parametrize(
    "amounts",
    [
        Amounts(9, 1, 1),
        Amounts(1, 8_193, 1),
        Amounts(1, 1, 101),
        Amounts(0, 0, 1, 5, 0, 0),
        Amounts(0, 0, 1, 0, 513, 0),
        Amounts(0, 0, 1, 0, 0, 3),
    ],
)
def test_more_than_is_there_of_anything_is_not_given(
    database: Database, tenant: str, add_host: Callable[..., str], amounts: Amounts
) -> None:
    host = add_host()
    assert not take(database, host, tenant, database.new_uid(), amounts)
    assert seen(database, host).used == NOTHING
    assert database.read(lambda tx: allocations.on(tx, host)) == []


@pytest.mark.parametrize("state", [{"ready": False}, {"schedulable": False}])
def test_a_host_that_is_not_ready_or_closed_gives_nothing(
    database: Database, tenant: str, add_host: Callable[..., str], state: dict[str, bool]
) -> None:
    assert not take(database, add_host(**state), tenant, database.new_uid(), SMALL)


def test_a_closed_host_keeps_its_guests_and_takes_no_more(
    database: Database, tenant: str, add_host: Callable[..., str]
) -> None:
    host = add_host()
    take(database, host, tenant, database.new_uid(), SMALL)
    database.write(lambda tx: allocations.close_host(tx, host))
    assert not take(database, host, tenant, database.new_uid(), SMALL)
    assert len(database.read(lambda tx: allocations.on(tx, host))) == 1


def test_stating_anew_what_a_host_has_keeps_what_is_given_out(
    database: Database, tenant: str, add_host: Callable[..., str]
) -> None:
    host = add_host()
    take(database, host, tenant, database.new_uid(), SMALL)
    add_host("renamed", uid=host)
    assert (seen(database, host).name, seen(database, host).used) == ("renamed", SMALL)


def test_a_guest_grows_where_there_is_room_and_shrinks_anywhere(
    database: Database, tenant: str, add_host: Callable[..., str]
) -> None:
    host, guest = add_host(), database.new_uid()
    take(database, host, tenant, guest, SMALL)

    def resize(amounts: Amounts) -> bool:
        held = database.read(lambda tx: allocations.of(tx, tenant, guest))
        assert held is not None
        return database.write(lambda tx: allocations.resize(tx, held, amounts))

    assert resize(Amounts(8, 1_024, 10))
    assert not resize(Amounts(9, 1_024, 10))
    assert seen(database, host).used == Amounts(8, 1_024, 10)
    database.write(lambda tx: allocations.close_host(tx, host))
    assert resize(SMALL)
    assert seen(database, host).used == SMALL


def test_hosts_tell_how_many_guests_of_each_placement_group_they_have(
    database: Database, tenant: str, add_host: Callable[..., str]
) -> None:
    one, two, other = add_host("h1"), add_host("h2"), database.new_uid()
    web, others_web = database.new_uid(), database.new_uid()
    for host, owner, group in [(one, tenant, web), (one, tenant, web), (one, other, others_web), (two, tenant, None)]:
        take(database, host, owner, database.new_uid(), SMALL, group)
    assert seen(database, one).groups == {web: 2, others_web: 1}
    assert seen(database, two).groups == {}
    assert database.read(lambda tx: allocations.members(tx, web)) == {one: 2}
    mine = next(h for h in database.read(lambda tx: allocations.hosts(tx, groups_of=[tenant])) if h.uid == one)
    assert mine.groups == {web: 2}


def test_guests_that_come_and_go_at_once_never_exceed_what_the_hosts_have(
    processes: list[Database], tenant: str, add_host: Callable[..., str]
) -> None:
    hosts, database = [add_host("h1"), add_host("h2")], processes[0]
    refused: list[str] = []

    def live(seed: int) -> list[tuple[str, Amounts]]:
        rng, mine = random.Random(seed), list[tuple[str, Amounts]]()
        for _ in range(14):
            try:
                if mine and rng.random() < 0.35:
                    guest, _ = mine[-1]
                    processes[seed].write(lambda tx, g=guest: allocations.release(tx, tenant, g))
                    mine.pop()
                    continue
                guest, amounts = (
                    database.new_uid(),
                    Amounts(rng.randint(1, 3), 1_024, rng.randint(5, 30), rng.randint(0, 1), rng.randint(0, 99)),
                )
                if take(processes[seed], rng.choice(hosts), tenant, guest, amounts):
                    mine.append((guest, amounts))
                else:
                    refused.append("full")
            except PextraError as error:
                refused.append(error.code)
        return mine

    with ThreadPoolExecutor(4) as pool:
        living = [each for mine in pool.map(live, range(4)) for each in mine]
    given = [a for host in hosts for a in database.read(lambda tx, h=host: allocations.on(tx, h))]
    assert sorted((a.consumer_uid, a.amounts.vcpus) for a in given) == sorted((g, a.vcpus) for g, a in living)
    for host in hosts:
        row, mine = seen(database, host), [a.amounts for a in given if a.host_uid == host]
        assert row.used == Amounts(*(sum(getattr(a, f) for a in mine) for f in COUNTED))
        assert row.used.vcpus <= row.capacity.vcpus
        assert row.used.disk_gib <= row.capacity.disk_gib
    assert "full" in refused
    assert set(refused) <= {"full", "store.contention"}


def test_one_guest_that_is_placed_twice_at_once_is_placed_once(
    processes: list[Database], tenant: str, add_host: Callable[..., str]
) -> None:
    hosts, guest = [add_host(f"h{n}") for n in range(4)], processes[0].new_uid()
    for process in processes:
        process.clock = ManualClock()  # who comes second tries again to the end

    def place(process: Database, host: str) -> bool:
        try:
            return take(process, host, tenant, guest, SMALL)
        except PextraError:
            return False

    with ThreadPoolExecutor(4) as pool:
        placed = list(pool.map(place, processes, hosts))
    assert placed.count(True) == 1
    assert sum(seen(processes[0], host).used.vcpus for host in hosts) == 1
