"""A commit whose outcome is not known lands exactly once, and the caller hears of the attempt that landed."""

from __future__ import annotations

import itertools
import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from pextra.errors import PextraError
from pextra.store import request_keys, schema
from pextra.store.database import Database, Key, Rollback, Tx
from pextra.store.tables import request_key
from tests.labs.crdbish import Crdbish, Fault
from tests.store import notes
from tests.store.clock import ManualClock
from tests.store.conftest import Opener

pytestmark = pytest.mark.parametrize("flavour", ["crdbish"], indirect=True)

APPLIED = (Fault.COMMIT_LOST_APPLIED, Fault.COMMIT_40003_APPLIED)
AMBIGUOUS = (*APPLIED, Fault.COMMIT_LOST_DROPPED, Fault.COMMIT_40003_DROPPED)


@pytest.fixture
def database(database_url: str, open_database: Opener) -> Database:
    made = open_database(database_url, clock=ManualClock(), rng=random.Random(7))
    schema.migrate(made)
    return made


class Draw:
    """A callback that stores a number of its own each time that it is run, and answers with it."""

    def __init__(self, name: str = "drawn") -> None:
        self.name = name
        self.runs = 0

    def __call__(self, tx: Tx) -> str:
        self.runs += 1
        notes.add(tx, f"{self.name}-{self.runs}", f"{self.name} {self.runs}")
        return f"{self.name} {self.runs}"


@pytest.mark.parametrize("fault", AMBIGUOUS)
def test_each_form_of_doubt_lands_once_and_answers_with_what_landed(
    database: Database, crdbish: Crdbish, fault: Fault
) -> None:
    crdbish.once(fault)
    draw = Draw()
    answer = database.write(draw)
    assert list(notes.stored(database).values()) == [answer]
    assert draw.runs == (1 if fault in APPLIED else 2)


@pytest.mark.parametrize("faults", list(itertools.product(AMBIGUOUS, repeat=2)), ids=" then ".join)
def test_doubt_upon_doubt_lands_once(database: Database, crdbish: Crdbish, faults: tuple[Fault, ...]) -> None:
    for fault in faults:
        crdbish.once(fault)
    answer = database.write(Draw())
    assert list(notes.stored(database).values()) == [answer]


@pytest.mark.parametrize("fault", AMBIGUOUS)
def test_a_key_that_the_callback_gives_resolves_the_doubt(database: Database, crdbish: Crdbish, fault: Fault) -> None:
    draw = Draw()

    def work(tx: Tx) -> str:
        tx.identify(Key("somebody", "k", "hash"))
        answer = draw(tx)
        tx.answer({"said": answer})
        return answer

    crdbish.once(fault)
    answer = database.write(work)
    assert list(notes.stored(database).values()) == [answer]
    assert database.read(lambda tx: request_keys.stored(tx, Key("somebody", "k"))) == ("hash", {"said": answer})


@pytest.mark.parametrize("fault", AMBIGUOUS)
def test_who_is_in_doubt_gets_the_answer_of_another_that_came_in_between_under_the_same_key(
    database_url: str, open_database: Opener, crdbish: Crdbish, fault: Fault
) -> None:
    """A client that gave up waiting asks again elsewhere while the first request is still in doubt."""
    key = Key("somebody", "k")

    def request(name: str, tx: Tx) -> str:
        tx.identify(key)
        stored = request_keys.stored(tx, key)
        if stored is not None:
            assert stored[1] is not None
            raise Rollback(stored[1]["said"])
        answer = draws[name](tx)
        tx.answer({"said": answer})
        return answer

    draws = {"first": Draw("first"), "second": Draw("second")}
    second = open_database(database_url)
    schema.migrate(second)
    begun: list[str] = []

    def point(name: str) -> None:
        if name == "begin":
            begun.append(name)
            if len(begun) == 2:
                begun.append(second.write(lambda tx: request("second", tx)))

    first = open_database(database_url, clock=ManualClock(), point=point)
    notes.stored(first)  # connects; what comes next is the request's own commit
    begun.clear()
    crdbish.once(fault)
    answer = first.write(lambda tx: request("first", tx))
    assert begun[2] == answer
    assert list(notes.stored(second).values()) == [answer]
    assert {name: draw.runs for name, draw in draws.items()} == {"first": 1, "second": 0 if fault in APPLIED else 1}


def test_doubt_that_never_ends_is_told_as_unavailable_and_lands_at_most_once(
    database: Database, crdbish: Crdbish
) -> None:
    crdbish.rates = {Fault.COMMIT_40003_DROPPED: 1.0}
    with pytest.raises(PextraError) as caught:
        database.write(Draw())
    crdbish.rates = {}
    assert caught.value.code == "store.unavailable"
    assert notes.stored(database) == {}


def test_a_transaction_of_the_product_itself_leaves_a_key_of_its_own(database: Database) -> None:
    database.write(Draw())
    rows = database.read(lambda tx: tx.conn.execute(select(request_key.c.scope, request_key.c.answer)).all())
    assert [tuple(row) for row in rows] == [("loops", None)]


def test_under_a_storm_of_faults_what_was_acknowledged_is_there_once_and_nothing_else(
    database_url: str, open_database: Opener, crdbish: Crdbish
) -> None:
    processes = [open_database(database_url, rng=random.Random(n)) for n in range(4)]
    schema.migrate(processes[0])
    crdbish.rates = dict.fromkeys(Fault, 0.05)
    acknowledged: list[str] = []
    given_up: list[str] = []
    codes: set[str] = set()

    def write(number: int) -> None:
        draw = Draw(f"n{number}")
        try:
            acknowledged.append(processes[number % 4].write(draw))
        except PextraError as error:
            codes.add(error.code)
            given_up.append(draw.name)

    with ThreadPoolExecutor(4) as writers:
        list(writers.map(write, range(120)))
    crdbish.rates = {}
    assert codes <= {"store.unavailable", "store.contention"}
    there = sorted(notes.stored(processes[0]).values())
    unsure = [v for v in there if v.split()[0] in given_up]
    assert sorted([*acknowledged, *unsure]) == there
    assert len({v.split()[0] for v in there}) == len(there) >= 100
    assert sum(crdbish.stats[fault] for fault in AMBIGUOUS) > 10
