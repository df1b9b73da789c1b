"""What is to be looked at is looked at: an item goes only when nobody asked again meanwhile."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from pextra.errors import PextraError
from pextra.store import schema, work
from pextra.store.database import Database
from pextra.store.work import SHARDS, Item
from tests.store import notes
from tests.store.clock import ManualClock
from tests.store.conftest import Opener

ALL = range(SHARDS)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def database(database_url: str, open_database: Opener, clock: ManualClock) -> Database:
    made = open_database(database_url, clock=clock)
    schema.migrate(made)
    return made


def uid(number: int) -> str:
    return f"00000000-0000-7000-8000-{number:012}"


TENANT = uid(999)


def ask(database: Database, number: int, kind: str = "volume") -> None:
    database.write(lambda tx: work.ask(tx, TENANT, uid(number), kind))


def due(database: Database, limit: int = 100) -> list[Item]:
    return database.read(lambda tx: work.due(tx, ALL, limit=limit))


def numbers(items: list[Item]) -> list[int]:
    return [int(item.uid[-12:]) for item in items]


def test_what_was_asked_for_is_due_until_it_is_done(database: Database) -> None:
    ask(database, 1)
    (item,) = due(database)
    assert (item.tenant_uid, item.uid, item.kind, item.attempts) == (TENANT, uid(1), "volume", 0)
    database.write(lambda tx: work.done(tx, item))
    assert due(database) == []


def test_asking_twice_makes_one_item(database: Database) -> None:
    ask(database, 1)
    ask(database, 1)
    assert numbers(due(database)) == [1]


def test_who_asks_during_a_look_is_not_forgotten_when_the_look_ends(database: Database) -> None:
    ask(database, 1)
    (item,) = due(database)
    ask(database, 1)
    database.write(lambda tx: work.done(tx, item))
    assert numbers(due(database)) == [1]


def test_who_asks_during_a_look_need_not_wait_for_its_delay(database: Database) -> None:
    ask(database, 1)
    (item,) = due(database)
    ask(database, 1)
    database.write(lambda tx: work.later(tx, item, delay_s=60.0, failed=True))
    (again,) = due(database)
    assert again.attempts == 0


def test_what_is_put_off_comes_back_after_its_delay(database: Database, clock: ManualClock) -> None:
    ask(database, 1)
    (item,) = due(database)
    database.write(lambda tx: work.later(tx, item, delay_s=5.0, failed=False))
    clock.advance(4.9)
    assert due(database) == []
    clock.advance(0.2)
    assert numbers(due(database)) == [1]


def test_failures_in_a_row_are_counted_until_one_look_succeeds(database: Database, clock: ManualClock) -> None:
    ask(database, 1)
    for attempts in (1, 2):
        (item,) = due(database)
        database.write(lambda tx, i=item: work.later(tx, i, delay_s=1.0, failed=True))
        clock.advance(1.1)
        assert [i.attempts for i in due(database)] == [attempts]
    (item,) = due(database)
    database.write(lambda tx: work.later(tx, item, delay_s=1.0, failed=False))
    clock.advance(1.1)
    assert [i.attempts for i in due(database)] == [0]


def test_the_longest_due_come_first_and_no_more_than_asked_for(database: Database, clock: ManualClock) -> None:
    for number in (3, 1, 2):
        ask(database, number)
        clock.advance(1.0)
    assert numbers(due(database, limit=2)) == [3, 1]


def test_each_shard_has_its_own_items_and_together_they_have_all(database: Database) -> None:
    for number in range(40):
        ask(database, number)
    by_shard = [database.read(lambda tx, s=shard: work.due(tx, [s], limit=100)) for shard in ALL]
    assert sorted(n for items in by_shard for n in numbers(items)) == list(range(40))
    assert all(work.shard_of(item.uid) == shard for shard, items in enumerate(by_shard) for item in items)
    assert sum(bool(items) for items in by_shard) > 1


def test_asking_for_many_asks_for_each_once(database: Database) -> None:
    ask(database, 1)
    (before,) = due(database)
    wanted = [(TENANT, uid(n), "volume") for n in (1, 2, 2)]
    database.write(lambda tx: work.ask_many(tx, wanted))
    assert sorted(numbers(due(database))) == [1, 2]
    database.write(lambda tx: work.done(tx, before))
    assert sorted(numbers(due(database))) == [1, 2]
    database.write(lambda tx: work.ask_many(tx, []))
    assert sorted(numbers(due(database))) == [1, 2]


def test_asking_for_all_leaves_what_waits_for_its_time(database: Database, clock: ManualClock) -> None:
    ask(database, 1)
    (item,) = due(database)
    database.write(lambda tx: work.later(tx, item, delay_s=60.0, failed=True))
    everything = [(TENANT, uid(n), "volume") for n in (1, 2)]
    assert database.write(lambda tx: work.ask_all(tx, everything)) == 1
    assert numbers(due(database)) == [2]
    clock.advance(60.1)
    assert [i.attempts for i in due(database) if i.uid == uid(1)] == [1]


def test_an_object_that_has_gone_is_not_looked_at(database: Database) -> None:
    ask(database, 1)
    database.write(lambda tx: work.forget(tx, TENANT, uid(1)))
    assert due(database) == []


def test_the_depth_counts_what_waits_by_kind(database: Database) -> None:
    for number, kind in enumerate(["volume", "volume", "instance"]):
        ask(database, number, kind)
    assert database.read(work.depth) == {"volume": 2, "instance": 1}


def test_the_last_change_is_always_seen_by_a_look(processes: list[Database]) -> None:
    """One thread changes an object and asks; another looks and is done. When all is done, all was seen."""
    database, other = processes[:2]
    database.write(lambda tx: notes.add(tx, "desired", "0"))
    finished, seen = threading.Event(), list[str]()

    def change() -> None:
        for number in range(1, 40):

            def step(tx: Any, value: str = str(number)) -> None:
                notes.change(tx, "desired", value)
                work.ask(tx, TENANT, uid(1), "volume")

            other.write(step)
        finished.set()

    changing = threading.Thread(target=change)
    changing.start()
    while not finished.is_set() or due(database):
        for item in due(database):
            seen.append(notes.stored(database)["desired"])
            try:
                database.write(lambda tx, i=item: work.done(tx, i))
            except PextraError:
                continue
    changing.join()
    assert seen[-1] == "39"


def test_what_is_in_hand_is_left_out_and_takes_nobodys_place(database: Database) -> None:
    for number in range(6):
        ask(database, number)
    in_hand = {uid(0), uid(1), uid(5)}
    rest = database.read(lambda tx: work.due(tx, ALL, limit=2, but=in_hand))
    assert len(rest) == 2
    assert not in_hand & {item.uid for item in rest}
