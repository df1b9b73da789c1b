"""Fixtures for every test: databases of each flavour, on servers that the whole run shares.

* `database_url`: URL of a fresh, empty database. A test that takes it runs once for each flavour; with
  `@pytest.mark.parametrize("flavour", ["sqlite", "postgres"], indirect=True)` only for those named.
* `crdbish`: the fault proxy in front of the shared PostgreSQL, new for each test and without random faults.
  With the flavour of that name it is the proxy that `database_url` leads through.
* `postgres_server`, `cockroach_server`: the run's shared servers, for tests that make databases themselves.
* `private_postgres`, `private_cockroach`: servers of the test's own, to kill.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from pextra.serving import KEY_SOURCE
from tests.labs import cockroach, postgres
from tests.labs.cockroach import CockroachCluster, CockroachEndpoint
from tests.labs.crdbish import Crdbish
from tests.labs.databases import Flavour, fresh_database, reason_unavailable
from tests.labs.postgres import PostgresServer
from tests.labs.scratch import scratch_directory
from tests.labs.sharing import SharedServers

# How long an example takes is the machine's affair, and no test's.
settings.register_profile("pextra", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("pextra")

_SERVERS = pytest.StashKey[SharedServers]()
_XDIST_KEY = "pextra_shared_servers"


def pytest_configure(config: pytest.Config) -> None:
    """Gives all processes of the run one directory for the servers that they share."""
    if (worker := getattr(config, "workerinput", None)) is not None:
        directory = Path(worker[_XDIST_KEY])
    else:
        directory = scratch_directory("pextra-tests-")
        directory.chmod(0o711)  # the servers' user passes through
        # A terminated run (`timeout`, a CI job) shall stop its servers as an interrupted one does.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    config.stash[_SERVERS] = SharedServers(directory)
    # one key for all sites of the run, wherever their databases are copied to; child processes inherit it
    os.environ[KEY_SOURCE] = f"file:{directory / 'keys.json'}"


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tells a worker which directory that is; the class of `node`, of pytest-xdist, has no types."""
    node.workerinput[_XDIST_KEY] = str(node.config.stash[_SERVERS].directory)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stops the shared servers once all workers are through with them."""
    if not hasattr(config, "workerinput"):
        config.stash[_SERVERS].stop()


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> PostgresServer:
    """The PostgreSQL server that the whole run shares."""
    _skip_if(postgres.reason_unavailable())
    return request.config.stash[_SERVERS].postgres()


@pytest.fixture(scope="session")
def cockroach_server(request: pytest.FixtureRequest) -> CockroachEndpoint:
    """The CockroachDB that the whole run shares, or that the environment names."""
    _skip_if(cockroach.reason_unavailable())
    return request.config.stash[_SERVERS].cockroach()


@pytest.fixture
def private_postgres() -> Iterator[PostgresServer]:
    """A running PostgreSQL server which the test may kill, pause and restart."""
    _skip_if(postgres.reason_unavailable())
    with PostgresServer() as server:
        yield server


@pytest.fixture
def private_cockroach() -> Iterator[CockroachCluster]:
    """A running three-node CockroachDB whose nodes the test may kill."""
    _skip_if(cockroach.reason_no_cluster())
    with CockroachCluster() as cluster:
        yield cluster


@pytest.fixture
def crdbish(postgres_server: PostgresServer) -> Iterator[Crdbish]:
    """The fault proxy in front of the shared PostgreSQL; faults come only when a test asks for them."""
    with Crdbish(postgres_server.address) as proxy:
        yield proxy


@pytest.fixture(params=list(Flavour))
def flavour(request: pytest.FixtureRequest) -> Flavour:
    """The kind of database that the test runs on."""
    return Flavour(request.param)


@pytest.fixture
def database_url(flavour: Flavour, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The SQLAlchemy URL of a fresh, empty database; it is gone after the test."""
    _skip_if(reason_unavailable(flavour))
    match flavour:
        case Flavour.SQLITE:
            yield f"sqlite:///{tmp_path / 'pextra.db'}"
        case Flavour.POSTGRES:
            server: PostgresServer = request.getfixturevalue("postgres_server")
            with fresh_database(server) as name:
                yield server.url(name)
        case Flavour.CRDBISH:
            proxy: Crdbish = request.getfixturevalue("crdbish")
            with fresh_database(request.getfixturevalue("postgres_server")) as name:
                yield proxy.url(name)
        case Flavour.COCKROACH:
            cluster: CockroachEndpoint = request.getfixturevalue("cockroach_server")
            with fresh_database(cluster) as name:
                yield cluster.url(name)


def _skip_if(reason: str | None) -> None:
    if reason:
        pytest.skip(reason)
