"""Kind `flavor`: a size of instances."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pextra.declaration.kind import Column, Kind, Scope, SpecModel
from pextra.declaration.markers import Filterable, Unit


class FlavorSpec(SpecModel):
    """A size. Changing it leaves the instances that were made by it as they are."""

    vcpus: Annotated[int, Field(ge=1, le=512), Filterable()]
    """Virtual processors."""
    memory_mib: Annotated[int, Field(ge=64, le=16_777_216), Unit("MiB"), Filterable()]
    """Memory."""
    disk_gib: Annotated[int, Field(ge=1, le=65_536), Unit("GiB")]
    """Root disk."""


FLAVOR = Kind(
    name="flavor",
    plural="flavors",
    description="A size of instances, offered to every tenant.",
    scope=Scope.CLOUD,
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
