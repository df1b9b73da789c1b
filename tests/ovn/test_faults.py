"""Daemons die, hosts come back with what they knew: what should flow flows again by itself, the rest never does."""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from pextra.drivers.interface.fabric import FabricGroup, FabricPort, GroupRule
from tests.labs.ovn.host import Host
from tests.labs.ovn.lab import OvnLab, reason_unavailable
from tests.labs.ovn.layout import OUTSIDE_V4
from tests.labs.waiting import wait_until
from tests.ovn.probing import arrivals
from tests.ovn.reachability import Topology
from tests.ovn.world import World

pytestmark = pytest.mark.slow
EVERYTHING = (GroupRule("ingress"), GroupRule("egress"))
CHANGES = 200


@pytest.fixture
def own_lab() -> Iterator[OvnLab]:
    """A lab whose daemons may die."""
    if reason := reason_unavailable():
        pytest.skip(reason)
    with OvnLab(hosts=3) as made:
        yield made


@pytest.fixture
def own_world(own_lab: OvnLab, tmp_path: Path) -> Iterator[World]:
    with World(own_lab, tmp_path) as made:
        yield made


def deaths(lab: OvnLab) -> list[Callable[[], None]]:
    """Ways in which a daemon dies with SIGKILL and is started again, as its supervisor does."""
    member, (one, other, _) = lab.members[0], lab.hosts

    def northd() -> None:
        member.kill("ovn-northd")
        member.start_northd()

    def controller() -> None:
        one.kill("ovn-controller")
        one.start_controller()

    def switch() -> None:
        other.kill("ovs-vswitchd")
        other.start_vswitchd()
        know_all(lab, other)

    def database() -> None:
        member.kill("ovnnb_db")
        member.start_database("nb")

    return [northd, controller, switch, database]


@pytest.mark.timeout(300)
def test_changes_are_made_while_daemons_die(own_world: World) -> None:
    world = own_world
    chance = random.Random(9)
    opened, closed = (FabricGroup(str(uuid4()), "tenant-a", rules) for rules in (EVERYTHING, ()))
    net = world.network("10.0.0.0/16", routed=True)
    ports = [world.port(net, 11 + n, f"h{1 + n % 2}", opened.uid) for n in range(4)]
    world.ensure(opened, closed, *ports)
    machines = [world.plug(port) for port in ports]
    world.settle()
    stop = threading.Event()
    died = made = 0

    def kill() -> None:
        nonlocal died
        for death in itertools.cycle(deaths(world.lab)):
            mark = made
            wait_until(lambda mark=mark: stop.is_set() or made > mark + 5, 120, "changes between two deaths")
            if stop.is_set():
                return
            death()
            died += 1

    def change(number: int) -> None:
        """A port comes or goes, or a machine's port is of another group."""
        if number % 4 == 3:
            at = chance.randrange(len(ports))
            ports[at] = replace(ports[at], groups=(chance.choice([opened, closed]).uid,))
            persist(lambda: world.fabric.ensure([ports[at]]))
            return
        passing = world.port(net, 100 + number, chance.choice(["h1", "h2"]), opened.uid)
        persist(lambda: world.fabric.ensure([passing]))
        if number % 4 != 2:
            persist(lambda: world.fabric.ensure_absent([passing.uid]))
        else:
            kept.append(passing)

    kept: list[FabricPort] = []
    with ThreadPoolExecutor(1) as executor:
        killer = executor.submit(kill)
        try:
            while (made < CHANGES or died < 8) and not killer.done():
                change(made)
                made += 1
        finally:
            stop.set()
        killer.result()
    desired = [net, opened, closed, *ports, *kept]
    assert world.fabric.differences(desired) == []
    assert len(world.fabric.owners()) == len(desired)
    world.settle()
    topology = Topology(tuple(ports), (opened, closed))
    probes = topology.probes((("tcp", 80), ("udp", 53)))
    expected = topology.expected(probes)
    assert expected
    # what is right at last may be late: tunnels are found again
    wait_until(lambda: arrivals(machines, probes, expected) == expected, 60, "packets to go where they should")


def test_a_host_that_slept_does_what_is_desired_now(own_world: World) -> None:
    world = own_world
    opened = FabricGroup(str(uuid4()), "tenant-a", EVERYTHING)
    net = world.network("10.0.0.0/24")
    ports = [world.port(net, 11 + n, host, opened.uid) for n, host in enumerate(("h1", "h2", "h2"))]
    world.ensure(opened, *ports)
    asking, closing, leaving = (world.plug(port) for port in ports)
    world.settle()
    assert asking.pings("10.0.0.12")
    assert asking.pings("10.0.0.13")
    sleeper = world.lab.host("h2")
    sleeper.kill("ovn-controller")
    sleeper.kill("ovs-vswitchd")
    world.ensure(replace(opened, rules=(GroupRule("egress"),)))
    assert not world.fabric.ensure_absent([ports[2].uid])
    sleeper.start_vswitchd()
    know_all(world.lab, sleeper)
    sleeper.start_controller()
    world.lab.sync()
    assert not asking.pings("10.0.0.12", tries=2), "its group lets nothing in any more"
    assert not asking.pings("10.0.0.13", tries=2), "its port has gone"
    assert not leaving.pings("10.0.0.11", tries=2), "and nothing of it comes out"
    world.ensure(opened)
    world.lab.sync()
    assert asking.pings("10.0.0.12")
    assert closing.pings("10.0.0.11")


def test_a_gateway_moves_when_its_host_dies(own_world: World) -> None:
    world = own_world
    net = world.network("10.0.0.0/24", routed=True)
    router = replace(world.router(net), gateway=world.gateway(world.provider(), 11, "10.0.0.0/24", hosts=("h1", "h2")))
    # who hears no other host takes itself for the lost one and no gateway over: there has to be a third that has a port
    port, third = world.port(net, 12, "h2"), world.port(net, 13, "h3")
    world.ensure(port, third, router)
    machine, _ = world.plug(port), world.plug(third)
    world.settle()

    def learned(host: str) -> bool:
        return f"0a:00:00:00:00:0b dev {host}-ex" in world.lab.fabric.run("bridge", "fdb", "show", "br", "ex")

    wait_until(lambda: machine.pings(OUTSIDE_V4, tries=1), 20, "the way out")
    assert learned("h1")
    dying = world.lab.host("h1")
    dying.kill("ovn-controller")
    dying.kill("ovs-vswitchd")
    wait_until(lambda: machine.pings(OUTSIDE_V4, tries=1), 30, "the way out by the other host")
    assert learned("h2")
    dying.start_vswitchd()
    know_all(world.lab, dying)
    dying.start_controller()
    world.lab.sync()
    wait_until(lambda: machine.pings(OUTSIDE_V4, tries=1) and learned("h1"), 60, "the first host to have it again")


def know_all(lab: OvnLab, host: Host) -> None:
    """Have a switch that was started anew know where tunnels end."""
    for other in lab.hosts:
        if other is not host:
            host.know(other)


def persist(act: Callable[[], object]) -> None:
    """Do it until nothing fails, as a loop does."""
    wait_until(lambda: not act(), 60, "a change to be made")
