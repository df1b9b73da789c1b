"""Mediated devices, which a driver of the host makes of a PCI function.

Source: Linux, Documentation/driver-api/vfio-mediated-device.rst.
"""

from __future__ import annotations

import re
from typing import Final
from uuid import UUID

from pextra.drivers.gpu.vgpu_types import type_name
from pextra.drivers.interface import GuestDevice, Permanent, Retryable
from pextra.drivers.vfio import functions
from pextra.drivers.vfio.sysfs import MDEV_DEVICES, Sysfs, pci_path

_TYPE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.+-]{0,127}", re.ASCII)


def refuse_unfit(sysfs: Sysfs, device: GuestDevice) -> None:
    """Refuse a mediated device that cannot be made here; one that is there passes.

    Raises:
        Permanent: `DeviceInvalid`, `DeviceLost`, `MdevUnsupported`, or `MdevTaken`: another has its UUID.
        Retryable: `MdevExhausted`: its parent has no room for one more now.
    """
    made = mdev_path(device.uuid)
    if _TYPE.fullmatch(device.type) is None:
        raise Permanent("DeviceInvalid", f"{device.type!r} is no type of mediated device")
    if not functions.exists(sysfs, device.address):
        raise Permanent("DeviceLost", f"this host has no PCI function {device.address}")
    if sysfs.exists(made):
        kind, parent = sysfs.link_name(f"{made}/mdev_type") or "", sysfs.resolved(made).parent.name
        names = {kind, type_name(sysfs.text(f"{made}/mdev_type/name") or "")}
        if device.type not in names or parent != device.address:
            raise Permanent(
                "MdevTaken",
                f"mediated device {device.uuid} is a {kind} of {parent}, not a {device.type} of {device.address}",
            )
        return
    kind = _kernels_name(sysfs, device)
    if sysfs.integer(f"{_types_path(device)}/{kind}/available_instances") == 0:
        raise Retryable(
            "MdevExhausted",
            f"{device.address} has no room for one more {device.type}: remove others first, or, of a type that is "
            "backed by MIG, make a GPU instance (nvidia-smi mig -cgi)",
        )


def ensure_made(sysfs: Sysfs, device: GuestDevice) -> None:
    """Have the mediated device be there.

    Raises:
        Permanent, Retryable: as `refuse_unfit` and `Sysfs.write`.
    """
    refuse_unfit(sysfs, device)
    if not sysfs.exists(mdev_path(device.uuid)):
        sysfs.write(f"{_types_path(device)}/{_kernels_name(sysfs, device)}/create", device.uuid)


def ensure_absent(sysfs: Sysfs, uuid: str) -> None:
    """Have no mediated device of this UUID be there. No process may hold it.

    Raises:
        Permanent, Retryable: as `Sysfs.write`.
    """
    path = mdev_path(uuid)
    if sysfs.exists(path):
        sysfs.write(f"{path}/remove", "1")


def made_of(sysfs: Sysfs, address: str) -> list[str]:
    """The UUIDs of the mediated devices of a PCI function, whoever made them."""
    parent = sysfs.resolved(pci_path(address))
    return [uuid for uuid in sysfs.names(MDEV_DEVICES) if sysfs.resolved(f"{MDEV_DEVICES}/{uuid}").parent == parent]


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


def _kernels_name(sysfs: Sysfs, device: GuestDevice) -> str:
    """What the parent calls the type: it is asked for by that or by the vendor's name."""
    path = _types_path(device)
    offered = {kind: type_name(sysfs.text(f"{path}/{kind}/name") or "") for kind in sysfs.names(path)}
    for kind, name in offered.items():
        if device.type in (kind, name):
            return kind
    listed = ", ".join(name or kind for kind, name in offered.items()) or "none"
    raise Permanent(
        "MdevUnsupported", f"{device.address} makes no mediated devices of type {device.type}: it offers {listed}"
    )


def _types_path(device: GuestDevice) -> str:
    return f"{pci_path(device.address)}/mdev_supported_types"
