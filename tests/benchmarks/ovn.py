"""What a change of an OVN fabric costs as the fabric grows, and how soon it counts.

    python -m tests.benchmarks.ovn [ports ...]

By default 100, 1000 and 5000 ports, 50 to a network of two hosts, each network with a security group of four rules. The
ports are of no machine, but for two that send packets to each other. For each size: how long making them takes, and how
long until OVN is through with that (`hv`, which is OVN's alone); then, each the median of ten: the CPU-ms of this side
for one more port, for a port that changes its group, and for a look at what is as it should be already; the ms until
the hosts act on one more port, and on one rule more; and from a port's description to the first answer to a ping of the
machine that has it.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Final
from uuid import uuid4

from pextra.drivers.interface.fabric import FabricGroup, FabricNetwork, FabricPort, GroupRule
from tests.benchmarks.table import show
from tests.labs.ovn.lab import OvnLab
from tests.labs.waiting import wait_until
from tests.ovn.world import World

SIZES: Final = (100, 1000, 5000)
IN_A_NETWORK: Final = 50
TRIES: Final = 10
RULES: Final = (
    GroupRule("egress"),
    GroupRule("ingress", "tcp", 22, 22, remote_cidr="192.0.2.0/24"),
    GroupRule("ingress", "tcp", 80, 443),
    GroupRule("ingress", "icmp"),
)


def main(sizes: list[int]) -> None:
    """Print the table."""
    rows: list[list[object]] = []
    for size in sizes:
        with (
            tempfile.TemporaryDirectory() as directory,
            OvnLab() as lab,
            World(lab, Path(directory)) as world,
        ):
            rows.append([str(size), *_measured(world, size)])
    header = ["ports", "made s", "hv s", "port", "group", "nothing", "port hv ms", "rule hv ms", "to ping ms"]
    show("An OVN fabric of two hosts; CPU-ms of this side in the middle columns", header, rows)
    first, last = rows[0], rows[-1]
    for column in (3, 4, 5):
        one, other = first[column], last[column]
        assert isinstance(one, float)
        assert isinstance(other, float)
        print(f"  {header[column]}: {other / one:.2f} times as much at {last[0]} ports as at {first[0]}")


def _measured(world: World, size: int) -> list[float]:
    started = time.monotonic()
    networks, groups = _fill(world, size)
    made = time.monotonic() - started
    world.lab.nbctl("--wait=hv", "--timeout=600", "sync")
    through = time.monotonic() - started - made
    network, group, other = networks[0], groups[0], groups[1 % len(groups)]
    ports = [world.port(network, 100 + n, "h1", group.uid) for n in range(TRIES)]
    port = _cpu_ms(lambda n: world.ensure(ports[n]))
    moved = _cpu_ms(lambda n: world.ensure(replace(ports[n], groups=(other.uid,))))
    nothing = _cpu_ms(lambda n: world.ensure(replace(ports[n], groups=(other.uid,))))
    late = [world.port(network, 120 + n, "h2", group.uid) for n in range(TRIES)]
    port_hv = _wall_ms(lambda n: _and_wait(world, late[n]))
    rule_hv = _wall_ms(
        lambda n: _and_wait(world, replace(group, rules=(*RULES, GroupRule("ingress", "tcp", 1000 + n, 1000 + n))))
    )
    return [made, through, port, moved, nothing, port_hv, rule_hv, _first_ping_ms(world, network, group)]


def _fill(world: World, size: int) -> tuple[list[FabricNetwork], list[FabricGroup]]:
    networks: list[FabricNetwork] = []
    groups: list[FabricGroup] = []
    for start in range(0, size, IN_A_NETWORK):
        network = world.described("10.0.0.0/24", "fd00::/64", tenant=f"t{start}", routed=True)
        group = FabricGroup(str(uuid4()), f"t{start}", RULES)
        some = [
            world.port(network, 11 + n, f"h{1 + n % 2}", group.uid, hostname=f"vm-{n}")
            for n in range(min(IN_A_NETWORK, size - start))
        ]
        world.ensure(network, group, *some)
        networks.append(network)
        groups.append(group)
    return networks, groups


def _cpu_ms(act: Callable[[int], object]) -> float:
    """Of this process, all its threads."""
    times: list[float] = []
    for number in range(TRIES):
        before = time.process_time()
        act(number)
        times.append((time.process_time() - before) * 1000)
    return median(times)


def _wall_ms(act: Callable[[int], object]) -> float:
    times: list[float] = []
    for number in range(TRIES):
        before = time.monotonic()
        act(number)
        times.append((time.monotonic() - before) * 1000)
    return median(times)


def _and_wait(world: World, part: FabricPort | FabricGroup) -> None:
    world.ensure(part)
    world.lab.nbctl("--wait=hv", "--timeout=120", "sync")


def _first_ping_ms(world: World, network: FabricNetwork, group: FabricGroup) -> float:
    asking = world.port(network, 200, "h1", group.uid)
    world.ensure(asking)
    machine = world.plug(asking)
    times: list[float] = []
    for number in range(3):
        port = world.port(network, 201 + number, "h2", group.uid)
        before = time.monotonic()
        world.ensure(port)
        world.plug(port)
        address = port.addresses[0].address
        wait_until(lambda there=address: machine.pings(there, tries=1, wait_s=0.1), 120, "an answer")
        times.append((time.monotonic() - before) * 1000)
    return median(times)


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or list(SIZES))
