"""A role binding as a Pulumi resource.

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
class RoleBindingStatus:
    """What a role binding was found to be."""

    observed_generation: int | None = None
    """The generation of which the conditions speak."""

    conditions: Sequence[Condition] | None = None
    """What is true of the object; every kind has `ready`."""


class RoleBindingSubjectKind(StrEnum):
    """What it is."""

    USER = "user"
    GROUP = "group"
    SERVICE_ACCOUNT = "service_account"


@input_type
class RoleBindingSubjectArgs:
    """A user, a service account, or all members of a group."""

    kind: Input[RoleBindingSubjectKind | Literal["user", "group", "service_account"]]
    """What it is."""

    name: Input[str]
    """Its name; one of a tenant above as `tenant/name`. (the name of an object)"""


class RoleBindingSubjectArgsDict(TypedDict, total=False):
    """`RoleBindingSubjectArgs` as a dictionary."""

    kind: Required[Input[RoleBindingSubjectKind | Literal["user", "group", "service_account"]]]
    name: Required[Input[str]]


@input_type
class RoleBindingArgs:
    """What is wanted of a role binding."""

    role: Input[str]
    """The role: one that every cloud has, or one of this tenant's or of a tenant above. (the name of role; a change
    replaces the object)
    """

    subject: Input[RoleBindingSubjectArgs | RoleBindingSubjectArgsDict]
    """Who has it. (a change replaces the object)"""

    name: Input[str] | None = None
    """Its name. Made of the resource's name, project and stack when absent."""

    tenant: Input[str] | None = None
    """Whose it is; the configured tenant's when absent."""

    labels: Input[Mapping[str, Input[str]]] | None = None
    """For selecting it."""

    annotations: Input[Mapping[str, Input[str]]] | None = None
    """For whoever reads it."""


class RoleBindingArgsDict(TypedDict, total=False):
    """`RoleBindingArgs` as a dictionary."""

    role: Required[Input[str]]
    subject: Required[Input[RoleBindingSubjectArgs | RoleBindingSubjectArgsDict]]
    name: Input[str]
    tenant: Input[str]
    labels: Input[Mapping[str, Input[str]]]
    annotations: Input[Mapping[str, Input[str]]]


@output_type
class RoleBindingSubject:
    """A user, a service account, or all members of a group."""

    kind: str
    """What it is."""

    name: str
    """Its name; one of a tenant above as `tenant/name`. (the name of an object)"""


class RoleBindingFields(Declared):
    """Gives a role to a user, a service account or a group, in this tenant and in all tenants below it. Deleting it
    takes the role away at once. Nobody can give more than they have.
    """

    kind_name: ClassVar[str] = "role_binding"
    outputs: ClassVar[tuple[str, ...]] = (
        "name",
        "uid",
        "tenant",
        "labels",
        "annotations",
        "role",
        "subject",
        "status",
    )

    @overload
    def __init__(
        self, resource_name: str, args: RoleBindingArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None: ...
    @overload
    def __init__(
        self,
        resource_name: str,
        args: None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Unpack[RoleBindingArgsDict],
    ) -> None: ...
    def __init__(
        self,
        resource_name: str,
        args: RoleBindingArgs | None = None,
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
    def role(self) -> pulumi.Output[str]:
        """The role: one that every cloud has, or one of this tenant's or of a tenant above. (the name of role; a
        change replaces the object)
        """
        return told(self, "role")

    @property
    @pulumi.getter
    def subject(self) -> pulumi.Output[RoleBindingSubject]:
        """Who has it. (a change replaces the object)"""
        return told(self, "subject")

    @property
    @pulumi.getter
    def status(self) -> pulumi.Output[RoleBindingStatus]:
        """What was found of it when it was last read."""
        return told(self, "status")


__all__ = [
    "RoleBindingArgs",
    "RoleBindingArgsDict",
    "RoleBindingStatus",
    "RoleBindingSubject",
    "RoleBindingSubjectArgs",
    "RoleBindingSubjectArgsDict",
    "RoleBindingSubjectKind",
]
