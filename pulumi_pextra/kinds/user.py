"""A user as a Pulumi resource.

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
class UserStatus:
    """What a user was found to be."""

    observed_generation: int | None = None
    """The generation of which the conditions speak."""

    conditions: Sequence[Condition] | None = None
    """What is true of the object; every kind has `ready`."""


@input_type
class UserOutsideIdentityArgs:
    """Who a user is at an identity provider."""

    provider: Input[str]
    """The provider, in the same tenant. (the name of identity provider)"""

    subject: Input[str]
    """What the provider knows the user by: `sub` of its tokens, or the directory's `subject_attribute` (what is no
    text, such as `objectGUID`, in hexadecimal). No two users have the same.
    """


class UserOutsideIdentityArgsDict(TypedDict, total=False):
    """`UserOutsideIdentityArgs` as a dictionary."""

    provider: Required[Input[str]]
    subject: Required[Input[str]]


@input_type
class UserArgs:
    """What is wanted of a user."""

    name: Input[str] | None = None
    """Its name. Made of the resource's name, project and stack when absent."""

    tenant: Input[str] | None = None
    """Whose it is; the configured tenant's when absent."""

    labels: Input[Mapping[str, Input[str]]] | None = None
    """For selecting it."""

    annotations: Input[Mapping[str, Input[str]]] | None = None
    """For whoever reads it."""

    display_name: Input[str] | None = None
    """The name that people see."""

    email: Input[str] | None = None
    """Where to reach the user."""

    enabled: Input[bool] | None = None
    """Whether the user's tokens are accepted; switching it off takes effect at once. (true by default)"""

    groups: Input[Sequence[Input[str]]] | None = None
    """The groups that the user is a member of."""

    identity: Input[UserOutsideIdentityArgs | UserOutsideIdentityArgsDict] | None = None
    """Who the user is at an identity provider, whose tokens then are the user's; the user of a directory logs in
    with the directory's password and no other. Whoever says so must hold what the user holds and what the
    provider's groups give.
    """


class UserArgsDict(TypedDict, total=False):
    """`UserArgs` as a dictionary."""

    name: Input[str]
    tenant: Input[str]
    labels: Input[Mapping[str, Input[str]]]
    annotations: Input[Mapping[str, Input[str]]]
    display_name: Input[str]
    email: Input[str]
    enabled: Input[bool]
    groups: Input[Sequence[Input[str]]]
    identity: Input[UserOutsideIdentityArgs | UserOutsideIdentityArgsDict]


@output_type
class UserOutsideIdentity:
    """Who a user is at an identity provider."""

    provider: str
    """The provider, in the same tenant. (the name of identity provider)"""

    subject: str
    """What the provider knows the user by: `sub` of its tokens, or the directory's `subject_attribute` (what is no
    text, such as `objectGUID`, in hexadecimal). No two users have the same.
    """


class UserFields(Declared):
    """A person who acts by tokens, or logs in with a password. What a user may do is said by role bindings and
    policies.
    """

    kind_name: ClassVar[str] = "user"
    outputs: ClassVar[tuple[str, ...]] = (
        "name",
        "uid",
        "tenant",
        "labels",
        "annotations",
        "display_name",
        "email",
        "enabled",
        "groups",
        "identity",
        "status",
    )

    @overload
    def __init__(self, resource_name: str, args: UserArgs, opts: pulumi.ResourceOptions | None = None) -> None: ...
    @overload
    def __init__(
        self,
        resource_name: str,
        args: None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Unpack[UserArgsDict],
    ) -> None: ...
    def __init__(
        self,
        resource_name: str,
        args: UserArgs | None = None,
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
    def display_name(self) -> pulumi.Output[str]:
        """The name that people see."""
        return told(self, "display_name")

    @property
    @pulumi.getter
    def email(self) -> pulumi.Output[str | None]:
        """Where to reach the user."""
        return told(self, "email")

    @property
    @pulumi.getter
    def enabled(self) -> pulumi.Output[bool]:
        """Whether the user's tokens are accepted; switching it off takes effect at once. (true by default)"""
        return told(self, "enabled")

    @property
    @pulumi.getter
    def groups(self) -> pulumi.Output[Sequence[str]]:
        """The groups that the user is a member of."""
        return told(self, "groups")

    @property
    @pulumi.getter
    def identity(self) -> pulumi.Output[UserOutsideIdentity | None]:
        """Who the user is at an identity provider, whose tokens then are the user's; the user of a directory logs
        in with the directory's password and no other. Whoever says so must hold what the user holds and what the
        provider's groups give.
        """
        return told(self, "identity")

    @property
    @pulumi.getter
    def status(self) -> pulumi.Output[UserStatus]:
        """What was found of it when it was last read."""
        return told(self, "status")


__all__ = [
    "UserArgs",
    "UserArgsDict",
    "UserOutsideIdentity",
    "UserOutsideIdentityArgs",
    "UserOutsideIdentityArgsDict",
    "UserStatus",
]
