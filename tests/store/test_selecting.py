"""Lists are narrowed by labels and declared fields through one index that follows every write."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pextra.store import objects
from pextra.store.database import Database
from pextra.store.objects import Condition
from tests.store import records

FLEET = {
    "web-1": {"label:app": "web", "label:env": "prod", "spec.size_gib": "10"},
    "web-2": {"label:app": "web", "label:env": "test", "spec.size_gib": "20"},
    "db-1": {"label:app": "db", "label:env": "prod", "spec.size_gib": "10"},
    "bare": {"spec.size_gib": "1"},
}


@pytest.fixture
def tenant(database: Database) -> str:
    uid = database.new_uid()
    for name, index in FLEET.items():
        records.store(database, records.volume(database, uid, name), index=index)
    return uid


def listed(database: Database, tenant: str, *conditions: Condition) -> set[str]:
    page = database.read(lambda tx: objects.page(tx, [tenant], "volume", conditions=conditions, after=None, limit=100))
    return {r.name for r in page}


def has(key: str, *values: str, negate: bool = False) -> Condition:
    return objects.indexed("volume", key, values or None, negate=negate)


def test_a_value_selects_those_that_have_it(database: Database, tenant: str) -> None:
    assert listed(database, tenant, has("label:app", "web")) == {"web-1", "web-2"}


def test_of_several_values_any_will_do(database: Database, tenant: str) -> None:
    assert listed(database, tenant, has("label:app", "web", "db")) == {"web-1", "web-2", "db-1"}


def test_all_conditions_must_hold(database: Database, tenant: str) -> None:
    assert listed(database, tenant, has("label:app", "web"), has("spec.size_gib", "10")) == {"web-1"}


def test_a_key_alone_selects_whatever_has_it(database: Database, tenant: str) -> None:
    assert listed(database, tenant, has("label:app")) == {"web-1", "web-2", "db-1"}


def test_a_negation_selects_those_without_the_key_too(database: Database, tenant: str) -> None:
    assert listed(database, tenant, has("label:app", "web", negate=True)) == {"db-1", "bare"}
    assert listed(database, tenant, has("label:app", negate=True)) == {"bare"}


def test_nothing_is_selected_by_what_nothing_has(database: Database, tenant: str) -> None:
    assert listed(database, tenant, has("label:app", "we")) == set()
    assert listed(database, tenant, has("label:owner")) == set()


def test_other_tenants_and_kinds_with_the_same_labels_stay_out(database: Database, tenant: str) -> None:
    records.store(database, records.volume(database, database.new_uid(), "x"), index={"label:app": "web"})
    network = records.volume(database, tenant, "n", kind="network")
    records.store(database, network, index={"label:app": "web"})
    assert listed(database, tenant, has("label:app", "web")) == {"web-1", "web-2"}


def test_the_index_follows_a_change_of_the_object(database: Database, tenant: str) -> None:
    before = database.read(lambda tx: objects.by_name(tx, tenant, "volume", "web-1"))
    assert before is not None
    after = replace(before, generation=2, labels={"app": "db"})
    old, new = FLEET["web-1"], {"label:app": "db", "spec.size_gib": "10"}
    assert database.write(lambda tx: objects.replace(tx, before, after))
    database.write(lambda tx: objects.reindex(tx, after, old, new))
    assert listed(database, tenant, has("label:app", "web")) == {"web-2"}
    assert listed(database, tenant, has("label:app", "db")) == {"web-1", "db-1"}
    assert listed(database, tenant, has("label:env")) == {"web-2", "db-1"}


def test_who_writes_over_a_generation_that_has_passed_is_told_and_changes_nothing(
    database: Database, tenant: str
) -> None:
    before = database.read(lambda tx: objects.by_name(tx, tenant, "volume", "web-1"))
    assert before is not None
    assert database.write(lambda tx: objects.replace(tx, before, replace(before, generation=2)))
    stale = replace(before, generation=2, spec={"size_gib": 99})
    assert not database.write(lambda tx: objects.replace(tx, before, stale))
    now = database.read(lambda tx: objects.by_uid(tx, tenant, before.uid))
    assert now == replace(before, generation=2)


def test_who_reports_a_status_over_one_that_has_passed_is_told_and_changes_nothing(
    database: Database, tenant: str
) -> None:
    before = database.read(lambda tx: objects.by_name(tx, tenant, "volume", "web-1"))
    assert before is not None
    assert database.write(lambda tx: objects.replace_status(tx, before, {"pool": "a"}))
    assert not database.write(lambda tx: objects.replace_status(tx, before, {"pool": "b"}))
    now = database.read(lambda tx: objects.by_uid(tx, tenant, before.uid))
    assert now is not None
    assert (now.status, now.status_revision, now.generation) == ({"pool": "a"}, 1, 1)


def test_an_object_that_is_removed_leaves_neither_rows_nor_index(database: Database, tenant: str) -> None:
    record = database.read(lambda tx: objects.by_name(tx, tenant, "volume", "web-1"))
    assert record is not None
    database.write(lambda tx: objects.remove(tx, record))
    assert database.read(lambda tx: objects.by_uid(tx, tenant, record.uid)) is None
    assert listed(database, tenant, has("label:app", "web")) == {"web-2"}
    records.store(database, replace(record, labels={}))
    assert listed(database, tenant, has("label:app", "web")) == {"web-2"}


def test_many_objects_are_fetched_by_uid_in_one_call(sqlite_database: Database) -> None:
    tenants = [sqlite_database.new_uid() for _ in range(2)]
    made = [records.volume(sqlite_database, tenants[n % 2], f"v{n}") for n in range(1_100)]
    records.store(sqlite_database, *made)
    wanted = [(r.tenant_uid, r.uid) for r in made] + [(tenants[0], sqlite_database.new_uid())]
    found = sqlite_database.read(lambda tx: objects.by_uids(tx, wanted))
    assert found == {r.uid: r for r in made}
