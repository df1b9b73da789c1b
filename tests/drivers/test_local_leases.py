"""DHCP and DNS of a network's gateway, asked by real clients."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

from pextra.drivers.interface import SubnetSource
from pextra.drivers.local.uplink import Uplink
from tests.contract.network_contract import STRANGER, new_network, new_port
from tests.drivers.local_hosts import GATEWAY, World, resolving_network
from tests.drivers.netlab import Guest, NetLab
from tests.labs.waiting import wait_until


def test_guest_is_leased_exactly_what_its_port_says(lab: NetLab) -> None:
    networks, network = lab.driver(), new_network()
    networks.ensure_network(network)
    port = replace(new_port(network), hostname="web-1", rules=())
    told = lab.plug("guest", port, networks.ensure_port(port)).lease()
    expected = {
        "ip": "10.20.0.10",
        "mask": "24",
        "router": GATEWAY,
        "dns": "10.20.0.2",
        "mtu": "1450",
        "domain": "internal",
        "hostname": "web-1",
    }
    assert {name: told.get(name) for name in expected} == expected


def test_guest_is_told_the_gateway_where_the_subnet_names_no_name_server(lab: NetLab) -> None:
    networks, network = lab.driver(), resolving_network()
    networks.ensure_network(network)
    port = new_port(network)
    assert lab.plug("guest", port, networks.ensure_port(port)).lease()["dns"] == GATEWAY


def test_guest_of_a_second_subnet_is_leased_its_address_and_that_subnets_gateway(lab: NetLab) -> None:
    networks, network = lab.driver(), new_network()
    second = SubnetSource("second", "10.30.0.0/16", "10.30.0.254", ("10.30.0.53", "10.30.1.53"))
    network = replace(network, subnets=(*network.subnets, second))
    networks.ensure_network(network)
    port = replace(new_port(network), addresses=("10.30.7.7",))
    told = lab.plug("guest", port, networks.ensure_port(port)).lease()
    assert (told["ip"], told["mask"], told["router"]) == ("10.30.7.7", "16", "10.30.0.254")
    assert told["dns"] == "10.30.0.53 10.30.1.53"


def test_card_that_no_port_knows_is_leased_nothing(lab: NetLab) -> None:
    networks, network = lab.driver(), new_network()
    networks.ensure_network(network)
    port = new_port(network)
    guest = lab.plug("guest", port, networks.ensure_port(port))
    guest.run("ip", "link", "set", "dev", "eth0", "address", "52:54:00:00:00:99")
    assert guest.lease() == {}


def test_tenants_with_equal_cards_are_leased_each_their_own(lab: NetLab) -> None:
    networks, ours, theirs = lab.driver(), new_network(), new_network(STRANGER)
    told: list[str] = []
    for name, network, number in (("ours", ours, 10), ("theirs", theirs, 99)):
        networks.ensure_network(network)
        port = replace(new_port(network, 10), addresses=(f"10.20.0.{number}",))
        told.append(lab.plug(name, port, networks.ensure_port(port)).lease()["ip"])
    assert told == ["10.20.0.10", "10.20.0.99"]


def test_changed_address_is_leased_next_and_the_old_name_forgotten(lab: NetLab) -> None:
    networks, network = lab.driver(), resolving_network()
    networks.ensure_network(network)
    port = replace(new_port(network), hostname="before")
    guest = lab.plug("guest", port, networks.ensure_port(port))
    assert guest.lease()["ip"] == "10.20.0.10"
    networks.ensure_port(replace(port, addresses=("10.20.0.77",), hostname="after"))
    wait_until(lambda: guest.lease().get("ip") == "10.20.0.77", 20, "the new address")
    assert _resolve(guest, "after.internal") == ["10.20.0.77"]
    assert _resolve(guest, "before.internal") == []


def test_address_of_a_port_that_went_is_leased_to_the_next_who_is_given_it(lab: NetLab) -> None:
    """The network stays, and with it a DHCP server that could remember to whom it lent the address."""
    networks, network = lab.driver(), new_network()
    networks.ensure_network(network)
    stays, goes = new_port(network, 9), new_port(network, 10)
    networks.ensure_port(stays)
    assert lab.plug("first", goes, networks.ensure_port(goes)).lease()["ip"] == "10.20.0.10"
    networks.ensure_port_absent(goes.uid)
    heir = replace(new_port(network, 11), addresses=goes.addresses)
    assert lab.plug("second", heir, networks.ensure_port(heir)).lease()["ip"] == "10.20.0.10"


def test_names_of_guests_resolve_in_their_own_network_only(lab: NetLab) -> None:
    networks = lab.driver()
    guests: list[Guest] = []
    for name, tenant in (("ours", "tenant-a"), ("theirs", STRANGER)):
        network = replace(resolving_network(), tenant_uid=tenant)
        networks.ensure_network(network)
        port = replace(new_port(network), hostname=name, rules=())
        guest = lab.plug(name, port, networks.ensure_port(port))
        guest.lease()
        guests.append(guest)
    ours, theirs = guests
    assert _resolve(ours, "ours.internal") == ["10.20.0.10"]
    assert _resolve(ours, "ours") == ["10.20.0.10"]
    assert _resolve(ours, "theirs.internal") == []
    assert _resolve(theirs, "theirs.internal") == ["10.20.0.10"]


def test_names_of_the_world_are_asked_for_beyond_the_uplink(lab: NetLab) -> None:
    world = World(lab)
    networks, network = lab.driver(uplink=Uplink(), resolvers=(world.ADDRESS,)), resolving_network()
    networks.ensure_network(network)
    port = replace(new_port(network), rules=())
    guest = lab.plug("guest", port, networks.ensure_port(port)).configure()
    with lab.socket(socket.SOCK_DGRAM, namespace=World.NAME) as server:
        server.settimeout(10)
        server.bind((world.ADDRESS, 53))
        asked: list[str] = []
        thread = threading.Thread(target=_answer_once, args=(server, asked))
        thread.start()
        assert _resolve(guest, "host.example.com") == ["192.0.2.99"]
        thread.join()
    assert asked == [world.HOST]


def test_killed_dnsmasq_is_started_again_and_a_strangers_process_is_left_alone(lab: NetLab) -> None:
    networks, network = lab.driver(), new_network()
    networks.ensure_network(network)
    port = new_port(network)
    binding = networks.ensure_port(port)
    (dnsmasq,) = lab.daemons()
    os.kill(dnsmasq, signal.SIGKILL)
    wait_until(lambda: not lab.daemons(), 10, "the end of dnsmasq")
    # Its pid went to someone else, who has our file on the command line even.
    (config,) = lab.state.glob("dnsmasq/*/conf-*")
    stranger = subprocess.Popen([sys.executable, "-c", "input()", f"--conf-file={config}"], stdin=subprocess.PIPE)
    try:
        next(lab.state.glob("dnsmasq/*/pid")).write_text(f"{stranger.pid}\n")
        assert networks.ensure_port(port) == binding
        assert lab.plug("guest", port, binding).lease()["ip"] == "10.20.0.10"
        networks.ensure_port_absent(port.uid)
        networks.ensure_network_absent(network.uid)
        assert stranger.poll() is None
        assert lab.daemons() == [stranger.pid]
    finally:
        stranger.communicate(b"\n", timeout=10)


def test_dnsmasq_is_not_root(lab: NetLab) -> None:
    networks = lab.driver()
    networks.ensure_network(new_network())
    (dnsmasq,) = lab.daemons()
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{dnsmasq}/status").read_text().splitlines())
    assert "0" not in status["Uid"].split()


def _resolve(guest: Guest, name: str) -> list[str]:
    """What the gateway answers for a name's IPv4 addresses."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    query = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + labels + b"\x00\x00\x01\x00\x01"
    with guest.socket(socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.sendto(query, (GATEWAY, 53))
        answer = client.recv(1500)
    count = int.from_bytes(answer[6:8])
    # Answers come last, each ending with its four bytes of address.
    tail = answer[len(query) :]
    return [str(ip_address(tail[number * 16 + 12 : number * 16 + 16])) for number in range(count)]


def _answer_once(server: socket.socket, asked: list[str]) -> None:
    """Answer one query for an address with 192.0.2.99."""
    query, client = server.recvfrom(1500)
    asked.append(client[0])
    question = query[12 : query.index(b"\0", 12) + 5]
    record = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04" + socket.inet_aton("192.0.2.99")
    server.sendto(query[:2] + b"\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00" + question + record, client)
