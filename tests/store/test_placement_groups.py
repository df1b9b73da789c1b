"""Required placement groups hold, however many schedulers choose for them at once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pextra.errors import PextraError
from pextra.scheduling.groups import Group, Rule, Topology
from pextra.scheduling.place import Placement, place
from pextra.scheduling.request import Request
from pextra.scheduling.resources import Resources
from pextra.services import placement
from pextra.store import allocations, schema
from pextra.store.allocations import Amounts, HostRow
from pextra.store.database import Database, Tx

SMALL = Amounts(1, 1_024, 10)
WHERE = [("a", "r1"), ("a", "r1"), ("a", "r2"), ("b", "r1"), ("b", "r2"), ("b", "r2")]
"""Zone and rack of each host."""
RULES = [(rule, topology) for rule in Rule for topology in Topology]


@pytest.fixture
def tenant(database: Database) -> str:
    return database.new_uid()


@pytest.fixture
def hosts(database: Database) -> list[HostRow]:
    """Six hosts in two zones."""
    return furnish(database)


@pytest.fixture(scope="module")
def sqlite_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, list[HostRow]]]:
    """The same in one database for many examples, each of which cleans up."""
    path: Path = tmp_path_factory.mktemp("groups") / "pextra.db"
    database = Database(f"sqlite:///{path}", durable=False)
    schema.migrate(database)
    yield database, furnish(database)
    database.close()


def furnish(database: Database) -> list[HostRow]:
    for number, (zone, rack) in enumerate(WHERE):
        add_host(database, f"h{number}", zone, rack)
    return database.read(allocations.hosts)


def add_host(database: Database, name: str, zone: str, rack: str) -> None:
    uid = database.new_uid()
    database.write(
        lambda tx: allocations.set_host(
            tx,
            uid,
            name=name,
            zone=zone,
            rack=rack,
            pool="local",
            pool_shared=False,
            labels={},
            ready=True,
            schedulable=True,
            capacity=Amounts(100, 102_400, 1_000),
        )
    )


def choose(database: Database, group: Group) -> Placement | None:
    """Where a guest of the group would go now."""
    found = database.read(allocations.hosts)
    decision = place(placement.snapshot(found), Request("g", "t", Resources(1, 1_024, 10), group=group))
    return decision if isinstance(decision, Placement) else None


def commit(database: Database, tenant: str, guest: str, chosen: Placement, group: Group) -> bool:
    """Whether the choice could be made so."""

    def take(tx: Tx) -> bool:
        return placement.group_holds(tx, chosen) and allocations.take(
            tx, chosen.host_uid, tenant, guest, SMALL, placement_group_uid=group.uid
        )

    return database.write(take)


def broken(hosts: list[HostRow], group: Group, members: dict[str, int]) -> str | None:
    """What is wrong with where the group's guests are when none of them has gone."""
    domain = {h.uid: {"host": h.uid, "rack": (h.zone, h.rack), "zone": h.zone}[group.topology.value] for h in hosts}
    counts = Counter(dict.fromkeys(domain.values(), 0))
    for uid, number in members.items():
        counts[domain[uid]] += number
    occupied = [number for number in counts.values() if number]
    if group.rule is Rule.ANTI_AFFINITY and max(occupied, default=0) > 1:
        return f"two of them share a {group.topology}: {counts}"
    if group.rule is Rule.AFFINITY and len(occupied) > 1:
        return f"they are in several: {counts}"
    if group.rule is Rule.SPREAD and max(counts.values()) - min(counts.values()) > 1:
        return f"they are uneven: {counts}"
    return None


@pytest.mark.parametrize(("rule", "topology"), RULES, ids=lambda each: each.value)
def test_schedulers_that_choose_at_once_never_break_a_required_group(
    processes: list[Database], hosts: list[HostRow], tenant: str, rule: Rule, topology: Topology
) -> None:
    group = Group(processes[0].new_uid(), rule, topology, required=True)
    stale: list[str] = []

    def schedule(number: int) -> int:
        database, placed = processes[number], 0
        for _ in range(5):
            chosen = choose(database, group)
            if chosen is None:
                break
            try:
                if commit(database, tenant, database.new_uid(), chosen, group):
                    placed += 1
                else:
                    stale.append("stale")
            except PextraError as error:
                stale.append(error.code)
        return placed

    with ThreadPoolExecutor(4) as pool:
        placed = sum(pool.map(schedule, range(4)))
    members = processes[0].read(lambda tx: allocations.members(tx, group.uid))
    assert sum(members.values()) == placed > 0
    assert broken(hosts, group, members) is None
    assert set(stale) <= {"stale", "store.contention"}


@given(st.sampled_from(RULES), st.lists(st.integers(0, 3), min_size=2, max_size=40), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_no_interleaving_of_choices_and_commits_breaks_a_required_group(
    sqlite_site: tuple[Database, list[HostRow]], wish: tuple[Rule, Topology], turns: list[int], chance: random.Random
) -> None:
    database, hosts = sqlite_site
    group, tenant = Group(database.new_uid(), *wish, required=True), database.new_uid()
    pending: dict[int, Placement | None] = {}
    placed: list[str] = []
    for turn in turns:
        if turn not in pending:
            pending[turn] = choose(database, group)
            continue
        chosen = pending.pop(turn)
        guest = database.new_uid()
        if chosen is not None and commit(database, tenant, guest, chosen, group):
            placed.append(guest)
        assert broken(hosts, group, database.read(lambda tx: allocations.members(tx, group.uid))) is None
    for guest in placed:
        database.write(lambda tx, g=guest: allocations.release(tx, tenant, g))
    assert database.read(lambda tx: allocations.members(tx, group.uid)) == {}


@pytest.mark.parametrize("rule", Rule)
def test_a_choice_is_refused_when_a_guest_of_the_group_is_where_the_choice_knew_no_host(
    database: Database, hosts: list[HostRow], tenant: str, rule: Rule
) -> None:
    group = Group(database.new_uid(), rule, Topology.RACK, required=True)
    chosen = choose(database, group)
    assert chosen is not None
    add_host(database, "h9", "c", "r1")
    new = next(h for h in database.read(allocations.hosts) if h.name == "h9")
    assert new.uid not in {h.uid for h in hosts}
    taken = database.write(
        lambda tx: allocations.take(tx, new.uid, tenant, database.new_uid(), SMALL, placement_group_uid=group.uid)
    )
    assert taken
    assert not commit(database, tenant, database.new_uid(), chosen, group)
