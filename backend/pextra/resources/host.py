"""Kind `host`: a machine that runs guests."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from pextra.declaration.kind import Area, Column, Kind, Scope, SpecModel, StatusModel
from pextra.declaration.markers import Filterable, Immutable, Unit


class SimulatedMachine(SpecModel):
    """The size of a simulated host."""

    vcpus: Annotated[int, Field(ge=1, le=4096)] = 32
    """Processor threads."""
    memory_mib: Annotated[int, Field(ge=256, le=67_108_864), Unit("MiB")] = 131_072
    """Memory."""
    disk_gib: Annotated[int, Field(ge=1, le=4_194_304), Unit("GiB")] = 4_096
    """Local disk."""


class HostSpec(SpecModel):
    """What a host should be."""

    driver: Annotated[Literal["sim", "libvirt"], Immutable(), Filterable()]
    """What runs its guests: `libvirt` for a real machine, `sim` for a simulated one."""
    zone: Annotated[str, Field(max_length=63, pattern=r"^[a-z]([a-z0-9-]*[a-z0-9])?$"), Filterable()] = "default"
    """The failure domain that the host is in."""
    schedulable: Annotated[bool, Filterable()] = True
    """Whether new guests are placed here; those that run stay."""
    cpu_overcommit: Annotated[float, Field(ge=1, le=64)] = 4.0
    """Virtual processors handed out for each processor thread."""
    reserved_memory_mib: Annotated[int, Field(ge=0, le=67_108_864), Unit("MiB")] = 512
    """Memory kept for the host itself."""
    simulated: SimulatedMachine | None = None
    """The machine to simulate; only with driver `sim`."""

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
    pool: str = ""
    """The storage pool of its guests' disks."""
    pool_shared: bool = False
    """Whether other hosts reach the pool too."""
    hardware: dict[str, Any] = {}
    """Processors, NUMA cells, disks, network cards and PCI devices, as its agent found them."""
    problems: list[str] = []
    """What it lacks, with the remedy."""
    forward_address: str = ""
    """The host's own address, whose ports floating IPs forward; empty where they cannot."""
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
        Column(title="SCHEDULABLE", path="spec.schedulable"),
    ),
    example={"kind": "host", "metadata": {"name": "sim-1"}, "spec": {"driver": "sim", "zone": "zone-a"}},
)
