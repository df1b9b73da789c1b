"""Virtual functions of GPUs: which one an instance is given, and what is offered of real GPUs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pextra.controllers import host_gpus
from pextra.drivers.gpu.interface import Gpu, Health, HealthState, VirtualFunction, VirtualFunctions
from pextra.drivers.interface import HostFeature
from pextra.store import gpus
from pextra.store.gpus import Claim
from tests.controllers.cloud import LoopedCloud

ADDRESS = "0000:41:00.0"
FUNCTIONS = tuple(VirtualFunction(f"0000:41:02.{n}", 100 + n) for n in range(4))
AMD = Gpu(
    ADDRESS, "1002", "74a1", "pci-1002-74a1", "", iommu_group=7, vfs=VirtualFunctions(8), health=Health(HealthState.OK)
)
DIVIDED = replace(AMD, vfs=VirtualFunctions(8, 4, FUNCTIONS))


def offered_really(gpu: Gpu) -> tuple[bool, list[str]]:
    """Whether a real host hands it out as a whole, and in what parts."""
    boarded = host_gpus.offered("host", [gpu], "pcie", simulated=False, features=[HostFeature.VFIO])
    kind = boarded.gpus[0].kind
    assert not kind["shareable"]
    return kind["whole"], [part["mode"] for part in kind["slices"]]


@pytest.fixture
def cloud(cloud: LoopedCloud) -> LoopedCloud:
    """The cloud with a host that has one GPU with four virtual functions."""
    machine = {
        "vcpus": 64, "memory_mib": 65_536, "disk_gib": 1_000, "gpus": {"model": "l40s", "count": 1, "vfs": 4},
    }  # fmt: skip
    cloud.put("host", "gpu-1", {"driver": "sim", "cpu_overcommit": 1, "simulated": machine})
    cloud.put("gpu_profile", "part", {"models": ["l40s"], "mode": "vf"})
    cloud.put("gpu_profile", "all", {"models": ["l40s"]})
    cloud.settle()
    return cloud


def functions_of(cloud: LoopedCloud, name: str) -> list[str]:
    """The addresses of the devices that the instance was given."""
    record, host = cloud.get("instance", name), cloud.find("host", "gpu-1", tenant=None)
    assert host is not None
    claims = cloud.database.read(lambda tx: gpus.claims_of(tx, record.tenant_uid, record.uid))
    return [device.address for device in host_gpus.devices_of(record.uid, claims, host.status)]


def test_each_instance_is_given_a_function_of_its_own_and_the_next_gets_what_one_gave_back(cloud: LoopedCloud) -> None:
    host = cloud.find("host", "gpu-1", tenant=None)
    assert host is not None
    there = [function["address"] for function in host.status["gpus"][0]["vfs"]["functions"]]
    cloud.instance("pair", gpus={"profile": "part", "count": 2})
    cloud.instance("one", gpus={"profile": "part"})
    cloud.instance("other", gpus={"profile": "part"})
    names = ("pair", "one", "other")
    assert sorted(address for name in names for address in functions_of(cloud, name)) == sorted(there)
    assert all(cloud.ready("instance", name)["status"] == "true" for name in names)
    cloud.instance("fifth", gpus={"profile": "part"})
    assert cloud.ready("instance", "fifth")["reason"] == "NoCapacity"
    freed = functions_of(cloud, "one")
    told = [gpu["function"] for gpu in cloud.get("instance", "pair").status["gpus"]]
    assert told == functions_of(cloud, "pair")
    cloud.delete("instance", "one")
    cloud.settle(120.0)
    assert functions_of(cloud, "fifth") == freed
    assert cloud.ready("instance", "fifth")["status"] == "true"


def test_simulated_host_can_say_that_it_hands_devices_out(cloud: LoopedCloud) -> None:
    cloud.put("host", "gpu-2", {"driver": "sim", "simulated": {"features": ["uefi", "vfio"]}})
    cloud.settle()
    host = cloud.find("host", "gpu-2", tenant=None)
    assert host is not None
    assert host.status["features"] == ["uefi", "vfio"]


def test_gpu_that_is_divided_is_not_given_as_a_whole(cloud: LoopedCloud) -> None:
    cloud.instance("greedy", gpus={"profile": "all"})
    assert cloud.ready("instance", "greedy")["reason"] == "NoCapacity"


def test_simulated_board_is_divided_as_declared_and_not_while_its_functions_are_given(cloud: LoopedCloud) -> None:
    def declare(functions: int) -> dict[str, Any]:
        machine = {"vcpus": 64, "memory_mib": 65_536, "disk_gib": 1_000, "gpus": {"model": "l40s", "count": 1}}
        sriov = [{"model": "l40s", "functions": functions}]
        cloud.put("host", "gpu-2", {"driver": "sim", "cpu_overcommit": 1, "simulated": machine, "sriov": sriov})
        cloud.settle(20.0)
        host = cloud.find("host", "gpu-2", tenant=None)
        assert host is not None
        return host.status

    cloud.delete("host", "gpu-1")
    assert declare(2)["sriov"] == [{"address": "0000:11:00.0", "wanted": 2, "current": 2, "problem": ""}]
    cloud.instance("pair", gpus={"profile": "part", "count": 2})
    assert cloud.ready("instance", "pair")["status"] == "true"
    cloud.instance("third", gpus={"profile": "part"})
    assert cloud.ready("instance", "third")["reason"] == "NoCapacity"
    (problem,) = declare(3)["problems"]
    assert "in use" in problem
    cloud.delete("instance", "third")
    cloud.delete("instance", "pair")
    cloud.settle(120.0)
    host = cloud.find("host", "gpu-2", tenant=None)
    assert host is not None
    assert (host.status["problems"], host.status["gpus"][0]["vfs"]["current"]) == ([], 3)
    cloud.instance("three", gpus={"profile": "part", "count": 3})
    assert cloud.ready("instance", "three")["status"] == "true"
    (refused,) = declare(33)["problems"]
    assert "32 virtual functions at most, and not 33" in refused


def test_real_host_offers_the_functions_that_are_there_and_then_not_the_whole() -> None:
    assert offered_really(AMD) == (True, [])
    assert offered_really(DIVIDED) == (False, ["vf"])


def test_real_host_offers_no_function_that_no_guest_can_have() -> None:
    assert offered_really(replace(DIVIDED, vendor="10de")) == (False, [])
    shared = (*FUNCTIONS[:3], replace(FUNCTIONS[3], iommu_group=None))
    assert offered_really(replace(DIVIDED, vfs=VirtualFunctions(8, 4, shared))) == (False, [])


def test_function_that_is_gone_is_no_device_and_is_not_replaced_by_another() -> None:
    functions = [{"address": function.address} for function in FUNCTIONS[:2]]
    status = {"gpus": [{"address": ADDRESS, "vendor": "1002", "device": "74a1", "vfs": {"functions": functions}}]}
    claims = [Claim(ADDRESS, "vf", "", 250, 1 << number) for number in (1, 3)]
    assert [device.address for device in host_gpus.devices_of("guest", claims, status)] == [FUNCTIONS[1].address]
