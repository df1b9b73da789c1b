"""Kind `flavor`: a size of instances."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pextra.declaration.kind import Area, Column, Kind, Scope, SpecModel
from pextra.declaration.markers import Filterable, Unit


class FlavorSpec(SpecModel):
    """A size. Changing it leaves the instances that were made by it as they are."""

    vcpus: Annotated[int, Field(ge=1, le=512), Filterable()]
    """Virtual processors."""
    memory_mib: Annotated[int, Field(ge=64, le=16_777_216), Unit("MiB"), Filterable()]
    """Memory."""
    disk_gib: Annotated[int, Field(ge=1, le=65_536), Unit("GiB")]
    """Root disk."""
    firmware: Annotated[Literal["bios", "uefi"], Filterable()] = "bios"
    """What starts the boot loader; images say which they need."""
    secure_boot: bool = False
    """Whether only what Microsoft's keys signed is booted, as most distributions and Windows are; needs `uefi`."""
    tpm: bool = False
    """Whether there is a TPM 2.0. What it keeps goes with the instance."""
    cpu_policy: Annotated[Literal["shared", "dedicated"], Filterable()] = "shared"
    """`dedicated`: each virtual processor has a processor thread of the host that no other instance uses."""
    numa_cells: Annotated[int, Field(ge=1, le=16)] = 1
    """NUMA cells that the guest sees; virtual processors and memory are split evenly among them."""
    hugepage_kib: Annotated[Literal[2048, 1_048_576], Unit("KiB")] | None = None
    """Size of the host's pages that back the memory, of which the host must have reserved enough; without it ordinary
    pages do."""

    @model_validator(mode="after")
    def _machine_exists(self) -> FlavorSpec:
        if self.secure_boot and self.firmware != "uefi":
            raise ValueError("`secure_boot` needs `firmware: uefi`")
        for name, value in (("vcpus", self.vcpus), ("memory_mib", self.memory_mib)):
            if value % self.numa_cells:
                raise ValueError(f"`{name}` {value} cannot be split evenly into {self.numa_cells} `numa_cells`")
        if self.hugepage_kib and (self.memory_mib << 10) % (self.numa_cells * self.hugepage_kib):
            raise ValueError(
                f"`memory_mib` {self.memory_mib} is not made of whole pages of {self.hugepage_kib} KiB in each of "
                f"{self.numa_cells} `numa_cells`"
            )
        return self


FLAVOR = Kind(
    name="flavor",
    plural="flavors",
    description="A size of instances, offered to every tenant.",
    scope=Scope.CLOUD,
    area=Area.INFRASTRUCTURE,
    spec=FlavorSpec,
    columns=(
        Column(title="VCPUS", path="spec.vcpus"),
        Column(title="MEMORY MIB", path="spec.memory_mib"),
        Column(title="DISK GIB", path="spec.disk_gib"),
    ),
    example={
        "kind": "flavor",
        "metadata": {"name": "small"},
        "spec": {"vcpus": 1, "memory_mib": 2048, "disk_gib": 10},
    },
)
