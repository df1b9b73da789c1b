"""What every network driver does.

A driver's test module subclasses `NetworkContract` under a name that begins with `Test` and overrides the
class-scoped fixture `harness`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol
from uuid import uuid4

import pytest

from pextra.drivers.interface import (
    Forward,
    NetworkDriver,
    NetworkSource,
    NotFound,
    Permanent,
    PortSource,
    Retryable,
    SecurityRule,
    SubnetSource,
)

TENANT = "tenant-a"
STRANGER = "tenant-b"
SSH = SecurityRule("ingress", "tcp", 22, 22, "192.0.2.0/24")


class NetworkHarness(Protocol):
    """What the contract needs to know of a driver and its world."""

    def driver(self) -> NetworkDriver:
        """A new driver object on the same host, as after a restart of the agent."""
        ...


def new_network(tenant_uid: str = TENANT) -> NetworkSource:
    """A network with one subnet and fresh uids; every one has the same addresses, as tenants' have."""
    subnet = SubnetSource(str(uuid4()), "10.20.0.0/24", "10.20.0.1", ("10.20.0.2",))
    return NetworkSource(str(uuid4()), tenant_uid, 1450, (subnet,))


def new_port(network: NetworkSource, number: int = 10) -> PortSource:
    """A port with a fresh uid whose MAC and address end in `number`."""
    return PortSource(
        uid=str(uuid4()),
        tenant_uid=network.tenant_uid,
        network_uid=network.uid,
        mac=f"52:54:00:00:00:{number:02x}",
        addresses=(f"10.20.0.{number}",),
        rules=(SSH,),
    )


class NetworkContract:
    """The contract of `pextra.drivers.interface.NetworkDriver`."""

    @pytest.fixture(scope="class")
    @classmethod
    def harness(cls) -> Iterator[NetworkHarness]:
        """The world under test; a subclass provides it."""
        raise NotImplementedError("a driver's test class overrides the fixture `harness`")

    @pytest.fixture(scope="class")
    @classmethod
    def networks(cls, harness: NetworkHarness) -> NetworkDriver:
        """The driver under test."""
        return harness.driver()

    @pytest.fixture
    def network(self, networks: NetworkDriver) -> Iterator[NetworkSource]:
        """A network of one test's own, removed with whatever ports the test left on it."""
        source = new_network()
        networks.ensure_network(source)
        yield source
        for port in networks.observe_ports().values():
            if port.network_uid == source.uid:
                networks.ensure_port_absent(port.uid)
        networks.ensure_network_absent(source.uid)

    @pytest.fixture
    def port(self, networks: NetworkDriver, network: NetworkSource) -> PortSource:
        """A port of one test's own; it goes with its network."""
        source = new_port(network)
        networks.ensure_port(source)
        return source

    # --- networks ---

    def test_network_is_observed_as_described(self, networks: NetworkDriver, network: NetworkSource) -> None:
        assert networks.observe_networks()[network.uid] == network

    def test_making_a_network_again_changes_nothing(self, networks: NetworkDriver, network: NetworkSource) -> None:
        before = dict(networks.observe_networks())
        networks.ensure_network(network)
        assert networks.observe_networks() == before

    def test_network_changes_to_its_new_description(self, networks: NetworkDriver, network: NetworkSource) -> None:
        added = SubnetSource(str(uuid4()), "10.21.0.0/24", None)
        changed = replace(network, mtu=1400, subnets=(*network.subnets, added))
        networks.ensure_network(changed)
        assert networks.observe_networks()[network.uid] == changed

    def test_removing_a_network_twice_succeeds(self, networks: NetworkDriver, network: NetworkSource) -> None:
        networks.ensure_network_absent(network.uid)
        networks.ensure_network_absent(network.uid)
        assert network.uid not in networks.observe_networks()

    def test_network_with_ports_is_busy_until_they_have_gone(
        self, networks: NetworkDriver, network: NetworkSource, port: PortSource
    ) -> None:
        with pytest.raises(Retryable) as caught:
            networks.ensure_network_absent(network.uid)
        assert caught.value.reason == "NetworkBusy"
        assert networks.observe_networks()[network.uid] == network
        networks.ensure_port_absent(port.uid)
        networks.ensure_network_absent(network.uid)
        assert network.uid not in networks.observe_networks()

    def test_tenants_with_equal_addresses_keep_apart(
        self, networks: NetworkDriver, network: NetworkSource, port: PortSource
    ) -> None:
        other = new_network(STRANGER)
        twin = new_port(other)
        networks.ensure_network(other)
        networks.ensure_port(twin)
        assert networks.observe_ports()[port.uid] == port
        assert networks.observe_ports()[twin.uid] == twin
        networks.ensure_port_absent(twin.uid)
        networks.ensure_network_absent(other.uid)
        assert networks.observe_networks()[network.uid] == network
        assert networks.observe_ports()[port.uid] == port

    # --- ports ---

    def test_port_is_observed_as_described(self, networks: NetworkDriver, port: PortSource) -> None:
        assert networks.observe_ports()[port.uid] == port

    def test_making_a_port_again_gives_the_same_binding(
        self, harness: NetworkHarness, networks: NetworkDriver, port: PortSource
    ) -> None:
        binding = networks.ensure_port(port)
        assert binding.type
        assert networks.ensure_port(port) == binding
        assert harness.driver().ensure_port(port) == binding
        assert networks.observe_ports()[port.uid] == port

    def test_port_changes_to_its_new_description_and_keeps_its_binding(
        self, networks: NetworkDriver, port: PortSource
    ) -> None:
        binding = networks.ensure_port(port)
        changed = replace(port, addresses=("10.20.0.11",), rules=())
        assert networks.ensure_port(changed) == binding
        assert networks.observe_ports()[port.uid] == changed

    def test_port_with_a_name_and_forwards_is_observed_as_described(
        self, networks: NetworkDriver, port: PortSource
    ) -> None:
        named = replace(port, hostname="web-1", forwards=(Forward("tcp", 18080, 80), Forward("udp", 18080, 53)))
        networks.ensure_port(named)
        assert networks.observe_ports()[port.uid] == named

    def test_port_on_a_missing_network_is_not_found(self, networks: NetworkDriver) -> None:
        stray = new_port(new_network())
        with pytest.raises(NotFound) as caught:
            networks.ensure_port(stray)
        assert caught.value.reason == "NetworkMissing"
        assert stray.uid not in networks.observe_ports()

    def test_removing_a_port_twice_leaves_its_neighbour(
        self, networks: NetworkDriver, network: NetworkSource, port: PortSource
    ) -> None:
        neighbour = new_port(network, 12)
        networks.ensure_port(neighbour)
        networks.ensure_port_absent(port.uid)
        networks.ensure_port_absent(port.uid)
        assert port.uid not in networks.observe_ports()
        assert networks.observe_ports()[neighbour.uid] == neighbour

    def test_restarted_driver_sees_the_same_networks_and_ports(
        self, harness: NetworkHarness, networks: NetworkDriver, port: PortSource
    ) -> None:
        again = harness.driver()
        assert again.observe_networks() == networks.observe_networks()
        assert again.observe_ports()[port.uid] == port


class ForwardingContract(NetworkContract):
    """What a driver keeps to besides when it is capable of `forwards`."""

    def test_two_ports_cannot_listen_at_one_place(
        self, networks: NetworkDriver, network: NetworkSource, port: PortSource
    ) -> None:
        networks.ensure_port(replace(port, forwards=(Forward("tcp", 18081, 80),)))
        rival = replace(new_port(network, 12), forwards=(Forward("tcp", 18081, 8080),))
        with pytest.raises(Permanent) as caught:
            networks.ensure_port(rival)
        assert caught.value.reason == "PortTaken"
        assert rival.uid not in networks.observe_ports()
