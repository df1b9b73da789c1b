"""What a host's agent costs: the way from a call to a guest's user space, and many guests on one host.

    python -m tests.benchmarks.host [guests]

As root; it starts a whole cloud in a network namespace of its own. The guests are tiny ones.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from pextra.drivers.libvirt.hosting import PrivateLibvirtd
from pextra.host_wiring import hypervisor_root
from tests.agent.manifests import instance, surroundings, thing
from tests.agent.real import RealCloud
from tests.benchmarks.table import show
from tests.labs.waiting import wait_until

ROUNDS: Final = 3
MEMORY_MIB: Final = 96
IDLE_S: Final = 30.0
SETTLE_S: Final = 60.0
"""Until the guests have booted, and each has been looked at again because its neighbours came."""
BOOT_S: Final = 600.0
OVERCOMMIT: Final = 64
"""Processors that a core stands for: the guests stand still, and the host of the benchmark may have few cores."""
MARKER: Final = "PEXTRA-GUEST user space"


def main() -> None:
    """Measure and print."""
    guests = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    cloud = RealCloud()
    try:
        cloud.apply(*surroundings("10.1.0.0/16", MEMORY_MIB))
        _make_room(cloud)
        _boot(cloud)
        _many(cloud, guests)
    finally:
        cloud.close()


def _make_room(cloud: RealCloud) -> None:
    [host] = json.loads(cloud.pextra("get", "hosts", "-o", "json"))["items"]
    cloud.apply(thing("host", host["metadata"]["name"], host["spec"] | {"cpu_overcommit": OVERCOMMIT}, tenant=None))


def _boot(cloud: RealCloud) -> None:
    ours, bare = [], []
    for number in range(ROUNDS):
        name = f"boot-{number}"
        began = time.monotonic()
        cloud.pextra("apply", "-f", "-", "--no-wait", text=_text(instance(name)))
        wait_until(lambda name=name: MARKER in cloud.console(name), BOOT_S, "user space")
        ours.append(time.monotonic() - began)
        uid = cloud.uid(name)
        cloud.apply(instance(name, power="off", stop_timeout_s=1))
        before = cloud.console(name).count(MARKER)
        log = cloud.data / "hv" / "guests" / uid / "console.log"
        agent = cloud.agent()
        assert agent is not None
        os.kill(agent, signal.SIGSTOP)  # it would stop what is to be off
        began = time.monotonic()
        _virsh(cloud, "start", uid)
        wait_until(lambda: log.read_text(errors="replace").count(MARKER) > before, BOOT_S, "user space")  # noqa: B023
        bare.append(time.monotonic() - began)
        os.kill(agent, signal.SIGCONT)
        cloud.pextra("delete", "instance", name, "-t", "acme", "--wait")
    slow, quick = statistics.median(ours), statistics.median(bare)
    show(
        f"From a call to a guest's user space, median of {ROUNDS}",
        ["", "s", "ratio"],
        [
            ["virsh start of the defined domain", quick, 1.0],
            ["pextra apply of a new instance, disk and network included", slow, slow / quick],
        ],
    )


def _many(cloud: RealCloud, guests: int) -> None:
    idle_cpu, idle_rss = _agent_cost(cloud)
    began, before = time.monotonic(), _agent_cpu_s(cloud)
    cloud.apply(*(instance(f"g{number}") for number in range(guests)), timeout_s=int(BOOT_S))
    took, made = time.monotonic() - began, _agent_cpu_s(cloud) - before
    time.sleep(SETTLE_S)
    cpu, rss = _agent_cost(cloud)
    show(
        f"One host's agent, over {IDLE_S:.0f} s in which nothing happens",
        ["", "% of one CPU", "MiB"],
        [
            ["no guest", 100 * idle_cpu, idle_rss],
            [f"{guests} guests", 100 * cpu, rss],
            ["each guest adds", 100 * (cpu - idle_cpu) / guests, (rss - idle_rss) / guests],
        ],
    )
    show(
        "Made on one host",
        ["", "guests", "s", "guests/s", "agent's CPU-ms each"],
        [["asked for to running", guests, took, guests / took, 1000 * made / guests]],
    )


def _agent_cpu_s(cloud: RealCloud) -> float:
    """Processor time of the agent so far, with the programs that it has run."""
    fields = Path(f"/proc/{cloud.agent()}/stat").read_text().rpartition(")")[2].split()
    return sum(int(fields[i]) for i in (11, 12, 13, 14)) / os.sysconf("SC_CLK_TCK")


def _agent_cost(cloud: RealCloud) -> tuple[float, float]:
    before = _agent_cpu_s(cloud)
    time.sleep(IDLE_S)
    used = (_agent_cpu_s(cloud) - before) / IDLE_S
    status = Path(f"/proc/{cloud.agent()}/status").read_text()
    rss = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024
    return used, rss


def _virsh(cloud: RealCloud, *arguments: str) -> None:
    uri = PrivateLibvirtd(hypervisor_root(cloud.data)).uri
    subprocess.run(["virsh", "-q", "-c", uri, *arguments], check=True, capture_output=True)


def _text(document: dict[str, object]) -> str:
    return json.dumps(document)


if __name__ == "__main__":
    main()
