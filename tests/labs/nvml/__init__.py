"""A machine with GPUs that is none: NVIDIA's library, and what the kernel shows in sysfs.

Both are made from `Gpu` facts, so that any board of `pextra.drivers.gpu.boards`, and any state, can be had.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from pextra.drivers.gpu.interface import NVSWITCH, Gpu
from pextra.drivers.gpu.products import MIG_SHAPES, PRODUCTS

SOURCE: Final = Path(__file__).with_name("fake_nvml.c")
_PROFILE_IDS: Final = {0: 19, 1: 14, 2: 9, 3: 5, 4: 0, 7: 20, 9: 15}


def reason_unavailable() -> str:
    """What this machine lacks to build the library; empty when it can."""
    return "" if shutil.which("gcc") else "gcc is not installed, which builds the fake NVIDIA library"


def build(folder: Path) -> Path:
    """Build the library, and answer with the folder that it is in."""
    subprocess.run(
        [
            "gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-Wl,-soname,libnvidia-ml.so.1",
            "-o", str(folder / "libnvidia-ml.so.1"), str(SOURCE),
        ],
        check=True,
        capture_output=True,
        text=True,
    )  # fmt: skip
    return folder


def environment(library: Path, data: Path) -> dict[str, str]:
    """The environment of a process that is to see the GPUs of that file."""
    return {**os.environ, "LD_LIBRARY_PATH": str(library), "FAKE_NVML": str(data)}


def nvml_data(gpus: Iterable[Gpu], more: Mapping[str, Sequence[str]] | None = None) -> str:
    """What the library reads.

    Args:
        gpus: those that it shows; what the kernel alone knows of them is left out.
        more: further lines of a GPU, by its address.
    """
    lines: list[str] = []
    for gpu in gpus:
        lines += [*_lines(gpu), *(more or {}).get(gpu.address, ())]
    return "\n".join(lines) + "\n"


def _lines(gpu: Gpu) -> list[str]:
    lines = [
        f"gpu {_bus(gpu.address)}",
        f"name {gpu.product}",
        f"uuid {gpu.uuid}",
        f"serial {gpu.serial}",
        f"device {gpu.device}",
        f"memory {gpu.memory_mib}",
        # A card says zero, which is no position.
        f"module {gpu.module or 0}",
        "ecc 0 0",
        "rows 0 0",
    ]
    if gpu.numa_node is not None:
        lines.append(f"cell {gpu.numa_node}")
    if gpu.cpu_affinity:
        lines.append(f"cpus {gpu.cpu_affinity}")
    lines += [
        f"link {link.peer if link.peer == NVSWITCH else _bus(link.peer)} {link.count}" for link in gpu.links or ()
    ]
    if gpu.mig.capable:
        lines.append(f"mig {int(gpu.mig.enabled)}")
        by_name = {f"MIG {profile.name}": profile for profile in PRODUCTS[gpu.model].mig_profiles}
        for (number, shape), (name, profile) in zip(MIG_SHAPES.items(), by_name.items(), strict=True):
            starts = ",".join(map(str, profile.starts))
            lines.append(
                f"profile {number} {_PROFILE_IDS[number]} {profile.slices} {profile.memory_mib} {shape.most} "
                f"{profile.size} {starts} {name}"
            )
    lines += [f"vgpu {kind.id} {kind.memory_mib} {kind.most} NVIDIA {kind.name}" for kind in gpu.vgpu_types]
    return lines


def _bus(address: str) -> str:
    """A PCI address as the library writes it."""
    return f"0000{address.upper()}"
