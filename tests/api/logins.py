"""Logging in to a site, with hashes that cost nothing."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Final

from flask import Flask

from pextra.api.settings import ApiSettings
from pextra.services.password_hashing import HashingSettings
from pextra.store.database import Database
from tests.api.caller import Answer, Caller
from tests.api.site import Site

PASSWORD: Final = "violet tractor meadow"
ADA: Final = "tenants/acme/users/ada"
CHEAP: Final = HashingSettings(memory_kib=8, passes=1, at_once=4, waiting=64)
HERE: Final = "192.0.2.7"


def server(site: Site, *, hashing: HashingSettings = CHEAP, database: Database | None = None) -> Flask:
    """A server of the site that believes whatever address it is told, so that a test can come from anywhere."""
    settings = ApiSettings(hashing=hashing, trusted_proxies=(ip_network("127.0.0.0/8"),))
    return site.another_app(settings, database)


def set_password(site: Site, app: Flask, password: str = PASSWORD, path: str = ADA) -> None:
    """Set somebody's password, as the administrator."""
    site.caller(site.tokens["admin"], app).act(path, "set_password", {"password": password}).ok()


def log_in(
    app: Flask, password: str = PASSWORD, *, user: str = "ada", tenant: str = "acme", at: str = HERE, new: str = ""
) -> Answer:
    """Try to log in from an address."""
    body = {"tenant": tenant, "user": user, "password": password} | ({"new_password": new} if new else {})
    return Caller(app, None).send("POST", "login", body=body, headers={"X-Forwarded-For": at})


def session(app: Flask, password: str = PASSWORD, *, at: str = HERE) -> Caller:
    """Ada with a new session."""
    return Caller(app, log_in(app, password, at=at).ok()["minted"]["token"])
