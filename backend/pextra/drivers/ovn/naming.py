"""What our rows are called, where OVN asks for names. Pure."""

from __future__ import annotations

import hashlib
import re
from typing import Final

OVS_DATABASE: Final = "unix:/run/openvswitch/db.sock"
"""Where a host's Open vSwitch keeps its configuration."""
_LABEL: Final = re.compile(r"[A-Za-z_.][A-Za-z_.0-9]*")


def port_group(uid: str) -> str:
    """The port group of a security group. OVN makes the address sets `<name>_ip4` and `_ip6` of it."""
    return _symbol("pg", uid)


def network_group(uid: str) -> str:
    """The port group of all guests' ports of a network."""
    return _symbol("net", uid)


def open_group(uid: str) -> str:
    """The port group of those ports of a network that are in no security group."""
    return _symbol("out", uid)


def address_set(uid: str, family: int) -> str:
    """The address set of an address group: OVN's are of one family."""
    return f"{_symbol('as', uid)}_ip{family}"


def router_port(router_uid: str, network_uid: str) -> str:
    """The port of a router on a network."""
    return f"{router_uid}.{network_uid}"


def switch_side(router_uid: str, network_uid: str) -> str:
    """The network's port to a router."""
    return f"{network_uid}.{router_uid}"


def provider_side(router_uid: str, provider_uid: str) -> str:
    """The port of a provider network to a router."""
    return f"{provider_uid}.{router_uid}"


def digest(text: str) -> str:
    """A short name for what has none."""
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _symbol(prefix: str, uid: str) -> str:
    """A name that OVN's expressions take: letters, digits, dots and underscores."""
    name = f"pextra_{prefix}_{uid.replace('-', '_')}"
    assert _LABEL.fullmatch(name), name
    return name
