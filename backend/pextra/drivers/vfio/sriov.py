"""Dividing a PCI function into virtual ones (SR-IOV)."""

from __future__ import annotations

from collections.abc import Collection

from pextra.drivers.interface import Permanent
from pextra.drivers.interface.dividing import Divisible
from pextra.drivers.vfio import functions
from pextra.drivers.vfio.binding import VFIO_PCI
from pextra.drivers.vfio.in_use import uses
from pextra.drivers.vfio.sysfs import PCI_DEVICES, Sysfs, pci_path


def divisible(sysfs: Sysfs) -> list[Divisible]:
    """The functions that can be divided, ordered by address."""
    found: list[Divisible] = []
    for address in sysfs.names(PCI_DEVICES):
        total = sysfs.integer(f"{PCI_DEVICES}/{address}/sriov_totalvfs")
        if total:
            now = sysfs.integer(f"{PCI_DEVICES}/{address}/sriov_numvfs") or 0
            found.append(Divisible(address, functions.model_of(sysfs, address), total, now))
    return found


def ensure_vfs(sysfs: Sysfs, address: str, count: int, *, taken: Collection[str] = ()) -> tuple[str, ...]:
    """Have the function be divided into so many; 0 makes it whole again.

    The kernel knows no other way from one number to another than by way of none, so all must be free. No driver of
    the host is offered those that are made.

    Args:
        taken: addresses that guests have, or are about to be given.

    Returns:
        The addresses of the virtual functions, in the order of their numbers.

    Raises:
        Permanent: `DeviceLost`, `VfsUnsupported`, `IommuMissing`, `DeviceInUse`, `VfsInUse`, or as `Sysfs.write`.
        Retryable: `DeviceBusy`.
    """
    path = pci_path(address)
    if not functions.exists(sysfs, address):
        raise Permanent("DeviceLost", f"this host has no PCI function {address}")
    most = sysfs.integer(f"{path}/sriov_totalvfs") or 0
    if not 0 <= count <= most:
        raise Permanent("VfsUnsupported", f"{address} can have {most} virtual functions at most, and not {count}")
    now = sysfs.integer(f"{path}/sriov_numvfs") or 0
    if now != count:
        if functions.driver_of(sysfs, address) == VFIO_PCI or address in taken:
            raise Permanent(
                "DeviceInUse",
                f"it is handed out as a whole: delete the guest that has {address}, and it is divided then",
            )
        if count and functions.group_of(sysfs, path) is None:
            raise Permanent(
                "IommuMissing",
                f"{address} is in no IOMMU group, so that no guest could be given a part of it: turn the IOMMU (VT-d, "
                "AMD-Vi) on in the firmware and, on Intel, boot with intel_iommu=on",
            )
        _refuse_used(sysfs, address, taken)
        if sysfs.integer(f"{path}/sriov_drivers_autoprobe") != 0:
            sysfs.write(f"{path}/sriov_drivers_autoprobe", "0")
        if now:
            sysfs.write(f"{path}/sriov_numvfs", "0")
        if count:
            sysfs.write(f"{path}/sriov_numvfs", str(count))
    made = functions.vfs_of(sysfs, address)
    if len(made) != count:
        raise Permanent("DeviceRefused", f"{address} has {len(made)} virtual functions instead of {count}")
    return tuple(made)


def _refuse_used(sysfs: Sysfs, address: str, taken: Collection[str]) -> None:
    for vf in functions.vfs_of(sysfs, address):
        why = uses(sysfs, vf)
        if vf in taken or functions.driver_of(sysfs, vf) == VFIO_PCI:
            why.append("it is handed out")
        if why:
            raise Permanent(
                "VfsInUse",
                f"its virtual function {vf} is in use ({'; '.join(why)}), and the number changes only while none is: "
                f"end the use, or declare the {len(functions.vfs_of(sysfs, address))} that {address} has",
            )
