"""Kind `image`: the content from which disks are made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Field, model_validator

from pextra.declaration.kind import Column, Kind, Spec, SpecModel, StatusModel
from pextra.declaration.markers import Filterable, Immutable, Unit

GIB: Final = 1 << 30
COPIED_OF_IMAGE: Final = ("sha256", "format", "url", "upload")
"""What is copied of an image into whatever is made from it."""


class ImageUpload(SpecModel):
    """Content that its owner uploads."""

    size_bytes: Annotated[int, Field(ge=1, le=65_536 * GIB), Unit("bytes")]
    """How many bytes the file has; the upload is over when they have come."""


class ImageSpec(SpecModel):
    """What an image should be. Its content is immutable and known by its digest."""

    url: Annotated[str, Field(max_length=2000, pattern=r"^(https|http|file|sim)://\S+$"), Immutable()] | None = None
    """Where the content is fetched from: `https://`, `file://` below a folder that the operator allows, or `sim://`.
    An image has this or `upload`."""
    upload: Annotated[ImageUpload, Immutable()] | None = None
    """The content is uploaded, as `pextra upload` does it; until it has come whole, what uses the image waits."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$"), Immutable(), Filterable()]
    """Digest of the content; anything else is refused. An upload has one too, though the server could compute it: the
    uploader has the bytes, so that what is declared names one content from the beginning, may be used before it has
    come, and cannot be damaged on its way."""
    format: Annotated[Literal["qcow2", "raw", "vmdk"], Immutable()] = "qcow2"
    """How the content is encoded; a `vmdk` is one file that holds the whole disk."""
    size_gib: Annotated[int, Field(ge=1, le=65_536), Unit("GiB"), Immutable()] = 1
    """The most that the image may occupy; charged to its owner."""
    description: Annotated[str, Field(max_length=1000)] = ""
    """What the image holds."""

    @model_validator(mode="after")
    def _comes_from_one_place(self) -> ImageSpec:
        if (self.url is None) == (self.upload is None):
            raise ValueError("its content comes from one place: give either url or upload")
        if self.upload is not None and self.upload.size_bytes > self.size_gib * GIB:
            raise ValueError(f"{self.upload.size_bytes} bytes are uploaded: size_gib {self.size_gib} is too small")
        return self


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
    uploaded_bytes: int = 0
    """How much of an upload has come."""


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
