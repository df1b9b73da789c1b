"""From a host's GPUs to what anybody reads of them: the real agent, its endpoint, the loops and the API."""

from __future__ import annotations

import json
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pextra import host_wiring
from pextra.agent.agent import Agent
from pextra.api.app import create_app
from pextra.drivers import documents
from pextra.drivers.account import guest_account
from pextra.drivers.gpu.interface import MOST_GPUS, Gpu
from pextra.drivers.gpu.sim import SimGpus
from pextra.drivers.interface import GpuChannel, HostFeature, HostInventory
from pextra.drivers.sim.compute import SimCompute
from pextra.services import bootstrap, gpu_gauges
from pextra.services.agents import SAMPLE_S
from pextra.services.cloud import Context
from pextra.store.database import Tx
from tests.agent.world import AgentCloud, AgentHost
from tests.api.caller import Caller
from tests.controllers.cloud import TENANT
from tests.labs.nvml.machine import FakeMachine, given_away
from tests.labs.waiting import wait_until

ALONE = {"vcpus": 224, "memory_mib": 65_536, "disk_gib": 200, "numa_cells": 2}


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[AgentCloud]:
    made = AgentCloud(f"sqlite:///{tmp_path / 'pextra.db'}")
    yield made
    made.close()


def status_of(cloud: AgentCloud, host: str) -> dict[str, Any]:
    """What the API tells of a host."""

    def token(tx: Tx) -> str:
        return bootstrap.mint_admin_token(Context(cloud.cloud, tx, bootstrap.root_principal(cloud.cloud)), "reader")

    caller = Caller(create_app(cloud.cloud), cloud.database.write(token))
    return caller.send("GET", f"hosts/{host}").ok()["status"]


def told_gpus(told: dict[str, Any]) -> tuple[Gpu, ...]:
    """The same as the agent's facts."""
    rest = {"hardware": {}, "pool": "", "pool_shared": False}
    return documents.read(documents.Inventory, told | rest).gpus


@contextmanager
def agent_of(cloud: AgentCloud, machine: FakeMachine) -> Iterator[None]:
    """Host `h0` has an agent that looks at this machine's GPUs, and has told of them."""
    host = cloud.hosts["h0"]
    gpus = machine.driver()
    drivers = replace(host.drivers, gpus=gpus)

    def inventory() -> documents.Inventory:
        return host_wiring.inventory_of(drivers, ())

    host.agent = Agent(host.link, drivers, inventory=inventory, boot_id="boot-1", version="test", clock=cloud.clock)
    try:
        cloud.settle(70.0)
        yield
    finally:
        host.agent.close()
        gpus.close()


def test_what_the_agent_finds_is_what_the_api_tells(cloud: AgentCloud, machine: FakeMachine) -> None:
    gpus = SimGpus("host", board="hgx-h100-8", cells=2, cpus=224).observe_gpus().gpus
    cloud.add_host("h0")
    machine.have(gpus, switches=4)
    with agent_of(cloud, machine):
        told = status_of(cloud, "h0")
        assert told_gpus(told) == gpus
        assert told["gpu_board"] == "hgx-h100-8"
        assert told["gpu_summary"] == "8 h100-80gb-hbm3 (hgx-h100-8)"
        assert told["problems"] == []
    given = given_away(gpus[2])
    machine.have([*gpus[:2], given, *gpus[3:]], switches=4, more={gpus[0].address: ["rows 0 1"]})
    with agent_of(cloud, machine):
        told = status_of(cloud, "h0")
        assert [gpu["visible"] for gpu in told["gpus"]] == [True, True, False, *[True] * 5]
        assert told["gpus"][2]["uuid"] == gpus[2].uuid
        assert told["gpu_summary"] == "8 h100-80gb-hbm3 (hgx-h100-8, 1 failed)"
    machine.have([])
    with agent_of(cloud, machine):
        told = status_of(cloud, "h0")
        assert (told["gpus"], told["gpu_board"], told["gpu_summary"]) == ([], "", "")


def test_a_host_whose_gpus_did_not_change_writes_nothing(cloud: AgentCloud, machine: FakeMachine) -> None:
    machine.have(SimGpus("host", model="l40s", count=4, cells=2, cpus=64, vfs=4).observe_gpus().gpus)
    cloud.add_host("h0")
    with agent_of(cloud, machine):
        before = cloud.get("host", "h0")
        cloud.settle(200.0)
        assert cloud.get("host", "h0").status_revision == before.status_revision


def test_what_gpus_say_of_their_work_is_told_to_operators_and_changes_no_object(
    cloud: AgentCloud, machine: FakeMachine
) -> None:
    gpus = SimGpus("host", model="l40s", count=2, cells=2, cpus=64).observe_gpus().gpus
    given = given_away(gpus[1])
    machine.have([gpus[0], given], more={gpus[0].address: ["load 40", "power 150500", "heat 61"]})
    cloud.add_host("h0")
    with agent_of(cloud, machine):
        cloud.settle(SAMPLE_S + 10.0)
        before = cloud.get("host", "h0")
        found = gpu_gauges.read(cloud.cloud).values
        whose = ("h0", gpus[0].address, gpus[0].uuid, "l40s", "", "", "", "", "host")
        assert found["pextra_gpu_power_watts"] == {whose: 150.5}  # the other is a guest's, and says nothing here
        assert found["pextra_gpu_temperature_celsius"] == {whose: 61}
        assert found["pextra_gpu_utilization_ratio"] == {whose: 0.4}
        machine.have([gpus[0], given], more={gpus[0].address: ["load 40", "power 99000", "heat 61"]})
        cloud.settle(2 * SAMPLE_S + 10.0)
        assert gpu_gauges.read(cloud.cloud).values["pextra_gpu_power_watts"] == {whose: 99.0}
        assert cloud.get("host", "h0").status_revision == before.status_revision


class Talking(SimCompute):
    """A host whose guests with GPUs have channels: sockets of the test's, which stand for QEMU's."""

    def __init__(self, cloud: AgentCloud, folder: Path) -> None:
        super().__init__(cloud.world, cloud.hosts["h0"].uid)
        self.folder = folder

    def observe_host(self) -> HostInventory:
        return replace(super().observe_host(), features=(HostFeature.VFIO,))

    def observe_gpu_channels(self) -> list[GpuChannel]:
        seen = self.observe_guests().values()
        return [GpuChannel(g.uid, self.folder / "gpu.sock", frozenset(g.devices), {}) for g in seen if g.devices]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not pytest's, whose names are too long for sockets."""
    with tempfile.TemporaryDirectory(prefix="px-") as made:
        yield Path(made)


@contextmanager
def talks(channel: GpuChannel, said: object) -> Iterator[None]:
    """A guest says a line to whoever connects, and is there until the end."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(channel.socket))
        if account := guest_account():
            account.own(channel.socket)
        server.listen(1)
        server.settimeout(30)

        def serve(connections: list[socket.socket]) -> None:
            connections.append(server.accept()[0])
            connections[0].sendall(json.dumps(said).encode() + b"\n")

        opened: list[socket.socket] = []
        serving = threading.Thread(target=serve, args=[opened])
        serving.start()
        try:
            yield
        finally:
            serving.join()
            opened[0].close()


def test_what_a_guest_says_of_its_gpu_is_told_to_operators_as_its_word(
    cloud: AgentCloud, machine: FakeMachine, folder: Path
) -> None:
    gpus = SimGpus("host", model="l40s", count=2, cells=1, cpus=8).observe_gpus().gpus
    machine.have(gpus, more={gpus[0].address: ["power 150500"]})
    cloud.furnish()
    cloud.put("gpu_profile", "whole", {"models": ["l40s"]})
    host = cloud.hosts["h0"]
    host.drivers = replace(host.drivers, compute=Talking(cloud, folder))
    with agent_of(cloud, machine):
        cloud.instance("trainer", gpus={"profile": "whole"})
        cloud.settle(10.0)
        (given,) = cloud.get("instance", "trainer").status["gpus"]
        machine.have([given_away(g) if g.address == given["address"] else g for g in gpus])
    with agent_of(cloud, machine):
        (channel,) = host.agent._drivers.compute.observe_gpu_channels()
        (taken,) = [gpu for gpu in gpus if gpu.address == given["address"]]
        (left,) = [gpu for gpu in gpus if gpu.address != given["address"]]
        said = {"version": 1, "gpus": [{"uuid": taken.uuid, "power_mw": 299_000}, {"uuid": left.uuid, "power_mw": 1}]}
        with talks(channel, said):
            before = cloud.get("host", "h0")
            cloud.settle(2 * SAMPLE_S)
            wait_until(lambda: _is_heard(host), 30, "the guest to be heard")
            cloud.settle(SAMPLE_S + 10.0)
            found = gpu_gauges.read(cloud.cloud).values["pextra_gpu_power_watts"]
            labels = ("h0", taken.address, taken.uuid, "l40s", "whole", "", TENANT, "trainer", "guest")
            assert found == {labels: 299.0}
            assert cloud.get("host", "h0").status_revision == before.status_revision


def _is_heard(host: AgentHost) -> bool:
    host.agent.listen_to_guests()
    return bool(host.agent._guest_gpus.readings())


def test_a_library_that_is_missing_is_a_problem_of_the_host_where_it_has_gpus_of_nvidia(
    cloud: AgentCloud, tmp_path: Path
) -> None:
    machine = FakeMachine(tmp_path, library=None)
    machine.have(SimGpus("host", model="l40s", count=2).observe_gpus().gpus)
    cloud.add_host("h0")
    with agent_of(cloud, machine):
        told = status_of(cloud, "h0")
    assert [gpu["model"] for gpu in told["gpus"]] == ["l40s", "l40s"]
    assert told["problems"] == [
        "2 GPUs are told as they were, or by their PCI ids alone: NVIDIA's library is not installed"
    ]


def test_an_agent_that_tells_of_more_gpus_than_a_host_has_is_not_believed(cloud: AgentCloud) -> None:
    host = cloud.add_host("h0")
    (gpu,) = SimGpus("host", model="l4", count=1).observe_gpus().gpus
    many: tuple[Gpu, ...] = (gpu,) * (MOST_GPUS + 1)
    inventory = replace(host.agent._inventory(), gpus=many)
    host.agent._inventory = lambda: inventory
    cloud.settle(70.0)
    assert cloud.ready("host", "h0")["reason"] == "DriverFailed"


@pytest.mark.parametrize(
    ("wanted", "summary", "board"),
    [
        ({"board": "hgx-b200-8"}, "8 b200 (hgx-b200-8)", "hgx-b200-8"),
        ({"board": "h100-nvl-pair", "mig": True}, "2 h100-nvl (h100-nvl-pair)", "h100-nvl-pair"),
        ({"model": "l40s", "count": 4, "numa": [0, 0, 0, 1], "vfs": 8}, "4 l40s", "pcie"),
    ],
    ids=str,
)
def test_a_simulated_host_has_the_gpus_that_it_is_declared_with(
    cloud: AgentCloud, wanted: dict[str, Any], summary: str, board: str
) -> None:
    cloud.put("host", "sim", {"driver": "sim", "simulated": {**ALONE, "gpus": wanted}})
    cloud.settle(2.0)
    told = status_of(cloud, "sim")
    assert (told["gpu_summary"], told["gpu_board"]) == (summary, board)
    expected = SimGpus(cloud.get("host", "sim").uid, cells=2, cpus=224, **wanted).observe_gpus().gpus
    assert told_gpus(told) == expected
    if numa := wanted.get("numa"):
        assert [gpu["numa_node"] for gpu in told["gpus"]] == numa
    revision = cloud.get("host", "sim").status_revision
    cloud.restart()
    cloud.settle(30.0)
    assert cloud.get("host", "sim").status_revision == revision
    cloud.put("host", "sim", {"driver": "sim", "simulated": ALONE})
    cloud.settle(2.0)
    assert status_of(cloud, "sim")["gpus"] == []


def test_two_simulated_hosts_have_different_gpus(cloud: AgentCloud) -> None:
    for name in ("one", "two"):
        cloud.put("host", name, {"driver": "sim", "simulated": {"gpus": {"board": "hgx-a100-8"}}})
    cloud.settle(2.0)
    uuids = {gpu["uuid"] for name in ("one", "two") for gpu in status_of(cloud, name)["gpus"]}
    assert len(uuids) == 16
