"""Networks and ports as one host sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SubnetSource:
    """An address range of a network."""

    uid: str
    cidr: str
    gateway: str | None  # None: the first address of the range
    dns_servers: tuple[str, ...] = ()  # what guests are told; none: the gateway


@dataclass(frozen=True, slots=True)
class NetworkSource:
    """A tenant's layer-2 segment with its subnets."""

    uid: str
    tenant_uid: str
    mtu: int
    subnets: tuple[SubnetSource, ...]


@dataclass(frozen=True, slots=True)
class SecurityRule:
    """One thing that is let through; whatever no rule names is dropped."""

    direction: str  # "ingress" | "egress"
    protocol: str  # "tcp" | "udp" | "icmp" | "any"
    port_min: int | None
    port_max: int | None
    remote_cidr: str | None  # None: anyone


@dataclass(frozen=True, slots=True)
class Forward:
    """An address and port of the host whose connections reach a guest.

    It opens a way, not the door: the port's security rules decide about these connections as about others.
    """

    protocol: str  # "tcp" | "udp"
    listen_port: int
    to_port: int
    listen_address: str = "127.0.0.1"  # "0.0.0.0": every address of the host


@dataclass(frozen=True, slots=True)
class PortSource:
    """A guest's attachment to a network."""

    uid: str
    tenant_uid: str
    network_uid: str
    mac: str
    addresses: tuple[str, ...]
    rules: tuple[SecurityRule, ...] = ()
    hostname: str = ""  # a DNS label by which guests of the same network find this one
    forwards: tuple[Forward, ...] = ()


@dataclass(frozen=True, slots=True)
class PortBinding:
    """How a hypervisor plugs a port; made by a network driver, read by a compute driver."""

    type: str  # "user" (QEMU user mode) | "sim" | "tap"
    target: str = ""  # the device, where the type has one
    in_userspace: bool = False  # what passes its packets on reads them as they are: sums have to be in them


@dataclass(frozen=True, slots=True)
class NetworkCapabilities:
    """What a network driver can do beyond the contract's minimum.

    Attributes:
        isolation: ports of two tenants cannot reach each other.
        forward_address: the host's own, whose ports can be forwarded to guests; empty: they cannot.
        fabric_host: what the fabric calls this host, which only plugs guests into it; empty: the fabric has no name for
            it yet; None: its networks are its own.
        physical_networks: what it calls the networks outside that the fabric reaches by it.
        lacking: what keeps it from more, each with the remedy.
    """

    isolation: bool = False
    security_rules: bool = False
    cross_host: bool = False
    forward_address: str = ""
    fabric_host: str | None = None
    physical_networks: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()


class NetworkDriver(Protocol):
    """Networks and ports as one host sees them."""

    def capabilities(self) -> NetworkCapabilities:
        """What this driver can do."""
        ...

    def ensure_network(self, network: NetworkSource) -> None:
        """Make the network as described, or change it to that."""
        ...

    def observe_networks(self) -> Mapping[str, NetworkSource]:
        """Every network that this driver made, by uid."""
        ...

    def ensure_network_absent(self, uid: str) -> None:
        """Remove the network.

        Raises:
            Retryable: `NetworkBusy` while it has ports.
        """
        ...

    def ensure_port(self, port: PortSource) -> PortBinding:
        """Make the port as described, or change it to that; how to plug it is the answer.

        Raises:
            NotFound: `NetworkMissing`.
            Permanent: `PortTaken` where a forward listens on what another port's forward, or a service of the
                host, has already.
        """
        ...

    def observe_ports(self) -> Mapping[str, PortSource]:
        """Every port that this driver made, by uid."""
        ...

    def ensure_port_absent(self, uid: str) -> None:
        """Remove the port."""
        ...
