"""Routers: a logical router with a port on each network, present on every host; and its place outside, on one."""

from __future__ import annotations

from pextra.drivers.interface.fabric import FabricRouter, RouterGateway, RouterInterface
from pextra.drivers.ovn import naming
from pextra.drivers.ovn.rows import Document, Membership, Ref, Row, Value
from pextra.drivers.ovn.translation import checks
from pextra.drivers.ovn.translation.networks import switch_ref

_FIRST_PRIORITY = 100
_EVERYWHERE = {4: "0.0.0.0/0", 6: "::/0"}


def router_ref(uid: str) -> Ref:
    """The row of a router."""
    return Ref("Logical_Router", checks.uid(uid))


def router_document(router: FabricRouter) -> Document:
    """See the module."""
    uid = checks.uid(router.uid)
    ref = router_ref(uid)
    # What strangers say of addresses is not believed before the router asked for it.
    options = {"always_learn_from_arp_request": "false", "dynamic_neigh_routers": "true"}
    rows = [Row(ref, {"name": uid, "enabled": True, "options": options})]
    memberships: list[Membership] = []
    for interface in router.interfaces:
        network = checks.uid(interface.network_uid)
        port = Ref("Logical_Router_Port", naming.router_port(uid, network))
        side = Ref("Logical_Switch_Port", naming.switch_side(uid, network))
        rows.append(Row(port, _port(interface, port.name)))
        rows.append(Row(side, _side(side.name, port.name)))
        memberships.append(Membership(ref, "ports", port))
        memberships.append(Membership(switch_ref(network), "ports", side))
    for route in router.routes:
        to, via = str(checks.network(route.destination)), str(checks.address(route.next_hop))
        way = Ref("Logical_Router_Static_Route", f"{uid}/{to}/{via}")
        rows.append(Row(way, {"ip_prefix": to, "nexthop": via}))
        memberships.append(Membership(ref, "static_routes", way))
    if router.gateway is not None:
        _add_gateway(ref, router.gateway, rows, memberships)
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


def _side(name: str, port: str, *, tells: bool = False) -> dict[str, Value]:
    """Columns of a switch's port to a router.

    Args:
        tells: the router announces its addresses there when it moves.
    """
    options = {"router-port": port, **({"nat-addresses": "router"} if tells else {})}
    return {
        "name": name,
        "type": "router",
        "enabled": True,
        "addresses": frozenset({"router"}),
        "options": options,
    }


def _add_gateway(router: Ref, gateway: RouterGateway, rows: list[Row], memberships: list[Membership]) -> None:
    """Add the router's place outside.

    Source: ovn-nb(5), Gateway_Chassis, NAT.
    """
    provider = checks.uid(gateway.provider_uid)
    port = Ref("Logical_Router_Port", naming.router_port(router.name, provider))
    side = Ref("Logical_Switch_Port", naming.provider_side(router.name, provider))
    columns: dict[str, Value] = {
        "name": port.name,
        "enabled": True,
        "mac": checks.mac(gateway.mac),
        "networks": frozenset(str(checks.interface(text)) for text in gateway.addresses),
        "options": {"gateway_mtu": str(gateway.mtu)},
    }
    rows += [Row(port, columns), Row(side, _side(side.name, port.name, tells=True))]
    memberships.append(Membership(router, "ports", port))
    memberships.append(Membership(switch_ref(provider), "ports", side, lack="ProviderMissing"))
    for place, host in enumerate(gateway.hosts):
        chassis = Ref("Gateway_Chassis", f"{port.name}/{checks.uid(host)}")
        rows.append(
            Row(chassis, {"name": chassis.name, "chassis_name": host, "priority": max(1, _FIRST_PRIORITY - place)})
        )
        memberships.append(Membership(port, "gateway_chassis", chassis))
    for hop in map(checks.address, gateway.next_hops):
        way = Ref("Logical_Router_Static_Route", f"{router.name}/outside/{hop.version}")
        terms = {"ip_prefix": _EVERYWHERE[hop.version], "nexthop": str(hop), "output_port": port.name}
        rows.append(Row(way, terms))
        memberships.append(Membership(router, "static_routes", way))
    for each in gateway.translations:
        inside, outside = str(checks.network(each.inside)), str(checks.address(each.outside))
        nat = Ref("NAT", f"{router.name}/{inside}")
        rows.append(Row(nat, {"type": "snat", "external_ip": outside, "logical_ip": inside}))
        memberships.append(Membership(router, "nat", nat))
