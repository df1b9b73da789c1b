"""A host's NUMA cells are given out as far as they go, and what is one guest's of them is no other's."""

from __future__ import annotations

import random
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pextra.errors import PextraError
from pextra.store import allocations, cells
from pextra.store.allocations import Amounts, Boarded
from pextra.store.cells import COUNTED, EXACT, CellClaim
from pextra.store.database import Database, Tx
from pextra.store.gpus import Claim, Gpu

HALF = {"vcpus": 8, "memory_mib": 4_096, "dedicated_threads": 4, "hugepages_2m": 64, "hugepages_1g": 0}
KIND = {"model": "h100", "shareable": True, "slices": []}
WHOLE = Amounts(16, 8_192, 1_000, 8, 128)


@pytest.fixture
def tenant(database: Database) -> str:
    return database.new_uid()


@pytest.fixture
def host(database: Database) -> str:
    uid = database.new_uid()
    set_host(database, uid)
    return uid


def set_host(database: Database, uid: str, present: Mapping[int, Mapping[str, int]] | None = None) -> None:
    """A host of two cells with two GPUs each."""
    boards = [Gpu(uid, f"gpu-{place}", place, KIND, place // 2, True) for place in range(4)]
    database.write(
        lambda tx: allocations.set_host(
            tx,
            uid,
            name="h1",
            zone="a",
            pool="local",
            pool_shared=False,
            labels={},
            ready=True,
            schedulable=True,
            capacity=WHOLE,
            gpus=Boarded(tuple(boards), None),
            cells={0: HALF, 1: HALF} if present is None else present,
        )
    )


def give(
    database: Database, host: str, tenant: str, amounts: Amounts, cell: int | None = None, gpu: int | None = None
) -> str | None:
    guest = database.new_uid()
    claims = [] if gpu is None else [Claim(f"gpu-{gpu}", "whole", "", 1000)]
    took = database.write(lambda tx: allocations.take(tx, host, tenant, guest, amounts, gpus=claims, cell=cell))
    return guest if took else None


def release(database: Database, tenant: str, guest: str) -> None:
    database.write(lambda tx: allocations.release(tx, tenant, guest))


def resize(database: Database, tenant: str, guest: str, amounts: Amounts) -> bool:
    def act(tx: Tx) -> bool:
        held = allocations.of(tx, tenant, guest)
        assert held is not None
        return allocations.resize(tx, held, amounts)

    return database.write(act)


def held(database: Database, tenant: str, guest: str) -> list[CellClaim]:
    return database.read(lambda tx: cells.claims_of(tx, tenant, guest))


def used(database: Database, host: str, name: str) -> list[int]:
    return [cell.used[name] for cell in database.read(lambda tx: cells.of_host(tx, host))]


def counters(database: Database, host: str) -> Amounts:
    found = database.read(lambda tx: allocations.host(tx, host))
    assert found is not None
    return found.used


def test_bound_guest_takes_everything_of_its_cell_and_gives_it_back(database: Database, tenant: str, host: str) -> None:
    guest = give(database, host, tenant, Amounts(6, 3_000, 1), cell=1)
    assert guest is not None
    assert (used(database, host, "vcpus"), used(database, host, "memory_mib")) == ([0, 6], [0, 3_000])
    assert give(database, host, tenant, Amounts(3, 10, 1), cell=1) is None
    assert give(database, host, tenant, Amounts(2, 2_000, 1), cell=1) is None
    assert give(database, host, tenant, Amounts(1, 1, 1), cell=2) is None
    assert counters(database, host) == Amounts(6, 3_000, 1)
    assert give(database, host, tenant, Amounts(3, 2_000, 1), cell=0)
    release(database, tenant, guest)
    assert used(database, host, "vcpus") == [3, 0]


def test_guest_that_is_bound_to_none_has_its_own_threads_and_pages_of_cells(
    database: Database, tenant: str, host: str
) -> None:
    floating = give(database, host, tenant, Amounts(16, 8_192, 1))
    assert floating is not None
    assert held(database, tenant, floating) == []
    first = give(database, host, tenant, Amounts(0, 0, 1, 3, 20))
    second = give(database, host, tenant, Amounts(0, 0, 1, 1, 0))
    assert first is not None
    assert second is not None
    assert (used(database, host, "dedicated_threads"), used(database, host, "hugepages_2m")) == ([4, 0], [20, 0])
    release(database, tenant, second)
    across = give(database, host, tenant, Amounts(0, 0, 1, 5, 0))
    assert across is not None
    assert [(c.number, c.amounts["dedicated_threads"]) for c in held(database, tenant, across)] == [(0, 1), (1, 4)]
    assert give(database, host, tenant, Amounts(0, 0, 1, 1, 0)) is None


def test_what_the_host_refuses_is_not_taken_of_its_cells(database: Database, tenant: str, host: str) -> None:
    assert give(database, host, tenant, Amounts(1, 1, 2_000, 2), cell=0) is None
    assert give(database, host, tenant, Amounts(14, 1, 1))
    assert give(database, host, tenant, Amounts(4, 1, 1), cell=0) is None  # floating guests have the rest
    assert [used(database, host, name) for name in COUNTED] == [[0, 0]] * len(COUNTED)


def test_new_size_is_had_of_the_same_cell_or_not_at_all(database: Database, tenant: str, host: str) -> None:
    guest = give(database, host, tenant, Amounts(4, 1_000, 1), cell=0)
    assert guest is not None
    assert not resize(database, tenant, guest, Amounts(9, 1_000, 1))
    assert not resize(database, tenant, guest, Amounts(5, 1_000, 2_000))
    assert used(database, host, "vcpus") == [4, 0]
    assert held(database, tenant, guest)[0].amounts["vcpus"] == 4
    assert resize(database, tenant, guest, Amounts(8, 2_000, 1))
    assert (used(database, host, "vcpus"), used(database, host, "memory_mib")) == ([8, 0], [2_000, 0])


def test_threads_that_a_guest_has_stay_where_they_are_when_its_pages_change(
    database: Database, tenant: str, host: str
) -> None:
    small = give(database, host, tenant, Amounts(0, 0, 1, 2))
    guest = give(database, host, tenant, Amounts(0, 0, 1, 3))  # of cell 1: of cell 0 only two are left
    assert small is not None
    assert guest is not None
    release(database, tenant, small)
    assert resize(database, tenant, guest, Amounts(0, 0, 1, 3, 8))
    assert used(database, host, "dedicated_threads") == [0, 3]


def test_cell_that_has_gone_gives_nothing_more(database: Database, tenant: str, host: str) -> None:
    guest = give(database, host, tenant, Amounts(4, 1_000, 1), cell=1)
    assert guest is not None
    set_host(database, host, {0: HALF})
    assert give(database, host, tenant, Amounts(1, 1, 1), cell=1) is None
    release(database, tenant, guest)
    set_host(database, host, {0: HALF})
    assert [cell.number for cell in database.read(lambda tx: cells.of_host(tx, host))] == [0]


def check_sums(database: Database, tenant: str, host: str, living: Mapping[str, Amounts]) -> None:
    """The counters of the cells are the sum of what guests have, and never more than there is."""
    claims = {guest: held(database, tenant, guest) for guest in living}
    for cell in database.read(lambda tx: cells.of_host(tx, host)):
        for name in COUNTED:
            taken = sum(c.amounts[name] for mine in claims.values() for c in mine if c.number == cell.number)
            assert cell.used[name] == taken <= cell.capacity[name], (cell.number, name)
    for guest, amounts in living.items():
        for name in COUNTED if any(claim.bound for claim in claims[guest]) else EXACT:
            assert sum(claim.amounts[name] for claim in claims[guest]) == getattr(amounts, name)


SIZES = st.builds(Amounts, st.integers(0, 6), st.integers(0, 3_000), st.just(1), st.integers(0, 5), st.integers(0, 80))
STEPS = st.tuples(
    st.sampled_from(("give", "give", "release", "resize")),
    SIZES,
    st.sampled_from((None, 0, 1)),
    st.sampled_from((None, 0, 1, 2, 3)),
    st.integers(0, 7),
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, max_size=12))
def test_whatever_comes_goes_and_grows_no_cell_page_or_gpu_is_given_twice(
    database: Database, steps: list[tuple[str, Amounts, int | None, int | None, int]]
) -> None:
    tenant, host = database.new_uid(), database.new_uid()
    set_host(database, host)
    living: dict[str, Amounts] = {}
    boards: dict[str, int] = {}
    for act, amounts, cell, gpu, which in steps:
        guest = sorted(living)[which % len(living)] if living else None
        if act == "give":
            made = give(database, host, tenant, amounts, cell, gpu)
            if made is not None:
                living[made] = amounts
                if gpu is not None:
                    assert gpu not in boards.values()
                    boards[made] = gpu
        elif guest is None:
            continue
        elif act == "release":
            release(database, tenant, guest)
            del living[guest]
            boards.pop(guest, None)
        elif resize(database, tenant, guest, amounts):
            living[guest] = amounts
        check_sums(database, tenant, host, living)
    for guest in living:
        release(database, tenant, guest)
    check_sums(database, tenant, host, {})
    database.write(lambda tx: allocations.remove_host(tx, host))


def test_schedulers_at_once_never_overbook_a_cell(processes: list[Database], tenant: str, host: str) -> None:
    refused: list[str] = []

    def live(seed: int) -> dict[str, Amounts]:
        rng, mine, database = random.Random(seed), dict[str, Amounts](), processes[seed]
        for _ in range(12):
            amounts = Amounts(rng.randint(0, 3), rng.randint(0, 1_500), 1, rng.randint(0, 2), rng.randint(0, 40))
            try:
                if mine and rng.random() < 0.3:
                    guest = rng.choice(sorted(mine))
                    release(database, tenant, guest)
                    del mine[guest]
                    continue
                made = give(database, host, tenant, amounts, rng.choice((None, 0, 1)))
            except PextraError as error:
                refused.append(error.code)
                continue
            if made is None:
                refused.append("taken")
            else:
                mine[made] = amounts
        return mine

    with ThreadPoolExecutor(2) as pool:
        living = {guest: amounts for mine in pool.map(live, range(2)) for guest, amounts in mine.items()}
    check_sums(processes[0], tenant, host, living)
    assert "taken" in refused
    assert set(refused) <= {"taken", "store.contention"}
