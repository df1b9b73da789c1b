"""What nftables does in a network's router: security rules, and the way in and out of the network.

Pure: descriptions in, text out. Security rules are judged for packets of a connection's own direction, each
time; answers pass. So a rule that is taken away ends what it had let through, without a look at the table of
connections, and nobody else's connection notices.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import ip_network
from typing import Final

from pextra.drivers.interface import SecurityRule
from pextra.drivers.local.ledger import PortEntry
from pextra.drivers.local.naming import INSIDE, OUTSIDE, TABLE, digest
from pextra.drivers.local.nftables import Table, block, elements
from pextra.drivers.local.validation import addresses_of

# What clouds serve instances with, and what our own transit links use: nothing there is for guests.
_LINK_LOCAL: Final = "169.254.0.0/16"


def router_table(ports: Iterable[PortEntry]) -> Table:
    """The whole table of a router whose network has these ports."""
    ordered = sorted(ports, key=lambda entry: entry.source.uid)
    maps: list[str] = []
    for direction in ("egress", "ingress"):
        for version, kind in ((4, "ipv4_addr"), (6, "ipv6_addr")):
            verdicts = [
                f"{address} : goto {direction}-{digest(entry.source.uid)}"
                for entry in ordered
                for address in addresses_of(entry.source, version)
            ]
            maps.append(block(f"map {direction}{version}", f"type {kind} : verdict", *elements(verdicts)))
    inward: list[str] = []
    outward: list[str] = []
    for entry in ordered:
        addresses = addresses_of(entry.source, 4)
        inward += [f"{entry.transit} : {address}" for address in addresses[:1]]
        outward += [f"{address} : {entry.transit}" for address in addresses]
    maps.append(block("map inward", "type ipv4_addr : ipv4_addr", *elements(inward)))
    maps.append(block("map outward", "type ipv4_addr : ipv4_addr", *elements(outward)))
    chains = [
        block(
            f"chain {direction}-{digest(entry.source.uid)}",
            *_rules([rule for rule in entry.source.rules if rule.direction == direction]),
            "drop",
        )
        for entry in ordered
        for direction in ("egress", "ingress")
    ]
    return Table("inet", TABLE, "\n".join((*maps, *chains, *_STATIC)))


def _rules(rules: Sequence[SecurityRule]) -> Iterable[str]:
    lines = [line for rule in rules for line in _rule(rule)]
    return dict.fromkeys(lines)  # equal rules of several groups once


def _rule(rule: SecurityRule) -> Iterable[str]:
    """The rule's lines; `return` leads back to where packets are let through."""
    match = ""
    if rule.protocol == "icmp":
        match = "meta l4proto { icmp, ipv6-icmp } "
    elif rule.protocol != "any":
        match = f"meta l4proto {rule.protocol} "
        if rule.port_min is not None:
            last = rule.port_min if rule.port_max is None else rule.port_max
            ports = str(last) if last == rule.port_min else f"{rule.port_min}-{last}"
            match = f"{rule.protocol} dport {ports} "
    remote = ""
    if rule.remote_cidr is not None:
        cidr = ip_network(rule.remote_cidr)
        family = "ip" if cidr.version == 4 else "ip6"
        if cidr.prefixlen == 0:  # nft leaves out a match that everything fulfils, the family with it
            remote = f"meta nfproto ipv{cidr.version} "
        else:
            remote = f"{family} {'saddr' if rule.direction == 'ingress' else 'daddr'} {cidr} "
    yield f"{remote}{match}return"


_STATIC: Final = (
    # `goto` does not come back here, so that whoever has no chain of its own is dropped.
    block("chain leaving", "ip saddr vmap @egress4", "ip6 saddr vmap @egress6", "drop"),
    block("chain entering", "ip daddr vmap @ingress4", "ip6 daddr vmap @ingress6", "drop"),
    block(
        "chain forward",
        "type filter hook forward priority filter; policy drop;",
        "ct state established,related ct direction reply accept",
        "ct state related accept",
        "ct state invalid drop",
        f'iifname "{INSIDE}" ip daddr {_LINK_LOCAL} drop',
        f'iifname "{INSIDE}" jump leaving',
        f'oifname "{INSIDE}" jump entering',
        f'oifname "{INSIDE}" accept',
        f'iifname "{INSIDE}" oifname "{OUTSIDE}" meta nfproto ipv4 accept',
    ),
    block(
        "chain input",
        "type filter hook input priority filter; policy drop;",
        'iifname "lo" accept',
        "ct state established,related accept",
        f'iifname != "{INSIDE}" drop',
        "udp dport { 67, 547 } accept",
        "meta l4proto { tcp, udp } th dport 53 accept",
        "icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } accept",
        "icmpv6 type { mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report } accept",
        "icmp type echo-request jump leaving",
        "icmpv6 type echo-request ip6 saddr != fe80::/10 jump leaving",
        "icmp type echo-request accept",
        "icmpv6 type echo-request accept",
    ),
    # A redirect would tell a guest to send to its neighbour directly, where the bridge lets nothing pass.
    block(
        "chain output",
        "type filter hook output priority filter; policy accept;",
        "icmpv6 type nd-redirect drop",
    ),
    block(
        "chain prerouting",
        "type nat hook prerouting priority dstnat; policy accept;",
        f'iifname "{OUTSIDE}" dnat ip to ip daddr map @inward',
    ),
    block(
        "chain postrouting",
        "type nat hook postrouting priority srcnat; policy accept;",
        f'oifname "{OUTSIDE}" snat ip to ip saddr map @outward',
    ),
)
