"""GPUs as hosts tell of them, and as simulated hosts are given them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from pextra.declaration.kind import SpecModel

MOST_GPUS: Final = 64
"""How many a host tells of at most."""
BOARD_SIZES: Final = MappingProxyType(
    {"hgx-a100-8": 8, "hgx-h100-8": 8, "hgx-h200-8": 8, "hgx-b200-8": 8, "h100-nvl-pair": 2}
)
"""How many GPUs each board has that can be simulated."""


class SimulatedGpus(SpecModel):
    """GPUs to simulate: a whole board, or cards of one model."""

    board: Literal["hgx-a100-8", "hgx-h100-8", "hgx-h200-8", "hgx-b200-8", "h100-nvl-pair"] | None = None
    """A board, with all of its GPUs and links."""
    model: Literal["a100-80gb-pcie", "h100-pcie", "h100-nvl", "l4", "l40s"] | None = None
    """Cards of this model, which nothing links."""
    count: Annotated[int, Field(ge=1, le=MOST_GPUS)] | None = None
    """How many cards; only with `model`."""
    numa: Annotated[list[Annotated[int, Field(ge=0, le=63)]], Field(max_length=MOST_GPUS)] = []
    """The NUMA cell of each GPU; by default they are spread evenly over the host's."""
    vfs: Annotated[int, Field(ge=0, le=32)] = 0
    """How many virtual functions each GPU has."""
    mig: bool = False
    """Whether each GPU that can be is in MIG mode."""

    @model_validator(mode="after")
    def _one_of_both(self) -> SimulatedGpus:
        if (self.board is None) == (self.model is None):
            raise ValueError("one of `board` and `model` says what to simulate")
        if (self.model is None) != (self.count is None):
            raise ValueError("`count` goes with `model`")
        count = self.count if self.board is None else BOARD_SIZES[self.board]
        if self.numa and len(self.numa) != count:
            raise ValueError(f"`numa` names {len(self.numa)} cells for {count} GPUs")
        return self


class VirtualFunctionStatus(SpecModel):
    """A part of a GPU with a PCI address of its own."""

    address: str
    """Its PCI address."""
    iommu_group: int | None = None
    """The number of its IOMMU group; it may differ after the next boot."""
    driver: str | None = None
    """Which driver has it."""
    vgpu: bool = False
    """Whether it is a vGPU now, or one is made of it, whoever did that."""


class VirtualFunctionsStatus(SpecModel):
    """What a GPU can be divided into by SR-IOV."""

    total: int = 0
    """How many virtual functions it can have; 0 where it cannot be divided."""
    current: int = 0
    """How many it has now."""
    functions: list[VirtualFunctionStatus] = []
    """Those, in the order of their numbers."""


class GpuLinkStatus(SpecModel):
    """NVLinks to one peer."""

    peer: str
    """A GPU's PCI address, or `nvswitch`."""
    count: int
    """How many of them are active."""


class MigProfileStatus(SpecModel):
    """A size that MIG instances of a GPU can have."""

    name: str
    """As the vendor calls it, such as `1g.10gb`."""
    memory_mib: int
    """Memory of one instance."""
    slices: int
    """Slices of the GPU's processors."""
    size: int
    """How many of its memory slots an instance takes."""
    starts: list[int]
    """The slots that an instance can begin at."""


class MigInstanceStatus(SpecModel):
    """A MIG instance that exists."""

    id: int
    """The driver's number for it."""
    profile: str
    """The name of its profile."""
    start: int
    """The slot that it begins at."""


class MigStatus(SpecModel):
    """Whether and how a GPU is divided into MIG instances."""

    capable: bool = False
    """Whether it can be."""
    enabled: bool = False
    """Whether it is in MIG mode."""
    profiles: list[MigProfileStatus] = []
    """What could be made."""
    instances: list[MigInstanceStatus] = []
    """What was made."""


class VgpuTypeStatus(SpecModel):
    """A kind of virtual GPU that the host's driver can make."""

    name: str
    """As the vendor calls it, such as `L40S-12Q`."""
    id: int
    """The driver's number for it; 0: it has none."""
    memory_mib: int
    """Memory of one; 0: unknown."""
    most: int
    """How many of them one GPU can be."""
    available: int | None = None
    """How many more the host's kernel would make now; absent where it makes none."""
    made: int = 0
    """How many there are, whoever made them."""


class GpuHealthStatus(SpecModel):
    """How a GPU is, and why."""

    state: Literal["ok", "degraded", "failed", "unknown"] = "unknown"
    """`degraded` ones work and want a reset or a reboot; of `unknown` ones nobody could be asked."""
    reasons: list[str] = []
    """Why."""
    xids: list[int] = []
    """The last errors that the kernel's log has of it, by NVIDIA's numbers, the newest last."""


class GpuDevice(SpecModel):
    """A physical GPU of a host."""

    address: str
    """Its PCI address."""
    vendor: str
    """PCI vendor id, 4 hex digits."""
    device: str
    """PCI device id, 4 hex digits."""
    model: str
    """What it is called in requests and quotas, such as `h100-80gb-hbm3`."""
    product: str = ""
    """What its vendor calls it."""
    serial: str | None = None
    """Serial number."""
    uuid: str | None = None
    """The vendor's identity of it."""
    visible: bool = False
    """Whether the vendor's library shows it now; it does not while a guest has it."""
    memory_mib: int | None = None
    """Its own memory."""
    numa_node: int | None = None
    """The NUMA cell that it is near to."""
    cpu_affinity: str = ""
    """The threads near to it, such as `0-55,112-167`."""
    iommu_group: int | None = None
    """The number of its IOMMU group; it may differ after the next boot."""
    root_complex: str | None = None
    """Domain and number of its PCI root bus."""
    driver: str | None = None
    """Which driver has it."""
    vfs: VirtualFunctionsStatus = VirtualFunctionsStatus()
    """What it can be divided into by SR-IOV."""
    module: int | None = None
    """Its position on a board with switches, from 1 on."""
    links: list[GpuLinkStatus] | None = None
    """Active NVLinks; absent while nobody could be asked."""
    mig: MigStatus = MigStatus()
    """Whether and how it is divided into MIG instances."""
    vgpu_types: list[VgpuTypeStatus] = []
    """What the host's driver can make of it."""
    vgpu_interface: Literal["mdev", "vf-mdev", "vf"] | None = None
    """How the host's kernel lets vGPUs be made of it: as mediated devices of the GPU, as one of each virtual function,
    or of the virtual functions themselves. Absent: it does not."""
    health: GpuHealthStatus = GpuHealthStatus()
    """How it is."""
