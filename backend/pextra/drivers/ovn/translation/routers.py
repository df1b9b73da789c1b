"""Routers between networks: a logical router with a port on each, present on every host."""

from __future__ import annotations

from pextra.drivers.interface.fabric import FabricRouter, RouterInterface
from pextra.drivers.ovn import naming
from pextra.drivers.ovn.rows import Document, Membership, Ref, Row, Value
from pextra.drivers.ovn.translation import checks
from pextra.drivers.ovn.translation.networks import switch_ref


def router_document(router: FabricRouter) -> Document:
    """See the module."""
    uid = checks.uid(router.uid)
    ref = Ref("Logical_Router", uid)
    # What strangers say of addresses is not believed before the router asked for it.
    options = {"always_learn_from_arp_request": "false", "dynamic_neigh_routers": "true"}
    rows = [Row(ref, {"name": uid, "enabled": True, "options": options})]
    memberships: list[Membership] = []
    for interface in router.interfaces:
        network = checks.uid(interface.network_uid)
        port = Ref("Logical_Router_Port", naming.router_port(uid, network))
        side = Ref("Logical_Switch_Port", naming.switch_side(uid, network))
        rows.append(Row(port, _port(interface, port.name)))
        linked: dict[str, Value] = {
            "name": side.name,
            "type": "router",
            "enabled": True,
            "addresses": frozenset({"router"}),
            "options": {"router-port": port.name},
        }
        rows.append(Row(side, linked))
        memberships.append(Membership(ref, "ports", port))
        memberships.append(Membership(switch_ref(network), "ports", side))
    for route in router.routes:
        to, via = checks.network(route.destination), checks.address(route.next_hop)
        way = Ref("Logical_Router_Static_Route", f"{uid}/{to}/{via}")
        rows.append(Row(way, {"ip_prefix": str(to), "nexthop": str(via)}))
        memberships.append(Membership(ref, "static_routes", way))
    return Document(f"router/{uid}", tuple(rows), tuple(memberships))


def _port(interface: RouterInterface, name: str) -> dict[str, Value]:
    """Columns of a router's port. In an IPv6 subnet it advertises itself, and that addresses come by DHCPv6."""
    addresses = [checks.interface(text) for text in interface.addresses]
    advertised: dict[str, str] = {}
    if any(address.version == 6 for address in addresses):
        advertised = {"address_mode": "dhcpv6_stateful", "send_periodic": "true", "mtu": str(interface.mtu)}
    return {
        "name": name,
        "enabled": True,
        "mac": checks.mac(interface.mac),
        "networks": frozenset(str(address) for address in addresses),
        "ipv6_ra_configs": advertised,
    }
