"""Kind `host`: a machine that runs guests."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from pextra.declaration.kind import Area, Column, Kind, Scope, SpecModel, StatusModel
from pextra.declaration.markers import Filterable, Immutable, Unit
from pextra.resources.gpu_device import MOST_GPUS, GpuDevice, SimulatedGpus
from pextra.resources.host_sriov import MOST_DIVIDED, MOST_DIVISIONS, SriovDivision, SriovStatus, refuse_twice


class SimulatedMachine(SpecModel):
    """The size of a simulated host."""

    vcpus: Annotated[int, Field(ge=1, le=4096)] = 32
    """Processor threads."""
    memory_mib: Annotated[int, Field(ge=256, le=67_108_864), Unit("MiB")] = 131_072
    """Memory."""
    disk_gib: Annotated[int, Field(ge=1, le=4_194_304), Unit("GiB")] = 4_096
    """Local disk."""
    dedicated_threads: Annotated[int, Field(ge=0, le=4095)] = 0
    """How many of the processor threads are kept for guests whose flavor asks for dedicated ones."""
    hugepages_2m: Annotated[int, Field(ge=0, le=33_554_432)] = 0
    """Pages of 2 MiB that are set aside of the memory."""
    hugepages_1g: Annotated[int, Field(ge=0, le=65_536)] = 0
    """Pages of 1 GiB that are set aside of the memory."""
    numa_cells: Annotated[int, Field(ge=1, le=64)] = 1
    """NUMA cells."""
    features: Annotated[list[Literal["uefi", "secure_boot", "tpm", "vfio"]], Field(max_length=8)] = [
        "uefi",
        "secure_boot",
        "tpm",
    ]
    """What it can give guests beyond the plain machine."""
    gpus: SimulatedGpus | None = None
    """GPUs."""

    @model_validator(mode="after")
    def _gpus_are_in_its_cells(self) -> SimulatedMachine:
        if self.gpus is not None and any(cell >= self.numa_cells for cell in self.gpus.numa):
            raise ValueError(f"`gpus.numa` {self.gpus.numa} names more than the {self.numa_cells} `numa_cells`")
        return self

    @model_validator(mode="after")
    def _something_is_left(self) -> SimulatedMachine:
        if self.dedicated_threads >= self.vcpus:
            raise ValueError(f"`dedicated_threads` {self.dedicated_threads} leaves none of {self.vcpus} `vcpus`")
        if self.hugepages_2m * 2 + self.hugepages_1g * 1024 > self.memory_mib:
            raise ValueError(f"`hugepages_2m` and `hugepages_1g` take more than `memory_mib` {self.memory_mib}")
        return self


TaintKey = Annotated[str, Field(max_length=63, pattern=r"^[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?$")]
"""What a taint is about."""
TaintValue = Annotated[str, Field(max_length=63)]
"""What a taint says of it."""
TaintEffect = Literal["no_schedule", "prefer_no_schedule"]
"""What a taint does."""


class Taint(SpecModel):
    """What keeps new instances off a host."""

    key: TaintKey
    """What it is about."""
    value: TaintValue = ""
    """What it says of it."""
    effect: TaintEffect = "no_schedule"
    """`no_schedule`: instances that do not tolerate it are placed elsewhere; `prefer_no_schedule`: where there is
    room elsewhere."""


class HugepageStatus(SpecModel):
    """Pages of one size that a host has set aside for guests' memory."""

    size_kib: int
    """Of one page."""
    total: int
    """How many there are."""
    free: int
    """How many of them nobody uses."""


class HostSpec(SpecModel):
    """What a host should be."""

    driver: Annotated[Literal["sim", "libvirt"], Immutable(), Filterable()]
    """What runs its guests: `libvirt` for a real machine, `sim` for a simulated one."""
    zone: Annotated[str, Field(max_length=63, pattern=r"^[a-z]([a-z0-9-]*[a-z0-9])?$"), Filterable()] = "default"
    """The failure domain that the host is in."""
    rack: Annotated[str, Field(max_length=63, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"), Filterable()] = "default"
    """Where in its zone the host is; racks of two zones are two, whatever their names."""
    taints: Annotated[list[Taint], Field(max_length=16)] = []
    """What keeps new instances off it that do not tolerate it; those that are there stay."""
    schedulable: Annotated[bool, Filterable()] = True
    """Whether new guests are placed here; those that run stay."""
    cpu_overcommit: Annotated[float, Field(ge=1, le=64)] = 4.0
    """Virtual processors handed out for each processor thread."""
    reserved_memory_mib: Annotated[int, Field(ge=0, le=67_108_864), Unit("MiB")] = 512
    """Memory kept for the host itself."""
    sriov: Annotated[list[SriovDivision], Field(max_length=MOST_DIVISIONS), AfterValidator(refuse_twice)] = []
    """How its devices are divided into virtual functions. The first entry that names a device counts; those that none
    names are left as they are."""
    simulated: SimulatedMachine | None = None
    """The machine to simulate; only with driver `sim`."""

    @model_validator(mode="after")
    def _each_taint_once(self) -> HostSpec:
        known = {(taint.key, taint.effect) for taint in self.taints}
        if len(known) < len(self.taints):
            raise ValueError("`taints` has one key and effect twice")
        return self

    @model_validator(mode="after")
    def _simulated_only_with_sim(self) -> HostSpec:
        if self.simulated is not None and self.driver != "sim":
            raise ValueError("`simulated` goes only with driver `sim`")
        return self


class HostStatus(StatusModel):
    """What a host was found to be."""

    vcpus: int = 0
    """Processor threads."""
    memory_mib: int = 0
    """Memory."""
    disk_gib: int = 0
    """Local disk."""
    hypervisor: str = ""
    """What runs the guests, with versions."""
    accelerated: bool = False
    """Whether a probe boot proved hardware virtualisation."""
    dedicated_cpus: list[int] = []
    """Threads that are kept for guests whose flavor asks for dedicated ones."""
    hugepages: list[HugepageStatus] = []
    """Pages that are set aside for guests whose flavor asks for them, by size."""
    numa_cells: int = 0
    """NUMA cells."""
    features: list[str] = []
    """What it can give guests beyond the plain machine: `uefi`, `secure_boot`, `tpm`, `vfio`."""
    cpu_model: str = ""
    """The processor that its guests see; guests move only between hosts where it is the same."""
    pool: str = ""
    """The storage pool of its guests' disks."""
    pool_shared: bool = False
    """Whether other hosts reach the pool too."""
    hardware: dict[str, Any] = {}
    """Processors, NUMA cells, disks, network cards and PCI devices, as its agent found them."""
    gpus: Annotated[list[GpuDevice], Field(max_length=MOST_GPUS)] = []
    """Its GPUs, also those that guests have."""
    gpu_board: str = ""
    """What they are together, such as `hgx-h100-8`; `pcie` where nothing links them."""
    gpu_summary: str = ""
    """Its GPUs in words."""
    sriov: Annotated[list[SriovStatus], Field(max_length=MOST_DIVIDED)] = []
    """What came of `spec.sriov`, by device."""
    problems: list[str] = []
    """What it lacks, with the remedy."""
    forward_address: str = ""
    """The host's own address, whose ports floating IPs forward; empty where they cannot."""
    fabric_host: str = ""
    """What the fabric of networks calls it, into which it plugs its guests; empty where its networks are its own."""
    physical_networks: list[str] = []
    """What it calls the networks outside that it has a bridge to, by which routers reach them."""
    bgp: str = ""
    """What speaks BGP there; empty: nothing does, and it has no sessions with `bgp_peers`."""
    agent_version: str = ""
    """The version of its agent."""
    boot_id: str = ""
    """Names its present boot."""


HOST = Kind(
    name="host",
    plural="hosts",
    description="A machine that runs guests.",
    scope=Scope.CLOUD,
    area=Area.INFRASTRUCTURE,
    spec=HostSpec,
    status=HostStatus,
    controlled=True,
    finalizers=("guests",),
    columns=(
        Column(title="DRIVER", path="spec.driver"),
        Column(title="ZONE", path="spec.zone"),
        Column(title="VCPUS", path="status.vcpus"),
        Column(title="MEMORY MIB", path="status.memory_mib"),
        Column(title="GPUS", path="status.gpu_summary"),
        Column(title="SCHEDULABLE", path="spec.schedulable"),
    ),
    example={"kind": "host", "metadata": {"name": "sim-1"}, "spec": {"driver": "sim", "zone": "zone-a"}},
)
