"""How long guests had GPUs is summed exactly, on every database."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from sqlalchemy import insert

from pextra.store import gpu_usage as sums
from pextra.store.database import Database
from pextra.store.gpu_usage import DIMENSIONS, Sum, Whose, Window, columns_of
from pextra.store.tables import gpu_usage

EVERYBODY = Whose(None)


@dataclass(frozen=True)
class Had:
    """An interval; times in microseconds."""

    tenant_uid: str
    consumer_uid: str
    model: str
    milli: int
    started_us: int
    ended_us: int | None
    mode: str = "share"
    profile: str = ""


def keep(database: Database, *intervals: Had) -> None:
    """Store them as guests would have left them."""
    place = {"host_uid": database.new_uid(), "address": "0000:01:00.0"}
    rows = [{"uid": database.new_uid(), **place, **one.__dict__} for one in intervals]
    database.write(lambda tx: tx.conn.execute(insert(gpu_usage), rows))


def summed(
    database: Database, whose: Whose, since_us: int, until_us: int, *by: str, limit: int = 100, after: Sum | None = None
) -> list[Sum]:
    window, key = Window(since_us, until_us), after and after.key
    return database.read(lambda tx: sums.sums(tx, whose, window, by, after=key, limit=limit))


@pytest.fixture
def tenant(database: Database) -> str:
    return database.new_uid()


@pytest.mark.parametrize(
    ("since", "until", "held"),
    [
        (0, 2_000, 500),  # all of it
        (1_200, 1_300, 100),  # cut at both ends
        (1_100, 2_000, 400),
        (0, 1_001, 1),
        (1_499, 1_500, 1),
        (1_500, 2_000, None),  # it ended before: its end is not part of it
        (0, 1_000, None),  # it begins when the window has ended
    ],
)
def test_an_interval_counts_as_far_as_it_is_within_the_window(
    database: Database, tenant: str, since: int, until: int, held: int | None
) -> None:
    keep(database, Had(tenant, database.new_uid(), "h100", 250, 1_000, 1_500))
    found = summed(database, Whose([tenant]), since, until, "model")
    assert [(s.key, s.parts, s.held_us, s.milli_us) for s in found] == (
        [] if held is None else [(("h100",), 1, held, 250 * held)]
    )


def test_an_interval_that_has_not_ended_counts_to_the_end_of_the_window(database: Database, tenant: str) -> None:
    keep(database, Had(tenant, database.new_uid(), "h100", 1000, 1_000, None))
    assert [s.held_us for s in summed(database, Whose([tenant]), 0, 7_777, "model")] == [6_777]
    assert [s.held_us for s in summed(database, Whose([tenant]), 5_000, 7_777, "model")] == [2_777]


def test_sums_of_a_large_fleets_year_are_exact(database: Database, tenant: str) -> None:
    year_us = 366 * 86_400 * 1_000_000
    keep(database, *(Had(tenant, database.new_uid(), "h100", 1000, number, year_us) for number in range(400)))
    (found,) = summed(database, Whose([tenant]), 0, year_us, "model")
    held_us = sum(year_us - number for number in range(400))
    assert found.milli_us == 1000 * held_us > 1 << 63
    assert found.held_us == held_us


def test_nobody_is_told_of_others_intervals(database: Database, tenant: str) -> None:
    other, third = database.new_uid(), database.new_uid()
    for each in (tenant, other, third):
        keep(database, Had(each, database.new_uid(), "h100", 1000, 0, 10))

    def tenants(whose: Whose) -> set[str | int]:
        return {s.key[0] for s in summed(database, whose, 0, 100, "tenant")}

    assert tenants(Whose([tenant])) == {tenant}
    assert tenants(Whose([tenant, other])) == {tenant, other}
    assert tenants(EVERYBODY) == {tenant, other, third}
    assert tenants(Whose(None, but=[other])) == {tenant, third}
    assert tenants(Whose([])) == set()


@pytest.mark.parametrize("by", [("model",), ("profile",), ("model", "tenant"), ("instance",), DIMENSIONS])
def test_sums_by_anything_are_those_of_the_intervals_and_pages_hold_each_once(
    database: Database, by: Sequence[str]
) -> None:
    rng = random.Random(f"usage {by}")
    tenants, guests = ([database.new_uid() for _ in range(n)] for n in (3, 6))
    every = [
        Had(
            rng.choice(tenants),
            rng.choice(guests),
            rng.choice(("h100", "l4", "B200")),
            rng.choice((125, 250, 1000)),
            started := rng.randrange(1_000_000),
            None if rng.random() < 0.2 else started + rng.randrange(1, 400_000),
            rng.choice(("share", "mig")),
            rng.choice(("", "1g.10gb")),
        )
        for _ in range(120)
    ]
    keep(database, *every)
    since, until = 200_000, 900_000
    expected: dict[tuple[str | int, ...], list[int]] = defaultdict(lambda: [0, 0, 0])
    for one in every:
        held = min(until, until if one.ended_us is None else one.ended_us) - max(since, one.started_us)
        if held > 0:
            total = expected[tuple(getattr(one, name) for name in columns_of(by))]
            total[:] = total[0] + 1, total[1] + held, total[2] + held * one.milli
    found: list[Sum] = []
    while page := summed(database, EVERYBODY, since, until, *by, limit=2, after=found[-1] if found else None):
        found += page
    assert {s.key: [s.parts, s.held_us, s.milli_us] for s in found} == expected
    assert len(found) == len(expected) > 2
