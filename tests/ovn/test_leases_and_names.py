"""What guests are told: addresses by DHCP of both families, routers by advertisement, names by DNS."""

from __future__ import annotations

import json
import socket
import struct
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from pextra.drivers.interface.fabric import FabricGroup, GroupRule, HostRoute
from tests.labs.ovn.machine import Machine
from tests.labs.waiting import wait_until
from tests.ovn.dhcpv4 import lease
from tests.ovn.dhcpv6 import ask_for_an_address
from tests.ovn.world import World

EVERYTHING = (GroupRule("ingress"), GroupRule("egress"))


def resolve(machine: Machine, server: str, name: str, kind: int) -> list[str]:
    """The answers to a DNS query.

    Source: RFC 1035. OVN answers no query with EDNS, which this has not.
    """
    client = machine.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    question = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
    with client:
        client.settimeout(2)
        client.sendto(struct.pack(">6H", 7, 0x0100, 1, 0, 0, 0) + question + struct.pack(">2H", kind, 1), (server, 53))
        reply = client.recv(2000)
    count, at = struct.unpack(">H", reply[6:8])[0], 12 + len(question) + 4
    found: list[str] = []
    for _ in range(count):
        at += 2 if reply[at] & 0xC0 else len(question)
        size = struct.unpack(">H", reply[at + 8 : at + 10])[0]
        data = reply[at + 10 : at + 10 + size]
        family = socket.AF_INET if kind == 1 else socket.AF_INET6
        found.append(socket.inet_ntop(family, data))
        at += 10 + size
    return found


def test_a_guest_is_told_its_address_its_routes_and_the_size_of_packets(world: World, tmp_path: Path) -> None:
    net = world.network("10.0.0.0/24", routed=True)
    routed = replace(net.subnets[0], routes=(HostRoute("192.0.2.0/24", "10.0.0.9"),), dns_servers=("10.0.0.53",))
    world.ensure(replace(net, subnets=(routed,)))
    port = world.port(net, 11, "h1", hostname="web-1")
    world.ensure(port)
    machine = world.plug(port, addressed=False)
    world.settle()
    told = lease(machine, tmp_path)
    assert told["ip"] == "10.0.0.11"
    assert told["mask"] == "24"
    assert told["router"] == "10.0.0.1"
    assert told["mtu"] == "1400"
    assert told["dns"] == "10.0.0.53"
    assert told["domain"] == "internal"
    assert told["staticroutes"].split() == ["192.0.2.0/24", "10.0.0.9", "0.0.0.0/0", "10.0.0.1"]


def test_a_guest_is_told_its_address_of_the_sixth_version(world: World) -> None:
    net = world.network("fd00::/64", routed=True)
    port = world.port(net, 11, "h1")
    world.ensure(port, world.router(net))
    machine = world.plug(port, addressed=False)
    world.settle()
    told = ask_for_an_address(machine, port.mac)
    assert told.address == "fd00::b"
    assert told.name_servers == ["fd00::1"]

    def has_route() -> bool:
        routes = json.loads(machine.run("ip", "-6", "-json", "route", "show", "default"))
        return any(route["gateway"].startswith("fe80::") for route in routes)

    wait_until(has_route, 20, "a router's advertisement")


def test_guests_find_each_other_by_name(world: World) -> None:
    members = FabricGroup(str(uuid4()), "tenant-a", EVERYTHING)
    net = world.network("10.0.0.0/24", "fd00::/64", routed=True)
    asking, named = world.port(net, 11, "h1", members.uid), world.port(net, 12, "h2", members.uid, hostname="db-1")
    world.ensure(members, asking, named, world.router(net))
    machine = world.plug(asking)
    world.settle()
    assert resolve(machine, "10.0.0.1", "db-1.internal", 1) == ["10.0.0.12"]
    assert resolve(machine, "10.0.0.1", "db-1.internal", 28) == ["fd00::c"]
    assert not world.fabric.ensure_absent([named.uid])
    world.lab.sync()
    with pytest.raises(TimeoutError):
        resolve(machine, "10.0.0.1", "db-1.internal", 1)


def test_who_asks_for_an_address_of_the_other_version_does_not_wait(world: World) -> None:
    net = world.network("10.0.0.0/24")
    asking, named = world.port(net, 11, "h1"), world.port(net, 12, "h2", hostname="db-1")
    world.ensure(asking, named)
    machine = world.plug(asking)
    world.settle()
    assert resolve(machine, "10.0.0.1", "db-1.internal", 28) == ["::ffff:10.0.0.12"]


def test_names_are_answered_on_a_network_that_no_router_has(world: World) -> None:
    members = FabricGroup(str(uuid4()), "tenant-a", EVERYTHING)
    net = world.described("10.0.0.0/24", "fd00::/64")
    resolvers = ("10.0.0.254", "fd00::fe")
    net = replace(net, subnets=tuple(replace(s, resolver=r) for s, r in zip(net.subnets, resolvers, strict=True)))
    world.ensure(net)
    asking, named = world.port(net, 11, "h1", members.uid), world.port(net, 12, "h2", members.uid, hostname="db-1")
    world.ensure(members, asking, named)
    machine = world.plug(asking)
    world.settle()
    assert resolve(machine, resolvers[0], "db-1.internal", 1) == ["10.0.0.12"]
    assert resolve(machine, resolvers[0], "db-1.internal", 28) == ["fd00::c"]
    for resolver in resolvers:
        assert not machine.pings(resolver, tries=1)
