"""GPUs that are known by name: what simulated ones are made of, and what is known of a real one that was never asked.

The memory of MIG profiles and vGPU types is what the profile's name promises, less what the driver keeps: about what a
real GPU says, which is what counts on a real host. Source: NVIDIA's MIG user guide and vGPU user guide.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Final

from pextra.drivers.gpu.interface import MigProfile, VgpuType
from pextra.drivers.gpu.naming import model_of

NVIDIA: Final = "10de"
MIG_SLOTS: Final = 8
"""Slots of memory of a GPU of seven slices; one of four slices has as many slots as slices."""


@dataclass(frozen=True)
class Product:
    """A GPU by name.

    Args:
        name: as NVIDIA's library has it.
        device: its PCI device id.
        memory_mib: as the library tells it.
        mig: how many GB the names of its MIG profiles tell for 1, 2, 4 and 8 slots of memory; None where it has none.
        vgpus: its vGPU types: series, GB of each, and how many one GPU can be.
        vgpu_name: what the names of those begin with.
        links: NVLinks.
        total_vfs: how many virtual functions it can have.
    """

    name: str
    device: str
    memory_mib: int
    mig: tuple[int, int, int, int] | None = None
    vgpus: tuple[tuple[str, int, int], ...] = ()
    vgpu_name: str = ""
    links: int = 0
    total_vfs: int = 16

    @cached_property
    def model(self) -> str:
        """See `naming.model_of`."""
        return model_of(self.name)

    @cached_property
    def mig_profiles(self) -> tuple[MigProfile, ...]:
        """What it can be divided into, as the library orders them."""
        if self.mig is None:
            return ()
        slot_mib = self.memory_mib // MIG_SLOTS
        return tuple(
            MigProfile(
                f"{shape.slices}g.{self.mig[shape.size.bit_length() - 1]}gb{shape.suffix}",
                slot_mib * shape.size,
                shape.slices,
                shape.size,
                shape.starts,
            )
            for shape in MIG_SHAPES.values()
        )

    @cached_property
    def vgpu_types(self) -> tuple[VgpuType, ...]:
        """What a vGPU manager can make of it; the numbers are our own."""
        first = int(self.device, 16) % 1000 * 100
        return tuple(
            VgpuType(f"{self.vgpu_name}-{gb}{series}", first + index, gb * 1024, most)
            for index, (series, gb, most) in enumerate(self.vgpus)
        )


@dataclass(frozen=True, slots=True)
class MigShape:
    """Where instances of a MIG profile can lie on a GPU of seven slices.

    Attributes:
        slices: of the processors.
        size: slots of memory.
        starts: the slots that it can begin at.
        suffix: of the profile's name.
        most: how many instances a GPU can have.
    """

    slices: int
    size: int
    starts: tuple[int, ...]
    suffix: str = ""
    most: int = 1


# By the library's number of the profile, in the order in which it is asked. Source: `nvidia-smi mig -lgipp`.
MIG_SHAPES: Final = MappingProxyType(
    {
        0: MigShape(1, 1, (0, 1, 2, 3, 4, 5, 6), most=7),
        1: MigShape(2, 2, (0, 2, 4), most=3),
        2: MigShape(3, 4, (0, 4), most=2),
        3: MigShape(4, 4, (0,)),
        4: MigShape(7, 8, (0,)),
        7: MigShape(1, 1, (0, 1, 2, 3, 4, 5, 6), "+me"),
        9: MigShape(1, 2, (0, 2, 4, 6), most=4),
    }
)

_L40S_VGPUS: Final = (
    ("Q", 1, 32), ("Q", 2, 24), ("Q", 3, 16), ("Q", 4, 12), ("Q", 6, 8), ("Q", 8, 6), ("Q", 12, 4), ("Q", 16, 3),
    ("Q", 24, 2), ("Q", 48, 1),
    ("C", 4, 12), ("C", 6, 8), ("C", 8, 6), ("C", 12, 4), ("C", 16, 3), ("C", 24, 2), ("C", 48, 1),
)  # fmt: skip
_H100_VGPUS: Final = (
    ("C", 4, 20), ("C", 5, 16), ("C", 8, 10), ("C", 10, 8), ("C", 16, 5), ("C", 20, 4), ("C", 40, 2), ("C", 80, 1),
)  # fmt: skip

PRODUCTS: Final = MappingProxyType(
    {
        product.model: product
        for product in (
            Product("NVIDIA A100-SXM4-40GB", "20b0", 40_960, mig=(5, 10, 20, 40), links=12),
            Product("NVIDIA A100-SXM4-80GB", "20b2", 81_920, mig=(10, 20, 40, 80), links=12, total_vfs=20),
            Product("NVIDIA A100 80GB PCIe", "20b5", 81_920, mig=(10, 20, 40, 80), links=12, total_vfs=20),
            Product(
                "NVIDIA H100 80GB HBM3", "2330", 81_559,
                mig=(10, 20, 40, 80), links=18, vgpus=_H100_VGPUS, vgpu_name="H100XM",
            ),
            Product("NVIDIA H100 PCIe", "2331", 81_559, mig=(10, 20, 40, 80), links=12),
            Product("NVIDIA H100 NVL", "2321", 95_830, mig=(12, 24, 47, 94), links=12),
            Product("NVIDIA H200", "2335", 143_771, mig=(18, 35, 71, 141), links=18),
            Product("NVIDIA B200", "2901", 183_359, mig=(23, 45, 90, 180), links=18),
            Product("NVIDIA L4", "27b8", 23_034),
            Product("NVIDIA L40S", "26b9", 46_068, vgpus=_L40S_VGPUS, vgpu_name="L40S", total_vfs=32),
        )
    }
)  # fmt: skip
"""By model."""

_OF_DEVICE: Final = MappingProxyType({product.device: product for product in PRODUCTS.values()})


def product_of(vendor: str, device: str) -> Product | None:
    """The product with these PCI ids, if it is known."""
    return _OF_DEVICE.get(device) if vendor == NVIDIA else None
