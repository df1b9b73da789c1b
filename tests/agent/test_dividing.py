"""Devices are divided into virtual functions as their host declares: from the API to the kernel's files, and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pextra.agent.agent import Agent
from pextra.agent.gpus.driver import MachineGpus
from pextra.agent_protocol import SyncAnswer, SyncRequest
from pextra.drivers.documents import Inventory
from pextra.drivers.vfio.handing import HostDevices
from tests.agent.world import AgentCloud, AgentHost
from tests.drivers.kernel_tree import KernelTree

GPU, NIC = "0000:41:00.0", "0000:42:00.0"
MODEL = "pci-1002-74a1"
SMALL = {"flavor": "small", "image": "linux"}
FOUR = [{"model": MODEL, "functions": 4}]


class DividingHost:
    """A host whose kernel is a tree of files, with a GPU and a network card that can be divided."""

    def __init__(self, cloud: AgentCloud, host: AgentHost, root: Path) -> None:
        self.cloud, self.host, self.kernel = cloud, host, KernelTree(root / "kernel")
        for number, (address, kind) in enumerate(((GPU, "0x120000"), (NIC, "0x020000"))):
            path = self.kernel.add_function(address, kind, group=1 + number)
            (path / "vendor").write_text("0x1002\n")
            (path / "device").write_text("0x74a1\n" if address == GPU else "0x1572\n")
            self.kernel.make_divisible(address, 8)
        self.gpus = MachineGpus(root / "gpus.json", root=self.kernel.root)
        host.drivers = replace(host.drivers, dividing=HostDevices(root / "ledger", sysfs=self.kernel))
        host.new_agent = self._agent
        self.restart()

    def restart(self) -> None:
        """The agent begins with an empty memory."""
        self.host.restart()

    def declare(self, sriov: list[dict[str, Any]]) -> None:
        """Have the host be divided so, and let everybody act."""
        self.cloud.put("host", self.host.name, {"driver": "libvirt", "cpu_overcommit": 1, "sriov": sriov})
        self.cloud.settle(20.0)

    def functions(self, address: str = GPU) -> int:
        """How many virtual functions the kernel has of a device."""
        return int((self.kernel.root / f"sys/bus/pci/devices/{address}/sriov_numvfs").read_text())

    @property
    def status(self) -> dict[str, Any]:
        """What the API says of the host."""
        found = self.cloud.find("host", self.host.name, tenant=None)
        assert found is not None
        return found.status

    def _agent(self) -> Agent:
        return Agent(
            self.host.link,
            self.host.drivers,
            inventory=self._inventory,
            boot_id="boot-1",
            version="test",
            clock=self.cloud.clock,
        )

    def _inventory(self) -> Inventory:
        found = self.gpus.observe_gpus()
        return Inventory(
            8, 16_384, 200, "sim",
            accelerated=False, pool=self.host.name, pool_shared=False, hardware={}, features=("vfio",),
            gpus=found.gpus, gpu_board=found.board,
        )  # fmt: skip


@pytest.fixture
def host(cloud: AgentCloud, tmp_path: Path) -> DividingHost:
    """A host of a cloud that has all that instances need."""
    cloud.furnish()
    cloud.put("gpu_profile", "part", {"models": [MODEL], "mode": "vf"})
    cloud.put("gpu_profile", "all", {"models": [MODEL]})
    return DividingHost(cloud, cloud.hosts["h0"], tmp_path)


def device_of(host: DividingHost, name: str) -> str:
    """The one device of the host that an instance's guest has."""
    uid = host.cloud.get("instance", name).uid
    guest = host.host.drivers.compute.observe_guest(uid)
    assert guest is not None
    (device,) = guest.devices
    return device


def divide_by_hand(host: DividingHost, functions: int) -> None:
    """As the host's administrator does it, while nobody looks; the kernel knows no other way than by none."""
    for number in (0, functions):
        host.kernel.write(f"sys/bus/pci/devices/{GPU}/sriov_numvfs", str(number))
    host.cloud.settle(120.0)


def test_declared_functions_are_made_and_given_and_their_number_stays_while_one_is(host: DividingHost) -> None:
    assert host.functions() == 0
    host.declare(FOUR)
    assert (host.functions(), host.functions(NIC)) == (4, 0)
    assert host.status["sriov"] == [{"address": GPU, "wanted": 4, "current": 4, "problem": ""}]
    assert host.status["problems"] == []
    host.cloud.instance("first", gpus={"profile": "part"})
    host.cloud.settle(20.0)
    assert host.cloud.ready("instance", "first")["status"] == "true"
    assert device_of(host, "first") == host.status["gpus"][0]["vfs"]["functions"][0]["address"]

    host.declare([{"model": MODEL, "functions": 2}])
    assert host.functions() == 4
    (said,) = host.status["sriov"]
    assert (said["wanted"], said["current"]) == (2, 4)
    assert host.status["problems"] == [said["problem"]]
    assert f"its virtual function {device_of(host, 'first')} is in use" in said["problem"]
    assert host.cloud.ready("instance", "first")["status"] == "true"

    host.cloud.delete("instance", "first")
    host.cloud.settle(120.0)
    assert host.functions() == 2
    assert host.status["problems"] == []


def test_function_that_vanished_is_waited_for_and_no_other_is_given_for_it(host: DividingHost) -> None:
    host.declare([{"address": GPU, "functions": 2}])
    for name in ("first", "second"):
        host.cloud.instance(name, gpus={"profile": "part"})
    host.cloud.settle(20.0)
    had = device_of(host, "second")
    (told,) = host.cloud.get("instance", "second").status["gpus"]
    assert (told["address"], told["function"]) == (GPU, had)

    host.declare([])  # or it would be divided again
    divide_by_hand(host, 1)
    host.cloud.put("instance", "second", {**SMALL, "power": "off", "gpus": {"profile": "part"}})
    host.cloud.settle(120.0)
    ready = host.cloud.ready("instance", "second")
    assert (ready["status"], ready["reason"]) == ("false", "ReferenceNotReady")
    assert f"its host no longer has the virtual functions that it was given of GPU {GPU}" in ready["message"]
    assert host.cloud.ready("instance", "first")["status"] == "true"

    divide_by_hand(host, 4)
    host.cloud.put("instance", "second", {**SMALL, "power": "on", "gpus": {"profile": "part"}})
    host.cloud.settle(120.0)
    assert host.cloud.ready("instance", "second")["status"] == "true"
    assert device_of(host, "second") == had


def test_devices_are_divided_again_after_a_boot_of_the_host_though_nobody_declares_anything(host: DividingHost) -> None:
    host.declare([{"address": GPU, "functions": 3}, {"device": "1002:1572", "functions": 5}])
    assert (host.functions(), host.functions(NIC)) == (3, 5)
    for address in (GPU, NIC):
        host.kernel.write(f"sys/bus/pci/devices/{address}/sriov_numvfs", "0")
    host.restart()
    host.cloud.settle(20.0)
    assert (host.functions(), host.functions(NIC)) == (3, 5)


def test_device_that_nobody_declares_stays_as_its_administrator_divided_it(host: DividingHost) -> None:
    host.kernel.write(f"sys/bus/pci/devices/{NIC}/sriov_numvfs", "2")
    host.declare(FOUR)
    host.declare([])
    assert (host.functions(), host.functions(NIC)) == (4, 2)
    assert host.status["sriov"] == []


def test_what_the_host_cannot_do_is_said_with_the_remedy_and_keeps_nothing_else_from_being_done(
    host: DividingHost,
) -> None:
    host.declare(
        [
            {"address": GPU, "functions": 9},
            {"address": "0000:99:00.0", "functions": 1},
            {"device": "8086:1572", "functions": 1},
            {"device": "1002:1572", "functions": 1},
        ]
    )
    assert (host.functions(), host.functions(NIC)) == (0, 1)
    problems = {each["address"]: each["problem"] for each in host.status["sriov"] if each["problem"]}
    assert problems[GPU] == f"{GPU} is not divided into 9: {GPU} can have 8 virtual functions at most, and not 9"
    assert "names 0000:99:00.0, and this host has no such device with SR-IOV" in problems["0000:99:00.0"]
    assert "names PCI id 8086:1572" in problems[""]
    assert set(host.status["problems"]) == set(problems.values())
    ready = next(each for each in host.status["conditions"] if each["type"] == "ready")
    assert ready["status"] == "true"


def test_gpu_that_is_handed_out_whole_is_divided_when_it_comes_back_and_given_whole_to_nobody_before(
    host: DividingHost,
) -> None:
    host.cloud.settle(120.0)
    host.cloud.instance("whole", gpus={"profile": "all"})
    host.cloud.settle(20.0)
    assert device_of(host, "whole") == GPU
    host.declare(FOUR)
    assert host.functions() == 0
    assert "it is handed out as a whole" in host.status["sriov"][0]["problem"]
    host.cloud.instance("next", gpus={"profile": "all"})
    host.cloud.delete("instance", "whole")
    host.cloud.settle(120.0)
    assert host.functions() == 4
    assert host.cloud.ready("instance", "next")["reason"] == "NoCapacity"


def test_agent_hears_of_the_declaration_once_and_after_its_start(host: DividingHost) -> None:
    heard: list[bool] = []
    ask: Callable[[SyncRequest], SyncAnswer] = host.host.link.sync

    def listening(request: SyncRequest) -> SyncAnswer:
        answer = ask(request)
        heard.append(answer.settings is not None)
        return answer

    host.host.link.sync = listening
    host.declare(FOUR)
    host.cloud.settle(60.0)
    assert sum(heard) == 1
    host.restart()
    host.cloud.settle(60.0)
    assert sum(heard) == 2


def test_agent_that_is_too_old_to_divide_is_told_of(host: DividingHost) -> None:
    ask: Callable[[SyncRequest], SyncAnswer] = host.host.link.sync

    def as_before(request: SyncRequest) -> SyncAnswer:
        if request.inventory is not None:
            request.inventory.pop("sriov")
        return ask(request).model_copy(update={"settings": None})

    host.host.link.sync = as_before
    host.restart()
    host.cloud.settle(2.0)
    host.declare(FOUR)
    assert host.functions() == 0
    (problem,) = host.status["problems"]
    assert "too old to divide devices" in problem
