"""Events are kept for seven days and then dropped from the oldest on; positions go on counting."""

from __future__ import annotations

import pytest

from pextra.store import events, schema
from pextra.store.database import Database
from pextra.store.events import KEEP_S
from tests.store import records
from tests.store.clock import ManualClock
from tests.store.conftest import Opener
from tests.store.streams import drain, stream_of


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def database(database_url: str, open_database: Opener, clock: ManualClock) -> Database:
    made = open_database(database_url, clock=clock)
    schema.migrate(made)
    return made


def change(database: Database, tenant: str, number: int) -> None:
    for n in range(number):
        record = records.volume(database, tenant, f"v{n}-{database.clock.now():.0f}")
        database.write(lambda tx, r=record: records.create(tx, r))
    drain(database)


def test_what_is_younger_than_seven_days_is_kept(database: Database, clock: ManualClock) -> None:
    tenant = database.new_uid()
    change(database, tenant, 2)
    clock.advance(KEEP_S - 1)
    assert database.write(events.expire) == 0
    assert len(stream_of(database, tenant)) == 2
    assert database.read(lambda tx: events.oldest(tx, tenant)) == 1


def test_what_is_older_goes_and_the_stream_tells_where_it_begins_now(database: Database, clock: ManualClock) -> None:
    tenant = database.new_uid()
    change(database, tenant, 3)
    clock.advance(KEEP_S + 1)
    change(database, tenant, 1)
    assert database.write(events.expire) == 3
    assert [e.position for e in stream_of(database, tenant)] == [4]
    assert database.read(lambda tx: events.oldest(tx, tenant)) == 4


def test_positions_go_on_where_the_dropped_ones_ended(database: Database, clock: ManualClock) -> None:
    tenant = database.new_uid()
    change(database, tenant, 2)
    clock.advance(KEEP_S + 1)
    database.write(events.expire)
    assert stream_of(database, tenant) == []
    change(database, tenant, 1)
    assert [e.position for e in stream_of(database, tenant)] == [3]


def test_one_expiry_drops_no_more_than_its_limit(database: Database, clock: ManualClock) -> None:
    tenant = database.new_uid()
    change(database, tenant, 5)
    clock.advance(KEEP_S + 1)
    assert database.write(lambda tx: events.expire(tx, limit=2)) == 2
    assert [e.position for e in stream_of(database, tenant)] == [3, 4, 5]


def test_the_lag_tells_how_many_wait_and_for_how_long(database: Database, clock: ManualClock) -> None:
    assert database.read(events.lag) == (0, 0)
    database.write(lambda tx: records.create(tx, records.volume(database, database.new_uid())))
    clock.advance(3.0)
    assert database.read(events.lag) == (1, 3_000_000)
    assert database.read(events.pending_any)
    drain(database)
    assert database.read(events.lag) == (0, 0)
    assert not database.read(events.pending_any)
