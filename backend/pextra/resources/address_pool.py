"""Kind `address_pool`: addresses outside the cloud, which routers and floating IPs are given."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from pydantic import Field, model_validator

from pextra.declaration.kind import Area, Column, Kind, Scope, SpecModel, StatusModel
from pextra.declaration.markers import Filterable, Immutable, Unit
from pextra.resources.addresses import Address, Cidr


class AddressRange(SpecModel):
    """A range of the network outside, and which of its addresses are the cloud's."""

    cidr: Cidr
    """The range, IPv4 or IPv6, without host bits."""
    gateway: Address
    """The way on from there; nobody is given it."""
    first: Address | None = None
    """The first address that is given; without it, the first after the range's own."""
    last: Address | None = None
    """The last one; without it, the last before the broadcast address."""

    @model_validator(mode="after")
    def _inside(self) -> AddressRange:
        inside = ipaddress.ip_network(self.cidr)
        for name, text in (("gateway", self.gateway), ("first", self.first), ("last", self.last)):
            if text is not None and ipaddress.ip_address(text) not in inside:
                raise ValueError(f"{name} {text} is not in {self.cidr}")
        if self.first is not None and self.last is not None:
            first, last = ipaddress.ip_address(self.first), ipaddress.ip_address(self.last)
            if int(first) > int(last):
                raise ValueError(f"first {first} is after last {last}")
        return self


class AddressPoolSpec(SpecModel):
    """What is given to routers and floating IPs, and where it is."""

    physical: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=63), Immutable(), Filterable()]
    """What hosts call the network outside: the name in their `ovn-bridge-mappings`."""
    vlan: Annotated[int, Field(ge=1, le=4094), Immutable()] | None = None
    """Its tag there; without it, packets have none."""
    mtu: Annotated[int, Field(ge=1280, le=9000), Unit("bytes")] = 1500
    """Largest packet outside."""
    ranges: Annotated[list[AddressRange], Field(min_length=1, max_length=16)]
    """The addresses. A router is given one of each address family that there is."""
    description: Annotated[str, Field(max_length=200)] = ""
    """What is out there."""

    @model_validator(mode="after")
    def _apart(self) -> AddressPoolSpec:
        ranges = [ipaddress.ip_network(each.cidr) for each in self.ranges]
        for place, mine in enumerate(ranges):
            for other in ranges[:place]:
                if mine.overlaps(other):
                    raise ValueError(f"{other} and {mine} overlap")
        return self


class AddressPoolStatus(StatusModel):
    """What an address pool was found to be."""

    hosts: list[str] = []
    """Hosts by which the network outside is reached, by what the fabric calls them."""


ADDRESS_POOL = Kind(
    name="address_pool",
    plural="address_pools",
    description="Addresses of a network outside, offered to every tenant's routers and floating IPs. Hosts of OVN "
    "reach it by a bridge of their own.",
    scope=Scope.CLOUD,
    area=Area.INFRASTRUCTURE,
    spec=AddressPoolSpec,
    status=AddressPoolStatus,
    controlled=True,
    finalizers=("outlet",),
    columns=(
        Column(title="PHYSICAL", path="spec.physical"),
        Column(title="VLAN", path="spec.vlan"),
        Column(title="HOSTS", path="status.hosts"),
    ),
    example={
        "kind": "address_pool",
        "metadata": {"name": "public"},
        "spec": {
            "physical": "public",
            "ranges": [{"cidr": "203.0.113.0/24", "gateway": "203.0.113.1", "first": "203.0.113.10"}],
        },
    },
)
