"""What simulated machines can have, and what their guests use of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pextra.drivers.interface import (
    DiskMetrics,
    FirmwareType,
    GuestMetrics,
    GuestSpec,
    HostFeature,
    HostInventory,
    NicMetrics,
    Permanent,
    Retryable,
)
from pextra.drivers.sim.guest import Guest
from pextra.drivers.sim.records import HostRecord

_IDLE_SHARE: Final = 0.02  # of each virtual CPU
_BYTES_A_SECOND: Final = 4096
_PACKET_BYTES: Final = 1024


def refuse_impossible_machine(guest: GuestSpec, inventory: HostInventory) -> None:
    """Refuse what no machine could be, or not on this host, as real hosts do.

    Raises:
        Permanent: `FirmwareMissing`, `TpmMissing`, `HugepagesMissing` or `TopologyInvalid`.
    """
    cpu, firmware, features = guest.cpu, guest.firmware, inventory.features
    if firmware.type is FirmwareType.UEFI:
        needed = HostFeature.SECURE_BOOT if firmware.secure_boot else HostFeature.UEFI
        if needed not in features:
            raise Permanent("FirmwareMissing", f"{guest.name} needs {needed} and this host cannot give it")
    if firmware.tpm and HostFeature.TPM not in features:
        raise Permanent("TpmMissing", f"{guest.name}: this host emulates no TPM")
    if cpu.hugepage_kib and not any(p.size_kib == cpu.hugepage_kib and p.total for p in inventory.hugepages):
        raise Permanent("HugepagesMissing", f"{guest.name}: this host has no pages of {cpu.hugepage_kib} KiB")
    if guest.firmware.secure_boot and guest.firmware.type is not FirmwareType.UEFI:
        raise Permanent("FirmwareMissing", f"{guest.name}: Secure Boot needs UEFI firmware")
    if cpu.numa_cells < 1 or guest.vcpus % cpu.numa_cells or guest.memory_mib % cpu.numa_cells:
        raise Permanent(
            "TopologyInvalid",
            f"{guest.name}: {guest.vcpus} vCPUs and {guest.memory_mib} MiB cannot be split evenly into "
            f"{cpu.numa_cells} cells",
        )
    if cpu.pinned_cpus and len(cpu.pinned_cpus) != guest.vcpus:
        raise Permanent("TopologyInvalid", f"{guest.name} has {guest.vcpus} vCPUs, {len(cpu.pinned_cpus)} pinned")


def refuse_taken_devices(guest: GuestSpec, guests: Mapping[str, Guest]) -> None:
    """Refuse a definition with a device that another guest has, or runs with still.

    Raises:
        Retryable: `DeviceTaken`.
    """
    wanted = {device.name for device in guest.devices}
    for other in guests.values():
        if other.spec.uid != guest.uid:
            has = {device.name for spec in (other.spec, other.running_spec) for device in spec.devices}
            if taken := sorted(wanted & has):
                raise Retryable("DeviceTaken", f"device {taken[0]} is guest {other.spec.uid}'s: wait until it is gone")


def refuse_without_devices(guest: Guest, host: HostRecord) -> None:
    """Refuse to start a guest whose host has lost a device.

    Raises:
        Permanent: `DeviceLost`.
    """
    if lost := sorted({device.name for device in guest.spec.devices} & host.lost_devices):
        raise Permanent("DeviceLost", f"guest {guest.spec.uid}: this host has no {', '.join(lost)} any more")


def refuse_taken_threads(guest: GuestSpec, guests: Mapping[str, Guest]) -> None:
    """Refuse a definition whose threads another guest's has: two processes may have chosen at the same time.

    Raises:
        Retryable: `NoDedicatedThreads`.
    """
    wanted = set(guest.cpu.pinned_cpus)
    for uid, other in guests.items():
        taken = wanted & {*other.spec.cpu.pinned_cpus, *other.running_spec.cpu.pinned_cpus}
        if uid != guest.uid and taken:
            raise Retryable("NoDedicatedThreads", f"threads {sorted(taken)} are those of guest {uid}")


def refuse_without_pages(guest: Guest, host: HostRecord) -> None:
    """Refuse to start a guest for whose memory the host has no hugepages left.

    Raises:
        Retryable: `HugepagesMissing`.
    """
    size_kib = guest.spec.cpu.hugepage_kib
    if not size_kib:
        return
    running = [g.active for g in host.guests.values() if g.active is not None]
    held = sum(_pages(spec) for spec in running if spec.cpu.hugepage_kib == size_kib)
    free = sum(pool.total for pool in host.inventory.hugepages if pool.size_kib == size_kib) - held
    if _pages(guest.spec) > free:
        raise Retryable(
            "HugepagesMissing",
            f"{guest.spec.name} needs {_pages(guest.spec)} pages of {size_kib} KiB, and {free} are free",
        )


def _pages(spec: GuestSpec) -> int:
    return (spec.memory_mib << 10) // spec.cpu.hugepage_kib


def metrics_of(guest: Guest, now: float) -> GuestMetrics:
    """The counters of a guest that has idled since it was started."""
    spec = guest.running_spec
    seconds = max(0.0, now - guest.started_at)
    moved = int(seconds * _BYTES_A_SECOND)
    packets = moved // _PACKET_BYTES
    return GuestMetrics(
        uid=spec.uid,
        cpu_ns=int(seconds * spec.vcpus * _IDLE_SHARE * 1e9),
        memory_mib=spec.memory_mib,
        resident_mib=spec.memory_mib,
        disks=tuple(DiskMetrics(disk.volume_uid, moved, packets, moved, packets) for disk in spec.disks),
        nics=tuple(NicMetrics(nic.port_uid, moved, packets, moved, packets) for nic in spec.nics),
    )
