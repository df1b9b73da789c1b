"""Instances: placed, provided for, made true on their hosts, and taken away."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pextra.controllers import assembly, fabric_ports, guest_health, host_gpus, peers, placing, remote
from pextra.controllers.fleet import Fleet
from pextra.controllers.floating_ips import forwards_to
from pextra.controllers.outcome import Next, Outcome, failed, gone, waiting
from pextra.controllers.placing import Unplaced
from pextra.controllers.surroundings import Surroundings
from pextra.declaration import conditions
from pextra.declaration.kind import Spec
from pextra.drivers import convergence
from pextra.drivers.convergence import Convergence, DesiredGuest, HostDrivers
from pextra.drivers.interface import AgentReport, DriverError, Power, StopCause
from pextra.drivers.interface.fabric import Fabric, Part
from pextra.errors import RETRYABLE, PextraError
from pextra.services import placement, status
from pextra.services.cloud import Cloud
from pextra.services.hosts_in_view import HostsInView
from pextra.services.revealing import takes_user_data
from pextra.store import addresses, allocations, objects, work
from pextra.store.addresses import Given
from pextra.store.assignments import Assignment
from pextra.store.database import Tx
from pextra.store.records import Record
from pextra.store.work import Item


@dataclass(frozen=True, slots=True)
class Looked:
    """An instance as it was read."""

    item: Item
    record: Record
    spec: Spec


class InstanceController:
    """See the module."""

    part = 16

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._asked_to_stop: dict[str, float] = {}
        self._placing = threading.Lock()
        self._hosts = HostsInView()

    def look(self, cloud: Cloud, items: Sequence[Item]) -> list[Outcome]:
        """See `Controller.look`."""
        found = cloud.database.read(lambda tx: objects.by_uids(tx, [(i.tenant_uid, i.uid) for i in items]))
        outcomes: list[Outcome] = []
        present: list[Looked] = []
        kind = cloud.registry["instance"]
        for item in items:
            record = found.get(item.uid)
            if record is None:
                outcomes.append(gone(item))
            elif record.deleting:
                outcomes.append(self._remove(cloud, item, record))
            else:
                present.append(Looked(item, record, kind.effective(record.spec, record.spec_version)))
        placed, refused = self._place(cloud, [p for p in present if not p.record.status.get("host_uid")])
        outcomes += refused
        ready = placed + [p for p in present if p.record.status.get("host_uid")]
        return outcomes + self._converge(cloud, ready)

    # --- placing ---

    def _place(self, cloud: Cloud, wanted: Sequence[Looked]) -> tuple[list[Looked], list[Outcome]]:
        outcomes: list[Outcome] = []
        unplaced: dict[str, tuple[Looked, Unplaced]] = {}
        if not wanted:
            return [], outcomes
        used = cloud.database.read(
            lambda tx: {w.record.uid: placement.used_objects(tx, w.record, w.spec) for w in wanted}
        )
        for looked in wanted:
            item, record, spec = looked.item, looked.record, looked.spec
            try:
                bound = placement.bound_by(used[record.uid], record, spec)
            except ValueError:
                message = "Its volumes are on different hosts: an instance can use only volumes that one host reaches."
                outcomes.append(waiting(item, record, "VolumesOnDifferentHosts", message, poll_s=5.0))
                continue
            if bound is None:
                outcomes.append(waiting(item, record, "ReferenceNotReady", f"Image {spec['image']!r} is not ready."))
                continue
            unplaced[record.uid] = (looked, Unplaced(record, spec, bound))
        with self._placing:  # so that the next batch of this process sees where this one went
            done = placing.place(cloud, self._hosts, [u for _, u in unplaced.values()])
        placed: list[Looked] = []
        for uid, (looked, _) in unplaced.items():
            if uid in done.records:
                placed.append(Looked(looked.item, done.records[uid], looked.spec))
            elif uid in done.refused:
                why = done.refused[uid]
                outcome = waiting(looked.item, looked.record, "NoCapacity", why["why"], poll_s=2.0)
                outcomes.append(replace(outcome, facts={"placement": why}, waits=looked.spec["priority"]))
            else:  # somebody was quicker: look again at once
                outcomes.append(Outcome(looked.item, looked.record, Next.LATER, delay_s=0.0))
        if others := [record for uid, record in done.records.items() if uid not in unplaced]:
            keys = [(record.tenant_uid, record.uid, record.kind) for record in others]
            cloud.database.write(lambda tx: work.ask_many(tx, keys))
        return placed, outcomes

    # --- converging ---

    def _converge(self, cloud: Cloud, looked: Sequence[Looked]) -> list[Outcome]:
        """Provide for placed instances in one transaction, then act on their hosts."""
        if not looked:
            return []
        try:
            prepared = cloud.database.write(lambda tx: _prepare_all(cloud, tx, looked))
        except (status.Stale, PextraError):
            prepared = [_prepare_alone(cloud, one) for one in looked]
        if any(isinstance(ready, Prepared) and ready.parts for ready in prepared):
            prepared = self._plug(cloud, looked, prepared)
        outcomes: list[Outcome] = []
        for one, ready in zip(looked, prepared, strict=True):
            if isinstance(ready, Outcome):
                outcomes.append(ready)
                continue
            if ready.assigned is not None:
                outcomes.append(self._reported(cloud, one.item, ready, ready.assigned))
                continue
            drivers = self._fleet.drivers(ready.host)
            if drivers is None:
                outcomes.append(_unreached(one.item, ready.record))
                continue
            try:
                outcomes.append(self._act(cloud, one.item, ready, drivers))
            except DriverError as error:
                outcomes.append(failed(one.item, ready.record, error))
        return outcomes

    def _plug(
        self, cloud: Cloud, looked: Sequence[Looked], prepared: Sequence[Prepared | Outcome]
    ) -> list[Prepared | Outcome]:
        """Have the fabric know the guests before their hosts start them, and then the hosts."""
        fabric = self._fleet.fabric
        wanted = {ready.record.uid: ready.parts for ready in prepared if isinstance(ready, Prepared) and ready.parts}
        refused = fabric_ports.ensure(cloud, fabric, wanted) if fabric is not None else {}
        done: list[Prepared | Outcome] = []
        for one, ready in zip(looked, prepared, strict=True):
            if isinstance(ready, Outcome) or not ready.parts:
                done.append(ready)
            elif fabric is None:
                done.append(_unreached(one.item, ready.record))
            elif ready.record.uid in refused:
                done.append(failed(one.item, ready.record, refused[ready.record.uid]))
            else:
                done.append(_assign_alone(cloud, one, ready))
        return done

    def _reported(self, cloud: Cloud, item: Item, prepared: Prepared, assigned: Assignment) -> Outcome:
        """What the agent of the instance's host made of it."""
        report = remote.report_of(assigned)
        if report is None or (report.failure is None and report.guest is None):
            return remote.unanswered(cloud, item, prepared.record, prepared.host)
        if report.failure is not None:
            return remote.reported_failure(item, prepared.record, report.failure)
        assert report.guest is not None
        if not prepared.parts or self._fleet.fabric is None:
            return _outcome(cloud, item, prepared, report.guest, Next.DONE, report.told)
        try:
            result = _in_fabric(self._fleet.fabric, prepared, report.guest)
        except DriverError as error:
            return failed(item, prepared.record, error)
        again = Next.DONE if result is report.guest else Next.FAILED
        return _outcome(cloud, item, prepared, result, again, report.told)

    def _act(self, cloud: Cloud, item: Item, prepared: Prepared, drivers: HostDrivers) -> Outcome:
        record, desired = prepared.record, prepared.desired
        now = cloud.database.clock.monotonic()
        asked = self._asked_to_stop.get(record.uid)
        late = asked is not None and now - asked > desired.stop_timeout_s
        result = convergence.converge(desired, drivers, force=late)
        if result.reason == "Stopping":
            self._asked_to_stop.setdefault(record.uid, now)
        else:
            self._asked_to_stop.pop(record.uid, None)
        again = Next.DONE if result.settled else Next.FAILED if result.disk_problems else Next.LATER
        return _outcome(cloud, item, prepared, result, again, _asked(drivers, result))

    # --- removing ---

    def _remove(self, cloud: Cloud, item: Item, record: Record) -> Outcome:
        host = _host_of(cloud, record)
        if host is not None and remote.has_agent(host):
            waits = remote.take_away(cloud, item, record, host)
            if waits is not None:
                return waits
        elif host is not None:
            drivers = self._fleet.drivers(host)
            if drivers is None:
                return _unreached(item, record)
            try:
                convergence.remove(record.uid, record.tenant_uid, drivers)
            except DriverError as error:
                return failed(item, record, error)
        self._asked_to_stop.pop(record.uid, None)
        if self._fleet.fabric is not None and record.status.get("host_uid"):
            try:
                fabric_ports.remove(self._fleet.fabric, _ports(cloud, record))
            except DriverError as error:
                return failed(item, record, error)

        def also(tx: Tx) -> None:
            allocations.release(tx, record.tenant_uid, record.uid)
            addresses.release(tx, record.tenant_uid, record.uid)
            if host is not None:
                peers.wake(tx, host, peers.groups_of(record))
            _let_go(cloud, tx, record, record.status.get("volumes", []))
            status.wake_balancers(tx, record)
            if record.status.get("host_uid"):
                work.wake_first_waiter(tx)

        return Outcome(item, record, Next.REMOVE, also=also)


def _host_of(cloud: Cloud, record: Record) -> Record | None:
    """The host that the instance is on; None when it is on none, or on one that has gone."""
    if not record.status.get("host_uid"):
        return None
    return cloud.database.read(lambda tx: objects.by_uid(tx, cloud.site.uid, record.status["host_uid"]))


def _ports(cloud: Cloud, record: Record) -> set[str]:
    """Every port that the instance can have in the fabric."""
    spec = cloud.registry["instance"].effective(record.spec, record.spec_version)
    given = cloud.database.read(lambda tx: addresses.of(tx, record.tenant_uid, record.uid))
    return fabric_ports.ports_of(record, spec) | fabric_ports.ports_with(record, given)


_STILL_PLUGGED: Final = frozenset({"Stopping", "DetachPending", "RestartRequired"})
"""While a guest has yet to let its old cards go, their addresses are nobody else's."""


def _in_fabric(fabric: Fabric, prepared: Prepared, result: Convergence) -> Convergence:
    """What was found of the guest, and of its cards in the fabric.

    Raises:
        DriverError: the fabric could not do it.
    """
    record, desired = prepared.record, prepared.desired
    if result.reason not in _STILL_PLUGGED:
        staying = {card.port.uid for card in desired.cards}
        fabric_ports.remove(fabric, fabric_ports.ports_with(record, prepared.surplus) - staying)
    if not result.ready or result.observed.power is not Power.RUNNING:
        return result
    cards = fabric_ports.unplugged(fabric, desired)
    if not cards:
        return result
    which = ", ".join(map(str, cards))
    message = f"It runs, and its host has not plugged its card {which} in: see to ovn-controller there."
    return replace(result, ready=False, reason="Unplugged", message=message)


def _asked(drivers: HostDrivers, result: Convergence) -> AgentReport | None:
    """What the guest says of itself; None when nobody answers."""
    if result.observed.power is not Power.RUNNING:
        return None
    try:
        return drivers.compute.observe_agent(result.observed.uid)
    except DriverError:
        return None  # the guest is no worse for it


def _outcome(
    cloud: Cloud, item: Item, prepared: Prepared, result: Convergence, again: Next, told: AgentReport | None
) -> Outcome:
    """What to store of a guest as it was found after it was looked at."""
    record, desired, seen = prepared.record, prepared.desired, result.observed
    cause = "" if seen.power is not Power.OFF or seen.stop_cause is None else seen.stop_cause.value
    if not desired.powered and seen.power is Power.OFF:
        cause = StopCause.REQUESTED.value
    facts: dict[str, Any] = {"power": seen.power.value, "boots": seen.boots, "stop_cause": cause}
    if seen.rebuilds or record.status.get("rebuilds"):
        facts["rebuilds"] = list(seen.rebuilds)
    if record.status.get("rebuild_act") in seen.rebuilds:
        facts["rebuild_act"] = ""
    if desired.devices:
        facts["gpus"] = host_gpus.with_functions(record.status.get("gpus", []), desired.devices)
    surplus = [uid for uid in record.status.get("volumes", []) if uid not in desired.volume_uids]
    free = [uid for uid in surplus if uid not in seen.disk_uids]
    if free:
        facts["volumes"] = [uid for uid in record.status["volumes"] if uid not in free]

    def also(tx: Tx) -> None:
        _let_go(cloud, tx, record, free)
        if prepared.surplus and result.reason not in _STILL_PLUGGED:
            for given in prepared.surplus:
                addresses.release_one(tx, given)
            peers.wake(tx, prepared.host, peers.groups_of(record))

    health, found = guest_health.told(result, record.status, int(cloud.database.clock.now() * 1_000_000))
    reported = [conditions.ready(result.ready, result.reason, result.message), *health]
    facts |= found | guest_health.claims(result, record.status, told)
    return Outcome(item, record, again, reported, facts, delay_s=0.5, also=also)


@dataclass(frozen=True, slots=True)
class Prepared:
    """An instance that has what it needs of the cloud."""

    record: Record
    desired: DesiredGuest
    host: Record
    surplus: list[Given]
    assigned: Assignment | None = None  # to the host's agent, where it has one
    parts: tuple[Part, ...] = ()  # of the fabric into which its host plugs it


def _prepare_all(cloud: Cloud, tx: Tx, looked: Sequence[Looked]) -> list[Prepared | Outcome]:
    surroundings = Surroundings(tx)
    return [_prepare(cloud, surroundings, one) for one in looked]


def _prepare_alone(cloud: Cloud, one: Looked) -> Prepared | Outcome:
    """As `_prepare`, with what it refuses as an outcome."""
    try:
        return cloud.database.write(lambda tx: _prepare(cloud, Surroundings(tx), one))
    except status.Stale:
        return Outcome(one.item, one.record, Next.LATER, delay_s=0.0)
    except PextraError as error:
        if error.code in RETRYABLE:
            raise
        reason = "AddressExhausted" if error.code == "address.exhausted" else "Converging"
        return waiting(one.item, one.record, reason, error.message, poll_s=5.0)


def _prepare(cloud: Cloud, surroundings: Surroundings, one: Looked) -> Prepared | Outcome:
    """Provide for the instance and put its guest together.

    Raises:
        PextraError, Stale: nothing of it may be stored.
    """
    item, record, spec, tx = one.item, one.record, one.spec, surroundings.tx
    host = surroundings.object({"tenant_uid": cloud.site.uid, "uid": record.status["host_uid"]})
    row = surroundings.host(record.status["host_uid"])
    if host is None or row is None:
        return _unreached(item, record)
    held = allocations.of(tx, record.tenant_uid, record.uid)
    wanted = placement.amounts_of(spec, record.resolved)
    if held is not None and held.amounts != wanted:
        lacking = sorted(placement.features_of(spec, record.resolved) - row.features)
        if lacking:
            message = f"Host {host.name!r} cannot give it {', '.join(lacking)}: take another flavor, or make it anew."
            return waiting(item, record, "NoCapacity", message, poll_s=5.0)
        if not allocations.resize(tx, held, wanted):
            message = f"Host {host.name!r} has no room for the new size."
            return waiting(item, record, "NoCapacity", message, poll_s=5.0)
        record = placing.tell_cells(cloud, tx, record)
    provided = placing.provide(cloud, surroundings, record, spec, row)
    peers.changed(tx, host, was=record, now=provided.record)
    record = provided.record
    if provided.first is not None:
        return waiting(item, record, *provided.first)
    try:
        ways = forwards_to(tx, record, host.status.get("forward_address", ""))
        revealing_cloud = None if remote.has_agent(host) else cloud
        desired = assembly.desired_guest(revealing_cloud, surroundings, record, spec, provided.given, ways, host)
    except assembly.Missing as missing:
        return waiting(item, record, "ReferenceNotReady", f"It waits: {missing}.", poll_s=missing.poll_s)
    prepared = Prepared(record, desired, host, provided.surplus)
    if not remote.has_agent(host):
        return prepared
    if (name := fabric_ports.host_name(host)) and desired.cards:
        parts = fabric_ports.parts_of(surroundings, record, spec, provided.given, desired, name)
        return replace(prepared, desired=fabric_ports.plugged_only(desired), parts=tuple(parts))
    return _assign(tx, prepared, spec)


def _assign(tx: Tx, prepared: Prepared, spec: Spec) -> Prepared:
    """Have the agent of its host make the guest.

    Raises:
        Stale: somebody else wrote to the instance.
    """
    record, desired, host = prepared.record, prepared.desired, prepared.host
    remote.require_current(tx, record)
    pin = record.resolved[f"image/{spec['image']}"]
    remote.assign_image(tx, host, desired.image, tenant_uid=pin["tenant_uid"])
    assigned = remote.assign_guest(tx, host, desired, secret=takes_user_data(spec))
    return replace(prepared, assigned=assigned)


def _assign_alone(cloud: Cloud, one: Looked, prepared: Prepared) -> Prepared | Outcome:
    """As `_assign`, in a transaction of its own."""
    try:
        return cloud.database.write(lambda tx: _assign(tx, prepared, one.spec))
    except status.Stale:
        return Outcome(one.item, one.record, Next.LATER, delay_s=0.0)


def _unreached(item: Item, record: Record) -> Outcome:
    message = f"This control plane does not reach host {record.status['host']!r}."
    return waiting(item, record, "HostNotReady", message, poll_s=5.0)


def _let_go(cloud: Cloud, tx: Tx, record: Record, volume_uids: Sequence[str]) -> None:
    found = objects.by_uids(tx, [(record.tenant_uid, uid) for uid in volume_uids])
    for volume in found.values():
        placing.let_go(cloud, tx, record.uid, volume)
