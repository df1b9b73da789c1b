"""What placement is offered of a real host's vGPUs, and which devices they are on the host."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pextra.controllers import host_gpus
from pextra.drivers.documents import write
from pextra.drivers.gpu.interface import (
    Gpu,
    Health,
    HealthState,
    VgpuInterface,
    VgpuType,
    VirtualFunction,
    VirtualFunctions,
)
from pextra.drivers.interface import DeviceKind, HostFeature
from pextra.store import gpus
from pextra.store.gpus import Claim

ADDRESS = "0000:41:00.0"
FUNCTIONS = tuple(VirtualFunction(f"0000:41:00.{n}", 100 + n, "nvidia") for n in range(1, 6))
CARD = Gpu(ADDRESS, "10de", "2235", "a40", "", iommu_group=7, driver="nvidia", health=Health(HealthState.OK))
HALF, QUARTER = VgpuType("A40-24Q", 562, 24_576, 2, 2, 0), VgpuType("A40-12Q", 560, 12_288, 4, 4, 0)
MDEV = replace(CARD, vgpu_interface=VgpuInterface.MDEV, vgpu_types=(QUARTER, HALF))
VF = replace(MDEV, vgpu_interface=VgpuInterface.VF, vfs=VirtualFunctions(32, 5, FUNCTIONS))
VF_MDEV = replace(VF, vgpu_interface=VgpuInterface.VF_MDEV)


def told(gpu: Gpu, *, now: tuple[int | None, int], others: tuple[int, ...] = ()) -> Gpu:
    """The GPU when its kernel would make so many more halves and has made so many, also of these functions."""
    functions = tuple(replace(each, vgpu=number in others) for number, each in enumerate(gpu.vfs.functions))
    half = replace(HALF, available=now[0], made=now[1])
    return replace(gpu, vfs=replace(gpu.vfs, functions=functions), vgpu_types=(half,))


def offered(gpu: Gpu, *, slots: int = 0) -> dict[str, tuple[int, list[int]]]:
    """Of each type its thousandths and numbers, while guests have vGPUs of these numbers."""
    has = gpus.Gpu("host", ADDRESS, 0, {}, -1, True, 500 * slots.bit_count(), "vgpu", HALF.name, slots)
    kind = _row(gpu, (has,) if slots else ()).kind
    assert not kind["shareable"]
    assert {part["mode"] for part in kind["slices"]} <= {"vgpu"}
    return {part["name"]: (part["milli"], part["starts"]) for part in kind["slices"]}


def _row(gpu: Gpu, given: tuple[gpus.Gpu, ...] = ()) -> gpus.Gpu:
    features = [HostFeature.VFIO]
    (row,) = host_gpus.offered("host", [gpu], "pcie", simulated=False, features=features, given=given).gpus
    return row


@pytest.mark.parametrize("gpu", [MDEV, VF_MDEV, VF], ids=lambda gpu: str(gpu.vgpu_interface))
def test_as_many_are_offered_as_the_kernel_would_make_and_guests_have(gpu: Gpu) -> None:
    assert offered(gpu) == {"A40-12Q": (250, [0, 1, 2, 3]), "A40-24Q": (500, [0, 1])}
    assert offered(told(gpu, now=(1, 1)), slots=0b10) == {"A40-24Q": (500, [0, 1])}
    assert offered(told(gpu, now=(0, 2)), slots=0b11) == {
        "A40-24Q": (500, [0, 1])
    }  # again as soon as one is given back
    assert offered(told(gpu, now=(0, 2)), slots=0b1) == {"A40-24Q": (500, [0])}  # the other one is not ours
    assert offered(told(gpu, now=(0, 2))) == {}
    assert offered(told(gpu, now=(None, 0))) == {}


@pytest.mark.parametrize("gpu", [VF_MDEV, VF], ids=lambda gpu: str(gpu.vgpu_interface))
def test_function_that_others_made_a_vgpu_is_not_offered(gpu: Gpu) -> None:
    assert offered(told(gpu, now=(1, 1), others=(0,))) == {"A40-24Q": (500, [1])}
    assert offered(told(gpu, now=(1, 1), others=(0,)), slots=1) == {"A40-24Q": (500, [0, 1])}  # it is the guest's
    assert offered(told(gpu, now=(1, 1), others=(0, 1, 2, 3, 4))) == {}


def test_more_than_there_are_functions_or_bits_are_never_offered() -> None:
    many = VgpuType("A40-1B", 1, 1024, 32, 32, 0)
    assert offered(replace(MDEV, vgpu_types=(many,))) == {"A40-1B": (31, list(range(31)))}
    assert offered(replace(VF, vgpu_types=(many,))) == {"A40-1B": (200, [0, 1, 2, 3, 4])}


def test_functions_without_an_iommu_group_and_gpus_without_vgpus_offer_none() -> None:
    loose = replace(FUNCTIONS[0], iommu_group=None)
    assert offered(replace(VF, vfs=VirtualFunctions(32, 5, (loose, *FUNCTIONS[1:])))) == {}
    assert offered(replace(VF, vgpu_interface=None)) == {}
    assert not _row(replace(MDEV, iommu_group=None)).usable


def test_gpu_of_which_there_are_vgpus_is_not_offered_whole() -> None:
    assert _row(MDEV).kind["whole"]
    assert not _row(told(MDEV, now=(1, 1))).kind["whole"]
    assert not _row(VF).kind["whole"]


def _devices(gpu: Gpu, claims: list[Claim], guest: str = "guest") -> list[Any]:
    return list(host_gpus.devices_of(guest, claims, {"gpus": [write(gpu)]}))


def test_mediated_device_has_the_same_uuid_whenever_it_is_made_and_nobody_else_has_it() -> None:
    claims = [Claim(ADDRESS, "vgpu", HALF.name, 500, 1 << number) for number in (0, 1)]
    for gpu, places in ((MDEV, [ADDRESS] * 2), (VF_MDEV, [each.address for each in FUNCTIONS[:2]])):
        found = _devices(gpu, claims)
        assert [(each.kind, each.address, each.type) for each in found] == [
            (DeviceKind.MDEV, place, HALF.name) for place in places
        ]
        assert found == _devices(gpu, claims)
        assert len({each.uuid for each in (*found, *_devices(gpu, claims, "other"))}) == 4


def test_vgpu_of_a_function_is_that_function_and_no_other_while_it_is_gone() -> None:
    claim = Claim(ADDRESS, "vgpu", HALF.name, 500, 1 << 4)
    (found,) = _devices(VF, [claim])
    assert (found.kind, found.address, found.type, found.uuid) == (
        DeviceKind.VGPU, FUNCTIONS[4].address, HALF.name, "",
    )  # fmt: skip
    for gone in (
        replace(VF, vfs=VirtualFunctions(32, 4, FUNCTIONS[:4])),
        replace(VF, vgpu_interface=None),
    ):
        assert _devices(gone, [claim]) == []
        lack = host_gpus.lost("guest", [claim], {"gpus": [write(gone)]}, simulated=False)
        assert lack == f"its host no longer has the means to make the vGPUs that it was given of GPU {ADDRESS}"
        assert host_gpus.lost("guest", [claim], {"gpus": [write(gone)]}, simulated=True) == ""
