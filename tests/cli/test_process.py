from __future__ import annotations

import os
import signal
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import typer

from pextra_client.cli import plugins
from pextra_client.client import Client
from tests.cli.cloud import RunningCloud
from tests.cli.conftest import Pextra

ROOT = Path(__file__).parents[2]


def start(cloud: RunningCloud, tenant: str, *arguments: str) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "PEXTRA_ENDPOINT": cloud.url,
        "PEXTRA_TOKEN": cloud.admin_token,
        "PEXTRA_TENANT": tenant,
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "pextra_client", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_watching_shows_changes_as_they_happen_and_ctrl_c_ends_it_cleanly(
    cloud: RunningCloud, client: Client, tenant: str
) -> None:
    client.put("network", "first", {})
    process = start(cloud, tenant, "get", "network", "--watch", "-o", "json")
    assert process.stdout is not None
    assert '"first"' in process.stdout.readline()
    client.put("network", "second", {})
    assert '"second"' in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (130, "", "")


def test_a_reader_that_goes_early_is_no_failure_to_tell_of(cloud: RunningCloud, client: Client, tenant: str) -> None:
    for number in range(30):
        client.put("volume", f"v{number}", {"size_gib": 1}, annotations={"note": "x" * 3000})
    process = start(cloud, tenant, "get", "volumes", "-o", "json")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    process.wait(20)
    process.stderr.close()
    assert process.returncode == 1


def test_completion_scripts_are_for_the_shell_that_is_named(cloud: RunningCloud, tenant: str) -> None:
    out, _ = start(cloud, tenant, "completion", "bash").communicate(timeout=20)
    assert "_PEXTRA_COMPLETE" in out
    assert subprocess.run(["bash", "-n"], input=out, text=True, check=False).returncode == 0


def greet(name: str) -> None:
    """Greets."""
    typer.echo(f"hello {name}")


@pytest.fixture
def points(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        EntryPoint("greet", f"{__name__}:greet", plugins.GROUP),
        EntryPoint("broken", "there.is.no.such.module:verb", plugins.GROUP),
        EntryPoint("get", f"{__name__}:greet", plugins.GROUP),
    ]

    def entry_points(group: str) -> list[EntryPoint]:
        return found if group == plugins.GROUP else []

    monkeypatch.setattr(plugins, "entry_points", entry_points)


@pytest.mark.usefixtures("points")
def test_other_packages_add_verbs_and_replace_none(anonymous: Pextra) -> None:
    assert anonymous("greet", "you").out == "hello you\n"
    assert "KIND" in anonymous("get", "--help").out
    assert "greet" in anonymous("--help").out


@pytest.mark.usefixtures("points")
def test_a_package_that_cannot_be_loaded_harms_only_its_own_verb(anonymous: Pextra) -> None:
    assert anonymous("--help").code == 0
    result = anonymous("broken")
    assert result.code == 1
    assert "cannot be loaded" in result.err
