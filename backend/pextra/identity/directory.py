"""Who somebody is by the password that a directory (LDAP) knows them by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from pextra.identity.failures import ProviderUnavailable
from pextra.identity.ldap import Connection, Entry, Server, connected, escaped
from pextra.identity.outbound import Outbound

MOST_GROUPS: Final = 1_000
MOST_NAME: Final = 255
MOST_PASSWORD: Final = 1_024
NAME: Final = "{name}"
"""Stands for what somebody calls themselves, in the pattern of a distinguished name."""


@dataclass(frozen=True, slots=True)
class Account:
    """An entry of the directory that we search with.

    Attributes:
        password: never empty.
    """

    dn: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Search:
    """People are looked for.

    Attributes:
        attribute: holds what somebody calls themselves, `uid`.
        equal: what else must hold, by attribute: `{"objectClass": "person"}`.
    """

    account: Account
    base: str
    attribute: str = "uid"
    equal: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups name their members.

    Attributes:
        member: the attribute that holds a member's distinguished name.
        name: the attribute by which a group is called.
    """

    base: str
    member: str = "member"
    name: str = "cn"


@dataclass(frozen=True, slots=True)
class Directory:
    """How people of one directory are known.

    Attributes:
        people: how they are found, or a pattern of their names: `uid={name},ou=people,dc=example,dc=com`.
        subject: the attribute that never changes and is never given to another: `entryUUID`, `objectGUID`.
        groups: None: what `memberOf` says.
    """

    server: Server
    people: Search | str
    subject: str = "entryUUID"
    groups: Groups | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody is there.

    Attributes:
        subject: never given to another; of an attribute that is no text, in hexadecimal.
        groups: their names, or with `memberOf` their distinguished names.
    """

    subject: str
    groups: tuple[str, ...]


def authenticate(outbound: Outbound, directory: Directory, name: str, password: str) -> Person | None:
    """Who that is; None: nobody, or the password is wrong, for which as much is asked.

    Raises:
        ProviderUnavailable: the directory cannot be asked, or does not let us look.
    """
    if not 0 < len(name) <= MOST_NAME or not name.isprintable():
        return None
    if not 0 < len(password.encode(errors="replace")) <= MOST_PASSWORD or "\0" in password:
        return None  # an empty password would bind as nobody, and succeed
    wanted = [directory.subject, *([] if directory.groups else ["memberOf"])]
    with connected(outbound, directory.server) as connection:
        if isinstance(directory.people, str):
            return _by_name(connection, directory, directory.people.replace(NAME, escaped(name)), password, wanted)
        return _by_search(connection, directory, directory.people, (name, password), wanted)


def _by_name(connection: Connection, directory: Directory, dn: str, password: str, wanted: list[str]) -> Person | None:
    """The entry itself reads what it is."""
    if not connection.bind(dn, password):
        return None
    found = connection.search(dn, {}, wanted, limit=1, only_base=True)
    return _person(connection, directory, found[0]) if len(found) == 1 else None


def _by_search(
    connection: Connection, directory: Directory, search: Search, shown: tuple[str, str], wanted: list[str]
) -> Person | None:
    """We look for the entry, it shows that it knows its password, and we read what it is."""
    name, password = shown
    _bind_ours(connection, search.account)
    found = connection.search(search.base, {**search.equal, search.attribute: name}, wanted, limit=1)
    # who is not there is asked for a password too: the time that it takes tells nobody who is
    known = len(found) == 1
    if not connection.bind(found[0].dn if known else f"cn={escaped(name)},{search.base}", password) or not known:
        return None
    if directory.groups is not None:
        _bind_ours(connection, search.account)
    return _person(connection, directory, found[0])


def _bind_ours(connection: Connection, account: Account) -> None:
    if not connection.bind(account.dn, account.password):
        raise ProviderUnavailable("the directory does not take the password of the account that searches")


def _person(connection: Connection, directory: Directory, entry: Entry) -> Person:
    values = entry.attributes.get(directory.subject.lower(), ())
    if len(values) != 1 or not values[0]:
        raise ProviderUnavailable(f"an entry does not have {directory.subject} once: name what never changes")
    if directory.groups is None:
        groups = entry.texts("memberOf")
    else:
        where = directory.groups
        found = connection.search(where.base, {where.member: entry.dn}, [where.name], limit=MOST_GROUPS)
        groups = tuple(text for group in found for text in group.texts(where.name))
    if len(groups) > MOST_GROUPS:
        raise ProviderUnavailable(f"somebody is in more than {MOST_GROUPS} groups")
    text = values[0].decode(errors="replace")
    subject = text if text.isprintable() and text.encode() == values[0] else values[0].hex()
    return Person(subject, tuple(sorted(groups)))
