"""vGPUs that a vendor's driver makes of a virtual function without mediated devices.

NVIDIA's drivers do so on newer kernels: the virtual function stays bound to `nvidia`, and the number of a vGPU type is
written to a file of its own; 0 takes the vGPU away. This was written after NVIDIA's documentation of its files, is
tested against a tree of files alone, and has never met the hardware: see docs/device-passthrough.md.

Source: NVIDIA Virtual GPU Software User Guide, "Creating an NVIDIA vGPU on a Linux with KVM hypervisor that uses a
vendor-specific VFIO framework".
"""

from __future__ import annotations

from typing import Final

from pextra.drivers.interface import GuestDevice, Permanent
from pextra.drivers.vfio import functions
from pextra.drivers.vfio.sysfs import Sysfs, pci_path

_NONE: Final = 0
_DRIVER: Final = "nvidia"


def refuse_unfit(sysfs: Sysfs, device: GuestDevice) -> None:
    """Refuse a vGPU that cannot be made here; one that is there passes.

    Raises:
        Permanent: `DeviceInvalid`, `DeviceLost`, `VgpuUnsupported` or `VgpuTaken`.
    """
    if not (device.type.isascii() and device.type.isdecimal() and 0 < len(device.type) < 10 and int(device.type)):
        raise Permanent("DeviceInvalid", f"{device.type!r} is no number of a vGPU type")
    if not functions.exists(sysfs, device.address):
        raise Permanent("DeviceLost", f"this host has no PCI function {device.address}")
    now = sysfs.integer(_current(device.address))
    if now is None or functions.driver_of(sysfs, device.address) != _DRIVER:
        raise Permanent(
            "VgpuUnsupported",
            f"{device.address} is no virtual function of which NVIDIA's driver makes vGPUs: install NVIDIA's vGPU "
            "manager, and divide the GPU with its sriov-manage",
        )
    if now == int(device.type):
        return
    if now != _NONE:
        raise Permanent("VgpuTaken", f"{device.address} is a vGPU of type {now} already, not of {device.type}")
    offered = _creatable(sysfs, device.address)
    if int(device.type) not in offered:
        raise Permanent(
            "VgpuUnsupported",
            f"{device.address} cannot become a vGPU of type {device.type} now, only of {sorted(offered) or 'none'}",
        )


def ensure_made(sysfs: Sysfs, device: GuestDevice) -> None:
    """Have the virtual function be a vGPU of the device's type.

    Raises:
        Permanent, Retryable: as `refuse_unfit` and `Sysfs.write`.
    """
    refuse_unfit(sysfs, device)
    if sysfs.integer(_current(device.address)) != int(device.type):
        sysfs.write(_current(device.address), device.type)


def ensure_absent(sysfs: Sysfs, address: str) -> None:
    """Have the virtual function be no vGPU. No process may hold it.

    Raises:
        Permanent, Retryable: as `Sysfs.write`.
    """
    if sysfs.integer(_current(address)) not in (None, _NONE):
        sysfs.write(_current(address), str(_NONE))


def _current(address: str) -> str:
    return f"{pci_path(address)}/nvidia/current_vgpu_type"


def _creatable(sysfs: Sysfs, address: str) -> set[int]:
    """The numbers in a table whose lines are `number : name` below a heading."""
    lines = (sysfs.text(f"{pci_path(address)}/nvidia/creatable_vgpu_types") or "").splitlines()
    numbers = (line.partition(":")[0].strip() for line in lines)
    return {int(number) for number in numbers if number.isdecimal()}
