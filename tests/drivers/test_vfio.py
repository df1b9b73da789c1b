"""What is taken from the host's drivers is given back as it was, whenever we are killed; what the host needs stays."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from pextra.drivers.file.durable import Steps
from pextra.drivers.interface import DeviceKind, DriverError, GuestDevice, Permanent, Retryable
from pextra.drivers.libvirt.features import find_features, threads_of_nodes
from pextra.drivers.vfio.handing import HostDevices
from tests.drivers.kernel_tree import GPU, NIC, NVME, PCI_BRIDGE, KernelTree

A, B, BRIDGE = "0000:41:00.0", "0000:41:00.1", "0000:40:01.0"
UUID = "5c1bff6c-7e2b-4a52-9b0a-2f2f8b1c7d11"
ONE = GuestDevice(DeviceKind.VFIO, A)
OTHER = GuestDevice(DeviceKind.VFIO, B)
SLICE = GuestDevice(DeviceKind.MDEV, A, uuid=UUID, type="nvidia-699")


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def kernel(tmp_path: Path) -> KernelTree:
    return KernelTree(tmp_path / "root")


@pytest.fixture
def devices(kernel: KernelTree, tmp_path: Path) -> HostDevices:
    return HostDevices(tmp_path / "ledger", sysfs=kernel)


def reason_of(act: Callable[[], object]) -> str:
    with pytest.raises(DriverError) as caught:
        act()
    assert "\n" not in caught.value.message
    return caught.value.reason


def killed_before_each_step(act: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> int:
    """Do the act, killed before its first step, then before its second, and so on, each time from where it was left."""
    for number in range(1, 100):
        taken = 0

        def count(_: str, number: int = number) -> None:
            nonlocal taken
            taken += 1
            if taken == number:
                raise Killed

        monkeypatch.setattr(Steps, "before", count)
        try:
            act()
        except Killed:
            continue
        finally:
            monkeypatch.setattr(Steps, "before", None)
        return number - 1
    raise AssertionError("the act does not come to its end")


# --- taking and giving back ---


def test_function_is_taken_and_given_back_as_it_was(kernel: KernelTree, devices: HostDevices, tmp_path: Path) -> None:
    kernel.add_function(A, driver="nouveau")
    before = kernel.state()
    devices.ensure_held("guest", [ONE])
    assert kernel.state() == {A: ("vfio-pci", "vfio-pci")}
    assert devices.holders() == {"guest"}
    devices.ensure_given_back("guest")
    assert kernel.state() == before
    assert devices.holders() == set()
    assert not list((tmp_path / "ledger").glob("*.json"))


def test_override_of_the_administrators_is_restored(kernel: KernelTree, devices: HostDevices) -> None:
    path = kernel.add_function(A, driver="nouveau")
    (path / "driver_override").write_text("nouveau\n")
    devices.ensure_held("guest", [ONE])
    devices.ensure_given_back("guest")
    assert kernel.state() == {A: ("nouveau", "nouveau")}


def test_function_that_nobody_drove_is_left_to_nobody(kernel: KernelTree, devices: HostDevices) -> None:
    kernel.add_function(A)
    devices.ensure_held("guest", [ONE])
    assert kernel.driver_of(A) == "vfio-pci"
    devices.ensure_given_back("guest")
    assert kernel.state() == {A: ("", "")}


def test_function_that_was_set_aside_for_guests_stays_so(kernel: KernelTree, devices: HostDevices) -> None:
    path = kernel.add_function(A, driver="vfio-pci")
    devices.ensure_held("guest", [ONE])
    devices.ensure_given_back("guest")
    assert kernel.driver_of(A) == "vfio-pci"
    assert (path / "driver_override").read_text().strip() == "(null)"


def test_what_is_done_already_is_not_done_again(kernel: KernelTree, devices: HostDevices) -> None:
    kernel.add_function(A, driver="nouveau")
    devices.ensure_held("guest", [ONE])
    kernel.writes.clear()
    devices.ensure_held("guest", [ONE])
    devices.ensure_given_back("guest", keep=[ONE.name])
    devices.ensure_given_back("somebody else")
    assert kernel.writes == []


def test_only_what_is_not_kept_is_given_back(kernel: KernelTree, devices: HostDevices) -> None:
    kernel.add_function(A, driver="nouveau")
    kernel.add_function(B, driver="snd", group=2)
    devices.ensure_held("guest", [ONE, OTHER])
    devices.ensure_given_back("guest", keep=[B])
    assert kernel.state() == {A: ("nouveau", ""), B: ("vfio-pci", "vfio-pci")}


def test_what_others_bound_to_vfio_is_not_given_back(kernel: KernelTree, devices: HostDevices) -> None:
    kernel.add_function(A, driver="nouveau")
    kernel.add_function(B, driver="vfio-pci", group=2)
    devices.ensure_held("guest", [ONE])
    devices.ensure_given_back("guest")
    assert kernel.driver_of(B) == "vfio-pci"


def test_taking_survives_a_kill_before_every_step(
    kernel: KernelTree, devices: HostDevices, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel.add_function(A, driver="nouveau")
    kernel.add_function(B, driver="snd")
    before = kernel.state()
    assert killed_before_each_step(lambda: devices.ensure_held("guest", [ONE, OTHER]), monkeypatch) >= 4
    assert kernel.state() == {A: ("vfio-pci", "vfio-pci"), B: ("vfio-pci", "vfio-pci")}
    assert killed_before_each_step(lambda: devices.ensure_given_back("guest"), monkeypatch) >= 4
    assert kernel.state() == before
    assert devices.holders() == set()


@pytest.mark.parametrize("steps", range(8))
def test_taking_that_was_killed_can_be_taken_back(
    kernel: KernelTree, devices: HostDevices, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    kernel.add_function(A, driver="nouveau")
    before = kernel.state()
    left = steps

    def count(_: str) -> None:
        nonlocal left
        if left == 0:
            raise Killed
        left -= 1

    monkeypatch.setattr(Steps, "before", count)
    with suppress(Killed):
        devices.ensure_held("guest", [ONE])
    monkeypatch.setattr(Steps, "before", None)
    devices.ensure_given_back("guest")
    assert kernel.state() == before


def test_function_that_vfio_does_not_take_goes_back_to_its_driver(kernel: KernelTree, devices: HostDevices) -> None:
    kernel.add_function(A, driver="nouveau")
    kernel.refusing.add(A)
    assert reason_of(lambda: devices.ensure_held("guest", [ONE])) == "DeviceRefused"
    assert kernel.driver_of(A) == ""
    devices.ensure_given_back("guest")
    assert kernel.state() == {A: ("nouveau", "")}


def test_host_without_vfio_is_told_what_to_load(kernel: KernelTree, devices: HostDevices) -> None:
    kernel.add_function(A, driver="nouveau")
    (kernel.root / "sys/bus/pci/drivers/vfio-pci").rmdir()
    with pytest.raises(Permanent, match="modprobe vfio-pci"):
        devices.ensure_held("guest", [ONE])
    assert kernel.driver_of(A) == "nouveau"


def test_damaged_ledger_is_said_and_nothing_is_touched(
    kernel: KernelTree, devices: HostDevices, tmp_path: Path
) -> None:
    kernel.add_function(A, driver="nouveau")
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger/odd.json").write_text('{"name": 1}')
    assert reason_of(lambda: devices.ensure_held("guest", [ONE])) == "LedgerDamaged"
    assert kernel.writes == []


# --- what is refused ---


def used_by_a_mount(kernel: KernelTree, function: Path) -> str:
    kernel.add_block("sda1", kernel.add_block("sda", function / "host0", "8:0"), "8:1", mounted="/srv")
    return "sda1 is mounted at /srv"


def used_by_a_mount_on_several_paths(kernel: KernelTree, function: Path) -> str:
    (function / "nvme/nvme3").mkdir(parents=True)
    subsystem = kernel.root / "sys/devices/virtual/nvme-subsystem/nvme-subsys3"
    KernelTree._link(kernel.root / "sys/class/nvme-subsystem/nvme-subsys3", subsystem)
    KernelTree._link(subsystem / "nvme3", function / "nvme/nvme3")
    kernel.add_block("nvme3n1", subsystem, "259:0", mounted="/")
    return "nvme3n1 is mounted at /"


def used_by_a_btrfs(kernel: KernelTree, function: Path) -> str:
    kernel.add_block("sda1", kernel.add_block("sda", function / "host0", "8:0"), "8:1")
    with (kernel.root / "proc/self/mountinfo").open("a") as file:
        file.write("22 1 0:45 / /srv rw - btrfs /dev/sdz rw\n")  # another member is named, under no device's number
    for name in ("sda1", "sdz"):
        KernelTree._link(kernel.root / "sys/fs/btrfs/5ec0de/devices" / name, kernel.root / "sys/class/block" / name)
    (kernel.root / "sys/fs/btrfs/features").mkdir()
    return "sda1 is part of the mounted btrfs 5ec0de"


def used_by_swap(kernel: KernelTree, function: Path) -> str:
    kernel.add_block("sdb", function / "host0", "8:16")
    (kernel.root / "proc/swaps").write_text("Filename Type Size Used Priority\n/dev/sdb partition 1 0 -2\n")
    return "sdb is swapped to"


def used_by_a_volume_group(kernel: KernelTree, function: Path) -> str:
    (kernel.add_block("sdc", function / "host0", "8:32") / "holders/dm-0").mkdir()
    return "sdc is part of dm-0"


def used_by_a_link(kernel: KernelTree, function: Path) -> str:
    kernel.add_link("ens1", function, flags=0x1003)
    return "the network link ens1 is up"


def used_by_a_bridge(kernel: KernelTree, function: Path) -> str:
    KernelTree._link(kernel.add_link("ens1", function, flags=0x1002) / "master", kernel.root / "sys/class/net/br0")
    return "the network link ens1 belongs to br0"


def used_by_virtual_functions(kernel: KernelTree, function: Path) -> str:
    kernel.make_divisible(function.name, 4)
    kernel.write(f"sys/bus/pci/devices/{function.name}/sriov_numvfs", "2")
    return "it is divided into 2 virtual functions"


@pytest.mark.parametrize(
    ("kind", "using"),
    [
        (NVME, used_by_a_mount),
        (NVME, used_by_a_mount_on_several_paths),
        (NVME, used_by_a_btrfs),
        (NVME, used_by_swap),
        (NVME, used_by_a_volume_group),
        (NIC, used_by_a_link),
        (NIC, used_by_a_bridge),
        (NIC, used_by_virtual_functions),
    ],
)
def test_what_the_host_uses_is_never_taken(
    kernel: KernelTree, devices: HostDevices, kind: str, using: Callable[[KernelTree, Path], str]
) -> None:
    why = using(kernel, kernel.add_function(A, kind, driver="host"))
    before = kernel.state()
    kernel.writes.clear()
    with pytest.raises(Permanent, match=why) as caught:
        devices.ensure_held("guest", [ONE])
    assert caught.value.reason == "DeviceInUse"
    assert kernel.state() == before
    assert kernel.writes == []


def test_idle_disk_and_link_can_be_taken(kernel: KernelTree, devices: HostDevices) -> None:
    disk, card = kernel.add_function(A, NVME, driver="nvme"), kernel.add_function(B, NIC, driver="ixgbe", group=2)
    kernel.add_block("nvme0n1", disk, "259:0")
    kernel.add_link("ens1", card, flags=0x1002)
    devices.ensure_held("guest", [ONE, OTHER])
    assert {driver for driver, _ in kernel.state().values()} == {"vfio-pci"}


def test_group_is_handed_out_together_or_not_at_all(kernel: KernelTree, devices: HostDevices) -> None:
    for address, kind in ((A, GPU), (B, "0x040300"), (BRIDGE, PCI_BRIDGE)):
        kernel.add_function(address, kind, driver="host")
    with pytest.raises(Permanent, match=f"{A} cannot be told from {B} by the IOMMU") as caught:
        devices.ensure_held("guest", [ONE])
    assert caught.value.reason == "GroupDivided"
    assert kernel.writes == []
    devices.ensure_held("guest", [ONE, OTHER])
    assert kernel.driver_of(BRIDGE) == "host"


def test_what_cannot_be_handed_out_is_refused_with_its_reason(kernel: KernelTree, devices: HostDevices) -> None:
    kernel.add_function(A, group=None)
    kernel.add_function(BRIDGE, PCI_BRIDGE)
    kernel.add_function(B, "0x068000", group=2)
    odd = GuestDevice(DeviceKind.VFIO, "../../../etc")
    assert reason_of(lambda: devices.refuse_unfit("guest", [ONE])) == "IommuMissing"
    assert reason_of(lambda: devices.refuse_unfit("guest", [GuestDevice(DeviceKind.VFIO, BRIDGE)])) == "DeviceUnfit"
    assert reason_of(lambda: devices.refuse_unfit("guest", [odd])) == "DeviceInvalid"
    assert reason_of(lambda: devices.refuse_unfit("guest", [OTHER, OTHER])) == "DeviceInvalid"
    devices.refuse_unfit("guest", [OTHER])  # an NVSwitch is a bridge of no standard kind


def test_device_of_another_guest_is_waited_for(kernel: KernelTree, devices: HostDevices) -> None:
    kernel.add_function(A)
    devices.ensure_held("first", [ONE])
    with pytest.raises(Retryable, match="guest first's") as caught:
        devices.ensure_held("second", [ONE])
    assert caught.value.reason == "DeviceTaken"
    devices.ensure_given_back("first")
    devices.ensure_held("second", [ONE])
    assert devices.holders() == {"second"}


def test_device_that_is_gone_is_told_of_and_given_back(kernel: KernelTree, devices: HostDevices) -> None:
    kernel.add_function(A, driver="nouveau")
    devices.ensure_held("guest", [ONE])
    assert devices.lost([ONE], running=True) == ()
    kernel.remove_function(A)
    assert devices.lost([ONE], running=True) == (A,)
    devices.ensure_held("guest", [ONE])
    devices.ensure_given_back("guest")
    assert devices.holders() == set()


def test_another_card_at_the_address_is_not_what_was_given(kernel: KernelTree, devices: HostDevices) -> None:
    kernel.add_function(A, driver="nouveau")
    ours, theirs = replace(ONE, model="10de:2330"), replace(ONE, model="10de:26b9")
    assert devices.lost([ours], running=False) == ()
    assert devices.lost([theirs], running=False) == (A,)
    devices.ensure_held("guest", [theirs])
    assert kernel.writes == []


def test_what_a_guest_holds_is_not_argued_about(kernel: KernelTree, devices: HostDevices) -> None:
    kernel.add_function(A, driver="nouveau")
    devices.ensure_held("guest", [ONE])
    kernel.add_function(B, driver="snd")  # plugged in later, into the same group
    devices.ensure_held("guest", [ONE])
    assert kernel.driver_of(A) == "vfio-pci"


# --- dividing ---


def test_function_is_divided_and_no_host_driver_gets_the_parts(kernel: KernelTree, devices: HostDevices) -> None:
    kernel.add_function(A, NIC, driver="ixgbe")
    kernel.make_divisible(A, 4)
    made = devices.ensure_vfs(A, 3)
    assert made == ("0000:41:00.1", "0000:41:00.2", "0000:41:00.3")
    assert {kernel.driver_of(vf) for vf in made} == {""}
    kernel.writes.clear()
    assert devices.ensure_vfs(A, 3) == made
    assert kernel.writes == []
    assert devices.ensure_vfs(A, 1) == made[:1]
    assert devices.ensure_vfs(A, 0) == ()


def test_dividing_survives_a_kill_before_every_step(
    kernel: KernelTree, devices: HostDevices, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel.add_function(A, NIC, driver="ixgbe")
    kernel.make_divisible(A, 4)
    devices.ensure_vfs(A, 2)
    assert killed_before_each_step(lambda: devices.ensure_vfs(A, 4), monkeypatch) == 2
    assert len(devices.ensure_vfs(A, 4)) == 4


def test_number_of_parts_stays_while_one_is_used(kernel: KernelTree, devices: HostDevices) -> None:
    kernel.add_function(A, NIC, driver="ixgbe")
    kernel.make_divisible(A, 4)
    first, second = devices.ensure_vfs(A, 2)
    devices.ensure_held("guest", [GuestDevice(DeviceKind.VFIO, second)])
    assert reason_of(lambda: devices.ensure_vfs(A, 3)) == "VfsInUse"
    devices.ensure_given_back("guest")
    kernel.add_link("vf0", kernel.function(first), flags=0x1003)
    with pytest.raises(Permanent, match="the network link vf0 is up"):
        devices.ensure_vfs(A, 0)


def test_number_of_parts_stays_while_one_is_spoken_for_that_no_guest_has_yet(
    kernel: KernelTree, devices: HostDevices
) -> None:
    kernel.add_function(A, NIC, driver="ixgbe")
    kernel.make_divisible(A, 4)
    _, second = devices.ensure_vfs(A, 2)
    assert reason_of(lambda: devices.ensure_vfs(A, 3, spoken_for={second})) == "VfsInUse"
    assert reason_of(lambda: devices.ensure_vfs(A, 3, spoken_for={A})) == "DeviceInUse"
    assert [each.current for each in devices.divisible()] == [2]


def test_nothing_is_divided_that_no_iommu_keeps_apart(kernel: KernelTree, devices: HostDevices) -> None:
    kernel.add_function(A, NIC, group=None)
    kernel.make_divisible(A, 4)
    assert reason_of(lambda: devices.ensure_vfs(A, 2)) == "IommuMissing"
    assert devices.ensure_vfs(A, 0) == ()


def test_what_cannot_be_divided_so_is_refused(kernel: KernelTree, devices: HostDevices) -> None:
    kernel.add_function(A, NIC)
    assert reason_of(lambda: devices.ensure_vfs(A, 1)) == "VfsUnsupported"
    kernel.make_divisible(A, 4)
    assert reason_of(lambda: devices.ensure_vfs(A, 5)) == "VfsUnsupported"
    assert reason_of(lambda: devices.ensure_vfs(A, -1)) == "VfsUnsupported"
    assert reason_of(lambda: devices.ensure_vfs(B, 1)) == "DeviceLost"
    devices.ensure_held("guest", [ONE])
    assert reason_of(lambda: devices.ensure_vfs(A, 1)) == "DeviceInUse"


# --- mediated devices and vGPUs ---


def test_mediated_device_comes_and_goes_with_its_guest(
    kernel: KernelTree, devices: HostDevices, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel.add_function(A, driver="nvidia")
    kernel.add_mdev_type(A, "nvidia-699", 1)
    before = kernel.state()
    assert devices.lost([SLICE], running=False) == ()
    assert killed_before_each_step(lambda: devices.ensure_held("guest", [SLICE]), monkeypatch) == 2
    assert kernel.state() == {**before, UUID: ("mdev", "")}
    assert kernel.driver_of(A) == "nvidia"
    assert devices.lost([SLICE], running=True) == ()
    assert killed_before_each_step(lambda: devices.ensure_given_back("guest"), monkeypatch) == 2
    assert kernel.state() == before
    assert devices.lost([SLICE], running=True) == (UUID,)


def test_mediated_device_that_cannot_be_made_is_refused(kernel: KernelTree, devices: HostDevices) -> None:
    kernel.add_function(A, driver="nvidia")
    kernel.add_mdev_type(A, "nvidia-699", 1)
    kernel.add_mdev_type(A, "nvidia-700", 1)

    def refused(uuid: str = UUID, kind: str = "nvidia-699") -> str:
        return reason_of(lambda: devices.refuse_unfit("guest", [GuestDevice(DeviceKind.MDEV, A, uuid=uuid, type=kind)]))

    assert refused(kind="nvidia-1") == "MdevUnsupported"
    assert refused(kind="../nvidia-699") == "DeviceInvalid"
    assert refused(uuid="../x") == "DeviceInvalid"
    devices.ensure_held("guest", [SLICE])
    assert refused(kind="nvidia-700") == "MdevTaken"
    assert refused(uuid="5c1bff6c-7e2b-4a52-9b0a-2f2f8b1c7d12") == "MdevExhausted"


def test_mediated_device_of_others_is_not_removed(kernel: KernelTree, devices: HostDevices) -> None:
    kernel.add_function(A, driver="nvidia")
    kernel.add_mdev_type(A, "nvidia-699", 2)
    kernel.write(f"sys/bus/pci/devices/{A}/mdev_supported_types/nvidia-699/create", UUID)
    devices.ensure_given_back("guest")
    assert UUID in kernel.state()


def test_vgpu_of_a_virtual_function_is_chosen_by_its_number(
    kernel: KernelTree, devices: HostDevices, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = kernel.add_function(A, driver="nvidia") / "nvidia"
    vgpu = GuestDevice(DeviceKind.VGPU, A, type="1155")
    assert reason_of(lambda: devices.refuse_unfit("guest", [vgpu])) == "VgpuUnsupported"
    files.mkdir()
    (files / "current_vgpu_type").write_text("0\n")
    (files / "creatable_vgpu_types").write_text("ID    : vGPU Name\n1155  : NVIDIA L40S-8Q\n")
    assert killed_before_each_step(lambda: devices.ensure_held("guest", [vgpu]), monkeypatch) == 2
    assert (files / "current_vgpu_type").read_text().strip().startswith("1155")
    assert kernel.driver_of(A) == "nvidia"
    (files / "current_vgpu_type").write_text("1155\n")
    for kind, reason in (("1156", "VgpuTaken"), ("x/y", "DeviceInvalid"), ("0", "DeviceInvalid")):
        other = GuestDevice(DeviceKind.VGPU, A, type=kind)
        assert reason_of(lambda other=other: devices.refuse_unfit("guest", [other])) == reason
    devices.ensure_given_back("guest")
    assert (files / "current_vgpu_type").read_text()[0] == "0"


# --- what the host says ---


def test_windows_above_four_gib_are_added_up(kernel: KernelTree, devices: HostDevices) -> None:
    for address, group in ((A, 1), (B, 2)):
        (kernel.add_function(address, group=group) / "resource").write_text(
            "0x00000000fb000000 0x00000000fbffffff 0x0000000000040200\n"
            "0x0000002000000000 0x0000003fffffffff 0x000000000014220c\n"
            "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
            "0x0000004000000000 0x0000004001ffffff 0x000000000014220c\n" + "0x0 0x0 0x0\n" * 9
        )
    assert devices.window_mib([ONE]) == (128 << 10) + 32
    assert devices.window_mib([ONE, OTHER]) == 2 * ((128 << 10) + 32)


def test_host_can_hand_out_with_an_iommu_and_vfio_alone(kernel: KernelTree) -> None:
    assert not find_features(sysfs=kernel).vfio
    kernel.add_function(A)
    assert find_features(sysfs=kernel).vfio == (os.geteuid() == 0)


def test_threads_of_the_hosts_cells_are_read(kernel: KernelTree) -> None:
    for node, threads in (("node0", "0-1,4"), ("node1", "2-3"), ("node2", "")):
        path = kernel.root / "sys/devices/system/node" / node
        path.mkdir(parents=True)
        (path / "cpulist").write_text(f"{threads}\n")
    assert threads_of_nodes(kernel) == ((0, (0, 1, 4)), (1, (2, 3)), (2, ()))
