"""How vGPU types are called, and what their names and the kernel's texts say of them.

Sources: NVIDIA Virtual GPU Software User Guide, "Virtual GPU Types for Supported GPUs" and "Creating an NVIDIA vGPU on
a Linux with KVM Hypervisor that Uses a Vendor-Specific VFIO Framework"; Linux,
Documentation/driver-api/vfio-mediated-device.rst.
"""

from __future__ import annotations

import re
from typing import Final

from pextra.drivers.gpu.interface import MOST_VGPU_TYPES

_LONGEST: Final = 63
_NUMBER: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
_NVIDIA_MDEV: Final = re.compile(r"nvidia-([0-9]{1,9})", re.ASCII)
_FIELD: Final = re.compile(r"(framebuffer|max_instance)=([0-9]{1,9})", re.ASCII)
# The product, the slices of a GPU instance where the type is backed by one, the memory in GB, the series.
_SHAPE: Final = re.compile(r".*?(?:-(?P<slices>[1-9]))?-(?P<gb>[0-9]{1,4})[ABCQ][A-Z0-9]*", re.ASCII)
_MIG_SLICES: Final = 7
_SIZES_MIB: Final = 8 * 1024


def type_name(text: str) -> str:
    """A type's name as profiles have it, without its vendor's brands: `GRID A100-4C` is `A100-4C`."""
    return text.strip().removeprefix("NVIDIA ").removeprefix("GRID ").strip()[:_LONGEST]


def creatable(text: str) -> dict[int, str]:
    """The types in a `creatable_vgpu_types`, by number: lines of `number : name`, with or without a heading."""
    found: dict[int, str] = {}
    for line in text.splitlines():
        number, _, name = line.partition(":")
        if _NUMBER.fullmatch(number.strip()) and name.strip().isprintable() and len(found) < MOST_VGPU_TYPES:
            found[int(number)] = type_name(name)
    return found


def number_of_mdev_type(kernels_name: str) -> int:
    """NVIDIA's number for a type of mediated device, which is in the kernel's name of it; 0 for other vendors'."""
    match = _NVIDIA_MDEV.fullmatch(kernels_name)
    return int(match[1]) if match else 0


def described(text: str) -> tuple[int | None, int | None]:
    """Memory of one in MiB, and how many a GPU can be, by a `description` such as NVIDIA writes."""
    fields = {match[1]: int(match[2]) for match in _FIELD.finditer(text)}
    return fields.get("framebuffer"), fields.get("max_instance")


def memory_mib_of(name: str) -> int:
    """Memory of one, by the name; 0 where the name does not say."""
    match = _SHAPE.fullmatch(name)
    return int(match["gb"]) * 1024 if match else 0


def mig_slices_of(name: str) -> int:
    """How many slices the GPU instance has that a type is backed by (1 for `H100XM-1-10C`); 0 for time-sliced types."""
    match = _SHAPE.fullmatch(name)
    return int(match["slices"] or 0) if match else 0


def most_by_name(name: str, gpu_memory_mib: int | None) -> int | None:
    """How many of a type a GPU can be at most, by the type's name and the GPU's memory; None where they do not tell.

    Types are fractions of the size that a GPU is sold by, of which its driver tells a little less.
    """
    slices, memory_mib = mig_slices_of(name), memory_mib_of(name)
    if slices:
        return _MIG_SLICES // slices
    if not memory_mib or not gpu_memory_mib:
        return None
    sold_by = -(-gpu_memory_mib // _SIZES_MIB) * _SIZES_MIB
    return max(1, sold_by // memory_mib)
