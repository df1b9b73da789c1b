"""Routers: their addresses are given to them, then the fabric is told of them and of the networks that they join."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pextra.controllers import announcing, fabric_networks, ways_out
from pextra.controllers.fabric_networks import gateway_of, network_part
from pextra.controllers.fabrics import NO_FABRIC, find_fabric
from pextra.controllers.fleet import Fleet
from pextra.controllers.outcome import Next, Outcome, failed, gone, waiting
from pextra.controllers.surroundings import Surroundings
from pextra.controllers.ways_out import Exhausted, WayOut
from pextra.declaration import conditions
from pextra.declaration.kind import Spec
from pextra.drivers.interface import DriverError
from pextra.drivers.interface.fabric import (
    Fabric,
    FabricNetwork,
    FabricRouter,
    RouterInterface,
    StaticRoute,
    gateway_mac,
    mac_of,
)
from pextra.services.cloud import Cloud
from pextra.store import addresses, objects, references, work
from pextra.store.addresses import Given
from pextra.store.database import Tx
from pextra.store.records import Record
from pextra.store.work import Item


@dataclass(frozen=True, slots=True)
class Lack:
    """Why a router is not all that it should be: a reason and words."""

    reason: str
    message: str


class Refused(Exception):
    """A router cannot have what it should; it stays as it was."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.lack = Lack(reason, message)


@dataclass(frozen=True, slots=True)
class Provided:
    """A router that has its addresses.

    Attributes:
        surplus: addresses that it had and is not to have.
    """

    networks: list[FabricNetwork]
    router: FabricRouter
    surplus: list[Given]
    lacks: list[Lack]


class RouterController:
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
                outcome = _remove(cloud, self._fleet.fabric or self._fleet.simulated_fabric, item, record)
                return announcing.telling(cloud, outcome, record)
            fabric = find_fabric(cloud, self._fleet)
            if fabric is None:
                return waiting(item, record, "FabricUnready", NO_FABRIC, poll_s=30.0)
            spec = cloud.registry["router"].effective(record.spec, record.spec_version)
            return announcing.telling(cloud, _converge(cloud, fabric, item, record, spec), record)
        except Refused as refused:
            return waiting(item, record, refused.lack.reason, refused.lack.message, poll_s=10.0)
        except DriverError as error:
            return failed(item, record, error)


def _converge(cloud: Cloud, fabric: Fabric, item: Item, record: Record, spec: Spec) -> Outcome:
    provided = cloud.database.write(lambda tx: _provide(tx, record, spec))
    _ensure(cloud, fabric, provided.networks, [provided.router])
    if provided.surplus:  # the fabric has them no more
        _give_back(cloud, fabric, provided.surplus, record.tenant_uid)
    gateway = provided.router.gateway
    facts = {
        "addresses": [address for each in provided.router.interfaces for address in each.addresses],
        "outside": [text.partition("/")[0] for text in gateway.addresses] if gateway is not None else [],
    }
    changed = any(record.status.get(name, []) != value for name, value in facts.items())
    also = partial(_wake_users, record=record) if changed else None
    if provided.lacks:
        first = provided.lacks[0]
        condition = conditions.ready(False, first.reason, " ".join(lack.message for lack in provided.lacks))
        # whoever has an address tells nobody when it is free
        taken = any(lack.reason in ("AddressTaken", "AddressExhausted") for lack in provided.lacks)
        return Outcome(item, record, Next.FAILED if taken else Next.DONE, [condition], facts, delay_s=10.0, also=also)
    return Outcome(item, record, Next.DONE, [conditions.ready(True, "Ready")], facts, also=also)


def _remove(cloud: Cloud, fabric: Fabric, item: Item, record: Record) -> Outcome:
    """The addresses are free once the fabric has the router no more."""
    for error in fabric.ensure_absent([record.uid]).values():
        raise error
    held = cloud.database.read(lambda tx: addresses.of(tx, record.tenant_uid, record.uid))
    _give_back(cloud, fabric, held, record.tenant_uid)
    return Outcome(item, record, Next.REMOVE, also=partial(_wake_users, record=record))


def _wake_users(tx: Tx, record: Record) -> None:
    """Have the tenant's floating IPs and load balancers looked at, which lead by its routers."""
    found = objects.of_kind(tx, record.tenant_uid, "floating_ip")
    balancers = references.to(tx, record.tenant_uid, record.uid, kind="load_balancer")
    work.ask_many(tx, ((each.tenant_uid, each.uid, each.kind) for each in found if "pool" in each.spec))
    work.ask_many(tx, ((each.source_tenant_uid, each.source_uid, each.source_kind) for each in balancers))


def _give_back(cloud: Cloud, fabric: Fabric, surplus: Sequence[Given], tenant_uid: str) -> None:
    """Free addresses that a router no longer has; networks then answer for their gateways themselves again."""

    def free(tx: Tx) -> list[FabricNetwork]:
        for given in surplus:
            addresses.release_one(tx, given)
        for network_uid in {given.network_uid for given in surplus}:  # another router may wait for them
            others = references.to(tx, tenant_uid, network_uid, kind="router")
            work.ask_many(tx, ((r.source_tenant_uid, r.source_uid, r.source_kind) for r in others))
        surroundings = Surroundings(tx)
        found = objects.by_uids(tx, {(tenant_uid, given.network_uid) for given in surplus})
        return [network_part(surroundings, network) for network in found.values() if not network.deleting]

    _ensure(cloud, fabric, cloud.database.write(free))


def _ensure(
    cloud: Cloud, fabric: Fabric, networks: Sequence[FabricNetwork], routers: Sequence[FabricRouter] = ()
) -> None:
    """Have the networks in the fabric, as the store has them by the end, and routers.

    Raises:
        DriverError: one is not.
    """
    refused = [fabric.ensure([*networks, *routers]), fabric_networks.settle(cloud, fabric, networks)]
    for error in (error for failures in refused for error in failures.values()):
        raise error


def _provide(tx: Tx, record: Record, spec: Spec) -> Provided:
    """Give the router its addresses, and describe it.

    Raises:
        Refused: nothing of it may be stored.
    """
    surroundings = Surroundings(tx)
    held = addresses.of(tx, record.tenant_uid, record.uid)
    networks: list[Record] = []
    interfaces: list[RouterInterface] = []
    lacks: list[Lack] = []
    kept: list[Given] = []
    for entry in spec["interfaces"]:
        pin = record.resolved[f"network/{entry['network']}"]
        network = surroundings.object(pin)
        if network is None:
            raise Refused("ReferenceNotReady", f"Network {entry['network']!r} has gone.")
        networks.append(network)
        wanted = _wanted(entry, network, surroundings.subnets(pin))
        if not isinstance(wanted, Lack):
            wanted = _taken(tx, record, network, wanted) or wanted
        if isinstance(wanted, Lack):
            lacks.append(wanted)
            continue
        kept += [_given(tx, record, network, subnet, address, held) for address, subnet in wanted]
        interfaces.append(_interface(record, network, wanted, is_gateway=not entry["addresses"]))
    _refuse_overlaps(networks, surroundings)
    way_out = _way_out(surroundings, record, spec, interfaces, held)
    if isinstance(way_out, Lack):
        lacks.append(way_out)
    elif way_out is not None:
        kept += way_out.given
    claimed = {(each.network_uid, each.address) for each in kept}
    routes, unreachable = _routes(spec, interfaces)
    return Provided(
        networks=[network_part(surroundings, network) for network in networks],
        router=FabricRouter(
            record.uid,
            record.tenant_uid,
            tuple(interfaces),
            routes,
            way_out.gateway if isinstance(way_out, WayOut) else None,
        ),
        surplus=[each for each in held if (each.network_uid, each.address) not in claimed],
        lacks=[*lacks, *unreachable],
    )


def _way_out(
    surroundings: Surroundings,
    record: Record,
    spec: Spec,
    interfaces: Sequence[RouterInterface],
    held: Sequence[Given],
) -> WayOut | Lack | None:
    """The router's way to the world, or why it has none; None where it is to have none."""
    if "gateway" not in spec:
        return None
    name = spec["gateway"]["pool"]
    pool = surroundings.object(record.resolved[f"address_pool/{name}"])
    if pool is None or not pool.ready:
        return Lack("ReferenceNotReady", f"Address pool {name!r} is not ready.")
    try:
        return ways_out.provide(surroundings.tx, record, spec, pool, interfaces, held)
    except Exhausted as exhausted:
        return Lack("AddressExhausted", exhausted.message)


def _wanted(entry: Mapping[str, Any], network: Record, subnets: Sequence[Record]) -> list[tuple[str, Record]] | Lack:
    """The addresses that the router is to have in a network, with their subnets; or why it can have none."""
    if not subnets:
        return Lack("ReferenceNotReady", f"Network {network.name!r} has no subnet yet.")
    if not entry["addresses"]:
        return [(gateway_of(subnet), subnet) for subnet in subnets]
    found: list[tuple[str, Record]] = []
    for address in entry["addresses"]:
        inside = ipaddress.ip_address(address)
        subnet = next((s for s in subnets if inside in ipaddress.ip_network(s.spec["cidr"])), None)
        if subnet is None:
            message = f"Address {address} is in no subnet of network {network.name!r}: choose one that is."
            return Lack("ReferenceNotReady", message)
        if address == gateway_of(subnet):
            message = f"Address {address} is the gateway's of subnet {subnet.name!r}: leave `addresses` out to be it."
            return Lack("AddressTaken", message)
        range_ = ipaddress.ip_network(subnet.spec["cidr"])
        if inside in (range_.network_address, range_.broadcast_address):
            return Lack("AddressTaken", f"Address {address} can be nobody's in {range_}: choose another.")
        found.append((address, subnet))
    return found


def _taken(tx: Tx, record: Record, network: Record, wanted: Sequence[tuple[str, Record]]) -> Lack | None:
    """Whether somebody else has an address that the router is to have."""
    holders = addresses.holders(tx, network.uid, [address for address, _ in wanted])
    for address, key in sorted(holders.items()):
        if key[1] != record.uid:
            holder = objects.by_uids(tx, [key]).get(key[1])
            whose = f"{holder.kind} {holder.name!r}" if holder is not None else "somebody else"
            message = f"Address {address} in network {network.name!r} is that of {whose}: give the router another."
            return Lack("AddressTaken", message)
    return None


def _given(tx: Tx, record: Record, network: Record, subnet: Record, address: str, held: Sequence[Given]) -> Given:
    """The router's claim of an address that nobody else has, made if it is not there."""
    mine = Given(network.uid, subnet.uid, address, 0)
    if mine in held:
        return mine
    for old in held:  # of a subnet that was made anew
        if (old.network_uid, old.address) == (network.uid, address):
            addresses.release_one(tx, old)
    return addresses.take_for_router(
        tx, network.uid, subnet.uid, address, tenant_uid=record.tenant_uid, router_uid=record.uid
    )


def _interface(
    record: Record, network: Record, wanted: Sequence[tuple[str, Record]], *, is_gateway: bool
) -> RouterInterface:
    lengths = [(address, subnet.spec["cidr"].partition("/")[2]) for address, subnet in wanted]
    return RouterInterface(
        network_uid=network.uid,
        mac=gateway_mac(network.uid) if is_gateway else mac_of(f"router/{record.uid}/{network.uid}"),
        addresses=tuple(f"{address}/{length}" for address, length in lengths),
        mtu=network.spec.get("mtu", 1442),
    )


def _refuse_overlaps(networks: Sequence[Record], surroundings: Surroundings) -> None:
    """A packet to an address that two networks have could go to either.

    Raises:
        Refused: two do.
    """
    seen: list[tuple[Any, Record]] = []
    for network in networks:
        pin = {"tenant_uid": network.tenant_uid, "uid": network.uid}
        for subnet in surroundings.subnets(pin):
            mine = ipaddress.ip_network(subnet.spec["cidr"])
            for other, whose in seen:
                if whose is not network and mine.overlaps(other):
                    message = (
                        f"Networks {whose.name!r} and {network.name!r} overlap ({other} and {mine}): one router cannot "
                        "join both."
                    )
                    raise Refused("NetworksOverlap", message)
            seen.append((mine, network))


def _routes(spec: Spec, interfaces: Sequence[RouterInterface]) -> tuple[tuple[StaticRoute, ...], list[Lack]]:
    """The routes that lead to a network of the router's, and why the others do not."""
    ranges = [ipaddress.ip_interface(address).network for each in interfaces for address in each.addresses]
    routes: list[StaticRoute] = []
    lacks: list[Lack] = []
    for route in spec["routes"]:
        to, via = route["destination"], route["next_hop"]
        if any(ipaddress.ip_address(via) in range_ for range_ in ranges):
            routes.append(StaticRoute(to, via))
        else:
            message = f"Route {to} leads to {via}, which is in none of the router's networks."
            lacks.append(Lack("NextHopUnreachable", message))
    return tuple(routes), lacks
