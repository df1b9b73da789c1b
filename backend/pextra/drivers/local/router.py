"""A network's bridge, and its router: a network namespace between the bridge and the host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address, ip_network
from pathlib import Path
from typing import Any, Final

from pextra.drivers.local import naming
from pextra.drivers.local.commands import CommandFailed, Commands
from pextra.drivers.local.ledger import NetworkEntry, PortEntry
from pextra.drivers.local.links import (
    Link,
    Plug,
    bridge_changes,
    device_changes,
    ensure_link_absent,
    links,
)
from pextra.drivers.local.naming import INSIDE, OUTSIDE
from pextra.drivers.local.validation import addresses_of, gateway_of

_TRANSIT_MTU: Final = 1500
_IPV6: Final = Path("/proc/sys/net/ipv6")  # there are kernels without
# All of them are the router's own: nothing here is set for the host.
_ROUTER_SETTINGS: Final = {
    "net/ipv4/ip_forward": "1",
    # The router answers for every guest and hands packets back through the device that they came by (RFC 3069).
    f"net/ipv4/conf/{INSIDE}/proxy_arp_pvlan": "1",
    f"net/ipv4/neigh/{INSIDE}/proxy_delay": "0",
    "net/ipv4/conf/all/send_redirects": "0",
    f"net/ipv4/conf/{INSIDE}/send_redirects": "0",
}
_ROUTER_SETTINGS_6: Final = {
    "net/ipv6/conf/all/forwarding": "1",
    f"net/ipv6/conf/{INSIDE}/accept_dad": "0",  # nobody else can have its addresses
    f"net/ipv6/conf/{OUTSIDE}/disable_ipv6": "1",
}
# What starts at the host's loopback leaves by this link and its answers come back by it. Only by this one: the
# table of the host lets nothing in that is not such an answer.
_LINK_SETTINGS: Final = ("route_localnet", "forwarding")


class Router:
    """Bridge and router of one network.

    Args:
        commands: what runs `ip`.
        entry: the network.
        host: the host's address on transit links.
    """

    def __init__(self, commands: Commands, entry: NetworkEntry, host: IPv4Address) -> None:
        self._commands = commands
        self._entry = entry
        self._host = host
        uid = entry.source.uid
        self.namespace = naming.router(uid)
        self._bridge = naming.bridge(uid)
        self._bridge_end = naming.bridge_end(uid)
        self._transit = naming.transit(uid)

    def has_namespace(self) -> bool:
        """Whether the namespace is there."""
        if any(found.get("name") == self.namespace for found in self._commands.look("ip", "-json", "netns", "list")):
            try:
                self._commands.look("ip", "-netns", self.namespace, "-json", "link", "show", "dev", "lo")
            except CommandFailed:  # a file without a namespace: its maker was killed
                self._commands.run(("ip", "netns", "delete", self.namespace))
            else:
                return True
        return False

    def make_namespace(self) -> None:
        """Make the namespace, without anything in it; nothing may run any more in one that had the name."""
        # They may lead to a namespace that has lost its name.
        ensure_link_absent(self._commands, (self._bridge_end, self._transit), self._entry.source.uid)
        self._commands.run(("ip", "netns", "add", self.namespace))

    def ensure_links(self) -> None:
        """Make bridge and links, with addresses and routes."""
        source = self._entry.source
        seen = links(self._commands)
        self._commands.batch("ip", bridge_changes(seen.get(self._bridge), self._bridge, source.uid, source.mtu))
        self._ensure_pair(seen, self._bridge_end, INSIDE)
        self._ensure_pair(seen, self._transit, OUTSIDE)
        inner = {
            found["ifname"]: found
            for found in self._commands.look("ip", "-netns", self.namespace, "-json", "-details", "addr", "show")
        }
        settings = dict(_ROUTER_SETTINGS)
        if _IPV6.exists():
            settings |= _ROUTER_SETTINGS_6
        self._ensure_settings(settings, self.namespace)
        self._ensure_settings({f"net/ipv4/conf/{self._transit}/{what}": "1" for what in _LINK_SETTINGS}, None)
        self._commands.batch(
            "ip",
            [
                *(["link set dev lo up"] if "UP" not in inner["lo"]["flags"] else []),
                *device_changes(inner.get(INSIDE), INSIDE, source.mtu, silent=False),
                *_address_changes(inner.get(INSIDE), INSIDE, self._gateways()),
                *device_changes(inner.get(OUTSIDE), OUTSIDE, _TRANSIT_MTU, silent=False),
                *_address_changes(inner.get(OUTSIDE), OUTSIDE, [f"{self._entry.transit}/32"]),
                *self._inner_route_changes(),
            ],
            namespace=self.namespace,
        )
        outer = self._commands.look("ip", "-json", "-4", "addr", "show", "dev", self._transit)
        plug = Plug(self._bridge, isolated=False)
        self._commands.batch(
            "ip",
            [
                *device_changes(seen.get(self._bridge_end), self._bridge_end, source.mtu, uid=source.uid, plug=plug),
                *device_changes(seen.get(self._transit), self._transit, _TRANSIT_MTU, uid=source.uid),
                *_address_changes(outer[0] if outer else None, self._transit, [f"{self._host}/32"]),
            ],
        )
        self._ensure_known_to_bridge(inner[INSIDE]["address"])

    def ensure_ways(self, ports: Iterable[PortEntry]) -> None:
        """Make known where the guests of these ports are, to the router and to the host; and of no others."""
        neighbours: set[tuple[str, str]] = set()
        targets = {str(self._entry.transit)}
        for port in ports:
            mac = port.source.mac.lower()
            neighbours |= {(address, mac) for version in (4, 6) for address in addresses_of(port.source, version)}
            targets.add(str(port.transit))
        self._ensure_neighbours(neighbours)
        self._ensure_routes(targets)

    def ensure_absent(self) -> None:
        """Remove bridge, links and namespace; nothing may run in it any more."""
        if any(found.get("name") == self.namespace for found in self._commands.look("ip", "-json", "netns", "list")):
            self._commands.run(("ip", "netns", "delete", self.namespace))
        # Ends in a namespace take theirs along, but the kernel takes its time.
        ensure_link_absent(self._commands, (self._bridge_end, self._transit, self._bridge), self._entry.source.uid)

    def is_made(self, seen: Mapping[str, Link]) -> bool:
        """Whether bridge and router are there, among the host's devices; how they are is another question."""
        # A pair of devices goes with the namespace of either.
        return self._bridge in seen and self._transit in seen

    def _ensure_pair(self, seen: dict[str, Link], outer: str, inner: str) -> None:
        if outer in seen:
            return
        pair = ("ip", "link", "add", "name", outer, "type", "veth")
        self._commands.run((*pair, "peer", "name", inner, "netns", self.namespace))

    def _ensure_settings(self, wanted: dict[str, str], namespace: str | None) -> None:
        values = self._commands.run(("sysctl", "--values", *wanted), namespace=namespace).split()
        if values != list(wanted.values()):
            pairs = [f"{name}={value}" for name, value in wanted.items()]
            self._commands.run(("sysctl", "--quiet", "--write", *pairs), namespace=namespace)

    def _ensure_known_to_bridge(self, mac: str) -> None:
        """Tell the bridge, which does not learn, where the router is."""
        entries = self._commands.look("bridge", "-json", "fdb", "show", "dev", self._bridge_end)
        if not any(entry["mac"] == mac and entry.get("state") == "static" for entry in entries):
            self._commands.batch("bridge", [f"fdb replace {mac} dev {self._bridge_end} master static"])

    def _gateways(self) -> list[str]:
        return [f"{gateway_of(subnet)}/{ip_network(subnet.cidr).prefixlen}" for subnet in self._entry.source.subnets]

    def _inner_route_changes(self) -> list[str]:
        routes = self._commands.look("ip", "-netns", self.namespace, "-json", "-4", "route", "show", "dev", OUTSIDE)
        seen = {(route["dst"], route.get("gateway"), route.get("prefsrc")) for route in routes}
        own, host = str(self._entry.transit), str(self._host)
        lines: list[str] = []
        if (host, None, own) not in seen:
            lines.append(f"route replace {host} dev {OUTSIDE} scope link src {own}")
        if ("default", host, own) not in seen:
            lines.append(f"route replace default via {host} dev {OUTSIDE} src {own}")
        return lines

    def _ensure_neighbours(self, wanted: set[tuple[str, str]]) -> None:
        shown = self._commands.look(
            "ip", "-netns", self.namespace, "-json", "neigh", "show", "dev", INSIDE, "nud", "permanent"
        )
        seen = {(entry["dst"], entry.get("lladdr", "")) for entry in shown}
        kept = {address for address, _ in wanted}
        self._commands.batch(
            "ip",
            [f"neigh delete {address} dev {INSIDE}" for address, _ in sorted(seen) if address not in kept]
            + [
                f"neigh replace {address} lladdr {mac} dev {INSIDE} nud permanent"
                for address, mac in sorted(wanted - seen)
            ],
            namespace=self.namespace,
        )

    def _ensure_routes(self, targets: set[str]) -> None:
        """Lead what is for these transit addresses to the router."""
        shown = self._commands.look("ip", "-json", "-4", "route", "show", "dev", self._transit)
        via = str(self._entry.transit)
        seen = {(route["dst"], route.get("gateway")) for route in shown}
        wanted = {(target, None if target == via else via) for target in targets}
        self._commands.batch(
            "ip",
            [f"route delete {target} dev {self._transit}" for target, _ in sorted(seen - wanted, key=str)]
            + [
                f"route replace {target} dev {self._transit} src {self._host} "
                + ("scope link" if gateway is None else f"via {gateway} onlink")
                for target, gateway in sorted(wanted - seen, key=lambda way: (way[1] is not None, way[0]))
            ],
        )


def _address_changes(seen: Link | None, name: str, wanted: Sequence[str]) -> list[str]:
    """What `ip` must do for a device to have these addresses, besides link-local ones, and no others."""
    known: list[dict[str, Any]] = (seen or {}).get("addr_info", [])
    # The transit links' addresses are link-local ones too, but of IPv4.
    there = [
        f"{address['local']}/{address['prefixlen']}"
        for address in known
        if not (address["family"] == "inet6" and address["scope"] == "link")
    ]
    return [
        *(f"addr delete {address} dev {name}" for address in there if address not in wanted),
        *(
            f"addr add {address} dev {name}" + (" nodad" if ":" in address else "")
            for address in wanted
            if address not in there
        ),
    ]
