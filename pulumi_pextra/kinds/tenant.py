"""A tenant as a Pulumi resource.

Generated from the API's declarations by scripts/generate.py; do not edit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypedDict, Unpack, overload

import pulumi
from pulumi import Input

from pulumi_pextra.declared import Declared
from pulumi_pextra.types import Condition, input_type, output_type, told


@output_type
class TenantStatus:
    """What a tenant was found to be."""

    observed_generation: int | None = None
    """The generation of which the conditions speak."""

    conditions: Sequence[Condition] | None = None
    """What is true of the object; every kind has `ready`."""


@input_type
class TenantArgs:
    """What is wanted of a tenant."""

    name: Input[str] | None = None
    """Its name. Made of the resource's name, project and stack when absent."""

    labels: Input[Mapping[str, Input[str]]] | None = None
    """For selecting it."""

    annotations: Input[Mapping[str, Input[str]]] | None = None
    """For whoever reads it."""

    display_name: Input[str] | None = None
    """The name that people see."""

    suspended: Input[bool] | None = None
    """Whether its users and those of the tenants below are shut out. What runs goes on; whoever acts from a tenant
    above may still do everything. Takes effect at once.
    """


class TenantArgsDict(TypedDict, total=False):
    """`TenantArgs` as a dictionary."""

    name: Input[str]
    labels: Input[Mapping[str, Input[str]]]
    annotations: Input[Mapping[str, Input[str]]]
    display_name: Input[str]
    suspended: Input[bool]


class TenantFields(Declared):
    """An owner of objects: a customer, a team or an environment. Tenants form a tree and cannot move."""

    kind_name: ClassVar[str] = "tenant"
    outputs: ClassVar[tuple[str, ...]] = (
        "name",
        "uid",
        "labels",
        "annotations",
        "display_name",
        "suspended",
        "status",
    )

    @overload
    def __init__(self, resource_name: str, args: TenantArgs, opts: pulumi.ResourceOptions | None = None) -> None: ...
    @overload
    def __init__(
        self,
        resource_name: str,
        args: None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Unpack[TenantArgsDict],
    ) -> None: ...
    def __init__(
        self,
        resource_name: str,
        args: TenantArgs | None = None,
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
    def display_name(self) -> pulumi.Output[str]:
        """The name that people see."""
        return told(self, "display_name")

    @property
    @pulumi.getter
    def suspended(self) -> pulumi.Output[bool]:
        """Whether its users and those of the tenants below are shut out. What runs goes on; whoever acts from a
        tenant above may still do everything. Takes effect at once.
        """
        return told(self, "suspended")

    @property
    @pulumi.getter
    def status(self) -> pulumi.Output[TenantStatus]:
        """What was found of it when it was last read."""
        return told(self, "status")


__all__ = [
    "TenantArgs",
    "TenantArgsDict",
    "TenantStatus",
]
