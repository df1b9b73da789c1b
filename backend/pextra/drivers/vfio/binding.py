"""Taking a PCI function from its driver for vfio-pci, and giving it back."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from pextra.drivers.interface import Permanent
from pextra.drivers.vfio import functions
from pextra.drivers.vfio.in_use import uses
from pextra.drivers.vfio.sysfs import PCI_DRIVERS, Sysfs, pci_path

VFIO_PCI: Final = "vfio-pci"
_PROBE: Final = "sys/bus/pci/drivers_probe"


def refuse_unfit(sysfs: Sysfs, address: str, together: Collection[str]) -> None:
    """Refuse a function that cannot be handed out, or that the host needs; one that is bound already passes.

    Args:
        together: the addresses of all that go to the same guest.

    Raises:
        Permanent: `DeviceLost`, `DeviceUnfit`, `IommuMissing`, `GroupDivided` or `DeviceInUse`.
    """
    if not functions.exists(sysfs, address):
        raise Permanent("DeviceLost", f"this host has no PCI function {address}")
    if functions.is_bridge(sysfs, address):
        raise Permanent("DeviceUnfit", f"{address} is a bridge, which carries others: hand out what is behind it")
    group = functions.group_of(sysfs, pci_path(address))
    if group is None:
        raise Permanent(
            "IommuMissing",
            f"{address} is in no IOMMU group: turn the IOMMU (VT-d, AMD-Vi) on in the firmware and, on Intel, boot "
            "with intel_iommu=on",
        )
    others = [member for member in functions.endpoints_of_group(sysfs, group) if member not in together]
    if others:
        raise Permanent(
            "GroupDivided",
            f"{address} cannot be told from {', '.join(others)} by the IOMMU (group {group}): hand them out together",
        )
    if functions.driver_of(sysfs, address) != VFIO_PCI and (used := uses(sysfs, address)):
        raise Permanent("DeviceInUse", f"{address} is in use by this host: {'; '.join(used)}")


def ensure_bound(sysfs: Sysfs, address: str) -> None:
    """Have vfio-pci drive the function, and nobody else ever; whoever drives it now lets go of it.

    What it was before is to be written down first.

    Raises:
        Permanent: `VfioMissing`, `DeviceRefused`, or as `Sysfs.write`.
        Retryable: `DeviceBusy`.
    """
    path = pci_path(address)
    if not sysfs.exists(f"{PCI_DRIVERS}/{VFIO_PCI}"):
        raise Permanent(
            "VfioMissing", "the kernel has no vfio-pci: modprobe vfio-pci, and list it in /etc/modules-load.d"
        )
    if functions.override_of(sysfs, address) != VFIO_PCI:
        sysfs.write(f"{path}/driver_override", VFIO_PCI)
    driver = functions.driver_of(sysfs, address)
    if driver == VFIO_PCI:
        return
    if driver:
        sysfs.write(f"{path}/driver/unbind", address)
    sysfs.write(_PROBE, address)
    if (now := functions.driver_of(sysfs, address)) != VFIO_PCI:
        raise Permanent(
            "DeviceRefused",
            f"vfio-pci did not take {address}, which {now or 'nobody'} drives now: the kernel's log says why",
        )


def ensure_released(sysfs: Sysfs, address: str, *, driver: str, override: str) -> None:
    """Have the function be driven as before; one that is gone is left alone.

    No process may hold it: the kernel waits until the last one lets go.

    Args:
        driver: who drove it before; empty: nobody.
        override: the only driver that was allowed to; empty: any.

    Raises:
        Permanent: as `Sysfs.write`.
        Retryable: `DeviceBusy`.
    """
    if not functions.exists(sysfs, address):
        return
    path = pci_path(address)
    if functions.override_of(sysfs, address) != override:
        sysfs.write(f"{path}/driver_override", override or "\n")
    if driver == VFIO_PCI:  # it was so when we came
        return
    if functions.driver_of(sysfs, address) == VFIO_PCI:
        sysfs.write(f"{path}/driver/unbind", address)
    if driver and not functions.driver_of(sysfs, address):
        # The kernel chooses: the driver that had it may be gone, and another know it.
        sysfs.write(_PROBE, address)
