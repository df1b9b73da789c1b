"""The collection from its archive, in an environment without any other code of ours."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.pextra.cloud.plugins.module_utils.version import COLLECTION_VERSION
from pextra_client.client import Client
from tests.ansible.installed import SOURCE, Installed
from tests.ansible.modules import Modules

pytestmark = [pytest.mark.xdist_group("ansible-installed"), pytest.mark.timeout(600)]


def plain(value: Any) -> Any:
    """What `ansible-inventory` marks as not to be taken for a template, without the mark."""
    return value["__ansible_unsafe"] if isinstance(value, dict) and "__ansible_unsafe" in value else value


def test_the_archive_holds_the_collection_and_nothing_else(installed: Installed) -> None:
    [archive] = installed.folder.glob("pextra-cloud-*.tar.gz")
    with tarfile.open(archive) as opened:
        names = opened.getnames()
    assert "plugins/modules/apply.py" in names
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".tar.gz"))]
    assert archive.name == f"pextra-cloud-{COLLECTION_VERSION}.tar.gz"


def test_the_environment_has_no_other_code_of_ours(installed: Installed) -> None:
    found = installed.command("python", "-c", "import pextra_client")
    assert "No module named 'pextra_client'" in found.out


def test_a_playbook_checks_does_and_repeats_with_defaults_for_the_group(
    installed: Installed, client: Client, tenant: str
) -> None:
    tasks = [
        {"pextra.cloud.network": {"name": "front"}},
        {"pextra.cloud.volume": {"name": "data", "size_gib": 2}},
        {"pextra.cloud.instance": {"name": "web", "flavor": "small", "image": "system/linux", "power": "off"}},
        {"pextra.cloud.instance_info": {"name": "web"}, "register": "found"},
        {
            "ansible.builtin.debug": {
                "msg": "uid {{ lookup('pextra.cloud.field', 'instance/web', field='metadata.uid', tenant=tenant) }}"
            },
            "when": "not ansible_check_mode",
        },
    ]
    path = installed.folder / "group.yml"
    play: dict[str, Any] = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}
    play["module_defaults"] = {"group/pextra.cloud.pextra": {"tenant": "{{ tenant }}"}}
    path.write_text(yaml.safe_dump([play], sort_keys=False))
    check = installed.playbook(path, "--check", tenant=tenant)
    assert check.counts["changed"] == 3, check.out
    assert list(client.list("volume", tenant=tenant)) == []
    real = installed.playbook(path, tenant=tenant)
    assert real.counts["changed"] == 3, real.out
    assert '+    "spec.size_gib": 2' in real.out
    assert '+    "spec.power": "off"' in real.out
    assert f"uid {client.get('instance', 'web', tenant=tenant)['metadata'].get('uid')}" in real.out
    assert installed.playbook(path, tenant=tenant).counts["changed"] == 0


def test_a_failure_is_one_line_with_the_api_s_code(installed: Installed, tenant: str) -> None:
    path = installed.tasks("bad", [{"pextra.cloud.volume": {"name": "data", "tenant": tenant, "size_gib": 0}}])
    failed = installed.playbook(path)
    assert failed.code != 0
    assert "spec.invalid: volume 'data'" in failed.out


def test_the_inventory_shows_instances_and_hosts_in_their_groups(
    installed: Installed, client: Client, tenant: str
) -> None:
    for name, labels in (("web-1", {"app": "shop"}), ("db-1", {"app": "shop", "tier": "db"})):
        spec = {"flavor": "small", "image": "system/linux", "zone": "zone-1"}
        client.put("network", "front", {}, tenant=tenant)
        client.put("subnet", "front", {"network": "front", "cidr": "10.1.0.0/24"}, tenant=tenant)
        client.put("instance", name, {**spec, "networks": [{"network": "front"}]}, tenant=tenant, labels=labels)
    client.put("instance", "off-1", {"flavor": "large", "image": "system/linux", "power": "off"}, tenant=tenant)
    for name in ("web-1", "db-1", "off-1"):
        client.wait_ready("instance", name, tenant=tenant, timeout_s=30)
    source = installed.folder / f"{tenant}.pextra.yml"
    settings: dict[str, Any] = {
        "plugin": "pextra.cloud.pextra",
        "tenants": [tenant],
        "hosts": True,
        "keyed_groups": [{"key": "pextra.labels.tier | default('none')", "prefix": "tier"}],
        "compose": {"ansible_user": "'debian'", "flavor_size": "pextra.spec.flavor"},
        "groups": {"is_off": "pextra.status == 'off'"},
    }
    source.write_text(yaml.safe_dump(settings))
    listed = installed.command("ansible-inventory", "-i", source, "--list")
    assert listed.code == 0, listed.out
    inventory = json.loads(listed.out)
    group = tenant.replace("-", "_")
    assert sorted(inventory[f"tenant_{group}"]["hosts"]) == ["db-1", "off-1", "web-1"]
    assert inventory["label_app_shop"]["hosts"] == ["db-1", "web-1"]
    assert inventory["flavor_large"]["hosts"] == ["off-1"]
    assert sorted(inventory["status_running"]["hosts"]) == ["db-1", "web-1"]
    assert inventory["status_off"]["hosts"] == inventory["is_off"]["hosts"] == ["off-1"]
    assert inventory["tier_db"]["hosts"] == ["db-1"]
    assert {"db-1", "web-1", "rack-1"} <= set(inventory["zone_zone_1"]["hosts"])
    assert {"rack-1", "rack-2"} <= set(inventory["pextra_hosts"]["hosts"])
    variables = {name: plain(value) for name, value in inventory["_meta"]["hostvars"]["web-1"].items()}
    assert variables["ansible_user"] == "debian"
    assert variables["ansible_host"] == client.get("instance", "web-1", tenant=tenant)["status"]["addresses"][0]  # pyright: ignore[reportTypedDictNotRequiredAccess]
    assert "ansible_host" not in inventory["_meta"]["hostvars"]["rack-1"]


def test_the_inventory_of_somebody_who_may_not_read_hosts_has_the_zones_that_instances_ask_for(
    installed: Installed, client: Client, modules: Modules, tenant: str
) -> None:
    client.put("user", "ada", {}, tenant=tenant)
    subject = {"kind": "user", "name": "ada"}
    client.put("role_binding", "ada", {"role": "owner", "subject": subject}, tenant=tenant)
    token = modules("api_token", name="ada", tenant=tenant, user="ada").ok()["minted"]["token"]
    spec = {"flavor": "small", "image": "system/linux", "power": "off"}
    client.put("instance", "asks", {**spec, "zone": "zone-2"}, tenant=tenant)
    client.put("instance", "anywhere", spec, tenant=tenant)
    source = installed.folder / f"{tenant}.pextra.yml"
    source.write_text(yaml.safe_dump({"plugin": "pextra.cloud.pextra", "tenants": [tenant]}))
    listed = installed.command("ansible-inventory", "-i", source, "--list", PEXTRA_TOKEN=token)
    assert listed.code == 0, listed.out
    inventory = json.loads(listed.out)
    assert sorted(inventory["pextra_instances"]["hosts"]) == ["anywhere", "asks"]
    assert inventory["zone_zone_2"]["hosts"] == ["asks"]
    assert "pextra_hosts" not in inventory


def test_the_inventory_is_read_from_its_cache_while_the_api_is_away(
    installed: Installed, client: Client, tenant: str, tmp_path: Path
) -> None:
    client.put("instance", "web", {"flavor": "small", "image": "system/linux"}, tenant=tenant)
    source = installed.folder / f"{tenant}-cached.pextra.yml"
    settings: dict[str, Any] = {
        "plugin": "pextra.cloud.pextra", "tenants": [tenant], "cache": True, "hostname": "qualified",
        "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path), "api_timeout": 1,
    }  # fmt: skip
    source.write_text(yaml.safe_dump(settings))
    first = installed.command("ansible-inventory", "-i", source, "--list")
    away = installed.command("ansible-inventory", "-i", source, "--list", PEXTRA_ENDPOINT="http://127.0.0.1:9")
    assert f"web.{tenant}" in json.loads(first.out)["_meta"]["hostvars"]
    assert away.out == first.out
    flushed = installed.command(
        "ansible-inventory", "-i", source, "--list", "--flush-cache", PEXTRA_ENDPOINT="http://127.0.0.1:9"
    )
    assert "no endpoint answered" in flushed.out


def test_a_lookup_of_what_is_not_there_fails_or_gives_its_default(installed: Installed, tenant: str) -> None:
    missing = f"lookup('pextra.cloud.field', 'volume/none', field='spec.size_gib', tenant='{tenant}'"
    path = installed.tasks("lookup", [{"ansible.builtin.debug": {"msg": "size {{ " + missing + ", default=7) }}"}}])
    assert "size 7" in installed.playbook(path).out
    path = installed.tasks("lookup", [{"ansible.builtin.debug": {"msg": "{{ " + missing + ") }}"}}])
    failed = installed.playbook(path)
    assert failed.code != 0
    assert f"there is no volume {tenant}/none" in failed.out


def test_the_version_is_the_same_everywhere() -> None:
    assert yaml.safe_load((SOURCE / "galaxy.yml").read_text())["version"] == COLLECTION_VERSION
