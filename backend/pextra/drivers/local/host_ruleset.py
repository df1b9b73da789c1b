"""What nftables does in the host's own namespace: no spoofing on ports, no way from guests into the host.

Pure: descriptions in, text out. Every rule names devices of ours, so that nothing else on the host is judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from pextra.drivers.local import naming
from pextra.drivers.local.ledger import PortEntry
from pextra.drivers.local.naming import BRIDGES, TABLE, TAPS, TRANSITS
from pextra.drivers.local.nftables import Table, block, elements
from pextra.drivers.local.validation import addresses_of

ANY_ADDRESS: Final = "0.0.0.0"  # noqa: S104 (nothing is bound here: it stands for every address of the host)


def host_tables(
    ports: Iterable[PortEntry], pool: IPv4Network, uplinks: Sequence[str], lent: Sequence[str]
) -> tuple[Table, Table]:
    """Both tables of a host.

    Args:
        ports: every port of the host.
        pool: the transit addresses; the first is the host's own.
        uplinks: devices through which guests reach the world and are reached from it.
        lent: those uplinks that forward only because of us: they shall for nobody else.
    """
    ordered = sorted(ports, key=lambda entry: entry.source.uid)
    return _bridge_table(ordered), _inet_table(ordered, pool, uplinks, lent)


def _bridge_table(ports: Sequence[PortEntry]) -> Table:
    macs: list[str] = []
    pairs: dict[int, list[str]] = {4: [], 6: []}
    for entry in ports:
        mac = entry.source.mac.lower()
        tap = naming.tap(entry.source.uid)
        macs.append(f'"{tap}" . {mac}')
        for version, found in pairs.items():
            found += [f'"{tap}" . {mac} . {address}' for address in addresses_of(entry.source, version)]
    return Table(
        "bridge",
        TABLE,
        "\n".join(
            (
                block("set macs", "type ifname . ether_addr", *elements(macs)),
                block("set addresses4", "type ifname . ether_addr . ipv4_addr", *elements(pairs[4])),
                block("set addresses6", "type ifname . ether_addr . ipv6_addr", *elements(pairs[6])),
                *_BRIDGE_CHAINS,
            )
        ),
    )


_BRIDGE_CHAINS: Final = (
    block(
        "chain from_guest",
        "iifname . ether saddr != @macs drop",
        # Before it has an address; and the router, which alone hears it, gives each only its own.
        "ether type ip ip saddr 0.0.0.0 ip daddr 255.255.255.255 udp sport 68 udp dport 67 accept",
        "ether type ip iifname . ether saddr . ip saddr @addresses4 accept",
        "arp operation request arp saddr ip 0.0.0.0 iifname . arp saddr ether @macs accept",
        "arp operation { request, reply } iifname . arp saddr ether . arp saddr ip @addresses4 accept",
        "icmpv6 type { nd-router-advert, nd-redirect } drop",
        # How a guest makes its link-local address is its own affair; it serves to find the router.
        "ether type ip6 ip6 saddr { ::, fe80::/10 } icmpv6 type"
        " { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert, mld-listener-report, mld-listener-done,"
        " mld2-listener-report } accept",
        "ether type ip6 ip6 saddr fe80::/10 udp sport 546 udp dport 547 accept",
        "ether type ip6 iifname . ether saddr . ip6 saddr @addresses6 accept",
        "drop",
    ),
    block(
        "chain prerouting",
        # Before br_netfilter, and before the bridge learns from the frame.
        "type filter hook prerouting priority -300; policy accept;",
        f'iifname "{TAPS}*" jump from_guest',
    ),
    # Frames to the bridge's own address, and those that bridges keep to themselves, would reach the host.
    block(
        "chain input",
        "type filter hook input priority filter; policy accept;",
        f'iifname "{TAPS}*" drop',
        f'iifname "{naming.BRIDGE_ENDS}*" drop',
    ),
)


def _inet_table(ports: Sequence[PortEntry], pool: IPv4Network, uplinks: Sequence[str], lent: Sequence[str]) -> Table:
    exact: list[str] = []
    anywhere: list[str] = []
    for entry in ports:
        for forward in entry.source.forwards:
            target = f"{forward.protocol} . {forward.listen_port} : {entry.transit} . {forward.to_port}"
            if forward.listen_address == ANY_ADDRESS:
                anywhere.append(target)
            else:
                exact.append(f"{IPv4Address(forward.listen_address)} . {target}")
    host = pool[1]
    to_exact = "dnat ip to ip daddr . meta l4proto . th dport map @forwards"
    to_any = "fib daddr type local dnat ip to meta l4proto . th dport map @forwards_anywhere"
    outside = "{ " + ", ".join(f'"{device}"' for device in uplinks) + " }"
    kept = "{ " + ", ".join(f'"{device}"' for device in lent) + " }"
    chains = (
        block(
            "chain raw",
            "type filter hook prerouting priority raw; policy accept;",
            # Where br_netfilter shows us bridged packets: tenants' addresses are equal, so must not be tracked here.
            f'iifname "{BRIDGES}*" notrack',
            # route_localnet lets the host's loopback be spoken to over these links: only answers may (CVE-2020-8558),
            # and on the wire they carry the host's transit address.
            f'iifname "{TRANSITS}*" ip saddr 127.0.0.0/8 drop',
            f'iifname "{TRANSITS}*" ip daddr 127.0.0.0/8 drop',
            f'iifname "{TRANSITS}*" meta nfproto ipv6 drop',
        ),
        block(
            "chain input",
            "type filter hook input priority filter; policy accept;",
            f'iifname "{TRANSITS}*" ct state established,related accept',
            f'iifname "{TRANSITS}*" drop',
            f'iifname "{BRIDGES}*" drop',
        ),
        block(
            "chain forward",
            "type filter hook forward priority filter; policy accept;",
            f'oifname "{TRANSITS}*" ct state established,related accept',
            f'iifname != "{TRANSITS}*" oifname "{TRANSITS}*" ct status dnat accept',
            f'oifname "{TRANSITS}*" drop',
            f'iifname "{TRANSITS}*" ct state established,related ct direction reply accept',
            *([f'iifname "{TRANSITS}*" oifname {outside} accept'] if uplinks else []),
            f'iifname "{TRANSITS}*" drop',
            *([f"iifname {kept} drop"] if lent else []),
        ),
        block(
            "chain prerouting",
            "type nat hook prerouting priority dstnat; policy accept;",
            *([f"iifname {outside} {to_exact}", f"iifname {outside} {to_any}"] if uplinks else []),
        ),
        block("chain output", "type nat hook output priority -100; policy accept;", to_exact, to_any),
        block(
            "chain postrouting",
            "type nat hook postrouting priority srcnat; policy accept;",
            f'oifname "{TRANSITS}*" ip saddr 127.0.0.0/8 snat ip to {host}',
            *([f"oifname {outside} ip saddr {pool} masquerade"] if uplinks else []),
        ),
    )
    maps = (
        block(
            "map forwards",
            "type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service",
            *elements(exact),
        ),
        block(
            "map forwards_anywhere",
            "type inet_proto . inet_service : ipv4_addr . inet_service",
            *elements(anywhere),
        ),
    )
    return Table("inet", TABLE, "\n".join((*maps, *chains)))
