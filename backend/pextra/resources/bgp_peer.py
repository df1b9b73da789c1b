"""Kind `bgp_peer`: a router outside, which hosts tell what addresses live on them."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Final

from pydantic import Field, model_validator

from pextra.declaration.kind import Area, Column, Kind, Scope, SpecModel, StatusModel
from pextra.declaration.markers import Filterable, Immutable, ObjectName, Ref, Secret, SecretState, Unit
from pextra.resources.addresses import Address, Cidr

MOST_SESSIONS: Final = 1024
"""Of how many hosts' sessions a peer tells at most."""

AsNumber = Annotated[int, Field(ge=1, le=4_294_967_294)]
Password = Annotated[
    Annotated[str, Field(pattern=r"^[A-Za-z0-9_.+/=:,@%^~-]{1,80}$", max_length=80)] | SecretState, Secret()
]


class BgpAccepted(SpecModel):
    """A range of which routes are taken."""

    prefix: Cidr
    """The range, IPv4 or IPv6, without host bits."""
    le: Annotated[int, Field(ge=0, le=128)] | None = None
    """The longest prefix within the range that is taken; without it, the range itself alone."""

    @model_validator(mode="after")
    def _longer(self) -> BgpAccepted:
        range_ = ipaddress.ip_network(self.prefix)
        if self.le is not None and not range_.prefixlen <= self.le <= range_.max_prefixlen:
            raise ValueError(f"le {self.le} is not between {range_.prefixlen} and {range_.max_prefixlen}")
        return self


class BgpPeerSpec(SpecModel):
    """A router outside, and what hosts say to it. All ranges in it are of its address' family."""

    address: Annotated[Address, Immutable(), Filterable()]
    """The router's own."""
    peer_as: AsNumber
    """Its autonomous system."""
    local_as: Annotated[AsNumber, Immutable()]
    """That of the hosts. With the router's own, sessions are internal ones."""
    host_labels: Annotated[
        dict[Annotated[str, Field(max_length=63)], Annotated[str, Field(max_length=63)]],
        Field(max_length=16),
    ] = {}
    """Labels of the hosts that have a session with it, those of its rack, say; without any, every host on which FRR
    runs."""
    announce: Annotated[list[Annotated[ObjectName, Ref("address_pool")]], Field(max_length=16)] = []
    """Pools whose addresses are announced, one by one, each by the host on which it lives."""
    announce_networks: Annotated[list[Cidr], Field(max_length=16)] = []
    """Ranges within which tenants' networks are announced, too, whose router goes out to one of these pools and does
    not translate."""
    accept: Annotated[list[BgpAccepted], Field(max_length=64)] = []
    """What hosts take from it; nothing by default."""
    maximum_prefixes: Annotated[int, Field(ge=1, le=1_000_000)] = 100
    """When it sends more of what is accepted, the session is closed for five minutes."""
    password: Password | None = None
    """Of the session's TCP segments (MD5, RFC 2385)."""
    hold_s: Annotated[int, Field(ge=3, le=3600), Unit("s")] = 9
    """After how long a silence a session is over, and what was announced in it is forgotten."""
    bfd: bool = False
    """Whether silence is noticed within a second, by BFD; the router has to do it, too."""
    hops: Annotated[int, Field(ge=1, le=64)] = 1
    """How many routers away it may be, where it is of another autonomous system; 1: it is on a network of the hosts."""
    description: Annotated[str, Field(max_length=200)] = ""
    """What it is."""

    @model_validator(mode="after")
    def _of_one_family(self) -> BgpPeerSpec:
        mine = ipaddress.ip_address(self.address)
        if mine.is_multicast or mine.is_unspecified or mine.is_loopback or mine.is_link_local:
            raise ValueError(f"{self.address} is no router's address that hosts can call")
        for name, texts in (
            ("announce_networks", self.announce_networks),
            ("accept", [each.prefix for each in self.accept]),
        ):
            for text in texts:
                if ipaddress.ip_network(text).version != mine.version:
                    raise ValueError(f"{name}: {text} is of another address family than the peer: make another peer")
            if len(set(texts)) < len(texts):
                raise ValueError(f"{name} names a range twice")
        if len(set(self.announce)) < len(self.announce):
            raise ValueError("announce names a pool twice")
        return self


class BgpPeerSession(StatusModel):
    """The session of a host."""

    host: str
    """The host's name."""
    state: str = ""
    """`Idle`, `Connect`, `Active`, `OpenSent`, `OpenConfirm` or `Established`; empty: its agent has yet to say."""
    since: str = ""
    """When it was established, RFC 3339."""
    announced: int = 0
    """How many prefixes the router was sent."""
    received: int = 0
    """How many of its routes are taken."""
    problem: str = ""
    """What keeps it from being as it should."""


class BgpPeerStatus(StatusModel):
    """What a peer was found to be."""

    sessions: list[BgpPeerSession] = []
    """Sessions of hosts, those first that are not established."""
    established: int = 0
    """How many hosts have one that is."""
    hosts: int = 0
    """How many should."""


BGP_PEER = Kind(
    name="bgp_peer",
    plural="bgp_peers",
    description="A router outside, to which hosts announce by BGP the addresses that live on them. It is operators' "
    "alone to see.",
    scope=Scope.CLOUD,
    area=Area.INFRASTRUCTURE,
    spec=BgpPeerSpec,
    status=BgpPeerStatus,
    controlled=True,
    finalizers=("sessions",),
    columns=(
        Column(title="ADDRESS", path="spec.address"),
        Column(title="AS", path="spec.peer_as"),
        Column(title="ESTABLISHED", path="status.established"),
        Column(title="HOSTS", path="status.hosts"),
    ),
    example={
        "kind": "bgp_peer",
        "metadata": {"name": "rack1-leaf"},
        "spec": {"address": "192.0.2.1", "peer_as": 65000, "local_as": 65001, "announce": ["public"]},
    },
)
