"""Bringing the disks and cards of a running guest to what its definition says."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ET
from typing import Final

from pextra.drivers.interface import GuestDisk, GuestNic, GuestSpec, Permanent, Retryable
from pextra.drivers.libvirt.binding import constant
from pextra.drivers.libvirt.devices import (
    DISK,
    NIC,
    Devices,
    alias_of,
    disk_element,
    disk_name,
    nic_element,
)
from pextra.drivers.libvirt.failures import translated
from pextra.drivers.libvirt.lookup import Found

DETACH_PATIENCE_S: Final = 4.0
"""How long a guest may take to let go of devices before the caller is sent away to come back."""
_POLL_S: Final = 0.05


def plug(found: Found, guest: GuestSpec, has: Devices, *, patience_s: float = DETACH_PATIENCE_S) -> None:
    """Take away what the guest should not have, wait for it to let go, and give it what it lacks.

    Args:
        found: the running guest.
        guest: what it should have.
        has: what it has, as it runs.
        patience_s: how long to wait for the guest.

    Raises:
        Permanent: `RestartRequired` when there is no slot for a device.
        Retryable: `DetachPending`; whatever could be attached is.
    """
    wanted = {d.volume_uid for d in guest.disks} | {n.port_uid for n in guest.nics}
    surplus = [alias_of(DISK, d.uid) for d in has.disks if d.uid not in wanted]
    surplus += [alias_of(NIC, n.uid) for n in has.nics if n.uid not in wanted]
    if surplus:
        for alias in surplus:
            _unplug(found, alias)
        has = _wait_for(found, has.uids & wanted, patience_s)
    held = sorted(has.uids - wanted)
    _attach_missing(found, guest, has)
    if held:
        raise Retryable(
            "DetachPending",
            f"{guest.name} has been asked for {', '.join(held)} and has not let go yet; if it never does, restart it",
        )


def grow_disks(found: Found, guest: GuestSpec, has: Devices) -> None:
    """Let the running guest see disks that are to be larger; a disk that is large enough is left alone."""
    names = {disk.uid: disk.name for disk in has.disks}
    for disk in guest.disks:
        name = names.get(disk.volume_uid)
        if not disk.size_bytes or name is None:
            continue
        with translated(f"disk {disk.volume_uid} of {guest.name} cannot grow", acting=True):
            if found.domain.blockInfo(name)[0] < disk.size_bytes:
                found.domain.blockResize(name, disk.size_bytes, constant("VIR_DOMAIN_BLOCK_RESIZE_BYTES"))


def _unplug(found: Found, alias: str) -> None:
    """Ask the guest for a device; it was perhaps asked before."""
    try:
        with translated(f"{alias} cannot be detached", acting=True):
            found.domain.detachDeviceAlias(alias, constant("VIR_DOMAIN_AFFECT_LIVE"))
    except (Retryable, Permanent) as error:
        # QEMU refuses to ask twice; a device that is gone meanwhile is what was wanted. The wait tells.
        if isinstance(error, Permanent) and "not found" not in error.message:
            raise


def _wait_for(found: Found, kept: frozenset[str] | set[str], patience_s: float) -> Devices:
    """The devices once the guest has let go of all but `kept`, or when patience is over."""
    deadline = time.monotonic() + patience_s
    while True:
        has = found.described().devices
        if has.uids <= kept or time.monotonic() > deadline or not found.is_active():
            return has
        time.sleep(_POLL_S)


def _attach_missing(found: Found, guest: GuestSpec, has: Devices) -> None:
    names, macs, slots = set(has.disk_names), {n.mac for n in has.nics}, has.free_slots
    missing_disks = [d for d in guest.disks if d.volume_uid not in has.uids]
    # A card whose address another still has, which is being detached, comes when that has gone.
    missing_nics = [n for n in guest.nics if n.port_uid not in has.uids and n.mac not in macs]
    for device in (*missing_disks, *missing_nics):
        if slots == 0:
            raise Permanent(
                "RestartRequired",
                f"{guest.name} has no slot left for one more device; a restart gives it more",
            )
        slots -= 1
        element = _element(device, names)
        with translated(f"{_uid(device)} cannot be attached to {guest.name}", acting=True):
            found.domain.attachDeviceFlags(ET.tostring(element, encoding="unicode"), constant("VIR_DOMAIN_AFFECT_LIVE"))


def _element(device: GuestDisk | GuestNic, names: set[str]) -> ET.Element:
    if isinstance(device, GuestNic):
        return nic_element(device)
    name = disk_name(names)
    names.add(name)
    return disk_element(device, name)


def _uid(device: GuestDisk | GuestNic) -> str:
    return device.port_uid if isinstance(device, GuestNic) else device.volume_uid
