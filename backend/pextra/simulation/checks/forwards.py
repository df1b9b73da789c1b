"""A port of a host leads to one guest, and to the one whose floating IP holds it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pextra.drivers.convergence import guest_of
from pextra.simulation.checks.view import View, named


def forwards_are_held_by_floating_ips(view: View) -> Iterator[str]:
    """What holds ports is a floating IP, whose instance exists unless both go, and holds no more than it asks for."""
    held: dict[str, int] = defaultdict(int)
    for forward in view.ground.forwards:
        held[forward.consumer_uid] += 1
        if forward.consumer_uid not in view.ground.objects:
            yield f"{forward} is held by a floating IP that does not exist"
    for record in (r for r in view.of_kind("floating_ip") if "pool" not in r.spec):
        instance = record.resolved.get(f"instance/{record.spec['instance']}")
        if instance is not None and not record.deleting and instance["uid"] not in view.ground.objects:
            yield f"{named(record)} leads to {instance['uid']}, which does not exist"
        if held[record.uid] > max(len(record.spec["ports"]), len(record.status.get("endpoints", []))):
            yield f"{named(record)} holds {held[record.uid]} ports"


def ports_lead_to_one_guest(view: View) -> Iterator[str]:
    """No port of a host leads to two guests, whatever was ever asked for."""
    for host_uid, host in view.document.hosts.items():
        owners: dict[tuple[str, int], str] = {}
        for port in host.ports.values():
            for forward in port.forwards:
                way = (forward.protocol, forward.listen_port)
                if owners.setdefault(way, port.uid) != port.uid:
                    yield f"port {way} of host {host_uid} leads to {owners[way]} and {port.uid}"


def hosts_forward_what_is_held(view: View) -> Iterator[str]:
    """Once everything has settled: hosts forward what is held, to whom it is held for, and nothing else."""
    forwarding = [r for r in view.of_kind("floating_ip") if "pool" not in r.spec]
    ready = {r.uid: r for r in forwarding if view.is_ready(r) and not r.deleting}
    wanted: dict[tuple[str, str, int], tuple[str, int]] = {}
    for forward in view.ground.forwards:
        record = view.ground.objects[forward.consumer_uid]
        pin = record.resolved[f"instance/{record.spec['instance']}"]
        wanted[forward.host_uid, forward.protocol, forward.port] = (pin["uid"], record.spec.get("card", 0))
    found: dict[tuple[str, str, int], tuple[str, int]] = {}
    for host_uid, host in view.document.hosts.items():
        for port in host.ports.values():
            card = int(port.uid.split(".")[1])
            for forward in port.forwards:
                found[host_uid, forward.protocol, forward.listen_port] = (guest_of(port.uid), card)
    for way, whose in found.items():
        if wanted.get(way) != whose:
            yield f"{way} is forwarded to {whose} and held for {wanted.get(way)}"
    for forward in view.ground.forwards:
        way = (forward.host_uid, forward.protocol, forward.port)
        if forward.consumer_uid in ready and way not in found:
            yield f"{named(ready[forward.consumer_uid])} is ready, and its host does not forward {way}"
    for record in ready.values():
        if len(view.effective(record)["ports"]) != sum(f.consumer_uid == record.uid for f in view.ground.forwards):
            yield f"{named(record)} is ready and does not hold its ports"
