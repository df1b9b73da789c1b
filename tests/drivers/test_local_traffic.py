"""Packets on one host: who reaches whom, and whom nobody reaches."""

from __future__ import annotations

import socket
import struct
from dataclasses import replace

import pytest

from pextra.drivers.interface import NetworkSource, SecurityRule
from pextra.drivers.local import naming
from pextra.drivers.local.driver import LocalNetwork
from tests.contract.network_contract import STRANGER, new_network, new_port
from tests.drivers.local_hosts import GATEWAY, OUT, PING_IN, change, dual_network, guest_on, tcp_in
from tests.drivers.netlab import Guest, NetLab
from tests.labs.waiting import wait_until

A, B = "10.20.0.10", "10.20.0.11"


@pytest.fixture
def networks(lab: NetLab) -> LocalNetwork:
    return lab.driver()


@pytest.fixture
def network(networks: LocalNetwork) -> NetworkSource:
    source = new_network()
    networks.ensure_network(source)
    return source


def test_two_guests_of_a_network_reach_each_other_as_their_rules_say(
    lab: NetLab, networks: LocalNetwork, network: NetworkSource
) -> None:
    a = guest_on(lab, networks, network, "a", 10, OUT, PING_IN, tcp_in(80))
    b = guest_on(lab, networks, network, "b", 11, OUT)
    with a.listen(80), a.listen(81), b.listen(80):
        assert b.pings(A)
        assert b.connects(A, 80)
        assert not b.connects(A, 81)
        assert not a.pings(B)
        assert not a.connects(B, 80)


def test_guest_without_rules_sends_and_receives_nothing(
    lab: NetLab, networks: LocalNetwork, network: NetworkSource
) -> None:
    mute = guest_on(lab, networks, network, "mute", 10)
    other = guest_on(lab, networks, network, "other", 11, OUT, PING_IN, tcp_in(80))
    with other.listen(80):
        assert not mute.pings(B)
        assert not mute.connects(B, 80)
        assert not mute.pings(GATEWAY)
        assert not other.pings(A)


def test_rule_lets_in_only_from_its_remote_range(lab: NetLab, networks: LocalNetwork, network: NetworkSource) -> None:
    a = guest_on(lab, networks, network, "a", 10, tcp_in(80, f"{B}/32"))
    b = guest_on(lab, networks, network, "b", 11, OUT)
    c = guest_on(lab, networks, network, "c", 12, OUT)
    with a.listen(80):
        assert b.connects(A, 80)
        assert not c.connects(A, 80)


def test_rule_lets_in_from_a_single_address(lab: NetLab, networks: LocalNetwork, network: NetworkSource) -> None:
    a = guest_on(lab, networks, network, "a", 10, tcp_in(80, "192.0.2.7"), tcp_in(80, B))
    b = guest_on(lab, networks, network, "b", 11, OUT)
    c = guest_on(lab, networks, network, "c", 12, OUT)
    with a.listen(80):
        assert b.connects(A, 80)
        assert not c.connects(A, 80)


def test_rule_lets_out_only_to_its_ports(lab: NetLab, networks: LocalNetwork, network: NetworkSource) -> None:
    a = guest_on(lab, networks, network, "a", 10, tcp_in(80), tcp_in(90), tcp_in(99))
    b = guest_on(lab, networks, network, "b", 11, SecurityRule("egress", "tcp", 80, 90, "10.20.0.0/24"))
    with a.listen(80), a.listen(90), a.listen(99):
        assert b.connects(A, 80)
        assert b.connects(A, 90)
        assert not b.connects(A, 99)


def test_answers_pass_to_a_guest_that_lets_nothing_in(
    lab: NetLab, networks: LocalNetwork, network: NetworkSource
) -> None:
    a = guest_on(lab, networks, network, "a", 10, tcp_in(80))
    b = guest_on(lab, networks, network, "b", 11, OUT)
    with a.listen(80) as server, b.socket() as client:
        client.connect((A, 80))
        with server.accept()[0] as accepted:
            accepted.sendall(b"answer")
            assert client.recv(6) == b"answer"


def test_tenants_with_equal_addresses_never_meet(lab: NetLab, networks: LocalNetwork, network: NetworkSource) -> None:
    other = new_network(STRANGER)
    networks.ensure_network(other)
    allowed = (OUT, PING_IN, tcp_in(80))
    a = guest_on(lab, networks, network, "a", 10, *allowed)
    b = guest_on(lab, networks, network, "b", 11, *allowed)
    twin = guest_on(lab, networks, other, "twin", 10, *allowed)
    lone = guest_on(lab, networks, other, "lone", 12, *allowed)
    with a.listen(80) as ours, twin.listen(80) as theirs:
        theirs.settimeout(0.2)
        assert b.connects(A, 80)
        ours.accept()[0].close()
        with pytest.raises(TimeoutError):
            theirs.accept()
    assert not lone.pings(B)
    assert not a.pings("10.20.0.12")
    assert lone.pings(A)  # its own tenant's


def test_connections_of_others_live_on_when_a_rule_changes(
    lab: NetLab, networks: LocalNetwork, network: NetworkSource
) -> None:
    a = guest_on(lab, networks, network, "a", 10, tcp_in(80))
    b = guest_on(lab, networks, network, "b", 11, OUT)
    c = guest_on(lab, networks, network, "c", 12, OUT)
    with a.listen(80) as server, b.socket() as client:
        client.connect((A, 80))
        with server.accept()[0] as accepted:
            accepted.settimeout(3)
            change(networks, c)
            change(networks, a, tcp_in(80), tcp_in(81))
            client.sendall(b"still here")
            assert accepted.recv(10) == b"still here"


def test_rule_that_is_taken_away_ends_what_it_had_let_through(
    lab: NetLab, networks: LocalNetwork, network: NetworkSource
) -> None:
    a = guest_on(lab, networks, network, "a", 10, tcp_in(80))
    b = guest_on(lab, networks, network, "b", 11, OUT)
    with a.listen(80) as server, b.socket() as client:
        client.connect((A, 80))
        with server.accept()[0] as accepted:
            accepted.settimeout(0.5)
            change(networks, a, tcp_in(81))
            client.sendall(b"too late")
            with pytest.raises(TimeoutError):
                accepted.recv(10)


@pytest.mark.parametrize("spoofed", ["10.20.0.12", "192.0.2.7"])
def test_packet_with_a_source_that_is_not_the_ports_is_dropped(
    lab: NetLab, networks: LocalNetwork, network: NetworkSource, spoofed: str
) -> None:
    a = guest_on(lab, networks, network, "a", 10, SecurityRule("ingress", "udp", 9, 9, None))
    b = guest_on(lab, networks, network, "b", 11, OUT)
    # Someone whose address may be used, so that it is not for want of rules that nothing arrives.
    guest_on(lab, networks, network, "c", 12, OUT)
    b.run("ip", "address", "add", f"{spoofed}/32", "dev", "eth0")
    # A guest asks for the way with the source of its first packet, which must not be the spoofed one.
    mac = lab.commands.look("ip", "-netns", naming.router(network.uid), "-json", "link", "show", "dev", "inside")
    b.run("ip", "neigh", "replace", A, "lladdr", mac[0]["address"], "dev", "eth0", "nud", "permanent")
    with a.socket(socket.SOCK_DGRAM) as server:
        server.bind(("", 9))
        server.settimeout(1)
        for source in (spoofed, B):
            with b.socket(socket.SOCK_DGRAM) as client:
                client.bind((source, 0))
                client.sendto(source.encode(), (A, 9))
        assert server.recv(99) == B.encode()
        with pytest.raises(TimeoutError):
            server.recv(99)


def test_frame_from_a_hardware_address_that_is_not_the_ports_is_dropped(
    lab: NetLab, networks: LocalNetwork, network: NetworkSource
) -> None:
    a = guest_on(lab, networks, network, "a", 10, SecurityRule("ingress", "udp", 9, 9, None), PING_IN)
    b = guest_on(lab, networks, network, "b", 11, OUT)
    (router,) = lab.commands.look("ip", "-netns", naming.router(network.uid), "-json", "link", "show", "dev", "inside")
    with a.socket(socket.SOCK_DGRAM) as server, b.socket(socket.SOCK_DGRAM) as client:
        server.bind(("", 9))
        server.settimeout(1)
        for mac in ("52:54:00:00:00:0c", b.source.mac):
            b.run("ip", "link", "set", "dev", "eth0", "address", mac)
            b.run("ip", "neigh", "replace", A, "lladdr", router["address"], "dev", "eth0", "nud", "permanent")
            client.sendto(mac.encode(), (A, 9))
        # One way only: an answer would not have found the spoofer in any case.
        assert server.recv(99) == b.source.mac.encode()
        with pytest.raises(TimeoutError):
            server.recv(99)


def test_arp_answers_for_anothers_address_deceive_nobody(
    lab: NetLab, networks: LocalNetwork, network: NetworkSource
) -> None:
    guest_on(lab, networks, network, "a", 10, PING_IN)
    thief = guest_on(lab, networks, network, "thief", 11, OUT)
    c = guest_on(lab, networks, network, "c", 12, OUT)
    for claimed in (A, GATEWAY):
        thief.succeeds("busybox", "arping", "-U", "-c", "2", "-w", "1", "-s", claimed, "-I", "eth0", claimed)
        _gratuitous_arp(thief, claimed)
    assert c.pings(A)
    router = naming.router(network.uid)
    neighbours = lab.run("ip", "-netns", router, "neigh", "show", A)
    assert "52:54:00:00:00:0a" in neighbours


def _gratuitous_arp(guest: Guest, claimed: str) -> None:
    mac = bytes.fromhex(guest.source.mac.replace(":", ""))
    address = socket.inet_aton(claimed)
    frame = b"\xff" * 6 + mac + struct.pack("!HHHBBH", 0x0806, 1, 0x0800, 6, 4, 2) + mac + address + mac + address
    raw = guest.lab.inside(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW), namespace=guest.name)
    with raw:
        raw.bind(("eth0", 0))
        raw.send(frame)


def test_guests_see_no_frame_of_one_another(lab: NetLab, networks: LocalNetwork, network: NetworkSource) -> None:
    guest_on(lab, networks, network, "a", 10, OUT, PING_IN)
    b = guest_on(lab, networks, network, "b", 11, OUT, PING_IN)
    c = guest_on(lab, networks, network, "c", 12, OUT)
    ear = lab.inside(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800)), namespace=c.name)
    with ear:
        ear.bind(("eth0", 0x0800))
        ear.settimeout(0.5)
        assert b.pings(A)
        with b.socket(socket.SOCK_DGRAM) as shouting:
            shouting.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            shouting.sendto(b"everyone", ("10.20.0.255", 9))
        with pytest.raises(TimeoutError):
            ear.recv(2000)


def test_services_of_the_host_are_out_of_guests_reach(
    lab: NetLab, networks: LocalNetwork, network: NetworkSource
) -> None:
    guest = guest_on(lab, networks, network, "guest", 10, OUT)
    lab.run("ip", "link", "add", "lan", "type", "veth", "peer", "name", "lan-peer")
    lab.run("ip", "address", "add", "198.51.100.1/24", "dev", "lan")
    lab.run("ip", "link", "set", "dev", "lan", "up")
    bridge = naming.bridge(network.uid)
    bridge_mac = lab.commands.look("ip", "-json", "link", "show", "dev", bridge)[0]["address"]
    with lab.listen(22) as service:
        service.settimeout(0.1)
        assert lab.connects("198.51.100.1", 22)
        service.accept()[0].close()
        for address in ("198.51.100.1", "169.254.64.1", "127.0.0.1", GATEWAY):
            assert not guest.connects(address, 22), address
        # By the bridge's own hardware address, past the router.
        for address in ("198.51.100.1", "169.254.64.1"):
            guest.run("ip", "route", "replace", address, "dev", "eth0")
            guest.run("ip", "neigh", "replace", address, "lladdr", bridge_mac, "dev", "eth0", "nud", "permanent")
            assert not guest.connects(address, 22), address
        # The host's loopback, sent over the wire.
        guest.run("ip", "address", "delete", "127.0.0.1/8", "dev", "lo")
        guest.run("ip", "route", "replace", "127.0.0.1", "via", GATEWAY, "dev", "eth0", "src", A)
        assert not guest.connects("127.0.0.1", 22)
        with pytest.raises(TimeoutError):
            service.accept()


def test_host_has_no_address_on_the_guests_bridges(lab: NetLab, networks: LocalNetwork, network: NetworkSource) -> None:
    networks.ensure_port(new_port(network))
    addressed = [
        link["ifname"]
        for link in lab.commands.look("ip", "-json", "address", "show")
        if link["addr_info"] and link["ifname"] != "lo"
    ]
    assert addressed == [naming.transit(network.uid)]


def test_guests_of_an_ipv6_subnet_find_the_router_and_each_other(lab: NetLab, networks: LocalNetwork) -> None:
    network = dual_network()
    networks.ensure_network(network)
    guests: dict[int, Guest] = {}
    for number, rules in ((10, (tcp_in(80), SecurityRule("ingress", "udp", 9, 9, None), OUT)), (11, (OUT,)), (12, ())):
        port = replace(new_port(network, number), addresses=(f"fd00:20::{number}",), rules=rules)
        guest = lab.plug(f"six-{number}", port, networks.ensure_port(port))
        guest.run("ip", "address", "add", f"fd00:20::{number}/128", "dev", "eth0", "nodad")
        guests[number] = guest
    for guest in guests.values():
        wait_until(
            lambda guest=guest: "proto ra" in guest.run("ip", "-6", "route", "show", "default"),
            30,
            "the router's advertisement",
        )
    with guests[10].socket(family=socket.AF_INET6) as server:
        server.bind(("::", 80))
        server.listen()
        for number, reaches in ((11, True), (12, False)):
            with guests[number].socket(family=socket.AF_INET6) as client:
                client.settimeout(1)
                assert (client.connect_ex(("fd00:20::10", 80)) == 0) is reaches
    # A neighbour's address, borrowed.
    guests[12].run("ip", "address", "add", "fd00:20::11/128", "dev", "eth0", "nodad")
    with guests[10].socket(socket.SOCK_DGRAM, socket.AF_INET6) as server:
        server.bind(("::", 9))
        server.settimeout(1)
        for number in (12, 11):
            with guests[number].socket(socket.SOCK_DGRAM, socket.AF_INET6) as client:
                client.bind(("fd00:20::11", 0))
                client.sendto(str(number).encode(), ("fd00:20::10", 9))
        assert server.recv(99) == b"11"
        with pytest.raises(TimeoutError):
            server.recv(99)
