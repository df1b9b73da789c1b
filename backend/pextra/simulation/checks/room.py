"""Whether there is room for an instance, reckoned anew from what is written down: the excuse of those that wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from pextra.declaration.kind import Spec
from pextra.simulation.checks.view import View
from pextra.simulation.ground import Amounts, Cell, Gpu, Host
from pextra.store.records import Record

_WHOLE_MILLI: Final = 1000


def no_room(view: View, record: Record) -> bool:
    """No host that the instance may be on has room for it, or the host it has for what it grows by."""
    held = next((a for a in view.ground.allocations if a.consumer_uid == record.uid), None)
    if held is None:
        return not any(_takes(view, record, host) for host in _allowed(view, record))
    host = next(h for h in view.ground.hosts if h.host_uid == held.host_uid)
    wanted = wanted_of(view, record)
    if not (features_of(view, record) <= host.features and _fits(host, wanted, held.amounts)):
        return True
    bound = next((c for c in view.ground.cell_claims if c.consumer_uid == record.uid and c.bound), None)
    if bound is None:
        return False
    cell = next(c for c in view.ground.cells if (c.host_uid, c.number) == (host.host_uid, bound.number))
    return not _cell_fits(cell, wanted, bound.amounts)


def wanted_of(view: View, record: Record) -> Amounts:
    """What an instance takes of its host."""
    flavor = _flavor(view, record)
    dedicated, pages = flavor.get("cpu_policy") == "dedicated", flavor.get("hugepage_kib") == 2048
    vcpus, memory_mib = flavor["vcpus"], flavor["memory_mib"]
    return (
        0 if dedicated else vcpus,
        0 if pages else memory_mib,
        flavor["disk_gib"],
        vcpus if dedicated else 0,
        memory_mib // 2 if pages else 0,
        0,
    )


def features_of(view: View, record: Record) -> set[str]:
    """What its flavor asks for that not every host can give."""
    return {name for name in ("secure_boot", "tpm") if _flavor(view, record).get(name)}


def _flavor(view: View, record: Record) -> dict[str, Any]:
    return record.resolved[f"flavor/{view.effective(record)['flavor']}"]


def _allowed(view: View, record: Record) -> list[Host]:
    """The hosts where it could be, were it not for room."""
    possible = [
        h
        for h in view.ground.hosts
        if h.ready
        and h.schedulable
        and features_of(view, record) <= h.features
        and _reaches(view, record, h.pool)
        and _tolerates(view.effective(record), h)
        and _has_gpus(view, record, h)
    ]
    spec = view.effective(record)
    group = record.resolved[f"placement_group/{spec['placement_group']}"] if "placement_group" in spec else None
    if group is None or group["mode"] != "required":
        return possible
    domains = {h.host_uid: domain_of(h, group["topology"]) for h in view.ground.hosts}
    there = Counter(domains[a.host_uid] for a in view.ground.allocations if a.placement_group_uid == group["uid"])
    match group["rule"]:
        case "anti_affinity":
            return [h for h in possible if not there[domains[h.host_uid]]]
        case "affinity":
            return [h for h in possible if not there or there[domains[h.host_uid]]]
        case _:
            fewest = min((there[domains[h.host_uid]] for h in possible), default=0)
            return [h for h in possible if there[domains[h.host_uid]] == fewest]


def domain_of(host: Host, topology: str) -> str:
    """Which domain the host is in; all hosts are of one zone."""
    return {"host": host.host_uid, "rack": host.rack, "zone": ""}[topology]


def _reaches(view: View, record: Record, pool: str) -> bool:
    """Whether what the instance uses can be had in the pool."""
    spec = view.effective(record)
    pools = {view.ground.objects[record.resolved[f"volume/{n}"]["uid"]].status.get("pool") for n in spec["volumes"]}
    return not pools - {"", None, pool}


def _tolerates(spec: Spec, host: Host) -> bool:
    tolerated = {toleration["key"] for toleration in spec["tolerations"]}
    return {taint["key"] for taint in host.taints if taint["effect"] == "no_schedule"} <= tolerated


def _takes(view: View, record: Record, host: Host) -> bool:
    wanted = wanted_of(view, record)
    if not _fits(host, wanted):
        return False
    wish = view.effective(record).get("gpus")
    if wish is None:
        return True
    gpus = _gpus(view, host)
    if wish["numa"] != "required":
        return _gpus_fit(record, wish, gpus, host.partitions)
    return any(
        _cell_fits(cell, wanted)
        and _gpus_fit(record, wish, [g for g in gpus if g.cell == cell.number], host.partitions)
        for cell in view.ground.cells
        if cell.host_uid == host.host_uid
    )


def _fits(host: Host, wanted: Amounts, held: Amounts | None = None) -> bool:
    return _room(host.capacity, host.used, wanted, held)


def _cell_fits(cell: Cell, wanted: Amounts, held: Amounts | None = None) -> bool:
    vcpus, memory_mib, _, *exact = wanted
    return _room(cell.capacity, cell.used, (vcpus, memory_mib, *exact), held)


def _room(capacity: Amounts, used: Amounts, wanted: Amounts, held: Amounts | None) -> bool:
    more = [want - has for want, has in zip(wanted, held or (0,) * len(wanted), strict=True)]
    return all(w <= 0 or u + w <= c for w, u, c in zip(more, used, capacity, strict=True))


def _gpus(view: View, host: Host) -> list[Gpu]:
    return [g for g in view.ground.gpus if g.host_uid == host.host_uid and g.usable]


def _has_gpus(view: View, record: Record, host: Host) -> bool:
    """Whether its GPUs would be enough, were all of them free and linked."""
    wish = view.effective(record).get("gpus")
    if wish is None:
        return True
    profile = record.resolved[f"gpu_profile/{wish['profile']}"]
    return sum(_WHOLE_MILLI // m for g in _gpus(view, host) if (m := _milli(g, profile))) >= wish["count"]


def _milli(gpu: Gpu, profile: dict[str, Any]) -> int:
    """What one part takes of the GPU; 0 when it is not handed out in that way."""
    match profile["mode"]:
        case "whole":
            return _WHOLE_MILLI if gpu.kind["whole"] else 0
        case "share":
            return profile["share_milli"] if gpu.kind["shareable"] else 0
        case _:
            return next((s["milli"] for s in _slices(gpu, profile)), 0)


def _slices(gpu: Gpu, profile: dict[str, Any]) -> Iterator[dict[str, Any]]:
    name = profile.get("slice") or ""
    yield from (s for s in gpu.kind["slices"] if (s["mode"], s["name"]) == (profile["mode"], name))


def _gpus_fit(record: Record, wish: dict[str, Any], gpus: Sequence[Gpu], partitions: Sequence[int]) -> bool:
    profile = record.resolved[f"gpu_profile/{wish['profile']}"]
    free = {g.position: _free(g, profile) for g in gpus}
    if wish["nvlink"] == "required" and wish["count"] > 1:
        whole = sum(1 << position for position, parts in free.items() if parts)
        return any(p.bit_count() == wish["count"] and not p & ~whole for p in partitions)
    return sum(free.values()) >= wish["count"]


def _free(gpu: Gpu, profile: dict[str, Any]) -> int:
    """How many more parts of the GPU can be handed out."""
    milli = _milli(gpu, profile)
    kind = (profile["mode"], profile["slice"] if profile["mode"] == "vgpu" else "")
    if not milli or (gpu.mode and (gpu.mode, gpu.profile) != kind):
        return 0
    by_share = (_WHOLE_MILLI - gpu.used_milli) // milli
    if profile["mode"] not in ("vf", "mig"):
        return by_share
    taken, number = gpu.slots, 0
    for part in _slices(gpu, profile):
        for start in sorted(part["starts"]):
            mask = ((1 << part["slots"]) - 1) << start
            if not taken & mask:
                taken, number = taken | mask, number + 1
    return min(by_share, number)
