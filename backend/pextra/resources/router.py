"""Kind `router`: what joins networks of a tenant."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from pydantic import Field, model_validator

from pextra.declaration.kind import Column, Kind, SpecModel, StatusModel
from pextra.declaration.markers import ObjectName, Ref
from pextra.resources.addresses import Address, Cidr


class RouterInterface(SpecModel):
    """A network that the router is in."""

    network: Annotated[ObjectName, Ref("network", own=True)]
    """The network, of the same tenant."""
    addresses: Annotated[list[Address], Field(max_length=16)] = []
    """The router's own there; without them, it is the gateway of every subnet, which one router of a network can be."""


class RouterRoute(SpecModel):
    """Where the router sends what is for a range that none of its networks has."""

    destination: Cidr
    """The range, IPv4 or IPv6, without host bits."""
    next_hop: Address
    """An address in one of the router's networks."""

    @model_validator(mode="after")
    def _of_one_family(self) -> RouterRoute:
        if ipaddress.ip_network(self.destination).version != ipaddress.ip_address(self.next_hop).version:
            raise ValueError(f"destination {self.destination} and next_hop {self.next_hop} are of different families")
        return self


class RouterWayOut(SpecModel):
    """The router's way to the world."""

    pool: Annotated[ObjectName, Ref("address_pool")]
    """Where it leads, and whence the router has an address outside, of each address family that the pool has."""
    translate: bool = True
    """Whether what goes out from its networks is seen as the router's address outside; otherwise as what it is."""


class RouterSpec(SpecModel):
    """What a router should be."""

    interfaces: Annotated[list[RouterInterface], Field(max_length=64)] = []
    """The networks that it joins. What their security groups let through is decided by them still."""
    routes: Annotated[list[RouterRoute], Field(max_length=200)] = []
    """Static routes; several of one destination share what is sent there. Its own networks need none."""
    gateway: RouterWayOut | None = None
    """The way to everywhere that no network and no route of it leads to; without one, there is none."""
    description: Annotated[str, Field(max_length=200)] = ""
    """What the router is for."""

    @model_validator(mode="after")
    def _nothing_twice(self) -> RouterSpec:
        networks = [interface.network for interface in self.interfaces]
        for network in networks:
            if networks.count(network) > 1:
                raise ValueError(f"names network {network!r} twice")
        for route in self.routes:
            if self.gateway is not None and ipaddress.ip_network(route.destination).prefixlen == 0:
                raise ValueError(f"route {route.destination} and `gateway` both lead to everywhere: choose one")
            if self.routes.count(route) > 1:
                raise ValueError(f"names route {route.destination} via {route.next_hop} twice")
        return self


class RouterStatus(StatusModel):
    """What a router was found to be."""

    addresses: list[str] = []
    """Its own addresses, in the order of `spec.interfaces`, each with the length of its subnet's prefix."""
    outside: list[str] = []
    """Its addresses in the pool of `spec.gateway`."""


ROUTER = Kind(
    name="router",
    plural="routers",
    description="Joins networks of a tenant that span hosts: a packet between two of them passes on the sender's host.",
    spec=RouterSpec,
    status=RouterStatus,
    controlled=True,
    finalizers=("routes",),
    columns=(Column(title="ADDRESSES", path="status.addresses"), Column(title="OUTSIDE", path="status.outside")),
    example={
        "kind": "router",
        "metadata": {"name": "core"},
        "spec": {"interfaces": [{"network": "front"}, {"network": "back"}], "gateway": {"pool": "public"}},
    },
)
