"""Ways between guests and the world: translation of addresses out, forwards in."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest

from pextra.drivers.interface import Forward, NetworkSource, Permanent, PortSource, SecurityRule
from pextra.drivers.local import naming
from pextra.drivers.local.driver import LocalNetwork
from pextra.drivers.local.uplink import Uplink
from tests.contract.network_contract import STRANGER, new_network, new_port
from tests.drivers.local_hosts import GATEWAY, OUT, World, guest_on, tcp_in
from tests.drivers.netlab import Guest, NetLab


def _network(networks: LocalNetwork, tenant: str = "tenant-a") -> NetworkSource:
    source = new_network(tenant)
    networks.ensure_network(source)
    return source


def _server(
    lab: NetLab, networks: LocalNetwork, name: str, *forwards: Forward, rules: tuple[SecurityRule, ...] = (tcp_in(80),)
) -> Guest:
    """A guest of a network of its own, behind forwards."""
    port = replace(new_port(_network(networks)), rules=rules, forwards=forwards)
    return lab.plug(name, port, networks.ensure_port(port)).configure()


def _reaches(lab: NetLab, address: str, port: int, server: socket.socket, namespace: str | None = None) -> str:
    """The address by which a server sees a client that connects, and whom the server answers."""
    with lab.socket(namespace=namespace) as client:
        client.connect((address, port))
        connection, peer = server.accept()
        with connection:
            connection.sendall(b"hello")
            assert client.recv(5) == b"hello"
    return peer[0]


def test_forward_is_reached_from_the_hosts_loopback_and_nowhere_else(lab: NetLab) -> None:
    world = World(lab)
    guest = _server(lab, lab.driver(uplink=Uplink()), "guest", Forward("tcp", 8080, 80))
    with guest.listen(80) as server:
        assert _reaches(lab, "127.0.0.1", 8080, server) == "169.254.64.1"
        assert not lab.connects(world.HOST, 8080)
        assert not lab.connects(world.HOST, 8080, namespace=World.NAME)


def test_guests_with_equal_addresses_are_told_apart_by_their_forwards(lab: NetLab) -> None:
    networks = lab.driver()
    one = _server(lab, networks, "one", Forward("tcp", 8080, 80))
    two = _server(lab, networks, "two", Forward("tcp", 8081, 80))
    with one.listen(80) as first, two.listen(80) as second:
        second.settimeout(0.2)
        assert _reaches(lab, "127.0.0.1", 8080, first)
        with pytest.raises(TimeoutError):
            second.accept()
        assert _reaches(lab, "127.0.0.1", 8081, second)


def test_forward_of_an_address_of_the_host_shows_the_guest_who_connects(lab: NetLab) -> None:
    world = World(lab)
    guest = _server(lab, lab.driver(uplink=Uplink()), "guest", Forward("tcp", 8080, 80, world.HOST))
    with guest.listen(80) as server:
        assert _reaches(lab, world.HOST, 8080, server, World.NAME) == world.ADDRESS
        assert _reaches(lab, world.HOST, 8080, server) == world.HOST
        assert not lab.connects("127.0.0.1", 8080)


def test_forward_of_every_address_is_reached_from_everywhere(lab: NetLab) -> None:
    world = World(lab)
    guest = _server(lab, lab.driver(uplink=Uplink("lan0")), "guest", Forward("tcp", 8080, 80, "0.0.0.0"))
    with guest.listen(80) as server:
        assert _reaches(lab, "127.0.0.1", 8080, server)
        assert _reaches(lab, world.HOST, 8080, server)
        assert _reaches(lab, world.HOST, 8080, server, World.NAME)


def test_forward_of_datagrams_carries_them_both_ways(lab: NetLab) -> None:
    rule = SecurityRule("ingress", "udp", 53, 53, None)
    guest = _server(lab, lab.driver(), "guest", Forward("udp", 5353, 53), rules=(rule,))
    with guest.socket(socket.SOCK_DGRAM) as server, lab.socket(socket.SOCK_DGRAM) as client:
        server.bind(("", 53))
        client.sendto(b"question", ("127.0.0.1", 5353))
        question, peer = server.recvfrom(99)
        server.sendto(b"answer", peer)
        assert (question, client.recv(99)) == (b"question", b"answer")


def test_forward_opens_no_door_that_rules_keep_shut(lab: NetLab) -> None:
    guest = _server(lab, lab.driver(), "guest", Forward("tcp", 8080, 80), rules=(tcp_in(81),))
    with guest.listen(80):
        assert not lab.connects("127.0.0.1", 8080)


def test_forward_that_is_taken_away_lets_no_connection_in(lab: NetLab) -> None:
    networks = lab.driver()
    guest = _server(lab, networks, "guest", Forward("tcp", 8080, 80))
    with guest.listen(80) as server:
        assert _reaches(lab, "127.0.0.1", 8080, server)
        networks.ensure_port(replace(guest.source, forwards=()))
        assert not lab.connects("127.0.0.1", 8080)


def test_hosts_loopback_is_closed_to_the_wire_that_forwards_use(lab: NetLab) -> None:
    """CVE-2020-8558: with route_localnet, a neighbour on the link could speak to what listens on 127.0.0.1."""
    guest = _server(lab, lab.driver(), "guest", Forward("tcp", 8080, 80))
    router = naming.router(guest.source.network_uid)
    with lab.listen(9999, address="127.0.0.1") as service:
        service.settimeout(0.2)
        assert lab.connects("127.0.0.1", 9999)
        service.accept()[0].close()
        # Even a router that was turned against us, which is the only neighbour.
        lab.run("sysctl", "--quiet", "--write", "net/ipv4/conf/all/route_localnet=1", namespace=router)
        lab.run("ip", "address", "delete", "127.0.0.1/8", "dev", "lo", namespace=router)
        lab.run("ip", "route", "replace", "127.0.0.1", "via", "169.254.64.1", "dev", "outside", namespace=router)
        assert not lab.connects("127.0.0.1", 9999, namespace=router)
        with pytest.raises(TimeoutError):
            service.accept()


@pytest.mark.parametrize("listen", ["127.0.0.1", "0.0.0.0"])
def test_forward_never_takes_what_a_service_of_the_host_listens_at(lab: NetLab, listen: str) -> None:
    World(lab)
    networks = lab.driver(uplink=Uplink())
    port = replace(new_port(_network(networks)), forwards=(Forward("tcp", 2222, 22, listen),))
    with lab.listen(2222):
        with pytest.raises(Permanent) as caught:
            networks.ensure_port(port)
        assert caught.value.reason == "PortTaken"
    networks.ensure_port(port)


def test_forward_of_every_address_and_of_one_claim_the_same(lab: NetLab) -> None:
    World(lab)
    networks = lab.driver(uplink=Uplink())
    network = _network(networks)
    first = replace(new_port(network), forwards=(Forward("tcp", 8080, 80, "0.0.0.0"),))
    networks.ensure_port(first)
    rival: PortSource = replace(new_port(network, 11), forwards=(Forward("tcp", 8080, 80),))
    with pytest.raises(Permanent, match="PortTaken"):
        networks.ensure_port(rival)
    networks.ensure_port(replace(rival, forwards=(Forward("udp", 8080, 80),)))


def test_forward_for_the_world_needs_an_uplink(lab: NetLab) -> None:
    networks = lab.driver()
    port = replace(new_port(_network(networks)), forwards=(Forward("tcp", 8080, 80, "0.0.0.0"),))
    with pytest.raises(Permanent, match="UplinkMissing"):
        networks.ensure_port(port)


def test_guests_reach_the_world_with_the_hosts_address_and_only_with_an_uplink(lab: NetLab) -> None:
    world = World(lab)
    with lab.listen(80, namespace=World.NAME) as server:
        networks = lab.driver()
        network = _network(networks)
        guest = guest_on(lab, networks, network, "guest", 10, OUT)
        assert not guest.connects(world.ADDRESS, 80)
        lab.driver(uplink=Uplink()).ensure_network(network)
        with guest.socket() as client:
            client.connect((world.ADDRESS, 80))
            connection, peer = server.accept()
            connection.close()
        assert peer[0] == world.HOST
        lab.driver().ensure_network(network)
        assert not guest.connects(world.ADDRESS, 80)


def test_tenants_with_equal_addresses_reach_the_world_at_once(lab: NetLab) -> None:
    world = World(lab)
    networks = lab.driver(uplink=Uplink())
    guests = [
        guest_on(lab, networks, _network(networks, tenant), name, 10, OUT)
        for name, tenant in (("ours", "tenant-a"), ("theirs", STRANGER))
    ]
    with lab.listen(80, namespace=World.NAME) as server:
        for guest in guests:
            with guest.socket() as client:
                client.bind(("", 40000))
                client.connect((world.ADDRESS, 80))
                with server.accept()[0] as connection:
                    connection.sendall(guest.name.encode())
                    assert client.recv(99) == guest.name.encode()


def test_services_of_the_host_stay_out_of_reach_with_an_uplink(lab: NetLab) -> None:
    world = World(lab)
    networks = lab.driver(uplink=Uplink())
    guest = guest_on(lab, networks, _network(networks), "guest", 10, OUT)
    with lab.listen(22) as service, lab.listen(80, namespace=World.NAME):
        service.settimeout(0.1)
        assert guest.connects(world.ADDRESS, 80)
        for address in (world.HOST, "169.254.64.1", "127.0.0.1", GATEWAY):
            assert not guest.connects(address, 22), address
        with pytest.raises(TimeoutError):
            service.accept()


def test_what_serves_the_cloud_that_the_host_lives_in_is_out_of_guests_reach(lab: NetLab) -> None:
    World(lab)
    networks = lab.driver(uplink=Uplink())
    guest = guest_on(lab, networks, _network(networks), "guest", 10, OUT)
    lab.run("ip", "address", "add", "169.254.169.254/32", "dev", "eth0", namespace=World.NAME)
    with lab.listen(80, namespace=World.NAME):
        assert lab.connects("169.254.169.254", 80)
        assert not guest.connects("169.254.169.254", 80)


def test_host_forwards_for_guests_and_for_nobody_else(lab: NetLab) -> None:
    world = World(lab)
    # A second network of the host, which has always been its own affair.
    lab.run("ip", "netns", "add", "private")
    lab.run("ip", "link", "add", "lan1", "type", "veth", "peer", "name", "eth0", "netns", "private")
    lab.run("ip", "address", "add", "203.0.113.1/24", "dev", "lan1")
    lab.run("ip", "link", "set", "dev", "lan1", "up")
    lab.run("ip", "address", "add", "203.0.113.2/24", "dev", "eth0", namespace="private")
    lab.run("ip", "link", "set", "dev", "eth0", "up", namespace="private")
    lab.run("ip", "route", "add", "default", "via", "203.0.113.1", namespace="private")
    lab.run("ip", "route", "add", "203.0.113.0/24", "via", world.HOST, namespace=World.NAME)
    lab.run("ip", "route", "add", "169.254.0.0/16", "via", world.HOST, namespace=World.NAME)
    networks = lab.driver(uplink=Uplink())
    network = _network(networks)
    guest = guest_on(lab, networks, network, "guest", 10, OUT, tcp_in(80))
    transit = lab.commands.look("ip", "-json", "route", "show", "dev", naming.transit(network.uid))
    with lab.listen(80, namespace="private"), guest.listen(80):
        assert lab.connects("203.0.113.2", 80)
        with (
            lab.socket(socket.SOCK_DGRAM, namespace="private") as deaf,
            lab.socket(socket.SOCK_DGRAM, namespace=World.NAME) as caller,
        ):
            deaf.bind(("", 9))
            deaf.settimeout(0.5)
            # One way only: the way back is shut in any case.
            caller.sendto(b"let me in", ("203.0.113.2", 9))
            with pytest.raises(TimeoutError):
                deaf.recv(99)
        assert not guest.connects("203.0.113.2", 80)
        for route in transit:
            assert not lab.connects(route["dst"], 80, namespace=World.NAME)
    assert lab.run("sysctl", "--values", "net/ipv4/ip_forward", "net/ipv4/conf/lan0/forwarding").split() == ["0", "1"]
    networks.ensure_port_absent(guest.source.uid)
    networks.ensure_network_absent(network.uid)
    assert lab.run("sysctl", "--values", "net/ipv4/conf/lan0/forwarding").strip() == "0"
