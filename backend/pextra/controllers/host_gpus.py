"""What of a host's GPUs can be given out, by what the host tells of them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from pextra.drivers.gpu.interface import Gpu, HealthState, VgpuInterface
from pextra.drivers.interface import DeviceKind, GuestDevice, HostFeature
from pextra.scheduling.gpus.boards import BOARDS, MOST_GPUS, MOST_LINKED, Board, from_links, unlinked
from pextra.scheduling.gpus.devices import MIG_SLOTS, MOST_VFS, WHOLE_MILLI, Mode
from pextra.store import gpus as stored
from pextra.store.allocations import Boarded

NO_CELL: Final = -1
_NVIDIA: Final = "10de"
_MDEVS: Final = uuid.UUID("7d0f2b52-6a58-5c0c-9f6e-0c1d3f5a8e21")


def offered(
    host_uid: str,
    gpus: Sequence[Gpu],
    board: str,
    *,
    simulated: bool,
    features: Collection[str],
    to_be_divided: Collection[str] = (),
    given: Sequence[stored.Gpu] = (),
) -> Boarded:
    """A host's GPUs as placement takes them; of more than `MOST_GPUS`, the first.

    Real hosts hand out, where an IOMMU keeps them apart, whole ones, virtual functions that guests can drive, and the
    vGPUs that their kernel makes. Of NVIDIA's functions a guest can drive none before it was made a vGPU, a MIG
    instance is no device of the host's that a guest could be given but as a vGPU, and no share of one's time is either:
    those only simulated hosts hand out.

    Args:
        host_uid: the host's.
        gpus: as it tells of them.
        board: what they are together, by name.
        simulated: whether they are.
        features: what the host can give its guests.
        to_be_divided: addresses of those that nobody is to be given whole any more.
        given: the host's as they are given out now, by which what others made of a GPU is told from what guests have.
    """
    known = {gpu.address: gpu for gpu in given}
    able = simulated or HostFeature.VFIO in features
    # Where modules are numbered, a board's partitions are of those; elsewhere places are as good as addresses.
    ordered = sorted(gpus, key=lambda gpu: (gpu.module or 0, gpu.address))[:MOST_GPUS]
    rows = [
        stored.Gpu(
            host_uid=host_uid,
            address=gpu.address,
            position=position,
            kind=_kind(gpu, simulated=simulated, whole=gpu.address not in to_be_divided, given=known.get(gpu.address)),
            cell=gpu.numa_node if gpu.numa_node is not None else NO_CELL,
            usable=able and gpu.health.state is not HealthState.FAILED and (simulated or gpu.iommu_group is not None),
        )
        for position, gpu in enumerate(ordered)
    ]
    found = _board(ordered, board)
    document = {"name": found.name, "size": found.size, "partitions": list(found.partitions)}
    return Boarded(tuple(rows), document if found.partitions else None)


def devices_of(guest_uid: str, claims: Sequence[stored.Claim], host: Mapping[str, Any]) -> tuple[GuestDevice, ...]:
    """The devices of the host that reach a guest with what it was given of GPUs.

    Args:
        guest_uid: whose.
        claims: all that it was given, in order.
        host: the host's status.
    """
    found = (_device(guest_uid, part, claim, host) for part, claim in enumerate(claims))
    return tuple(device for device in found if device is not None)


def lost(guest_uid: str, claims: Sequence[stored.Claim], host: Mapping[str, Any], *, simulated: bool) -> str:
    """Which devices of what a guest was given its host does not have now, in words; empty: none."""
    gone = [
        claim
        for part, claim in enumerate(claims)
        if is_device(claim, simulated=simulated) and _device(guest_uid, part, claim, host) is None
    ]
    if not gone:
        return ""
    modes = {claim.mode for claim in gone}
    what = "GPU"
    if Mode.VGPU in modes:
        what = "the means to make the vGPUs that it was given of GPU"
    elif Mode.VF in modes:
        what = "the virtual functions that it was given of GPU"
    return f"its host no longer has {what} {', '.join(sorted({claim.address for claim in gone}))}"


def with_functions(given: Sequence[Mapping[str, Any]], devices: Sequence[GuestDevice]) -> list[dict[str, Any]]:
    """What an instance tells of its GPUs, with the addresses of its virtual functions.

    Args:
        given: what it told so far, a document a claim.
        devices: see `devices_of`; none, where what it was given are no devices.
    """
    if len(devices) != len(given):
        return [dict(each) for each in given]
    pairs = zip(given, devices, strict=True)
    return [{**each, "function": device.address if device.address != each["address"] else ""} for each, device in pairs]


def is_device(claim: stored.Claim, *, simulated: bool) -> bool:
    """Whether what was given is a device of the host's that its guest has to be given.

    Virtual functions were not told apart at first, on simulated hosts; of those claims nothing reaches the guest, and
    of the vGPUs of simulated hosts nothing either.
    """
    if claim.mode == Mode.VGPU:
        return not simulated
    return claim.mode == Mode.WHOLE or (claim.mode == Mode.VF and claim.slots != 0)


def _device(guest_uid: str, part: int, claim: stored.Claim, host: Mapping[str, Any]) -> GuestDevice | None:
    """The device that a claim is; None where it is none, or the host does not have it now.

    Args:
        part: the claim's place among those of the guest, which with the guest makes the UUID of a mediated device: the
            same whenever it is made, so that one that is there is found again.
    """
    gpu = next((gpu for gpu in host.get("gpus", []) if gpu["address"] == claim.address), None)
    if gpu is None or not is_device(claim, simulated=False):
        return None
    kind, address, model, name = DeviceKind.VFIO, _function(claim, gpu), "", ""
    if claim.mode == Mode.WHOLE:
        address, model = claim.address, f"{gpu['vendor']}:{gpu['device']}"
    elif claim.mode == Mode.VGPU:
        interface = gpu.get("vgpu_interface")
        if interface is None:
            return None
        kind = DeviceKind.VGPU if interface == VgpuInterface.VF else DeviceKind.MDEV
        name = str(uuid.uuid5(_MDEVS, f"{guest_uid}/{part}")) if kind is DeviceKind.MDEV else ""
        if interface == VgpuInterface.MDEV:
            address, model = claim.address, f"{gpu['vendor']}:{gpu['device']}"
    if address is None:
        return None
    return GuestDevice(
        kind,
        address,
        uuid=name,
        type=claim.profile if claim.mode == Mode.VGPU else "",
        numa_node=gpu.get("numa_node"),
        root_complex=gpu.get("root_complex") or "",
        model=model,  # what a function says that it is differs from its GPU, and is not told
    )


def _function(claim: stored.Claim, gpu: Mapping[str, Any]) -> str | None:
    """The address of the virtual function that was given; None while the host does not have it."""
    number = claim.slots.bit_length() - 1
    divided: Mapping[str, Any] = gpu.get("vfs") or {}
    functions: list[Mapping[str, Any]] = divided.get("functions") or []
    return functions[number]["address"] if 0 <= number < len(functions) else None


def _board(ordered: Sequence[Gpu], name: str) -> Board:
    known = BOARDS.get(name)
    if known is not None and [gpu.module for gpu in ordered] == list(range(1, known.size + 1)):
        return known
    places = {gpu.address: place for place, gpu in enumerate(ordered)}
    if len(places) > MOST_LINKED:
        return unlinked(len(places))
    pairs = {
        (min(places[gpu.address], places[link.peer]), max(places[gpu.address], places[link.peer]))
        for gpu in ordered
        for link in gpu.links or ()
        if link.count and link.peer in places
    }
    return from_links(len(ordered), frozenset(pairs))


def _kind(gpu: Gpu, *, simulated: bool, whole: bool, given: stored.Gpu | None) -> dict[str, Any]:
    """What all GPUs like it have in common: see `stored.Gpu`.

    Args:
        given: as guests have it now; None: it is new.
    """
    slices: list[dict[str, Any]] = []
    functions = gpu.vfs.functions[:MOST_VFS]
    apart = all(function.iommu_group is not None for function in functions)
    if functions and (simulated or (apart and gpu.vendor != _NVIDIA)):
        slices.append(_slice("vf", "", WHOLE_MILLI // len(functions), 1, range(len(functions))))
    whole = whole and not gpu.vfs.current  # the kernel lets no guest have what is divided
    if not simulated:
        slices += _vgpus(gpu, functions=len(functions) if apart else 0, given=given)
        whole = whole and not any(each.made for each in gpu.vgpu_types)
        return {"model": gpu.model, "shareable": False, "whole": whole, "slices": slices}
    slices += [
        _slice("mig", profile.name, profile.size * WHOLE_MILLI // MIG_SLOTS, profile.size, profile.starts)
        for profile in gpu.mig.profiles
        if max(profile.starts, default=MIG_SLOTS) + profile.size <= MIG_SLOTS
    ]
    slices += [_slice("vgpu", each.name, WHOLE_MILLI // max(1, each.most)) for each in gpu.vgpu_types]
    # One that is divided is shared by its functions alone.
    return {"model": gpu.model, "shareable": whole, "whole": whole, "slices": slices}


def _vgpus(gpu: Gpu, *, functions: int, given: stored.Gpu | None) -> list[dict[str, Any]]:
    """The vGPU types that a real host's kernel would make of a GPU: as many as guests have, and as it would make more.

    They are told apart by number: that of the virtual function, of which nobody is offered one that others made a vGPU;
    of a GPU whose kernel needs no functions for them, any.

    Args:
        functions: of how many virtual functions guests can be given.
        given: see `_kind`.
    """
    if gpu.vgpu_interface is None:
        return []
    apart = gpu.vgpu_interface != VgpuInterface.MDEV
    slots, had_as = (0, "") if given is None else (given.slots, given.profile)
    had = [number for number in range(MOST_VFS) if slots >> number & 1]
    others = [number for number in range(functions if apart else MOST_VFS) if number not in had]
    free = [number for number in others if not (apart and gpu.vfs.functions[number].vgpu)]
    found: list[dict[str, Any]] = []
    for each in gpu.vgpu_types:
        starts = sorted([*had, *free[: each.available or 0]])
        if starts and (each.available or each.name == had_as):
            most = min(each.most, functions) if apart else each.most
            found.append(_slice("vgpu", each.name, WHOLE_MILLI // max(1, most), 1, starts))
    return found


def _slice(mode: str, name: str, milli: int, slots: int = 0, starts: Sequence[int] = ()) -> dict[str, Any]:
    return {"mode": mode, "name": name, "milli": milli, "slots": slots, "starts": list(starts)}
