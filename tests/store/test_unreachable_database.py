"""A database that is away is told in bounded time, and when it is back nobody has to be restarted."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from pextra.errors import PextraError
from pextra.store import schema
from pextra.store.database import PATIENCE_S, Database
from tests.labs.ports import free_port
from tests.labs.postgres import PostgresServer
from tests.labs.waiting import wait_until
from tests.store import notes
from tests.store.clock import ManualClock
from tests.store.conftest import Opener


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def database(private_postgres: PostgresServer, open_database: Opener, clock: ManualClock) -> Database:
    private_postgres.create_database("pextra")
    made = open_database(private_postgres.url("pextra"), clock=clock)
    schema.migrate(made)
    made.write(lambda tx: notes.add(tx, "before"))
    return made


def test_a_killed_server_is_told_within_the_callers_patience_and_found_again_by_itself(
    private_postgres: PostgresServer, database: Database, clock: ManualClock
) -> None:
    private_postgres.kill()
    for call in (lambda: database.write(lambda tx: notes.add(tx, "meanwhile")), lambda: notes.stored(database)):
        began = clock.monotonic()
        with pytest.raises(PextraError, match="cannot be reached") as caught:
            call()
        assert caught.value.code == "store.unavailable"
        assert caught.value.facts["retry_after_s"] > 0
        assert clock.monotonic() - began <= PATIENCE_S
    private_postgres.start()
    database.write(lambda tx: notes.add(tx, "after"))
    assert set(notes.stored(database)) == {"before", "after"}


def test_a_restart_between_two_calls_is_not_noticed(private_postgres: PostgresServer, database: Database) -> None:
    private_postgres.restart()
    database.write(lambda tx: notes.add(tx, "after"))
    assert set(notes.stored(database)) == {"before", "after"}


@pytest.mark.timeout(60)
def test_acknowledged_writes_survive_kills_of_the_server(
    private_postgres: PostgresServer, open_database: Opener, database: Database
) -> None:
    stop, acknowledged = threading.Event(), list[str]()

    def write(name: str) -> None:
        own = open_database(private_postgres.url("pextra"))
        number = 0
        while not stop.is_set():
            number += 1
            key = f"{name}-{number}"
            try:
                own.write(lambda tx, k=key: notes.add(tx, k))
            except PextraError:
                continue
            acknowledged.append(key)

    writers = [threading.Thread(target=write, args=[name]) for name in ("a", "b")]
    for writer in writers:
        writer.start()
    for _ in range(2):
        enough = len(acknowledged) + 30
        wait_until(lambda n=enough: len(acknowledged) >= n, 20, "the writers to get on")
        private_postgres.kill()
        private_postgres.start()
    enough = len(acknowledged) + 30
    wait_until(lambda: len(acknowledged) >= enough, 20, "the writers to get on after the last kill")
    stop.set()
    for writer in writers:
        writer.join()
    assert set(acknowledged) <= set(notes.stored(database))


def test_an_address_where_nobody_listens_is_told_as_unavailable(open_database: Opener, clock: ManualClock) -> None:
    database = open_database(f"postgresql+psycopg://postgres@127.0.0.1:{free_port()}/none", clock=clock)
    with pytest.raises(PextraError, match="cannot be reached"):
        notes.stored(database)


@pytest.fixture
def hung(private_postgres: PostgresServer) -> Iterator[PostgresServer]:
    private_postgres.create_database("pextra")
    private_postgres.pause()
    yield private_postgres
    private_postgres.resume()


@pytest.mark.slow
def test_a_server_that_takes_no_connections_is_told_in_bounded_time(
    hung: PostgresServer, open_database: Opener
) -> None:
    outcome: list[PextraError] = []

    def ask() -> None:
        with pytest.raises(PextraError) as caught:
            notes.stored(open_database(hung.url("pextra")))
        outcome.append(caught.value)

    asking = threading.Thread(target=ask)
    asking.start()
    asking.join(3 * PATIENCE_S)
    assert [error.code for error in outcome] == ["store.unavailable"]
