"""Placing instances: what the pure planner is given, and what a plan shows of its answer."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any, Final

from pextra.declaration.kind import Spec
from pextra.scheduling.gpus.boards import Board
from pextra.scheduling.gpus.devices import WHOLE_MILLI, GpuType, GpuView, Mode, Slice
from pextra.scheduling.gpus.wishes import GpuRequest, Wish
from pextra.scheduling.gpus.workload import Shape, Workload
from pextra.scheduling.groups import Group, Rule, Topology
from pextra.scheduling.place import Decision, Placement, place_batch
from pextra.scheduling.request import Request, Storage
from pextra.scheduling.resources import DIMENSIONS, Resources
from pextra.scheduling.snapshot import CellView, HostView, Snapshot
from pextra.scheduling.taints import Effect, Taint, Toleration
from pextra.services import bounds
from pextra.services.cloud import Context, Written
from pextra.store import allocations, gpus, objects
from pextra.store.allocations import Amounts, HostRow
from pextra.store.cells import Cell, CellClaim
from pextra.store.database import Tx
from pextra.store.gpus import Claim, Gpu, LiveShape
from pextra.store.records import Record

HUGEPAGE_2M_KIB: Final = 2048
HUGEPAGE_1G_KIB: Final = 1_048_576


@dataclass(frozen=True, slots=True)
class Bound:
    """Where an instance may go because of what it uses.

    Attributes:
        pools: only to hosts whose disks are in one of these; None: any.
        host_uid: only to this host.
        fetchable: also to hosts with pools of their own, which fetch the image when they first need it;
        unfit: but for these pools, which have tried.
    """

    pools: frozenset[str] | None = None
    host_uid: str | None = None
    fetchable: bool = False
    unfit: frozenset[str] = frozenset()

    @property
    def storage(self) -> Storage | None:
        """Where its disks can be, as the planner takes it."""
        return None if self.pools is None else Storage(self.pools, self.fetchable, self.unfit)


def amounts_of(spec: Spec, resolved: Mapping[str, Any]) -> Amounts:
    """What an instance takes of its host.

    Threads of its own and hugepages are set aside on a host: who takes them takes nothing of what the others share.
    """
    flavor = resolved[f"flavor/{spec['flavor']}"]
    dedicated = flavor.get("cpu_policy") == "dedicated"
    page_kib: int = flavor.get("hugepage_kib") or 0
    pages = (flavor["memory_mib"] << 10) // page_kib if page_kib else 0
    return Amounts(
        vcpus=0 if dedicated else flavor["vcpus"],
        memory_mib=0 if page_kib else flavor["memory_mib"],
        disk_gib=flavor["disk_gib"],
        dedicated_threads=flavor["vcpus"] if dedicated else 0,
        hugepages_2m=pages if page_kib == HUGEPAGE_2M_KIB else 0,
        hugepages_1g=pages if page_kib == HUGEPAGE_1G_KIB else 0,
    )


def features_of(spec: Spec, resolved: Mapping[str, Any]) -> frozenset[str]:
    """What an instance needs that not every host can give, by the driver contract's names (`HostFeature`).

    A flavor that was copied before it could say so asks for nothing.
    """
    flavor = resolved[f"flavor/{spec['flavor']}"]
    wanted = {
        "uefi": flavor.get("firmware") == "uefi" and not flavor.get("secure_boot", False),
        "secure_boot": flavor.get("secure_boot", False),
        "tpm": flavor.get("tpm", False),
    }
    return frozenset(feature for feature, needed in wanted.items() if needed)


def _resources(amounts: Amounts) -> Resources:
    return Resources(**asdict(amounts))


def group_of(spec: Spec, resolved: Mapping[str, Any]) -> Group | None:
    """The instance's placement group; it cannot change while an instance is of it."""
    if "placement_group" not in spec:
        return None
    group = resolved[f"placement_group/{spec['placement_group']}"]
    return Group(group["uid"], Rule(group["rule"]), Topology(group["topology"]), group["mode"] == "required")


def group_holds(tx: Tx, chosen: Placement) -> bool:
    """Whether the choice still keeps the rule of its placement group; asked in the transaction that commits it."""
    claim = chosen.group
    return claim is None or claim.holds(allocations.members(tx, claim.group.uid))


def needed_first(spec: Spec) -> set[str]:
    """What must be resolved before it is known what an instance takes and whom it is to be with."""
    needed = {f"flavor/{spec['flavor']}"}
    if "gpus" in spec:
        needed.add(f"gpu_profile/{spec['gpus']['profile']}")
    if "placement_group" in spec:
        needed.add(f"placement_group/{spec['placement_group']}")
    return needed


def _tolerations(spec: Spec) -> tuple[Toleration, ...]:
    return tuple(
        Toleration(t["key"], t.get("value"), Effect(t["effect"]) if "effect" in t else None)
        for t in spec["tolerations"]
    )


def gpus_of(spec: Spec, resolved: Mapping[str, Any]) -> GpuRequest | None:
    """The GPUs that an instance asks for."""
    wish = spec.get("gpus")
    if wish is None:
        return None
    profile = resolved[f"gpu_profile/{wish['profile']}"]
    return GpuRequest(
        count=wish["count"],
        models=frozenset(profile.get("models") or ()),
        mode=Mode(profile["mode"]),
        profile=profile.get("slice") or "",
        milli=profile.get("share_milli") or WHOLE_MILLI,
        nvlink=Wish(wish["nvlink"]),
        numa=Wish(wish["numa"]),
    )


def request_of(record: Record, spec: Spec, bound: Bound) -> Request:
    """The instance as the planner takes it."""
    return Request(
        uid=record.uid,
        tenant_uid=record.tenant_uid,
        resources=_resources(amounts_of(spec, record.resolved)),
        zone=spec.get("zone"),
        pinned_host_uid=bound.host_uid,
        host_labels=spec["host_labels"],
        group=group_of(spec, record.resolved),
        features=features_of(spec, record.resolved),
        gpus=gpus_of(spec, record.resolved),
        storage=bound.storage,
        tolerations=_tolerations(spec),
    )


def workload(living: Iterable[LiveShape], waiting: Iterable[Request]) -> Workload:
    """What guests usually ask for of GPUs: what those that live have, and those that wait want."""
    counts = Counter[Shape]()
    for shape in living:
        resources = Resources(**{name: getattr(shape, name) for name in DIMENSIONS})
        counts[Shape(resources, shape.gpus, shape.milli)] += shape.guests
    for request in waiting:
        shape = Shape.of(request)
        if shape is not None:
            counts[replace(shape, models=frozenset())] += 1
    return Workload(counts)


def snapshot(hosts: Iterable[HostRow], usual: Workload | None = None) -> Snapshot:
    """The hosts as the planner takes them.

    Args:
        hosts: each once.
        usual: what guests usually ask for of GPUs.
    """
    return Snapshot.of(map(host_view, hosts), usual)


def host_view(host: HostRow) -> HostView:
    """A host as the planner takes it."""
    return HostView(
        uid=host.uid,
        name=host.name,
        zone=host.zone,
        ready=host.ready,
        schedulable=host.schedulable,
        capacity=_resources(host.capacity),
        used=_resources(host.used),
        labels=host.labels,
        groups=host.groups,
        features=host.features,
        gpus=tuple(_gpu(g) for g in host.gpus),
        board=board_of(host.board),
        cells=_cells(host.cells),
        rack=host.rack,
        taints=tuple(Taint(t["key"], t["value"], Effect(t["effect"])) for t in host.taints),
        pool=host.pool,
        pool_shared=host.pool_shared,
    )


def _cells(cells: Sequence[Cell]) -> tuple[CellView, ...]:
    """The cells in the places of their numbers; one that the host does not have has nothing."""
    views = [CellView(Resources())] * (max((cell.number for cell in cells), default=-1) + 1)
    for cell in cells:
        views[cell.number] = CellView(Resources(**cell.capacity), Resources(**cell.used))
    return tuple(views)


def _gpu(gpu: Gpu) -> GpuView:
    return GpuView(
        address=gpu.address,
        kind=_gpu_type(json.dumps(gpu.kind, sort_keys=True)),
        usable=gpu.usable,
        cell=gpu.cell,
        used_milli=gpu.used_milli,
        mode=Mode(gpu.mode) if gpu.mode else None,
        profile=gpu.profile,
        slots=gpu.slots,
    )


@lru_cache(maxsize=1024)
def _gpu_type(document: str) -> GpuType:
    """The type of all GPUs that are described alike: the planner wants one object for all of them."""
    kind = json.loads(document)
    return GpuType(
        kind["model"],
        kind["shareable"],
        {(Mode(s["mode"]), s["name"]): Slice(s["milli"], s["slots"], tuple(s["starts"])) for s in kind["slices"]},
        kind.get("whole", True),
    )


def board_of(document: Mapping[str, Any] | None) -> Board | None:
    """The board that a host's row describes; None where its GPUs are not linked."""
    if document is None:
        return None
    return Board(document["name"], document["size"], tuple(document["partitions"]))


def claims_of(chosen: Placement) -> list[Claim]:
    """What to take of the chosen host's GPUs."""
    return [Claim(c.address, c.mode.value, c.profile, c.milli, c.slots) for c in chosen.gpus]


def given_gpus(host: HostRow, claims: Iterable[Claim]) -> list[dict[str, Any]]:
    """What an instance tells of the GPUs that it has: see `GivenGpu`."""
    models = {gpu.address: gpu.kind["model"] for gpu in host.gpus}
    return [
        {"address": c.address, "model": models[c.address], "mode": c.mode, "slice": c.profile, "milli": c.milli}
        for c in claims
    ]


def given_cells(claims: Iterable[CellClaim]) -> list[dict[str, Any]]:
    """What an instance tells of the NUMA cells that it has something of: see `GivenCell`."""
    return [{"cell": claim.number, "bound": claim.bound, **claim.amounts} for claim in claims]


def bound_by(records: Mapping[str, Record], record: Record, spec: Spec) -> Bound | None:
    """Where what the instance uses lets it go; None while its image is stored nowhere.

    Args:
        records: the instance's image and volumes by uid.

    Raises:
        ValueError: two of its volumes are on different hosts.
    """
    image = records.get(record.resolved[f"image/{spec['image']}"]["uid"])
    if image is None or not image.status.get("pools"):
        return None
    states: dict[str, str] = image.status["pools"]
    pools = frozenset(name for name, state in states.items() if state == "stored")
    unfit = frozenset(states) - pools
    fetchable: bool = image.status.get("fetched_on_demand", False)
    if not pools:
        return None
    host_uid: str | None = None
    for name in spec["volumes"]:
        volume = records.get(record.resolved[f"volume/{name}"]["uid"])
        if volume is None or not volume.status.get("pool"):
            continue
        pool: str = volume.status["pool"]
        pools = frozenset({pool}) if pool in pools or (fetchable and pool not in unfit) else frozenset[str]()
        fetchable = False
        home = volume.status.get("host") or None
        if home is not None and host_uid is not None and home != host_uid:
            raise ValueError(name)
        host_uid = host_uid or home
    if not pools:
        raise ValueError("pool")
    return Bound(pools, host_uid, fetchable, unfit)


def used_objects(tx: Tx, record: Record, spec: Spec) -> dict[str, Record]:
    """The instance's image and volumes by uid."""
    keys = [f"image/{spec['image']}", *(f"volume/{name}" for name in spec["volumes"])]
    pins = [record.resolved[k] for k in keys if k in record.resolved]
    return objects.by_uids(tx, [(p["tenant_uid"], p["uid"]) for p in pins])


def explained(decision: Decision, *, for_operator: bool = False) -> dict[str, Any]:
    """What a tenant may see of a decision: counts and reasons, and of the hosts only the chosen one.

    Args:
        for_operator: also what the closest host lacks.
    """
    reasons = decision.explanation
    shown: dict[str, Any] = {
        "why": reasons.why,
        "hosts": reasons.hosts,
        "eligible": reasons.eligible,
        "rejected": dict(reasons.rejected),
    }
    if isinstance(decision, Placement):
        shown["host"] = decision.host_name
        shown["score"] = dict(reasons.best[0].terms)
        if decision.gpus:
            shown["gpus"] = [claim.address for claim in decision.gpus]
    elif for_operator:
        shown["remedy"] = reasons.remedy
    return shown


def preview(ctx: Context, planned: list[tuple[dict[str, Any], Written]]) -> dict[str, Any] | None:
    """Add to each planned change that makes an instance where it would be placed, and why, one after the other.

    Returns:
        What came of all of them together: how many there are, how many fit, how many on which host, and the first that
        does not; None when there is none.
    """
    kind = ctx.cloud.registry["instance"]
    wanted: list[tuple[dict[str, Any], Request]] = []
    for change, outcome in planned:
        if change["kind"] != kind.name or outcome.record is None or not outcome.created:
            continue
        spec = kind.effective(outcome.record.spec)
        if needed_first(spec) <= outcome.record.resolved.keys():
            bound = _foreseen(ctx, outcome.record, spec)
            wanted.append((change, request_of(outcome.record, spec, bound)))
    if not wanted:
        return None
    asked = [request for _, request in wanted]
    now = present(ctx, asked)
    for (change, _), decision in zip(wanted, place_batch(now, asked), strict=True):
        change["placement"] = explained(decision, for_operator=ctx.principal.is_cloud)
    hosts = Counter(change["placement"].get("host") for change, _ in wanted)
    unfit = hosts.pop(None, 0)
    summary: dict[str, Any] = {"wanted": len(wanted), "fit": len(wanted) - unfit, "hosts": dict(sorted(hosts.items()))}
    if unfit:
        first = next(change for change, _ in wanted if "host" not in change["placement"])
        summary["first_unfit"] = {key: first[key] for key in ("kind", "tenant", "name", "placement")}
    return summary


def present(ctx: Context, asked: Collection[Request]) -> Snapshot:
    """The hosts now, with the guests of the groups of those who ask."""
    hosts = allocations.hosts(ctx.tx, groups_of={request.tenant_uid for request in asked})
    return snapshot(hosts, workload(gpus.live_shapes(ctx.tx), asked) if any(h.gpus for h in hosts) else None)


def _foreseen(ctx: Context, record: Record, spec: Spec) -> Bound:
    """Where what the instance uses lets it go, as far as that is known while planning."""
    if f"image/{spec['image']}" not in record.resolved:
        return Bound()
    known = {name for name in spec["volumes"] if f"volume/{name}" in record.resolved}
    try:
        return bound_now(ctx, record, {**spec, "volumes": sorted(known)}) or Bound()
    except ValueError:
        return Bound(pools=frozenset())


def bound_now(ctx: Context, record: Record, spec: Spec) -> Bound | None:
    """Where what the instance uses lets it go, also what is shared with it: see `bound_by`.

    Raises:
        ValueError: two of its volumes are on different hosts.
    """
    with bounds.beyond(ctx.tx, {pin["tenant_uid"] for pin in record.resolved.values()}):
        used = used_objects(ctx.tx, record, spec)
    return bound_by(used, record, spec)
