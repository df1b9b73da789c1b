"""Security groups and address groups: a port group with access control entries; sets of addresses."""

from __future__ import annotations

from pextra.drivers.interface import Permanent
from pextra.drivers.interface.fabric import AddressList, FabricGroup, GroupRule
from pextra.drivers.ovn import naming
from pextra.drivers.ovn.rows import Document, Membership, Ref, Row
from pextra.drivers.ovn.translation import checks
from pextra.drivers.ovn.translation.networks import ALLOW_PRIORITY, acl

_SIDES = {"ingress": ("to-lport", "outport", "src"), "egress": ("from-lport", "inport", "dst")}
_PROTOCOLS = {"tcp": "tcp", "udp": "udp", "icmp": "(icmp4 || icmp6)", "any": "ip"}


def group_document(group: FabricGroup) -> Document:
    """See the module."""
    name = naming.port_group(checks.uid(group.uid))
    rows = {name: Row(Ref("Port_Group", name), {"name": name})}
    memberships: dict[str, Membership] = {}
    for rule in group.rules:
        direction, match = _match(name, rule)
        row, membership = acl(name, direction, ALLOW_PRIORITY, match, "allow-related")
        rows[row.ref.name], memberships[row.ref.name] = row, membership
    return Document(f"group/{group.uid}", tuple(rows.values()), tuple(memberships.values()))


def address_list_document(listed: AddressList) -> Document:
    """See the module."""
    uid = checks.uid(listed.uid)
    ranges = [checks.network(text) for text in listed.addresses]
    rows: list[Row] = []
    for family in (4, 6):
        name = naming.address_set(uid, family)
        mine = frozenset(str(found) for found in ranges if found.version == family)
        rows.append(Row(Ref("Address_Set", name), {"name": name, "addresses": mine}))
    return Document(f"addresses/{uid}", tuple(rows))


def _match(group: str, rule: GroupRule) -> tuple[str, str]:
    """The direction and the expression of a rule.

    Source: ovn-sb(5), Logical_Flow, `match`.
    """
    if rule.direction not in _SIDES or rule.protocol not in _PROTOCOLS:
        raise Permanent("PartInvalid", f"a rule is for {rule.direction!r} and {rule.protocol!r}, which nothing is")
    direction, side, end = _SIDES[rule.direction]
    terms = [f"{side} == @{group}", _PROTOCOLS[rule.protocol]]
    if (whose := _remote(rule, end)) is not None:
        terms.append(whose)
    if rule.port_min is not None:
        if rule.protocol not in ("tcp", "udp"):
            raise Permanent("PartInvalid", f"protocol {rule.protocol} has no ports")
        first = checks.port_number(rule.port_min)
        last = checks.port_number(rule.port_max if rule.port_max is not None else first)
        terms.append(
            f"{first} <= {rule.protocol}.dst <= {last}" if last != first else f"{rule.protocol}.dst == {first}"
        )
    return direction, " && ".join(terms)


def _remote(rule: GroupRule, end: str) -> str | None:
    """Who the other side may be; None: anyone."""
    if rule.remote_group is not None:
        other = naming.port_group(checks.uid(rule.remote_group))
        return f"(ip4.{end} == ${other}_ip4 || ip6.{end} == ${other}_ip6)"
    if rule.remote_list is not None:
        uid = checks.uid(rule.remote_list)
        four, six = naming.address_set(uid, 4), naming.address_set(uid, 6)
        return f"(ip4.{end} == ${four} || ip6.{end} == ${six})"
    if rule.remote_cidr is None:
        return None
    cidr = checks.network(rule.remote_cidr)
    return f"ip{cidr.version}.{end} == {cidr}" if cidr.prefixlen else f"ip{cidr.version}"
