"""Guests tell of their GPUs through QEMU: real guests, real channels, the real reporter, and what a host takes of it.

This machine has no GPU and may have no IOMMU: the guest is defined as with one, and started without the one line that
passes it through. What stands for the GPU in the guest is its disk, a PCI function below a root port as a GPU is.
"""

from __future__ import annotations

import stat
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from pextra.agent.gpus.guests import GuestGpus
from pextra.clock import SystemClock
from pextra.drivers.gpu.interface import Gpu
from pextra.drivers.interface import DeviceKind, DiskSource, GpuChannel, GuestDevice, GuestDisk, GuestSpec
from pextra.drivers.libvirt.driver import LibvirtCompute
from pextra.drivers.libvirt.hosting import PrivateLibvirtd
from pextra.drivers.libvirt.topology import paths_of
from pextra.drivers.vfio.handing import HostDevices
from pextra_client import guest as guest_files
from tests.drivers.hypervisor import BOOT_TIMEOUT_S, Hypervisor
from tests.drivers.kernel_tree import KernelTree
from tests.labs import nvml, python_disk
from tests.labs.waiting import wait_until

DEVICE = GuestDevice(DeviceKind.VFIO, "0000:41:00.0")
GPU = Gpu(DEVICE.address, "10de", "2330", "h100", "H100", uuid="GPU-1", memory_mib=81_559)
FIND_PORT = """#!/bin/sh
for name in /sys/class/virtio-ports/*/name; do
    read -r port <$name
    [ "$port" = org.pextra.gpu.0 ] && name=${name%/name} && port=/dev/${name##*/} && break
done
"""
FLOOD = f"""{FIND_PORT}
exec 3>$port
dd if=/dev/urandom bs=1024 count=300 2>/dev/null >&3
printf '\\n{{"gpus":[{{"uuid":"GPU-1","power_mw":5000}},{{"uuid":"GPU-2","power_mw":1}}]}}\\n' >&3
echo GUEST sent
"""
REPORT = """#!/bin/sh
disk=$(readlink -f /sys/block/vda/device)
disk=${disk%/virtio*}
mkdir /mnt/python
mount -t iso9660 -o ro /dev/vdb /mnt/python
for folder in proc sys dev; do mount -o bind /$folder /mnt/python/$folder; done
mount -t tmpfs none /mnt/python/tmp
printf 'gpu 0000%s\\nuuid GPU-of-the-guest\\nload 93\\npower 612500\\nheat 71\\nused 7\\nmemory 81559\\n' ${disk##*/} \\
    >/mnt/python/tmp/nvml
FAKE_NVML=/tmp/nvml LD_LIBRARY_PATH=/lib chroot /mnt/python /python/bin/python3 /reporter --period 5
"""


class WithoutGpu(LibvirtCompute):
    """The driver, but for what passes the GPU through."""

    def _define(self, xml: str, name: str) -> None:
        domain = ET.fromstring(xml)
        devices = domain.find("devices")
        assert devices is not None
        for element in devices.findall("hostdev"):
            devices.remove(element)
        super()._define(ET.tostring(domain, encoding="unicode"), name)


class Endpoint(PrivateLibvirtd):
    """Guests without a GPU need not lock their memory."""

    def ensure_may_lock(self) -> None:
        pass


@pytest.fixture
def compute(hypervisor: Hypervisor, tmp_path: Path) -> Iterator[LibvirtCompute]:
    """A driver of a host that has the GPU."""
    kernel = KernelTree(tmp_path / "root")
    kernel.add_function(DEVICE.address, driver="nouveau")
    devices = HostDevices(tmp_path / "devices", sysfs=kernel)
    driver = WithoutGpu(Endpoint(hypervisor.libvirtd_root), accelerated=False, devices=devices)
    yield driver
    driver.close()


@pytest.fixture
def started(compute: LibvirtCompute, hypervisor: Hypervisor) -> Iterator[list[str]]:
    """The guests of a test, which are removed after it."""
    uids: list[str] = []
    yield uids
    for uid in uids:
        compute.ensure_absent(uid)


@pytest.fixture
def listening(compute: LibvirtCompute) -> Iterator[GuestGpus]:
    """What the host's agent listens with."""
    made = GuestGpus(compute, SystemClock())
    made.know([GPU])
    yield made
    made.close()


def heard(listening: GuestGpus, power_mw: int) -> bool:
    listening.listen()
    return [each.reading.power_mw for each in listening.readings()] == [power_mw]


def test_a_real_guest_sends_rubbish_and_then_what_is_taken(
    hypervisor: Hypervisor, compute: LibvirtCompute, listening: GuestGpus, started: list[str]
) -> None:
    guest = replace(hypervisor.new_guest("talker", user_data=FLOOD), devices=(DEVICE,))
    started.append(guest.uid)
    compute.ensure_defined(guest)
    compute.ensure_running(guest.uid)
    wait_until(lambda: heard(listening, 5000), BOOT_TIMEOUT_S, "the guest's word")
    (told,) = listening.readings()
    assert (told.guest_uid, told.reading.address, told.reading.memory_mib) == (guest.uid, DEVICE.address, 81_559)
    (channel,) = compute.observe_gpu_channels()
    assert stat.S_IMODE(channel.socket.parent.stat().st_mode) == 0o700
    account = hypervisor.libvirtd.account
    assert account is None or channel.socket.parent.stat().st_uid == account.uid
    compute.ensure_stopped(guest.uid, force=True)
    listening.listen()
    assert listening.readings() == ()


def test_a_guest_from_before_runs_on_as_it_is_and_can_tell_after_its_next_start(
    hypervisor: Hypervisor, compute: LibvirtCompute, started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    guest = replace(hypervisor.new_guest("old"), devices=(DEVICE,))
    started.append(guest.uid)
    with monkeypatch.context() as before:
        before.setattr("pextra.drivers.libvirt.domain.GPU_CHANNEL", "org.pextra.older.0")
        compute.ensure_defined(guest)
        compute.ensure_running(guest.uid)
    process = hypervisor.qemu_pid(guest.uid)
    compute.ensure_defined(guest)
    seen = compute.observe_guest(guest.uid)
    assert seen is not None
    assert not seen.restart_required
    assert hypervisor.qemu_pid(guest.uid) == process
    assert compute.observe_gpu_channels() == ()
    compute.ensure_stopped(guest.uid, force=True)
    compute.ensure_running(guest.uid)
    (channel,) = compute.observe_gpu_channels()
    assert (channel.uid, channel.addresses) == (guest.uid, {DEVICE.address})


class AtTheDisk:
    """The driver, for which the GPU is where the guest's first disk is."""

    def __init__(self, compute: LibvirtCompute, hypervisor: Hypervisor) -> None:
        self._compute, self._hypervisor = compute, hypervisor

    def observe_gpu_channels(self) -> Sequence[GpuChannel]:
        return [replace(each, paths=self._paths(each.uid)) for each in self._compute.observe_gpu_channels()]

    def _paths(self, uid: str) -> dict[str, str]:
        domain = ET.fromstring(self._hypervisor.libvirt_xml(uid))
        devices, place = domain.find("devices"), domain.find("devices/disk/address")
        assert devices is not None
        assert place is not None
        gpu = ET.SubElement(devices, "hostdev", type="pci")
        gpu.append(place)
        source = {"domain": "0x0000", "bus": "0x41", "slot": "0x00", "function": "0x0"}
        ET.SubElement(ET.SubElement(gpu, "source"), "address", source)
        return paths_of(domain)


@pytest.mark.slow
def test_the_real_reporter_in_a_real_guest_tells_of_a_gpu_by_its_place(
    hypervisor: Hypervisor, compute: LibvirtCompute, started: list[str], tmp_path: Path
) -> None:
    if reason := nvml.reason_unavailable():
        pytest.skip(reason)
    (tmp_path / "reporter").write_text(guest_files.program())
    library = nvml.build(tmp_path) / "libnvidia-ml.so.1"
    made = python_disk.build(tmp_path, {"reporter": tmp_path / "reporter", f"lib/{library.name}": library})
    image = made.rename(hypervisor.root / made.name)
    image.chmod(0o644)
    guest = _with_disk(replace(hypervisor.new_guest("reporter", user_data=REPORT), devices=(DEVICE,)), image)
    started.append(guest.uid)
    compute.ensure_defined(guest)
    compute.ensure_running(guest.uid)
    listening = GuestGpus(AtTheDisk(compute, hypervisor), SystemClock())  # pyright: ignore[reportArgumentType]
    listening.know([GPU])
    try:
        wait_until(lambda: heard(listening, 612_500), 2 * BOOT_TIMEOUT_S, "the reporter's word")
    except TimeoutError as error:
        error.add_note(hypervisor.console(guest.uid))
        raise
    finally:
        listening.close()
    (told,) = listening.readings()
    reading = told.reading
    assert (reading.address, reading.utilization_percent, reading.temperature_c) == (DEVICE.address, 93, 71)
    assert (reading.memory_used_mib, reading.memory_mib, reading.ecc_corrected) == (7, 81_559, None)


def _with_disk(guest: GuestSpec, image: Path) -> GuestSpec:
    disk = GuestDisk("tools", DiskSource("file", str(image), "raw"), read_only=True)
    return replace(guest, memory_mib=256, disks=(*guest.disks, disk))
