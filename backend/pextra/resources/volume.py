"""Kind `volume`: a disk that outlives the instances that use it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from pextra.declaration.kind import Column, Kind, Spec, SpecModel, StatusModel
from pextra.declaration.markers import Filterable, Immutable, ObjectName, OnDelete, Ref, Unit
from pextra.resources.image import COPIED_OF_IMAGE


class VolumeSpec(SpecModel):
    """What a volume should be."""

    size_gib: Annotated[int, Field(ge=1, le=65_536), Unit("GiB"), Filterable()]
    """Size that the guest sees; it can grow."""
    image: Annotated[ObjectName, Ref("image", OnDelete.RETAIN, copy=COPIED_OF_IMAGE), Immutable()] | None = None
    """The image that the volume starts as a copy of; without it, the volume starts empty."""


class VolumeStatus(StatusModel):
    """What a volume was found to be."""

    pool: str = ""
    """The storage pool that holds it; chosen with the first instance that uses it."""
    host: str = ""
    """The uid of the host that it lives on, when its pool is not shared."""
    used_bytes: int = 0
    """Bytes that are allocated."""
    attached_to: str = ""
    """The uid of the instance that uses it."""


def _charge(spec: Spec, resolved: Mapping[str, Any]) -> Mapping[str, int]:
    del resolved
    return {"volume_gib": spec["size_gib"]}


VOLUME = Kind(
    name="volume",
    plural="volumes",
    description="A disk that outlives the instances that use it.",
    spec=VolumeSpec,
    status=VolumeStatus,
    controlled=True,
    finalizers=("pool",),
    charge=_charge,
    countables={"volume_gib": "GiB of volumes and of instances' root disks."},
    short_names=("vol",),
    columns=(Column(title="SIZE GIB", path="spec.size_gib"), Column(title="POOL", path="status.pool")),
    example={"kind": "volume", "metadata": {"name": "data"}, "spec": {"size_gib": 10}},
)
