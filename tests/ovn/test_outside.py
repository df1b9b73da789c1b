"""Ways out and in: gateways with their addresses, floating addresses, load balancers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from uuid import uuid4

import pytest

from pextra.drivers.interface.fabric import (
    BalancerMember,
    FabricBalancer,
    FabricGroup,
    FloatingAddress,
    GroupRule,
    HealthCheck,
    Listener,
)
from tests.labs.ovn.layout import OUTSIDE_V4, OUTSIDE_V6
from tests.labs.waiting import wait_until
from tests.ovn.world import World

WEB = (GroupRule("ingress", "tcp", 80, 80), GroupRule("egress"))


@pytest.fixture
def listening_outside(world: World) -> Iterator[int]:
    with world.lab.outside.listening(8080):
        yield 8080


def test_guests_without_an_address_outside_go_out_with_the_routers(world: World, listening_outside: int) -> None:
    net = world.network("10.0.0.0/24", "fd00::/64", routed=True)
    router = replace(world.router(net), gateway=world.gateway(world.provider(), 11, "10.0.0.0/24", "fd00::/64"))
    port = world.port(net, 12, "h2")
    world.ensure(port, router)
    machine = world.plug(port)
    world.settle()
    wait_until(lambda: machine.pings(OUTSIDE_V4, tries=1), 10, "the way out")
    assert machine.greeting(OUTSIDE_V4, listening_outside, 3) == f"{world.lab.outside.namespace} 203.0.113.11"
    wait_until(lambda: machine.pings(OUTSIDE_V6, tries=1), 10, "the way out by IPv6")
    assert machine.greeting(OUTSIDE_V6, listening_outside, 3) == f"{world.lab.outside.namespace} 2001:db8:ffff::b"
    assert not world.lab.outside.pings("10.0.0.12", tries=1), "nobody outside knows addresses inside"


def test_a_floating_address_leads_both_ways_by_the_host_of_its_port(world: World, listening_outside: int) -> None:
    web = FabricGroup(str(uuid4()), "tenant-a", WEB)
    net = world.network("10.0.0.0/24", routed=True)
    router = replace(world.router(net), gateway=world.gateway(world.provider(), 11, "10.0.0.0/24", hosts=("h1",)))
    port = world.port(net, 12, "h2", web.uid)
    floating = FloatingAddress(
        str(uuid4()), "tenant-a", router.uid, "203.0.113.50", "10.0.0.12", port.uid, "0a:00:00:00:01:50"
    )
    world.ensure(web, port, router, floating)
    machine = world.plug(port)
    world.settle()
    outside = world.lab.outside
    with machine.listening(80), machine.listening(22):
        wait_until(lambda: outside.connects("203.0.113.50", 80), 10, "the way in")
        assert not outside.connects("203.0.113.50", 22), "the security group still decides"
    assert machine.greeting(OUTSIDE_V4, listening_outside, 3) == f"{outside.namespace} 203.0.113.50"
    learned = world.lab.fabric.run("bridge", "fdb", "show", "br", "ex")
    assert "0a:00:00:00:01:50 dev h2-ex" in learned, "the gateway of the router is on h1, and is not passed"
    assert not world.fabric.ensure_absent([floating.uid])
    world.lab.sync()
    with machine.listening(80):
        assert not outside.connects("203.0.113.50", 80)


def test_a_load_balancer_spreads_connections_over_members_that_live(world: World) -> None:
    web = FabricGroup(str(uuid4()), "tenant-a", WEB)
    front, back = world.network("10.0.0.0/24", routed=True), world.network("10.0.1.0/24", routed=True)
    router = replace(world.router(front, back), gateway=world.gateway(world.provider(), 11, "10.0.0.0/16"))
    clients = [world.port(front, 11, "h1"), world.port(back, 11, "h2")]
    servers = [world.port(back, 21, "h1", web.uid), world.port(back, 22, "h2", web.uid)]
    check = HealthCheck(interval_s=1, timeout_s=1, successes=1, failures=1)
    members = tuple(BalancerMember(p.addresses[0].address, 80, p.uid, "10.0.1.2") for p in servers)
    inside = FabricBalancer(
        str(uuid4()),
        "tenant-a",
        "10.0.1.100",
        (Listener("tcp", 8000, members, check),),
        (front.uid, back.uid),
        (router.uid,),
    )
    outside = FabricBalancer(
        str(uuid4()), "tenant-a", "203.0.113.60", (Listener("tcp", 80, members),), (front.uid, back.uid), (router.uid,)
    )
    world.ensure(web, *clients, *servers, router, inside, outside)
    asking = [world.plug(port) for port in clients]
    serving = [world.plug(port) for port in servers]
    world.settle()

    def answering(ask: str, port: int, of: int) -> set[str]:
        said = [asking[of].greeting(ask, port, 2) or "nobody" for _ in range(12)]
        return {each.split()[0] for each in said}

    everybody = {machine.namespace for machine in serving}
    with ExitStack() as one, serving[1].listening(80):
        one.enter_context(serving[0].listening(80))
        wait_until(lambda: answering("10.0.1.100", 8000, 0) == everybody, 30, "both members, from the other network")
        assert answering("10.0.1.100", 8000, 1) == everybody
        said = [world.lab.outside.greeting("203.0.113.60", 80, 2) for _ in range(12)]
        assert {each.split()[0] for each in said if each} == everybody
        assert {each.split()[1] for each in said if each} == {OUTSIDE_V4}, "members see who asks"
        one.close()
        wait_until(lambda: answering("10.0.1.100", 8000, 0) == {serving[1].namespace}, 30, "the other to be left out")
    world.ensure(replace(inside, listeners=(Listener("tcp", 8000),)))
    world.lab.sync()
    assert asking[0].greeting("10.0.1.100", 8000) is None
