"""A lease has one holder at a time, and what a former holder still writes is refused."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pextra.errors import PextraError
from pextra.store import leases, schema
from pextra.store.database import Database, Tx
from pextra.store.leases import Fenced, Lease
from tests.store import notes
from tests.store.clock import ManualClock
from tests.store.conftest import Opener


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def database(database_url: str, open_database: Opener, clock: ManualClock) -> Database:
    made = open_database(database_url, clock=clock)
    schema.migrate(made)
    return made


@pytest.fixture
def processes(database: Database, database_url: str, open_database: Opener, clock: ManualClock) -> list[Database]:
    return [database, *(open_database(database_url, clock=clock) for _ in range(3))]


def acquire(database: Database, holder: str, *, ttl_s: float = 10.0) -> Lease | None:
    """Take the lease that these tests are about."""
    return database.write(lambda tx: leases.acquire(tx, "loop", holder, ttl_s=ttl_s))


def held(database: Database, holder: str) -> Lease:
    """The lease, which this holder gets."""
    lease = acquire(database, holder)
    assert lease is not None
    return lease


def test_while_one_holds_a_lease_another_gets_none(database: Database) -> None:
    assert held(database, "a").epoch == 1
    assert acquire(database, "b") is None


def test_leases_of_different_names_have_holders_of_their_own(database: Database) -> None:
    held(database, "a")
    assert database.write(lambda tx: leases.acquire(tx, "another", "b", ttl_s=10.0)) is not None


def test_renewing_keeps_the_epoch_and_moves_the_end(database: Database, clock: ManualClock) -> None:
    first = held(database, "a")
    clock.advance(6.0)
    assert held(database, "a") == first
    clock.advance(6.0)
    assert acquire(database, "b") is None


def test_an_expired_lease_goes_to_another_with_a_higher_epoch(database: Database, clock: ManualClock) -> None:
    first = held(database, "a")
    clock.advance(10.1)
    assert held(database, "b").epoch == first.epoch + 1
    assert acquire(database, "a") is None


def test_a_lease_that_was_given_back_goes_to_another_at_once(database: Database) -> None:
    lease = held(database, "a")
    database.write(lambda tx: leases.release(tx, lease))
    assert held(database, "b").epoch == 2


def test_a_former_holder_cannot_give_back_what_another_holds(database: Database, clock: ManualClock) -> None:
    former = held(database, "a")
    clock.advance(10.1)
    held(database, "b")
    database.write(lambda tx: leases.release(tx, former))
    assert acquire(database, "c") is None


def test_the_holder_passes_the_fence_even_after_its_time_while_nobody_took_over(
    database: Database, clock: ManualClock
) -> None:
    lease = held(database, "a")
    clock.advance(60.0)
    database.write(lambda tx: leases.fence(tx, lease))
    assert held(database, "a") == lease


def test_the_write_of_a_former_holder_is_refused_whole(database: Database, clock: ManualClock) -> None:
    former = held(database, "a")
    clock.advance(10.1)
    held(database, "b")

    def work(tx: Tx) -> None:
        notes.add(tx, "too late")
        leases.fence(tx, former)

    with pytest.raises(Fenced):
        database.write(work)
    assert notes.stored(database) == {}


def test_a_holder_that_lost_its_lease_and_has_it_again_is_not_taken_for_its_former_self(
    database: Database, clock: ManualClock
) -> None:
    former = held(database, "a")
    clock.advance(10.1)
    held(database, "b")
    clock.advance(10.1)
    again = held(database, "a")
    assert again.epoch == 3
    with pytest.raises(Fenced):
        database.write(lambda tx: leases.fence(tx, former))
    database.write(lambda tx: leases.fence(tx, again))


def test_of_many_who_ask_at_once_one_gets_it(processes: list[Database]) -> None:
    together = threading.Barrier(4)

    def ask(number: int) -> Lease | None:
        together.wait(10)
        return acquire(processes[number], f"holder-{number}")

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(4)))
    assert len([lease for lease in answers if lease is not None]) == 1


def test_no_write_of_an_older_epoch_follows_one_of_a_newer(processes: list[Database]) -> None:
    """Leases that end at once are fought over; each write says in which place and under which epoch it landed."""

    def fight(database: Database, holder: str) -> None:
        for _ in range(8):
            try:
                lease = acquire(database, holder, ttl_s=0.0)
                if lease is not None:
                    for _ in range(3):
                        database.write(lambda tx, mine=lease: log(tx, mine))
            except (Fenced, PextraError):
                continue

    def log(tx: Tx, lease: Lease) -> None:
        leases.fence(tx, lease)
        notes.add(tx, f"{len(notes.read(tx)):04}", str(lease.epoch))

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(fight, processes, ["a", "b", "c"]))
    epochs = [int(epoch) for _, epoch in sorted(notes.stored(processes[0]).items())]
    assert epochs == sorted(epochs)
    assert len(set(epochs)) > 3
