"""Floating IPs of address pools: an address outside is claimed, then the fabric leads it to a card of the instance."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pextra.controllers import announcing, ways_out
from pextra.controllers.fabric_networks import gateway_of
from pextra.controllers.fabrics import NO_FABRIC, find_fabric, is_simulated
from pextra.controllers.fleet import Fleet
from pextra.controllers.outcome import Next, Outcome, failed, waiting
from pextra.controllers.ways_out import Exhausted, ranges_of
from pextra.declaration import conditions
from pextra.declaration.kind import Spec
from pextra.drivers.convergence import port_uid
from pextra.drivers.interface import DriverError
from pextra.drivers.interface.fabric import Fabric, FloatingAddress, mac_of
from pextra.services.cloud import Cloud
from pextra.store import addresses, objects
from pextra.store.addresses import Given
from pextra.store.database import Tx
from pextra.store.records import Record
from pextra.store.work import Item


class Lacking(Exception):
    """The address leads nowhere for now: a reason, and words. It stays claimed."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


@dataclass(frozen=True, slots=True)
class Led:
    """An address outside that is to lead to a card.

    Attributes:
        surplus: addresses that it had, and is not to have.
    """

    part: FloatingAddress
    host: str
    surplus: list[Given]


def look_at(cloud: Cloud, fleet: Fleet, item: Item, record: Record, spec: Spec) -> Outcome:
    """See `Controller.look`, for one whose spec has a pool."""
    try:
        if record.deleting:
            return _remove(cloud, fleet.fabric or fleet.simulated_fabric, item, record)
        fabric = find_fabric(cloud, fleet)
        if fabric is None:
            return waiting(item, record, "FabricUnready", NO_FABRIC, poll_s=30.0)
        simulated = is_simulated(fleet, fabric)
        try:
            led = cloud.database.write(lambda tx: _lead(cloud, tx, record, spec, simulated=simulated))
        except Lacking as lacking:
            _withdraw(fabric, record)
            waits = waiting(item, record, lacking.reason, lacking.message, poll_s=10.0)
            return announcing.telling(cloud, replace(waits, facts={"host": ""}), record)
        for error in fabric.ensure([led.part]).values():
            raise error
        if led.surplus:  # they lead nowhere any more
            cloud.database.write(lambda tx: _give_back(tx, led.surplus))
    except DriverError as error:
        return failed(item, record, error)
    facts: dict[str, Any] = {"address": led.part.outside, "endpoints": [], "host": led.host}
    return announcing.telling(cloud, Outcome(item, record, Next.DONE, [conditions.ready(True, "Ready")], facts), record)


def _remove(cloud: Cloud, fabric: Fabric, item: Item, record: Record) -> Outcome:
    """The address is free once it leads nowhere."""
    _withdraw(fabric, record)

    def free(tx: Tx) -> None:
        addresses.release(tx, record.tenant_uid, record.uid)

    return announcing.telling(cloud, Outcome(item, record, Next.REMOVE, also=free), record)


def _give_back(tx: Tx, surplus: Sequence[Given]) -> None:
    for given in surplus:
        addresses.release_one(tx, given)


def _withdraw(fabric: Fabric, record: Record) -> None:
    for error in fabric.ensure_absent([record.uid]).values():
        raise error


def _lead(cloud: Cloud, tx: Tx, record: Record, spec: Spec, *, simulated: bool) -> Led:
    """Claim the address, and find where it leads.

    Raises:
        Lacking: it can lead nowhere.
    """
    pool = _found(tx, record, f"address_pool/{spec['pool']}")
    instance = _found(tx, record, f"instance/{spec['instance']}")
    if pool is None or not pool.ready:
        raise Lacking("ReferenceNotReady", f"Address pool {spec['pool']!r} is not ready.")
    host_uid = instance.status.get("host_uid") if instance is not None else None
    host = objects.by_uid(tx, cloud.site.uid, host_uid) if host_uid else None
    if instance is None or host is None:
        raise Lacking("ReferenceNotReady", f"Instance {spec['instance']!r} has no host yet.")
    if not simulated and not host.status.get("fabric_host"):
        message = (
            f"Host {host.name!r} has networks of its own: there a floating IP forwards `ports`, and has no `pool`."
        )
        raise Lacking("ForwardUnsupported", message)
    versions = [range_.network.version for range_ in ranges_of(pool.spec)]
    given = addresses.of(tx, record.tenant_uid, instance.uid)
    inside = next((g for g in given if g.card == spec["card"] and _version(g.address) in versions), None)
    if inside is None:
        message = f"Card {spec['card']} of instance {spec['instance']!r} has no address of a family that the pool has."
        raise Lacking("ReferenceNotReady", message)
    router = _router(tx, record, inside, pool)
    held = addresses.of(tx, record.tenant_uid, record.uid)
    try:
        taken = ways_out.take(tx, record, pool, _version(inside.address), held, spec.get("address"))
    except Exhausted as exhausted:
        raise Lacking("AddressExhausted", exhausted.message) from exhausted
    assert taken is not None
    outside, _ = taken
    part = FloatingAddress(
        uid=record.uid,
        tenant_uid=record.tenant_uid,
        router_uid=router.uid,
        outside=outside.address,
        inside=inside.address,
        port_uid=port_uid(instance.uid, inside.card, inside.network_uid),
        mac=mac_of(f"floating/{record.uid}"),
    )
    return Led(part, host.name, [each for each in held if each != outside])


def _router(tx: Tx, record: Record, inside: Given, pool: Record) -> Record:
    """The router by which the card goes out to the pool.

    Raises:
        Lacking: there is none.
    """
    subnet = objects.by_uid(tx, record.tenant_uid, inside.subnet_uid)
    network = objects.by_uid(tx, record.tenant_uid, inside.network_uid)
    if subnet is None or network is None:
        raise Lacking("ReferenceNotReady", "The network of the instance's card has gone.")
    holders = addresses.holders(tx, inside.network_uid, [gateway_of(subnet)])
    router = next(iter(objects.by_uids(tx, holders.values()).values()), None)
    if router is None or router.deleting or router.kind != "router":
        raise Lacking("NoRouter", f"No router is the gateway of network {network.name!r}: make one, with this pool.")
    pins = [pin for name, pin in router.resolved.items() if name.startswith("address_pool/")]
    if pool.uid not in [pin["uid"] for pin in pins] or not router.status.get("outside"):
        message = f"Router {router.name!r} of network {network.name!r} does not go out to pool {pool.name!r}."
        raise Lacking("NoRouter", message)
    return router


def _found(tx: Tx, record: Record, reference: str) -> Record | None:
    pin = record.resolved.get(reference)
    return objects.by_uid(tx, pin["tenant_uid"], pin["uid"]) if pin is not None else None


def _version(address: str) -> int:
    return ipaddress.ip_address(address).version
