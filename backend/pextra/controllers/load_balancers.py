"""Load balancers: an address is claimed, members are found, then the fabric is told of both."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pextra.controllers import announcing, ways_out
from pextra.controllers.fabric_networks import gateway_of
from pextra.controllers.fabrics import NO_FABRIC, find_fabric
from pextra.controllers.fleet import Fleet
from pextra.controllers.outcome import Next, Outcome, failed, gone, waiting
from pextra.controllers.surroundings import Surroundings
from pextra.controllers.ways_out import Exhausted
from pextra.declaration import conditions
from pextra.declaration.kind import Spec
from pextra.drivers.convergence import port_uid
from pextra.drivers.interface import DriverError
from pextra.drivers.interface.fabric import BalancerMember, Fabric, FabricBalancer, HealthCheck, Listener
from pextra.errors import PextraError
from pextra.resources.load_balancer import MOST_MEMBERS
from pextra.services.cloud import Cloud
from pextra.store import addresses, objects
from pextra.store.addresses import Given
from pextra.store.database import Tx
from pextra.store.records import Record
from pextra.store.work import Item

_OWN: Final = 0
_ASKING: Final = 1
"""The card of an address by which members are asked whether they serve; that of its own is 0."""


class Lacking(Exception):
    """It cannot be reached for now: a reason, and words. Its address stays claimed."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


@dataclass(frozen=True, slots=True)
class Serving:
    """An instance's card that serves."""

    address: Given
    port_uid: str


@dataclass(frozen=True, slots=True)
class Balanced:
    """A load balancer that has its addresses.

    Attributes:
        surplus: addresses that it had, and is not to have.
        left_out: the names of instances that have no address to which it can send.
    """

    part: FabricBalancer
    surplus: list[Given]
    left_out: list[str]


class LoadBalancerController:
    """See the module."""

    part = 8

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def look(self, cloud: Cloud, items: Sequence[Item]) -> list[Outcome]:
        """See `Controller.look`."""
        found = cloud.database.read(lambda tx: objects.by_uids(tx, [(i.tenant_uid, i.uid) for i in items]))
        return [self._look_at(cloud, item, found.get(item.uid)) for item in items]

    def _look_at(self, cloud: Cloud, item: Item, record: Record | None) -> Outcome:
        if record is None:
            return gone(item)
        try:
            if record.deleting:
                _withdraw(self._fleet.fabric or self._fleet.simulated_fabric, record)

                def free(tx: Tx) -> None:
                    addresses.release(tx, record.tenant_uid, record.uid)

                return announcing.telling(cloud, Outcome(item, record, Next.REMOVE, also=free), record)
            fabric = find_fabric(cloud, self._fleet)
            if fabric is None:
                return waiting(item, record, "FabricUnready", NO_FABRIC, poll_s=30.0)
            spec = cloud.registry["load_balancer"].effective(record.spec, record.spec_version)
            try:
                balanced = cloud.database.write(lambda tx: _balance(tx, record, spec))
            except Lacking as lacking:
                _withdraw(fabric, record)
                return waiting(item, record, lacking.reason, lacking.message, poll_s=10.0)
            for error in fabric.ensure([balanced.part]).values():
                raise error
        except DriverError as error:
            return failed(item, record, error)
        return announcing.telling(cloud, _told(cloud, item, record, balanced), record)


def _told(cloud: Cloud, item: Item, record: Record, balanced: Balanced) -> Outcome:
    if balanced.surplus:  # the fabric has them no more

        def give_back(tx: Tx) -> None:
            for given in balanced.surplus:
                addresses.release_one(tx, given)

        cloud.database.write(give_back)
    members = sorted({member.address for each in balanced.part.listeners for member in each.members})
    facts: dict[str, Any] = {"address": balanced.part.address, "members": members}
    if balanced.left_out:
        message = f"In none of its router's networks, and left out: {', '.join(balanced.left_out)}."
        return Outcome(item, record, Next.DONE, [conditions.ready(False, "MemberUnreachable", message)], facts)
    return Outcome(item, record, Next.DONE, [conditions.ready(True, "Ready")], facts)


def _withdraw(fabric: Fabric, record: Record) -> None:
    for error in fabric.ensure_absent([record.uid]).values():
        raise error


def _balance(tx: Tx, record: Record, spec: Spec) -> Balanced:
    """Give the load balancer its addresses, and describe it.

    Raises:
        Lacking: nothing of it is stored.
    """
    surroundings = Surroundings(tx)
    router = surroundings.object(record.resolved[f"router/{spec['router']}"])
    if router is None or router.deleting or not router.status.get("addresses"):
        raise Lacking("ReferenceNotReady", f"Router {spec['router']!r} is in no network yet.")
    routed = {pin["uid"]: pin for name, pin in router.resolved.items() if name.startswith("network/")}
    held = addresses.of(tx, record.tenant_uid, record.uid)
    address = _address(surroundings, record, spec, router, routed, held)
    version = ipaddress.ip_address(address.address).version
    serving, left_out = _serving(surroundings, record, spec, set(routed), version)
    checked = any(listener.get("check") is not None for listener in spec["listeners"])
    asking = _asking(surroundings, record, serving, held) if checked else {}
    listeners = tuple(_listener(listener, serving, asking) for listener in spec["listeners"])
    part = FabricBalancer(
        record.uid, record.tenant_uid, address.address, listeners, tuple(sorted(routed)), (router.uid,)
    )
    return Balanced(part, [each for each in held if each not in (address, *asking.values())], left_out)


def _listener(spec: Mapping[str, Any], serving: Sequence[Serving], asking: Mapping[str, Given]) -> Listener:
    port = spec.get("to_port") or spec["port"]
    members = tuple(
        BalancerMember(
            each.address.address,
            port,
            each.port_uid,
            asking[each.address.subnet_uid].address if each.address.subnet_uid in asking else "",
        )
        for each in serving
    )
    check = HealthCheck(**spec["check"]) if spec.get("check") is not None else None
    return Listener(spec["protocol"], spec["port"], members, check, spec["affinity_s"])


def _address(
    surroundings: Surroundings,
    record: Record,
    spec: Spec,
    router: Record,
    routed: Mapping[str, Any],
    held: Sequence[Given],
) -> Given:
    """Where it is reached: claimed, if it is not yet.

    Raises:
        Lacking: it can have none.
    """
    tx, wanted = surroundings.tx, spec.get("address")
    if "network" not in spec:
        pin = next((pin for name, pin in router.resolved.items() if name.startswith("address_pool/")), None)
        pool = surroundings.object(pin) if pin is not None and router.status.get("outside") else None
        if pool is None:
            message = f"Router {router.name!r} has no way out: give it a `gateway`, or this load balancer a `network`."
            raise Lacking("NoRouter", message)
        try:
            for version in (4, 6) if wanted is None else (ipaddress.ip_address(wanted).version,):
                if (taken := ways_out.take(tx, record, pool, version, held, wanted)) is not None:
                    return taken[0]
        except Exhausted as exhausted:
            raise Lacking("AddressExhausted", exhausted.message) from exhausted
        raise Lacking("AddressExhausted", f"Pool {pool.name!r} has no address of that family.")
    pin = record.resolved[f"network/{spec['network']}"]
    if pin["uid"] not in routed:
        raise Lacking("NoRouter", f"Router {router.name!r} is not in network {spec['network']!r}.")
    subnets = sorted(surroundings.subnets(pin), key=lambda subnet: ":" in subnet.spec["cidr"])
    chosen = [s for s in subnets if wanted is None or _inside(wanted, s)]
    if not chosen:
        message = f"Network {spec['network']!r} has no subnet" + (f" with {wanted}." if wanted else " yet.")
        raise Lacking("ReferenceNotReady", message)
    for subnet in chosen:
        for given in held:
            if given.subnet_uid == subnet.uid and wanted in (None, given.address) and given.card == _OWN:
                return given
    return _take(tx, record, pin["uid"], chosen[0], card=_OWN, wanted=wanted)


def _take(tx: Tx, record: Record, network_uid: str, subnet: Record, *, card: int, wanted: str | None = None) -> Given:
    try:
        return addresses.take(
            tx,
            network_uid,
            subnet.uid,
            subnet.spec["cidr"],
            gateway_of(subnet),
            tenant_uid=record.tenant_uid,
            consumer_uid=record.uid,
            card=card,
            wanted=wanted,
        )
    except PextraError as error:
        if error.code not in ("object.conflict", "address.exhausted"):
            raise
        raise Lacking("AddressTaken" if wanted else "AddressExhausted", error.message) from error


def _inside(address: str, subnet: Record) -> bool:
    return ipaddress.ip_address(address) in ipaddress.ip_network(subnet.spec["cidr"])


def _asking(
    surroundings: Surroundings, record: Record, serving: Sequence[Serving], held: Sequence[Given]
) -> dict[str, Given]:
    """An address in each subnet of members, by the subnet's uid: whoever asks them whether they serve has it.

    Raises:
        Lacking: a subnet has none left.
    """
    found: dict[str, Given] = {}
    for each in serving:
        uid = each.address.subnet_uid
        if uid in found:
            continue
        kept = next((given for given in held if given.subnet_uid == uid and given.card == _ASKING), None)
        subnet = surroundings.object({"tenant_uid": record.tenant_uid, "uid": uid})
        if kept is not None:
            found[uid] = kept
        elif subnet is not None:
            found[uid] = _take(surroundings.tx, record, each.address.network_uid, subnet, card=_ASKING)
    return found


def _serving(
    surroundings: Surroundings, record: Record, spec: Spec, routed: set[str], version: int
) -> tuple[list[Serving], list[str]]:
    """The instances' cards that serve, in the order of their addresses, and the names of instances that cannot.

    Args:
        routed: the networks that the load balancer's router is in.
        version: of its address.
    """
    serving: dict[str, Serving] = {}
    left_out: list[str] = []
    for instance, card in _wanted(surroundings, record, spec):
        given = [g for g in addresses.of(surroundings.tx, instance.tenant_uid, instance.uid) if g.card == card]
        if not given:
            continue  # it has yet to be given its addresses
        fit = [g for g in given if g.network_uid in routed and ipaddress.ip_address(g.address).version == version]
        if not fit:
            left_out.append(instance.name)
        else:
            serving[fit[0].address] = Serving(fit[0], port_uid(instance.uid, card, fit[0].network_uid))
    return sorted(serving.values(), key=lambda s: int(ipaddress.ip_address(s.address.address))), sorted(set(left_out))


def _wanted(surroundings: Surroundings, record: Record, spec: Spec) -> Iterator[tuple[Record, int]]:
    for member in spec["members"]:
        instance = surroundings.object(record.resolved[f"instance/{member['instance']}"])
        if instance is not None and not instance.deleting:
            yield instance, member["card"]
    if spec["selector"]:
        terms = [objects.indexed("instance", f"label:{key}", [value]) for key, value in spec["selector"].items()]
        found = objects.page(
            surroundings.tx, [record.tenant_uid], "instance", conditions=terms, after=None, limit=MOST_MEMBERS
        )
        yield from ((instance, 0) for instance in found if not instance.deleting)
