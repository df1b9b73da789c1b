"""What every network driver does, done by OVN: the fabric by the control plane, the plugging by the host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from uuid import uuid4

import pytest

from pextra.drivers.interface import NetworkCapabilities, NetworkDriver, NetworkSource, PortBinding, PortSource
from pextra.drivers.interface.fabric import (
    FabricGroup,
    FabricNetwork,
    FabricPort,
    FabricSubnet,
    GroupRule,
    PortAddress,
)
from pextra.drivers.local.commands import Commands
from pextra.drivers.ovn.driver import OvnFabric
from pextra.drivers.ovn.northbound import Northbound
from pextra.drivers.ovn.plugging import OvnPlugging
from pextra.drivers.ovn.switch import Switch
from tests.contract.network_contract import NetworkContract, NetworkHarness
from tests.labs.ovn.lab import OvnLab


class Whole:
    """Both sides together, as one host sees them.

    Args:
        fabric: the control plane's side.
        plugging: the host's.
        host: its name.
    """

    def __init__(self, fabric: OvnFabric, plugging: OvnPlugging, host: str) -> None:
        self._fabric = fabric
        self._plugging = plugging
        self._host = host

    def capabilities(self) -> NetworkCapabilities:
        return self._plugging.capabilities()

    def ensure_network(self, network: NetworkSource) -> None:
        subnets = tuple(FabricSubnet(s.uid, s.cidr, s.gateway, s.dns_servers) for s in network.subnets)
        assert not self._fabric.ensure([FabricNetwork(network.uid, network.tenant_uid, network.mtu, subnets)])
        self._plugging.ensure_network(network)

    def observe_networks(self) -> Mapping[str, NetworkSource]:
        return self._plugging.observe_networks()

    def ensure_network_absent(self, uid: str) -> None:
        self._plugging.ensure_network_absent(uid)
        for error in self._fabric.ensure_absent([uid]).values():
            raise error

    def ensure_port(self, port: PortSource) -> PortBinding:
        rules = tuple(GroupRule(r.direction, r.protocol, r.port_min, r.port_max, r.remote_cidr) for r in port.rules)
        network = self._plugging.observe_networks().get(port.network_uid)
        subnets = network.subnets if network is not None else ()
        given = tuple(PortAddress(a, subnets[0].uid if subnets else "none") for a in port.addresses)
        group = FabricGroup(f"{port.uid}.rules", port.tenant_uid, rules)
        wanted = FabricPort(
            port.uid, port.tenant_uid, port.network_uid, port.mac, given, self._host, (group.uid,), port.hostname
        )
        for error in self._fabric.ensure([group, wanted]).values():
            raise error
        return self._plugging.ensure_port(port)

    def observe_ports(self) -> Mapping[str, PortSource]:
        return self._plugging.observe_ports()

    def ensure_port_absent(self, uid: str) -> None:
        self._plugging.ensure_port_absent(uid)
        assert not self._fabric.ensure_absent([uid, f"{uid}.rules"])


class Harness:
    """A host of the lab.

    Args:
        lab: runs.
        directory: for what the host keeps.
    """

    def __init__(self, lab: OvnLab, directory: Path) -> None:
        self._host = lab.hosts[0]
        self._directory = directory
        self.fabric = OvnFabric(Northbound(lab.layout.sockets("nb"), str(uuid4())))
        self.switch = Switch(self._host.database)

    def driver(self) -> NetworkDriver:
        commands = Commands(self._host.entering())
        return Whole(self.fabric, OvnPlugging(self._directory, self.switch, commands=commands), self._host.name)


class TestOvn(NetworkContract):
    @pytest.fixture(scope="class")
    @classmethod
    def harness(cls, lab: OvnLab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NetworkHarness]:
        made = Harness(lab, tmp_path_factory.mktemp("host"))
        yield made
        assert not made.fabric.ensure_absent(list(made.fabric.owners()))
        made.fabric.close()
        made.switch.close()
