"""A service account as a Pulumi resource.

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
class ServiceAccountStatus:
    """What a service account was found to be."""

    observed_generation: int | None = None
    """The generation of which the conditions speak."""

    conditions: Sequence[Condition] | None = None
    """What is true of the object; every kind has `ready`."""


@input_type
class ServiceAccountArgs:
    """What is wanted of a service account."""

    name: Input[str] | None = None
    """Its name. Made of the resource's name, project and stack when absent."""

    tenant: Input[str] | None = None
    """Whose it is; the configured tenant's when absent."""

    labels: Input[Mapping[str, Input[str]]] | None = None
    """For selecting it."""

    annotations: Input[Mapping[str, Input[str]]] | None = None
    """For whoever reads it."""

    description: Input[str] | None = None
    """What the program does."""

    enabled: Input[bool] | None = None
    """Whether its credentials are accepted; switching it off takes effect at once. (true by default)"""

    groups: Input[Sequence[Input[str]]] | None = None
    """The groups that it is a member of."""


class ServiceAccountArgsDict(TypedDict, total=False):
    """`ServiceAccountArgs` as a dictionary."""

    name: Input[str]
    tenant: Input[str]
    labels: Input[Mapping[str, Input[str]]]
    annotations: Input[Mapping[str, Input[str]]]
    description: Input[str]
    enabled: Input[bool]
    groups: Input[Sequence[Input[str]]]


class ServiceAccountFields(Declared):
    """A program that acts in a tenant by application credentials; it has no password and signs in nowhere."""

    kind_name: ClassVar[str] = "service_account"
    outputs: ClassVar[tuple[str, ...]] = (
        "name",
        "uid",
        "tenant",
        "labels",
        "annotations",
        "description",
        "enabled",
        "groups",
        "status",
    )

    @overload
    def __init__(
        self, resource_name: str, args: ServiceAccountArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None: ...
    @overload
    def __init__(
        self,
        resource_name: str,
        args: None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Unpack[ServiceAccountArgsDict],
    ) -> None: ...
    def __init__(
        self,
        resource_name: str,
        args: ServiceAccountArgs | None = None,
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
    def description(self) -> pulumi.Output[str]:
        """What the program does."""
        return told(self, "description")

    @property
    @pulumi.getter
    def enabled(self) -> pulumi.Output[bool]:
        """Whether its credentials are accepted; switching it off takes effect at once. (true by default)"""
        return told(self, "enabled")

    @property
    @pulumi.getter
    def groups(self) -> pulumi.Output[Sequence[str]]:
        """The groups that it is a member of."""
        return told(self, "groups")

    @property
    @pulumi.getter
    def status(self) -> pulumi.Output[ServiceAccountStatus]:
        """What was found of it when it was last read."""
        return told(self, "status")


__all__ = [
    "ServiceAccountArgs",
    "ServiceAccountArgsDict",
    "ServiceAccountStatus",
]
