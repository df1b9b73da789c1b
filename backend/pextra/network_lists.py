"""Lists of networks as operators write them, and whether an address is in one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Network = IPv4Network | IPv6Network

LOOPBACK: Final[tuple[Network, ...]] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


def networks(text: str) -> tuple[Network, ...]:
    """The networks of a list with commas between.

    Raises:
        ValueError: one is no network, or has bits beyond its prefix.
    """
    return tuple(ip_network(each.strip()) for each in text.split(",") if each.strip())


def within(address: str, listed: Sequence[Network]) -> bool:
    """Whether the address is in one of the networks, also in its form for IPv6; False for what is no address."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in network for network in listed)
