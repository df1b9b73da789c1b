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
class IdentityProviderBindAccountArgs:
    """An account of the directory that looks for people."""

    dn: Input[str]
    """Its distinguished name. It needs to read no password."""

    secret: Input[str]
    """The secret of this tenant that holds its password. (the name of secret)"""

    entry: Input[str] | None = None
    """The name of the entry in the secret's `data`. ("password" by default)"""


class IdentityProviderBindAccountArgsDict(TypedDict, total=False):
    """`IdentityProviderBindAccountArgs` as a dictionary."""

    dn: Required[Input[str]]
    secret: Required[Input[str]]
    entry: Input[str]


@input_type
class IdentityProviderUserSearchArgs:
    """How people are found."""

    base_dn: Input[str]
    """They are at or below it."""

    account: Input[IdentityProviderBindAccountArgs | IdentityProviderBindAccountArgsDict]
    """Who looks for them."""

    attribute: Input[str] | None = None
    """The attribute that holds the name they log in with: `uid`, `sAMAccountName`, `userPrincipalName`, `mail`.
    ("uid" by default)
    """

    equal: Input[Mapping[str, Input[str]]] | None = None
    """What else must hold of them, by attribute: `{objectClass: person}`. Values are compared as they are."""


class IdentityProviderUserSearchArgsDict(TypedDict, total=False):
    """`IdentityProviderUserSearchArgs` as a dictionary."""

    base_dn: Required[Input[str]]
    account: Required[Input[IdentityProviderBindAccountArgs | IdentityProviderBindAccountArgsDict]]
    attribute: Input[str]
    equal: Input[Mapping[str, Input[str]]]


class IdentityProviderLdapSpecSubjectAttribute(StrEnum):
    """Who somebody is: an attribute that never changes, and is never given to another."""

    ENTRYUUID = "entryUUID"
    OBJECTGUID = "objectGUID"
    NSUNIQUEID = "nsUniqueId"
    IPAUNIQUEID = "ipaUniqueID"
    GUID = "GUID"


@input_type
class IdentityProviderGroupSearchArgs:
    """How the groups of somebody are found."""

    base_dn: Input[str]
    """They are at or below it."""

    member_attribute: Input[str] | None = None
    """Where a group names its members, by their distinguished names. ("member" by default)"""

    name_attribute: Input[str] | None = None
    """How groups are called. ("cn" by default)"""


class IdentityProviderGroupSearchArgsDict(TypedDict, total=False):
    """`IdentityProviderGroupSearchArgs` as a dictionary."""

    base_dn: Required[Input[str]]
    member_attribute: Input[str]
    name_attribute: Input[str]


@input_type
class IdentityProviderLdapSpecArgs:
    """A directory by whose passwords users log in."""

    servers: Input[Sequence[Input[str]]]
    """`ldaps://` is spoken to over TLS, `ldap://` over StartTLS. The next one is asked when one cannot be reached.
    """

    authorities: Input[str] | None = None
    """PEM of the certificate authorities of the servers; without it, those that this cloud's system knows."""

    clear_text: Input[bool] | None = None
    """Speak to `ldap://` without TLS; for servers on loopback only."""

    search: Input[IdentityProviderUserSearchArgs | IdentityProviderUserSearchArgsDict] | None = None
    """How people are looked for; without it, there is `user_dn`."""

    user_dn: Input[str] | None = None
    """The distinguished name of everybody, `{name}` standing for the name that they log in with. They read
    themselves and their groups.
    """

    subject_attribute: (
        Input[
            IdentityProviderLdapSpecSubjectAttribute
            | Literal["entryUUID", "objectGUID", "nsUniqueId", "ipaUniqueID", "GUID"]
        ]
        | None
    ) = None
    """Who somebody is: an attribute that never changes, and is never given to another. ("entryUUID" by default)"""

    groups: Input[IdentityProviderGroupSearchArgs | IdentityProviderGroupSearchArgsDict] | None = None
    """How groups are found, by name; without it they are what `memberOf` says, by distinguished name."""

    timeout_s: Input[int] | None = None
    """So long the servers have to answer one login, all together. (in s; 5 by default)"""

    attempts: Input[int] | None = None
    """So many failed attempts on one name the directory is asked about, from places where its owner has not logged
    in before; then one each quarter of an hour. Keep it below the number at which the directory locks accounts.
    (3 by default)
    """

    session_s: Input[int] | None = None
    """How long a session lasts at most, and with it what the directory said of groups; without it, as others do.
    (in s)
    """


class IdentityProviderLdapSpecArgsDict(TypedDict, total=False):
    """`IdentityProviderLdapSpecArgs` as a dictionary."""

    servers: Required[Input[Sequence[Input[str]]]]
    authorities: Input[str]
    clear_text: Input[bool]
    search: Input[IdentityProviderUserSearchArgs | IdentityProviderUserSearchArgsDict]
    user_dn: Input[str]
    subject_attribute: Input[
        IdentityProviderLdapSpecSubjectAttribute
        | Literal["entryUUID", "objectGUID", "nsUniqueId", "ipaUniqueID", "GUID"]
    ]
    groups: Input[IdentityProviderGroupSearchArgs | IdentityProviderGroupSearchArgsDict]
    timeout_s: Input[int]
    attempts: Input[int]
    session_s: Input[int]


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
    """An OpenID Connect issuer; without one, there is `ldap`."""

    ldap: Input[IdentityProviderLdapSpecArgs | IdentityProviderLdapSpecArgsDict] | None = None
    """A directory. Of a tenant, one at a time is enabled."""

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
    ldap: Input[IdentityProviderLdapSpecArgs | IdentityProviderLdapSpecArgsDict]
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
class IdentityProviderBindAccount:
    """An account of the directory that looks for people."""

    dn: str
    """Its distinguished name. It needs to read no password."""

    secret: str
    """The secret of this tenant that holds its password. (the name of secret)"""

    entry: str | None = None
    """The name of the entry in the secret's `data`. ("password" by default)"""


@output_type
class IdentityProviderUserSearch:
    """How people are found."""

    base_dn: str
    """They are at or below it."""

    account: IdentityProviderBindAccount
    """Who looks for them."""

    attribute: str | None = None
    """The attribute that holds the name they log in with: `uid`, `sAMAccountName`, `userPrincipalName`, `mail`.
    ("uid" by default)
    """

    equal: Mapping[str, Any] | None = None
    """What else must hold of them, by attribute: `{objectClass: person}`. Values are compared as they are."""


@output_type
class IdentityProviderGroupSearch:
    """How the groups of somebody are found."""

    base_dn: str
    """They are at or below it."""

    member_attribute: str | None = None
    """Where a group names its members, by their distinguished names. ("member" by default)"""

    name_attribute: str | None = None
    """How groups are called. ("cn" by default)"""


@output_type
class IdentityProviderLdapSpec:
    """A directory by whose passwords users log in."""

    servers: Sequence[str]
    """`ldaps://` is spoken to over TLS, `ldap://` over StartTLS. The next one is asked when one cannot be reached.
    """

    authorities: str | None = None
    """PEM of the certificate authorities of the servers; without it, those that this cloud's system knows."""

    clear_text: bool | None = None
    """Speak to `ldap://` without TLS; for servers on loopback only."""

    search: IdentityProviderUserSearch | None = None
    """How people are looked for; without it, there is `user_dn`."""

    user_dn: str | None = None
    """The distinguished name of everybody, `{name}` standing for the name that they log in with. They read
    themselves and their groups.
    """

    subject_attribute: str | None = None
    """Who somebody is: an attribute that never changes, and is never given to another. ("entryUUID" by default)"""

    groups: IdentityProviderGroupSearch | None = None
    """How groups are found, by name; without it they are what `memberOf` says, by distinguished name."""

    timeout_s: int | None = None
    """So long the servers have to answer one login, all together. (in s; 5 by default)"""

    attempts: int | None = None
    """So many failed attempts on one name the directory is asked about, from places where its owner has not logged
    in before; then one each quarter of an hour. Keep it below the number at which the directory locks accounts.
    (3 by default)
    """

    session_s: int | None = None
    """How long a session lasts at most, and with it what the directory said of groups; without it, as others do.
    (in s)
    """


@output_type
class IdentityProviderGroupMapping:
    """A group there, and what it is here."""

    theirs: str
    """What the provider calls it."""

    group: str
    """The group of this tenant that its members are in, while the provider says so. (the name of group)"""


class IdentityProviderFields(Declared):
    """Whom a tenant believes in who somebody is: an OpenID Connect issuer, whose access tokens are bearer tokens
    for the tenant's users that name it in their `identity`; or a directory (LDAP), by whose passwords they log
    in.
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
        "ldap",
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
        """An OpenID Connect issuer; without one, there is `ldap`."""
        return told(self, "oidc")

    @property
    @pulumi.getter
    def ldap(self) -> pulumi.Output[IdentityProviderLdapSpec | None]:
        """A directory. Of a tenant, one at a time is enabled."""
        return told(self, "ldap")

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
    "IdentityProviderBindAccount",
    "IdentityProviderBindAccountArgs",
    "IdentityProviderBindAccountArgsDict",
    "IdentityProviderGroupMapping",
    "IdentityProviderGroupMappingArgs",
    "IdentityProviderGroupMappingArgsDict",
    "IdentityProviderGroupSearch",
    "IdentityProviderGroupSearchArgs",
    "IdentityProviderGroupSearchArgsDict",
    "IdentityProviderLdapSpec",
    "IdentityProviderLdapSpecArgs",
    "IdentityProviderLdapSpecArgsDict",
    "IdentityProviderLdapSpecSubjectAttribute",
    "IdentityProviderOidcSpec",
    "IdentityProviderOidcSpecAlgorithms",
    "IdentityProviderOidcSpecArgs",
    "IdentityProviderOidcSpecArgsDict",
    "IdentityProviderStatus",
    "IdentityProviderUserSearch",
    "IdentityProviderUserSearchArgs",
    "IdentityProviderUserSearchArgsDict",
]
