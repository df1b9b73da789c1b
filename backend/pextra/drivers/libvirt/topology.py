"""Where a guest's devices of the host lie: the guest's PCI tree and memory, after those of the host.

Each root complex of the host whose devices the guest has becomes a PCI root of the guest's own (a PCIe expander bus)
with a root port for each device, on the guest's cell that stands for the host's: what is near to each other on the host
is so in the guest. A guest of one cell has root ports alone, since there is nothing to be near to.

Source: https://libvirt.org/pci-hotplug.html, QEMU's docs/pcie.txt and docs/pci_expander_bridge.txt
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Final

from pextra.drivers.interface import DeviceKind, GuestDevice, GuestSpec, Permanent
from pextra.drivers.libvirt.devices import alias_of

DEVICE: Final = "dev"
DEFAULT_WINDOW_MIB: Final = 32 << 10
"""What q35 machines have above 4 GiB for devices' memory windows."""
_BUSES: Final = 256
_LEAST_BUS: Final = 128  # the lower half is the machine's own
_KIB_A_MIB: Final = 1024
_MOST_BRIDGES: Final = 8
_ROOTS: Final = ("pcie-root", "pcie-expander-bus")


def cells_of_nodes(guest: GuestSpec, threads_of_nodes: Mapping[int, Iterable[int]]) -> dict[int, int]:
    """Which of the guest's cells stands for each NUMA cell of the host; the others' are left out.

    A cell whose processors are pinned stands for where they are; the others stand for where devices are.

    Args:
        threads_of_nodes: the host's processor threads, by its NUMA cell.
    """
    count = guest.cpu.numa_cells
    cells: dict[int, int] = {}
    free: list[int] = []
    share = max(1, guest.vcpus // count)
    node_of = {thread: node for node, threads in threads_of_nodes.items() for thread in threads}
    for cell in range(count):
        pinned = guest.cpu.pinned_cpus[cell * share : (cell + 1) * share]
        nodes = {node_of.get(thread) for thread in pinned}
        node = nodes.pop() if len(nodes) == 1 else None
        if node is None or node in cells:
            free.append(cell)
        else:
            cells[node] = cell
    wanted = sorted({d.numa_node for d in guest.devices if d.numa_node is not None} - cells.keys())
    cells.update(zip(wanted, free, strict=False))
    return cells


def near_threads(
    guest: GuestSpec, threads_of_nodes: Iterable[tuple[int, Sequence[int]]], shared: Sequence[int]
) -> tuple[int, ...]:
    """The threads that a guest without dedicated ones runs on; empty: all.

    Args:
        threads_of_nodes: the host's processor threads, by its NUMA cell.
        shared: those on which such guests run; empty: all.
    """
    bound_to = {share.cell for share in guest.cpu.shares if share.vcpus}
    near = [thread for node, threads in threads_of_nodes if node in bound_to for thread in threads]
    return tuple(thread for thread in near if not shared or thread in shared) or tuple(shared)


def add_memory_binding(domain: ET.Element, guest: GuestSpec, cells: Mapping[int, int]) -> None:
    """Have the memory of the guest's cells come from the host's that they stand for, as far as there is any.

    Of hugepages that the guest was given of cells it is strict: nobody else has those. Otherwise it is a preference:
    what a device may write to is fixed when the guest starts, and must be had from somewhere, and ordinary memory of a
    cell may have gone to guests that are bound to none.
    """
    strict = [str(share.cell) for share in guest.cpu.shares if share.pages]
    if strict:
        ET.SubElement(ET.SubElement(domain, "numatune"), "memory", mode="strict", nodeset=",".join(strict))
        return
    bound_to = [str(share.cell) for share in guest.cpu.shares if share.memory_mib]
    if bound_to:
        ET.SubElement(ET.SubElement(domain, "numatune"), "memory", mode="preferred", nodeset=bound_to[0])
        return
    near = {d.numa_node for d in guest.devices if d.numa_node is not None}
    if guest.cpu.numa_cells == 1:
        if len(near) == 1:
            tune = ET.SubElement(domain, "numatune")
            ET.SubElement(tune, "memory", mode="preferred", nodeset=str(near.pop()))
        return
    bound = sorted((cell, node) for node, cell in cells.items())
    if bound and near:
        tune = ET.SubElement(domain, "numatune")
        for cell, node in bound:
            ET.SubElement(tune, "memnode", cellid=str(cell), mode="preferred", nodeset=str(node))


def add_controllers(
    devices: ET.Element, guest: GuestSpec, ports: int, cells: Mapping[int, int], window_mib: int
) -> list[int]:
    """Add the guest's PCI controllers.

    Args:
        ports: how many root ports are there for everything else, from index 1.
        cells: see `cells_of_nodes`.
        window_mib: what the devices' memory windows take.

    Returns:
        The index of the root port of each device, in the order of the guest's devices.

    Raises:
        Permanent: `TopologyInvalid`: there are too many.
    """
    root = ET.SubElement(devices, "controller", type="pci", index="0", model="pcie-root")
    if (hole_mib := hole_of(window_mib)) > DEFAULT_WINDOW_MIB:
        ET.SubElement(root, "pcihole64", unit="KiB").text = str(hole_mib * _KIB_A_MIB)
    mirrored = guest.cpu.numa_cells > 1
    plain = ports if mirrored else ports + len(guest.devices)
    if plain + len(guest.devices) >= _LEAST_BUS:
        raise Permanent("TopologyInvalid", f"{guest.name} has too many devices: {len(guest.devices)} of the host")
    for index in range(1, plain + 1):
        ET.SubElement(devices, "controller", type="pci", index=str(index), model="pcie-root-port")
    if not mirrored:
        return list(range(1, len(guest.devices) + 1))
    index_of: dict[str, int] = {}
    next_index, next_bus = plain + 1, _BUSES
    for (_, node), group in _by_complex(guest.devices):
        expander, next_index = next_index, next_index + 1
        next_bus -= 1 + len(group)
        controller = ET.SubElement(devices, "controller", type="pci", index=str(expander), model="pcie-expander-bus")
        target = ET.SubElement(controller, "target", busNr=str(next_bus))
        if node in cells:
            ET.SubElement(target, "node").text = str(cells[node])
        for slot, device in enumerate(group):
            port = ET.SubElement(devices, "controller", type="pci", index=str(next_index), model="pcie-root-port")
            _address(port, expander, slot)
            index_of[device.name] = next_index
            next_index += 1
    return [index_of[device.name] for device in guest.devices]


def hole_of(window_mib: int) -> int:
    """The room above 4 GiB, in MiB, for memory windows of that size: twice it, since they lie at multiples of it."""
    hole = DEFAULT_WINDOW_MIB
    while hole < 2 * window_mib:
        hole *= 2
    return hole


def device_element(device: GuestDevice, port: int) -> ET.Element:
    """A device of the host below a root port. It is bound to its driver before: libvirt takes and gives nothing."""
    kind = "mdev" if device.kind is DeviceKind.MDEV else "pci"
    element = ET.Element("hostdev", mode="subsystem", type=kind, managed="no")
    if kind == "mdev":
        element.set("model", "vfio-pci")
        ET.SubElement(ET.SubElement(element, "source"), "address", uuid=device.uuid)
    else:
        domain, bus, rest = device.address.split(":")
        slot, function = rest.split(".")
        ET.SubElement(element, "driver", name="vfio")
        ET.SubElement(
            ET.SubElement(element, "source"),
            "address",
            domain=f"0x{domain}",
            bus=f"0x{bus}",
            slot=f"0x{slot}",
            function=f"0x{function}",
        )
    ET.SubElement(element, "alias", name=alias_of(DEVICE, device.name))
    _address(element, port, 0)
    return element


def paths_of(domain: ET.Element) -> dict[str, str]:
    """Where the guest finds the host's PCI functions that it has: the host's address of each, by its path in the guest.

    A path is the root bus, then device and function of each bridge and of the function itself: `0000:00/02.3/00.0`.
    Bus numbers, which the guest's firmware gives, are not in it, but for those of root buses, which are the machine's.

    Args:
        domain: a definition that libvirt has given addresses.
    """
    controllers = {each.get("index", ""): each for each in domain.findall("devices/controller[@type='pci']")}
    found: dict[str, str] = {}
    for device in domain.findall("devices/hostdev[@type='pci']"):
        path, source = _path(device, controllers), device.find("source/address")
        if path is not None and source is not None:
            bus_domain, bus, slot = (_number(source, name) for name in ("domain", "bus", "slot"))
            found[path] = f"{bus_domain:04x}:{bus:02x}:{slot:02x}.{_number(source, 'function'):x}"
    return found


def _path(device: ET.Element, controllers: Mapping[str, ET.Element]) -> str | None:
    steps: list[str] = []
    for _ in range(_MOST_BRIDGES):
        place = device.find("address[@type='pci']")
        if place is None:
            return None
        steps.insert(0, f"{_number(place, 'slot'):02x}.{_number(place, 'function'):x}")
        above = controllers.get(str(_number(place, "bus")))
        if above is None:
            return None
        if above.get("model") in _ROOTS:
            target = above.find("target")
            bus = 0 if target is None else int(target.get("busNr", "0"))
            return "/".join([f"0000:{bus:02x}", *steps])
        device = above
    return None


def _number(place: ET.Element, name: str) -> int:
    return int(place.get(name, "0"), 16)


def _by_complex(devices: Sequence[GuestDevice]) -> list[tuple[tuple[str, int], list[GuestDevice]]]:
    """The devices of each root complex; those of which it is unknown are taken to share one on their cell."""

    def where(device: GuestDevice) -> tuple[str, int]:
        return device.root_complex, -1 if device.numa_node is None else device.numa_node

    return [(place, list(group)) for place, group in groupby(sorted(devices, key=where), key=where)]


def _address(element: ET.Element, bus: int, slot: int) -> None:
    ET.SubElement(
        element, "address", type="pci", domain="0x0000", bus=f"0x{bus:02x}", slot=f"0x{slot:02x}", function="0x0"
    )
