"""Load balancers: a row of the database for each protocol, known to the switches and routers that clients come by."""

from __future__ import annotations

from typing import Final

from pextra.drivers.interface import Permanent
from pextra.drivers.interface.fabric import FabricBalancer, Listener
from pextra.drivers.ovn.rows import Document, Membership, Ref, Row, Value
from pextra.drivers.ovn.translation import checks
from pextra.drivers.ovn.translation.networks import switch_ref

_PROTOCOLS: Final = ("tcp", "udp")


def balancer_document(balancer: FabricBalancer) -> Document:
    """See the module.

    Source: ovn-nb(5), Load_Balancer, Load_Balancer_Health_Check.
    """
    uid, address = checks.uid(balancer.uid), checks.address(balancer.address)
    if len({(each.protocol, each.port) for each in balancer.listeners}) < len(balancer.listeners):
        raise Permanent("PartInvalid", f"load balancer {uid} listens twice on one port")
    rows: list[Row] = []
    memberships: list[Membership] = []
    for listener in balancer.listeners:
        made, held = _listener(uid, address, listener)
        ref = made[0].ref
        rows += made
        memberships += held
        for network in balancer.network_uids:
            memberships.append(Membership(switch_ref(checks.uid(network)), "load_balancer", ref))
        for router in balancer.router_uids:
            holder = Ref("Logical_Router", checks.uid(router))
            memberships.append(Membership(holder, "load_balancer", ref, lack="RouterMissing"))
    return Document(f"balancer/{uid}", tuple(rows), tuple(memberships))


def _listener(uid: str, address: checks.Address, listener: Listener) -> tuple[list[Row], list[Membership]]:
    """A row of its own for each listener: what clients stay with is said by the row."""
    if listener.protocol not in _PROTOCOLS:
        raise Permanent("PartInvalid", f"a load balancer listens to tcp or udp, not to {listener.protocol!r}")
    members = [(checks.address(m.address), checks.port_number(m.port), m) for m in listener.members]
    if any(member.version != address.version for member, _, _ in members):
        raise Permanent("PartInvalid", f"a member of {address} is of the other family")
    vip = _with_port(address, checks.port_number(listener.port))
    name = f"{uid}/{listener.protocol}/{listener.port}"
    ref = Ref("Load_Balancer", name)
    # a member that reaches itself by the balancer sees the balancer's address: else it answered itself
    options = {"hairpin_snat_ip": str(address), "reject": "true"}
    if listener.affinity_s:
        options["affinity_timeout"] = str(listener.affinity_s)
    asked: dict[str, str] = {}
    if listener.check is not None:
        asked = {
            _bracketed(member): f"{checks.uid(m.port_uid)}:{_bracketed(checks.address(m.asked_from))}"
            for member, _, m in members
        }
    columns: dict[str, Value] = {
        "name": name,
        "protocol": listener.protocol,
        "vips": {vip: ",".join(sorted(_with_port(member, port) for member, port, _ in members))},
        "options": options,
        "ip_port_mappings": asked,
    }
    rows = [Row(ref, columns)]
    if listener.check is None:
        return rows, []
    check = Ref("Load_Balancer_Health_Check", name)
    terms = {
        "interval": str(listener.check.interval_s),
        "timeout": str(listener.check.timeout_s),
        "success_count": str(listener.check.successes),
        "failure_count": str(listener.check.failures),
    }
    rows.append(Row(check, {"vip": vip, "options": terms}))
    return rows, [Membership(ref, "health_check", check)]


def _bracketed(address: checks.Address) -> str:
    return f"[{address}]" if address.version == 6 else str(address)


def _with_port(address: checks.Address, port: int) -> str:
    return f"{_bracketed(address)}:{port}"
