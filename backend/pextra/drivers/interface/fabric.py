"""Networks that span hosts: what they consist of, and the contract of whoever makes them.

A fabric is made once for a cloud, from the control plane; hosts only plug their guests into it (`NetworkDriver`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from pextra.drivers.interface.errors import DriverError


def gateway_mac(network_uid: str) -> str:
    """Where a network's gateway is found: the same whether a router is there or not, for guests remember it."""
    return mac_of(f"gateway/{network_uid}")


def mac_of(text: str) -> str:
    """A locally administered address made from a name: 40 bits of its digest."""
    made = hashlib.sha256(text.encode()).digest()
    return ":".join(f"{byte:02x}" for byte in (0x0A, *made[:5]))


@dataclass(frozen=True, slots=True)
class HostRoute:
    """A route that guests of a subnet are told of."""

    destination: str
    next_hop: str


@dataclass(frozen=True, slots=True)
class FabricSubnet:
    """An address range of a network.

    Attributes:
        gateway: the address by which guests are told to reach the world; None: they are told of none.
        dns_servers: what guests are told; none: the gateway, which knows guests of the network by their names.
        resolver: an address that is asked for leases and names, the gateway's where no router has it. None: a router
            has the gateway's; without a gateway, the first address.
    """

    uid: str
    cidr: str
    gateway: str | None
    dns_servers: tuple[str, ...] = ()
    routes: tuple[HostRoute, ...] = ()
    resolver: str | None = None


@dataclass(frozen=True, slots=True)
class FabricNetwork:
    """A tenant's layer-2 segment with its subnets."""

    uid: str
    tenant_uid: str
    mtu: int
    subnets: tuple[FabricSubnet, ...] = ()


@dataclass(frozen=True, slots=True)
class PortAddress:
    """An address of a port, and the subnet that it is of."""

    address: str
    subnet_uid: str


@dataclass(frozen=True, slots=True)
class FabricPort:
    """A guest's attachment to a network.

    Attributes:
        host: by the name that it has in the fabric; no other host can have the port. Empty: none can.
        groups: security groups, by uid; without one, nothing comes in and everything goes out.
        hostname: a DNS label by which guests of the same network find this one; empty: they cannot.
    """

    uid: str
    tenant_uid: str
    network_uid: str
    mac: str
    addresses: tuple[PortAddress, ...]
    host: str
    groups: tuple[str, ...] = ()
    hostname: str = ""


@dataclass(frozen=True, slots=True)
class GroupRule:
    """One thing that is let through; whatever no rule names is dropped.

    Attributes:
        direction: `ingress` or `egress`.
        protocol: `tcp`, `udp`, `icmp` or `any`.
        port_min, port_max: of `tcp` and `udp`; None: all.
        remote_cidr: the other side's addresses.
        remote_group: or those of this security group's ports.
        remote_list: or those of this address group. None of the three: anyone's.
    """

    direction: str
    protocol: str = "any"
    port_min: int | None = None
    port_max: int | None = None
    remote_cidr: str | None = None
    remote_group: str | None = None
    remote_list: str | None = None


@dataclass(frozen=True, slots=True)
class FabricGroup:
    """A security group: what may reach the ports that are in it, and what they may reach."""

    uid: str
    tenant_uid: str
    rules: tuple[GroupRule, ...] = ()


@dataclass(frozen=True, slots=True)
class AddressList:
    """An address group: addresses and ranges, of both families, that rules name together."""

    uid: str
    tenant_uid: str
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RouterInterface:
    """A router's place in a network.

    Attributes:
        addresses: its own there, with the length of the prefix.
        mtu: the network's.
    """

    network_uid: str
    mac: str
    addresses: tuple[str, ...]
    mtu: int


@dataclass(frozen=True, slots=True)
class StaticRoute:
    """Where a router sends what is for a range."""

    destination: str
    next_hop: str


@dataclass(frozen=True, slots=True)
class FabricProvider:
    """A network outside, which hosts reach by a card of their own.

    Attributes:
        physical: what hosts call it; each maps it to a bridge.
        vlan: its tag there; None: untagged.
    """

    uid: str
    physical: str
    mtu: int
    vlan: int | None = None


@dataclass(frozen=True, slots=True)
class Translation:
    """Addresses inside, which are seen outside as one address of the router's."""

    inside: str
    outside: str


@dataclass(frozen=True, slots=True)
class RouterGateway:
    """A router's place outside. One host has it at a time; when that host falls silent, the next takes it over.

    Attributes:
        provider_uid: the network outside.
        addresses: its own there, with the length of the prefix.
        next_hops: where everything goes that is for nowhere inside, at most one of each family.
        hosts: who may have it, by their names in the fabric; the first that lives has it.
        translations: what leaves with one of its addresses; an address inside that is in none keeps its own.
    """

    provider_uid: str
    mac: str
    addresses: tuple[str, ...]
    next_hops: tuple[str, ...]
    hosts: tuple[str, ...]
    mtu: int
    translations: tuple[Translation, ...] = ()


@dataclass(frozen=True, slots=True)
class FabricRouter:
    """A router between networks of a tenant, present on every host."""

    uid: str
    tenant_uid: str
    interfaces: tuple[RouterInterface, ...] = ()
    routes: tuple[StaticRoute, ...] = ()
    gateway: RouterGateway | None = None


@dataclass(frozen=True, slots=True)
class FloatingAddress:
    """An address outside that leads to a port, and is what the port is seen as outside.

    Attributes:
        router_uid: of a router with a gateway, that joins the port's network.
        outside, inside: of one family; the second is the port's.
        mac: what the address has outside, at the host of the port, which answers for it: no other host is passed.
    """

    uid: str
    tenant_uid: str
    router_uid: str
    outside: str
    inside: str
    port_uid: str
    mac: str


@dataclass(frozen=True, slots=True)
class BalancerMember:
    """Who serves.

    Attributes:
        port_uid: whose address it is.
        asked_from: by which its health is asked for: an address in its subnet that is nobody's, the gateway's neither,
            for members take it for whoever asks.
    """

    address: str
    port: int
    port_uid: str
    asked_from: str


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """How a member is found to serve: by a connection, or a datagram that nothing refuses."""

    interval_s: int = 5
    timeout_s: int = 20
    successes: int = 3
    failures: int = 3


@dataclass(frozen=True, slots=True)
class Listener:
    """A port of a load balancer, and who serves it.

    Attributes:
        protocol: `tcp` or `udp`.
        affinity_s: how long a client stays with a member after its last connection; 0: each goes anywhere.
    """

    protocol: str
    port: int
    members: tuple[BalancerMember, ...] = ()
    check: HealthCheck | None = None
    affinity_s: int = 0


@dataclass(frozen=True, slots=True)
class FabricBalancer:
    """A load balancer: connections to its address go to members, whose security groups see the clients' own addresses.

    Attributes:
        address: in a subnet of one of its networks, or of the network outside that its router has a gateway to; nobody
            else's.
        network_uids: those from which it is reached; also those that only a router connects with the members'.
        router_uids: those that answer for its address: the router of its own network, without which nobody there
            finds it, or the one by which it is reached from outside.
    """

    uid: str
    tenant_uid: str
    address: str
    listeners: tuple[Listener, ...]
    network_uids: tuple[str, ...] = ()
    router_uids: tuple[str, ...] = ()


Part = (
    FabricNetwork
    | FabricPort
    | FabricGroup
    | AddressList
    | FabricProvider
    | FabricRouter
    | FloatingAddress
    | FabricBalancer
)

KINDS: Final[Mapping[type[Part], str]] = {
    FabricNetwork: "network",
    FabricPort: "port",
    FabricGroup: "group",
    AddressList: "addresses",
    FabricProvider: "provider",
    FabricRouter: "router",
    FloatingAddress: "floating",
    FabricBalancer: "balancer",
}
"""What each kind of part is called."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something in the fabric that is not as it should be.

    Attributes:
        owner: the uid of the part that it belongs to.
        what: where it is, in the fabric's own terms: a table and a row.
        message: what is wrong with it.
    """

    owner: str
    what: str
    message: str


class Fabric(Protocol):
    """See the module. Every method may be called from any thread."""

    def ensure(self, parts: Sequence[Part]) -> Mapping[str, DriverError]:
        """Make the parts as described, or change them to that; what they had besides is removed.

        What has to be there first is earlier in `parts`, or there already. Many parts cost little more than one.

        Returns:
            Why not, by uid, of those that could not be made: `NotFound` (`NetworkMissing`, `GroupMissing`,
            `RouterMissing`, `ProviderMissing`) where a part needs what is not there, `Permanent` (`PartInvalid`),
            `Retryable` (`FabricUnreachable`, `FabricChanged`). The others are as described when this returns.
        """
        ...

    def ensure_absent(self, uids: Sequence[str]) -> Mapping[str, DriverError]:
        """Remove the parts; those that are not there are no error. Why not, by uid, of those that could not be."""
        ...

    def owners(self) -> Mapping[str, str]:
        """The kind of every part that this cloud has in the fabric, as `KINDS` calls it, by uid.

        Raises:
            Retryable: `FabricUnreachable`.
        """
        ...

    def differences(self, parts: Sequence[Part]) -> Sequence[Difference]:
        """What `ensure` would change.

        Raises:
            Retryable: `FabricUnreachable`.
            Permanent: `PartInvalid`.
        """
        ...

    def altered(self) -> Sequence[Part]:
        """The parts that this process made and that are not in the fabric as it made them, each told once.

        Somebody else changed them, another process of the cloud perhaps: what they should be is not said by it.

        Raises:
            Retryable: `FabricUnreachable`.
        """
        ...

    def close(self) -> None:
        """End the connection; the fabric stays as it is."""
        ...

    def hosting(self, uids: Sequence[str]) -> Mapping[str, str]:
        """Of routers: by which host each goes out now, by its name in the fabric. One without is left out.

        Raises:
            Retryable: `FabricUnreachable`.
            Permanent: `OutletUnknown`: it is not known, of any.
        """
        ...

    def plugged(self, uids: Sequence[str]) -> Mapping[str, bool]:
        """Of ports: whether their host has them plugged in, and lets their packets pass.

        Raises:
            Retryable: `FabricUnreachable`.
        """
        ...
