"""What dnsmasq reads. Pure: descriptions in, text out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final

from pextra.drivers.interface import NetworkSource, PortSource
from pextra.drivers.local.naming import INSIDE
from pextra.drivers.local.validation import addresses_of, gateway_of

_LEASE: Final = "24h"


@dataclass(frozen=True, slots=True)
class Resolving:
    """How names are resolved that are not guests'.

    Args:
        domain: guests' own domain; never asked for elsewhere.
        servers: addresses of name servers that routers can reach; without any, only guests' names resolve.
    """

    domain: str
    servers: tuple[str, ...]


def configuration(network: NetworkSource, resolving: Resolving, directory: Path, user: str) -> str:
    """The file that a network's dnsmasq starts with; a change of it needs a restart.

    Args:
        network: what is served.
        resolving: what becomes of other names.
        directory: where the files of `hosts` and `names` lie, and the pid file.
        user: whom dnsmasq becomes once it has its sockets.
    """
    lines = [
        f"user={user}",
        "group=nogroup",
        f"pid-file={directory}/pid",
        f"interface={INSIDE}",
        "except-interface=lo",
        "bind-dynamic",
        # Nothing of the host's own, which is none of the guests' business.
        "no-hosts",
        "no-resolv",
        "no-poll",
        f"domain={resolving.domain}",
        f"local=/{resolving.domain}/",
        "expand-hosts",
        "domain-needed",
        "bogus-priv",
        f"addn-hosts={directory}/names",
        # Addresses are given by the cloud: nobody gets another, and there is no list of leases to lose.
        f"dhcp-hostsfile={directory}/hosts",
        "dhcp-ignore=tag:!known",
        "dhcp-authoritative",
        "leasefile-ro",
        "no-ping",
        f"dhcp-option=option:mtu,{network.mtu}",
    ]
    lines += [f"server={server}" for server in resolving.servers]
    for number, subnet in enumerate(network.subnets):
        cidr = ip_network(subnet.cidr)
        tag = f"subnet{number}"
        gateway = gateway_of(subnet)
        servers = [ip_address(server) for server in subnet.dns_servers]
        own = [str(server) for server in servers if server.version == cidr.version] or [str(gateway)]
        if cidr.version == 4:
            lines += [
                f"dhcp-range=set:{tag},{cidr.network_address},static,{cidr.netmask},{_LEASE}",
                f"dhcp-option=tag:{tag},option:router,{gateway}",
                f"dhcp-option=tag:{tag},option:dns-server,{','.join(own)}",
            ]
        else:
            listed = ",".join(f"[{server}]" for server in own)
            lines += [
                # Guests of one network speak through the router, so none takes the range for its own link.
                f"dhcp-range=set:{tag},{cidr.network_address},static,off-link,{cidr.prefixlen},{_LEASE}",
                f"dhcp-option=tag:{tag},option6:dns-server,{listed}",
            ]
    if any(ip_network(subnet.cidr).version == 6 for subnet in network.subnets):
        lines += ["enable-ra", f"ra-param={INSIDE},mtu:{network.mtu},60"]
    return "\n".join(lines) + "\n"


def hosts(ports: Iterable[PortSource]) -> str:
    """Who gets which address."""
    return "".join(f"{','.join(_host(port))}\n" for port in _ordered(ports) if port.addresses)


def names(ports: Iterable[PortSource]) -> str:
    """Which name means which address."""
    return "".join(
        f"{ip_address(address)} {port.hostname}\n"
        for port in _ordered(ports)
        if port.hostname
        for address in port.addresses
    )


def _host(port: PortSource) -> Sequence[str]:
    fours, sixes = addresses_of(port, 4), addresses_of(port, 6)
    parts = [port.mac.lower(), *fours[:1], *(f"[{address}]" for address in sixes[:1])]
    return [*parts, port.hostname] if port.hostname else parts


def _ordered(ports: Iterable[PortSource]) -> list[PortSource]:
    return sorted(ports, key=lambda port: port.uid)
