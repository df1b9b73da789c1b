"""What of a host's GPUs can be given out, by what the host tells of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from pextra.drivers.gpu.interface import Gpu, HealthState
from pextra.drivers.interface import DeviceKind, GuestDevice, HostFeature
from pextra.scheduling.gpus.boards import BOARDS, MOST_GPUS, MOST_LINKED, Board, from_links, unlinked
from pextra.scheduling.gpus.devices import MIG_SLOTS, MOST_VFS, WHOLE_MILLI, Mode
from pextra.store import gpus as stored
from pextra.store.allocations import Boarded

NO_CELL: Final = -1
_NVIDIA: Final = "10de"


def offered(
    host_uid: str,
    gpus: Sequence[Gpu],
    board: str,
    *,
    simulated: bool,
    features: Collection[str],
    to_be_divided: Collection[str] = (),
) -> Boarded:
    """A host's GPUs as placement takes them; of more than `MOST_GPUS`, the first.

    Real hosts hand out, where an IOMMU keeps them apart, whole ones and virtual functions that guests can drive. Of
    NVIDIA's functions a guest can drive none before it was made a vGPU, a MIG instance is no device of the host's that
    a guest could be given, and no share of one's time is either: those only simulated hosts hand out yet.

    Args:
        host_uid: the host's.
        gpus: as it tells of them.
        board: what they are together, by name.
        simulated: whether they are.
        features: what the host can give its guests.
        to_be_divided: addresses of those that nobody is to be given whole any more.
    """
    able = simulated or HostFeature.VFIO in features
    # Where modules are numbered, a board's partitions are of those; elsewhere places are as good as addresses.
    ordered = sorted(gpus, key=lambda gpu: (gpu.module or 0, gpu.address))[:MOST_GPUS]
    rows = [
        stored.Gpu(
            host_uid=host_uid,
            address=gpu.address,
            position=position,
            kind=_kind(gpu, simulated=simulated, whole=gpu.address not in to_be_divided),
            cell=gpu.numa_node if gpu.numa_node is not None else NO_CELL,
            usable=able and gpu.health.state is not HealthState.FAILED and (simulated or gpu.iommu_group is not None),
        )
        for position, gpu in enumerate(ordered)
    ]
    found = _board(ordered, board)
    document = {"name": found.name, "size": found.size, "partitions": list(found.partitions)}
    return Boarded(tuple(rows), document if found.partitions else None)


def devices_of(claims: Iterable[stored.Claim], host: Mapping[str, Any]) -> tuple[GuestDevice, ...]:
    """The devices of the host that reach a guest with what it was given of GPUs.

    Args:
        claims: what it was given.
        host: the host's status.
    """
    present = {gpu["address"]: gpu for gpu in host.get("gpus", [])}
    devices: list[GuestDevice] = []
    for claim in claims:
        gpu = present.get(claim.address)
        if gpu is None or not is_device(claim):
            continue
        if claim.mode == Mode.WHOLE:
            address, model = claim.address, f"{gpu['vendor']}:{gpu['device']}"
        elif (function := _function(claim, gpu)) is not None:
            address, model = function, ""  # what a function says that it is differs from its GPU, and is not told
        else:
            continue
        devices.append(
            GuestDevice(
                DeviceKind.VFIO,
                address,
                numa_node=gpu.get("numa_node"),
                root_complex=gpu.get("root_complex") or "",
                model=model,
            )
        )
    return tuple(devices)


def with_functions(given: Sequence[Mapping[str, Any]], devices: Sequence[GuestDevice]) -> list[dict[str, Any]]:
    """What an instance tells of its GPUs, with the addresses of its virtual functions.

    Args:
        given: what it told so far, a document a claim.
        devices: see `devices_of`; none, where what it was given are no devices.
    """
    if len(devices) != len(given):
        return [dict(each) for each in given]
    pairs = zip(given, devices, strict=True)
    return [{**each, "function": device.address if each["mode"] == Mode.VF else ""} for each, device in pairs]


def is_device(claim: stored.Claim) -> bool:
    """Whether what was given is a device of the host's that its guest has to be given.

    Virtual functions were not told apart at first, on simulated hosts; of those claims nothing reaches the guest.
    """
    return claim.mode == Mode.WHOLE or (claim.mode == Mode.VF and claim.slots != 0)


def _function(claim: stored.Claim, gpu: Mapping[str, Any]) -> str | None:
    """The address of the virtual function that was given; None while the host does not have it."""
    number = claim.slots.bit_length() - 1
    divided: Mapping[str, Any] = gpu.get("vfs") or {}
    functions: list[Mapping[str, Any]] = divided.get("functions") or []
    return functions[number]["address"] if number < len(functions) else None


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


def _kind(gpu: Gpu, *, simulated: bool, whole: bool) -> dict[str, Any]:
    """What all GPUs like it have in common: see `stored.Gpu`."""
    slices: list[dict[str, Any]] = []
    functions = gpu.vfs.functions[:MOST_VFS]
    apart = all(function.iommu_group is not None for function in functions)
    if functions and (simulated or (apart and gpu.vendor != _NVIDIA)):
        slices.append(_slice("vf", "", WHOLE_MILLI // len(functions), 1, range(len(functions))))
    whole = whole and not gpu.vfs.current  # the kernel lets no guest have what is divided
    if not simulated:
        return {"model": gpu.model, "shareable": False, "whole": whole, "slices": slices}
    slices += [
        _slice("mig", profile.name, profile.size * WHOLE_MILLI // MIG_SLOTS, profile.size, profile.starts)
        for profile in gpu.mig.profiles
        if max(profile.starts, default=MIG_SLOTS) + profile.size <= MIG_SLOTS
    ]
    slices += [_slice("vgpu", each.name, WHOLE_MILLI // max(1, each.most)) for each in gpu.vgpu_types]
    # One that is divided is shared by its functions alone.
    return {"model": gpu.model, "shareable": whole, "whole": whole, "slices": slices}


def _slice(mode: str, name: str, milli: int, slots: int = 0, starts: Sequence[int] = ()) -> dict[str, Any]:
    return {"mode": mode, "name": name, "milli": milli, "slots": slots, "starts": list(starts)}
