"""Keys of requests are kept as long as promised, those of the product's own transactions only briefly."""

from __future__ import annotations

import pytest

from pextra.store import request_keys, schema
from pextra.store.database import Database, Key, Tx
from tests.store.clock import ManualClock
from tests.store.conftest import Opener

MINE = Key("somebody", "k", "hash")
OWN = Key("loops", "own")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def database(database_url: str, open_database: Opener, clock: ManualClock) -> Database:
    made = open_database(database_url, clock=clock)
    schema.migrate(made)
    return made


def answer(database: Database, key: Key, answer: dict[str, str] | None = None) -> None:
    def work(tx: Tx) -> None:
        tx.identify(key)
        tx.answer(answer)

    database.write(work)


def test_an_answer_is_found_again_under_its_key_by_its_principal_only(database: Database) -> None:
    answer(database, MINE, {"said": "yes"})
    find = request_keys.stored
    assert database.read(lambda tx: find(tx, MINE)) == ("hash", {"said": "yes"})
    assert database.read(lambda tx: find(tx, Key("another", "k"))) is None
    assert database.read(lambda tx: find(tx, Key("somebody", "l"))) is None


def test_an_answer_is_kept_for_24_hours(database: Database, clock: ManualClock) -> None:
    answer(database, MINE, {"said": "yes"})
    clock.advance(86_400 - 1)
    database.write(request_keys.expire)
    assert database.read(lambda tx: request_keys.stored(tx, MINE)) is not None
    clock.advance(2)
    database.write(request_keys.expire)
    assert database.read(lambda tx: request_keys.stored(tx, MINE)) is None


def test_a_key_of_the_products_own_goes_after_ten_minutes(database: Database, clock: ManualClock) -> None:
    answer(database, OWN)
    answer(database, MINE)
    clock.advance(599)
    assert database.write(request_keys.expire) == 0
    clock.advance(2)
    assert database.write(request_keys.expire) >= 1
    assert database.read(lambda tx: request_keys.stored(tx, OWN)) is None
    assert database.read(lambda tx: request_keys.stored(tx, MINE)) is not None


def test_one_expiry_drops_no_more_than_its_limit(database: Database, clock: ManualClock) -> None:
    for number in range(5):
        answer(database, Key("somebody", str(number)))
    clock.advance(86_401)
    database.write(lambda tx: request_keys.expire(tx, limit=2))
    left = [n for n in range(5) if database.read(lambda tx, k=str(n): request_keys.stored(tx, Key("somebody", k)))]
    assert len(left) == 3


def test_a_key_is_stored_once_however_often_the_answer_is_given(database: Database) -> None:
    def work(tx: Tx) -> None:
        tx.identify(MINE)
        tx.answer({"said": "first"})
        tx.answer({"said": "second"})

    database.write(work)
    assert database.read(lambda tx: request_keys.stored(tx, MINE)) == ("hash", {"said": "first"})
