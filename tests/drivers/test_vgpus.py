"""vGPUs come and go with their guests by both interfaces of the kernel, and whoever else made some keeps them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pextra.drivers.interface import DeviceKind, DriverError, GuestDevice, Permanent, Retryable
from pextra.drivers.vfio.handing import HostDevices
from tests.drivers.test_vfio import killed_before_each_step
from tests.labs.vgpus import A40, H100, VgpuKernel

GPU = "0000:41:00.0"
VFS = tuple(f"0000:41:00.{number}" for number in range(1, 5))
UUIDS = tuple(f"5c1bff6c-7e2b-4a52-9b0a-2f2f8b1c7d1{number}" for number in range(5))


def mdev(number: int = 0, *, parent: str = GPU, kind: str = "A40-24Q") -> GuestDevice:
    return GuestDevice(DeviceKind.MDEV, parent, uuid=UUIDS[number], type=kind)


def vf_mdev(number: int = 0, *, kind: str = "A40-24Q") -> GuestDevice:
    return mdev(number, parent=VFS[number], kind=kind)


def vgpu(number: int = 0, *, kind: str = "H100XM-40C") -> GuestDevice:
    return GuestDevice(DeviceKind.VGPU, VFS[number], type=kind)


class Way:
    """One interface: a host, and how a device of it is asked for."""

    def __init__(self, root: Path, name: str) -> None:
        self.kernel = VgpuKernel(root / "root")
        self.ledger = root / "ledger"
        self.device: Callable[..., GuestDevice] = {"mdev": mdev, "vf-mdev": vf_mdev, "vf": vgpu}[name]
        types, model = (H100, "2330") if name == "vf" else (A40, "2235")
        vfs = 0 if name == "mdev" else 4
        self.card = self.kernel.add_card(GPU, types, mediated=name != "vf", vfs=vfs, device=model)
        self.restart()

    def restart(self) -> None:
        """The agent's process is another."""
        self.devices = HostDevices(self.ledger, sysfs=self.kernel)

    def type_name(self, number: int = 0) -> str:
        return self.device(number).type

    def other_type(self) -> str:
        return "H100XM-20C" if self.type_name().startswith("H100") else "A40-8Q"

    def make_by_hand(self, number: int) -> str:
        """The administrator makes one of the same type where the guest's would be; its name."""
        device = self.device(number)
        kind = next(each for each in self.card.types if each.name.endswith(device.type))
        other = "" if device.kind is DeviceKind.VGPU else UUIDS[4]
        self.kernel.make(device.address, kind, other)
        return other or device.address


@pytest.fixture(params=["mdev", "vf-mdev", "vf"])
def way(request: pytest.FixtureRequest, tmp_path: Path) -> Way:
    return Way(tmp_path, request.param)


@pytest.fixture
def h100(tmp_path: Path) -> Way:
    return Way(tmp_path, "vf")


def error_of(act: Callable[[], object]) -> DriverError:
    with pytest.raises(DriverError) as caught:
        act()
    assert "\n" not in caught.value.message
    return caught.value


def test_vgpu_is_made_once_for_its_guest_and_goes_with_it_whenever_we_are_killed(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = way.device()
    assert killed_before_each_step(lambda: way.devices.ensure_held("guest", [device]), monkeypatch) == 2
    assert way.kernel.made == {device.name: f"NVIDIA {device.type}"}
    written = list(way.kernel.writes)
    way.restart()
    way.devices.ensure_held("guest", [device])
    assert way.kernel.writes == written
    assert way.devices.lost([device], running=True) == ()
    assert killed_before_each_step(lambda: way.devices.ensure_given_back("guest"), monkeypatch) == 2
    assert way.kernel.made == {}
    assert way.devices.holders() == set()


def test_vgpu_is_there_again_after_the_host_has_booted(way: Way) -> None:
    device = way.device()
    way.devices.ensure_held("guest", [device])
    way.kernel.boot()
    way.restart()
    if way.card.parents != (GPU,):
        assert way.devices.lost([device], running=False) == (device.name,)
        way.kernel.divide(way.card, 4)
    assert way.devices.lost([device], running=False) == ()
    assert way.kernel.made == {}
    way.devices.ensure_held("guest", [device])
    assert way.kernel.made == {device.name: f"NVIDIA {device.type}"}


def test_guest_waits_while_its_gpu_has_no_room_and_another_s_vgpu_stays(way: Way) -> None:
    way.devices.ensure_held("first", [way.device(0), way.device(1)])
    full = way.kernel.made
    refused = error_of(lambda: way.devices.ensure_held("second", [way.device(2)]))
    assert isinstance(refused, Retryable)
    assert refused.reason in ("MdevExhausted", "VgpuExhausted")
    assert way.type_name() in refused.message
    assert (way.kernel.made, way.devices.holders()) == (full, {"first"})
    way.devices.ensure_given_back("first", keep=[way.device(0).name])
    way.devices.ensure_held("second", [way.device(2)])
    assert set(way.kernel.made) == {way.device(0).name, way.device(2).name}


def test_what_the_administrator_made_is_neither_given_nor_taken_away(way: Way) -> None:
    name = way.make_by_hand(0)
    before = way.kernel.made
    if way.card.parents != (GPU,):
        refused = error_of(lambda: way.devices.ensure_held("guest", [way.device(0)]))
        assert refused.reason in ("MdevExhausted", "VgpuTaken")
        assert (way.kernel.made, way.devices.holders()) == (before, set())
    way.devices.ensure_held("guest", [way.device(1)])
    way.devices.ensure_given_back("guest")
    assert way.kernel.made == before == {name: f"NVIDIA {way.type_name()}"}


def test_gpu_has_vgpus_of_one_size(way: Way) -> None:
    way.devices.ensure_held("first", [way.device(0)])
    refused = error_of(lambda: way.devices.ensure_held("second", [way.device(1, kind=way.other_type())]))
    assert isinstance(refused, Retryable)


def test_type_that_there_is_not_is_refused_for_good_and_none_is_a_path(way: Way) -> None:
    refused = error_of(lambda: way.devices.ensure_held("guest", [way.device(kind="L4-24Q")]))
    assert isinstance(refused, Permanent)
    assert refused.reason in ("MdevUnsupported", "VgpuUnsupported")
    assert way.type_name() in refused.message
    for kind in ("../A40-24Q", "", "0", "x" * 200, "a\nb"):
        if (way.type_name(), kind) != ("A40-24Q", "0"):
            assert error_of(lambda kind=kind: way.devices.refuse_unfit("guest", [way.device(kind=kind)])).reason == (
                "DeviceInvalid"
            )
    assert way.kernel.writes == []


def test_vgpu_that_somebody_made_something_else_is_not_taken_away(h100: Way) -> None:
    h100.devices.ensure_held("guest", [h100.device()])
    h100.kernel._write(f"sys/bus/pci/devices/{VFS[0]}/nvidia/current_vgpu_type", "0")
    h100.kernel.make(VFS[0], H100[0])
    assert error_of(lambda: h100.devices.ensure_held("guest", [h100.device()])).reason == "VgpuTaken"
    h100.devices.ensure_given_back("guest")
    assert h100.kernel.made == {VFS[0]: H100[0].name}
    assert h100.devices.holders() == set()


def test_vgpu_that_a_process_holds_goes_when_that_has_ended(way: Way) -> None:
    device = way.device()
    way.devices.ensure_held("guest", [device])
    way.kernel.in_use.add(device.name)
    refused = error_of(lambda: way.devices.ensure_given_back("guest"))
    assert isinstance(refused, Retryable)
    assert refused.reason == "DeviceBusy"
    assert way.devices.holders() == {"guest"}
    way.kernel.in_use.clear()
    way.devices.ensure_given_back("guest")
    assert way.kernel.made == {}


def test_type_that_is_backed_by_mig_wants_a_gpu_instance(h100: Way) -> None:
    wanted = h100.device(0, kind="H100XM-1-10C")
    refused = error_of(lambda: h100.devices.ensure_held("guest", [wanted]))
    assert (refused.reason, "mig -cgi" in refused.message) == ("VgpuUnsupported", True)
    h100.kernel.make_gpu_instances(h100.card, [1, 3])
    h100.devices.ensure_held("guest", [wanted])
    larger = h100.device(1, kind="H100XM-3-40C")
    h100.devices.ensure_held("other", [larger])
    assert set(h100.kernel.made) == {wanted.name, larger.name}
    assert error_of(lambda: h100.devices.ensure_held("third", [h100.device(2)])).reason == "VgpuExhausted"


def test_function_outside_of_iommu_groups_is_no_vgpu(h100: Way) -> None:
    (h100.kernel.function(VFS[0]) / "iommu_group").unlink()
    assert error_of(lambda: h100.devices.ensure_held("guest", [h100.device()])).reason == "IommuMissing"
    assert h100.kernel.made == {}


def test_gpu_whose_vgpus_others_made_is_neither_given_whole_nor_divided_anew(way: Way) -> None:
    way.make_by_hand(0)
    whole = GuestDevice(DeviceKind.VFIO, GPU)
    refused = error_of(lambda: way.devices.ensure_held("guest", [whole]))
    assert refused.reason in ("DeviceInUse", "GroupDivided")
    if way.card.parents != (GPU,):
        assert error_of(lambda: way.devices.ensure_vfs(GPU, 2)).reason == "VfsInUse"
    else:
        assert UUIDS[4] in refused.message
