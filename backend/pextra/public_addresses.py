"""Which addresses belong to the internet at large. Pure; for whatever calls an address that a tenant wrote.

What is not listed as public is not: a range that is given a meaning later, or that one release of Python counts
differently from another, is closed until somebody has looked at it.

Source: IANA IPv4 and IPv6 Special-Purpose Address Registries; RFC 6890, RFC 4291, RFC 6052, RFC 8215, RFC 5214.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

Address = IPv4Address | IPv6Address

_NAT64: Final = IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_SPECIAL_IPV6: Final = (
    IPv6Network("2001::/23"),  # protocol assignments: Teredo, ORCHID, benchmarking and others
    IPv6Network("2001:db8::/32"),  # documentation
    IPv6Network("2002::/16"),  # 6to4: an IPv4 address in disguise, by way of whoever relays it
    IPv6Network("2620:4f:8000::/48"),  # AS112
    IPv6Network("3fff::/20"),  # documentation
)
_SPECIAL_IPV4: Final = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16",
            "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            "168.63.129.16/32",  # a platform tells its guests there what only they may know
        ),
    )
)  # fmt: skip
_ISATAP: Final = 0x0000_5EFE
_UNIVERSAL_BIT: Final = 0x0200_0000


def meant(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for on every machine, if it does; else itself."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def is_public(address: Address) -> bool:
    """Whether the address belongs to the internet at large, also when it hides an IPv4 address in itself."""
    address = meant(address)
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL_IPV4)
    if address not in _GLOBAL_UNICAST or any(address in network for network in _SPECIAL_IPV6):
        return False
    return int(address) >> 32 & 0xFFFF_FFFF & ~_UNIVERSAL_BIT != _ISATAP
