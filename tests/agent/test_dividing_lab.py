"""Virtual functions from their declaration to a guest and back, by a real agent on real devices of the laboratory's.

Real are: API's services, loops, placement and database; the agent, its look at the kernel, vfio, libvirt, QEMU and
the nested guest; the SR-IOV of an emulated NVMe controller behind an emulated IOMMU. Replaced are: the controller's
class code, by which it is an accelerator and so a GPU; TLS and HTTP between agent and control plane, by a serial port;
the threads of `AgentProcess`, by a loop. That a guest reads from such a function is `test_handing_out`'s.
"""

from __future__ import annotations

import hashlib
import json
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pextra.agent_protocol import SyncRequest
from pextra.images.tiny import ImageBuildError
from tests.agent.world import AgentCloud, Certified
from tests.controllers.cloud import TENANT
from tests.drivers.hypervisor import reason_unavailable, tiny_image
from tests.labs.sriov.machine import running
from tests.labs.sriov.system import AGENT_PACKAGES, build_system
from tests.labs.waiting import wait_until

TIMEOUT_S = 600
PATIENCE_S = 180.0
MODEL, PHYSICAL = "pci-1b36-0010", "0000:21:00.0"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(TIMEOUT_S), pytest.mark.xdist_group("sriov")]


class LabHost:
    """The laboratory's machine as a host of a cloud: what its agent says is answered while a test waits."""

    def __init__(self, cloud: AgentCloud, wire: socket.socket) -> None:
        self.cloud = cloud
        self._wire, self._heard = wire, b""
        self._link = Certified(cloud)
        cloud.put("host", "lab", {"driver": "libvirt"})
        self._link.join(cloud.join_token("lab"))
        self._last = time.monotonic()

    def until(self, condition: Callable[[], bool]) -> None:
        """Go on until the condition holds."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail(self._story())
            self._exchange()

    def reboot(self) -> None:
        """Have nothing be divided any more, and the agent forget everything."""
        self._say({"reboot": True})

    @property
    def status(self) -> dict[str, Any]:
        """What the API says of the host."""
        found = self.cloud.find("host", "lab", tenant=None)
        assert found is not None
        return found.status

    @property
    def functions(self) -> list[dict[str, Any]]:
        """The virtual functions of the first GPU that the API shows."""
        gpus = self.status.get("gpus", [])
        return gpus[0]["vfs"]["functions"] if gpus else []

    def _story(self) -> str:
        found = [self.cloud.find(kind, name) for kind, name in (("image", "linux"), ("instance", "trainer"))]
        return "\n".join(
            str(said) for said in (self.status, *(record.status for record in found if record is not None))
        )

    def _exchange(self) -> None:
        while b"\n" not in self._heard:
            received = self._wire.recv(65_536)
            assert received, "the machine is off"
            self._heard += received
        line, _, self._heard = self._heard.partition(b"\n")
        now = time.monotonic()
        self.cloud.clock.advance(now - self._last)
        self._last = now
        answer = self._link.sync(SyncRequest.model_validate(json.loads(line)))
        self._say(answer.model_dump(mode="json"))
        while self.cloud.loop.step() + self.cloud.sweep.run(self.cloud.loop.shards):
            pass

    def _say(self, message: dict[str, Any]) -> None:
        self._wire.sendall(json.dumps(message).encode() + b"\n")


@pytest.fixture
def lab(bare: AgentCloud) -> Iterator[LabHost]:
    """The machine, whose agent has begun."""
    if reason := reason_unavailable():
        pytest.skip(reason)
    try:
        system = build_system()
    except ImageBuildError as error:
        pytest.skip(str(error))
    program = Path(__file__).with_name("dividing_in_lab.py")
    with tempfile.TemporaryDirectory(prefix="pextra-lab-") as folder:
        work = Path(folder)
        files = {"images/tiny.qcow2": tiny_image().path}
        with running(system, program, work, files, AGENT_PACKAGES), socket.socket(socket.AF_UNIX) as wire:
            wait_until((work / "link").exists, 30.0, "the machine's third serial port")
            wire.connect(str(work / "link"))
            wire.settimeout(PATIENCE_S)
            yield LabHost(bare, wire)
            for name in ("console", "reports", "qemu"):  # which is shown when the test fails
                print((work / name).read_text(errors="replace")[-3000:])


def _furnish(cloud: AgentCloud) -> None:
    content = tiny_image().path.read_bytes()
    cloud.put("tenant", TENANT, {})
    cloud.put("quota", "default", {"unlisted": "unlimited"})
    cloud.put("flavor", "small", {"vcpus": 1, "memory_mib": 128, "disk_gib": 1})
    image = {"url": "file:///pextra/images/tiny.qcow2", "sha256": hashlib.sha256(content).hexdigest()}
    cloud.put("image", "linux", image)
    cloud.put("gpu_profile", "part", {"models": [MODEL], "mode": "vf"})


def test_declared_functions_reach_a_guest_and_come_back(lab: LabHost) -> None:
    cloud = lab.cloud
    _furnish(cloud)
    lab.until(lambda: bool(lab.status.get("gpus")))
    (gpu,) = lab.status["gpus"]
    assert (gpu["address"], gpu["model"], gpu["vfs"]["total"]) == (PHYSICAL, MODEL, 4)

    cloud.put("host", "lab", {"driver": "libvirt", "sriov": [{"model": MODEL, "functions": 2}]})
    lab.until(lambda: len(lab.functions) == 2)
    assert len({function["iommu_group"] for function in lab.functions}) == 2
    assert not any(PHYSICAL in problem for problem in lab.status["problems"])

    lab.reboot()
    lab.until(lambda: not lab.functions)
    lab.until(lambda: len(lab.functions) == 2)

    cloud.put("instance", "trainer", {"flavor": "small", "image": "linux", "gpus": {"profile": "part"}})
    lab.until(lambda: cloud.ready("instance", "trainer")["status"] == "true")
    first = lab.functions[0]["address"]
    assert cloud.get("instance", "trainer").status["gpus"][0]["function"] == first

    cloud.put("host", "lab", {"driver": "libvirt", "sriov": [{"model": MODEL, "functions": 3}]})
    lab.until(lambda: any(f"its virtual function {first} is in use" in each for each in lab.status["problems"]))
    assert [function["driver"] for function in lab.functions] == ["vfio-pci", None]

    cloud.delete("instance", "trainer")
    lab.until(lambda: cloud.find("instance", "trainer") is None)
    lab.until(lambda: len(lab.functions) == 3)
    assert [function["driver"] for function in lab.functions] == [None, None, None]
    assert lab.status["sriov"] == [{"address": PHYSICAL, "wanted": 3, "current": 3, "problem": ""}]
