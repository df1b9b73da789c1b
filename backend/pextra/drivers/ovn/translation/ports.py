"""Ports: a port of a logical switch, the names that lead to it, and what it is a member of."""

from __future__ import annotations

from pextra.drivers.interface.fabric import FabricPort
from pextra.drivers.ovn import naming
from pextra.drivers.ovn.rows import Document, Membership, Ref, Row, Value
from pextra.drivers.ovn.translation import checks
from pextra.drivers.ovn.translation.networks import dhcp_ref, guests_ref, open_ref, switch_ref


def port_ref(uid: str) -> Ref:
    """A guest's port of a logical switch."""
    return Ref("Logical_Switch_Port", uid)


def port_document(port: FabricPort, domain: str) -> Document:
    """See the package."""
    uid, network = checks.uid(port.uid), checks.uid(port.network_uid)
    ref = port_ref(uid)
    found = [(checks.address(given.address), checks.uid(given.subnet_uid)) for given in port.addresses]
    allowed = " ".join([checks.mac(port.mac), *(str(address) for address, _ in found)])
    told = {version: dhcp_ref(subnet) for address, subnet in reversed(found) if (version := address.version)}
    columns: dict[str, Value] = {
        "name": uid,
        "type": "",
        "enabled": True,
        "addresses": frozenset({allowed}),
        "port_security": frozenset({allowed}),
        "dhcpv4_options": told.get(4),
        "dhcpv6_options": told.get(6),
        # an unknown host's name keeps every host from having it
        "options": {"requested-chassis": port.host or "-"},
    }
    rows = [Row(ref, columns)]
    memberships = [
        Membership(switch_ref(network), "ports", ref),
        Membership(guests_ref(network), "ports", ref),
    ]
    if port.groups:
        for group in port.groups:
            holder = Ref("Port_Group", naming.port_group(checks.uid(group)))
            memberships.append(Membership(holder, "ports", ref, lack="GroupMissing"))
    else:
        memberships.append(Membership(open_ref(network), "ports", ref))
    if port.hostname and found:
        names = Ref("DNS", uid)
        rows.append(Row(names, {"records": _records(port, [address for address, _ in found], domain)}))
        memberships.append(Membership(switch_ref(network), "dns_records", names))
    return Document(f"port/{uid}", tuple(rows), tuple(memberships))


def _records(port: FabricPort, addresses: list[checks.Address], domain: str) -> dict[str, str]:
    """Source: ovn-nb(5), DNS: names in small letters; the addresses of one name with spaces between.

    A question for an address of a version that is not there is left unanswered (OVN before `ovn-owned`), and resolvers
    that ask for both would wait for it for seconds. What has no address of the sixth version is told as IPv4-mapped
    (RFC 4291), which is the one it has.
    """
    name = f"{checks.label(port.hostname)}.{domain}"
    back = {address.reverse_pointer: name for address in addresses}
    told = [str(address) for address in addresses]
    if all(address.version == 4 for address in addresses):
        told.append(f"::ffff:{addresses[0]}")
    return {name: " ".join(told), **back}
