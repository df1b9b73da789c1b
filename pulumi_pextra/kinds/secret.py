"""A secret as a Pulumi resource.

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
class SecretStatus:
    """What a secret was found to be."""

    observed_generation: int | None = None
    """The generation of which the conditions speak."""

    conditions: Sequence[Condition] | None = None
    """What is true of the object; every kind has `ready`."""


@input_type
class SecretArgs:
    """What is wanted of a secret."""

    data: Input[Mapping[str, Input[str]]]
    """The values by name, at most 64 KiB together. Each reads as its digest and version, never as itself; sending
    that back leaves the value as it is.
    """

    name: Input[str] | None = None
    """Its name. Made of the resource's name, project and stack when absent."""

    tenant: Input[str] | None = None
    """Whose it is; the configured tenant's when absent."""

    labels: Input[Mapping[str, Input[str]]] | None = None
    """For selecting it."""

    annotations: Input[Mapping[str, Input[str]]] | None = None
    """For whoever reads it."""

    description: Input[str] | None = None
    """What it is for, for people. Everybody who may read the object sees it."""


class SecretArgsDict(TypedDict, total=False):
    """`SecretArgs` as a dictionary."""

    data: Required[Input[Mapping[str, Input[str]]]]
    name: Input[str]
    tenant: Input[str]
    labels: Input[Mapping[str, Input[str]]]
    annotations: Input[Mapping[str, Input[str]]]
    description: Input[str]


class SecretFields(Declared):
    """Named values that are stored encrypted and never read back. An instance may take its user data from one."""

    kind_name: ClassVar[str] = "secret"
    outputs: ClassVar[tuple[str, ...]] = (
        "name",
        "uid",
        "tenant",
        "labels",
        "annotations",
        "data",
        "description",
        "status",
    )

    @overload
    def __init__(self, resource_name: str, args: SecretArgs, opts: pulumi.ResourceOptions | None = None) -> None: ...
    @overload
    def __init__(
        self,
        resource_name: str,
        args: None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Unpack[SecretArgsDict],
    ) -> None: ...
    def __init__(
        self,
        resource_name: str,
        args: SecretArgs | None = None,
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
    def data(self) -> pulumi.Output[Mapping[str, str]]:
        """The values by name, at most 64 KiB together. Each reads as its digest and version, never as itself;
        sending that back leaves the value as it is.
        """
        return told(self, "data")

    @property
    @pulumi.getter
    def description(self) -> pulumi.Output[str]:
        """What it is for, for people. Everybody who may read the object sees it."""
        return told(self, "description")

    @property
    @pulumi.getter
    def status(self) -> pulumi.Output[SecretStatus]:
        """What was found of it when it was last read."""
        return told(self, "status")


__all__ = [
    "SecretArgs",
    "SecretArgsDict",
    "SecretStatus",
]
