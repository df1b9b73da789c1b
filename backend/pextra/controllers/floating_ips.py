"""Floating IPs of hosts that forward their own ports: a port is claimed, then the guest's host is told of it.

Those of an address pool are seen to by `floating_addresses`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any, Final

from pextra.controllers import floating_addresses, remote
from pextra.controllers.fleet import Fleet
from pextra.controllers.outcome import Next, Outcome, failed, gone, waiting
from pextra.declaration import conditions
from pextra.declaration.kind import Spec
from pextra.drivers.convergence import card_of_port
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
    told: bool  # the host forwards the ports that are held as they should be


@dataclass(frozen=True, slots=True)
class Way:
    """A port of a host that leads to a card of an instance."""

    card: int
    protocol: str
    port: int
    to_port: int


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
        if "pool" in spec:
            return floating_addresses.look_at(cloud, self._fleet, item, record, spec)
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
            forwarded = {
                Way(card_of_port(port.uid), f.protocol, f.listen_port, f.to_port)
                for port in ports.values()
                for f in port.forwards
            }
            seen = replace(seen, told=_matches(record, spec, seen.held, forwarded))
        if record.deleting:
            return _remove(item, record, seen)
        return _converge(cloud, item, record, spec, seen)


def _converge(cloud: Cloud, item: Item, record: Record, spec: Spec, seen: Seen) -> Outcome:
    if seen.instance is None or seen.host is None:
        return waiting(item, record, "ReferenceNotReady", f"Instance {spec['instance']!r} has no host yet.", poll_s=2.0)
    address: str = seen.host.status.get("forward_address", "")
    if not address:
        message = (
            f"Host {seen.host.name!r} cannot forward ports: on hosts of OVN, floating IPs are of an address `pool`."
        )
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
    same = set(chosen) == set(seen.held)
    if not same or not seen.told:
        at_it = conditions.ready(False, "Converging", f"Host {seen.host.name!r} is being told.")
        ask = _asking(item, seen) if same and seen.instance.ready else None  # else it was asked, or looks by itself
        return Outcome(item, record, Next.FAILED, [at_it], facts, delay_s=_POLL_S, also=ask)
    return Outcome(item, record, Next.DONE, [conditions.ready(True, "Ready")], facts)


def _remove(item: Item, record: Record, seen: Seen) -> Outcome:
    """The ports are free once the host forwards them no more."""
    if seen.held and seen.host is not None and not seen.told:
        message = f"Host {seen.host.name!r} still forwards its ports."
        return Outcome(
            item,
            record,
            Next.FAILED,
            [conditions.ready(False, "InUse", message)],
            delay_s=_POLL_S,
            also=_asking(item, seen),
        )
    return Outcome(item, record, Next.REMOVE, also=lambda tx: forwards.release(tx, record.uid))


def _asking(item: Item, seen: Seen) -> Callable[[Tx], None] | None:
    """Ask the instance once to see to it: one that waits for something looks again by itself."""
    instance = seen.instance
    if item.attempts or instance is None:
        return None
    return lambda tx: work.ask(tx, instance.tenant_uid, instance.uid, "instance")


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
        Way(index, forward["protocol"], forward["listen_port"], forward["to_port"])
        for index, card in enumerate(assigned.document.get("cards", []))
        for forward in card["port"].get("forwards", [])
    }
    return Seen(instance, host, held, told=works and _matches(record, spec, held, forwarded))


def _matches(record: Record, spec: Spec, held: Sequence[Claim], forwarded: Set[Way]) -> bool:
    """Whether a host forwards the ports that are held as the spec says, and none when they are to be removed."""
    ports = {(c.protocol, c.port) for c in held}
    wanted = set[Way]() if record.deleting else set(_ways(spec, held))
    return {way for way in forwarded if (way.protocol, way.port) in ports} == wanted


def _ways(spec: Spec, held: Sequence[Claim]) -> list[Way]:
    """What the ports that are held lead to, in the spec's order."""
    ports, card = spec["ports"], spec.get("card", 0)
    paired = sorted(_paired(ports, held).items())
    return [Way(card, claim.protocol, claim.port, ports[place]["to_port"]) for place, claim in paired]


def _claim(tx: Tx, record: Record, spec: Spec, seen: Seen) -> list[Claim]:
    """Hold a port for each of the spec's, those that are held already where they still fit; in the spec's order.

    Raises:
        _Taken: somebody else holds a port, or it may not be forwarded.
    """
    assert seen.instance is not None
    assert seen.host is not None
    before = forwards.of(tx, record.uid)
    found = _paired(spec["ports"], [c for c in before if c.host_uid == seen.host.uid])
    for place, port in _numbered_first(spec["ports"]):
        if place not in found:
            number = _free(tx, seen.host, port["protocol"], port.get("port"), found.values())
            found[place] = Claim(seen.host.uid, port["protocol"], number, record.tenant_uid, record.uid)
    chosen = [found[place] for place in range(len(spec["ports"]))]
    forwards.release(tx, record.uid, [c for c in before if c not in chosen])
    forwards.claim(tx, [c for c in chosen if c not in before])
    if before != sorted(chosen, key=lambda c: (c.protocol, c.port)):
        work.ask(tx, seen.instance.tenant_uid, seen.instance.uid, "instance")
    return chosen


def _paired(ports: Sequence[Mapping[str, Any]], held: Sequence[Claim]) -> dict[int, Claim]:
    """The claims that fit ports of a spec, by the port's place there."""
    left = list(held)
    found: dict[int, Claim] = {}
    for place, port in _numbered_first(ports):
        wanted = port.get("protocol", "tcp"), port.get("port")
        fits = next((c for c in left if wanted in ((c.protocol, c.port), (c.protocol, None))), None)
        if fits is not None:
            left.remove(fits)
            found[place] = fits
    return found


def _numbered_first(ports: Sequence[Mapping[str, Any]]) -> list[tuple[int, Mapping[str, Any]]]:
    """The ports with their places; who takes any port must not take one that another of them is to have."""
    return sorted(enumerate(ports), key=lambda each: each[1].get("port") is None)


def _free(tx: Tx, host: Record, protocol: str, wanted: int | None, chosen: Iterable[Claim]) -> int:
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
        if record is None or record.deleting or "pool" in record.spec:
            continue
        for way in _ways(record.spec, forwards.of(tx, record.uid)):
            forward = Forward(way.protocol, way.port, way.to_port, address)
            ways[way.card] = (*ways.get(way.card, ()), forward)
    return ways
