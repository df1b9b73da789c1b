"""Networks, ports, names and security groups, by packets between hosts."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

from pextra.drivers.interface.fabric import AddressList, FabricGroup, GroupRule
from tests.labs.ovn.machine import Machine
from tests.ovn.world import World

ALL = (GroupRule("ingress"), GroupRule("egress"))


def group(*rules: GroupRule) -> FabricGroup:
    """A security group with a fresh uid."""
    return FabricGroup(str(uuid4()), "tenant-a", rules)


def test_guests_of_a_network_reach_each_other_between_hosts_as_far_as_rules_let_them(world: World) -> None:
    web = group(GroupRule("ingress", "tcp", 80, 80), GroupRule("egress"))
    world.ensure(web)
    net = world.network("10.0.0.0/24", "fd00::/64")
    server, client = world.port(net, 11, "h1", web.uid), world.port(net, 12, "h2")
    world.ensure(server, client)
    serving, asking = world.plug(server), world.plug(client)
    world.settle()
    with serving.listening(80), serving.listening(22):
        assert asking.connects("10.0.0.11", 80)
        assert asking.connects("fd00::b", 80)
        assert not asking.connects("10.0.0.11", 22)
        assert not asking.pings("10.0.0.11", tries=1)
        assert not serving.connects("10.0.0.12", 80), "nothing comes into a port without a group"


def test_tenants_with_equal_addresses_do_not_meet(world: World) -> None:
    machines: dict[str, Machine] = {}
    for tenant in ("tenant-a", "tenant-b"):
        members = FabricGroup(str(uuid4()), tenant, ALL)
        net = world.network("10.0.0.0/24", tenant=tenant)
        here, there = world.port(net, 11, "h1", members.uid), world.port(net, 12, "h2", members.uid)
        world.ensure(members, here, there)
        machines[tenant] = world.plug(here)
        if tenant == "tenant-a":
            world.plug(there)
    world.settle()
    assert machines["tenant-a"].pings("10.0.0.12")
    assert not machines["tenant-b"].pings("10.0.0.12", tries=2), "only the other tenant has a machine there"


def test_rules_name_other_groups_and_lists_of_addresses(world: World) -> None:
    web, listed = group(GroupRule("egress")), AddressList(str(uuid4()), "tenant-a", ("10.0.0.13", "fd00::d"))
    database = group(
        GroupRule("ingress", "tcp", 3306, remote_group=web.uid), GroupRule("ingress", "icmp", remote_list=listed.uid)
    )
    world.ensure(web, listed, database)
    net = world.network("10.0.0.0/24", "fd00::/64")
    ports = [world.port(net, 11, "h1", database.uid), world.port(net, 12, "h2", web.uid), world.port(net, 13, "h2")]
    world.ensure(*ports)
    serving, asking, other = (world.plug(port) for port in ports)
    world.settle()
    with serving.listening(3306):
        assert asking.connects("10.0.0.11", 3306)
        assert asking.connects("fd00::b", 3306)
        assert not other.connects("10.0.0.11", 3306)
        assert other.pings("10.0.0.11")
        assert other.pings("fd00::b")
        assert not asking.pings("10.0.0.11", tries=1)
        world.ensure(replace(ports[2], groups=(web.uid,)), replace(listed, addresses=("fd00::d",)))
        world.lab.sync()
        assert other.connects("10.0.0.11", 3306), "it is of the group now"
        assert not other.pings("10.0.0.11", tries=1), "it is on the list no more"
        assert other.pings("fd00::b")


def test_a_router_joins_networks_on_every_host(world: World) -> None:
    members = group(*ALL)
    front, back = (
        world.network("10.0.0.0/24", "fd00::/64", routed=True),
        world.network("10.0.1.0/24", "fd01::/64", routed=True),
    )
    here, there = world.port(front, 11, "h1", members.uid), world.port(back, 12, "h2", members.uid)
    world.ensure(members, here, there, world.router(front, back))
    asking, _ = world.plug(here), world.plug(there)
    world.settle()
    assert asking.pings("10.0.0.1")
    assert asking.pings("10.0.1.12")
    assert asking.pings("fd01::c")


def test_only_the_own_host_has_a_port(world: World) -> None:
    members = group(*ALL)
    net = world.network("10.0.0.0/24")
    stolen, asking = world.port(net, 11, "h1", members.uid), world.port(net, 12, "h1", members.uid)
    world.ensure(members, stolen, asking)
    thief, machine = world.plug(stolen, host="h2"), world.plug(asking)
    world.lab.sync()
    assert world.fabric.plugged([stolen.uid, asking.uid]) == {stolen.uid: False, asking.uid: True}
    assert not thief.pings("10.0.0.12", tries=2)
    assert not machine.pings("10.0.0.11", tries=2)


def test_a_guest_speaks_with_its_own_addresses_alone(world: World) -> None:
    members = group(*ALL)
    net = world.network("10.0.0.0/24", "fd00::/64")
    liar, honest = world.port(net, 11, "h1", members.uid), world.port(net, 12, "h2", members.uid)
    world.ensure(members, liar, honest)
    lying, _ = world.plug(liar), world.plug(honest)
    world.settle()
    assert lying.pings("10.0.0.12")
    lying.run("ip", "address", "replace", "10.0.0.66/24", "dev", "eth0")
    lying.run("ip", "address", "del", "10.0.0.11/24", "dev", "eth0")
    assert not lying.pings("10.0.0.12", tries=2)
    lying.run("ip", "address", "replace", "10.0.0.11/24", "dev", "eth0")
    lying.run("ip", "link", "set", "eth0", "address", "52:54:00:66:66:66")
    assert not lying.pings("10.0.0.12", tries=2)
