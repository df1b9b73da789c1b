"""What is assigned to the hosts that have agents, and what their agents said of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pextra.drivers.convergence import guest_of
from pextra.simulation.checks.view import View, named
from pextra.simulation.ground import Assigned
from pextra.store.records import Record

_KINDS: Final = {"guest": "instance", "volume": "volume", "image": "image", "act": "operation"}
_FIRST: Final = frozenset({"NoCapacity", "ReferenceNotReady", "AddressExhausted", "VolumesOnDifferentHosts"})
"""Why an instance with a guest is not ready before its agent is even asked."""
_SECRET: Final = "password"  # noqa: S105  # what every user data of a simulated user holds


def assignments_are_where_their_objects_are(view: View) -> Iterator[str]:
    """Guests and volumes are assigned to the host that their object is bound to, and to no other.

    What is to be taken away is so too, for its object stays until it has gone; but copies of images may outlast theirs.
    """
    for assigned in view.ground.assigned:
        record = view.ground.objects.get(assigned.uid)
        if record is None:
            if assigned.kind in ("guest", "volume") or not assigned.removed:
                yield f"{_named(assigned)} is for an object that does not exist"
            continue
        if record.kind != _KINDS[assigned.kind]:
            yield f"{_named(assigned)} is for {named(record)}"
        bound = {"guest": "host_uid", "volume": "host"}.get(assigned.kind)
        if bound is not None and record.status.get(bound) != assigned.host_uid:
            yield f"{_named(assigned)} is for {named(record)}, which is bound to {record.status.get(bound)!r}"


def no_secret_is_written_down_twice(view: View) -> Iterator[str]:
    """The store holds a secret with its object, and not with what is assigned for it."""
    for assigned in view.ground.assigned:
        if _SECRET in str(assigned.document) or _SECRET in str(assigned.report):
            yield f"{_named(assigned)} holds a secret: {assigned.document} {assigned.report}"


def answers_fit_what_is_assigned(view: View) -> Iterator[str]:
    """A guest that its agent reported as ready, of the present revision, is as that revision asks for."""
    for assigned in view.ground.assigned:
        guest = assigned.report.get("guest")
        if guest is None or not assigned.answered or assigned.removed or not guest["ready"]:
            continue
        wanted, seen = assigned.document, guest["observed"]
        asked = ("running" if wanted["powered"] else "off", wanted["vcpus"], wanted["memory_mib"])
        found = (seen["power"], seen["vcpus"], seen["memory_mib"])
        disks = [assigned.uid, *(volume["uid"] for volume in wanted["volumes"])]
        if asked != found or disks != seen["disk_uids"]:
            yield f"{_named(assigned)} asks for {wanted}, and the answer is {guest}"


def what_is_placed_is_assigned(view: View) -> Iterator[str]:
    """With agents, an instance or volume that is ready and has a host is assigned to it."""
    assigned = {a.uid: a for a in view.ground.assigned if a.kind in ("guest", "volume")}
    for kind, bound in (("instance", "host_uid"), ("volume", "host")):
        for record in view.of_kind(kind):
            if _has_agent(view, record.status.get(bound, "")) and view.is_ready(record) and record.uid not in assigned:
                yield f"{named(record)} says {view.reason(record)} and is assigned to no host"


def nothing_is_assigned_in_vain(view: View) -> Iterator[str]:
    """At rest everything that was to be taken away has been, and nothing is assigned for what has ended."""
    for assigned in view.ground.assigned:
        record = view.ground.objects.get(assigned.uid)
        if record is not None and record.deleting and assigned.kind in ("guest", "volume", "image"):
            continue  # it lingers, and says why
        if assigned.removed:
            yield f"{_named(assigned)} is still to be taken away"
        elif assigned.kind == "act":
            yield f"{_named(assigned)} is still to be carried out: {record and record.status.get('phase')}"
        elif not assigned.answered:
            yield f"{_named(assigned)} was never reported on"


def objects_say_what_agents_reported(view: View) -> Iterator[str]:
    """At rest the status of an object is what the agent of its host reported of it last."""
    for assigned in view.ground.assigned:
        record = view.ground.objects.get(assigned.uid)
        if record is None or record.deleting or assigned.removed or not assigned.answered:
            continue
        for what, said, shown in _pairs(view, assigned, record):
            if said != shown:
                yield f"{named(record)} shows {what} {shown!r}, and its agent reported {said!r}"


def _pairs(view: View, assigned: Assigned, record: Record) -> Iterator[tuple[str, Any, Any]]:
    status, report = record.status, assigned.report
    guest, volume, image = report.get("guest"), report.get("volume"), report.get("image")
    if guest is not None:
        if view.reason(record) not in _FIRST:
            yield "ready", (guest["ready"], guest["reason"]), (view.is_ready(record), view.reason(record))
            for field in ("power", "boots"):
                yield field, guest["observed"][field], status[field]
    elif volume is not None:
        yield "used_bytes", volume["used_bytes"], status["used_bytes"]
    elif image is not None:
        pool = view.ground.objects[assigned.host_uid].status["pool"]
        yield f"pool {pool}", "stored", status["pools"].get(pool)
    elif report.get("failure") is not None and assigned.kind != "image":
        yield "ready", False, view.is_ready(record)


def agents_reported_what_is_there(view: View) -> Iterator[str]:
    """At rest a guest is what its agent reported last."""
    for assigned in view.ground.assigned:
        guest = assigned.report.get("guest")
        if guest is None or assigned.removed:
            continue
        there = view.document.hosts[assigned.host_uid].guests.get(assigned.uid)
        seen = there and there.observe()
        said = guest["observed"]["power"], guest["observed"]["boots"]
        if seen is None or (seen.power.value, seen.boots) != said:
            yield f"{_named(assigned)} was reported as {said} and is {seen}"


def hosts_hold_only_what_is_assigned(view: View) -> Iterator[str]:
    """At rest there is nothing on a host with an agent, and in its own pool, that is not assigned to it."""
    assigned = {(a.host_uid, a.uid) for a in view.ground.assigned if not a.removed}
    for uid, host in view.document.hosts.items():
        if not _has_agent(view, uid):
            continue
        found = {*host.guests, *(guest_of(port) for port in host.ports)}
        for pool in view.document.pools.values():
            if pool.host_uid == uid:
                found |= {*pool.volumes, *(i for i, image in pool.images.items() if not image.hidden)}
        for what in sorted(found):
            if (uid, what) not in assigned and not _is_image_of_guests(view, what):
                yield f"host {uid} has {what}, which is not assigned to it"


def _is_image_of_guests(view: View, uid: str) -> bool:
    """Whether it is an image, which a host fetches of itself when a guest is made from it."""
    record = view.ground.objects.get(uid)
    return record is not None and record.kind == "image"


def _has_agent(view: View, host_uid: str) -> bool:
    host = view.ground.objects.get(host_uid)
    return host is not None and host.spec["driver"] != "sim"


def _named(assigned: Assigned) -> str:
    return f"{assigned.kind} {assigned.uid} of revision {assigned.revision}, assigned to host {assigned.host_uid},"
