"""Instances go where their machine can be, and what few hosts have is given to nobody twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pextra.services import bootstrap, planning
from pextra.services.cloud import Context
from pextra.store import allocations
from tests.controllers.cloud import TENANT, LoopedCloud

PLAIN: dict[str, Any] = {"vcpus": 8, "memory_mib": 16_384, "disk_gib": 200, "features": []}
CAPABLE: dict[str, Any] = {
    **PLAIN,
    "dedicated_threads": 4,
    "hugepages_2m": 1024,
    "numa_cells": 2,
    "features": ["uefi", "secure_boot", "tpm"],
}
FLAVORS: dict[str, dict[str, Any]] = {
    "pinned": {"cpu_policy": "dedicated"},
    "paged": {"hugepage_kib": 2048},
    "secure": {"firmware": "uefi", "secure_boot": True, "tpm": True},
}


@pytest.fixture
def mixed(cloud: LoopedCloud) -> LoopedCloud:
    """Host `h0` is a plain machine, `h1` is capable of more."""
    for name, machine in (("h0", PLAIN), ("h1", CAPABLE)):
        cloud.put("host", name, {"driver": "sim", "cpu_overcommit": 1, "simulated": machine})
    for name, more in FLAVORS.items():
        cloud.put("flavor", name, {"vcpus": 2, "memory_mib": 1024, "disk_gib": 10, **more})
    cloud.settle()
    return cloud


def used(cloud: LoopedCloud, host: str) -> allocations.Amounts:
    return next(h.used for h in cloud.database.read(allocations.hosts) if h.name == host)


@pytest.mark.parametrize("flavor", FLAVORS)
def test_an_instance_runs_where_its_machine_can_be(mixed: LoopedCloud, flavor: str) -> None:
    mixed.instance("web", flavor=flavor)
    assert mixed.get("instance", "web").status["host"] == "h1"
    assert mixed.ready("instance", "web")["status"] == "true"


def test_a_host_says_what_it_can_do_and_looking_again_changes_nothing(mixed: LoopedCloud) -> None:
    before = mixed.get("host", "h1")
    assert before.status["dedicated_cpus"] == [4, 5, 6, 7]
    assert before.status["hugepages"] == [{"size_kib": 2048, "total": 1024, "free": 1024}]
    assert (before.status["numa_cells"], before.status["features"]) == (2, ["uefi", "secure_boot", "tpm"])
    mixed.restart()
    mixed.settle(30.0)
    assert mixed.get("host", "h1").status_revision == before.status_revision


def test_dedicated_threads_are_given_out_once_and_come_back(mixed: LoopedCloud) -> None:
    for name in ("a", "b"):
        mixed.instance(name, flavor="pinned")
    assert used(mixed, "h1") == allocations.Amounts(0, 2048, 20, dedicated_threads=4)
    mixed.instance("late", flavor="pinned")
    refused = mixed.ready("instance", "late")
    assert refused["reason"] == "NoCapacity"
    assert "2 without 2 free dedicated threads" in refused["message"]
    mixed.delete("instance", "a")
    mixed.settle(120.0)
    assert mixed.ready("instance", "late")["status"] == "true"
    mixed.delete("instance", "b")
    mixed.delete("instance", "late")
    mixed.settle(5.0)
    assert used(mixed, "h1") == allocations.Amounts(0, 0, 0)


def test_hugepages_are_given_out_instead_of_memory_and_no_more_than_there_are(mixed: LoopedCloud) -> None:
    for name in ("a", "b"):
        mixed.instance(name, flavor="paged")
    assert used(mixed, "h1") == allocations.Amounts(4, 0, 20, hugepages_2m=1024)
    mixed.instance("late", flavor="paged")
    assert "without 512 free hugepages of 2 MiB" in mixed.ready("instance", "late")["message"]


def test_what_is_set_aside_is_not_shared_too(mixed: LoopedCloud) -> None:
    capacity = {h.name: h.capacity for h in mixed.database.read(allocations.hosts)}
    assert capacity["h0"] == allocations.Amounts(8, 15_872, 200)
    assert capacity["h1"] == allocations.Amounts(4, 13_824, 200, dedicated_threads=4, hugepages_2m=1024)


def test_a_resize_to_a_machine_that_its_host_cannot_be_waits_and_takes_nothing(mixed: LoopedCloud) -> None:
    mixed.instance("web", host_labels={})
    home = mixed.get("instance", "web").status["host"]
    spec = {**PLAIN, "features": []}
    mixed.put("host", home, {"driver": "sim", "cpu_overcommit": 1, "simulated": spec})
    mixed.settle()
    mixed.instance("web", flavor="secure")
    refused = mixed.ready("instance", "web")
    assert (refused["reason"], "secure_boot, tpm" in refused["message"]) == ("NoCapacity", True)
    assert used(mixed, home).vcpus == 1


@pytest.mark.parametrize("operator", [True, False])
def test_a_plan_says_what_is_lacking_and_names_hosts_to_operators_alone(mixed: LoopedCloud, operator: bool) -> None:
    mixed.instance("a", flavor="pinned")
    mixed.put("flavor", "wide", {"vcpus": 4, "memory_mib": 1024, "disk_gib": 10, "cpu_policy": "dedicated"})
    web = {"kind": "instance", "metadata": {"name": "web", "tenant": TENANT}}
    body = {"changes": [{"verb": "put", "object": {**web, "spec": {"flavor": "wide", "image": "linux"}}}]}
    root = bootstrap.root_principal(mixed.cloud)
    mine = tuple(replace(grant, path=TENANT) for grant in root.grants)
    who = root if operator else replace(root, tenant_path=TENANT, grants=mine)
    planned = mixed.database.write(lambda tx: planning.batch(Context(mixed.cloud, tx, who), body))
    placement = planned["changes"][0]["placement"]
    assert placement["why"] == "none of 2 hosts can take it: 2 without 4 free dedicated threads"
    wanted = "host h1, the closest: 4 dedicated threads wanted, 2 free"
    assert placement.get("remedy") == (wanted if operator else None)
