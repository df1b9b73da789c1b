"""Instances are given vGPUs of real hosts: from the API over placement and agent to a definition under a real libvirtd.

What makes vGPUs is `VgpuKernel`, and no guest is started: to start one needs a device that QEMU can open.
"""

from __future__ import annotations

import math
import random
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pextra.agent.agent import Agent
from pextra.agent.gpus.driver import MachineGpus
from pextra.drivers.documents import Inventory
from pextra.drivers.file.durable import Steps
from pextra.drivers.libvirt import guest_devices
from pextra.drivers.libvirt.driver import LibvirtCompute
from pextra.drivers.usernet.driver import UserNetwork
from pextra.drivers.vfio.handing import HostDevices
from tests.agent.world import AgentCloud, AgentHost
from tests.drivers.hypervisor import Hypervisor, shared_hypervisor
from tests.drivers.test_vfio import Killed
from tests.labs.vgpus import A40, H100, VgpuKernel

GPU = "0000:41:00.0"
VFS = 4


@pytest.fixture
def hypervisor(request: pytest.FixtureRequest) -> Hypervisor:
    return shared_hypervisor(request.config)


class VgpuHost:
    """A host with one GPU, a real libvirtd and an agent on its real drivers."""

    def __init__(self, cloud: AgentCloud, host: AgentHost, hypervisor: Hypervisor, root: Path, way: str) -> None:
        self.cloud, self.host, self.hypervisor, self.root = cloud, host, hypervisor, root
        self.kernel = VgpuKernel(root / "kernel")
        self.small, self.large = ("H100XM-20C", "H100XM-40C") if way == "vf" else ("A40-8Q", "A40-24Q")
        self.card = self.kernel.add_card(
            GPU,
            H100 if way == "vf" else A40,
            mediated=way != "vf",
            vfs=0 if way == "mdev" else VFS,
            device="2330" if way == "vf" else "2235",
        )
        self.computes: list[LibvirtCompute] = []
        host.new_agent = self._agent
        self.restart()
        self.model = self.status["gpus"][0]["model"]
        for name, kind in (("small", self.small), ("large", self.large)):
            cloud.put("gpu_profile", name, {"models": [self.model], "mode": "vgpu", "slice": kind})

    def restart(self) -> None:
        """The agent is another process, which has read nothing yet."""
        devices = HostDevices(self.root / "devices", sysfs=self.kernel)
        compute = LibvirtCompute(self.hypervisor.libvirtd, accelerated=False, devices=devices)
        self.computes.append(compute)
        self.gpus = MachineGpus(self.root / "gpus.json", root=self.kernel.root)
        self.host.drivers = replace(
            self.host.drivers,
            compute=compute,
            storage=self.hypervisor.storage,
            network=UserNetwork(self.root / "networks"),
            dividing=devices,
        )
        self.host.restart()
        self.cloud.settle(20.0)

    def close(self) -> None:
        """Remove what was defined."""
        for uid in self.computes[-1].observe_guests():
            self.computes[-1].ensure_absent(uid)
        for compute in self.computes:
            compute.close()

    def instance(self, name: str, profile: str, count: int = 1, **spec: Any) -> None:
        """Ask for an instance that is off, with so many vGPUs."""
        gpus = {"profile": profile, "count": count}
        self.cloud.put("instance", name, {"flavor": "tiny", "image": "tiny", "power": "off", "gpus": gpus, **spec})
        self.cloud.settle(20.0)

    def remove(self, name: str) -> None:
        self.cloud.delete("instance", name)
        self.cloud.settle(120.0)

    def why(self, name: str) -> tuple[str, str]:
        """The reason of the instance's condition, and its words; empty while it is as asked for."""
        ready = self.cloud.ready("instance", name)
        return ("", "") if ready["status"] == "true" else (ready["reason"], ready["message"])

    def devices(self, name: str) -> set[str]:
        """The devices of the host in libvirt's definition of the instance's guest, as the kernel names them."""
        domain = ET.fromstring(self.hypervisor.libvirt_xml(self.cloud.get("instance", name).uid))
        found: set[str] = set()
        for each in domain.findall("devices/hostdev"):
            assert each.get("managed") in ("no", None)
            place = each.find("source/address")
            assert place is not None
            if each.get("type") == "mdev":
                assert each.get("model") == "vfio-pci"
                found.add(place.get("uuid", ""))
            else:
                bus, slot, function = (int(place.get(part, ""), 16) for part in ("bus", "slot", "function"))
                found.add(f"0000:{bus:02x}:{slot:02x}.{function:x}")
        return found

    def functions(self, name: str) -> set[str]:
        """The functions of the host that the instance's vGPUs are made of."""
        return {self.card.made[device][0] for device in self.devices(name)}

    def make_by_hand(self, count: int, *, first: int = 0) -> dict[str, str]:
        """The administrator makes large vGPUs, of the functions from the first on; all that there are then."""
        kind = next(each for each in self.card.types if each.name.endswith(self.large))
        for number in range(count):
            parent = self.card.parents[first + number] if len(self.card.parents) > 1 else GPU
            self.kernel.make(parent, kind, f"5c1bff6c-7e2b-4a52-9b0a-2f2f8b1c7d1{number}" if self.card.mediated else "")
        return self.kernel.made

    def remove_by_hand(self, name: str) -> None:
        """The administrator takes one away."""
        self.kernel.unmake(name)

    @property
    def status(self) -> dict[str, Any]:
        """What the API says of the host."""
        return self.cloud.get("host", self.host.name).status

    def types(self) -> dict[str, tuple[int | None, int]]:
        """Of each type that the API tells of, how many more there can be and how many there are."""
        return {each["name"]: (each["available"], each["made"]) for each in self.status["gpus"][0]["vgpu_types"]}

    def _agent(self) -> Agent:
        return Agent(
            self.host.link,
            self.host.drivers,
            inventory=self._inventory,
            boot_id="boot-1",
            version="test",
            clock=self.cloud.clock,
            stranger_grace_s=math.inf,  # other tests' guests are under the same libvirtd
        )

    def _inventory(self) -> Inventory:
        found = self.gpus.observe_gpus()
        return Inventory(
            8, 16_384, 200, "libvirt", accelerated=False, pool=self.host.name, pool_shared=False, hardware={},
            features=("vfio",), gpus=found.gpus, gpu_board=found.board,
        )  # fmt: skip


@pytest.fixture(params=["mdev", "vf-mdev", "vf"])
def host(
    request: pytest.FixtureRequest,
    bare: AgentCloud,
    hypervisor: Hypervisor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[VgpuHost]:
    """A host of each kind, and what instances of the tiny guest need."""
    monkeypatch.setattr(guest_devices, "LEAST_FOR_VGPUS", 0)  # what is defined is not started: any libvirt will do
    bare.furnish()
    image = hypervisor.image
    bare.put("flavor", "tiny", {"vcpus": 1, "memory_mib": 192, "disk_gib": 1})
    bare.put("image", "tiny", {"url": image.url, "sha256": image.sha256})
    made = VgpuHost(bare, bare.hosts["h0"], hypervisor, tmp_path, request.param)
    yield made
    made.close()


def test_instances_have_vgpus_of_their_own_until_they_are_gone(host: VgpuHost) -> None:
    assert host.status["gpus"][0]["vgpu_interface"] in ("mdev", "vf-mdev", "vf")
    host.instance("first", "large")
    host.instance("second", "large")
    assert (host.why("first"), host.why("second")) == (("", ""), ("", ""))
    had = {name: host.devices(name) for name in ("first", "second")}
    assert [len(each) for each in had.values()] == [1, 1]
    assert set(host.kernel.made) == had["first"] | had["second"]
    assert {name.rpartition(" ")[2] for name in host.kernel.made.values()} == {host.large}
    (given,) = host.cloud.get("instance", "second").status["gpus"]
    assert (given["address"], given["slice"]) == (GPU, host.large)
    assert (given["function"] != "") == (host.card.parents != (GPU,))
    host.cloud.settle(120.0)
    assert host.types().get(host.large, (0, 2)) == (0, 2)

    host.instance("third", "large")
    host.instance("other", "small")
    assert (host.why("third")[0], host.why("other")[0]) == ("NoCapacity", "NoCapacity")

    host.remove("first")
    assert host.why("third") == ("", "")
    assert set(host.kernel.made) == had["second"] | host.devices("third")
    for name in ("second", "third", "other"):
        host.remove(name)
    assert host.kernel.made == {}
    assert host.computes[-1].observe_guests() == {}
    host.instance("last", "small", 2)
    assert len(host.devices("last")) == 2
    assert host.devices("last") == set(host.kernel.made)


@pytest.mark.parametrize("host", ["mdev", "vf"], indirect=True)
def test_agent_that_is_killed_before_any_step_makes_each_vgpu_once_and_leaves_none(
    host: VgpuHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed_at_each_step() -> int:
        """Let the agent act, killed before its first step, then before its second, each time as another process."""
        for number in range(1, 200):
            taken = 0

            def count(_: str, number: int = number) -> None:
                nonlocal taken
                taken += 1
                if taken == number:
                    raise Killed

            with monkeypatch.context() as patch:
                patch.setattr(Steps, "before", count)
                try:
                    host.cloud.settle(120.0)
                except Killed:
                    pass
                else:
                    return number - 1
            host.restart()
        raise AssertionError("it does not come to an end")

    gpus = {"profile": "small", "count": 2}
    host.cloud.put("instance", "first", {"flavor": "tiny", "image": "tiny", "power": "off", "gpus": gpus})
    killed_at_each_step()
    assert host.why("first") == ("", "")
    assert set(host.kernel.made) == host.devices("first")
    makes = [path for path, value in host.kernel.writes if path.endswith(("create", "vgpu_type")) and value != "0"]
    assert len(makes) == 2
    host.cloud.delete("instance", "first")
    killed_at_each_step()
    assert host.kernel.made == {}
    assert host.computes[-1].observe_guests() == {}


@pytest.mark.parametrize("host", ["mdev", "vf"], indirect=True)
def test_two_instances_never_have_the_same_vgpu_however_they_come_and_go(host: VgpuHost) -> None:
    chance = random.Random(7)
    there: set[str] = set()
    most = 0
    for number in range(10):
        if there and (len(there) > 3 or chance.random() < 0.4):
            gone = chance.choice(sorted(there))
            there.remove(gone)
            host.remove(gone)
        else:
            name = f"guest-{number}"
            there.add(name)
            host.instance(name, "small", chance.choice((1, 2)))
        had = [device for name in there if host.why(name) == ("", "") for device in host.devices(name)]
        assert sorted(had) == sorted(host.kernel.made)
        most = max(most, len(had))
    assert most >= VFS  # there was no room at times
    for name in there:
        host.remove(name)
    assert host.kernel.made == {}


def test_gpu_that_is_full_of_the_administrator_s_vgpus_is_offered_to_nobody_until_they_are_gone(host: VgpuHost) -> None:
    before = host.make_by_hand(2)
    host.cloud.settle(120.0)
    host.instance("late", "large")
    assert host.why("late")[0] == "NoCapacity"
    assert host.kernel.made == before
    host.remove_by_hand(next(iter(before)))
    host.cloud.settle(180.0)
    assert host.why("late") == ("", "")
    assert set(host.kernel.made) == {*list(before)[1:], *host.devices("late")}
    host.remove("late")
    assert set(host.kernel.made) == set(list(before)[1:])


def test_instance_whose_gpu_was_filled_meanwhile_says_so_and_has_its_vgpu_when_there_is_room(host: VgpuHost) -> None:
    before = host.make_by_hand(2, first=VFS - 2)  # the host has not told of them yet
    host.instance("late", "large")
    reason, words = host.why("late")
    assert reason in ("MdevExhausted", "VgpuExhausted")
    assert host.large in words
    assert host.kernel.made == before
    host.remove_by_hand(next(iter(before)))
    host.cloud.settle(30.0)
    assert host.why("late") == ("", "")
    host.remove("late")
    assert set(host.kernel.made) == {list(before)[1]}


@pytest.mark.parametrize("host", ["vf-mdev", "vf"], indirect=True)
def test_function_that_the_administrator_made_a_vgpu_is_given_to_nobody(host: VgpuHost) -> None:
    (name,) = host.make_by_hand(1)
    assert host.card.made[name][0] == host.card.parents[0]
    host.cloud.settle(120.0)
    functions = host.status["gpus"][0]["vfs"]["functions"]
    assert [each["vgpu"] for each in functions] == [True, False, False, False]
    host.instance("first", "large")
    assert host.why("first") == ("", "")
    assert host.functions("first") == {host.card.parents[1]}
    host.instance("second", "large")
    assert host.why("second")[0] == "NoCapacity"
    host.remove("second")
    host.remove("first")
    assert list(host.kernel.made) == [name]


@pytest.mark.parametrize("host", ["vf-mdev", "vf"], indirect=True)
def test_function_that_the_administrator_took_meanwhile_stays_his_until_he_gives_it_back(host: VgpuHost) -> None:
    (name,) = host.make_by_hand(1)  # the host has not told of it yet
    before = host.kernel.made
    host.instance("first", "large")
    reason, words = host.why("first")
    assert reason == ("MdevExhausted" if host.card.mediated else "VgpuTaken")
    assert host.card.parents[0] in words
    assert host.kernel.made == before
    host.remove_by_hand(name)
    host.cloud.settle(30.0)
    assert host.why("first") == ("", "")
    assert host.functions("first") == {host.card.parents[0]}


@pytest.mark.parametrize("host", ["vf"], indirect=True)
def test_vgpus_that_are_backed_by_mig_are_given_as_far_as_there_are_gpu_instances(host: VgpuHost) -> None:
    host.cloud.put("gpu_profile", "mig", {"models": [host.model], "mode": "vgpu", "slice": "H100XM-1-10C"})
    host.instance("first", "mig")
    assert host.why("first")[0] == "NoCapacity"
    host.kernel.make_gpu_instances(host.card, [1, 1, 3])
    host.cloud.settle(180.0)
    assert host.why("first") == ("", "")
    host.instance("second", "mig")
    assert host.why("second") == ("", "")
    assert set(host.kernel.made.values()) == {"NVIDIA H100XM-1-10C"}
    assert set(host.kernel.made) == host.devices("first") | host.devices("second")
    assert len(host.kernel.made) == 2
    host.cloud.settle(120.0)
    host.instance("third", "mig")
    assert host.why("third")[0] == "NoCapacity"
    host.instance("sliced", "large")
    assert host.why("sliced")[0] == "NoCapacity"


def test_host_that_has_booted_makes_them_again_when_its_gpus_are_divided(host: VgpuHost) -> None:
    host.instance("first", "large")
    had = host.devices("first")
    host.kernel.boot()
    host.restart()
    host.cloud.settle(120.0)
    if host.card.parents != (GPU,):  # nobody has run sriov-manage yet
        assert host.kernel.made == {}
        reason, words = host.why("first")
        assert (reason, f"to make the vGPUs that it was given of GPU {GPU}" in words) == ("ReferenceNotReady", True)
        host.kernel.divide(host.card, VFS)
        host.cloud.settle(180.0)
    assert host.why("first") == ("", "")
    assert set(host.kernel.made) == had == host.devices("first")


def test_old_libvirt_is_said_to_be_too_old_before_anything_is_made(
    host: VgpuHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guest_devices, "LEAST_FOR_VGPUS", 1 << 40)
    host.instance("first", "large")
    if host.card.mediated:
        assert host.why("first") == ("", "")
    else:
        reason, words = host.why("first")
        assert (reason, "wants libvirt 10.0 or later" in words) == ("VgpuUnsupported", True)
        assert host.kernel.writes == []
