"""Fleets and requests for the tests of the scheduler: a few by hand, and strategies for any."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from pextra.scheduling.gpus.boards import BOARDS, Board, from_links
from pextra.scheduling.gpus.devices import WHOLE_MILLI, GpuType, GpuView, Mode, Slice
from pextra.scheduling.gpus.wishes import GpuRequest, Wish
from pextra.scheduling.gpus.workload import Shape, Workload
from pextra.scheduling.groups import Group, Rule, Topology
from pextra.scheduling.request import Request, Storage
from pextra.scheduling.resources import DIMENSIONS, Resources
from pextra.scheduling.snapshot import CellView, HostView
from pextra.scheduling.taints import Effect, Taint, Toleration

ROOMY = Resources(16, 16_384, 100)


def host(
    name: str,
    *,
    used: Resources | None = None,
    capacity: Resources = ROOMY,
    groups: dict[str, int] | None = None,
    features: frozenset[str] = frozenset(),
    taints: tuple[Taint, ...] = (),
    zone: str = "a",
    rack: str = "",
) -> HostView:
    """A host that is ready and, unless told otherwise, empty."""
    return HostView(
        uid=f"uid-{name}",
        name=name,
        zone=zone,
        ready=True,
        schedulable=True,
        capacity=capacity,
        used=used or Resources(),
        groups=groups or {},
        features=features,
        taints=taints,
        rack=rack,
    )


def guest(uid: str = "g1", *, group: Group | None = None, tolerations: tuple[Toleration, ...] = ()) -> Request:
    """A small guest."""
    return Request(uid, "tenant", Resources(2, 2_048, 10), group=group, tolerations=tolerations)


H100 = GpuType(
    "h100",
    shareable=True,
    slices={
        (Mode.VF, ""): Slice(500),
        (Mode.MIG, "1g"): Slice(125, 1, (0, 1, 2, 3, 4, 5, 6)),
        (Mode.MIG, "2g"): Slice(250, 2, (0, 2, 4)),
        (Mode.MIG, "3g"): Slice(500, 4, (0, 4)),
        (Mode.VGPU, "quarter"): Slice(250),
        (Mode.VGPU, "third"): Slice(250, 1, (1, 2, 30)),
    },
)
L4 = GpuType("l4")


def gpu_host(name: str, *, board: str = "hgx-h100-8", free: str = "12345678", kind: GpuType = H100) -> HostView:
    """A roomy host with eight GPUs, in cells of four; those with the given module numbers are free."""
    gpus = tuple(
        GpuView(
            address=f"gpu-{module}",
            kind=kind,
            cell=(module - 1) // 4,
            used_milli=0 if str(module) in free else WHOLE_MILLI,
            mode=None if str(module) in free else Mode.WHOLE,
        )
        for module in range(1, 9)
    )
    return HostView(name, name, "a", True, True, ROOMY, Resources(), gpus=gpus, board=BOARDS.get(board))


def gpu_guest(wish: GpuRequest, uid: str = "g1") -> Request:
    """A small guest with GPUs."""
    return Request(uid, "tenant", Resources(1, 1_024, 1), gpus=wish)


NAMES = st.sampled_from([f"h{number}" for number in range(12)])
ZONES = st.sampled_from(["a", "b"])
LABELS = st.dictionaries(st.sampled_from(["disk", "cpu"]), st.sampled_from(["x", "y"]))
GROUPS = st.sampled_from(["red", "blue"])
GROUP_WISHES = st.builds(Group, GROUPS, st.sampled_from(Rule), st.sampled_from(Topology), st.booleans())
POOLS = st.sampled_from(["shared", "own", "other"])
STORAGE = st.builds(Storage, st.frozensets(POOLS), st.booleans(), st.frozensets(POOLS))
TAINTS = st.lists(
    st.builds(Taint, st.sampled_from(["gpu", "old"]), st.sampled_from(["", "x"]), st.sampled_from(Effect)), max_size=2
).map(tuple)
TOLERATIONS = st.lists(
    st.builds(
        Toleration,
        st.sampled_from(["gpu", "old"]),
        st.none() | st.sampled_from(["", "x"]),
        st.none() | st.sampled_from(Effect),
    ),
    max_size=2,
).map(tuple)
FEATURES = st.frozensets(st.sampled_from(["uefi", "tpm"]))
AMOUNTS = st.builds(Resources, *(st.integers(0, 8) for _ in DIMENSIONS))


SMALL_BOARDS = st.sampled_from(
    [
        None,
        Board("fabric", 4, (0b1111, 0b0101, 0b1010)),
        from_links(4, frozenset({(0, 1), (0, 2), (1, 2)})),
    ]
)
PARTS = {Mode.VF: ("",), Mode.MIG: ("1g", "2g", "3g"), Mode.VGPU: ("quarter", "third")}
WISHES = st.sampled_from(Wish)


@st.composite
def gpu_views(draw: st.DrawFn, place: int) -> GpuView:
    """Any GPU in a state that it can come to."""
    kind = draw(st.sampled_from([H100, H100, L4]))
    return draw(states_of(GpuView(f"gpu-{place}", kind, draw(st.integers(0, 4)) > 0, draw(st.integers(-1, 1)))))


@st.composite
def states_of(draw: st.DrawFn, gpu: GpuView) -> GpuView:
    """The GPU in a state that it can come to."""
    address, kind, usable, cell = gpu.address, gpu.kind, gpu.usable, gpu.cell
    mode = draw(st.none() | st.sampled_from(Mode))
    if mode is None:
        return gpu.unused
    if mode in (Mode.WHOLE, Mode.SHARE) or kind is L4:
        used = WHOLE_MILLI if mode is Mode.WHOLE else draw(st.sampled_from([200, 500, 900]))
        return GpuView(address, kind, usable, cell, used, mode if kind is H100 else Mode.SHARE)
    profile = draw(st.sampled_from(PARTS[mode]))
    part = kind.slices[mode, profile]
    slots = draw(st.sampled_from(part.masks())) if part.starts else 0
    return GpuView(address, kind, usable, cell, part.milli, mode, profile if mode is Mode.VGPU else "", slots)


@st.composite
def gpu_requests(draw: st.DrawFn) -> GpuRequest:
    """Any wish for a few GPUs."""
    mode = draw(st.sampled_from(Mode))
    return GpuRequest(
        count=draw(st.integers(1, 4)),
        models=draw(st.frozensets(st.sampled_from(["h100", "l4"]))),
        mode=mode,
        profile=draw(st.sampled_from(PARTS[mode])) if mode in (Mode.MIG, Mode.VGPU) else "",
        milli=draw(st.sampled_from([100, 500])) if mode is Mode.SHARE else WHOLE_MILLI,
        nvlink=draw(WISHES),
        numa=draw(WISHES),
    )


WORKLOADS = st.none() | st.just(
    Workload(
        {
            Shape(Resources(2, 2, 0), 1, 500): 5,
            Shape(Resources(1, 1, 0), 1, 100): 3,
            Shape(Resources(4, 4, 0), 4, WHOLE_MILLI, frozenset({"h100"})): 1,
            Shape(Resources(1, 2, 0), 1, WHOLE_MILLI): 4,
        }
    )
)


@st.composite
def host_views(draw: st.DrawFn, name: str) -> HostView:
    """Any host of that name; it may use more than it has."""
    gpus = tuple(draw(gpu_views(place)) for place in range(4)) if draw(st.booleans()) else ()
    return HostView(
        uid=f"uid-{name}",
        name=name,
        zone=draw(ZONES),
        ready=draw(st.integers(0, 4)) > 0,
        schedulable=draw(st.integers(0, 4)) > 0,
        capacity=draw(AMOUNTS),
        used=draw(st.just(Resources()) | AMOUNTS),
        labels=draw(LABELS),
        groups=draw(st.dictionaries(GROUPS, st.integers(0, 2))),
        rack=draw(st.sampled_from(["r1", "r2"])),
        taints=draw(st.just(()) | TAINTS),
        pool=draw(POOLS),
        pool_shared=draw(st.booleans()),
        features=draw(FEATURES),
        gpus=gpus,
        board=draw(SMALL_BOARDS) if gpus else None,
        cells=tuple(CellView(draw(AMOUNTS), draw(AMOUNTS)) for _ in range(draw(st.sampled_from([0, 2])))),
    )


@st.composite
def guests_of(draw: st.DrawFn, host: HostView) -> HostView:
    """The host with any other guests."""
    return replace(
        host,
        used=draw(AMOUNTS),
        groups=draw(st.dictionaries(GROUPS, st.integers(0, 2))),
        gpus=tuple(draw(states_of(gpu)) for gpu in host.gpus),
        cells=tuple(CellView(cell.capacity, draw(AMOUNTS)) for cell in host.cells),
    )


@st.composite
def fleets(draw: st.DrawFn) -> list[HostView]:
    """Any hosts, in any order."""
    return [draw(host_views(name)) for name in draw(st.lists(NAMES, unique=True))]


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """Any request; most of them ask for little."""
    pinned = draw(st.none() | NAMES)
    return Request(
        uid=f"guest-{draw(st.integers(0, 999))}",
        tenant_uid="tenant",
        resources=draw(st.builds(Resources, *(st.integers(0, 4) for _ in DIMENSIONS))),
        zone=draw(st.none() | ZONES),
        host=draw(st.none() | st.none() | NAMES),
        pinned_host_uid=None if pinned is None or draw(st.booleans()) else f"uid-{pinned}",
        host_labels=draw(st.just(dict[str, str]()) | LABELS),
        group=draw(st.none() | GROUP_WISHES),
        storage=draw(st.none() | st.none() | STORAGE),
        tolerations=draw(TOLERATIONS),
        features=draw(st.just(frozenset[str]()) | FEATURES),
        gpus=draw(st.none() | gpu_requests()),
    )
