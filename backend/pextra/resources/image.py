"""Kind `image`: the content from which disks are made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from pextra.declaration.kind import Column, Kind, Spec, SpecModel, StatusModel
from pextra.declaration.markers import Filterable, Immutable, Unit


class ImageSpec(SpecModel):
    """What an image should be. Its content is immutable and known by its digest."""

    url: Annotated[str, Field(max_length=2000, pattern=r"^(https|http|file|sim)://\S+$"), Immutable()]
    """Where the content is fetched from: `https://`, `file://` below a folder that the operator allows, or `sim://`."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$"), Immutable(), Filterable()]
    """Digest of the content; anything else is refused."""
    format: Annotated[Literal["qcow2", "raw", "vmdk"], Immutable()] = "qcow2"
    """How the content is encoded; a `vmdk` is one file that holds the whole disk."""
    size_gib: Annotated[int, Field(ge=1, le=65_536), Unit("GiB"), Immutable()] = 1
    """The most that the image may occupy; charged to its owner."""
    description: Annotated[str, Field(max_length=1000)] = ""
    """What the image holds."""


class ImageStatus(StatusModel):
    """What an image was found to be."""

    virtual_size_bytes: int = 0
    """Size of the disk that a guest sees."""
    stored_bytes: int = 0
    """Bytes that the content occupies."""
    pools: dict[str, str] = {}
    """`stored`, or why not, for each storage pool that was told to store it."""
    fetched_on_demand: bool = False
    """Whether the other hosts fetch it when they first need it."""


def _charge(spec: Spec, resolved: Mapping[str, Any]) -> Mapping[str, int]:
    del resolved
    return {"image_gib": spec["size_gib"]}


IMAGE = Kind(
    name="image",
    plural="images",
    description="Immutable content from which disks are made.",
    spec=ImageSpec,
    status=ImageStatus,
    controlled=True,
    finalizers=("pools",),
    charge=_charge,
    countables={"image_gib": "GiB of images."},
    columns=(Column(title="FORMAT", path="spec.format"), Column(title="BYTES", path="status.stored_bytes")),
    example={
        "kind": "image",
        "metadata": {"name": "debian-12"},
        "spec": {"url": "https://images.example.com/debian-12.qcow2", "sha256": "0" * 64, "size_gib": 2},
    },
)
