"""Giving instances hosts: a batch is planned on one snapshot and committed if it still holds."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from pextra.controllers.surroundings import Surroundings
from pextra.declaration import conditions
from pextra.declaration.kind import Spec
from pextra.errors import PextraError
from pextra.scheduling.place import Placement, place_batch
from pextra.services import placement, status
from pextra.services.cloud import Cloud
from pextra.services.hosts_in_view import HostsInView
from pextra.services.placement import Bound
from pextra.store import addresses, allocations, cells, objects, work
from pextra.store.addresses import Given
from pextra.store.allocations import HostRow
from pextra.store.database import Tx
from pextra.store.records import Record

MOST_WAITING: Final = 16
"""How many of those that wait are tried when there may be room; who comes after them tries by itself."""


@dataclass(frozen=True, slots=True)
class Unplaced:
    """An instance that wants a host."""

    record: Record
    spec: Spec
    bound: Bound


@dataclass(slots=True)
class Placed:
    """What came of a batch: the records as stored, and why the others were not placed."""

    records: dict[str, Record] = field(default_factory=dict[str, Record])
    refused: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])


def place(cloud: Cloud, hosts: HostsInView, wanted: Sequence[Unplaced]) -> Placed:
    """Place the instances; each choice is checked again by the statement that takes the capacity.

    When there may be more room than before, those that wait are placed with them, by rank. They are told of, too, and
    have to be looked at.
    """
    result = Placed()
    if not wanted:
        return result
    wanted = sorted(wanted, key=rank)
    requests = [placement.request_of(u.record, u.spec, u.bound) for u in wanted]
    hosts.look(cloud.database, requests)
    if hosts.made_room:
        uids = {u.record.uid for u in wanted}
        waiting = cloud.database.read(lambda tx: _waiting(cloud, tx, uids))
        hosts.made_room = False
        wanted = sorted([*wanted, *waiting], key=rank)
        requests = [placement.request_of(u.record, u.spec, u.bound) for u in wanted]
    chosen: list[Choice] = []
    for unplaced, decision in zip(wanted, place_batch(hosts.snapshot, requests), strict=True):
        if isinstance(decision, Placement):
            chosen.append(Choice(unplaced, hosts[decision.host_uid], decision))
        else:
            result.refused[unplaced.record.uid] = placement.explained(decision)
    result.records |= _commit(cloud, chosen)
    if len(wanted) > MOST_WAITING and chosen:
        hosts.made_room = True  # perhaps there is room for those who come after
    return result


def rank(unplaced: Unplaced) -> tuple[int, str]:
    """By which the first come first: the highest priority, then the oldest, for uids rise with time."""
    return -unplaced.spec["priority"], unplaced.record.uid


def unplaced_of(tx: Tx, record: Record, spec: Spec) -> Unplaced | None:
    """The instance as one that wants a host; None while its image is not ready.

    Raises:
        ValueError: its volumes are on different hosts.
    """
    bound = placement.bound_by(placement.used_objects(tx, record, spec), record, spec)
    return Unplaced(record, spec, bound) if bound is not None else None


def _waiting(cloud: Cloud, tx: Tx, but: Collection[str]) -> list[Unplaced]:
    """The first of those that wait for room."""
    first = work.waiters(tx, limit=MOST_WAITING, but=but)
    records = objects.by_uids(tx, [(each.tenant_uid, each.uid) for each in first])
    kind = cloud.registry["instance"]
    found: list[Unplaced] = []
    for record in records.values():
        if record.deleting or record.status.get("host_uid"):
            continue
        with suppress(ValueError):
            unplaced = unplaced_of(tx, record, kind.effective(record.spec, record.spec_version))
            found += [unplaced] if unplaced is not None else []
    return found


@dataclass(frozen=True, slots=True)
class Choice:
    """An instance, and the host that was chosen for it."""

    unplaced: Unplaced
    host: HostRow
    placement: Placement


def _commit(cloud: Cloud, chosen: Sequence[Choice]) -> dict[str, Record]:
    """Take the capacity of each choice that still holds; the others are left for the next look."""
    if not chosen:
        return {}
    try:
        return cloud.database.write(lambda tx: _take_all(cloud, tx, chosen))
    except PextraError as error:
        if error.code != "store.contention" or len(chosen) == 1:
            raise
    middle = len(chosen) // 2  # a smaller transaction meets fewer others
    return _commit(cloud, chosen[:middle]) | _commit(cloud, chosen[middle:])


def _take_all(cloud: Cloud, tx: Tx, chosen: Sequence[Choice]) -> dict[str, Record]:
    stored: dict[str, Record] = {}
    for choice in chosen:
        unplaced, host, record = choice.unplaced, choice.host, choice.unplaced.record
        held = allocations.of(tx, record.tenant_uid, record.uid)
        if held is not None:
            continue  # an earlier look placed it and its loop died before it could say so
        amounts = placement.amounts_of(unplaced.spec, record.resolved)
        claims = placement.claims_of(choice.placement)
        if not placement.group_holds(tx, choice.placement):
            continue
        group = placement.group_of(unplaced.spec, record.resolved)
        if not allocations.take(
            tx,
            host.uid,
            record.tenant_uid,
            record.uid,
            amounts,
            placement_group_uid=group.uid if group is not None else None,
            gpus=claims,
            cell=choice.placement.cell,
        ):
            continue
        why = placement.explained(choice.placement)
        facts: dict[str, Any] = {"host": host.name, "host_uid": host.uid, "pool": host.pool, "placement": why}
        if claims:
            facts["gpus"] = placement.given_gpus(host, claims)
        if given := placement.given_cells(cells.claims_of(tx, record.tenant_uid, record.uid)):
            facts["numa"] = given
        waiting = [conditions.ready(False, "Placed", f"Placed on host {host.name}.")]
        try:
            stored[record.uid] = status.report(cloud, tx, record, facts, waiting)
        except status.Stale:
            allocations.release(tx, record.tenant_uid, record.uid)
    return stored


def tell_cells(cloud: Cloud, tx: Tx, record: Record) -> Record:
    """Have the instance tell what it has of its host's NUMA cells, which a new size changes; the record as stored."""
    given = placement.given_cells(cells.claims_of(tx, record.tenant_uid, record.uid))
    if record.status.get("numa", []) == given:
        return record
    generation = record.status["observed_generation"]
    return status.report(cloud, tx, record, {"numa": given}, record.status["conditions"], generation=generation)


@dataclass(frozen=True, slots=True)
class Provided:
    """What a placed instance was given.

    Attributes:
        record: the instance as stored.
        given: its addresses, in the order of its cards.
        surplus: addresses that it holds and is to give back when its guest no longer uses them.
        first: reason and message of what has to come first; nothing was given then.
    """

    record: Record
    given: list[Given] = field(default_factory=list[Given])
    surplus: list[Given] = field(default_factory=list[Given])
    first: tuple[str, str] | None = None


def provide(cloud: Cloud, surroundings: Surroundings, record: Record, spec: Spec, host: HostRow) -> Provided:
    """Give a placed instance what it needs of the cloud on its host: its volumes and its addresses.

    Raises:
        PextraError: `address.exhausted`, `object.conflict`.
        Stale: somebody else reported on the instance or a volume.
    """
    tx = surroundings.tx
    wanted = [record.resolved[f"volume/{name}"] for name in spec["volumes"]]
    volumes = objects.by_uids(tx, [(p["tenant_uid"], p["uid"]) for p in wanted])
    held = list(record.status.get("volumes", []))
    for pin in wanted:
        volume = volumes.get(pin["uid"])
        if volume is None:
            return Provided(record, first=("ReferenceNotReady", "It waits: a volume has gone."))
        owner = volume.status.get("attached_to", "")
        if owner not in ("", record.uid):
            message = f"It waits: volume {volume.name!r} is still attached to another instance."
            return Provided(record, first=("ReferenceNotReady", message))
        if volume.status.get("pool", "") not in ("", host.pool):
            message = (
                f"Volume {volume.name!r} is where the instance's host does not reach it: take it off the instance."
            )
            return Provided(record, first=("VolumesOnDifferentHosts", message))
    for pin in wanted:
        volume = volumes[pin["uid"]]
        if volume.status.get("attached_to", "") == "":
            bind(cloud, tx, volume, record.uid, host)
        if pin["uid"] not in held:
            held.append(pin["uid"])
    given, surplus = assign_addresses(surroundings, record, spec)
    facts = {"addresses": [g.address for g in given], "volumes": held}
    if any(record.status.get(k) != v for k, v in facts.items()):
        record = status.report(
            cloud,
            tx,
            record,
            facts,
            record.status["conditions"],
            generation=record.status["observed_generation"],
        )
    return Provided(record, given, surplus)


def bind(cloud: Cloud, tx: Tx, volume: Record, instance_uid: str, host: HostRow) -> None:
    """Attach the volume to the instance, and at its first use to the host's pool, where a loop then makes it."""
    facts: dict[str, Any] = {"attached_to": instance_uid}
    reported = volume.status["conditions"]
    if not volume.status.get("pool"):
        facts |= {"pool": host.pool, "host": "" if host.pool_shared else host.uid}
        reported = [conditions.ready(False, "Converging", f"To be made in pool {host.pool}.")]
        work.ask(tx, volume.tenant_uid, volume.uid, "volume")
    status.report(cloud, tx, volume, facts, reported, generation=volume.status["observed_generation"])


def let_go(cloud: Cloud, tx: Tx, instance_uid: str, volume: Record) -> None:
    """Detach the volume from the instance and have those look again that may wait for it."""
    if volume.status.get("attached_to") != instance_uid:
        return
    after = status.report(
        cloud,
        tx,
        volume,
        {"attached_to": ""},
        volume.status["conditions"],
        generation=volume.status["observed_generation"],
    )
    work.ask(tx, volume.tenant_uid, volume.uid, "volume")
    status.wake_referrers(cloud, tx, after)


def assign_addresses(surroundings: Surroundings, record: Record, spec: Spec) -> tuple[list[Given], list[Given]]:
    """Give each card an address of each family that its network's subnets have.

    Returns:
        The cards' addresses, and those that no card has any more.
    """
    tx = surroundings.tx
    held = addresses.of(tx, record.tenant_uid, record.uid)
    if not spec["networks"] and not held:
        return [], []
    kept: list[Given] = []
    taken: list[Given] = []
    for card, entry in enumerate(spec["networks"]):
        pin = record.resolved[f"network/{entry['network']}"]
        subnets = surroundings.subnets(pin)
        for version in (4, 6):
            family = [s for s in subnets if ipaddress.ip_network(s.spec["cidr"]).version == version]
            mine = next((g for g in held if g.card == card and any(g.subnet_uid == s.uid for s in family)), None)
            wanted = entry.get("address")
            if wanted is not None and ipaddress.ip_address(wanted).version != version:
                wanted = None
            if mine is not None and (wanted is None or mine.address == wanted):
                kept.append(mine)
            elif family:
                taken.append(_take(tx, record, card, pin["uid"], family, wanted))
    given = sorted([*kept, *taken], key=lambda g: (g.card, ":" in g.address))
    return given, [g for g in held if g not in kept]


def _take(tx: Tx, record: Record, card: int, network_uid: str, family: list[Record], wanted: str | None) -> Given:
    if wanted is not None:
        family = [s for s in family if ipaddress.ip_address(wanted) in ipaddress.ip_network(s.spec["cidr"])]
        if not family:
            raise PextraError("object.conflict", f"Address {wanted} is in no subnet of the network: choose another.")
    last: PextraError | None = None
    for subnet in family:
        try:
            return addresses.take(
                tx,
                network_uid,
                subnet.uid,
                subnet.spec["cidr"],
                subnet.spec.get("gateway"),
                tenant_uid=record.tenant_uid,
                consumer_uid=record.uid,
                card=card,
                wanted=wanted,
            )
        except PextraError as error:
            last = error
    assert last is not None
    raise last
