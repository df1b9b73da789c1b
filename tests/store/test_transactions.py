"""A transaction is stored whole or not at all, and what the caller hears of it is true."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pextra.errors import PextraError
from pextra.store import schema
from pextra.store.database import Database, Rollback, Tx
from tests.store import notes
from tests.store.clock import ManualClock
from tests.store.conftest import Opener


class Refused(Exception):
    """What a callback raises of its own."""


def test_what_is_written_is_read_afterwards(database: Database) -> None:
    database.write(lambda tx: notes.add(tx, "a", "1"))
    assert notes.stored(database) == {"a": "1"}


def test_an_error_of_the_callback_undoes_all_that_it_wrote(database: Database) -> None:
    def work(tx: Tx) -> None:
        notes.add(tx, "a")
        notes.add(tx, "b")
        raise Refused

    with pytest.raises(Refused):
        database.write(work)
    assert notes.stored(database) == {}


def test_a_rollback_hands_over_its_result_and_stores_nothing(database: Database) -> None:
    def work(tx: Tx) -> None:
        notes.add(tx, "a")
        raise Rollback(notes.read(tx))

    assert database.write(work) == {"a": ""}
    assert notes.stored(database) == {}


def test_nothing_that_is_written_in_a_read_is_stored(database: Database) -> None:
    database.clock = ManualClock()
    with contextlib.suppress(PextraError):  # some databases refuse it, others let it go and roll it back
        database.read(lambda tx: notes.add(tx, "a"))
    assert notes.stored(database) == {}


def test_a_savepoint_undoes_its_own_block_and_nothing_else(database: Database) -> None:
    def inside(tx: Tx) -> None:
        with tx.savepoint():
            notes.add(tx, "inside")
            raise Refused

    def work(tx: Tx) -> None:
        notes.add(tx, "before")
        with pytest.raises(Refused):
            inside(tx)
        notes.add(tx, "after")

    database.write(work)
    assert notes.stored(database) == {"before": "", "after": ""}


def test_a_unique_key_that_is_violated_in_a_savepoint_leaves_the_transaction_usable(database: Database) -> None:
    database.write(lambda tx: notes.add(tx, "a"))

    def work(tx: Tx) -> None:
        with pytest.raises(DBAPIError), tx.savepoint():
            notes.add(tx, "a")
        notes.add(tx, "b")

    database.write(work)
    assert set(notes.stored(database)) == {"a", "b"}


def test_a_mistake_in_a_statement_is_told_at_once_and_not_repeated(database: Database) -> None:
    calls: list[int] = []

    def work(tx: Tx) -> None:
        calls.append(tx.attempt)
        tx.conn.execute(text("SELECT no_such_column FROM site"))

    with pytest.raises(DBAPIError):
        database.write(work)
    assert len(calls) == 1


def test_a_read_sees_one_snapshot_while_others_write(database: Database) -> None:
    database.write(lambda tx: notes.add(tx, "a"))

    def work(tx: Tx) -> tuple[dict[str, str], dict[str, str]]:
        first = notes.read(tx)
        with ThreadPoolExecutor(1) as other:
            other.submit(database.write, lambda tx: notes.add(tx, "b")).result()
        return first, notes.read(tx)

    first, second = database.read(work)
    assert first == second == {"a": ""}
    assert set(notes.stored(database)) == {"a", "b"}


def test_no_update_is_lost_between_writers_of_one_row(processes: list[Database]) -> None:
    database = processes[0]
    database.write(lambda tx: notes.add(tx, "count", "0"))

    def add_one(tx: Tx) -> None:
        notes.change(tx, "count", str(int(notes.read(tx)["count"]) + 1))

    with ThreadPoolExecutor(4) as writers:
        for done in [writers.submit(processes[n % 4].write, add_one) for n in range(24)]:
            done.result()
    assert notes.stored(database) == {"count": "24"}


def test_two_writers_cannot_each_rely_on_what_the_other_changes(processes: list[Database]) -> None:
    """Write skew: each sees the other on call and leaves; serialisable isolation lets only one go."""
    database = processes[0]
    database.write(lambda tx: [notes.add(tx, name, "on call") for name in ("ada", "bob")])
    both_have_read = threading.Barrier(2)

    def leave(process: Database, name: str) -> None:
        def work(tx: Tx) -> None:
            on_call = [n for n, state in notes.read(tx).items() if state == "on call"]
            with contextlib.suppress(threading.BrokenBarrierError):  # it let only one begin, or this is a retry
                both_have_read.wait(0.3)
            if len(on_call) > 1:
                notes.change(tx, name, "at home")

        process.write(work)

    with ThreadPoolExecutor(2) as doctors:
        for done in [doctors.submit(leave, *each) for each in zip(processes, ("ada", "bob"), strict=False)]:
            done.result()
    assert sorted(notes.stored(database).values()) == ["at home", "on call"]


@pytest.mark.parametrize("ending", ["stored", "refused", "rolled back", "read"])
def test_every_transaction_gives_its_connection_back(database_url: str, open_database: Opener, ending: str) -> None:
    database = open_database(database_url, pool_size=1)
    schema.migrate(database)

    def refuse(tx: Tx) -> None:
        raise Refused

    def roll_back(tx: Tx) -> None:
        raise Rollback(None)

    for number in range(3):
        match ending:
            case "stored":
                database.write(lambda tx, n=number: notes.add(tx, str(n)))
            case "refused":
                with pytest.raises(Refused):
                    database.write(refuse)
            case "rolled back":
                database.write(roll_back)
            case _:
                notes.stored(database)
        assert database.engine.pool.status().count("Checked out connections: 0") == 1


def test_a_closed_database_can_be_used_again(database: Database) -> None:
    database.write(lambda tx: notes.add(tx, "a"))
    database.close()
    assert notes.stored(database) == {"a": ""}
