"""Who somebody is by the password that a directory (LDAP) knows them by."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from pextra.identity.failures import ProviderUnavailable
from pextra.identity.ldap import TIMEOUT_S, Connection, Entry, Server, connected, escaped
from pextra.identity.outbound import Outbound

MOST_GROUPS: Final = 1_000
MOST_PASSWORD: Final = 1_024
MOST_SUBJECT: Final = 255
NAME: Final = "{name}"
"""Stands for what somebody calls themselves, in the pattern of a distinguished name."""
_FIT: Final = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,254}")
_BINARY: Final = frozenset({"objectguid", "guid"})
"""Attributes whose values are no text, whatever a single value looks like."""


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
        servers: alike; the next one is asked when one cannot be.
        people: how they are found, or a pattern of their names: `uid={name},ou=people,dc=example,dc=com`.
        subject: the attribute that never changes and is never given to another: `entryUUID`, `objectGUID`.
        groups: None: what `memberOf` says.
        timeout_s: for all that is asked of all servers together, but for the resolution of their names.
    """

    servers: tuple[Server, ...]
    people: Search | str
    subject: str = "entryUUID"
    groups: Groups | None = None
    timeout_s: float = TIMEOUT_S


@dataclass(frozen=True, slots=True)
class Sought:
    """Whom somebody says that they are.

    Attributes:
        name: what they call themselves, `folded`.
        subject: who they would be there, where that is known.
    """

    name: str
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody is there.

    Attributes:
        subject: never given to another; of an attribute that is no text, in hexadecimal.
        groups: their names, or with `memberOf` their distinguished names.
    """

    subject: str
    groups: tuple[str, ...]


def folded(name: str) -> str:
    """The one way to write a name: directories take capitals for small letters, and attempts are counted by names."""
    return name.lower()


def authenticate(outbound: Outbound, directory: Directory, sought: Sought | None, password: str) -> Person | None:
    """Who that is; None: nobody, or the password is wrong, for which as much is asked.

    Args:
        sought: None: nobody is, and the directory is asked as if, for somebody whom it cannot know.

    Raises:
        ProviderUnavailable: the directory cannot be asked, or does not let us look.
    """
    if not 0 < len(password.encode(errors="replace")) <= MOST_PASSWORD or "\0" in password:
        return None  # an empty password would bind as nobody, and succeed
    if sought is None or not _FIT.fullmatch(sought.name):
        sought, password = Sought(secrets.token_hex(16)), secrets.token_hex(16)
    until = time.monotonic() + directory.timeout_s
    trial = _Trial(directory, sought, password)
    for left in range(len(directory.servers), 0, -1):
        share_s = (until - time.monotonic()) / left
        try:
            with connected(outbound, directory.servers[-left], timeout_s=share_s) as connection:
                return trial.run(connection)
        except ProviderUnavailable:
            if trial.shown or left == 1:  # a password is shown once: the directory counts, too
                raise
    raise ProviderUnavailable("the directory has no servers")


@dataclass(slots=True)
class _Trial:
    """One attempt to be somebody.

    Attributes:
        shown: a server may have seen the password.
    """

    directory: Directory
    sought: Sought
    password: str = field(repr=False)
    shown: bool = False

    def run(self, connection: Connection) -> Person | None:
        people = self.directory.people
        if isinstance(people, str):
            return self._by_name(connection, people.replace(NAME, escaped(self.sought.name)))
        return self._by_search(connection, people)

    def _by_name(self, connection: Connection, dn: str) -> Person | None:
        """The entry itself reads what it is."""
        if not self._knows(connection, dn):
            return None
        found = connection.search(dn, {}, self._wanted, limit=1, only_base=True)
        person = self._person(connection, found[0]) if len(found) == 1 else None
        return person if person is not None and self.sought.subject in (None, person.subject) else None

    def _by_search(self, connection: Connection, search: Search) -> Person | None:
        """We look for the entry, it shows that it knows its password, and we read what it is."""
        _bind_ours(connection, search.account)
        found = connection.search(search.base, {**search.equal, **self._condition(search)}, self._wanted, limit=1)
        # who is not there is asked for a password too: the time that it takes tells nobody who is
        known = len(found) == 1
        nobody = f"cn={escaped(self.sought.name)},{search.base}"
        if not self._knows(connection, found[0].dn if known else nobody) or not known:
            return None
        if self.directory.groups is not None:
            _bind_ours(connection, search.account)
        return self._person(connection, found[0])

    def _condition(self, search: Search) -> dict[str, str | bytes]:
        if self.sought.subject is None:
            return {search.attribute: self.sought.name}
        attribute = self.directory.subject
        return {attribute: _bytes_of(attribute, self.sought.subject)}

    def _knows(self, connection: Connection, dn: str) -> bool:
        self.shown = True
        return connection.bind(dn, self.password)

    @property
    def _wanted(self) -> list[str]:
        return [self.directory.subject, *([] if self.directory.groups else ["memberOf"])]

    def _person(self, connection: Connection, entry: Entry) -> Person:
        groups = _groups(connection, self.directory.groups, entry)
        if len(groups) > MOST_GROUPS:
            raise ProviderUnavailable(f"somebody is in more than {MOST_GROUPS} groups")
        return Person(_subject(self.directory.subject, entry), tuple(sorted(groups)))


def _bytes_of(attribute: str, subject: str) -> bytes:
    """The value of which the subject was made; of no value something that nobody has."""
    if attribute.lower() in _BINARY:
        with suppress(ValueError):
            return bytes.fromhex(subject)
    return subject.encode()


def _bind_ours(connection: Connection, account: Account) -> None:
    if not connection.bind(account.dn, account.password):
        raise ProviderUnavailable("the directory does not take the password of the account that searches")


def _groups(connection: Connection, where: Groups | None, entry: Entry) -> tuple[str, ...]:
    if where is None:
        return entry.texts("memberOf")
    found = connection.search(where.base, {where.member: entry.dn}, [where.name], limit=MOST_GROUPS)
    return tuple(text for group in found for text in group.texts(where.name))


def _subject(attribute: str, entry: Entry) -> str:
    values = entry.attributes.get(attribute.lower(), ())
    if len(values) != 1 or not 0 < len(values[0]) <= MOST_SUBJECT:
        raise ProviderUnavailable(f"an entry does not have {attribute} once: name what never changes")
    text = values[0].decode(errors="replace")
    is_text = attribute.lower() not in _BINARY and text.isprintable() and text.encode() == values[0]
    subject = text if is_text else values[0].hex()
    if len(subject) > MOST_SUBJECT:
        raise ProviderUnavailable(f"{attribute} of an entry is too long")
    return subject
