"""A role as a Pulumi resource.

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
class RoleStatus:
    """What a role was found to be."""

    observed_generation: int | None = None
    """The generation of which the conditions speak."""

    conditions: Sequence[Condition] | None = None
    """What is true of the object; every kind has `ready`."""


@input_type
class RoleArgs:
    """What is wanted of a role."""

    actions: Input[Sequence[Input[str]]]
    """The actions, or patterns of them. Nobody can make a role of more than they may do themselves."""

    name: Input[str] | None = None
    """Its name. Made of the resource's name, project and stack when absent."""

    tenant: Input[str] | None = None
    """Whose it is; the configured tenant's when absent."""

    labels: Input[Mapping[str, Input[str]]] | None = None
    """For selecting it."""

    annotations: Input[Mapping[str, Input[str]]] | None = None
    """For whoever reads it."""

    description: Input[str] | None = None
    """What the role is for."""


class RoleArgsDict(TypedDict, total=False):
    """`RoleArgs` as a dictionary."""

    actions: Required[Input[Sequence[Input[str]]]]
    name: Input[str]
    tenant: Input[str]
    labels: Input[Mapping[str, Input[str]]]
    annotations: Input[Mapping[str, Input[str]]]
    description: Input[str]


class RoleFields(Declared):
    """A set of actions, for the tenant and those below. Every cloud has owner, admin, operator, member, reader,
    auditor and billing; these are a tenant's own beside them.
    """

    kind_name: ClassVar[str] = "role"
    outputs: ClassVar[tuple[str, ...]] = (
        "name",
        "uid",
        "tenant",
        "labels",
        "annotations",
        "actions",
        "description",
        "status",
    )

    @overload
    def __init__(self, resource_name: str, args: RoleArgs, opts: pulumi.ResourceOptions | None = None) -> None: ...
    @overload
    def __init__(
        self,
        resource_name: str,
        args: None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Unpack[RoleArgsDict],
    ) -> None: ...
    def __init__(
        self,
        resource_name: str,
        args: RoleArgs | None = None,
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
    def actions(self) -> pulumi.Output[Sequence[str]]:
        """The actions, or patterns of them. Nobody can make a role of more than they may do themselves."""
        return told(self, "actions")

    @property
    @pulumi.getter
    def description(self) -> pulumi.Output[str]:
        """What the role is for."""
        return told(self, "description")

    @property
    @pulumi.getter
    def status(self) -> pulumi.Output[RoleStatus]:
        """What was found of it when it was last read."""
        return told(self, "status")


__all__ = [
    "RoleArgs",
    "RoleArgsDict",
    "RoleStatus",
]
