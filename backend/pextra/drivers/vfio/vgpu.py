"""vGPUs that a vendor's driver makes of a virtual function without mediated devices.

NVIDIA's drivers do so on newer kernels: the virtual function stays bound to `nvidia`, and the number of a vGPU type is
written to a file of its own; 0 takes the vGPU away. What can be made changes with what is made of the GPU's other
functions. This was written after NVIDIA's documentation of its files and what others found on hardware, is tested
against a tree of files alone, and has never met the hardware: see docs/device-passthrough.md.

Source: NVIDIA Virtual GPU Software User Guide, "Creating an NVIDIA vGPU on a Linux with KVM hypervisor that uses a
vendor-specific VFIO framework".
"""

from __future__ import annotations

import re
from typing import Final

from pextra.drivers.gpu.vgpu_types import creatable
from pextra.drivers.interface import DriverError, GuestDevice, Permanent, Retryable
from pextra.drivers.vfio import functions
from pextra.drivers.vfio.sysfs import Sysfs, pci_path

NONE: Final = "0"
_DRIVER: Final = "nvidia"
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+-]{0,62}", re.ASCII)


def refuse_unfit(sysfs: Sysfs, device: GuestDevice, *, made: str = "") -> str:
    """Refuse a vGPU that cannot be made here; one that we made passes.

    Args:
        made: the number of the type that was written down as made of this function for this guest; empty: none was.

    Returns:
        The number of its type.

    Raises:
        Permanent: `DeviceInvalid`, `DeviceLost`, `IommuMissing`, `VgpuUnsupported`, or `VgpuTaken`: it is a vGPU that
            somebody else made.
        Retryable: `VgpuExhausted`: the GPU has no room for one more now.
    """
    if _NAME.fullmatch(device.type) is None or (device.type.isdecimal() and _NUMBER.fullmatch(device.type) is None):
        raise Permanent("DeviceInvalid", f"{device.type!r} is no vGPU type")
    if not functions.exists(sysfs, device.address):
        raise Permanent("DeviceLost", f"this host has no PCI function {device.address}")
    now = current(sysfs, device.address)
    if now is None or functions.driver_of(sysfs, device.address) != _DRIVER:
        raise Permanent(
            "VgpuUnsupported",
            f"{device.address} is no virtual function of which NVIDIA's driver makes vGPUs: install NVIDIA's vGPU "
            "manager, and divide the GPU with its sriov-manage",
        )
    if functions.group_of(sysfs, pci_path(device.address)) is None:
        raise Permanent(
            "IommuMissing",
            f"{device.address} is in no IOMMU group, so that nothing would keep its guest within its own memory: turn "
            "the IOMMU (VT-d, AMD-Vi) on in the firmware and, on Intel, boot with intel_iommu=on",
        )
    if now not in (NONE, made):
        raise Permanent(
            "VgpuTaken",
            f"{device.address} is a vGPU of type {now} already, which was not made for this guest: whoever made it "
            "takes it away by writing 0 to its current_vgpu_type",
        )
    if now != NONE:
        return now
    return _number_to_make(sysfs, device)


def ensure_made(sysfs: Sysfs, device: GuestDevice, number: str) -> None:
    """Have the virtual function be a vGPU of the type of this number, as `refuse_unfit` told it.

    Raises:
        Permanent, Retryable: as `Sysfs.write`.
    """
    if current(sysfs, device.address) != number:
        sysfs.write(_current(device.address), number)


def ensure_absent(sysfs: Sysfs, address: str, made: str) -> None:
    """Have the virtual function not be the vGPU that was made of it; what it is by somebody else it stays.

    Raises:
        Retryable: `DeviceBusy`: a process holds it still.
        Permanent: as `Sysfs.write`.
    """
    if not made or current(sysfs, address) != made:
        return
    try:
        sysfs.write(_current(address), NONE)
    except DriverError as error:
        if error.reason != "DevicesForbidden":
            raise
        # NVIDIA's driver says EPERM of a vGPU that is in use: to whoever could make it, the file itself is open.
        raise Retryable("DeviceBusy", f"NVIDIA's driver does not take the vGPU {address} away yet") from error


def current(sysfs: Sysfs, address: str) -> str | None:
    """The number of the type that the function is a vGPU of, `NONE`, or None where it cannot be any."""
    found = sysfs.integer(_current(address))
    return None if found is None or found < 0 else str(found)


def _number_to_make(sysfs: Sysfs, device: GuestDevice) -> str:
    types = creatable(sysfs.text(f"{pci_path(device.address)}/nvidia/creatable_vgpu_types") or "")
    for number, name in types.items():
        if device.type in (name, str(number)):
            return str(number)
    offered = ", ".join(types.values()) or "none"
    message = f"{device.address} cannot become a vGPU of type {device.type} now, only of {offered}"
    if any(current(sysfs, other) not in (None, NONE) for other in _functions_beside(sysfs, device.address)):
        raise Retryable("VgpuExhausted", f"{message}: its GPU is others' by as much as they have of it")
    raise Permanent(
        "VgpuUnsupported", f"{message}; types that are backed by MIG want GPU instances (nvidia-smi mig -cgi) first"
    )


def _functions_beside(sysfs: Sysfs, address: str) -> list[str]:
    physical = sysfs.link_name(f"{pci_path(address)}/physfn")
    return functions.vfs_of(sysfs, physical) if physical else []


def _current(address: str) -> str:
    return f"{pci_path(address)}/nvidia/current_vgpu_type"
