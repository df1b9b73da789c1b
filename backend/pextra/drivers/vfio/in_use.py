"""What a PCI function does for the host, for which reason it is not taken from it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from pextra.drivers.vfio import mdev, vgpu
from pextra.drivers.vfio.functions import vfs_of
from pextra.drivers.vfio.sysfs import Sysfs, pci_path

_BLOCKS: Final = "sys/class/block"
_NETWORK: Final = "sys/class/net"
_NVME_SUBSYSTEMS: Final = "sys/class/nvme-subsystem"
_BTRFS: Final = "sys/fs/btrfs"
_UP: Final = 1  # IFF_UP; Source: Linux, include/uapi/linux/if.h
_NVME_CONTROLLER: Final = re.compile(r"nvme[0-9]+", re.ASCII)
_MOST_MOUNTS: Final = 4 << 20


def uses(sysfs: Sysfs, address: str) -> list[str]:
    """What the host does with it, in words; empty when nothing is known.

    That is: file systems, swap and volumes on its disks, its network links that are up, its virtual functions, and the
    vGPUs that it is or that are made of it. Programs that hold it open otherwise are not seen.
    """
    found: list[str] = []
    places = _places(sysfs, address)
    mounts, swaps, pooled = _mounts(sysfs), _swaps(sysfs), _btrfs_members(sysfs)
    for block in sysfs.names(_BLOCKS):
        if not _lies_below(sysfs.resolved(f"{_BLOCKS}/{block}"), places):
            continue
        mounted = mounts.get(sysfs.text(f"{_BLOCKS}/{block}/dev") or "")
        if mounted:
            found.append(f"{block} is mounted at {mounted}")
        if block in pooled:
            found.append(f"{block} is part of the mounted btrfs {pooled[block]}")
        if block in swaps:
            found.append(f"{block} is swapped to")
        found += [f"{block} is part of {holder}" for holder in sysfs.names(f"{_BLOCKS}/{block}/holders")]
    for link in sysfs.names(_NETWORK):
        if not _lies_below(sysfs.resolved(f"{_NETWORK}/{link}"), places):
            continue
        if (sysfs.integer(f"{_NETWORK}/{link}/flags") or 0) & _UP:
            found.append(f"the network link {link} is up")
        elif sysfs.exists(f"{_NETWORK}/{link}/master"):
            found.append(f"the network link {link} belongs to {sysfs.link_name(f'{_NETWORK}/{link}/master')}")
    if vfs := vfs_of(sysfs, address):
        found.append(f"it is divided into {len(vfs)} virtual functions")
    if mdevs := mdev.made_of(sysfs, address):
        found.append(f"mediated devices are made of it: {', '.join(mdevs)}")
    if vgpu.current(sysfs, address) not in (None, vgpu.NONE):
        found.append(f"it is a vGPU of type {vgpu.current(sysfs, address)}")
    return found


def _places(sysfs: Sysfs, address: str) -> list[Path]:
    """The directories below which what the function carries is found.

    The disks of an NVMe controller that may have several paths hang on its subsystem instead.
    """
    own = sysfs.resolved(pci_path(address))
    controllers = [name for name in sysfs.names(f"{pci_path(address)}/nvme") if _NVME_CONTROLLER.fullmatch(name)]
    shared = [
        sysfs.resolved(f"{_NVME_SUBSYSTEMS}/{subsystem}")
        for subsystem in sysfs.names(_NVME_SUBSYSTEMS)
        if any(sysfs.exists(f"{_NVME_SUBSYSTEMS}/{subsystem}/{controller}") for controller in controllers)
    ]
    return [own, *shared]


def _lies_below(path: Path, places: list[Path]) -> bool:
    return any(path.is_relative_to(place) for place in places)


def _mounts(sysfs: Sysfs) -> dict[str, str]:
    """Where file systems are mounted, by the numbers of their devices; Source: proc_pid_mountinfo(5)."""
    try:
        with sysfs.path("proc/self/mountinfo").open("rb") as file:
            lines = file.read(_MOST_MOUNTS).decode(errors="replace").splitlines()
    except OSError:
        return {}
    parts = (line.split() for line in lines)
    return {part[2]: part[4] for part in parts if len(part) > 4}


def _btrfs_members(sysfs: Sysfs) -> dict[str, str]:
    """The file systems that block devices are part of, by the devices' names; only those that are mounted are there.

    mountinfo(5) has device numbers of no device for them. Source: Linux, fs/btrfs/sysfs.c.
    """
    return {block: found for found in sysfs.names(_BTRFS) for block in sysfs.names(f"{_BTRFS}/{found}/devices")}


def _swaps(sysfs: Sysfs) -> set[str]:
    lines = (sysfs.text("proc/swaps") or "").splitlines()[1:]
    return {line.split()[0].rpartition("/")[2] for line in lines if line.strip()}
