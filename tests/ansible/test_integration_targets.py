"""The collection's own integration targets, against a cloud of simulated hosts."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pextra_client.client import Client
from tests.ansible.installed import SOURCE, Installed
from tests.cli.cloud import RunningCloud

pytestmark = [pytest.mark.xdist_group("ansible-installed"), pytest.mark.timeout(600)]
TARGETS = SOURCE / "tests" / "integration" / "targets"


@pytest.mark.parametrize("target", sorted(path.name for path in TARGETS.iterdir()))
def test_an_integration_target_succeeds_and_leaves_nothing_behind(
    target: str, installed: Installed, cloud: RunningCloud, client: Client, tmp_path: Path
) -> None:
    before = [obj["metadata"]["name"] for obj in client.list("tenant")]
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "roles": [target]}
    path = tmp_path / "target.yml"
    path.write_text(yaml.safe_dump([play]))
    variables = {
        "pextra_endpoints": [cloud.url], "pextra_token": cloud.admin_token, "pextra_image": "system/linux",
        "pextra_flavor": "small", "pextra_tenant": f"it-{target}",
    }  # fmt: skip
    bare = Installed(installed.folder, installed.python, {"ANSIBLE_ROLES_PATH": str(TARGETS)})
    ended = bare.playbook(path, **variables)
    assert ended.code == 0, ended.out
    assert [obj["metadata"]["name"] for obj in client.list("tenant")] == before


def test_a_target_that_fails_still_cleans_up(
    installed: Installed, cloud: RunningCloud, client: Client, tmp_path: Path
) -> None:
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "roles": ["instance"]}
    path = tmp_path / "target.yml"
    path.write_text(yaml.safe_dump([play]))
    variables = {
        "pextra_endpoints": [cloud.url], "pextra_token": cloud.admin_token, "pextra_image": "system/nothing",
        "pextra_flavor": "small", "pextra_tenant": "it-fails",
    }  # fmt: skip
    ended = Installed(installed.folder, installed.python, {"ANSIBLE_ROLES_PATH": str(TARGETS)}).playbook(
        path, **variables
    )
    assert ended.code != 0
    assert client.find("tenant", "it-fails") is None
