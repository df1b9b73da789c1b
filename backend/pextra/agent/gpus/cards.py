"""GPUs as the kernel shows them, whoever drives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pextra.agent.gpus.vgpus import KernelVgpus, Made, is_vgpu, mediated, read_vgpus
from pextra.agent.inventory.pci import Pci, PciDevice
from pextra.agent.inventory.tree import Tree
from pextra.drivers.gpu.interface import MOST_FUNCTIONS, Gpu, VirtualFunction, VirtualFunctions
from pextra.drivers.gpu.naming import cpu_list, unnamed_model
from pextra.drivers.gpu.products import NVIDIA, product_of

_DISPLAY: Final = "03"
_ACCELERATOR: Final = "12"
_SWITCH: Final = "0680"
# Others make the displays of management controllers and of virtual machines.
_DISPLAY_VENDORS: Final = frozenset({NVIDIA, "1002", "8086"})
_EXTENDED: Final = 0x100
_CONFIG_BYTES: Final = 4096
_SERIAL_NUMBER: Final = 0x0003


@dataclass(frozen=True, slots=True)
class Card:
    """A GPU as the kernel shows it.

    Attributes:
        gpu: what it is, without what only its vendor's library knows.
        subsystem: vendor and device of the board that it is on; empty where it does not tell.
        pci_serial: the serial number in its PCI configuration, which also tells two of one model apart while a guest
            has it; None where it has none or this user may not read it.
        vgpus: what the kernel would make of it.
    """

    gpu: Gpu
    subsystem: str
    pci_serial: str | None
    vgpus: KernelVgpus


def read_cards(tree: Tree, pci: Pci) -> tuple[Card, ...]:
    """The GPUs among the devices, ordered by address: physical functions, and no displays of the mainboard."""
    of_address = {device.address: device for device in pci.devices}
    mdevs = mediated(tree)
    return tuple(_card(tree, device, of_address, mdevs) for device in pci.devices if _is_gpu(device))


def count_switches(pci: Pci) -> int:
    """How many NVSwitches the kernel shows."""
    return sum(device.vendor == NVIDIA and device.class_code.startswith(_SWITCH) for device in pci.devices)


def _is_gpu(device: PciDevice) -> bool:
    if device.physfn is not None:
        return False
    if device.class_code.startswith(_ACCELERATOR):
        return True
    # What sits on the root bus itself is part of the processor, or of a virtual machine.
    on_card = device.vendor == NVIDIA or bool(device.path)
    return device.class_code.startswith(_DISPLAY) and device.vendor in _DISPLAY_VENDORS and on_card


def _card(tree: Tree, device: PciDevice, of_address: Mapping[str, PciDevice], mdevs: Made) -> Card:
    path = f"sys/bus/pci/devices/{device.address}"
    product = product_of(device.vendor, device.device)
    name = tree.text(f"{path}/product_name") if product is None else product.name  # AMD's driver tells it
    gpu = Gpu(
        address=device.address,
        vendor=device.vendor,
        device=device.device,
        model=unnamed_model(device.vendor, device.device) if product is None else product.model,
        product=(name or "")[:96],
        memory_mib=None if product is None else product.memory_mib,
        numa_node=device.numa_node,
        cpu_affinity=cpu_list(tree.cpus(f"{path}/local_cpulist") or ()),
        iommu_group=device.iommu_group,
        root_complex=device.root_complex,
        driver=device.driver,
        vfs=_functions(tree, device, of_address, mdevs),
    )
    subsystem = f"{device.subsystem_vendor or ''}:{device.subsystem_device or ''}".strip(":")
    functions = [function.address for function in gpu.vfs.functions]
    vgpus = read_vgpus(tree, device.address, functions, mdevs, gpu_memory_mib=gpu.memory_mib)
    return Card(gpu, subsystem, _pci_serial(tree.raw(f"{path}/config", _CONFIG_BYTES) or b""), vgpus)


def _functions(tree: Tree, device: PciDevice, of_address: Mapping[str, PciDevice], mdevs: Made) -> VirtualFunctions:
    if device.sriov is None:
        return VirtualFunctions()
    found: list[VirtualFunction] = []
    for address in device.sriov.vfs[:MOST_FUNCTIONS]:
        function = of_address.get(address)
        group, driver = (None, None) if function is None else (function.iommu_group, function.driver)
        found.append(VirtualFunction(address, group, driver, is_vgpu(tree, address, mdevs)))
    return VirtualFunctions(device.sriov.total_vfs, device.sriov.num_vfs, tuple(found))


def _pci_serial(config: bytes) -> str | None:
    """The device serial number among the extended capabilities. Source: PCI Express base specification, 7.9.3."""
    position = _EXTENDED
    for _ in range((_CONFIG_BYTES - _EXTENDED) // 8):  # a list that leads in a circle ends too
        if not _EXTENDED <= position <= len(config) - 12:
            return None
        header = int.from_bytes(config[position : position + 4], "little")
        if header in {0, 0xFFFF_FFFF}:
            return None
        if header & 0xFFFF == _SERIAL_NUMBER:
            number = int.from_bytes(config[position + 4 : position + 12], "little")
            return f"{number:016x}" if number not in {0, (1 << 64) - 1} else None
        position = header >> 20
    return None
