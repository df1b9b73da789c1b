"""PCI devices: what they are, where they hang, who drives them, and which can only be given away together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from pextra.agent.inventory.tree import Tree

_DEVICES: Final = "sys/bus/pci/devices"
_ADDRESS: Final = re.compile(r"([0-9a-f]{4,8}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])", re.ASCII)
_VIRTFN: Final = re.compile(r"virtfn([0-9]{1,5})", re.ASCII)
_ROOT: Final = re.compile(r"pci([0-9a-f]{4,8}:[0-9a-f]{2})", re.ASCII)
_PCI_BRIDGE: Final = 0x0604
_OTHER_BRIDGE: Final = 0x0680
# Storage, network, display, multimedia, radio, encryption, accelerators; USB controllers and coprocessors below.
_BASES_OF_INTEREST: Final = frozenset({0x01, 0x02, 0x03, 0x04, 0x0D, 0x10, 0x12})
_CLASSES_OF_INTEREST: Final = frozenset({0x0C03, 0x0B40})
_PASS_THROUGH_DRIVERS: Final = frozenset({"vfio-pci"})


@dataclass(frozen=True, slots=True)
class IommuGroup:
    """Devices that the IOMMU cannot tell apart, so that they go to one guest together or to none.

    Attributes:
        id: the kernel's number; it may differ after the next boot.
        members: addresses of all of them but PCI bridges, which stay with the host.
    """

    id: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sriov:
    """What a physical function can be divided into.

    Attributes:
        total_vfs: how many virtual functions it can have.
        num_vfs: how many it has now.
        vfs: the addresses of those, in the order of their numbers.
    """

    total_vfs: int
    num_vfs: int
    vfs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PciDevice:
    """A PCI function.

    Attributes:
        address: domain:bus:device.function.
        vendor: 4 hex digits, as `device`, `subsystem_vendor` and `subsystem_device`.
        device: see `vendor`.
        class_code: 6 hex digits: base class, subclass, programming interface.
        subsystem_vendor: see `vendor`.
        subsystem_device: see `vendor`.
        driver: who drives it now.
        iommu_group: the number of one of `Pci.iommu_groups`; None without an IOMMU.
        numa_node: the NUMA cell that it is near to; None where the firmware does not say.
        sriov: None where it cannot be divided.
        physfn: of a virtual function, the address of its physical one.
        root_complex: domain:bus of the root bus.
        path: the bridges between the root bus and the device, the root port first.
    """

    address: str
    vendor: str
    device: str
    class_code: str
    subsystem_vendor: str | None
    subsystem_device: str | None
    driver: str | None
    iommu_group: int | None
    numa_node: int | None
    sriov: Sriov | None
    physfn: str | None
    root_complex: str | None
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pci:
    """The host's PCI devices that somebody could want, and what ties them together.

    Attributes:
        devices: ordered by address.
        iommu_groups: those that the devices are in, ordered by number. They are kept apart from the devices because a
            group may hold hundreds, each of which would tell of all others.
    """

    devices: tuple[PciDevice, ...]
    iommu_groups: tuple[IommuGroup, ...]


def read_pci(tree: Tree) -> Pci:
    """The devices that somebody could want.

    Those are storage, network, display, multimedia and radio devices, accelerators, coprocessors, USB controllers,
    bridges of no standard kind that are not of the chip set, and whatever can be divided or is set aside for guests.
    """
    addresses = sorted(filter(_ADDRESS.fullmatch, tree.names(_DEVICES)), key=_position)
    codes = {address: tree.integer(f"{_DEVICES}/{address}/class") for address in addresses}
    group_of: dict[str, int] = {}
    members: dict[int, list[str]] = {}
    for address in addresses:
        group = tree.link_name(f"{_DEVICES}/{address}/iommu_group")
        if group is None:
            continue
        if not group.isdecimal():
            tree.problem(f"{_DEVICES}/{address}/iommu_group", f"a number was expected, not {group[:40]!r}")
            continue
        group_of[address] = int(group)
        if (codes[address] or 0) >> 8 != _PCI_BRIDGE:
            members.setdefault(int(group), []).append(address)
    found: list[PciDevice] = []
    for address in addresses:
        code = codes[address]
        # What cannot be read is gone: a device may be unplugged while it is looked at.
        if code is not None and code >> 8 != _PCI_BRIDGE:
            device = _read(tree, address, code, group_of.get(address))
            if device is not None:
                found.append(device)
    used = sorted({device.iommu_group for device in found if device.iommu_group is not None})
    return Pci(tuple(found), tuple(IommuGroup(number, tuple(members[number])) for number in used))


def ancestry(link: str | None) -> tuple[str | None, tuple[str, ...]]:
    """The root bus and the addresses on the way, from where a link in /sys/bus or /sys/class leads.

    The last address is the device's own, or that of the PCI device that carries it.
    """
    parts = (link or "").split("/")
    root = next((match[1] for part in parts if (match := _ROOT.fullmatch(part))), None)
    return root, tuple(part for part in parts if _ADDRESS.fullmatch(part))


def read_sriov(tree: Tree, path: str) -> Sriov | None:
    """What the device at a path of sysfs can be divided into."""
    total = tree.count(f"{path}/sriov_totalvfs")
    if not total:
        return None
    now = tree.count(f"{path}/sriov_numvfs") or 0
    numbers = sorted(int(match[1]) for name in tree.names(path) if (match := _VIRTFN.fullmatch(name))) if now else []
    vfs = (tree.link_name(f"{path}/virtfn{number}") for number in numbers)
    return Sriov(total, now, tuple(address for address in vfs if address and _ADDRESS.fullmatch(address)))


def _read(tree: Tree, address: str, code: int, group: int | None) -> PciDevice | None:
    path = f"{_DEVICES}/{address}"
    root, way = ancestry(tree.link(path))
    driver = tree.link_name(f"{path}/driver")
    sriov = read_sriov(tree, path)
    physfn = tree.link_name(f"{path}/physfn")
    kind = code >> 8
    if not (
        kind >> 8 in _BASES_OF_INTEREST
        or kind in _CLASSES_OF_INTEREST
        or (kind == _OTHER_BRIDGE and len(way) > 1)
        or sriov is not None
        or physfn is not None
        or driver in _PASS_THROUGH_DRIVERS
    ):
        return None
    vendor, device = tree.integer(f"{path}/vendor"), tree.integer(f"{path}/device")
    if vendor is None or device is None:
        tree.problem(path, "the device does not tell what it is: it is left out")
        return None
    subsystem_vendor, subsystem_device = (tree.integer(f"{path}/subsystem_{name}") for name in ("vendor", "device"))
    return PciDevice(
        address=address,
        vendor=f"{vendor:04x}",
        device=f"{device:04x}",
        class_code=f"{code:06x}",
        subsystem_vendor=None if subsystem_vendor is None else f"{subsystem_vendor:04x}",
        subsystem_device=None if subsystem_device is None else f"{subsystem_device:04x}",
        driver=driver,
        iommu_group=group,
        numa_node=tree.numa_node(f"{path}/numa_node"),
        sriov=sriov,
        physfn=physfn,
        root_complex=root,
        path=way[:-1],
    )


def _position(address: str) -> tuple[int, ...]:
    return tuple(int(part, 16) for part in re.split("[:.]", address))
