"""Kind `subnet`: an address range of a network."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from pextra.declaration.kind import Column, Kind, Spec, SpecModel
from pextra.declaration.markers import Filterable, Immutable, ObjectName, OnDelete, Ref
from pextra.errors import PextraError
from pextra.resources.addresses import Address, Cidr


def _holds_some(text: str) -> str:
    if ipaddress.ip_network(text).num_addresses < 4:
        raise ValueError("must hold at least four addresses")
    return text


class SubnetRoute(SpecModel):
    """A way that guests take to a range, other than through the subnet's gateway."""

    destination: Cidr
    """The range, IPv4, without host bits."""
    next_hop: Address
    """A router's address in the subnet."""

    @model_validator(mode="after")
    def _is_ipv4(self) -> SubnetRoute:
        if ipaddress.ip_network(self.destination).version != 4:
            raise ValueError("guests learn routes by DHCPv4 alone: of IPv6, give the route to the subnet's router")
        return self


class SubnetSpec(SpecModel):
    """What a subnet should be."""

    network: Annotated[ObjectName, Ref("network", OnDelete.CASCADE), Immutable(), Filterable()]
    """The network whose addresses these are, of the same tenant."""
    cidr: Annotated[Cidr, AfterValidator(_holds_some), Immutable(), Filterable()]
    """The range, IPv4 or IPv6, without host bits."""
    gateway: Annotated[Address, Immutable()] | None = None
    """The router's address in the range; without it, the first one."""
    dns_servers: Annotated[list[Address], Field(max_length=8)] = []
    """Name servers that guests are told of."""
    routes: Annotated[list[SubnetRoute], Field(max_length=20)] = []
    """Further routes that guests are told of when they ask for their address, on hosts whose networks span hosts."""

    @model_validator(mode="after")
    def _next_hops_inside(self) -> SubnetSpec:
        for route in self.routes:
            if ipaddress.ip_address(route.next_hop) not in ipaddress.ip_network(self.cidr):
                raise ValueError(f"next_hop {route.next_hop} is not in {self.cidr}")
        told = [route.destination for route in self.routes]
        if twice := {destination for destination in told if told.count(destination) > 1}:
            raise ValueError(f"listed more than once: {', '.join(sorted(twice))}")
        return self

    @model_validator(mode="after")
    def _gateway_inside(self) -> SubnetSpec:
        if self.gateway is not None and ipaddress.ip_address(self.gateway) not in ipaddress.ip_network(self.cidr):
            raise ValueError(f"gateway {self.gateway} is not in {self.cidr}")
        return self


def _admit(spec: Spec, siblings: Iterable[tuple[str, Spec]]) -> None:
    mine = ipaddress.ip_network(spec["cidr"])
    for name, other in siblings:
        if mine.overlaps(ipaddress.ip_network(other["cidr"])):
            raise PextraError(
                "object.conflict",
                f"spec.cidr {spec['cidr']} overlaps {other['cidr']} of subnet {name!r} in network {spec['network']!r}: "
                "choose a range that is free.",
                field="spec.cidr",
            )


SUBNET = Kind(
    name="subnet",
    plural="subnets",
    description="An address range of a network.",
    spec=SubnetSpec,
    admit=_admit,
    columns=(Column(title="NETWORK", path="spec.network"), Column(title="CIDR", path="spec.cidr")),
    example={
        "kind": "subnet",
        "metadata": {"name": "front-v4"},
        "spec": {"network": "front", "cidr": "10.1.0.0/24"},
    },
)
