"""Mediated devices, which a driver of the host makes of a PCI function.

Source: Linux, Documentation/driver-api/vfio-mediated-device.rst.
"""

from __future__ import annotations

import re
from typing import Final
from uuid import UUID

from pextra.drivers.interface import GuestDevice, Permanent, Retryable
from pextra.drivers.vfio import functions
from pextra.drivers.vfio.sysfs import MDEV_DEVICES, Sysfs, pci_path

_TYPE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,127}", re.ASCII)


def refuse_unfit(sysfs: Sysfs, device: GuestDevice) -> None:
    """Refuse a mediated device that cannot be made here; one that is there passes.

    Raises:
        Permanent: `DeviceInvalid`, `DeviceLost`, `MdevUnsupported`, or `MdevTaken`: another has its UUID.
        Retryable: `MdevExhausted`: its parent has no room for one more now.
    """
    made = _path(device)
    if _TYPE.fullmatch(device.type) is None:
        raise Permanent("DeviceInvalid", f"{device.type!r} is no type of mediated device")
    if not functions.exists(sysfs, device.address):
        raise Permanent("DeviceLost", f"this host has no PCI function {device.address}")
    if sysfs.exists(made):
        kind, parent = sysfs.link_name(f"{made}/mdev_type"), sysfs.resolved(made).parent.name
        if (kind, parent) != (device.type, device.address):
            raise Permanent(
                "MdevTaken",
                f"mediated device {device.uuid} is a {kind} of {parent}, not a {device.type} of {device.address}",
            )
        return
    kind_path = _type_path(device)
    if not sysfs.exists(kind_path):
        offered = ", ".join(sysfs.names(f"{pci_path(device.address)}/mdev_supported_types")) or "none"
        raise Permanent(
            "MdevUnsupported", f"{device.address} makes no mediated devices of type {device.type}: it offers {offered}"
        )
    if sysfs.integer(f"{kind_path}/available_instances") == 0:
        raise Retryable(
            "MdevExhausted", f"{device.address} has no room for one more {device.type}: remove others first"
        )


def ensure_made(sysfs: Sysfs, device: GuestDevice) -> None:
    """Have the mediated device be there.

    Raises:
        Permanent, Retryable: as `refuse_unfit` and `Sysfs.write`.
    """
    refuse_unfit(sysfs, device)
    if not sysfs.exists(_path(device)):
        sysfs.write(f"{_type_path(device)}/create", device.uuid)


def ensure_absent(sysfs: Sysfs, uuid: str) -> None:
    """Have no mediated device of this UUID be there. No process may hold it.

    Raises:
        Permanent, Retryable: as `Sysfs.write`.
    """
    path = mdev_path(uuid)
    if sysfs.exists(path):
        sysfs.write(f"{path}/remove", "1")


def mdev_path(uuid: str) -> str:
    """The directory of a mediated device.

    Raises:
        Permanent: `DeviceInvalid`: this is no UUID in lower case, and is not made part of a path.
    """
    try:
        valid = str(UUID(uuid)) == uuid
    except ValueError:
        valid = False
    if not valid:
        raise Permanent("DeviceInvalid", f"{uuid!r} is no UUID in lower case")
    return f"{MDEV_DEVICES}/{uuid}"


def _path(device: GuestDevice) -> str:
    return mdev_path(device.uuid)


def _type_path(device: GuestDevice) -> str:
    return f"{pci_path(device.address)}/mdev_supported_types/{device.type}"
