"""Tenants' networks in a fabric: what they consist of, and how several who write one come to agree.

Whoever needs a network has it made: instances with a card in it, routers that join it. What one of them read may be
old by the time it is written; so each reads again after it wrote, and who wrote last wrote what the store says.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Final

from pextra.controllers.surroundings import Surroundings
from pextra.drivers.interface import DriverError, Retryable
from pextra.drivers.interface.fabric import Fabric, FabricNetwork, FabricSubnet, HostRoute
from pextra.services.cloud import Cloud
from pextra.store import objects
from pextra.store.database import Tx
from pextra.store.records import Record

_TRIES: Final = 3


def network_part(surroundings: Surroundings, network: Record) -> FabricNetwork:
    """The network as the store has it, with its subnets."""
    pin = {"tenant_uid": network.tenant_uid, "uid": network.uid}
    subnets = surroundings.subnets(pin)
    routed = surroundings.routed(network.uid, [gateway_of(subnet) for subnet in subnets])
    return FabricNetwork(
        uid=network.uid,
        tenant_uid=network.tenant_uid,
        mtu=network.spec.get("mtu", 1442),
        subnets=tuple(
            FabricSubnet(
                subnet.uid,
                subnet.spec["cidr"],
                gateway_of(subnet),
                tuple(subnet.spec.get("dns_servers", ())),
                tuple(HostRoute(route["destination"], route["next_hop"]) for route in subnet.spec.get("routes", ())),
                resolver=None if gateway_of(subnet) in routed else gateway_of(subnet),
            )
            for subnet in subnets
        ),
    )


def gateway_of(subnet: Record) -> str:
    """The address by which its guests reach the world, if a router has it."""
    gateway: str | None = subnet.spec.get("gateway")
    return gateway or str(ipaddress.ip_network(subnet.spec["cidr"])[1])


def settle(cloud: Cloud, fabric: Fabric, written: Iterable[FabricNetwork]) -> Mapping[str, DriverError]:
    """Have networks that were just written be what the store says now, if that is something else.

    Returns:
        Why not, by uid, of those that are not.
    """
    left = {network.uid: network for network in written}
    for _ in range(_TRIES):
        now = cloud.database.read(lambda tx, known=left: _read(tx, known))
        left = {uid: network for uid, network in now.items() if network != left[uid]}
        if not left:
            return {}
        if failed := fabric.ensure(list(left.values())):
            return failed
    message = "its network is changed as fast as it is written"
    return dict.fromkeys(left, Retryable("FabricChanged", message))


def _read(tx: Tx, known: Mapping[str, FabricNetwork]) -> dict[str, FabricNetwork]:
    surroundings = Surroundings(tx)
    found = objects.by_uids(tx, [(network.tenant_uid, uid) for uid, network in known.items()])
    return {uid: network_part(surroundings, record) for uid, record in found.items()}
