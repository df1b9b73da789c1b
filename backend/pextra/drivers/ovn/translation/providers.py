"""Networks outside, and addresses there that lead to ports."""

from __future__ import annotations

import re
from typing import Final

from pextra.drivers.interface import Permanent
from pextra.drivers.interface.fabric import FabricProvider, FloatingAddress
from pextra.drivers.ovn.rows import Document, Membership, Ref, Row, Value
from pextra.drivers.ovn.translation import checks
from pextra.drivers.ovn.translation.networks import switch_ref

_PHYSICAL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")


def provider_document(provider: FabricProvider) -> Document:
    """A logical switch with a port to the network that hosts have by a bridge of their own.

    Source: ovn-nb(5), Logical_Switch_Port, type `localnet`.
    """
    uid = checks.uid(provider.uid)
    if not _PHYSICAL.fullmatch(provider.physical):
        raise Permanent("PartInvalid", f"{provider.physical!r} is no name of a network of hosts")
    if provider.vlan is not None and not 1 <= provider.vlan <= 4094:
        raise Permanent("PartInvalid", f"{provider.vlan} is no VLAN: they are from 1 to 4094")
    outlet = Ref("Logical_Switch_Port", f"{uid}.outlet")
    columns: dict[str, Value] = {
        "name": outlet.name,
        "type": "localnet",
        "enabled": True,
        "addresses": frozenset({"unknown"}),
        "options": {"network_name": provider.physical},
        "tag_request": provider.vlan,
        "tag": provider.vlan,
    }
    rows = (Row(switch_ref(uid), {"name": uid}), Row(outlet, columns))
    return Document(f"provider/{uid}", rows, (Membership(switch_ref(uid), "ports", outlet),))


def floating_document(floating: FloatingAddress) -> Document:
    """A translation of both directions, made where the port is.

    Source: ovn-nb(5), NAT, type `dnat_and_snat` with `logical_port` and `external_mac`.
    """
    uid = checks.uid(floating.uid)
    outside, inside = checks.address(floating.outside), checks.address(floating.inside)
    if outside.version != inside.version:
        raise Permanent("PartInvalid", f"{outside} cannot lead to {inside}, which is of the other family")
    ref = Ref("NAT", uid)
    columns: dict[str, Value] = {
        "type": "dnat_and_snat",
        "external_ip": str(outside),
        "logical_ip": str(inside),
        "logical_port": checks.uid(floating.port_uid),
        "external_mac": checks.mac(floating.mac),
    }
    router = Ref("Logical_Router", checks.uid(floating.router_uid))
    return Document(f"floating/{uid}", (Row(ref, columns),), (Membership(router, "nat", ref, lack="RouterMissing"),))
