"""What is known of a host's GPUs, whoever found it out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

MOST_GPUS: Final = 64
"""Of how many GPUs a host tells at most."""
MOST_FUNCTIONS: Final = 64
"""Of how many virtual functions a GPU tells at most."""
MOST_PROFILES: Final = 32
"""How many MIG profiles, and how many MIG instances, a GPU tells of at most."""
MOST_VGPU_TYPES: Final = 128
MOST_REASONS: Final = 16
MOST_XIDS: Final = 8
"""How many of the last XIDs are told."""
NVSWITCH: Final = "nvswitch"
"""The peer of links that lead to a switch, which all GPUs of a board share."""


@dataclass(frozen=True, slots=True)
class VirtualFunction:
    """A part of a GPU with a PCI address of its own.

    Attributes:
        iommu_group: the number of its group; None without an IOMMU.
        driver: who drives it now.
        vgpu: whether it is a vGPU now, or one is made of it, whoever did that.
    """

    address: str
    iommu_group: int | None = None
    driver: str | None = None
    vgpu: bool = False


@dataclass(frozen=True, slots=True)
class VirtualFunctions:
    """What a GPU can be divided into by SR-IOV.

    Attributes:
        total: how many virtual functions it can have; 0 where it cannot be divided.
        current: how many it has now.
        functions: those, in the order of their numbers.
    """

    total: int = 0
    current: int = 0
    functions: tuple[VirtualFunction, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """NVLinks to one peer.

    Attributes:
        peer: a GPU's PCI address, or `NVSWITCH`.
        count: how many of them are active.
    """

    peer: str
    count: int


@dataclass(frozen=True, slots=True)
class MigProfile:
    """A size that instances of a GPU can have.

    Attributes:
        name: the vendor's, such as `1g.10gb`.
        memory_mib: of one instance.
        slices: of the GPU's processors.
        size: how many of its memory slots an instance takes.
        starts: the slots that an instance can begin at.
    """

    name: str
    memory_mib: int
    slices: int
    size: int
    starts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MigInstance:
    """An instance that exists.

    Attributes:
        id: the driver's number for it.
        profile: the name of its profile; empty where it is none that is known.
        start: the slot that it begins at.
    """

    id: int
    profile: str
    start: int


@dataclass(frozen=True, slots=True)
class Mig:
    """Whether and how a GPU is divided into instances.

    Attributes:
        enabled: whether it is in MIG mode now.
        profiles: what could be made; ordered as the vendor does.
        instances: what was made; ordered by id.
    """

    capable: bool = False
    enabled: bool = False
    profiles: tuple[MigProfile, ...] = ()
    instances: tuple[MigInstance, ...] = ()


class VgpuInterface(StrEnum):
    """How the host's kernel lets vGPUs be made of a GPU."""

    MDEV = "mdev"  # mediated devices of the GPU itself
    VF_MDEV = "vf-mdev"  # a mediated device of each virtual function
    VF = "vf"  # the virtual functions themselves: NVIDIA's driver makes each a GPU of some type


@dataclass(frozen=True, slots=True)
class VgpuType:
    """A kind of virtual GPU that the host's driver can make.

    Attributes:
        name: the vendor's, such as `L40S-12Q`.
        id: the driver's number for it; 0: it has none.
        memory_mib: of one; 0: unknown.
        most: how many of them one GPU can be.
        available: how many more the kernel would make now; None where it was not asked, or makes none.
        made: how many there are, whoever made them.
    """

    name: str
    id: int
    memory_mib: int
    most: int
    available: int | None = None
    made: int = 0


class HealthState(StrEnum):
    """How a GPU is."""

    OK = "ok"
    DEGRADED = "degraded"  # works, and wants to be looked after: a reset or a reboot is due
    FAILED = "failed"  # nothing new should be given to it
    UNKNOWN = "unknown"  # nobody could be asked


@dataclass(frozen=True, slots=True)
class Health:
    """How a GPU is, and why.

    Attributes:
        reasons: sentences for people.
        xids: the last errors that the kernel's log has of it, by NVIDIA's numbers, the newest last.
    """

    state: HealthState = HealthState.UNKNOWN
    reasons: tuple[str, ...] = ()
    xids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Gpu:
    """One physical GPU.

    Attributes:
        address: on PCI, as the kernel writes it: `0000:17:00.0`.
        vendor: 4 hex digits, as `device`.
        device: see `vendor`.
        model: its name in labels, quotas and requests; see `naming.model_of`.
        product: the vendor's name for it.
        serial: the board's serial number; None where there is none to be read.
        uuid: the vendor's identity of it.
        visible: whether the vendor's library shows it now; otherwise what only that knows was seen earlier.
        memory_mib: its own memory.
        numa_node: the NUMA cell that it is near to; None where the firmware does not say.
        cpu_affinity: the threads near to it, as the kernel writes lists: `0-55,112-167`; empty where unknown.
        iommu_group: the number of its group; None without an IOMMU.
        root_complex: domain:bus of its root bus.
        driver: who drives it now; None: nobody.
        vfs: what it can be divided into by SR-IOV.
        module: its position on a board with switches, from 1 on; None on a card.
        links: active NVLinks; None while nobody could be asked.
        mig: whether and how it is divided into instances.
        vgpu_types: what the host's driver can make of it.
        vgpu_interface: how the kernel lets vGPUs be made of it; None: it does not.
        health: how it is.
    """

    address: str
    vendor: str
    device: str
    model: str
    product: str
    serial: str | None = None
    uuid: str | None = None
    visible: bool = False
    memory_mib: int | None = None
    numa_node: int | None = None
    cpu_affinity: str = ""
    iommu_group: int | None = None
    root_complex: str | None = None
    driver: str | None = None
    vfs: VirtualFunctions = VirtualFunctions()
    module: int | None = None
    links: tuple[Link, ...] | None = None
    mig: Mig = Mig()
    vgpu_types: tuple[VgpuType, ...] = ()
    vgpu_interface: VgpuInterface | None = None
    health: Health = Health()


@dataclass(frozen=True, slots=True)
class GpuReading:
    """What a GPU said of its work at one moment; None: it does not say.

    Attributes:
        address: of the GPU.
        utilization_percent: in how much of the last moments it worked on something.
        memory_used_mib: of its own memory.
        memory_mib: all of that.
        power_mw: what it draws.
        temperature_c: of its processor.
        ecc_corrected: memory errors that were corrected since its driver was loaded.
        ecc_uncorrected: those that could not be.
        nvlink_sent_kib: through all of its NVLinks since they were reset.
        nvlink_received_kib: see `nvlink_sent_kib`.
    """

    address: str
    utilization_percent: int | None = None
    memory_used_mib: int | None = None
    memory_mib: int | None = None
    power_mw: int | None = None
    temperature_c: int | None = None
    ecc_corrected: int | None = None
    ecc_uncorrected: int | None = None
    nvlink_sent_kib: int | None = None
    nvlink_received_kib: int | None = None


@dataclass(frozen=True, slots=True)
class HostGpus:
    """The GPUs of a host.

    Attributes:
        gpus: ordered by address; at most `MOST_GPUS`.
        board: what they are together, see `boards.recognise`; empty without any.
        problems: why not all is known, each with the remedy.
    """

    gpus: tuple[Gpu, ...] = ()
    board: str = ""
    problems: tuple[str, ...] = ()


class GpuDriver(Protocol):
    """What a host's GPUs are asked through."""

    def observe_gpus(self) -> HostGpus:
        """The host's GPUs. It changes nothing, fails for nothing, and answers within seconds whatever hangs."""
        ...

    def observe_readings(self) -> tuple[GpuReading, ...]:
        """What was read at the last look, if that is not long ago, of the GPUs that it showed. Asks nobody."""
        ...


class NoGpus:
    """The driver of a host without GPUs."""

    def observe_gpus(self) -> HostGpus:
        """See `GpuDriver`."""
        return HostGpus()

    def observe_readings(self) -> tuple[GpuReading, ...]:
        """See `GpuDriver`."""
        return ()
