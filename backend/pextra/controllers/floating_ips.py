"""Floating IPs of hosts that forward their own ports: a port is claimed, then the guest's host is told of it."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from typing import Any, Final

from pextra.controllers import remote
from pextra.controllers.fleet import Fleet
from pextra.controllers.outcome import Next, Outcome, failed, gone, waiting
from pextra.declaration import conditions
from pextra.declaration.kind import Spec
from pextra.drivers.interface import DriverError, Forward
from pextra.services.cloud import Cloud
from pextra.store import assignments, forwards, objects, references, work
from pextra.store.database import Tx
from pextra.store.forwards import Claim
from pextra.store.records import Record
from pextra.store.work import Item

PORTS: Final = range(30_000, 32_768)
"""The ports of a host that are forwarded: below those that it uses for connections of its own, and above services."""
_POLL_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Seen:
    """A floating IP with what it leads to, and what it holds."""

    instance: Record | None
    host: Record | None
    held: list[Claim]
    told: bool  # the host forwards, of the ports that are held, exactly those that are wanted


class FloatingIpController:
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
        spec = cloud.registry["floating_ip"].effective(record.spec, record.spec_version)
        seen = cloud.database.read(lambda tx: _seen(cloud, tx, record, spec))
        if seen.host is not None and not remote.has_agent(seen.host):
            drivers = self._fleet.drivers(seen.host)
            if drivers is None:
                message = f"This control plane does not reach host {seen.host.name!r}."
                return waiting(item, record, "HostNotReady", message, poll_s=5.0)
            try:
                ports = drivers.network.observe_ports()
            except DriverError as error:
                return failed(item, record, error)
            forwarded = {(f.protocol, f.listen_port) for port in ports.values() for f in port.forwards}
            seen = replace(seen, told=_matches(seen.held, forwarded, removed=record.deleting))
        if record.deleting:
            return _remove(item, record, seen)
        return _converge(cloud, item, record, spec, seen)


def _converge(cloud: Cloud, item: Item, record: Record, spec: Spec, seen: Seen) -> Outcome:
    if seen.instance is None or seen.host is None:
        return waiting(item, record, "ReferenceNotReady", f"Instance {spec['instance']!r} has no host yet.", poll_s=2.0)
    address: str = seen.host.status.get("forward_address", "")
    if not address:
        message = f"Host {seen.host.name!r} cannot forward ports: its network driver has no way to."
        return waiting(item, record, "ForwardUnsupported", message, poll_s=30.0)
    if spec["card"] >= len(cloud.registry["instance"].effective(seen.instance.spec)["networks"]):
        message = f"Instance {spec['instance']!r} has no network card {spec['card']}."
        return waiting(item, record, "ReferenceNotReady", message, poll_s=10.0)
    try:
        chosen = cloud.database.write(lambda tx: _claim(tx, record, spec, seen))
    except _Taken as taken:
        return waiting(item, record, "PortTaken", str(taken), poll_s=10.0)
    endpoints = [
        f"{port['protocol']} {address}:{claim.port} -> {port['to_port']}"
        for port, claim in zip(spec["ports"], chosen, strict=True)
    ]
    facts: dict[str, Any] = {"address": address, "endpoints": endpoints, "host": seen.host.name}
    if chosen != seen.held or not seen.told:
        at_it = conditions.ready(False, "Converging", f"Host {seen.host.name!r} is being told.")
        return Outcome(item, record, Next.FAILED, [at_it], facts, delay_s=_POLL_S)
    return Outcome(item, record, Next.DONE, [conditions.ready(True, "Ready")], facts)


def _remove(item: Item, record: Record, seen: Seen) -> Outcome:
    """The ports are free once the host forwards them no more.

    The instance is asked to see to it once: one that waits for something looks again by itself.
    """

    def ask(tx: Tx) -> None:
        if seen.instance is not None:
            work.ask(tx, seen.instance.tenant_uid, seen.instance.uid, "instance")

    if seen.held and seen.host is not None and not seen.told:
        message = f"Host {seen.host.name!r} still forwards its ports."
        return Outcome(
            item,
            record,
            Next.FAILED,
            [conditions.ready(False, "InUse", message)],
            delay_s=_POLL_S,
            also=None if item.attempts else ask,
        )
    return Outcome(item, record, Next.REMOVE, also=lambda tx: forwards.release(tx, record.uid))


class _Taken(Exception):
    pass


def _seen(cloud: Cloud, tx: Tx, record: Record, spec: Spec) -> Seen:
    pin = record.resolved.get(f"instance/{spec['instance']}")
    instance = objects.by_uid(tx, pin["tenant_uid"], pin["uid"]) if pin is not None else None
    held = forwards.of(tx, record.uid)
    host_uid = instance.status.get("host_uid") if instance is not None else None
    host = objects.by_uid(tx, cloud.site.uid, host_uid) if host_uid else None
    if instance is None or host is None:
        return Seen(instance, host, held, told=True)
    assigned = assignments.find(tx, host.uid, instance.uid)
    if assigned is None:
        return Seen(instance, host, held, told=record.deleting)
    report = remote.report_of(assigned)
    works = report is not None and report.failure is None
    forwarded = {
        (forward["protocol"], forward["listen_port"])
        for card in assigned.document.get("cards", [])
        for forward in card["port"].get("forwards", [])
    }
    return Seen(instance, host, held, told=works and _matches(held, forwarded, removed=record.deleting))


def _matches(held: Sequence[Claim], forwarded: Set[tuple[str, int]], *, removed: bool) -> bool:
    """Whether a host forwards all of the ports that are held, or none of them where they are to be removed."""
    ports = {(c.protocol, c.port) for c in held}
    return ports & forwarded == (set[tuple[str, int]]() if removed else ports)


def _claim(tx: Tx, record: Record, spec: Spec, seen: Seen) -> list[Claim]:
    """Hold a port for each of the spec's, those that are held already where they still fit; in the spec's order.

    Raises:
        _Taken: somebody else holds a port, or it may not be forwarded.
    """
    assert seen.instance is not None
    assert seen.host is not None
    held = [c for c in forwards.of(tx, record.uid) if c.host_uid == seen.host.uid]
    chosen: list[Claim] = []
    for port in spec["ports"]:
        fits = [c for c in held if c.protocol == port["protocol"] and c not in chosen]
        wanted = port.get("port")
        kept = next((c for c in fits if wanted in (None, c.port)), None)
        number = kept.port if kept is not None else _free(tx, seen.host, port["protocol"], wanted, chosen)
        chosen.append(Claim(seen.host.uid, port["protocol"], number, record.tenant_uid, record.uid))
    before = forwards.of(tx, record.uid)
    forwards.release(tx, record.uid, [c for c in before if c not in chosen])
    forwards.claim(tx, [c for c in chosen if c not in before])
    if before != sorted(chosen, key=lambda c: (c.protocol, c.port)):
        work.ask(tx, seen.instance.tenant_uid, seen.instance.uid, "instance")
    return chosen


def _free(tx: Tx, host: Record, protocol: str, wanted: int | None, chosen: Sequence[Claim]) -> int:
    taken = forwards.taken(tx, host.uid, protocol) | {c.port for c in chosen if c.protocol == protocol}
    if wanted is None:
        free = next((port for port in PORTS if port not in taken), None)
        if free is None:
            raise _Taken(f"Host {host.name!r} has no {protocol} port left to forward.")
        return free
    if wanted not in PORTS:
        raise _Taken(f"A port of a host is from {PORTS.start} to {PORTS.stop - 1}, not {wanted}: choose another.")
    if wanted in taken:
        raise _Taken(f"Port {wanted}/{protocol} of host {host.name!r} is taken: choose another, or none.")
    return wanted


def forwards_to(tx: Tx, instance: Record, address: str) -> dict[int, tuple[Forward, ...]]:
    """What leads to each card of the instance.

    Args:
        address: the host's own, at which its ports are reached.
    """
    ways: dict[int, tuple[Forward, ...]] = {}
    for reference in references.to(tx, instance.tenant_uid, instance.uid, kind="floating_ip"):
        record = objects.by_uid(tx, reference.source_tenant_uid, reference.source_uid)
        if record is None or record.deleting:
            continue
        unused = forwards.of(tx, record.uid)
        for port in record.spec["ports"]:
            protocol = port.get("protocol", "tcp")
            wanted = port.get("port")
            claim = next((c for c in unused if c.protocol == protocol and wanted in (None, c.port)), None)
            if claim is None:
                continue
            unused.remove(claim)
            card = record.spec.get("card", 0)
            ways[card] = (*ways.get(card, ()), Forward(protocol, claim.port, port["to_port"], address))
    return ways
