"""Who gets what comes free: by priority, then by age, across tenants."""

from __future__ import annotations

import pytest

from pextra.controllers.placing import MOST_WAITING
from pextra.errors import PextraError
from pextra.store import work
from tests.controllers.cloud import TENANT, LoopedCloud

LONG_S = 600.0
"""After which all that wait have come to the end of their intervals."""


@pytest.fixture
def full(cloud: LoopedCloud) -> LoopedCloud:
    """A cloud whose hosts have room for two large instances, which they have."""
    for name in ("a", "b"):
        cloud.instance(name, flavor="large")
    assert has_host(cloud, "a")
    assert has_host(cloud, "b")
    return cloud


def wait(cloud: LoopedCloud, name: str, priority: int, flavor: str = "large") -> None:
    """An instance that has waited for long."""
    cloud.instance(name, flavor=flavor, priority=priority)
    cloud.settle(LONG_S)
    assert cloud.ready("instance", name)["reason"] == "NoCapacity"


def has_host(cloud: LoopedCloud, name: str) -> bool:
    """Whether it does not wait any more."""
    return bool(cloud.get("instance", name).status.get("host"))


def make_room(cloud: LoopedCloud, name: str) -> None:
    """Delete an instance, and let a moment pass."""
    cloud.delete("instance", name)
    cloud.settle(1.0)


def test_the_highest_priority_is_first_whoever_came_first(full: LoopedCloud) -> None:
    wait(full, "low", -1)
    wait(full, "usual", 0)
    wait(full, "high", 3)
    make_room(full, "a")
    assert [has_host(full, name) for name in ("high", "usual", "low")] == [True, False, False]
    make_room(full, "b")
    assert [has_host(full, name) for name in ("high", "usual", "low")] == [True, True, False]
    make_room(full, "high")
    assert has_host(full, "low")


def test_of_equal_ones_the_oldest_is_first(full: LoopedCloud) -> None:
    for name in ("z", "y", "x"):
        wait(full, name, 0)
    make_room(full, "a")
    assert [has_host(full, name) for name in ("z", "y", "x")] == [True, False, False]


def test_a_new_instance_does_not_overtake_one_that_waits(full: LoopedCloud) -> None:
    """Though it is looked at in the moment in which there is room."""
    wait(full, "patient", 0)
    full.delete("instance", "a")
    full.put("instance", "eager", {"flavor": "large", "image": "linux"})
    full.settle(1.0)
    assert has_host(full, "patient")
    assert not has_host(full, "eager")
    full.put("instance", "urgent", {"flavor": "large", "image": "linux", "priority": 9})
    full.delete("instance", "b")
    full.settle(1.0)
    assert has_host(full, "urgent")
    assert not has_host(full, "eager")


def test_who_does_not_fit_holds_up_nobody(full: LoopedCloud) -> None:
    full.put("flavor", "vast", {"vcpus": 512, "memory_mib": 1024, "disk_gib": 10})
    for number in range(MOST_WAITING + 2):
        full.put("instance", f"vast-{number}", {"flavor": "vast", "image": "linux", "priority": 5})
    full.settle(LONG_S)
    wait(full, "patient", 0)
    make_room(full, "a")
    full.settle(61.0)
    assert has_host(full, "patient")


def test_a_host_that_comes_is_for_the_first(full: LoopedCloud) -> None:
    wait(full, "low", 0)
    wait(full, "high", 1)
    full.put("host", "later", {"driver": "sim", "simulated": {"vcpus": 4, "memory_mib": 9000}})
    full.settle(1.0)
    assert [has_host(full, name) for name in ("high", "low")] == [True, False]


def test_priority_is_quota_that_a_tenant_has_to_be_given(full: LoopedCloud) -> None:
    full.put("quota", "default", {"unlisted": "unlimited", "limits": {"priority": 5}})
    full.instance("c", priority=5)
    with pytest.raises(PextraError) as refused:
        full.instance("d", priority=1)
    assert refused.value.code == "quota.exceeded"
    full.instance("d", priority=-10)
    full.instance("c", priority=0)
    full.instance("d", priority=5)
    assert full.get("instance", "d").spec["priority"] == 5


def test_only_who_waits_is_among_those_that_wait(full: LoopedCloud) -> None:
    wait(full, "c", 2)
    wait(full, "d", 4)
    names = {full.uid(name): name for name in ("c", "d")}
    found = full.database.read(lambda tx: work.waiters(tx, limit=10))
    assert [names[each.uid] for each in found] == ["d", "c"]
    assert [names[each.uid] for each in full.database.read(lambda tx: work.waiters(tx, limit=1))] == ["d"]
    full.delete("instance", "c")
    full.delete("instance", "a")
    full.settle(5.0)
    assert full.database.read(lambda tx: work.waiters(tx, limit=10)) == []
    assert full.find("instance", "c", tenant=TENANT) is None
