"""What simulated machines can have, and what their guests use of it."""

from __future__ import annotations

from typing import Final

from pextra.drivers.interface import (
    DiskMetrics,
    FirmwareType,
    GuestMetrics,
    GuestSpec,
    NicMetrics,
    Permanent,
)
from pextra.drivers.sim.guest import Guest

_IDLE_SHARE: Final = 0.02  # of each virtual CPU
_BYTES_A_SECOND: Final = 4096
_PACKET_BYTES: Final = 1024


def refuse_impossible_machine(guest: GuestSpec) -> None:
    """Refuse what no machine could be, as real hosts do.

    Raises:
        Permanent: `FirmwareMissing` or `TopologyInvalid`.
    """
    cpu = guest.cpu
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
