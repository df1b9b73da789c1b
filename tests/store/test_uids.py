"""Uids are UUIDs of version 7 that never repeat and follow the clock that they were given."""

from __future__ import annotations

import random
import uuid

from pextra.clock import uid_source
from tests.store.clock import EPOCH_S, ManualClock


def test_uids_are_uuids_of_version_7_that_hold_the_time() -> None:
    value = uuid.UUID(uid_source(ManualClock(), random.Random(1))())
    assert (value.version, value.variant) == (7, uuid.RFC_4122)
    assert value.int >> 80 == int(EPOCH_S * 1000)


def test_uids_of_one_millisecond_differ() -> None:
    make = uid_source(ManualClock(), random.Random(1))
    assert len({make() for _ in range(5_000)}) == 5_000


def test_the_same_clock_and_chance_give_the_same_uids() -> None:
    first, second = (uid_source(ManualClock(), random.Random(9)) for _ in range(2))
    assert [first() for _ in range(5)] == [second() for _ in range(5)]
