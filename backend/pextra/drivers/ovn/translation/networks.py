"""Networks: a logical switch, what its guests are told by DHCP, and what holds for every guest's port on it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from pextra.drivers.interface.fabric import FabricNetwork, FabricSubnet, gateway_mac
from pextra.drivers.ovn import naming
from pextra.drivers.ovn.rows import Document, Membership, Ref, Row
from pextra.drivers.ovn.translation import checks

DROP_PRIORITY = 1000
"""Of what drops; rules of security groups stand above it."""
ALLOW_PRIORITY = 1002
_LEASE_S = 86_400


def switch_ref(network_uid: str) -> Ref:
    """A network's logical switch."""
    return Ref("Logical_Switch", network_uid)


def guests_ref(network_uid: str) -> Ref:
    """The port group of the guests' ports of a network."""
    return Ref("Port_Group", naming.network_group(network_uid))


def open_ref(network_uid: str) -> Ref:
    """The port group of those that are in no security group."""
    return Ref("Port_Group", naming.open_group(network_uid))


def dhcp_ref(subnet_uid: str) -> Ref:
    """What guests with an address of a subnet are told."""
    return Ref("DHCP_Options", subnet_uid)


def network_document(network: FabricNetwork, domain: str) -> Document:
    """See the package."""
    uid = checks.uid(network.uid)
    guests, apart = naming.network_group(uid), naming.open_group(uid)
    guarding = [
        # Nothing passes but what a rule lets through. What guests ask of DHCP, OVN answers itself.
        ("from-lport", DROP_PRIORITY, f"inport == @{guests} && ip", "drop"),
        ("to-lport", DROP_PRIORITY, f"outport == @{guests} && ip", "drop"),
        (
            "from-lport",
            ALLOW_PRIORITY,
            f"inport == @{guests} && ip4 && ip4.dst == 255.255.255.255 && udp.src == 68 && udp.dst == 67",
            "allow",
        ),
        (
            "from-lport",
            ALLOW_PRIORITY,
            f"inport == @{guests} && ip6 && ip6.dst == ff02::1:2 && udp.src == 546 && udp.dst == 547",
            "allow",
        ),
    ]
    leaving = [("from-lport", ALLOW_PRIORITY, f"inport == @{apart} && ip", "allow-related")]
    rows = [
        Row(switch_ref(uid), {"name": uid}),
        Row(Ref("Port_Group", guests), {"name": guests}),
        Row(Ref("Port_Group", apart), {"name": apart}),
        *(Row(dhcp_ref(checks.uid(subnet.uid)), _told(network, subnet, domain)) for subnet in network.subnets),
    ]
    memberships: list[Membership] = []
    if resolvers := [_asked(subnet) for subnet in network.subnets if subnet.gateway is None or subnet.resolver]:
        # present on every host, it tells guests to whom they send their questions; OVN answers them on the way
        ref = Ref("Logical_Switch_Port", f"{uid}.resolver")
        addresses = " ".join([gateway_mac(uid), *(str(address) for address in resolvers)])
        rows.append(Row(ref, {"name": ref.name, "type": "localport", "addresses": frozenset({addresses})}))
        memberships.append(Membership(switch_ref(uid), "ports", ref))
    for group, rules in ((guests, guarding), (apart, leaving)):
        for rule in rules:
            row, membership = acl(group, *rule)
            rows.append(row)
            memberships.append(membership)
    return Document(f"network/{uid}", tuple(rows), tuple(memberships))


def acl(group: str, direction: str, priority: int, match: str, action: str) -> tuple[Row, Membership]:
    """An access control entry of a port group. What it says is what it is: a changed rule is another row."""
    ref = Ref("ACL", f"{group}/{naming.digest(f'{direction} {priority} {match} {action}')}")
    columns = {"direction": direction, "priority": priority, "match": match, "action": action}
    return Row(ref, columns), Membership(Ref("Port_Group", group), "acls", ref)


def _told(network: FabricNetwork, subnet: FabricSubnet, domain: str) -> dict[str, str | Mapping[str, str]]:
    """Columns of DHCP_Options.

    Source: ovn-nb(5), DHCP Options.
    """
    cidr = checks.network(subnet.cidr)
    gateway = checks.address(subnet.gateway) if subnet.gateway is not None else None
    asked = _asked(subnet)
    servers = [checks.address(server) for server in subnet.dns_servers]
    mine = [server for server in servers if server.version == cidr.version] or [asked]
    mac = gateway_mac(network.uid)
    if isinstance(cidr, ipaddress.IPv6Network):
        options = {"server_id": mac, "dns_server": _listed(mine), "domain_search": f'"{domain}"'}
        return {"cidr": str(cidr), "options": options}
    options = {
        "server_id": str(asked),
        "server_mac": mac,
        "lease_time": str(_LEASE_S),
        "mtu": str(network.mtu),
        "dns_server": _listed(mine),
        "domain_name": f'"{domain}"',
    }
    ways = [(str(checks.network(r.destination)), str(checks.address(r.next_hop))) for r in subnet.routes]
    if gateway is not None:
        options["router"] = str(gateway)
        ways += [("0.0.0.0/0", str(gateway))] if ways else []  # who heeds these heeds `router` no more (RFC 3442)
    if ways:
        options["classless_static_route"] = "{" + ", ".join(f"{to},{via}" for to, via in ways) + "}"
    return {"cidr": str(cidr), "options": options}


def _asked(subnet: FabricSubnet) -> checks.Address:
    """Who answers DHCP, and questions for names."""
    given = subnet.gateway or subnet.resolver
    return checks.address(given) if given is not None else checks.network(subnet.cidr)[1]


def _listed(addresses: list[checks.Address]) -> str:
    return "{" + ", ".join(str(address) for address in addresses) + "}"
