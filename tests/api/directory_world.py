"""A directory that a tenant's logins ask, and the tenant's site."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from flask import Flask

from pextra.identity import directory
from pextra.identity.directories import Directories
from pextra.identity.directory import Directory, Sought
from pextra.identity.ldap import Server
from pextra.identity.outbound import Outbound
from pextra.store.database import Database
from tests.api.caller import Answer, Caller
from tests.api.logins import HERE, log_in, server
from tests.api.site import Site
from tests.labs.ports import LOOPBACK
from tests.labs.slapd import GROUPS, PEOPLE, READER, Slapd

COMPANY: Final = "tenants/acme/identity_providers/company"
LOVELACE: Final = "tenants/acme/users/lovelace"
PASSWORDS: Final = {
    "countess": "analytical engine",
    "grace": "compiler of cobol",
    "hedy": "frequency hopping",
    "ada": "somebody else's",
}
STAFF: Final = {"staff": ["countess", "grace"], "ops": ["countess"]}


@dataclass
class Office:
    """A site that may ask the directory; its tenant `acme` does."""

    site: Site
    slapd: Slapd
    app: Flask

    def ldap(self, **changed: Any) -> dict[str, Any]:
        """How the tenant asks."""
        said = {
            "servers": [f"ldaps://{LOOPBACK}:{self.slapd.tls_port}"],
            "authorities": self.slapd.authorities,
            "search": {
                "base_dn": PEOPLE,
                "equal": {"objectClass": "inetOrgPerson"},
                "account": {"dn": READER[0], "secret": "directory"},
            },
            "groups": {"base_dn": GROUPS},
            **changed,
        }
        return {name: value for name, value in said.items() if value is not None}

    def trust(self, ldap: dict[str, Any] | None = None, **spec: Any) -> Answer:
        """Have the tenant believe it."""
        return self.site.ada.put(COMPANY, {"ldap": ldap or self.ldap(), **spec})

    def subject(self, name: str) -> str:
        """Who that is there."""
        there = Directory(
            (Server(LOOPBACK, self.slapd.tls_port, "ldaps", self.slapd.authorities),), f"uid={{name}},{PEOPLE}"
        )
        person = directory.authenticate(Outbound([LOOPBACK]), there, Sought(name), PASSWORDS[name])
        assert person is not None
        return person.subject

    def log_in(self, user: str, password: str | None = None, **how: Any) -> Answer:
        """Try to log in; by default with the directory's password."""
        return log_in(self.app, PASSWORDS[user] if password is None else password, user=user, **how)

    def session(self, user: str, password: str | None = None, *, at: str = HERE) -> Caller:
        """Somebody with a new session."""
        return Caller(self.app, self.log_in(user, password, at=at).ok()["minted"]["token"])


def may_ask(site: Site, *hosts: str, patience_s: float = 2.0) -> None:
    """Have servers of the site ask directories on these hosts alone; by default on loopback."""
    asked = Directories(Outbound(hosts or [LOOPBACK]), patience_s=patience_s)
    site.cloud = replace(site.cloud, directories=asked)


def office(site: Site, slapd: Slapd, database: Database | None = None) -> Office:
    """`acme` believes the directory, where its user `lovelace` is `countess`."""
    may_ask(site)
    made = Office(site, slapd, server(site, database=database))
    site.ada.put("tenants/acme/secrets/directory", {"data": {"password": READER[1]}}).ok()
    made.trust().ok()
    identity = {"provider": "company", "subject": made.subject("countess")}
    site.ada.put(LOVELACE, {"identity": identity}).ok()
    return made
