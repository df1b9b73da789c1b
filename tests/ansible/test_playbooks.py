"""The playbooks, run as users run them: first checked, then for real, then again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pextra_client.client import Client
from tests.ansible.installed import ROOT, Installed
from tests.cli.cloud import RunningCloud

# One environment, one cloud: what it costs to set up is paid once.
pytestmark = [pytest.mark.xdist_group("ansible-installed"), pytest.mark.timeout(600)]
PLAYBOOKS = ROOT / "playbooks"


def check_run_again(installed: Installed, name: str, **variables: Any) -> int:
    """Runs a playbook three times; how many tasks changed something. What the check shows is what the run shows."""
    path = PLAYBOOKS / f"{name}.yml"
    check = installed.playbook(path, "--check", **variables)
    assert check.code == 0, check.out
    real = installed.playbook(path, **variables)
    assert real.code == 0, real.out
    assert check.shown == real.shown
    again = installed.playbook(path, **variables)
    assert again.code == 0, again.out
    assert again.counts["changed"] == 0, again.out
    return real.counts["changed"]


def test_a_tenant_is_onboarded_gets_an_application_is_resized_and_is_offboarded(
    installed: Installed, client: Client
) -> None:
    tenant = "onboarded"
    assert check_run_again(installed, "tenant_onboarding", tenant=tenant, owner="ada") == 1
    assert client.find("role_binding", "ada-owner", tenant=tenant) is not None

    application = {"tenant": tenant, "image": "system/linux", "database_gib": 2, "web_servers": 1, "app_servers": 1}
    assert check_run_again(installed, "three_tier_application", **application) == 1
    running = {obj["metadata"]["name"]: obj for obj in client.list("instance", tenant=tenant)}
    assert sorted(running) == ["shop-app-1", "shop-db-1", "shop-web-1"]
    assert {obj["status"]["power"] for obj in running.values()} == {"running"}  # pyright: ignore[reportTypedDictNotRequiredAccess]

    resize = {"tenant": tenant, "instance": "shop-db-1", "flavor": "large", "volume": "shop-db", "size_gib": 3}
    assert check_run_again(installed, "day2_resize", **resize) == 2
    assert client.get("instance", "shop-db-1", tenant=tenant)["spec"]["flavor"] == "large"

    unconfirmed = installed.playbook(PLAYBOOKS / "tenant_offboarding.yml", tenant=tenant)
    assert unconfirmed.code != 0
    assert client.get("tenant", tenant)["spec"]["suspended"] is False
    assert check_run_again_of_offboarding(installed, tenant) == 2
    assert client.find("tenant", tenant) is None


def test_a_gpu_cluster_is_made_shrunk_and_found_by_its_model(installed: Installed, client: Client, tenant: str) -> None:
    cluster = {"tenant": tenant, "profile": "h100", "flavor": "small", "image": "system/linux"}
    assert check_run_again(installed, "gpu_cluster", **cluster) == 1
    nodes = {obj["metadata"]["name"]: obj for obj in client.list("instance", tenant=tenant)}
    given = [gpu["address"] for obj in nodes.values() for gpu in obj.get("status", {})["gpus"]]
    assert (sorted(nodes), len(given), len(set(given))) == (["training-1", "training-2"], 8, 8)
    source = installed.folder / f"{tenant}.pextra.yml"
    source.write_text(f"{{plugin: pextra.cloud.pextra, tenants: [{tenant}], hosts: true}}")
    listed = installed.command("ansible-inventory", "-i", source, "--list")
    assert listed.code == 0, listed.out
    assert {*nodes, "gpu-1"} <= set(json.loads(listed.out)["gpu_h100_80gb_hbm3"]["hosts"])
    assert check_run_again(installed, "gpu_cluster", **cluster, nodes=1) == 1
    assert [obj["metadata"]["name"] for obj in client.list("instance", tenant=tenant)] == ["training-1"]


def test_the_owner_s_first_password_is_written_down_once(
    installed: Installed, client: Client, cloud: RunningCloud, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    path, variables = PLAYBOOKS / "tenant_onboarding.yml", {"tenant": "handed-over", "owner": "ada"}
    made = installed.playbook(path, **variables, password_file=str(file))
    assert made.code == 0, made.out
    password = file.read_text().strip()
    assert password not in made.out
    assert file.stat().st_mode & 0o777 == 0o600
    assert installed.playbook(path, **variables, password_file=str(file)).counts["changed"] == 0
    assert file.read_text().strip() == password
    with Client(cloud.url) as anonymous:
        session = anonymous.login("handed-over", "ada", password, new_password="four random words and more")
    assert session["minted"]["token"]


def check_run_again_of_offboarding(installed: Installed, tenant: str) -> int:
    """As for the others, but that the confirmation is asked for in the real run only."""
    path = PLAYBOOKS / "tenant_offboarding.yml"
    check = installed.playbook(path, "--check", tenant=tenant)
    real = installed.playbook(path, tenant=tenant, confirm=tenant)
    assert real.code == 0, real.out
    assert check.counts["changed"] == real.counts["changed"]
    assert '"instance": 3' in check.shown, "the diff counts what goes along"
    again = installed.playbook(path, tenant=tenant, confirm=tenant)
    assert again.counts["changed"] == 0, again.out
    return real.counts["changed"]


def test_a_credential_is_rotated_once_a_rotation(
    installed: Installed, client: Client, tenant: str, tmp_path: Path
) -> None:
    client.put("service_account", "deployer", {}, tenant=tenant)
    # In check mode nothing is minted and therefore nothing handed over.
    path, file = PLAYBOOKS / "day2_rotate_credentials.yml", tmp_path / "token"
    variables = {"tenant": tenant, "service_account": "deployer", "credential_file": str(file)}
    tokens: list[str] = []
    for rotation in ("a", "b"):
        check = installed.playbook(path, "--check", **variables, rotation=rotation)
        assert check.code == 0, check.out
        real = installed.playbook(path, **variables, rotation=rotation)
        assert real.code == 0, real.out
        assert real.counts["changed"] == check.counts["changed"] + 1
        again = installed.playbook(path, **variables, rotation=rotation)
        assert again.counts["changed"] == 0
        tokens.append(file.read_text().strip())
        assert tokens[-1] not in real.out
        left = [obj["metadata"]["name"] for obj in client.list("application_credential", tenant=tenant)]
        assert left == [f"deployer-{rotation}"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert tokens[0] != tokens[1]
