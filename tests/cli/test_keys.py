"""`pextra keys`: an operator sees and changes the key of a cloud, from its data folder, while others use it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pextra import serving, wiring
from pextra.cli.up import default_key_source, embedded_database
from pextra.resources import REGISTRY
from pextra.store.database import Database
from pextra.store.secrets import StoredSecret


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "control").mkdir()
    return tmp_path


def keys(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pextra_client", "keys", *arguments, f"--data-dir={folder}"]
    environment = {k: v for k, v in os.environ.items() if k != serving.KEY_SOURCE}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=110, env=environment)


def test_the_key_is_shown_changed_and_its_old_version_destroyed_while_the_cloud_runs(folder: Path) -> None:
    database = Database(embedded_database(folder))
    cloud = wiring.open_site(database, REGISTRY, serving.keeper_for(database, default_key_source(folder))).cloud
    tenant, uid = database.new_uid(), database.new_uid()
    values = {"user_data": ("hunter2", StoredSecret("d", 1))}
    database.write(lambda tx: cloud.keys.put(tx, tenant, uid, values))
    shown = keys(folder, "status")
    assert shown.returncode == 0, shown.stderr
    assert "1 sealed secrets" in shown.stdout
    assert "file:1:" in shown.stdout
    assert "2 data keys" in shown.stdout
    changed = keys(folder, "rotate")
    assert changed.returncode == 0, changed.stderr
    assert "file:2:" in changed.stdout
    assert database.read(lambda tx: cloud.keys.reveal(tx, tenant, uid)) == {"user_data": "hunter2"}
    gone = keys(folder, "forget", "--yes")
    assert gone.stdout.startswith("Destroyed: file:1:")
    assert database.read(lambda tx: cloud.keys.reveal(tx, tenant, uid)) == {"user_data": "hunter2"}
    for said in (shown, changed, gone):
        assert "hunter2" not in said.stdout + said.stderr
    database.close()


def test_where_there_is_no_cloud_nothing_is_made(folder: Path) -> None:
    said = keys(folder, "status")
    assert said.returncode == 1
    assert "There is no cloud" in said.stderr
    assert list((folder / "control").iterdir()) == []


def test_a_lost_key_is_told_without_a_traceback(folder: Path) -> None:
    database = Database(embedded_database(folder))
    wiring.open_site(database, REGISTRY, serving.keeper_for(database, default_key_source(folder)))
    database.close()
    (folder / "control" / serving.KEY_FILE).unlink()
    said = keys(folder, "rotate")
    assert said.returncode == 1
    assert "keys.lost" in said.stderr
    assert "Put it back" in said.stderr
    assert "Traceback" not in said.stderr
