"""A host as a Pulumi resource.

Generated from the API's declarations by scripts/generate.py; do not edit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, ClassVar, Literal, Required, TypedDict, Unpack, overload

import pulumi
from pulumi import Input

from pulumi_pextra.declared import Declared
from pulumi_pextra.types import Condition, input_type, output_type, told


@output_type
class HostHugepageStatus:
    """Pages of one size that a host has set aside for guests' memory."""

    size_kib: int
    """Of one page."""

    total: int
    """How many there are."""

    free: int
    """How many of them nobody uses."""


@output_type
class HostVirtualFunctionStatus:
    """A part of a GPU with a PCI address of its own."""

    address: str
    """Its PCI address."""

    iommu_group: int | None = None
    """The number of its IOMMU group; it may differ after the next boot."""

    driver: str | None = None
    """Which driver has it."""

    vgpu: bool | None = None
    """Whether it is a vGPU now, or one is made of it, whoever did that."""


@output_type
class HostVirtualFunctionsStatus:
    """What a GPU can be divided into by SR-IOV."""

    total: int | None = None
    """How many virtual functions it can have; 0 where it cannot be divided."""

    current: int | None = None
    """How many it has now."""

    functions: Sequence[HostVirtualFunctionStatus] | None = None
    """Those, in the order of their numbers."""


@output_type
class HostGpuLinkStatus:
    """NVLinks to one peer."""

    peer: str
    """A GPU's PCI address, or `nvswitch`."""

    count: int
    """How many of them are active."""


@output_type
class HostMigProfileStatus:
    """A size that MIG instances of a GPU can have."""

    name: str
    """As the vendor calls it, such as `1g.10gb`."""

    memory_mib: int
    """Memory of one instance."""

    slices: int
    """Slices of the GPU's processors."""

    size: int
    """How many of its memory slots an instance takes."""

    starts: Sequence[int]
    """The slots that an instance can begin at."""


@output_type
class HostMigInstanceStatus:
    """A MIG instance that exists."""

    id: int
    """The driver's number for it."""

    profile: str
    """The name of its profile."""

    start: int
    """The slot that it begins at."""


@output_type
class HostMigStatus:
    """Whether and how a GPU is divided into MIG instances."""

    capable: bool | None = None
    """Whether it can be."""

    enabled: bool | None = None
    """Whether it is in MIG mode."""

    profiles: Sequence[HostMigProfileStatus] | None = None
    """What could be made."""

    instances: Sequence[HostMigInstanceStatus] | None = None
    """What was made."""


@output_type
class HostVgpuTypeStatus:
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

    made: int | None = None
    """How many there are, whoever made them."""


@output_type
class HostGpuHealthStatus:
    """How a GPU is, and why."""

    state: str | None = None
    """`degraded` ones work and want a reset or a reboot; of `unknown` ones nobody could be asked. ("unknown" by
    default)
    """

    reasons: Sequence[str] | None = None
    """Why."""

    xids: Sequence[int] | None = None
    """The last errors that the kernel's log has of it, by NVIDIA's numbers, the newest last."""


@output_type
class HostGpuDevice:
    """A physical GPU of a host."""

    address: str
    """Its PCI address."""

    vendor: str
    """PCI vendor id, 4 hex digits."""

    device: str
    """PCI device id, 4 hex digits."""

    model: str
    """What it is called in requests and quotas, such as `h100-80gb-hbm3`."""

    product: str | None = None
    """What its vendor calls it."""

    serial: str | None = None
    """Serial number."""

    uuid: str | None = None
    """The vendor's identity of it."""

    visible: bool | None = None
    """Whether the vendor's library shows it now; it does not while a guest has it."""

    memory_mib: int | None = None
    """Its own memory."""

    numa_node: int | None = None
    """The NUMA cell that it is near to."""

    cpu_affinity: str | None = None
    """The threads near to it, such as `0-55,112-167`."""

    iommu_group: int | None = None
    """The number of its IOMMU group; it may differ after the next boot."""

    root_complex: str | None = None
    """Domain and number of its PCI root bus."""

    driver: str | None = None
    """Which driver has it."""

    vfs: HostVirtualFunctionsStatus | None = None
    """What it can be divided into by SR-IOV. ({"total": 0, "current": 0, "functions": []} by default)"""

    module: int | None = None
    """Its position on a board with switches, from 1 on."""

    links: Sequence[HostGpuLinkStatus] | None = None
    """Active NVLinks; absent while nobody could be asked."""

    mig: HostMigStatus | None = None
    """Whether and how it is divided into MIG instances. ({"capable": false, "enabled": false, "profiles": [],
    "instances": []} by default)
    """

    vgpu_types: Sequence[HostVgpuTypeStatus] | None = None
    """What the host's driver can make of it."""

    vgpu_interface: str | None = None
    """How the host's kernel lets vGPUs be made of it: as mediated devices of the GPU, as one of each virtual
    function, or of the virtual functions themselves. Absent: it does not.
    """

    health: HostGpuHealthStatus | None = None
    """How it is. ({"state": "unknown", "reasons": [], "xids": []} by default)"""


@output_type
class HostSriovStatus:
    """What came of a declared division on one device."""

    address: str
    """The device's PCI address; empty where the host has none that is named."""

    wanted: int
    """How many virtual functions it is to have."""

    current: int
    """How many it has."""

    problem: str | None = None
    """Why it has not what it is to have, and what to do."""


@output_type
class HostStatus:
    """What a host was found to be."""

    observed_generation: int | None = None
    """The generation of which the conditions speak."""

    conditions: Sequence[Condition] | None = None
    """What is true of the object; every kind has `ready`."""

    vcpus: int | None = None
    """Processor threads."""

    memory_mib: int | None = None
    """Memory."""

    disk_gib: int | None = None
    """Local disk."""

    hypervisor: str | None = None
    """What runs the guests, with versions."""

    accelerated: bool | None = None
    """Whether a probe boot proved hardware virtualisation."""

    dedicated_cpus: Sequence[int] | None = None
    """Threads that are kept for guests whose flavor asks for dedicated ones."""

    hugepages: Sequence[HostHugepageStatus] | None = None
    """Pages that are set aside for guests whose flavor asks for them, by size."""

    numa_cells: int | None = None
    """NUMA cells."""

    features: Sequence[str] | None = None
    """What it can give guests beyond the plain machine: `uefi`, `secure_boot`, `tpm`, `vfio`."""

    cpu_model: str | None = None
    """The processor that its guests see; guests move only between hosts where it is the same."""

    pool: str | None = None
    """The storage pool of its guests' disks."""

    pool_shared: bool | None = None
    """Whether other hosts reach the pool too."""

    hardware: Mapping[str, Any] | None = None
    """Processors, NUMA cells, disks, network cards and PCI devices, as its agent found them."""

    gpus: Sequence[HostGpuDevice] | None = None
    """Its GPUs, also those that guests have."""

    gpu_board: str | None = None
    """What they are together, such as `hgx-h100-8`; `pcie` where nothing links them."""

    gpu_summary: str | None = None
    """Its GPUs in words."""

    sriov: Sequence[HostSriovStatus] | None = None
    """What came of `spec.sriov`, by device."""

    problems: Sequence[str] | None = None
    """What it lacks, with the remedy."""

    forward_address: str | None = None
    """The host's own address, whose ports floating IPs forward; empty where they cannot."""

    fabric_host: str | None = None
    """What the fabric of networks calls it, into which it plugs its guests; empty where its networks are its own.
    """

    physical_networks: Sequence[str] | None = None
    """What it calls the networks outside that it has a bridge to, by which routers reach them."""

    bgp: str | None = None
    """What speaks BGP there; empty: nothing does, and it has no sessions with `bgp_peers`."""

    agent_version: str | None = None
    """The version of its agent."""

    boot_id: str | None = None
    """Names its present boot."""


class HostDriver(StrEnum):
    """What runs its guests: `libvirt` for a real machine, `sim` for a simulated one."""

    SIM = "sim"
    LIBVIRT = "libvirt"


class HostTaintEffect(StrEnum):
    """`no_schedule`: instances that do not tolerate it are placed elsewhere; `prefer_no_schedule`: where there is
    room elsewhere.
    """

    NO_SCHEDULE = "no_schedule"
    PREFER_NO_SCHEDULE = "prefer_no_schedule"


@input_type
class HostTaintArgs:
    """What keeps new instances off a host."""

    key: Input[str]
    """What it is about."""

    value: Input[str] | None = None
    """What it says of it."""

    effect: Input[HostTaintEffect | Literal["no_schedule", "prefer_no_schedule"]] | None = None
    """`no_schedule`: instances that do not tolerate it are placed elsewhere; `prefer_no_schedule`: where there is
    room elsewhere. ("no_schedule" by default)
    """


class HostTaintArgsDict(TypedDict, total=False):
    """`HostTaintArgs` as a dictionary."""

    key: Required[Input[str]]
    value: Input[str]
    effect: Input[HostTaintEffect | Literal["no_schedule", "prefer_no_schedule"]]


@input_type
class HostSriovDivisionArgs:
    """How many virtual functions devices are to have; one of `address`, `device` and `model` says which."""

    functions: Input[int]
    """How many virtual functions each is to have; 0: it is to be whole."""

    address: Input[str] | None = None
    """The PCI address of one device, such as `0000:41:00.0`."""

    device: Input[str] | None = None
    """PCI vendor and device, such as `8086:1572`: all devices like it."""

    model: Input[str] | None = None
    """A model of GPUs, such as `l40s`: all of it."""


class HostSriovDivisionArgsDict(TypedDict, total=False):
    """`HostSriovDivisionArgs` as a dictionary."""

    functions: Required[Input[int]]
    address: Input[str]
    device: Input[str]
    model: Input[str]


class HostSimulatedMachineFeatures(StrEnum):
    """One of these."""

    UEFI = "uefi"
    SECURE_BOOT = "secure_boot"
    TPM = "tpm"
    VFIO = "vfio"


class HostSimulatedGpusBoard(StrEnum):
    """One of these."""

    HGX_A100_8 = "hgx-a100-8"
    HGX_H100_8 = "hgx-h100-8"
    HGX_H200_8 = "hgx-h200-8"
    HGX_B200_8 = "hgx-b200-8"
    H100_NVL_PAIR = "h100-nvl-pair"


class HostSimulatedGpusModel(StrEnum):
    """One of these."""

    A100_80GB_PCIE = "a100-80gb-pcie"
    H100_PCIE = "h100-pcie"
    H100_NVL = "h100-nvl"
    L4 = "l4"
    L40S = "l40s"


@input_type
class HostSimulatedGpusArgs:
    """GPUs to simulate: a whole board, or cards of one model."""

    board: (
        Input[HostSimulatedGpusBoard | Literal["hgx-a100-8", "hgx-h100-8", "hgx-h200-8", "hgx-b200-8", "h100-nvl-pair"]]
        | None
    ) = None
    """A board, with all of its GPUs and links."""

    model: Input[HostSimulatedGpusModel | Literal["a100-80gb-pcie", "h100-pcie", "h100-nvl", "l4", "l40s"]] | None = (
        None
    )
    """Cards of this model, which nothing links."""

    count: Input[int] | None = None
    """How many cards; only with `model`."""

    numa: Input[Sequence[Input[int]]] | None = None
    """The NUMA cell of each GPU; by default they are spread evenly over the host's."""

    vfs: Input[int] | None = None
    """How many virtual functions each GPU has."""

    mig: Input[bool] | None = None
    """Whether each GPU that can be is in MIG mode."""


class HostSimulatedGpusArgsDict(TypedDict, total=False):
    """`HostSimulatedGpusArgs` as a dictionary."""

    board: Input[
        HostSimulatedGpusBoard | Literal["hgx-a100-8", "hgx-h100-8", "hgx-h200-8", "hgx-b200-8", "h100-nvl-pair"]
    ]
    model: Input[HostSimulatedGpusModel | Literal["a100-80gb-pcie", "h100-pcie", "h100-nvl", "l4", "l40s"]]
    count: Input[int]
    numa: Input[Sequence[Input[int]]]
    vfs: Input[int]
    mig: Input[bool]


@input_type
class HostSimulatedMachineArgs:
    """The size of a simulated host."""

    vcpus: Input[int] | None = None
    """Processor threads. (32 by default)"""

    memory_mib: Input[int] | None = None
    """Memory. (in MiB; 131072 by default)"""

    disk_gib: Input[int] | None = None
    """Local disk. (in GiB; 4096 by default)"""

    dedicated_threads: Input[int] | None = None
    """How many of the processor threads are kept for guests whose flavor asks for dedicated ones."""

    hugepages_2m: Input[int] | None = None
    """Pages of 2 MiB that are set aside of the memory."""

    hugepages_1g: Input[int] | None = None
    """Pages of 1 GiB that are set aside of the memory."""

    numa_cells: Input[int] | None = None
    """NUMA cells. (1 by default)"""

    features: (
        Input[Sequence[Input[HostSimulatedMachineFeatures | Literal["uefi", "secure_boot", "tpm", "vfio"]]]] | None
    ) = None
    """What it can give guests beyond the plain machine. (["uefi", "secure_boot", "tpm"] by default)"""

    gpus: Input[HostSimulatedGpusArgs | HostSimulatedGpusArgsDict] | None = None
    """GPUs."""


class HostSimulatedMachineArgsDict(TypedDict, total=False):
    """`HostSimulatedMachineArgs` as a dictionary."""

    vcpus: Input[int]
    memory_mib: Input[int]
    disk_gib: Input[int]
    dedicated_threads: Input[int]
    hugepages_2m: Input[int]
    hugepages_1g: Input[int]
    numa_cells: Input[int]
    features: Input[Sequence[Input[HostSimulatedMachineFeatures | Literal["uefi", "secure_boot", "tpm", "vfio"]]]]
    gpus: Input[HostSimulatedGpusArgs | HostSimulatedGpusArgsDict]


@input_type
class HostArgs:
    """What is wanted of a host."""

    driver: Input[HostDriver | Literal["sim", "libvirt"]]
    """What runs its guests: `libvirt` for a real machine, `sim` for a simulated one. (a change replaces the object)
    """

    name: Input[str] | None = None
    """Its name. Made of the resource's name, project and stack when absent."""

    labels: Input[Mapping[str, Input[str]]] | None = None
    """For selecting it."""

    annotations: Input[Mapping[str, Input[str]]] | None = None
    """For whoever reads it."""

    zone: Input[str] | None = None
    """The failure domain that the host is in. ("default" by default)"""

    rack: Input[str] | None = None
    """Where in its zone the host is; racks of two zones are two, whatever their names. ("default" by default)"""

    taints: Input[Sequence[Input[HostTaintArgs | HostTaintArgsDict]]] | None = None
    """What keeps new instances off it that do not tolerate it; those that are there stay."""

    schedulable: Input[bool] | None = None
    """Whether new guests are placed here; those that run stay. (true by default)"""

    cpu_overcommit: Input[float] | None = None
    """Virtual processors handed out for each processor thread. (4.0 by default)"""

    reserved_memory_mib: Input[int] | None = None
    """Memory kept for the host itself. (in MiB; 512 by default)"""

    sriov: Input[Sequence[Input[HostSriovDivisionArgs | HostSriovDivisionArgsDict]]] | None = None
    """How its devices are divided into virtual functions. The first entry that names a device counts; those that
    none names are left as they are.
    """

    simulated: Input[HostSimulatedMachineArgs | HostSimulatedMachineArgsDict] | None = None
    """The machine to simulate; only with driver `sim`."""


class HostArgsDict(TypedDict, total=False):
    """`HostArgs` as a dictionary."""

    driver: Required[Input[HostDriver | Literal["sim", "libvirt"]]]
    name: Input[str]
    labels: Input[Mapping[str, Input[str]]]
    annotations: Input[Mapping[str, Input[str]]]
    zone: Input[str]
    rack: Input[str]
    taints: Input[Sequence[Input[HostTaintArgs | HostTaintArgsDict]]]
    schedulable: Input[bool]
    cpu_overcommit: Input[float]
    reserved_memory_mib: Input[int]
    sriov: Input[Sequence[Input[HostSriovDivisionArgs | HostSriovDivisionArgsDict]]]
    simulated: Input[HostSimulatedMachineArgs | HostSimulatedMachineArgsDict]


@output_type
class HostTaint:
    """What keeps new instances off a host."""

    key: str
    """What it is about."""

    value: str | None = None
    """What it says of it."""

    effect: str | None = None
    """`no_schedule`: instances that do not tolerate it are placed elsewhere; `prefer_no_schedule`: where there is
    room elsewhere. ("no_schedule" by default)
    """


@output_type
class HostSriovDivision:
    """How many virtual functions devices are to have; one of `address`, `device` and `model` says which."""

    functions: int
    """How many virtual functions each is to have; 0: it is to be whole."""

    address: str | None = None
    """The PCI address of one device, such as `0000:41:00.0`."""

    device: str | None = None
    """PCI vendor and device, such as `8086:1572`: all devices like it."""

    model: str | None = None
    """A model of GPUs, such as `l40s`: all of it."""


@output_type
class HostSimulatedGpus:
    """GPUs to simulate: a whole board, or cards of one model."""

    board: str | None = None
    """A board, with all of its GPUs and links."""

    model: str | None = None
    """Cards of this model, which nothing links."""

    count: int | None = None
    """How many cards; only with `model`."""

    numa: Sequence[int] | None = None
    """The NUMA cell of each GPU; by default they are spread evenly over the host's."""

    vfs: int | None = None
    """How many virtual functions each GPU has."""

    mig: bool | None = None
    """Whether each GPU that can be is in MIG mode."""


@output_type
class HostSimulatedMachine:
    """The size of a simulated host."""

    vcpus: int | None = None
    """Processor threads. (32 by default)"""

    memory_mib: int | None = None
    """Memory. (in MiB; 131072 by default)"""

    disk_gib: int | None = None
    """Local disk. (in GiB; 4096 by default)"""

    dedicated_threads: int | None = None
    """How many of the processor threads are kept for guests whose flavor asks for dedicated ones."""

    hugepages_2m: int | None = None
    """Pages of 2 MiB that are set aside of the memory."""

    hugepages_1g: int | None = None
    """Pages of 1 GiB that are set aside of the memory."""

    numa_cells: int | None = None
    """NUMA cells. (1 by default)"""

    features: Sequence[str] | None = None
    """What it can give guests beyond the plain machine. (["uefi", "secure_boot", "tpm"] by default)"""

    gpus: HostSimulatedGpus | None = None
    """GPUs."""


class HostFields(Declared):
    """A machine that runs guests."""

    kind_name: ClassVar[str] = "host"
    outputs: ClassVar[tuple[str, ...]] = (
        "name",
        "uid",
        "labels",
        "annotations",
        "driver",
        "zone",
        "rack",
        "taints",
        "schedulable",
        "cpu_overcommit",
        "reserved_memory_mib",
        "sriov",
        "simulated",
        "status",
    )

    @overload
    def __init__(self, resource_name: str, args: HostArgs, opts: pulumi.ResourceOptions | None = None) -> None: ...
    @overload
    def __init__(
        self,
        resource_name: str,
        args: None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Unpack[HostArgsDict],
    ) -> None: ...
    def __init__(
        self,
        resource_name: str,
        args: HostArgs | None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Any,
    ) -> None:
        self._declare(resource_name, args, fields, opts)

    @property
    @pulumi.getter
    def name(self) -> pulumi.Output[str]:
        """Its name."""
        return told(self, "name")

    @property
    @pulumi.getter
    def uid(self) -> pulumi.Output[str]:
        """Its identity, never given twice."""
        return told(self, "uid")

    @property
    @pulumi.getter
    def labels(self) -> pulumi.Output[Mapping[str, str]]:
        """Its labels."""
        return told(self, "labels")

    @property
    @pulumi.getter
    def annotations(self) -> pulumi.Output[Mapping[str, str]]:
        """Its annotations."""
        return told(self, "annotations")

    @property
    @pulumi.getter
    def driver(self) -> pulumi.Output[str]:
        """What runs its guests: `libvirt` for a real machine, `sim` for a simulated one. (a change replaces the
        object)
        """
        return told(self, "driver")

    @property
    @pulumi.getter
    def zone(self) -> pulumi.Output[str]:
        """The failure domain that the host is in. ("default" by default)"""
        return told(self, "zone")

    @property
    @pulumi.getter
    def rack(self) -> pulumi.Output[str]:
        """Where in its zone the host is; racks of two zones are two, whatever their names. ("default" by default)"""
        return told(self, "rack")

    @property
    @pulumi.getter
    def taints(self) -> pulumi.Output[Sequence[HostTaint]]:
        """What keeps new instances off it that do not tolerate it; those that are there stay."""
        return told(self, "taints")

    @property
    @pulumi.getter
    def schedulable(self) -> pulumi.Output[bool]:
        """Whether new guests are placed here; those that run stay. (true by default)"""
        return told(self, "schedulable")

    @property
    @pulumi.getter
    def cpu_overcommit(self) -> pulumi.Output[float]:
        """Virtual processors handed out for each processor thread. (4.0 by default)"""
        return told(self, "cpu_overcommit")

    @property
    @pulumi.getter
    def reserved_memory_mib(self) -> pulumi.Output[int]:
        """Memory kept for the host itself. (in MiB; 512 by default)"""
        return told(self, "reserved_memory_mib")

    @property
    @pulumi.getter
    def sriov(self) -> pulumi.Output[Sequence[HostSriovDivision]]:
        """How its devices are divided into virtual functions. The first entry that names a device counts; those
        that none names are left as they are.
        """
        return told(self, "sriov")

    @property
    @pulumi.getter
    def simulated(self) -> pulumi.Output[HostSimulatedMachine | None]:
        """The machine to simulate; only with driver `sim`."""
        return told(self, "simulated")

    @property
    @pulumi.getter
    def status(self) -> pulumi.Output[HostStatus]:
        """What was found of it when it was last read."""
        return told(self, "status")


__all__ = [
    "HostArgs",
    "HostArgsDict",
    "HostDriver",
    "HostGpuDevice",
    "HostGpuHealthStatus",
    "HostGpuLinkStatus",
    "HostHugepageStatus",
    "HostMigInstanceStatus",
    "HostMigProfileStatus",
    "HostMigStatus",
    "HostSimulatedGpus",
    "HostSimulatedGpusArgs",
    "HostSimulatedGpusArgsDict",
    "HostSimulatedGpusBoard",
    "HostSimulatedGpusModel",
    "HostSimulatedMachine",
    "HostSimulatedMachineArgs",
    "HostSimulatedMachineArgsDict",
    "HostSimulatedMachineFeatures",
    "HostSriovDivision",
    "HostSriovDivisionArgs",
    "HostSriovDivisionArgsDict",
    "HostSriovStatus",
    "HostStatus",
    "HostTaint",
    "HostTaintArgs",
    "HostTaintArgsDict",
    "HostTaintEffect",
    "HostVgpuTypeStatus",
    "HostVirtualFunctionStatus",
    "HostVirtualFunctionsStatus",
]
