"""Who should reach whom, by a reckoning that knows nothing of OVN: desired topologies and what follows from them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from pextra.drivers.interface.fabric import AddressList, FabricGroup, FabricPort, FabricRouter, GroupRule
from tests.ovn.probing import Arrival, Probe


@dataclass(frozen=True, slots=True)
class Topology:
    """Everything that is desired of some tenants.

    Attributes:
        ports: one for each machine, in order.
    """

    ports: tuple[FabricPort, ...]
    groups: tuple[FabricGroup, ...] = ()
    lists: tuple[AddressList, ...] = ()
    routers: tuple[FabricRouter, ...] = ()

    def probes(self, services: tuple[tuple[str, int], ...]) -> list[Probe]:
        """From every machine to every address that any has, by every protocol and port."""
        addresses = sorted({given.address for port in self.ports for given in port.addresses})
        return [
            Probe(sender, address, protocol, number)
            for sender in range(len(self.ports))
            for address in addresses
            if address not in {given.address for given in self.ports[sender].addresses}
            for protocol, number in services
        ]

    def expected(self, probes: list[Probe]) -> set[Arrival]:
        """Where each of the probes should arrive."""
        return {Arrival(probe, receiver) for probe in probes for receiver in self._receivers(probe)}

    def _receivers(self, probe: Probe) -> Iterator[int]:
        sender = self.ports[probe.sender]
        source = _of_family(sender, ipaddress.ip_address(probe.address).version)
        for number, receiver in enumerate(self.ports):
            has = any(given.address == probe.address for given in receiver.addresses)
            if source is None or not has or not self._joined(sender, receiver):
                continue
            leaves = self._lets(sender, "egress", probe, receiver, probe.address)
            if leaves and self._lets(receiver, "ingress", probe, sender, source):
                yield number

    def _joined(self, one: FabricPort, other: FabricPort) -> bool:
        if one.network_uid == other.network_uid:
            return True
        ends = {one.network_uid, other.network_uid}
        return any(ends <= {interface.network_uid for interface in router.interfaces} for router in self.routers)

    def _lets(self, port: FabricPort, direction: str, probe: Probe, other: FabricPort, address: str) -> bool:
        """Whether a port's groups let a probe through, of which the other side has the address."""
        if not port.groups:
            return direction == "egress"
        rules = [rule for group in self.groups if group.uid in port.groups for rule in group.rules]
        return any(rule.direction == direction and self._names(rule, probe, other, address) for rule in rules)

    def _names(self, rule: GroupRule, probe: Probe, other: FabricPort, address: str) -> bool:
        if rule.protocol not in ("any", probe.protocol):
            return False
        if rule.port_min is not None:
            last = rule.port_max if rule.port_max is not None else rule.port_min
            if not rule.port_min <= probe.port <= last:
                return False
        if rule.remote_group is not None:
            return rule.remote_group in other.groups
        if rule.remote_list is not None:
            named = next(each.addresses for each in self.lists if each.uid == rule.remote_list)
            return any(_within(address, each) for each in named)
        return rule.remote_cidr is None or _within(address, rule.remote_cidr)


def _of_family(port: FabricPort, version: int) -> str | None:
    found = (given.address for given in port.addresses)
    return next((each for each in found if ipaddress.ip_address(each).version == version), None)


def _within(address: str, cidr: str) -> bool:
    network = ipaddress.ip_network(cidr)
    found = ipaddress.ip_address(address)
    return found.version == network.version and found in network
