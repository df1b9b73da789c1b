"""Further versions of ansible-core and Python: what `make test` does with one of each."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pextra_client.client import Client
from tests.ansible.installed import SOURCE, Installed
from tests.ansible.sanity import AnsibleTest
from tests.cli.cloud import RunningCloud

# Version of ansible-core, and the Python that it needs on the controller.
VERSIONS = [("2.19", "3.11"), ("2.20", "3.12"), ("2.21", "3.12")]
ON_MANAGED_HOSTS = ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


def interpreter(version: str) -> str:
    """The program of a version of Python, or the test is skipped."""
    found = shutil.which(f"python{version}")
    # A version manager may have a program of that name which only says that the version is not chosen.
    if found is None or subprocess.run([found, "-c", ""], check=False, capture_output=True, timeout=30).returncode != 0:
        pytest.skip(f"there is no python{version} on PATH")
    return found


@pytest.fixture(params=VERSIONS, ids=lambda pair: f"core-{pair[0]}")
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Installed:
    core, python = request.param
    return Installed.new(tmp_path, core=f"ansible-core~={core}.0", interpreter=interpreter(python))


def test_a_playbook_checks_does_and_repeats_on_every_supported_version(
    other: Installed, cloud: RunningCloud, client: Client, tenant: str
) -> None:
    connection = {"PEXTRA_ENDPOINT": cloud.url, "PEXTRA_TOKEN": cloud.admin_token, "PEXTRA_TENANT": tenant}
    installed = Installed(other.folder, other.python, connection)
    network = {"kind": "network", "metadata": {"name": "front"}}
    path = installed.tasks(
        "play",
        [
            {"pextra.cloud.apply": {"definition": [network]}},
            {"pextra.cloud.instance": {"name": "web", "flavor": "small", "image": "system/linux"}},
            {"pextra.cloud.volume": {"name": "data", "size_gib": 1}},
        ],
    )
    check = installed.playbook(path, "--check")
    real = installed.playbook(path)
    assert check.counts["changed"] == real.counts["changed"] == 3, check.out + real.out
    assert check.shown == real.shown
    assert installed.playbook(path).counts["changed"] == 0
    source = installed.folder / "here.pextra.yml"
    source.write_text("plugin: pextra.cloud.pextra\n")
    listed = installed.command("ansible-inventory", "-i", source, "--graph")
    assert "|--web" in listed.out
    assert "@status_running" in listed.out


def test_sanity_is_clean_on_every_supported_version(other: Installed, tmp_path: Path) -> None:
    version = f"{other.command('python', '-c', 'import sys; print(*sys.version_info[:2], sep=chr(46))').out.strip()}"
    ended = AnsibleTest(tmp_path / "copy", other.python.parent).run(
        "sanity", "--local", "--python", version, timeout_s=1000
    )
    assert ended.code == 0, ended.out


@pytest.mark.parametrize("version", ON_MANAGED_HOSTS)
def test_modules_compile_and_import_on_every_python_of_managed_hosts(version: str, tmp_path: Path) -> None:
    interpreter(version)
    ended = AnsibleTest(tmp_path).run(
        "sanity", "--local", "--python", version, "--test", "compile", "--test", "import", "plugins/modules/",
        "plugins/module_utils/", timeout_s=1000,
    )  # fmt: skip
    assert ended.code == 0, ended.out


def test_the_collection_s_unit_tests_pass_under_ansible_test(tmp_path: Path) -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    ended = AnsibleTest(tmp_path).run("units", "--venv", "--python", version)
    assert ended.code == 0, ended.out
    assert "passed" in ended.out


def test_the_integration_targets_pass_under_ansible_test(cloud: RunningCloud, tmp_path: Path) -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    copied = AnsibleTest(tmp_path)
    settings = {
        "pextra_endpoints": [cloud.url], "pextra_token": cloud.admin_token, "pextra_image": "system/linux",
        "pextra_flavor": "small",
    }  # fmt: skip
    (copied.copy() / "tests" / "integration" / "integration_config.yml").write_text(yaml.safe_dump(settings))
    ended = copied.run("integration", "--venv", "--python", version, "--allow-unsupported")
    assert ended.code == 0, ended.out
    assert ended.out.count("PLAY RECAP") == len(list((SOURCE / "tests" / "integration" / "targets").iterdir()))
