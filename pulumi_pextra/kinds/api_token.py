"""An api token as a Pulumi resource.

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
class ApiTokenStatus:
    """What an api token was found to be."""

    observed_generation: int | None = None
    """The generation of which the conditions speak."""

    conditions: Sequence[Condition] | None = None
    """What is true of the object; every kind has `ready`."""


@input_type
class ApiTokenArgs:
    """What is wanted of an api token."""

    user: Input[str]
    """The user who acts by this token. (the name of user; a change replaces the object)"""

    name: Input[str] | None = None
    """Its name. Made of the resource's name, project and stack when absent."""

    tenant: Input[str] | None = None
    """Whose it is; the configured tenant's when absent."""

    labels: Input[Mapping[str, Input[str]]] | None = None
    """For selecting it."""

    annotations: Input[Mapping[str, Input[str]]] | None = None
    """For whoever reads it."""

    description: Input[str] | None = None
    """What the token is for."""

    expires_at: Input[str] | None = None
    """When the token stops being accepted; without it, never."""


class ApiTokenArgsDict(TypedDict, total=False):
    """`ApiTokenArgs` as a dictionary."""

    user: Required[Input[str]]
    name: Input[str]
    tenant: Input[str]
    labels: Input[Mapping[str, Input[str]]]
    annotations: Input[Mapping[str, Input[str]]]
    description: Input[str]
    expires_at: Input[str]


class ApiTokenFields(Declared):
    """A bearer token of a user. The token itself is shown once, in the answer that made it; deleting the object
    revokes it at once.
    """

    kind_name: ClassVar[str] = "api_token"
    outputs: ClassVar[tuple[str, ...]] = (
        "name",
        "uid",
        "tenant",
        "labels",
        "annotations",
        "user",
        "description",
        "expires_at",
        "token",
        "status",
    )

    @overload
    def __init__(self, resource_name: str, args: ApiTokenArgs, opts: pulumi.ResourceOptions | None = None) -> None: ...
    @overload
    def __init__(
        self,
        resource_name: str,
        args: None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Unpack[ApiTokenArgsDict],
    ) -> None: ...
    def __init__(
        self,
        resource_name: str,
        args: ApiTokenArgs | None = None,
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
    def user(self) -> pulumi.Output[str]:
        """The user who acts by this token. (the name of user; a change replaces the object)"""
        return told(self, "user")

    @property
    @pulumi.getter
    def description(self) -> pulumi.Output[str]:
        """What the token is for."""
        return told(self, "description")

    @property
    @pulumi.getter
    def expires_at(self) -> pulumi.Output[str | None]:
        """When the token stops being accepted; without it, never."""
        return told(self, "expires_at")

    @property
    @pulumi.getter
    def token(self) -> pulumi.Output[str]:
        """What was minted, a secret."""
        return told(self, "token")

    @property
    @pulumi.getter
    def status(self) -> pulumi.Output[ApiTokenStatus]:
        """What was found of it when it was last read."""
        return told(self, "status")


__all__ = [
    "ApiTokenArgs",
    "ApiTokenArgsDict",
    "ApiTokenStatus",
]
