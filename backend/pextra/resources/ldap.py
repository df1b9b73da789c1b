"""A directory (LDAP), as an identity provider names it."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from pextra.declaration.kind import SpecModel
from pextra.declaration.markers import ObjectName, OnDelete, Ref, Unit
from pextra.resources.secret import EntryName

HOST: Final = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])"
NAME: Final = "{name}"
"""Stands in `user_dn` for the name that somebody logs in with."""
_SERVER: Final = re.compile(rf"ldaps?://(?P<host>{HOST})(?::(?P<port>[0-9]{{1,5}}))?")
_LOOPBACK: Final = re.compile(r"localhost|127(?:\.[0-9]{1,3}){3}|\[::1\]")
_DN: Final = re.compile(r"[A-Za-z][A-Za-z0-9.-]*=[^,]*(?:,.+)?")


def _server(url: str) -> str:
    found = _SERVER.fullmatch(url)
    if found is None or not 0 < int(found["port"] or 1) < 65_536:
        raise ValueError("must be ldaps://HOST[:PORT], or ldap://HOST[:PORT], which StartTLS is spoken to")
    return url


def _dn(text: str) -> str:
    if not _DN.fullmatch(text) or not text.isprintable():
        raise ValueError("must be a distinguished name such as ou=people,dc=example,dc=com")
    return text


def _user_dn(text: str) -> str:
    if text.count(NAME) != 1 or not re.match(r"[A-Za-z][A-Za-z0-9.-]*=\{name\}(?:,|$)", text):
        raise ValueError("must begin with an attribute that is {name}: uid={name},ou=people,dc=example,dc=com")
    return _dn(text)


ServerUrl = Annotated[str, Field(max_length=300), AfterValidator(_server)]
AttributeName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,62}$", max_length=63)]
AttributeValue = Annotated[str, Field(min_length=1, max_length=1024)]
DistinguishedName = Annotated[str, Field(min_length=3, max_length=1024), AfterValidator(_dn)]


class BindAccount(SpecModel):
    """An account of the directory that looks for people."""

    dn: DistinguishedName
    """Its distinguished name. It needs to read no password."""
    secret: Annotated[ObjectName, Ref("secret", OnDelete.BLOCK)]
    """The secret of this tenant that holds its password."""
    entry: EntryName = "password"
    """The name of the entry in the secret's `data`."""


class UserSearch(SpecModel):
    """How people are found."""

    base_dn: DistinguishedName
    """They are at or below it."""
    attribute: AttributeName = "uid"
    """The attribute that holds the name they log in with: `uid`, `sAMAccountName`, `userPrincipalName`, `mail`."""
    equal: Annotated[
        dict[AttributeName, Annotated[str, Field(min_length=1, max_length=1024)]], Field(max_length=8)
    ] = {}
    """What else must hold of them, by attribute: `{objectClass: person}`. Values are compared as they are."""
    account: BindAccount
    """Who looks for them."""


class GroupSearch(SpecModel):
    """How the groups of somebody are found."""

    base_dn: DistinguishedName
    """They are at or below it."""
    member_attribute: AttributeName = "member"
    """Where a group names its members, by their distinguished names."""
    name_attribute: AttributeName = "cn"
    """How groups are called."""


class LdapSpec(SpecModel):
    """A directory by whose passwords users log in."""

    servers: Annotated[list[ServerUrl], Field(min_length=1, max_length=4)]
    """`ldaps://` is spoken to over TLS, `ldap://` over StartTLS. The next one is asked when one cannot be reached."""
    authorities: Annotated[str, Field(max_length=65_536)] | None = None
    """PEM of the certificate authorities of the servers; without it, those that this cloud's system knows."""
    clear_text: bool = False
    """Speak to `ldap://` without TLS; for servers on loopback only."""
    search: UserSearch | None = None
    """How people are looked for; without it, there is `user_dn`."""
    user_dn: Annotated[str, Field(min_length=3, max_length=1024), AfterValidator(_user_dn)] | None = None
    """The distinguished name of everybody, `{name}` standing for the name that they log in with. They read themselves
    and their groups."""
    subject_attribute: Literal["entryUUID", "objectGUID", "nsUniqueId", "ipaUniqueID", "GUID"] = "entryUUID"
    """Who somebody is: an attribute that never changes, and is never given to another."""
    groups: GroupSearch | None = None
    """How groups are found, by name; without it they are what `memberOf` says, by distinguished name."""
    timeout_s: Annotated[int, Field(ge=1, le=10), Unit("s")] = 5
    """So long the servers have to answer one login, all together."""
    attempts: Annotated[int, Field(ge=1, le=10)] = 3
    """So many failed attempts on one name the directory is asked about, from places where its owner has not logged in
    before; then one each quarter of an hour. Keep it below the number at which the directory locks accounts."""
    session_s: Annotated[int, Field(ge=900, le=2_592_000), Unit("s")] | None = None
    """How long a session lasts at most, and with it what the directory said of groups; without it, as others do."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.search is None) == (self.user_dn is None):
            raise ValueError("say how people are found: search, or user_dn")
        hosts = [found["host"] for url in self.servers if (found := _SERVER.fullmatch(url)) is not None]
        if self.clear_text and not all(map(_LOOPBACK.fullmatch, hosts)):
            raise ValueError("clear_text is for servers on loopback only")
        return self
