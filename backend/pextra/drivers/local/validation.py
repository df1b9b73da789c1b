"""What a description must keep to, so that it can be put into configuration files without a second thought."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Any, Final

from pextra.drivers.interface import Forward, NetworkSource, Permanent, PortSource, SecurityRule, SubnetSource
from pextra.drivers.uids import file_name

_MAC: Final = re.compile(r"[0-9a-f][02468ace](:[0-9a-f]{2}){5}")  # not a group's address
_HOSTNAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_MOST_SUBNETS: Final = 32
_MOST_ADDRESSES: Final = 32
_MOST_RULES: Final = 2000
_MOST_FORWARDS: Final = 256
_LEAST_MTU: Final = 576
_MOST_MTU: Final = 65_535


def check_network(network: NetworkSource) -> None:
    """Refuse what cannot be made.

    Raises:
        Permanent: `UidInvalid`, `NetworkInvalid`.
    """
    file_name(network.uid)
    refuse = _refusal("NetworkInvalid", f"network {network.uid}")
    if not _LEAST_MTU <= network.mtu <= _MOST_MTU:
        raise refuse(f"mtu {network.mtu} is not between {_LEAST_MTU} and {_MOST_MTU}")
    _bound(refuse, "subnets", network.subnets, _MOST_SUBNETS)
    seen: list[IPv4Network | IPv6Network] = []
    for subnet in network.subnets:
        cidr = _parsed(refuse, "cidr", subnet.cidr, ip_network)
        if any(cidr.version == other.version and cidr.overlaps(other) for other in seen):
            raise refuse(f"subnet {subnet.cidr} overlaps another: give each its own range")
        seen.append(cidr)
        if cidr.num_addresses < 4 or gateway_of(subnet) not in cidr:
            raise refuse(f"gateway {subnet.gateway} is not in {subnet.cidr}, or the range holds fewer than 4 addresses")
        _bound(refuse, "dns_servers", subnet.dns_servers, _MOST_ADDRESSES)
        for server in subnet.dns_servers:
            _parsed(refuse, "DNS server", server, ip_address)


def check_port(port: PortSource) -> None:
    """Refuse what cannot be made.

    Raises:
        Permanent: `UidInvalid`, `PortInvalid`.
    """
    file_name(port.uid)
    refuse = _refusal("PortInvalid", f"port {port.uid}")
    if not _MAC.fullmatch(port.mac.lower()):
        raise refuse(f"mac {port.mac!r} is not a unicast address such as 52:54:00:12:34:56")
    if port.hostname and not _HOSTNAME.fullmatch(port.hostname):
        raise refuse(f"hostname {port.hostname!r} is not a DNS label in lower case")
    _bound(refuse, "addresses", port.addresses, _MOST_ADDRESSES)
    _bound(refuse, "rules", port.rules, _MOST_RULES)
    _bound(refuse, "forwards", port.forwards, _MOST_FORWARDS)
    for address in port.addresses:
        parsed = _parsed(refuse, "address", address, ip_address)
        if parsed.is_multicast or parsed.is_loopback or parsed.is_unspecified:
            raise refuse(f"{address} is not a guest's address")
    for rule in port.rules:
        _check_rule(refuse, rule)
    for forward in port.forwards:
        _check_forward(refuse, port, forward)


def gateway_of(subnet: SubnetSource) -> IPv4Address | IPv6Address:
    """The router's address in a subnet: the one that is named, or the first.

    Raises:
        Permanent: `NetworkInvalid`, what is named is not an address.
    """
    if subnet.gateway is None:
        return ip_network(subnet.cidr)[1]
    return _parsed(_refusal("NetworkInvalid", f"subnet {subnet.uid}"), "gateway", subnet.gateway, ip_address)


def addresses_of(port: PortSource, version: int) -> list[str]:
    """The port's addresses of IPv4 or IPv6, in their usual form."""
    parsed = [ip_address(address) for address in port.addresses]
    return [str(address) for address in parsed if address.version == version]


def _check_rule(refuse: Callable[[str], Permanent], rule: SecurityRule) -> None:
    if rule.direction not in ("ingress", "egress"):
        raise refuse(f"rule: direction {rule.direction!r} is neither 'ingress' nor 'egress'")
    if rule.protocol not in ("tcp", "udp", "icmp", "any"):
        raise refuse(f"rule: protocol {rule.protocol!r} is none of tcp, udp, icmp, any")
    if rule.remote_cidr is not None:
        _parsed(refuse, "remote_cidr", rule.remote_cidr, ip_network)
    if rule.port_min is None and rule.port_max is None:
        return
    last = rule.port_min if rule.port_max is None else rule.port_max
    if rule.protocol not in ("tcp", "udp") or rule.port_min is None or last is None:
        raise refuse(f"rule: ports {rule.port_min}-{rule.port_max} need a first one, and protocol tcp or udp")
    if not 0 < rule.port_min <= last <= 65_535:
        raise refuse(f"rule: {rule.port_min}-{last} is no range of ports")


def _check_forward(refuse: Callable[[str], Permanent], port: PortSource, forward: Forward) -> None:
    if forward.protocol not in ("tcp", "udp"):
        raise refuse(f"forward: protocol {forward.protocol!r} is neither tcp nor udp")
    if not (0 < forward.listen_port <= 65_535 and 0 < forward.to_port <= 65_535):
        raise refuse(f"forward: ports {forward.listen_port} and {forward.to_port} must be between 1 and 65535")
    address = _parsed(refuse, "listen address", forward.listen_address, ip_address)
    if address.version != 4 or address.is_multicast:
        raise refuse(f"forward: {address} is not an IPv4 address of a host")
    if not addresses_of(port, 4):
        raise refuse("forward: the port has no IPv4 address to forward to")


def _refusal(reason: str, whose: str) -> Callable[[str], Permanent]:
    return lambda what: Permanent(reason, f"{whose}: {what}")


def _bound(refuse: Callable[[str], Permanent], what: str, values: Sequence[object], most: int) -> None:
    if len(values) > most:
        raise refuse(f"{len(values)} {what}, more than {most}")


def _parsed(refuse: Callable[[str], Permanent], what: str, text: str, parse: Callable[[str], Any]) -> Any:
    if "%" in text:  # a zone of IPv6 may hold anything
        raise refuse(f"{what} {text!r} names a zone: leave out what follows '%'")
    try:
        return parse(text)
    except ValueError as error:
        raise refuse(f"{what} {text!r} is not one: {error}") from error
