"""A volume as a Pulumi resource.

Generated from the API's declarations by scripts/generate.py; do not edit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Required, TypedDict, Unpack, overload

import pulumi
from pulumi import Input

from pulumi_pextra.declared import Declared
from pulumi_pextra.types import Condition, input_type, output_type, told


@output_type
class VolumeStatus:
    """What a volume was found to be."""

    observed_generation: int | None = None
    """The generation of which the conditions speak."""

    conditions: Sequence[Condition] | None = None
    """What is true of the object; every kind has `ready`."""

    pool: str | None = None
    """The storage pool that holds it; chosen with the first instance that uses it."""

    host: str | None = None
    """The uid of the host that it lives on, when its pool is not shared."""

    used_bytes: int | None = None
    """Bytes that are allocated."""

    attached_to: str | None = None
    """The uid of the instance that uses it."""


@input_type
class VolumeArgs:
    """What is wanted of a volume."""

    size_gib: Input[int]
    """Size that the guest sees; it can grow. (in GiB)"""

    name: Input[str] | None = None
    """Its name. Made of the resource's name, project and stack when absent."""

    tenant: Input[str] | None = None
    """Whose it is; the configured tenant's when absent."""

    labels: Input[Mapping[str, Input[str]]] | None = None
    """For selecting it."""

    annotations: Input[Mapping[str, Input[str]]] | None = None
    """For whoever reads it."""

    image: Input[str] | None = None
    """The image that the volume starts as a copy of; without it, the volume starts empty. (the name of image; a
    change replaces the object)
    """


class VolumeArgsDict(TypedDict, total=False):
    """`VolumeArgs` as a dictionary."""

    size_gib: Required[Input[int]]
    name: Input[str]
    tenant: Input[str]
    labels: Input[Mapping[str, Input[str]]]
    annotations: Input[Mapping[str, Input[str]]]
    image: Input[str]


class VolumeFields(Declared):
    """A disk that outlives the instances that use it."""

    kind_name: ClassVar[str] = "volume"
    outputs: ClassVar[tuple[str, ...]] = (
        "name",
        "uid",
        "tenant",
        "labels",
        "annotations",
        "size_gib",
        "image",
        "status",
    )

    @overload
    def __init__(self, resource_name: str, args: VolumeArgs, opts: pulumi.ResourceOptions | None = None) -> None: ...
    @overload
    def __init__(
        self,
        resource_name: str,
        args: None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Unpack[VolumeArgsDict],
    ) -> None: ...
    def __init__(
        self,
        resource_name: str,
        args: VolumeArgs | None = None,
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
    def size_gib(self) -> pulumi.Output[int]:
        """Size that the guest sees; it can grow. (in GiB)"""
        return told(self, "size_gib")

    @property
    @pulumi.getter
    def image(self) -> pulumi.Output[str | None]:
        """The image that the volume starts as a copy of; without it, the volume starts empty. (the name of image; a
        change replaces the object)
        """
        return told(self, "image")

    @property
    @pulumi.getter
    def status(self) -> pulumi.Output[VolumeStatus]:
        """What was found of it when it was last read."""
        return told(self, "status")


__all__ = [
    "VolumeArgs",
    "VolumeArgsDict",
    "VolumeStatus",
]
