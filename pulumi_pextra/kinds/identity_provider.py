"""An identity provider as a Pulumi resource.

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
class IdentityProviderStatus:
    """What an identity provider was found to be."""

    observed_generation: int | None = None
    """The generation of which the conditions speak."""

    conditions: Sequence[Condition] | None = None
    """What is true of the object; every kind has `ready`."""


class IdentityProviderOidcSpecAlgorithms(StrEnum):
    """One of these."""

    RS256 = "RS256"
    PS256 = "PS256"
    ES256 = "ES256"
    EDDSA = "EdDSA"


@input_type
class IdentityProviderOidcSpecArgs:
    """An OpenID Connect issuer, whose signed tokens are bearer tokens here."""

    issuer: Input[str]
    """The issuer, exactly as its tokens and its discovery document write it; https."""

    audiences: Input[Sequence[Input[str]]]
    """A token is taken when it is for one of these. Have the issuer know this cloud by an audience of its own."""

    algorithms: (
        Input[Sequence[Input[IdentityProviderOidcSpecAlgorithms | Literal["RS256", "PS256", "ES256", "EdDSA"]]]] | None
    ) = None
    """How tokens may be signed. (["RS256", "PS256", "ES256", "EdDSA"] by default)"""

    authorized_parties: Input[Sequence[Input[str]]] | None = None
    """Only tokens that one of these clients got (`azp`, `client_id`) are taken; empty: any client's."""

    accept_id_tokens: Input[bool] | None = None
    """Whether ID tokens are taken, too, for issuers whose access tokens say nothing. An ID token tells a client who
    has signed in there; whoever runs that client could use it here.
    """

    leeway_s: Input[int] | None = None
    """By how much the issuer's clock may differ. (in s; 60 by default)"""

    username_claim: Input[str] | None = None
    """Where a token says what somebody is called: users that are made are named after it. Who they are is `sub`.
    ("preferred_username" by default)
    """

    groups_claim: Input[str] | None = None
    """Where a token names groups. ("groups" by default)"""

    authorities: Input[str] | None = None
    """PEM of the certificate authorities of the issuer; without it, those that the server's system knows."""


class IdentityProviderOidcSpecArgsDict(TypedDict, total=False):
    """`IdentityProviderOidcSpecArgs` as a dictionary."""

    issuer: Required[Input[str]]
    audiences: Required[Input[Sequence[Input[str]]]]
    algorithms: Input[Sequence[Input[IdentityProviderOidcSpecAlgorithms | Literal["RS256", "PS256", "ES256", "EdDSA"]]]]
    authorized_parties: Input[Sequence[Input[str]]]
    accept_id_tokens: Input[bool]
    leeway_s: Input[int]
    username_claim: Input[str]
    groups_claim: Input[str]
    authorities: Input[str]


@input_type
class IdentityProviderGroupMappingArgs:
    """A group there, and what it is here."""

    theirs: Input[str]
    """What the provider calls it."""

    group: Input[str]
    """The group of this tenant that its members are in, while the provider says so. (the name of group)"""


class IdentityProviderGroupMappingArgsDict(TypedDict, total=False):
    """`IdentityProviderGroupMappingArgs` as a dictionary."""

    theirs: Required[Input[str]]
    group: Required[Input[str]]


@input_type
class IdentityProviderArgs:
    """What is wanted of an identity provider."""

    name: Input[str] | None = None
    """Its name. Made of the resource's name, project and stack when absent."""

    tenant: Input[str] | None = None
    """Whose it is; the configured tenant's when absent."""

    labels: Input[Mapping[str, Input[str]]] | None = None
    """For selecting it."""

    annotations: Input[Mapping[str, Input[str]]] | None = None
    """For whoever reads it."""

    enabled: Input[bool] | None = None
    """Whether it is believed; switching it off takes effect at once. (true by default)"""

    oidc: Input[IdentityProviderOidcSpecArgs | IdentityProviderOidcSpecArgsDict] | None = None
    """An OpenID Connect issuer."""

    groups: Input[Sequence[Input[IdentityProviderGroupMappingArgs | IdentityProviderGroupMappingArgsDict]]] | None = (
        None
    )
    """Which groups there are which groups here."""

    provision: Input[bool] | None = None
    """Whether somebody whom no user names is made a user when they first come; else they are refused."""


class IdentityProviderArgsDict(TypedDict, total=False):
    """`IdentityProviderArgs` as a dictionary."""

    name: Input[str]
    tenant: Input[str]
    labels: Input[Mapping[str, Input[str]]]
    annotations: Input[Mapping[str, Input[str]]]
    enabled: Input[bool]
    oidc: Input[IdentityProviderOidcSpecArgs | IdentityProviderOidcSpecArgsDict]
    groups: Input[Sequence[Input[IdentityProviderGroupMappingArgs | IdentityProviderGroupMappingArgsDict]]]
    provision: Input[bool]


@output_type
class IdentityProviderOidcSpec:
    """An OpenID Connect issuer, whose signed tokens are bearer tokens here."""

    issuer: str
    """The issuer, exactly as its tokens and its discovery document write it; https."""

    audiences: Sequence[str]
    """A token is taken when it is for one of these. Have the issuer know this cloud by an audience of its own."""

    algorithms: Sequence[str] | None = None
    """How tokens may be signed. (["RS256", "PS256", "ES256", "EdDSA"] by default)"""

    authorized_parties: Sequence[str] | None = None
    """Only tokens that one of these clients got (`azp`, `client_id`) are taken; empty: any client's."""

    accept_id_tokens: bool | None = None
    """Whether ID tokens are taken, too, for issuers whose access tokens say nothing. An ID token tells a client who
    has signed in there; whoever runs that client could use it here.
    """

    leeway_s: int | None = None
    """By how much the issuer's clock may differ. (in s; 60 by default)"""

    username_claim: str | None = None
    """Where a token says what somebody is called: users that are made are named after it. Who they are is `sub`.
    ("preferred_username" by default)
    """

    groups_claim: str | None = None
    """Where a token names groups. ("groups" by default)"""

    authorities: str | None = None
    """PEM of the certificate authorities of the issuer; without it, those that the server's system knows."""


@output_type
class IdentityProviderGroupMapping:
    """A group there, and what it is here."""

    theirs: str
    """What the provider calls it."""

    group: str
    """The group of this tenant that its members are in, while the provider says so. (the name of group)"""


class IdentityProviderFields(Declared):
    """Whom a tenant believes in who somebody is: an OpenID Connect issuer, whose access tokens are bearer tokens
    for the tenant's users that name it in their `identity`.
    """

    kind_name: ClassVar[str] = "identity_provider"
    outputs: ClassVar[tuple[str, ...]] = (
        "name",
        "uid",
        "tenant",
        "labels",
        "annotations",
        "enabled",
        "oidc",
        "groups",
        "provision",
        "status",
    )

    @overload
    def __init__(
        self, resource_name: str, args: IdentityProviderArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None: ...
    @overload
    def __init__(
        self,
        resource_name: str,
        args: None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Unpack[IdentityProviderArgsDict],
    ) -> None: ...
    def __init__(
        self,
        resource_name: str,
        args: IdentityProviderArgs | None = None,
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
    def enabled(self) -> pulumi.Output[bool]:
        """Whether it is believed; switching it off takes effect at once. (true by default)"""
        return told(self, "enabled")

    @property
    @pulumi.getter
    def oidc(self) -> pulumi.Output[IdentityProviderOidcSpec | None]:
        """An OpenID Connect issuer."""
        return told(self, "oidc")

    @property
    @pulumi.getter
    def groups(self) -> pulumi.Output[Sequence[IdentityProviderGroupMapping]]:
        """Which groups there are which groups here."""
        return told(self, "groups")

    @property
    @pulumi.getter
    def provision(self) -> pulumi.Output[bool]:
        """Whether somebody whom no user names is made a user when they first come; else they are refused."""
        return told(self, "provision")

    @property
    @pulumi.getter
    def status(self) -> pulumi.Output[IdentityProviderStatus]:
        """What was found of it when it was last read."""
        return told(self, "status")


__all__ = [
    "IdentityProviderArgs",
    "IdentityProviderArgsDict",
    "IdentityProviderGroupMapping",
    "IdentityProviderGroupMappingArgs",
    "IdentityProviderGroupMappingArgsDict",
    "IdentityProviderOidcSpec",
    "IdentityProviderOidcSpecAlgorithms",
    "IdentityProviderOidcSpecArgs",
    "IdentityProviderOidcSpecArgsDict",
    "IdentityProviderStatus",
]
