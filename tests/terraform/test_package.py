"""The archive that is built: installed by `init` from a mirror, and no Python needed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pextra_client import Client
from tests.terraform.engine import ROOT, Stack


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_init_installs_the_built_provider_from_a_mirror_and_it_works(
    tmp_path: Path, stack: Stack, client: Client
) -> None:
    pytest.importorskip("PyInstaller", reason="PyInstaller is not installed: pip install pextra[package]")
    built = tmp_path / "built"
    builder = ROOT / "scripts" / "build-terraform-provider.py"
    subprocess.run([sys.executable, builder, built], check=True, cwd=ROOT)
    mirror = f'filesystem_mirror {{ path = "{built / "mirror"}" }}'
    (stack.folder / "cli.tfrc").write_text(f"provider_installation {{ {mirror} }}\n")
    stack.write({"network.front": {"name": "front", "description": "by the archive"}})
    done = stack.run("init")
    assert done.status == 0, done.output
    stack.apply()
    assert client.get("network", "front")["spec"]["description"] == "by the archive"
    assert not stack.plan().changes
    stack.destroy()
    shutil.rmtree(built)


@pytest.mark.slow
def test_the_example_is_made_planned_empty_and_destroyed(stack: Stack, client: Client) -> None:
    shutil.copy(ROOT / "examples" / "terraform" / "main.tf", stack.folder)
    tenant = f"-var=tenant=shop-{client.tenant}"
    done = stack.run("apply", "-auto-approve", tenant)
    assert done.status == 0, done.output
    assert "10.1.0." in done.output
    assert stack.run("plan", "-detailed-exitcode", tenant).status == 0
    assert stack.run("destroy", "-auto-approve", tenant).status == 0
    assert client.find("tenant", f"shop-{client.tenant}") is None
