"""Nothing of a host is given twice, and nothing leaks."""

from __future__ import annotations

from collections.abc import Iterator

from pextra.simulation.checks.room import domain_of
from pextra.simulation.checks.view import View, named
from pextra.simulation.ground import Host


def capacity_is_what_is_allocated(view: View) -> Iterator[str]:
    """A host's counters are the sum of its allocations, and never above its capacity."""
    for host in view.ground.hosts:
        held = [a for a in view.ground.allocations if a.host_uid == host.host_uid]
        used = tuple(sum(amounts) for amounts in zip(*(a.amounts for a in held), strict=True)) or (0,) * len(host.used)
        if used != host.used:
            yield f"host {host.host_uid} counts {host.used} as used, and {used} is allocated"
        if any(u > c for u, c in zip(host.used, host.capacity, strict=True)):
            yield f"host {host.host_uid} has {host.capacity} and gave out {host.used}"


def required_groups_hold(view: View) -> Iterator[str]:
    """No two guests that are never to share a host or rack do, and those that are to share one do.

    A spread is about joining: guests that go may leave it uneven.
    """
    hosts = {h.host_uid: h for h in view.ground.hosts}
    members: dict[str, list[Host]] = {}
    for held in view.ground.allocations:
        if held.placement_group_uid is not None:
            members.setdefault(held.placement_group_uid, []).append(hosts[held.host_uid])
    for group in view.of_kind("placement_group"):
        spec = view.effective(group)
        where = [domain_of(host, spec["topology"]) for host in members.get(group.uid, [])]
        if spec["mode"] != "required":
            continue
        if spec["rule"] == "anti_affinity" and len(set(where)) < len(where):
            yield f"{named(group)} keeps its guests apart, and they are on {where}"
        if spec["rule"] == "affinity" and len(set(where)) > 1:
            yield f"{named(group)} keeps its guests together, and they are on {where}"


def no_thread_is_two_guests(view: View) -> Iterator[str]:
    """A thread of a host that a guest has of its own is no other guest's, and is one that the host keeps for such."""
    for host_uid, host in view.document.hosts.items():
        owners: dict[int, str] = {}
        for uid, guest in host.guests.items():
            for thread in guest.observe().pinned_cpus:
                if thread not in host.inventory.dedicated_cpus:
                    yield f"guest {uid} on host {host_uid} has thread {thread}, which is kept for nobody"
                if owners.setdefault(thread, uid) != uid:
                    yield f"thread {thread} of host {host_uid} is that of guests {owners[thread]} and {uid}"


def allocations_are_those_of_placed_instances(view: View) -> Iterator[str]:
    """An instance holds something on exactly the host that its status names, and on none before it names one."""
    held = {a.consumer_uid: a for a in view.ground.allocations}
    for record in view.of_kind("instance"):
        allocation = held.pop(record.uid, None)
        host_uid = record.status.get("host_uid", "")
        if (allocation.host_uid if allocation is not None else "") != host_uid:
            yield f"{named(record)} is on host {host_uid!r} and holds {allocation}"
    for allocation in held.values():
        yield f"{allocation} is held by an instance that does not exist"
