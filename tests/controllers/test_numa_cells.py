"""What an instance with GPUs has of its host is of their NUMA cell, and the instance tells what it has."""

from __future__ import annotations

from typing import Any

import pytest

from pextra.store import cells
from tests.controllers.cloud import LoopedCloud

_H100 = "h100-80gb-hbm3"
_NUMA = {"profile": "h100", "count": 2, "numa": "required"}


@pytest.fixture
def cloud(cloud: LoopedCloud) -> LoopedCloud:
    """The cloud with a host of two cells, with four GPUs, four dedicated threads and 4 GiB of hugepages each."""
    machine = {"vcpus": 24, "memory_mib": 32_768, "disk_gib": 1_000, "numa_cells": 2, "gpus": {"board": "hgx-h100-8"}}
    machine |= {"dedicated_threads": 8, "hugepages_2m": 4_096}
    cloud.put("host", "gpu-1", {"driver": "sim", "cpu_overcommit": 1, "reserved_memory_mib": 0, "simulated": machine})
    cloud.put("gpu_profile", "h100", {"models": [_H100]})
    own = {"cpu_policy": "dedicated", "hugepage_kib": 2_048}
    cloud.put("flavor", "shared", {"vcpus": 6, "memory_mib": 4_096, "disk_gib": 1})
    cloud.put("flavor", "own", {"vcpus": 3, "memory_mib": 2_048, "disk_gib": 1, **own})
    cloud.put("flavor", "wide", {"vcpus": 5, "memory_mib": 1_024, "disk_gib": 1, **own})
    cloud.settle()
    return cloud


def numa(cloud: LoopedCloud, name: str) -> list[dict[str, Any]]:
    """What the instance tells of its cells, without what it has nothing of."""
    told = cloud.get("instance", name).status.get("numa", [])
    return [{key: value for key, value in cell.items() if value or key == "cell"} for cell in told]


def used(cloud: LoopedCloud, name: str) -> list[int]:
    """What is given out of each of the host's cells."""
    host = cloud.find("host", "gpu-1", tenant=None)
    assert host is not None
    return [cell.used[name] for cell in cloud.database.read(lambda tx: cells.of_host(tx, host.uid))]


def test_processors_memory_and_pages_are_of_the_cell_of_the_gpus(cloud: LoopedCloud) -> None:
    cloud.instance("shared", flavor="shared", gpus=_NUMA)
    cloud.instance("own", flavor="own", gpus=_NUMA)
    host = cloud.find("host", "gpu-1", tenant=None)
    assert host is not None
    cell_of = {gpu["address"]: gpu["numa_node"] for gpu in host.status["gpus"]}
    for name, amounts in (
        ("shared", {"vcpus": 6, "memory_mib": 4_096}),
        ("own", {"dedicated_threads": 3, "hugepages_2m": 1_024}),
    ):
        status = cloud.get("instance", name).status
        cell = numa(cloud, name)[0]["cell"]
        assert {cell_of[gpu["address"]] for gpu in status["gpus"]} == {cell}
        assert numa(cloud, name) == [{"cell": cell, "bound": True, **amounts}]
        assert cloud.ready("instance", name)["status"] == "true"
    for name in ("shared", "own"):
        cloud.delete("instance", name)
    cloud.settle(120.0)
    assert all(used(cloud, name) == [0, 0] for name in cells.COUNTED)


def test_guest_that_no_cell_has_room_for_waits_where_it_is_required_and_is_split_where_it_is_preferred(
    cloud: LoopedCloud,
) -> None:
    cloud.instance("insists", flavor="wide", gpus=_NUMA)
    assert cloud.ready("instance", "insists")["reason"] == "NoCapacity"
    assert used(cloud, "dedicated_threads") == [0, 0]
    cloud.instance("prefers", flavor="wide", gpus=_NUMA | {"numa": "preferred"})
    assert cloud.ready("instance", "prefers")["status"] == "true"
    assert [cell["dedicated_threads"] for cell in numa(cloud, "prefers")] == [4, 1]
    assert not any("bound" in cell for cell in numa(cloud, "prefers"))


def test_cells_run_out_one_by_one(cloud: LoopedCloud) -> None:
    for name in ("a", "b", "c"):
        cloud.instance(name, flavor="shared", gpus=_NUMA)
    placed = [name for name in ("a", "b", "c") if cloud.ready("instance", name)["status"] == "true"]
    assert len(placed) == 2  # each cell has eight shared threads
    assert sorted(cell["cell"] for name in placed for cell in numa(cloud, name)) == [0, 1]
    cloud.delete("instance", placed[0])
    cloud.settle(120.0)
    assert all(cloud.ready("instance", name)["status"] == "true" for name in {"a", "b", "c"} - {placed[0]})
