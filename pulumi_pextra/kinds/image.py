"""An image as a Pulumi resource.

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
class ImageStatus:
    """What an image was found to be."""

    observed_generation: int | None = None
    """The generation of which the conditions speak."""

    conditions: Sequence[Condition] | None = None
    """What is true of the object; every kind has `ready`."""

    virtual_size_bytes: int | None = None
    """Size of the disk that a guest sees."""

    stored_bytes: int | None = None
    """Bytes that the content occupies."""

    pools: Mapping[str, str] | None = None
    """`stored`, or why not, for each storage pool that was told to store it."""

    fetched_on_demand: bool | None = None
    """Whether the other hosts fetch it when they first need it."""

    uploaded_bytes: int | None = None
    """How much of an upload has come."""


@input_type
class ImageUploadArgs:
    """Content that its owner uploads."""

    size_bytes: Input[int]
    """How many bytes the file has; the upload is over when they have come. (in bytes)"""


class ImageUploadArgsDict(TypedDict, total=False):
    """`ImageUploadArgs` as a dictionary."""

    size_bytes: Required[Input[int]]


class ImageFormat(StrEnum):
    """How the content is encoded; a `vmdk` is one file that holds the whole disk."""

    QCOW2 = "qcow2"
    RAW = "raw"
    VMDK = "vmdk"


@input_type
class ImageArgs:
    """What is wanted of an image."""

    sha256: Input[str]
    """Digest of the content; anything else is refused. An upload has one too, though the server could compute it:
    the uploader has the bytes, so that what is declared names one content from the beginning, may be used before
    it has come, and cannot be damaged on its way. (a change replaces the object)
    """

    name: Input[str] | None = None
    """Its name. Made of the resource's name, project and stack when absent."""

    tenant: Input[str] | None = None
    """Whose it is; the configured tenant's when absent."""

    labels: Input[Mapping[str, Input[str]]] | None = None
    """For selecting it."""

    annotations: Input[Mapping[str, Input[str]]] | None = None
    """For whoever reads it."""

    url: Input[str] | None = None
    """Where the content is fetched from: `https://`, `file://` below a folder that the operator allows, or
    `sim://`. An image has this or `upload`. (a change replaces the object)
    """

    upload: Input[ImageUploadArgs | ImageUploadArgsDict] | None = None
    """The content is uploaded, as `pextra upload` does it; until it has come whole, what uses the image waits. (a
    change replaces the object)
    """

    format: Input[ImageFormat | Literal["qcow2", "raw", "vmdk"]] | None = None
    """How the content is encoded; a `vmdk` is one file that holds the whole disk. (a change replaces the object;
    "qcow2" by default)
    """

    size_gib: Input[int] | None = None
    """The most that the image may occupy; charged to its owner. (in GiB; a change replaces the object; 1 by
    default)
    """

    description: Input[str] | None = None
    """What the image holds."""


class ImageArgsDict(TypedDict, total=False):
    """`ImageArgs` as a dictionary."""

    sha256: Required[Input[str]]
    name: Input[str]
    tenant: Input[str]
    labels: Input[Mapping[str, Input[str]]]
    annotations: Input[Mapping[str, Input[str]]]
    url: Input[str]
    upload: Input[ImageUploadArgs | ImageUploadArgsDict]
    format: Input[ImageFormat | Literal["qcow2", "raw", "vmdk"]]
    size_gib: Input[int]
    description: Input[str]


@output_type
class ImageUpload:
    """Content that its owner uploads."""

    size_bytes: int
    """How many bytes the file has; the upload is over when they have come. (in bytes)"""


class ImageFields(Declared):
    """Immutable content from which disks are made."""

    kind_name: ClassVar[str] = "image"
    outputs: ClassVar[tuple[str, ...]] = (
        "name",
        "uid",
        "tenant",
        "labels",
        "annotations",
        "url",
        "upload",
        "sha256",
        "format",
        "size_gib",
        "description",
        "status",
    )

    @overload
    def __init__(self, resource_name: str, args: ImageArgs, opts: pulumi.ResourceOptions | None = None) -> None: ...
    @overload
    def __init__(
        self,
        resource_name: str,
        args: None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Unpack[ImageArgsDict],
    ) -> None: ...
    def __init__(
        self,
        resource_name: str,
        args: ImageArgs | None = None,
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
    def tenant(self) -> pulumi.Output[str]:
        """Whose it is."""
        return told(self, "tenant")

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
    def url(self) -> pulumi.Output[str | None]:
        """Where the content is fetched from: `https://`, `file://` below a folder that the operator allows, or
        `sim://`. An image has this or `upload`. (a change replaces the object)
        """
        return told(self, "url")

    @property
    @pulumi.getter
    def upload(self) -> pulumi.Output[ImageUpload | None]:
        """The content is uploaded, as `pextra upload` does it; until it has come whole, what uses the image waits.
        (a change replaces the object)
        """
        return told(self, "upload")

    @property
    @pulumi.getter
    def sha256(self) -> pulumi.Output[str]:
        """Digest of the content; anything else is refused. An upload has one too, though the server could compute
        it: the uploader has the bytes, so that what is declared names one content from the beginning, may be
        used before it has come, and cannot be damaged on its way. (a change replaces the object)
        """
        return told(self, "sha256")

    @property
    @pulumi.getter
    def format(self) -> pulumi.Output[str]:
        """How the content is encoded; a `vmdk` is one file that holds the whole disk. (a change replaces the
        object; "qcow2" by default)
        """
        return told(self, "format")

    @property
    @pulumi.getter
    def size_gib(self) -> pulumi.Output[int]:
        """The most that the image may occupy; charged to its owner. (in GiB; a change replaces the object; 1 by
        default)
        """
        return told(self, "size_gib")

    @property
    @pulumi.getter
    def description(self) -> pulumi.Output[str]:
        """What the image holds."""
        return told(self, "description")

    @property
    @pulumi.getter
    def status(self) -> pulumi.Output[ImageStatus]:
        """What was found of it when it was last read."""
        return told(self, "status")


__all__ = [
    "ImageArgs",
    "ImageArgsDict",
    "ImageFormat",
    "ImageStatus",
    "ImageUpload",
    "ImageUploadArgs",
    "ImageUploadArgsDict",
]
