"""What the kernel says of a PCI function."""

from __future__ import annotations

from typing import Final

from pextra.drivers.vfio.sysfs import Sysfs, pci_path

_PCI_BRIDGE: Final = 0x0604
_OTHER_BRIDGE: Final = 0x0680  # of no standard kind: an NVSwitch is one, and is handed out with its GPUs
_MEMORY_64: Final = 0x0010_0200  # IORESOURCE_MEM_64 and IORESOURCE_MEM; Source: Linux, include/linux/ioport.h
_WINDOWS: Final = 6  # the lines behind them are of the expansion ROM and of virtual functions
_MIB: Final = 1 << 20


def exists(sysfs: Sysfs, address: str) -> bool:
    """Whether the host has it."""
    return sysfs.exists(pci_path(address))


def model_of(sysfs: Sysfs, address: str) -> str:
    """Vendor and device, as `GuestDevice.model`; empty where it is not there."""
    path = pci_path(address)
    vendor, device = sysfs.integer(f"{path}/vendor"), sysfs.integer(f"{path}/device")
    return "" if vendor is None or device is None else f"{vendor:04x}:{device:04x}"


def driver_of(sysfs: Sysfs, address: str) -> str:
    """Who drives it; empty: nobody."""
    return sysfs.link_name(f"{pci_path(address)}/driver") or ""


def override_of(sysfs: Sysfs, address: str) -> str:
    """The only driver that may have it; empty: any that knows it."""
    found = sysfs.text(f"{pci_path(address)}/driver_override") or ""
    return "" if found == "(null)" else found


def group_of(sysfs: Sysfs, path: str) -> str | None:
    """The number of the IOMMU group of the device at a path; None: there is no IOMMU, or it is off."""
    return sysfs.link_name(f"{path}/iommu_group")


def is_bridge(sysfs: Sysfs, address: str) -> bool:
    """Whether it is a bridge of a standard kind, which stays with the host."""
    kind = _kind_of(sysfs, address)
    return kind >> 8 == _PCI_BRIDGE >> 8 and kind != _OTHER_BRIDGE


def endpoints_of_group(sysfs: Sysfs, group: str) -> list[str]:
    """The functions of an IOMMU group but for PCI bridges, which the kernel lets stay with the host."""
    members = sysfs.names(f"sys/kernel/iommu_groups/{group}/devices")
    return [member for member in members if _kind_of(sysfs, member) != _PCI_BRIDGE]


def vfs_of(sysfs: Sysfs, address: str) -> list[str]:
    """The virtual functions that it has now, in the order of their numbers."""
    path = pci_path(address)
    numbers = sorted(
        int(number)
        for name in sysfs.names(path)
        if name.startswith("virtfn") and (number := name.removeprefix("virtfn")).isdecimal()
    )
    found = (sysfs.link_name(f"{path}/virtfn{number}") for number in numbers)
    return [address for address in found if address]


def window_mib(sysfs: Sysfs, address: str) -> int:
    """How much of the address space above 4 GiB its 64-bit memory windows take, rounded up; 0 where unknown."""
    lines = (sysfs.text(f"{pci_path(address)}/resource") or "").splitlines()[:_WINDOWS]
    total = 0
    for line in lines:
        try:
            start, end, flags = (int(part, 16) for part in line.split())
        except ValueError:
            continue
        if flags & _MEMORY_64 == _MEMORY_64 and end > start:
            total += end - start + 1
    return -(-total // _MIB)


def _kind_of(sysfs: Sysfs, address: str) -> int:
    """Base class and subclass; 0 where unknown."""
    return (sysfs.integer(f"{pci_path(address)}/class") or 0) >> 8
