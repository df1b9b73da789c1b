"""Logging in by the password of a tenant's directory (LDAP).

In a tenant that has a directory, every login that does not succeed by a password that is kept here asks it, for
somebody whom it cannot know when it is not asked for the one who was named: so neither the answer nor the work tells
who has an account here, who there and who nowhere. See backend/adr/0021-directories-are-asked-by-logins.md.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from pextra.declaration.kind import Spec
from pextra.errors import PextraError
from pextra.identity.directory import Account, Directory, Groups, Person, Search, Sought
from pextra.identity.failures import ProviderBusy, ProviderUnavailable
from pextra.identity.ldap import Security, Server
from pextra.services import bounds, identities, provisioning, revealing
from pextra.services.authentication import directory_trust
from pextra.services.cloud import Cloud
from pextra.services.identities import KIND
from pextra.services.sessions import Vouched
from pextra.store import identities as stored
from pextra.store import objects
from pextra.store.database import Tx
from pextra.store.passwords import NOBODY, Candidate
from pextra.store.records import Record

log = logging.getLogger("pextra.identities")

BUSY_S: Final = 5
_PORTS: Final = {"ldaps": 636, "ldap": 389}


@dataclass(frozen=True, slots=True)
class Asking:
    """A tenant's directory, as one login asks it.

    Attributes:
        spec: the provider's, effective.
        directory: None: it cannot be asked, and `lack` says why.
    """

    provider: Record
    spec: Spec
    directory: Directory | None = field(repr=False)
    lack: str = ""


@dataclass(frozen=True, slots=True)
class Providers:
    """The identity providers of the tenant that a login named.

    Attributes:
        directory: the one that is asked; None: none.
        names: those of all directories, enabled or not.
        attempts: so many failed attempts of strangers on one name it may be asked about.
    """

    directory: Record | None
    names: frozenset[str]
    attempts: int | None

    def keep(self, who: Candidate) -> str | None:
        """The name of the directory by whose password alone that user logs in; None: by one that is kept here."""
        identity = who.spec.get("identity")
        name = "" if identity is None else str(identity["provider"]).rpartition("/")[2]
        return name if name in self.names else None


def providers(cloud: Cloud, tx: Tx, who: Candidate) -> Providers:
    """The providers of the tenant that was named; one statement, whether it is there or not."""
    found = [each for each in objects.of_kind(tx, who.tenant_uid or NOBODY, KIND) if "ldap" in each.spec]
    directory = next(filter(identities.is_enabled_directory, found), None)
    spec = None if directory is None else cloud.registry[KIND].effective(directory.spec, directory.spec_version)
    names = frozenset(each.name for each in found)
    return Providers(directory, names, None if spec is None else spec["ldap"]["attempts"])


def asking(cloud: Cloud, tx: Tx, provider: Record) -> Asking:
    """What it takes to ask the directory; from here on the transaction sees what is the tenant's."""
    spec = cloud.registry[KIND].effective(provider.spec, provider.spec_version)
    bounds.only(tx, provider.tenant_uid)
    ldap = spec["ldap"]
    people, lack = ldap.get("user_dn"), ""
    if people is None:
        search = ldap["search"]
        try:
            password = _password(cloud, tx, provider, search["account"])
        except PextraError as error:  # those whose passwords are kept here log in all the same
            password, lack = None, f"{error.code}: {error.message}"
        if password is None:
            return Asking(provider, spec, None, lack or "its account's secret has no such entry, or an empty one")
        account = Account(search["account"]["dn"], password)
        people = Search(account, search["base_dn"], search["attribute"], search["equal"])
    groups = ldap.get("groups")
    directory = Directory(
        servers=tuple(_server(url, ldap) for url in ldap["servers"]),
        people=people,
        subject=ldap["subject_attribute"],
        groups=groups and Groups(groups["base_dn"], groups["member_attribute"], groups["name_attribute"]),
        timeout_s=ldap["timeout_s"],
    )
    return Asking(provider, spec, directory)


def _password(cloud: Cloud, tx: Tx, provider: Record, account: Spec) -> str | None:
    pin = provider.resolved[f"secret/{account['secret']}"]
    return revealing.entry_of(cloud, tx, pin["tenant_uid"], pin["uid"], account["entry"]) or None


def _server(url: str, ldap: Spec) -> Server:
    parts = urlsplit(url)
    security: Security = "ldaps" if parts.scheme == "ldaps" else "none" if ldap["clear_text"] else "starttls"
    return Server(parts.hostname or "", parts.port or _PORTS[parts.scheme], security, ldap.get("authorities"))


def vouched(cloud: Cloud, asked: Asking, who: Candidate, sought: Sought | None, password: str) -> Vouched | None:
    """Whom the directory knows by this password, as a user who may log in; None: nobody.

    Args:
        who: whom the login named here.
        sought: None: not somebody of the directory; it is asked for nobody.

    Raises:
        PextraError: `server.busy`, `identity.unavailable`: the same whoever was named; `quota.exceeded`: the tenant has
            no room for another user.
    """
    person = _ask(cloud, asked, sought, password)
    provider = asked.provider

    def find(tx: Tx) -> Record | None:
        uid = stored.user_of(tx, provider.tenant_uid, provider.uid, person.subject if person is not None else "")
        return objects.by_uid(tx, provider.tenant_uid, uid or NOBODY)

    user = cloud.database.read(find)  # whoever it is, and whether anybody: each refusal reads as much
    if person is None or sought is None:
        return None
    if user is None and who.user_uid is None and asked.spec["provision"]:
        provisioning.ensure_user(cloud, provider, person.subject, sought.name)
        user = cloud.database.read(find)
    if user is None or user.deleting or not user.spec.get("enabled", True) or who.user_uid not in (None, user.uid):
        log.info("%s knows somebody who is no user, or may not log in", _named(provider))
        return None
    mapped = {mapping["theirs"] for mapping in asked.spec["groups"]}
    groups = tuple(sorted(mapped.intersection(person.groups)))
    return Vouched(provider, directory_trust(asked.spec), person.subject, groups, user.uid)


def _ask(cloud: Cloud, asked: Asking, sought: Sought | None, password: str) -> Person | None:
    provider = asked.provider
    try:
        if asked.directory is None:
            raise ProviderUnavailable(asked.lack)
        return cloud.directories.authenticate(provider.tenant_uid, asked.directory, sought, password)
    except ProviderBusy as error:
        message = "Too many logins wait for the directory of this tenant: try again in a moment."
        raise PextraError("server.busy", message, retry_after_s=BUSY_S) from error
    except ProviderUnavailable as error:
        log.warning("%s cannot be asked: %s", _named(provider), error)
        raise PextraError(
            "identity.unavailable",
            "The login failed, and the directory of this tenant cannot be asked now: try again later.",
            retry_after_s=BUSY_S,
        ) from error


def still_stands(cloud: Cloud, tx: Tx, what: Vouched) -> bool:
    """Whether what the directory said is believed still, and of the same user."""
    provider = objects.by_uid(tx, what.provider.tenant_uid, what.provider.uid)
    if provider is None or not identities.is_enabled_directory(provider):
        return False
    spec = cloud.registry[KIND].effective(provider.spec, provider.spec_version)
    uid = stored.user_of(tx, provider.tenant_uid, provider.uid, what.subject)
    return directory_trust(spec) == what.trust and uid == what.user_uid


def _named(provider: Record) -> str:
    return f"identity provider {provider.name} ({provider.uid})"
