"""Tenants' networks in a lab: what is desired of the fabric, and machines plugged into it."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from pextra.drivers.interface import NetworkSource, PortSource, SubnetSource
from pextra.drivers.interface.fabric import (
    FabricNetwork,
    FabricPort,
    FabricProvider,
    FabricRouter,
    FabricSubnet,
    Part,
    PortAddress,
    RouterGateway,
    RouterInterface,
    StaticRoute,
    Translation,
    gateway_mac,
)
from pextra.drivers.local.commands import Commands
from pextra.drivers.ovn.driver import OvnFabric
from pextra.drivers.ovn.northbound import Northbound
from pextra.drivers.ovn.opening import Files, open_fabric
from pextra.drivers.ovn.plugging import OvnPlugging
from pextra.drivers.ovn.switch import Switch
from tests.labs.ovn.host import Host
from tests.labs.ovn.lab import OvnLab
from tests.labs.ovn.layout import CLIENT, OUTSIDE_V4, OUTSIDE_V6, PROVIDER
from tests.labs.ovn.machine import Machine
from tests.labs.waiting import wait_until

READY_S = 30


class World:
    """A cloud of its own in a lab that others use, too; what it made is gone when it is left.

    Args:
        lab: runs.
        directory: for what hosts keep.
        by_network: reach the northbound database as from another machine, over TLS.
    """

    def __init__(self, lab: OvnLab, directory: Path, *, by_network: bool = False) -> None:
        self.lab = lab
        self.site = str(uuid4())
        self.fabric = self._distant() if by_network else OvnFabric(Northbound(lab.layout.sockets("nb"), self.site))
        self._switches = {host.name: Switch(host.database) for host in lab.hosts}
        self._directory = directory
        self._machines: dict[str, tuple[Machine, str]] = {}
        self._networks: dict[str, FabricNetwork] = {}
        self._numbers = iter(range(1, 1000))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for uid in list(self._machines):
            self.unplug(uid)
        assert not self.fabric.ensure_absent(list(self.fabric.owners()))
        self.fabric.close()
        for switch in self._switches.values():
            switch.close()

    def _distant(self) -> OvnFabric:
        files = Files(*self.lab.layout.credentials(CLIENT))
        made = open_fabric(self.lab.layout.remotes("nb"), files, site=self.site)
        # the thread that keeps the connection is in the namespace where it is started
        self.lab.fabric.inside(made.owners)
        return made

    def ensure(self, *parts: Part) -> None:
        """Have parts of the fabric as described."""
        assert not self.fabric.ensure(parts)
        self._networks |= {part.uid: part for part in parts if isinstance(part, FabricNetwork)}

    def network(self, *cidrs: str, tenant: str = "tenant-a", routed: bool = False, mtu: int = 1400) -> FabricNetwork:
        """See `described`; it is in the fabric."""
        made = self.described(*cidrs, tenant=tenant, routed=routed, mtu=mtu)
        self.ensure(made)
        return made

    def described(self, *cidrs: str, tenant: str = "tenant-a", routed: bool = False, mtu: int = 1400) -> FabricNetwork:
        """A network with a subnet for each range; not in the fabric yet.

        Args:
            routed: guests are told of a gateway, the first address.
        """
        subnets = tuple(FabricSubnet(str(uuid4()), cidr, first_of(cidr) if routed else None) for cidr in cidrs)
        return FabricNetwork(str(uuid4()), tenant, mtu, subnets)

    def port(self, network: FabricNetwork, number: int, host: str, *groups: str, hostname: str = "") -> FabricPort:
        """A port with address `number` of each of the network's subnets; not in the fabric yet."""
        addresses = tuple(PortAddress(str(nth(subnet.cidr, number)), subnet.uid) for subnet in network.subnets)
        mac = f"52:54:00:00:{number >> 8:02x}:{number & 255:02x}"
        return FabricPort(str(uuid4()), network.tenant_uid, network.uid, mac, addresses, host, groups, hostname)

    def router(self, *networks: FabricNetwork, routes: Sequence[StaticRoute] = ()) -> FabricRouter:
        """A router that is the gateway of these networks; not in the fabric yet."""
        interfaces = tuple(
            RouterInterface(
                network.uid,
                gateway_mac(network.uid),
                tuple(f"{first_of(s.cidr)}/{s.cidr.partition('/')[2]}" for s in network.subnets),
                network.mtu,
            )
            for network in networks
        )
        return FabricRouter(str(uuid4()), networks[0].tenant_uid, interfaces, tuple(routes))

    def provider(self) -> FabricProvider:
        """The network outside; it is in the fabric."""
        made = FabricProvider(str(uuid4()), PROVIDER, 1500)
        self.ensure(made)
        return made

    def gateway(
        self, provider: FabricProvider, number: int, *inside: str, hosts: tuple[str, ...] = ("h1", "h2")
    ) -> RouterGateway:
        """A router's place outside, with address `number` of each family.

        Args:
            inside: ranges that are seen as the router's address outside.
        """
        four, six = f"203.0.113.{number}", f"2001:db8:ffff::{number:x}"
        return RouterGateway(
            provider.uid,
            f"0a:00:00:00:00:{number:02x}",
            (f"{four}/24", f"{six}/64"),
            (OUTSIDE_V4, OUTSIDE_V6),
            hosts,
            1500,
            tuple(Translation(each, six if ":" in each else four) for each in inside),
        )

    def plugging(self, host: Host) -> OvnPlugging:
        """What an agent of the host plugs guests in with."""
        return OvnPlugging(self._directory / host.name, self._switches[host.name], commands=Commands(host.entering()))

    def plug(self, port: FabricPort, *, host: str = "", addressed: bool = True) -> Machine:
        """Switch a machine on that has the port.

        Args:
            host: where; by default where the port belongs.
            addressed: give it its addresses, and the routes that DHCP would tell.
        """
        at = self.lab.host(host or port.host)
        network = self._networks[port.network_uid]
        plugging = self.plugging(at)
        plugging.ensure_network(as_source(network))
        binding = plugging.ensure_port(
            PortSource(port.uid, port.tenant_uid, port.network_uid, port.mac, tuple(a.address for a in port.addresses))
        )
        name = self.lab.layout.namespace(f"m{next(self._numbers)}-{self.site[:4]}")
        machine = Machine(name, at, binding.target, port.mac, network.mtu)
        self._machines[port.uid] = (machine, at.name)
        if addressed:
            subnets = {subnet.uid: subnet for subnet in network.subnets}
            own = [(given.address, subnets[given.subnet_uid]) for given in port.addresses]
            gateways = [subnet.gateway for _, subnet in own if subnet.gateway is not None]
            machine.has([f"{address}/{subnet.cidr.partition('/')[2]}" for address, subnet in own], gateways)
        return machine

    def unplug(self, uid: str) -> None:
        """Switch the machine of a port off."""
        machine, host = self._machines.pop(uid)
        machine.close()
        self.plugging(self.lab.host(host)).ensure_port_absent(uid)

    def settle(self) -> None:
        """Wait until every machine is plugged in and every host does what is desired."""
        uids = list(self._machines)
        wait_until(lambda: all(self.fabric.plugged(uids).values()), READY_S, "the machines' ports")
        self.lab.sync()


def as_source(network: FabricNetwork) -> NetworkSource:
    """The network as a host is told of it."""
    subnets = tuple(SubnetSource(s.uid, s.cidr, s.gateway, s.dns_servers) for s in network.subnets)
    return NetworkSource(network.uid, network.tenant_uid, network.mtu, subnets)


def nth(cidr: str, number: int) -> str:
    """An address of a range, by its number."""
    return str(ipaddress.ip_network(cidr)[number])


def first_of(cidr: str) -> str:
    """The first address of a range that a guest or router can have."""
    return nth(cidr, 1)
