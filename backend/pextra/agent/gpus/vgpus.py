"""Which vGPUs the kernel would make of a GPU, by either of its interfaces: see `VgpuInterface`.

Types are listed as long as they can be made, or are; each of a GPU's virtual functions lists them for itself.

Sources: Linux, Documentation/driver-api/vfio-mediated-device.rst; NVIDIA Virtual GPU Software User Guide.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from pextra.agent.inventory.tree import Tree
from pextra.drivers.gpu.interface import MOST_VGPU_TYPES, Mig, VgpuInterface, VgpuType
from pextra.drivers.gpu.vgpu_types import (
    creatable,
    described,
    memory_mib_of,
    mig_slices_of,
    most_by_name,
    number_of_mdev_type,
    type_name,
)

_PCI: Final = "sys/bus/pci/devices"
_MDEVS: Final = "sys/bus/mdev/devices"
_MOST_LIST_BYTES: Final = 16_384

Made = Counter[tuple[str, str]]
"""How many mediated devices there are, by parent and the kernel's name of the type."""


@dataclass(frozen=True, slots=True)
class KernelVgpus:
    """What the kernel says of a GPU.

    Attributes:
        interface: None: it makes no vGPUs.
        types: those that can be made, or are; of what is made and can be made no more the name may be empty.
    """

    interface: VgpuInterface | None = None
    types: tuple[VgpuType, ...] = ()


def mediated(tree: Tree) -> Made:
    """The mediated devices of the host."""
    found: Made = Counter()
    for uuid in tree.names(_MDEVS):
        way, kind = tree.link(f"{_MDEVS}/{uuid}"), tree.link_name(f"{_MDEVS}/{uuid}/mdev_type")
        parents = (way or "").split("/")[:-1]
        if parents and kind:
            found[parents[-1], kind] += 1
    return found


def is_vgpu(tree: Tree, function: str, mdevs: Made) -> bool:
    """Whether a virtual function is a vGPU, or one is made of it."""
    return bool(tree.count(_current(function))) or any(parent == function for parent, _ in mdevs)


def read_vgpus(
    tree: Tree, address: str, functions: Sequence[str], mdevs: Made, *, gpu_memory_mib: int | None
) -> KernelVgpus:
    """What the kernel would make of a GPU.

    Args:
        address: the GPU's.
        functions: the addresses of its virtual functions.
        mdevs: see `mediated`.
        gpu_memory_mib: the GPU's own memory, by which types without a `max_instance` are counted; None: unknown.
    """
    if any(tree.integer(_current(function)) is not None for function in functions):
        return KernelVgpus(VgpuInterface.VF, _of_functions(tree, functions, gpu_memory_mib))
    for interface, parents in ((VgpuInterface.VF_MDEV, functions), (VgpuInterface.MDEV, (address,))):
        if kinds := _mdev_types(tree, parents):
            types = tuple(_mediated(tree, kind, parents, mdevs, gpu_memory_mib) for kind in kinds)
            return KernelVgpus(interface, types)
    return KernelVgpus()


def with_kernels(seen: Sequence[VgpuType], kernels: KernelVgpus, mig: Mig) -> tuple[VgpuType, ...]:
    """What the vendor's library tells of types, with what the kernel would make of them now.

    Args:
        seen: of the library, which knows all types of a GPU and how many of each it can be.
        kernels: of the kernel, which knows how many can be made now.
        mig: the GPU's instances: of a type that is backed by one there are as many as there are instances.
    """
    told = {_key(each): each for each in kernels.types}
    none = None if kernels.interface is None else 0
    known: list[VgpuType] = []
    for each in seen:
        now = told.pop(_key(each), None)
        available, made = (none, 0) if now is None else (now.available, now.made)
        known.append(_bounded(replace(each, available=available, made=made), mig))
    known += [_bounded(each, mig) for each in told.values() if each.name]
    return tuple(known[:MOST_VGPU_TYPES])


def _key(kind: VgpuType) -> str:
    return str(kind.id) if kind.id else kind.name


def _bounded(kind: VgpuType, mig: Mig) -> VgpuType:
    slices = mig_slices_of(kind.name)
    there = sum(instance.profile.startswith(f"{slices}g.") for instance in mig.instances)
    if not slices or not there:
        return kind
    most = min(kind.most, there)
    left = max(0, most - kind.made)
    return replace(kind, most=most, available=None if kind.available is None else min(kind.available, left))


def _mdev_types(tree: Tree, parents: Sequence[str]) -> list[str]:
    """The kernel's names of the types, which all functions of a GPU have in common."""
    for parent in parents:
        if kinds := tree.names(f"{_PCI}/{parent}/mdev_supported_types"):
            return kinds[:MOST_VGPU_TYPES]
    return []


def _mediated(tree: Tree, kind: str, parents: Sequence[str], mdevs: Made, gpu_memory_mib: int | None) -> VgpuType:
    paths = [f"{_PCI}/{parent}/mdev_supported_types/{kind}" for parent in parents]
    name = next((type_name(text) for path in paths if (text := tree.text(f"{path}/name"))), kind)
    memory_mib, most = described(next((text for path in paths if (text := tree.text(f"{path}/description"))), ""))
    made = sum(mdevs[parent, kind] for parent in parents)
    most = most or most_by_name(name, gpu_memory_mib)
    available = 0
    for path in paths:
        if most is not None and available >= most - made:  # functions that are left over offer it as well
            break
        available += tree.count(f"{path}/available_instances") or 0
    return _type(name, number_of_mdev_type(kind), memory_mib or memory_mib_of(name), most, available, made)


def _of_functions(tree: Tree, functions: Sequence[str], gpu_memory_mib: int | None) -> tuple[VgpuType, ...]:
    names: dict[int, str] = {}
    free: Counter[int] = Counter()
    made: Counter[int] = Counter()
    for function in functions:
        text = (tree.raw(f"{_PCI}/{function}/nvidia/creatable_vgpu_types", _MOST_LIST_BYTES) or b"").decode(
            errors="replace"
        )
        listed = creatable(text)
        names |= listed
        if now := tree.count(_current(function)):
            made[now] += 1
        else:
            free.update(listed.keys())
    return tuple(
        _type(
            names.get(number, ""),
            number,
            memory_mib_of(names.get(number, "")),
            most_by_name(names.get(number, ""), gpu_memory_mib),
            free[number],
            made[number],
        )
        for number in sorted({*names, *made})[:MOST_VGPU_TYPES]
    )


def _type(name: str, number: int, memory_mib: int, most: int | None, available: int, made: int) -> VgpuType:
    """A type of which no more can be made than the GPU can be."""
    most = max(1, available + made) if most is None else max(most, made)
    return VgpuType(name, number, memory_mib, most, min(available, most - made), made)


def _current(function: str) -> str:
    return f"{_PCI}/{function}/nvidia/current_vgpu_type"
