"""Sites to call.

* `site`: on SQLite, for what the database has no part in.
* `any_site`: the same on every flavour of database.
* `fenced_site`: on PostgreSQL, its API in the role that the database's fence binds.
* `compared_site`: the same, and each test that takes it shows that the fence hides nothing which the API asks for.
* `both`: a site on SQLite where two tenants have the same, for all tests of a module, which change nothing of it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from sqlalchemy import make_url

from pextra import wiring
from pextra.declaration.registry import Registry
from pextra.resources import REGISTRY
from pextra.store.database import Database
from tests.api import strangers
from tests.api.same_rows import SameRows
from tests.api.site import Site
from tests.api.templates import PostgresTemplate, SqliteTemplate, Tokens, make_site
from tests.labs import oidc
from tests.labs.crdbish import Crdbish
from tests.labs.databases import Flavour, reason_unavailable
from tests.labs.postgres import PostgresServer
from tests.store.clock import ManualClock
from tests.store.two_roles import new_roles


class OpenSite(Protocol):
    """Opens the site in a database, with these kinds."""

    def __call__(self, url: str, tokens: Tokens, registry: Registry = ...) -> Site: ...


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> SqliteTemplate:
    """A new site on SQLite, to be copied."""
    return SqliteTemplate(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> Iterator[PostgresTemplate]:
    """A new site on PostgreSQL, to be copied."""
    template = PostgresTemplate(postgres_server, through_proxy=False)
    yield template
    template.drop()


@pytest.fixture(scope="session")
def crdbish_template(postgres_server: PostgresServer) -> Iterator[PostgresTemplate]:
    """A new site as CockroachDB's dialect makes it, to be copied."""
    template = PostgresTemplate(postgres_server, through_proxy=True)
    yield template
    template.drop()


@pytest.fixture
def open_site(tmp_path: Path) -> Iterator[OpenSite]:
    """Opens the site in a database, and closes it after the test."""
    opened: list[Database] = []

    def open_(url: str, tokens: Tokens, registry: Registry = REGISTRY) -> Site:
        clock = ManualClock()
        clock.advance(60.0)
        database = Database(url, clock=clock, rng=random.Random(url), durable=False)
        opened.append(database)
        return Site(database, clock, tokens, registry, depot=tmp_path / "depot")

    yield open_
    for database in opened:
        database.close()


@pytest.fixture
def site(sqlite_template: SqliteTemplate, tmp_path: Path, open_site: OpenSite) -> Site:
    """A new site on SQLite."""
    return open_site(sqlite_template.copy(tmp_path / "site.db"), sqlite_template.tokens)


@pytest.fixture(scope="module")
def both(sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site on SQLite where two tenants have the same, for all tests of a module, which change nothing of it."""
    with strangers.opened(sqlite_template, tmp_path_factory.mktemp("both")) as site:
        yield site


@pytest.fixture
def site_url(flavour: Flavour, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[str, Tokens]]:
    """The URL of a database with a new site, and its tokens; once for each flavour."""
    if reason := reason_unavailable(flavour):
        pytest.skip(reason)
    match flavour:
        case Flavour.SQLITE:
            template: SqliteTemplate = request.getfixturevalue("sqlite_template")
            yield template.copy(tmp_path / "site.db"), template.tokens
        case Flavour.POSTGRES:
            server: PostgresServer = request.getfixturevalue("postgres_server")
            direct: PostgresTemplate = request.getfixturevalue("postgres_template")
            with direct.copy() as name:
                yield server.url(name), direct.tokens
        case Flavour.CRDBISH:
            proxy: Crdbish = request.getfixturevalue("crdbish")
            proxied: PostgresTemplate = request.getfixturevalue("crdbish_template")
            with proxied.copy() as name:
                yield proxy.url(name), proxied.tokens
        case Flavour.COCKROACH:
            url: str = request.getfixturevalue("database_url")
            yield url, make_site(url)


@pytest.fixture(scope="session")
def fenced_template(postgres_server: PostgresServer) -> Iterator[tuple[PostgresTemplate, str]]:
    """A new site on PostgreSQL with its fence up, to be copied, and the role that the fence binds."""
    template = PostgresTemplate(postgres_server, through_proxy=False)
    with new_roles(make_url(template.url)) as (api_role, loops_role):
        owner = Database(template.url)
        wiring.grant_roles(owner, api_role=api_role, loops_role=loops_role)
        owner.close()
        yield template, api_role
    template.drop()


@pytest.fixture
def fenced_site(
    postgres_server: PostgresServer, fenced_template: tuple[PostgresTemplate, str], tmp_path: Path
) -> Iterator[Site]:
    """A new site on PostgreSQL whose API is bound by the fence."""
    template, role = fenced_template
    with template.copy() as name:
        url, clock = postgres_server.url(name), ManualClock()
        clock.advance(60.0)
        # sessions are the owner's, in the fenced role from their start: `SameRows` leaves it, the API never does
        served = Database(f"{url}?options=-c%20role%3D{role}", clock=clock, rng=random.Random(f"{url} served"))
        database = Database(url, clock=clock, rng=random.Random(url))
        try:
            yield Site(database, clock, template.tokens, depot=tmp_path / "depot", served=served)
            assert served.fenced
        finally:
            served.close()
            database.close()


@pytest.fixture
def compared_site(fenced_site: Site, fenced_template: tuple[PostgresTemplate, str]) -> Iterator[Site]:
    """The same; at its end it is shown that the fence hid nothing that the API asked for."""
    same = SameRows(fenced_site.served.database.engine, fenced_template[1])
    yield fenced_site
    assert same.compared > 0
    assert not same.differences, "\n".join(same.differences)


@pytest.fixture
def any_site(site_url: tuple[str, Tokens], open_site: OpenSite) -> Site:
    """A new site; once for each flavour of database."""
    return open_site(*site_url)


@pytest.fixture(scope="module")
def issuer_keys() -> list[Any]:
    """What an OpenID Connect provider signs with: making them takes a while."""
    return oidc.new_keys()


@pytest.fixture(scope="module")
def running_issuer() -> Iterator[oidc.Provider]:
    """A provider, for all tests of a module."""
    with oidc.provider() as made:
        yield made


@pytest.fixture
def idp(running_issuer: oidc.Provider, issuer_keys: list[Any]) -> oidc.Provider:
    """The provider as it is at first."""
    running_issuer.keys, running_issuer.jwks = list(issuer_keys), None
    running_issuer.calls.clear()
    running_issuer.discovery.clear()
    running_issuer.faults.clear()
    return running_issuer
