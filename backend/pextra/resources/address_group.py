"""Kind `address_group`: addresses that rules of security groups name together."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from pydantic import AfterValidator, Field

from pextra.declaration.kind import Kind, SpecModel
from pextra.resources.addresses import Cidr


def _range(text: str) -> str:
    found = ipaddress.ip_network(text)
    if not found.prefixlen:
        raise ValueError(f"{text} is everyone: a rule without the other side is for everyone")
    return str(found.network_address) if found.prefixlen == found.max_prefixlen else str(found)


def _distinct(ranges: list[str]) -> list[str]:
    if twice := {text for text in ranges if ranges.count(text) > 1}:
        raise ValueError(f"listed more than once: {', '.join(sorted(twice))}")
    return ranges


Range = Annotated[Cidr, AfterValidator(_range)]


class AddressGroupSpec(SpecModel):
    """Addresses and ranges of both families."""

    addresses: Annotated[list[Range], AfterValidator(_distinct), Field(max_length=100)] = []
    """IPv4 and IPv6 addresses, and ranges such as `192.0.2.0/24`, each once. Of an empty group nobody is let
    through."""
    description: Annotated[str, Field(max_length=200)] = ""
    """Whose addresses they are."""


ADDRESS_GROUP = Kind(
    name="address_group",
    plural="address_groups",
    description="Addresses that rules of security groups name together; a change counts for instances that run.",
    spec=AddressGroupSpec,
    short_names=("ag",),
    example={
        "kind": "address_group",
        "metadata": {"name": "offices"},
        "spec": {"addresses": ["192.0.2.0/24", "2001:db8:7::/48"]},
    },
)
