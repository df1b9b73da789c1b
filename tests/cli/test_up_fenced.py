"""`pextra up` on PostgreSQL in two roles, by the commands of docs/access.md: its API is behind the fence."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pytest
from sqlalchemy import URL, NullPool, create_engine, make_url, text

from pextra_client.client import Client
from pextra_client.config import Profiles
from tests.labs.databases import fresh_database
from tests.labs.ports import LOOPBACK, free_port
from tests.labs.postgres import PostgresServer
from tests.labs.waiting import wait_until
from tests.store.two_roles import new_roles

COMMAND: Final = (sys.executable, "-m", "pextra_client")


@dataclass(frozen=True)
class FencedCloud:
    """A cloud whose API and whose loops reach the database in roles of their own."""

    url: str
    token: str
    api_role: str
    loops_role: str
    owner: URL


def _run(*arguments: str, environment: dict[str, str]) -> str:
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _shown(url: URL) -> str:
    return url.render_as_string(hide_password=False)


@pytest.fixture(scope="module")
def cloud(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FencedCloud]:
    """One cloud for these tests, without guests of its own."""
    folder = tmp_path_factory.mktemp("fenced")
    environment = os.environ | {"XDG_CONFIG_HOME": str(folder / "config")}
    log, port = folder / "up.log", free_port()
    with fresh_database(postgres_server) as name:
        owner = make_url(postgres_server.url(name))
        with new_roles(owner) as (api_role, loops_role):
            roles = (f"--api-role={api_role}", f"--loops-role={loops_role}")
            _run("database", "grant-roles", *roles, f"--database-url={_shown(owner)}", environment=environment)
            with log.open("wb") as sink:
                process = subprocess.Popen(
                    [*COMMAND, "up", "--no-guests", f"--listen={LOOPBACK}:{port}", f"--data-dir={folder / 'data'}",
                     f"--database-url={_shown(owner.set(username=loops_role))}",
                     f"--api-database-url={_shown(owner.set(username=api_role))}", "--workers=1"],
                    env=environment, stdout=sink, stderr=sink,
                )  # fmt: skip
            try:
                wait_until(lambda: process.poll() is not None or "Ctrl-C" in log.read_text(), 60, "the cloud")
                assert process.poll() is None, log.read_text()
                settings = Profiles(folder / "config" / "pextra" / "config.yaml").get("local")
                assert settings is not None
                assert settings.token is not None
                yield FencedCloud(f"http://{LOOPBACK}:{port}", settings.token, api_role, loops_role, owner)
            finally:
                process.terminate()
                process.wait(30)


def _sessions(cloud: FencedCloud) -> set[str]:
    """The roles in which somebody is connected."""
    engine = create_engine(cloud.owner, poolclass=NullPool)
    with engine.connect() as connection:
        asked = text("SELECT DISTINCT usename FROM pg_stat_activity WHERE datname = current_database()")
        return set(connection.execute(asked).scalars())


def test_each_part_of_the_cloud_is_connected_in_its_own_role(cloud: FencedCloud) -> None:
    with Client(cloud.url, cloud.token) as client:
        client.whoami()
    assert {cloud.api_role, cloud.loops_role} <= _sessions(cloud)


def test_a_tenant_works_behind_the_fence_from_its_instance_to_its_audit_log(cloud: FencedCloud) -> None:
    with Client(cloud.url, cloud.token) as admin:
        for tenant in ("acme", "globex"):
            admin.put("tenant", tenant, {})
            admin.put("quota", "default", {"unlisted": "unlimited"}, tenant=tenant)
        admin.put("user", "ada", {}, tenant="acme")
        binding = {"role": "owner", "subject": {"kind": "user", "name": "ada"}}
        admin.put("role_binding", "ada", binding, tenant="acme")
        token = admin.put("api_token", "ada", {"user": "ada"}, tenant="acme").get("minted", {})["token"]
        admin.put("network", "theirs", {}, tenant="globex")
        admin.put("flavor", "small", {"vcpus": 1, "memory_mib": 512, "disk_gib": 1})
        admin.put("host", "sim-1", {"driver": "sim"})
    with Client(cloud.url, token, tenant="acme") as ada:
        with ada.watch(kind="instance", position=ada.page("instance").position) as watch:
            ada.put("instance", "web", {"flavor": "small", "image": "system/sim-linux"})
            assert next(event.name for event in watch if event.object is not None) == "web"
        assert ada.wait_ready("instance", "web", timeout_s=60).get("status", {}).get("power") == "running"
        assert ada.find("network", "theirs", tenant="globex") is None
        wait_until(lambda: any(each["action"] == "instance.create" for each in ada.audit().entries()), 30, "the seal")


def test_the_role_of_the_api_is_bound_and_check_fence_says_so(cloud: FencedCloud) -> None:
    url = _shown(cloud.owner.set(username=cloud.api_role))
    assert "fence" in _run("database", "check-fence", f"--database-url={url}", environment=dict(os.environ))
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM resource WHERE kind = 'network'")).scalar() == 0
