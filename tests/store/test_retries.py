"""A transaction that met another one is run again: a bounded number of times, each after a longer random wait."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from sqlalchemy import select

from pextra.errors import PextraError
from pextra.store import schema
from pextra.store.database import ATTEMPTS, BASE_DELAY_S, MAX_DELAY_S, PATIENCE_S, Database, Tx
from pextra.store.tables import request_key
from tests.labs.crdbish import Crdbish, Fault
from tests.store import notes
from tests.store.clock import ManualClock
from tests.store.conftest import Opener


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def database(database_url: str, open_database: Opener, clock: ManualClock) -> Database:
    made = open_database(database_url, clock=clock, rng=random.Random(1))
    schema.migrate(made)
    made.write(lambda tx: notes.add(tx, "taken"))
    clock.slept.clear()
    return made


class Meeting:
    """A callback that violates a unique key, as a writer does who came second, `times` times."""

    def __init__(self, times: int, clock: ManualClock | None = None, each_takes_s: float = 0.0) -> None:
        self.left = times
        self.calls = 0
        self._clock = clock
        self._each_takes_s = each_takes_s

    def __call__(self, tx: Tx) -> str:
        self.calls += 1
        notes.add(tx, f"attempt {self.calls}")
        if self._clock is not None:
            self._clock.advance(self._each_takes_s)
        if self.left > 0:
            self.left -= 1
            notes.add(tx, "taken")
        return f"attempt {self.calls}"


def test_a_transaction_that_met_another_is_run_again_and_only_the_last_run_is_stored(database: Database) -> None:
    assert database.write(Meeting(3)) == "attempt 4"
    assert set(notes.stored(database)) == {"taken", "attempt 4"}


def test_each_wait_is_random_within_bounds_that_double_up_to_a_limit(database: Database, clock: ManualClock) -> None:
    database.write(Meeting(ATTEMPTS - 1))
    assert len(clock.slept) == ATTEMPTS - 1
    for number, slept in enumerate(clock.slept):
        middle = min(MAX_DELAY_S, BASE_DELAY_S * 2**number)
        assert 0.5 * middle <= slept <= 1.5 * middle


def test_two_processes_do_not_wait_alike(tmp_path: Path, open_database: Opener) -> None:
    waits: list[list[float]] = []
    for seed in (1, 2):
        clock = ManualClock()
        database = open_database(f"sqlite:///{tmp_path / str(seed)}", clock=clock, rng=random.Random(seed))
        schema.migrate(database)
        database.write(lambda tx: notes.add(tx, "taken"))
        database.write(Meeting(5))
        waits.append(clock.slept)
    assert len(waits[0]) == 5
    assert all(first != second for first, second in zip(*waits, strict=True))


def test_a_transaction_that_never_gets_through_ends_as_contention_and_stores_nothing(
    database: Database, clock: ManualClock
) -> None:
    hopeless = Meeting(10**6)
    with pytest.raises(PextraError) as caught:
        database.write(hopeless)
    assert caught.value.code == "store.contention"
    assert caught.value.facts["retry_after_s"] > 0
    assert hopeless.calls == ATTEMPTS
    assert set(notes.stored(database)) == {"taken"}


def test_nobody_waits_longer_than_callers_are_patient(database: Database, clock: ManualClock) -> None:
    slow = Meeting(10**6, clock, each_takes_s=3.0)
    began = clock.monotonic()
    with pytest.raises(PextraError, match="Too many writers"):
        database.write(slow)
    assert slow.calls == 3
    assert clock.monotonic() - began <= PATIENCE_S + 3.0


@pytest.mark.parametrize("flavour", ["crdbish"], indirect=True)
@pytest.mark.parametrize("fault", [Fault.STMT_RETRY, Fault.COMMIT_RETRY])
def test_40001_is_run_again_wherever_it_strikes(
    database: Database, crdbish: Crdbish, clock: ManualClock, fault: Fault
) -> None:
    crdbish.once(fault)
    crdbish.once(fault)
    assert database.write(Meeting(0)) in ("attempt 2", "attempt 3")
    assert crdbish.stats[fault] == 2
    assert len(clock.slept) == 2
    assert len(notes.stored(database)) == 2


@pytest.mark.parametrize("flavour", ["crdbish"], indirect=True)
def test_a_read_that_met_40001_is_run_again(database: Database, crdbish: Crdbish) -> None:
    crdbish.once(Fault.STMT_RETRY)
    assert notes.stored(database) == {"taken": ""}
    assert crdbish.stats[Fault.STMT_RETRY] == 1


@pytest.mark.parametrize("flavour", ["crdbish"], indirect=True)
def test_every_commit_that_fails_is_contention_and_stores_nothing(database: Database, crdbish: Crdbish) -> None:
    crdbish.rates = {Fault.COMMIT_RETRY: 1.0}
    with pytest.raises(PextraError) as caught:
        database.write(Meeting(0))
    crdbish.rates = {}
    assert caught.value.code == "store.contention"
    assert crdbish.stats[Fault.COMMIT_RETRY] == ATTEMPTS
    assert notes.stored(database) == {"taken": ""}
    keys = database.read(lambda tx: tx.conn.execute(select(request_key.c.key)).all())
    assert len(keys) == 1  # of the note that the fixture wrote
