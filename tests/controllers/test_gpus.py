"""GPUs of instances: which they are given, what waits and why, what quota counts, and what is given back."""

from __future__ import annotations

from typing import Any

import pytest

from pextra.errors import PextraError
from pextra.services import bootstrap, planning
from pextra.services.cloud import Context
from pextra.store import gpus, quota
from pextra.store.database import Rollback
from tests.controllers.cloud import TENANT, LoopedCloud

H100 = "h100-80gb-hbm3"


@pytest.fixture
def cloud(cloud: LoopedCloud) -> LoopedCloud:
    """The cloud with a host that has an HGX board, and profiles."""
    machine = {"vcpus": 64, "memory_mib": 65_536, "disk_gib": 1_000, "numa_cells": 2, "gpus": {"board": "hgx-h100-8"}}
    cloud.put("host", "gpu-1", {"driver": "sim", "cpu_overcommit": 1, "simulated": machine})
    cloud.put("gpu_profile", "h100", {"models": [H100]})
    cloud.put("gpu_profile", "quarter", {"models": [H100], "mode": "share", "share_milli": 250})
    cloud.put("gpu_profile", "slice", {"models": [H100], "mode": "mig", "slice": "1g.10gb"})
    cloud.settle()
    return cloud


def given(cloud: LoopedCloud, name: str) -> list[str]:
    """The addresses of the instance's GPUs."""
    return sorted(gpu["address"] for gpu in cloud.get("instance", name).status.get("gpus", []))


def used(cloud: LoopedCloud) -> dict[str, int]:
    """What is given out of each GPU that anything is given out of."""
    host = cloud.find("host", "gpu-1", tenant=None)
    assert host is not None
    return {g.address: g.used_milli for g in cloud.database.read(lambda tx: gpus.of_host(tx, host.uid)) if g.used_milli}


def modules(cloud: LoopedCloud, addresses: list[str]) -> set[int]:
    """The module numbers of the GPUs."""
    host = cloud.find("host", "gpu-1", tenant=None)
    assert host is not None
    return {gpu["module"] for gpu in host.status["gpus"] if gpu["address"] in addresses}


def usage(cloud: LoopedCloud) -> dict[str, int]:
    """What the tenant uses of GPUs, by countable."""
    tenant = cloud.find("tenant", TENANT, tenant=None)
    assert tenant is not None
    found = cloud.database.read(lambda tx: quota.usage(tx, tenant.uid))
    return {name: entry.used for name, entry in found.items() if name.startswith("gpu") and entry.used}


def test_linked_gpus_are_a_partition_of_the_board(cloud: LoopedCloud) -> None:
    cloud.instance("pair", gpus={"profile": "h100", "count": 2, "nvlink": "required"})
    cloud.instance("four", gpus={"profile": "h100", "count": 4, "nvlink": "required"})
    assert modules(cloud, given(cloud, "pair")) in ({1, 3}, {2, 4}, {5, 7}, {6, 8})
    assert modules(cloud, given(cloud, "four")) in ({1, 2, 3, 4}, {5, 6, 7, 8})
    assert cloud.ready("instance", "four")["status"] == "true"
    assert set(used(cloud)) == {*given(cloud, "pair"), *given(cloud, "four")}
    status = cloud.get("instance", "four").status
    assert status["host"] == "gpu-1"
    assert status["gpus"][0]["model"] == H100
    assert sorted(status["placement"]["gpus"]) == given(cloud, "four")


def test_instance_whose_gpus_are_not_free_says_which_and_runs_when_they_are(cloud: LoopedCloud) -> None:
    cloud.instance("first", gpus={"profile": "h100", "count": 5})
    cloud.instance("second", gpus={"profile": "h100", "count": 4, "nvlink": "required"})
    waiting = cloud.ready("instance", "second")
    assert waiting["reason"] == "NoCapacity"
    assert f"1 without 4 GPUs {H100} linked by NVLink free" in waiting["message"]
    assert f"2 without 4 GPUs {H100}" in waiting["message"]
    cloud.delete("instance", "first")
    cloud.settle(120.0)
    assert cloud.ready("instance", "second")["status"] == "true"
    assert len(given(cloud, "second")) == 4


def test_parts_share_a_gpu_and_modes_do_not(cloud: LoopedCloud) -> None:
    for name in ("a", "b", "c", "d"):
        cloud.instance(name, gpus={"profile": "quarter"})
    cloud.instance("sliced", gpus={"profile": "slice", "count": 3})
    shared = {given(cloud, name)[0] for name in ("a", "b", "c", "d")}
    assert len(shared) == 1
    assert len(set(given(cloud, "sliced"))) == 1
    assert shared.isdisjoint(given(cloud, "sliced"))
    assert sorted(used(cloud).values()) == [375, 1000]


def test_quota_counts_gpus_by_model_and_by_profile_until_they_are_gone(cloud: LoopedCloud) -> None:
    cloud.instance("pair", gpus={"profile": "h100", "count": 2})
    cloud.instance("part", gpus={"profile": "quarter"})
    assert usage(cloud) == {
        "gpus": 3, f"gpus/{H100}": 3, "gpus/profile.h100": 2, "gpus/profile.quarter": 1,
    }  # fmt: skip
    cloud.put("quota", "default", {"unlisted": "unlimited", "limits": {f"gpus/{H100}": 4}}, tenant=TENANT)
    with pytest.raises(PextraError, match=f"may have 4 gpus/{H100}"):
        cloud.instance("more", gpus={"profile": "h100", "count": 2})
    for name in ("pair", "part"):
        cloud.delete("instance", name)
    cloud.settle(30.0)
    assert usage(cloud) == {}
    assert used(cloud) == {}


def test_seconds_of_each_gpu_are_kept_with_who_had_it(cloud: LoopedCloud) -> None:
    cloud.instance("pair", gpus={"profile": "h100", "count": 2})
    owner = cloud.get("instance", "pair")
    cloud.settle(100.0)
    cloud.delete("instance", "pair")
    cloud.settle(30.0)
    found = cloud.database.read(lambda tx: gpus.usage(tx, [owner.tenant_uid], since_us=0, until_us=tx.now_us))
    assert [(i.consumer_uid, i.model, i.mode) for i in found] == [(owner.uid, H100, "whole")] * 2
    for interval in found:
        assert interval.ended_us is not None
        assert 100 <= (interval.ended_us - interval.started_us) / 1_000_000 <= 131


def test_a_plan_tells_which_gpus_an_instance_would_get_or_what_is_lacking(cloud: LoopedCloud) -> None:
    def planned(count: int) -> dict[str, Any]:
        wish = {"profile": "h100", "count": count, "nvlink": "required", "numa": "required"}
        spec = {"flavor": "small", "image": "linux", "gpus": wish}
        document = {"kind": "instance", "metadata": {"name": "four", "tenant": TENANT}, "spec": spec}

        def plan(tx: Any) -> Any:
            ctx = Context(cloud.cloud, tx, bootstrap.root_principal(cloud.cloud))
            raise Rollback(planning.batch(ctx, {"changes": [{"verb": "put", "object": document}]}))

        return cloud.database.write(plan)["changes"][0]["placement"]

    four = planned(4)
    assert four["host"] == "gpu-1"
    assert len(four["gpus"]) == 4
    eight = planned(8)
    assert "8 GPUs" in eight["why"]
    assert "not in one NUMA cell" in eight["remedy"]


def test_profile_that_changes_leaves_instances_that_have_it_alone(cloud: LoopedCloud) -> None:
    cloud.instance("part", gpus={"profile": "quarter"})
    cloud.put("gpu_profile", "quarter", {"models": [H100], "mode": "share", "share_milli": 500})
    cloud.settle(10.0)
    assert sorted(used(cloud).values()) == [250]
    cloud.delete("gpu_profile", "quarter")
    cloud.settle(10.0)
    assert cloud.ready("instance", "part")["status"] == "true"


def test_profile_with_a_name_that_quota_cannot_count_by_is_refused(cloud: LoopedCloud) -> None:
    with pytest.raises(PextraError, match="must have at most 48 characters"):
        cloud.put("gpu_profile", "p" * 49, {})


def test_loops_that_die_give_no_gpu_twice(cloud: LoopedCloud) -> None:
    for number in range(3):
        cloud.put("instance", f"i{number}", {"flavor": "small", "image": "linux", "gpus": {"profile": "h100"}})
        cloud.loop.step()
        cloud.restart()
    cloud.settle(60.0)
    addresses = [address for number in range(3) for address in given(cloud, f"i{number}")]
    assert len(set(addresses)) == len(addresses) == 3
    assert used(cloud) == dict.fromkeys(addresses, 1000)


def test_guest_is_given_its_whole_gpus_as_devices_with_what_tells_where_they_are(cloud: LoopedCloud) -> None:
    cloud.instance("pair", gpus={"profile": "h100", "count": 2})
    host = cloud.find("host", "gpu-1", tenant=None)
    assert host is not None
    drivers = cloud.fleet.drivers(host)
    assert drivers is not None
    guest = drivers.compute.observe_guest(cloud.uid("pair"))
    assert guest is not None
    assert sorted(guest.devices) == given(cloud, "pair")


def test_instance_whose_gpu_is_lost_says_so(cloud: LoopedCloud) -> None:
    cloud.instance("pair", gpus={"profile": "h100", "count": 2})
    host = cloud.find("host", "gpu-1", tenant=None)
    assert host is not None
    cloud.world.lose_devices(host.uid, given(cloud, "pair")[:1])
    cloud.settle(60.0)
    ready = cloud.ready("instance", "pair")
    assert (ready["status"], ready["reason"]) == ("false", "DeviceLost")
