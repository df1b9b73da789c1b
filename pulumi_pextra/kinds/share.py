"""A share as a Pulumi resource.

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
class ShareStatus:
    """What a share was found to be."""

    observed_generation: int | None = None
    """The generation of which the conditions speak."""

    conditions: Sequence[Condition] | None = None
    """What is true of the object; every kind has `ready`."""


class ShareKind(StrEnum):
    """The kind of the shared object."""

    IMAGE = "image"
    NETWORK = "network"
    SECURITY_GROUP = "security_group"
    SSH_KEY = "ssh_key"


@input_type
class ShareArgs:
    """What is wanted of a share."""

    kind: Input[ShareKind | Literal["image", "network", "security_group", "ssh_key"]]
    """The kind of the shared object. (a change replaces the object)"""

    shared_name: Input[str]
    """The shared object, in the same tenant as the share. (the name of an object; a change replaces the object)"""

    tenants: Input[Sequence[Input[str]] | Literal["all"]]
    """The tenants (with their descendants) that may read and refer to it, or `all`."""

    name: Input[str] | None = None
    """Its name. Made of the resource's name, project and stack when absent."""

    tenant: Input[str] | None = None
    """Whose it is; the configured tenant's when absent."""

    labels: Input[Mapping[str, Input[str]]] | None = None
    """For selecting it."""

    annotations: Input[Mapping[str, Input[str]]] | None = None
    """For whoever reads it."""


class ShareArgsDict(TypedDict, total=False):
    """`ShareArgs` as a dictionary."""

    kind: Required[Input[ShareKind | Literal["image", "network", "security_group", "ssh_key"]]]
    shared_name: Required[Input[str]]
    tenants: Required[Input[Sequence[Input[str]] | Literal["all"]]]
    name: Input[str]
    tenant: Input[str]
    labels: Input[Mapping[str, Input[str]]]
    annotations: Input[Mapping[str, Input[str]]]


class ShareFields(Declared):
    """Lets other tenants read and refer to one object. Deleting it stops new references; those that stand keep what
    they were resolved to.
    """

    kind_name: ClassVar[str] = "share"
    outputs: ClassVar[tuple[str, ...]] = (
        "name",
        "uid",
        "tenant",
        "labels",
        "annotations",
        "kind",
        "shared_name",
        "tenants",
        "status",
    )

    @overload
    def __init__(self, resource_name: str, args: ShareArgs, opts: pulumi.ResourceOptions | None = None) -> None: ...
    @overload
    def __init__(
        self,
        resource_name: str,
        args: None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Unpack[ShareArgsDict],
    ) -> None: ...
    def __init__(
        self,
        resource_name: str,
        args: ShareArgs | None = None,
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
    def kind(self) -> pulumi.Output[str]:
        """The kind of the shared object. (a change replaces the object)"""
        return told(self, "kind")

    @property
    @pulumi.getter
    def shared_name(self) -> pulumi.Output[str]:
        """The shared object, in the same tenant as the share. (the name of an object; a change replaces the object)"""
        return told(self, "shared_name")

    @property
    @pulumi.getter
    def tenants(self) -> pulumi.Output[Any]:
        """The tenants (with their descendants) that may read and refer to it, or `all`."""
        return told(self, "tenants")

    @property
    @pulumi.getter
    def status(self) -> pulumi.Output[ShareStatus]:
        """What was found of it when it was last read."""
        return told(self, "status")


__all__ = [
    "ShareArgs",
    "ShareArgsDict",
    "ShareKind",
    "ShareStatus",
]
