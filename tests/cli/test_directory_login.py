"""The whole way: a real directory, a cloud as it is started, and the command by which people log in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pextra_client.client import Client
from tests.cli.cloud import RunningCloud
from tests.cli.conftest import Pextra
from tests.labs.false_directory import drop, false_directory
from tests.labs.ports import LOOPBACK, free_port
from tests.labs.slapd import GROUPS, PEOPLE, READER, Slapd, is_there, slapd
from tests.labs.waiting import wait_until

pytestmark = [
    pytest.mark.skipif(not is_there(), reason="slapd is not installed"),
    pytest.mark.xdist_group("slapd"),
]
PASSWORD = "analytical engine"


@dataclass(frozen=True)
class Shell:
    """Somebody at a shell, with a configuration of their own.

    Attributes:
        home: where that is.
    """

    home: Path

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run the command."""
        return subprocess.run(
            [sys.executable, "-m", "pextra_client", *arguments],
            env=os.environ | {"XDG_CONFIG_HOME": str(self.home)}, input=stdin,
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip


@dataclass(frozen=True)
class Started:
    """A cloud whose administrator is logged in at a shell.

    Attributes:
        log: what it wrote.
    """

    url: str
    admin: Shell
    log: Path


@pytest.fixture
def directory() -> Iterator[Slapd]:
    with slapd({"countess": PASSWORD}, {"staff": ["countess"]}) as made:
        yield made


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    port, log, admin = free_port(), tmp_path / "up.log", Shell(tmp_path / "admin")
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "pextra_client", "up", "--no-guests", f"--listen={LOOPBACK}:{port}",
             f"--data-dir={tmp_path / 'data'}", f"--identity-host={LOOPBACK}", "--workers=1"],
            env=os.environ | {"XDG_CONFIG_HOME": str(admin.home)}, stdout=sink, stderr=sink,
        )  # fmt: skip
    try:
        wait_until(lambda: process.poll() is not None or "Ctrl-C" in log.read_text(), 60, "the cloud")
        assert process.poll() is None, log.read_text()
        yield Started(f"http://{LOOPBACK}:{port}", admin, log)
    finally:
        process.terminate()
        process.wait(30)


def manifest(there: Slapd) -> str:
    """A tenant whose people are in the directory."""
    documents = [
        {"kind": "tenant", "metadata": {"name": "acme"}, "spec": {}},
        {"kind": "quota", "metadata": {"name": "default"}, "spec": {"unlisted": "unlimited"}},
        {"kind": "secret", "metadata": {"name": "directory"}, "spec": {"data": {"password": READER[1]}}},
        {"kind": "group", "metadata": {"name": "builders"}, "spec": {}},
        {
            "kind": "role_binding",
            "metadata": {"name": "builders"},
            "spec": {"role": "member", "subject": {"kind": "group", "name": "builders"}},
        },
        {
            "kind": "identity_provider",
            "metadata": {"name": "company"},
            "spec": {
                "ldap": {
                    "servers": [f"ldap://{LOOPBACK}:{there.port}"],
                    "authorities": there.authorities,
                    "search": {"base_dn": PEOPLE, "account": {"dn": READER[0], "secret": "directory"}},
                    "groups": {"base_dn": GROUPS},
                },
                "groups": [{"theirs": "staff", "group": "builders"}],
                "provision": True,
            },
        },
    ]
    for each in documents[1:]:
        each["metadata"]["tenant"] = "acme"  # pyright: ignore[reportIndexIssue, reportArgumentType]
    return "---\n".join(json.dumps(each) + "\n" for each in documents)


def test_a_directory_that_is_away_is_asked_once_and_the_command_says_so(
    anonymous: Pextra, cloud: RunningCloud, tenant: str, client: Client
) -> None:
    with false_directory(drop) as there:
        ldap = {"servers": [f"ldap://{LOOPBACK}:{there.port}"], "user_dn": f"uid={{name}},{PEOPLE}"}
        client.put("quota", "default", {"unlisted": "unlimited"})
        client.put("identity_provider", "company", {"ldap": ldap})
        refused = anonymous(
            "login", cloud.url, "--tenant", tenant, "--user", "countess", "--password-stdin", stdin=f"{PASSWORD}\n"
        )
        assert refused.code != 0
        assert "directory of this tenant cannot be asked" in refused.err
        assert there.connections == 1  # each one counts as an attempt


@pytest.mark.slow
def test_who_is_in_the_directory_logs_in_by_the_command_and_has_what_its_groups_have_until_it_is_disabled(
    started: Started, directory: Slapd, tmp_path: Path
) -> None:
    (tmp_path / "acme.yaml").write_text(manifest(directory))
    applied = started.admin.run("apply", "-f", str(tmp_path / "acme.yaml"))
    assert applied.returncode == 0, applied.stderr
    person = Shell(tmp_path / "person")
    login = ("login", started.url, "--tenant", "acme", "--user", "Countess", "--password-stdin")
    wrong = person.run(*login, stdin="difference engine\n")
    assert (wrong.returncode, "login failed" in wrong.stderr) == (5, True)
    done = person.run(*login, stdin=f"{PASSWORD}\n")
    assert done.returncode == 0, done.stderr + started.log.read_text()
    assert "acme/builders" in person.run("whoami", "-o", "json").stdout
    (tmp_path / "net.yaml").write_text('{"kind": "network", "metadata": {"name": "front"}, "spec": {}}')
    made = person.run("apply", "-f", str(tmp_path / "net.yaml"))
    assert made.returncode == 0, made.stderr
    patch = json.loads(started.admin.run("get", "identity_provider", "company", "-t", "acme", "-o", "json").stdout)
    off = {"kind": "identity_provider", "metadata": {"name": "company", "tenant": "acme"}}
    (tmp_path / "off.yaml").write_text(json.dumps(off | {"spec": patch["spec"] | {"enabled": False}}))
    assert started.admin.run("apply", "-f", str(tmp_path / "off.yaml")).returncode == 0
    assert person.run("whoami").returncode == 5
    written = started.log.read_text() + "".join(each.read_text() for each in person.home.rglob("*.yaml"))
    assert PASSWORD not in written
    assert READER[1] not in written
