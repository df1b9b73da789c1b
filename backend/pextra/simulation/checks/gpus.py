"""No GPU, and no part of one, is given twice, and what guests had of them is written down."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from pextra.simulation.checks.view import View, named
from pextra.simulation.ground import Gpu, GpuClaim

_WHOLE_MILLI: Final = 1000


def gpus_are_what_is_claimed(view: View) -> Iterator[str]:
    """What a GPU counts as given is what guests claim of it: in one mode, no slot twice, never more than all of it."""
    claims: dict[tuple[str, str], list[GpuClaim]] = defaultdict(list)
    for claim in view.ground.gpu_claims:
        claims[claim.had.host_uid, claim.had.address].append(claim)
    for gpu in view.ground.gpus:
        yield from _wrong_with(gpu, claims.pop((gpu.host_uid, gpu.address), []))
    for place in claims:
        yield f"GPU {place} is claimed, and there is none"


def _wrong_with(gpu: Gpu, claims: Sequence[GpuClaim]) -> Iterator[str]:
    name = f"GPU {gpu.address} of host {gpu.host_uid}"
    milli, slots = sum(c.had.milli for c in claims), 0
    if milli != gpu.used_milli or milli > _WHOLE_MILLI:
        yield f"{name} counts {gpu.used_milli} thousandths as given, and {milli} are claimed"
    for claim in claims:
        if slots & claim.slots:
            yield f"slots {slots & claim.slots:b} of {name} are two guests'"
        slots |= claim.slots
    if slots != gpu.slots:
        yield f"{name} counts slots {gpu.slots:b} as given, and {slots:b} are claimed"
    modes = {(c.had.mode, c.had.profile if c.had.mode == "vgpu" else "") for c in claims} or {("", "")}
    if modes != {(gpu.mode, gpu.profile)}:
        yield f"{name} is in mode {gpu.mode!r} of type {gpu.profile!r}, and is claimed in {sorted(modes)}"
    if len(claims) > 1 and gpu.mode == "whole":
        yield f"{name} is whole, and of {len(claims)} claims"
    for claim in claims:
        if claim.had.mode in ("vf", "mig") and not claim.slots:
            yield f"{claim} has no slot"


def guests_have_the_gpus_that_they_asked_for(view: View) -> Iterator[str]:
    """A placed instance has as many parts of GPUs as it asks for, all of its host, linked and together if it must be.

    One that is not placed has none.
    """
    claims: dict[str, list[GpuClaim]] = defaultdict(list)
    for claim in view.ground.gpu_claims:
        claims[claim.had.consumer_uid].append(claim)
    gpus = {(g.host_uid, g.address): g for g in view.ground.gpus}
    hosts = {a.consumer_uid: a.host_uid for a in view.ground.allocations}
    partitions = {h.host_uid: h.partitions for h in view.ground.hosts}
    for record in view.of_kind("instance"):
        mine, wish = claims.pop(record.uid, []), view.effective(record).get("gpus")
        host_uid = hosts.get(record.uid)
        wanted = wish["count"] if wish is not None and host_uid is not None else 0
        if len(mine) != wanted or any(c.had.host_uid != host_uid for c in mine):
            yield f"{named(record)} is to have {wanted} parts of GPUs of host {host_uid} and has {mine}"
        if wish is None or not mine:
            continue
        had = [gpus[c.had.host_uid, c.had.address] for c in mine if (c.had.host_uid, c.had.address) in gpus]
        linked = sum(1 << g.position for g in had)
        if wish["nvlink"] == "required" and len(had) > 1 and linked not in partitions[mine[0].had.host_uid]:
            yield f"{named(record)} is to have linked GPUs and has {linked:b}, which is no partition"
        if wish["numa"] == "required" and len({g.cell for g in had}) != 1:
            yield f"{named(record)} is to have GPUs of one cell and has them of {[g.cell for g in had]}"
    for uid in claims:
        yield f"GPUs are claimed by {uid}, which does not exist"


def usage_is_open_for_what_is_claimed(view: View) -> Iterator[str]:
    """The intervals that have not ended are exactly the claims that there are."""
    claimed, counted = Counter(c.had for c in view.ground.gpu_claims), Counter(view.ground.gpu_usage)
    for had in claimed - counted:
        yield f"{had} is claimed, and nobody counts it"
    for had in counted - claimed:
        yield f"{had} is counted, and nobody has it"


def no_device_is_two_guests(view: View) -> Iterator[str]:
    """A device of a host is in one guest, also while a guest that is to lose it runs on."""
    for host_uid, host in view.document.hosts.items():
        owners: dict[str, str] = {}
        for uid, guest in host.guests.items():
            for device in {d.name for spec in (guest.spec, guest.running_spec) for d in spec.devices}:
                if owners.setdefault(device, uid) != uid:
                    yield f"device {device} of host {host_uid} is that of guests {owners[device]} and {uid}"
