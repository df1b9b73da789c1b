"""Lists are read page by page in a stable order: whatever is inserted meanwhile, nothing is skipped or seen twice."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pextra.store import objects
from pextra.store.database import Database
from pextra.store.records import Record
from tests.store import records

Page = Callable[..., list[Record]]
NAMES = st.from_regex(r"[a-z]([a-z0-9-]{0,4}[a-z0-9])?", fullmatch=True)


def pages(database: Database, tenants: list[str], size: int, between: Callable[[int], None] | None = None) -> list[str]:
    """The names of all volumes of the tenants, read in pages; `between` is called after each page."""
    seen: list[str] = []
    after: tuple[str, str] | None = None
    for number in range(1_000):
        page = database.read(
            lambda tx, a=after: objects.page(tx, tenants, "volume", conditions=[], after=a, limit=size)
        )
        seen.extend(r.name for r in page)
        if len(page) < size:
            return seen
        after = (page[-1].tenant_uid, page[-1].name)
        if between is not None:
            between(number)
    raise AssertionError("the list has no end")


def add(database: Database, tenant: str, *names: str) -> None:
    records.store(database, *(records.volume(database, tenant, name) for name in names))


@pytest.mark.parametrize("size", [1, 3, 7, 20, 21])
def test_pages_of_any_size_together_are_the_list_in_the_order_of_names(database: Database, size: int) -> None:
    tenant = database.new_uid()
    names = [f"v-{n}" for n in range(10)] + [f"v{n}" for n in range(10)]
    random.Random(size).shuffle(names)
    add(database, tenant, *names)
    assert pages(database, [tenant], size) == sorted(names)


@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(names=st.sets(NAMES, min_size=1, max_size=12), size=st.integers(1, 5))
def test_the_order_of_names_is_that_of_their_bytes(database: Database, names: set[str], size: int) -> None:
    tenant = database.new_uid()
    add(database, tenant, *names)
    assert pages(database, [tenant], size) == sorted(names)


def test_what_was_there_from_the_start_is_seen_once_however_much_is_inserted_between_pages(
    database: Database,
) -> None:
    tenant = database.new_uid()
    there = [f"v{n:02}" for n in range(0, 40, 2)]
    add(database, tenant, *there)

    def insert_before_and_behind(page: int) -> None:
        add(database, tenant, f"a{page:02}", f"v{page * 8 + 1:02}", f"z{page:02}")

    seen = pages(database, [tenant], 4, insert_before_and_behind)
    assert [name for name in seen if name in there] == there
    assert len(set(seen)) == len(seen)
    assert not any(name.startswith("a") for name in seen)


def test_what_is_removed_between_pages_takes_nothing_else_along(database: Database) -> None:
    tenant = database.new_uid()
    volumes = {f"v{n:02}": records.volume(database, tenant, f"v{n:02}") for n in range(12)}
    records.store(database, *volumes.values())
    removed = ["v03", "v07", "v11"]  # the last of each page

    def remove(page: int) -> None:
        database.write(lambda tx: objects.remove(tx, volumes[removed[page]]))

    assert pages(database, [tenant], 4, remove) == list(volumes)
    assert pages(database, [tenant], 4) == [name for name in volumes if name not in removed]


def test_several_tenants_are_listed_one_after_the_other_across_pages(database: Database) -> None:
    tenants = [database.new_uid() for _ in range(4)]
    add(database, tenants[0], "b", "c")
    add(database, tenants[2], "a", "b")
    add(database, tenants[3], "a")
    for size in (1, 2, 3, 10):
        assert pages(database, tenants, size) == ["b", "c", "a", "b", "a"]


def test_objects_of_another_kind_or_tenant_and_hidden_ones_are_not_listed(database: Database) -> None:
    tenant = database.new_uid()
    hidden = records.volume(database, tenant, f".{database.new_uid()}")
    network = records.volume(database, tenant, "n", kind="network")
    records.store(database, hidden, network, records.volume(database, database.new_uid(), "foreign"))
    add(database, tenant, "a")
    assert pages(database, [tenant], 5) == ["a"]
    assert [r.name for r in database.read(lambda tx: objects.of_kind(tx, tenant, "volume"))] == ["a"]


def test_a_hidden_object_is_found_by_its_uid_and_by_no_name(database: Database) -> None:
    tenant = database.new_uid()
    hidden = records.volume(database, tenant, f".{database.new_uid()}")
    records.store(database, hidden)
    assert database.read(lambda tx: objects.by_name(tx, tenant, "volume", hidden.name)) is None
    assert database.read(lambda tx: objects.by_uid(tx, tenant, hidden.uid)) == hidden


def test_the_descendants_of_a_tenant_are_those_below_its_path(database: Database) -> None:
    site = database.new_uid()
    paths = ["acme", "acme-2", "acme.dev", "acme.dev.web", "acme.ops", "acmf", "acm", "acme0"]
    records.store(database, *(records.volume(database, site, path, kind="tenant") for path in paths))
    found = [path for _, path in database.read(lambda tx: objects.descendants(tx, site, "acme"))]
    assert found == ["acme.dev", "acme.dev.web", "acme.ops"]
