"""Simulated networks and ports as one host sees them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pextra.drivers.interface import (
    NetworkCapabilities,
    NetworkSource,
    NotFound,
    PortBinding,
    PortSource,
    Retryable,
)
from pextra.drivers.sim.world import SimWorld

FORWARD_ADDRESS: Final = "192.0.2.1"
"""Every simulated host's own address: one for documentation (RFC 5737), at which nobody answers."""


class SimNetwork:
    """The network driver of a simulated host.

    No packet flows in the simulated world, so nothing in it reaches anything that it must not. Reasons:
    `NetworkBusy`, `NetworkMissing`, `HostDown`.
    """

    def __init__(self, world: SimWorld, host_uid: str) -> None:
        self._world = world
        self._host_uid = host_uid

    def capabilities(self) -> NetworkCapabilities:
        """What this driver can do."""
        return NetworkCapabilities(
            isolation=True, security_rules=True, cross_host=True, forward_address=FORWARD_ADDRESS
        )

    def ensure_network(self, network: NetworkSource) -> None:
        """Make the network, or change it to the description."""
        with self._world.on_host(self._host_uid, "ensure_network") as host:
            host.networks[network.uid] = network

    def observe_networks(self) -> Mapping[str, NetworkSource]:
        """Every network on the host, by uid."""
        with self._world.on_host(self._host_uid, "observe_networks") as host:
            return dict(host.networks)

    def ensure_network_absent(self, uid: str) -> None:
        """Remove the network.

        Raises:
            Retryable: `NetworkBusy` while it has ports on this host.
        """
        with self._world.on_host(self._host_uid, "ensure_network_absent") as host:
            count = sum(port.network_uid == uid for port in host.ports.values())
            if count:
                raise Retryable("NetworkBusy", f"network {uid} has {count} ports on host {self._host_uid}")
            host.networks.pop(uid, None)

    def ensure_port(self, port: PortSource) -> PortBinding:
        """Make the port, or change it to the description.

        Raises:
            NotFound: `NetworkMissing`.
        """
        with self._world.on_host(self._host_uid, "ensure_port") as host:
            if port.network_uid not in host.networks:
                raise NotFound("NetworkMissing", f"port {port.uid}: network {port.network_uid} is not on this host")
            host.ports[port.uid] = port
            return PortBinding("sim", port.uid)

    def observe_ports(self) -> Mapping[str, PortSource]:
        """Every port on the host, by uid."""
        with self._world.on_host(self._host_uid, "observe_ports") as host:
            return dict(host.ports)

    def ensure_port_absent(self, uid: str) -> None:
        """Remove the port."""
        with self._world.on_host(self._host_uid, "ensure_port_absent") as host:
            host.ports.pop(uid, None)
