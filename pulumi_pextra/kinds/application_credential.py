"""An application credential as a Pulumi resource.

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
class ApplicationCredentialStatus:
    """What an application credential was found to be."""

    observed_generation: int | None = None
    """The generation of which the conditions speak."""

    conditions: Sequence[Condition] | None = None
    """What is true of the object; every kind has `ready`."""


class ApplicationCredentialActorKind(StrEnum):
    """What it is."""

    USER = "user"
    SERVICE_ACCOUNT = "service_account"


@input_type
class ApplicationCredentialActorArgs:
    """A user or a service account."""

    kind: Input[ApplicationCredentialActorKind | Literal["user", "service_account"]]
    """What it is."""

    name: Input[str]
    """Its name, in the same tenant. (the name of an object)"""


class ApplicationCredentialActorArgsDict(TypedDict, total=False):
    """`ApplicationCredentialActorArgs` as a dictionary."""

    kind: Required[Input[ApplicationCredentialActorKind | Literal["user", "service_account"]]]
    name: Required[Input[str]]


@input_type
class ApplicationCredentialArgs:
    """What is wanted of an application credential."""

    subject: Input[ApplicationCredentialActorArgs | ApplicationCredentialActorArgsDict]
    """Who acts by it; it never allows more than they may do. (a change replaces the object)"""

    name: Input[str] | None = None
    """Its name. Made of the resource's name, project and stack when absent."""

    tenant: Input[str] | None = None
    """Whose it is; the configured tenant's when absent."""

    labels: Input[Mapping[str, Input[str]]] | None = None
    """For selecting it."""

    annotations: Input[Mapping[str, Input[str]]] | None = None
    """For whoever reads it."""

    scope: Input[str] | None = None
    """Allows nothing outside this tenant and those below it; without it, no such limit. (a change replaces the
    object)
    """

    roles: Input[Sequence[Input[str]]] | None = None
    """Allows only what these roles do; empty: no such limit. (a change replaces the object)"""

    actions: Input[Sequence[Input[str]]] | None = None
    """Allows only these actions or patterns of them; empty: no such limit. (a change replaces the object)"""

    expires_at: Input[str] | None = None
    """When it stops being accepted; without it, never."""

    description: Input[str] | None = None
    """What it is for."""


class ApplicationCredentialArgsDict(TypedDict, total=False):
    """`ApplicationCredentialArgs` as a dictionary."""

    subject: Required[Input[ApplicationCredentialActorArgs | ApplicationCredentialActorArgsDict]]
    name: Input[str]
    tenant: Input[str]
    labels: Input[Mapping[str, Input[str]]]
    annotations: Input[Mapping[str, Input[str]]]
    scope: Input[str]
    roles: Input[Sequence[Input[str]]]
    actions: Input[Sequence[Input[str]]]
    expires_at: Input[str]
    description: Input[str]


@output_type
class ApplicationCredentialActor:
    """A user or a service account."""

    kind: str
    """What it is."""

    name: str
    """Its name, in the same tenant. (the name of an object)"""


class ApplicationCredentialFields(Declared):
    """A bearer token for a program, with less than its holder may do: limited to a tenant, to roles and to actions.
    It cannot make or change any credential, user or role. The token is shown once, in the answer that made it;
    deleting the object revokes it at once.
    """

    kind_name: ClassVar[str] = "application_credential"
    outputs: ClassVar[tuple[str, ...]] = (
        "name",
        "uid",
        "tenant",
        "labels",
        "annotations",
        "subject",
        "scope",
        "roles",
        "actions",
        "expires_at",
        "description",
        "token",
        "status",
    )

    @overload
    def __init__(
        self, resource_name: str, args: ApplicationCredentialArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None: ...
    @overload
    def __init__(
        self,
        resource_name: str,
        args: None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Unpack[ApplicationCredentialArgsDict],
    ) -> None: ...
    def __init__(
        self,
        resource_name: str,
        args: ApplicationCredentialArgs | None = None,
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
    def subject(self) -> pulumi.Output[ApplicationCredentialActor]:
        """Who acts by it; it never allows more than they may do. (a change replaces the object)"""
        return told(self, "subject")

    @property
    @pulumi.getter
    def scope(self) -> pulumi.Output[str | None]:
        """Allows nothing outside this tenant and those below it; without it, no such limit. (a change replaces the
        object)
        """
        return told(self, "scope")

    @property
    @pulumi.getter
    def roles(self) -> pulumi.Output[Sequence[str]]:
        """Allows only what these roles do; empty: no such limit. (a change replaces the object)"""
        return told(self, "roles")

    @property
    @pulumi.getter
    def actions(self) -> pulumi.Output[Sequence[str]]:
        """Allows only these actions or patterns of them; empty: no such limit. (a change replaces the object)"""
        return told(self, "actions")

    @property
    @pulumi.getter
    def expires_at(self) -> pulumi.Output[str | None]:
        """When it stops being accepted; without it, never."""
        return told(self, "expires_at")

    @property
    @pulumi.getter
    def description(self) -> pulumi.Output[str]:
        """What it is for."""
        return told(self, "description")

    @property
    @pulumi.getter
    def token(self) -> pulumi.Output[str]:
        """What was minted, a secret."""
        return told(self, "token")

    @property
    @pulumi.getter
    def status(self) -> pulumi.Output[ApplicationCredentialStatus]:
        """What was found of it when it was last read."""
        return told(self, "status")


__all__ = [
    "ApplicationCredentialActor",
    "ApplicationCredentialActorArgs",
    "ApplicationCredentialActorArgsDict",
    "ApplicationCredentialActorKind",
    "ApplicationCredentialArgs",
    "ApplicationCredentialArgsDict",
    "ApplicationCredentialStatus",
]
