"""Three kinds that stand for all, through everything that happens to a task.

A flavor is the cloud's own and simply stored; a volume is a tenant's and made true by a loop; a security group is a
tenant's and holds lists of records.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from pextra_client.client import Client
from tests.ansible.modules import Modules
from tests.cli.cloud import RunningCloud
from tests.labs.ports import free_port

WEB = {"direction": "ingress", "protocol": "tcp", "port_min": 80, "port_max": 80}


@dataclass(frozen=True)
class Archetype:
    """A kind, and tasks on an object of it."""

    kind: str
    spec: dict[str, Any]
    change: dict[str, Any]
    invalid: dict[str, Any]
    field: str

    def address(self, tenant: str, name: str = "own") -> dict[str, Any]:
        """Which object; the cloud's own has the tenant in its name, so that tests do not meet."""
        return {"name": f"{tenant}-{name}"} if self.kind == "flavor" else {"name": name, "tenant": tenant}


ARCHETYPES = [
    Archetype(
        "flavor",
        {"vcpus": 1, "memory_mib": 512, "disk_gib": 4},
        {"memory_mib": 1024},
        {"memory_mib": 1},
        "spec.memory_mib",
    ),
    Archetype("volume", {"size_gib": 3}, {"size_gib": 4}, {"size_gib": 0}, "spec.size_gib"),
    Archetype(
        "security_group",
        {"rules": [WEB], "description": "the web"},
        {"rules": [WEB, {"direction": "egress"}]},
        {"rules": [{**WEB, "port_min": 70_000}]},
        "spec.rules",
    ),
]
every_archetype = pytest.mark.parametrize("archetype", ARCHETYPES, ids=lambda each: each.kind)


@every_archetype
def test_a_life_from_creation_to_deletion_changes_exactly_when_something_changes(
    archetype: Archetype, modules: Modules, client: Client, tenant: str
) -> None:
    address = archetype.address(tenant)
    created = modules(archetype.kind, **address, **archetype.spec, labels={"app": "web"})
    assert created.changed
    assert created.value["change"]["action"] == "create"
    assert not modules(archetype.kind, **address, **archetype.spec, labels={"app": "web"}).changed
    updated = modules(archetype.kind, **address, **archetype.change)
    assert updated.changed
    [path] = updated.value["diff"]["after"]
    assert path.startswith(archetype.field)
    stands = client.get(archetype.kind, address["name"], tenant=tenant)
    assert stands["spec"] == {**created.value["object"]["spec"], **updated.value["object"]["spec"]}
    assert stands["metadata"].get("labels") == {"app": "web"}, "what a task does not name stays as it is"
    assert modules(archetype.kind, **address, state="absent").changed
    assert client.find(archetype.kind, address["name"], tenant=tenant) is None
    again = modules(archetype.kind, **address, state="absent")
    assert not again.changed
    assert again.value["object"] is None


@every_archetype
@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
def test_a_bad_value_is_refused_in_one_line_that_names_the_field_and_changes_nothing(
    archetype: Archetype, check: bool, modules: Modules, client: Client, tenant: str
) -> None:
    address = archetype.address(tenant)
    bad = modules(archetype.kind, check=check, **address, **{**archetype.spec, **archetype.invalid})
    assert bad.message.startswith("spec.invalid: ")
    assert archetype.field in bad.message
    assert bad.value["code"] == "spec.invalid"
    assert bad.value["problem"]["errors"]
    assert client.find(archetype.kind, address["name"], tenant=tenant) is None


@every_archetype
def test_an_option_that_there_is_not_and_one_of_the_wrong_type_are_refused_by_ansible(
    archetype: Archetype, modules: Modules, tenant: str
) -> None:
    address = archetype.address(tenant)
    assert "Unsupported parameters" in modules(archetype.kind, **address, colour="blue").message
    assert "wait_timeout" in modules(archetype.kind, **address, wait_timeout="soon").message


@every_archetype
def test_a_wrong_token_is_told_by_the_api_s_code_and_never_shown(
    archetype: Archetype, modules: Modules, tenant: str
) -> None:
    wrong = modules(archetype.kind, **archetype.address(tenant), **archetype.spec, token="pxt_of-a-stranger")
    assert wrong.message.startswith("auth.unauthenticated: ")
    assert wrong.value["status"] == 401
    assert "pxt_of-a-stranger" not in str(wrong.value)


@pytest.fixture
def stranger(client: Client, cloud: RunningCloud, modules: Modules, tenant: str) -> Modules:
    """The modules of the owner of another tenant."""
    other = f"{tenant}-other"
    client.put("tenant", other, {})
    client.put("quota", "default", {"unlisted": "unlimited"}, tenant=other)
    modules("user", name="eve", tenant=other).ok()
    modules("role_binding", name="eve", tenant=other, role="owner", subject={"kind": "user", "name": "eve"}).ok()
    token = modules("api_token", name="eve", tenant=other, user="eve").ok()["minted"]["token"]
    return Modules({"endpoints": [cloud.url], "token": token})


@every_archetype
@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
def test_a_foreign_tenant_s_object_is_as_if_it_were_not_there(
    archetype: Archetype, check: bool, modules: Modules, stranger: Modules, client: Client, tenant: str
) -> None:
    address = archetype.address(tenant)
    modules(archetype.kind, **address, **archetype.spec).ok()
    refused = stranger(archetype.kind, check=check, **address, **archetype.change)
    if archetype.kind == "flavor":
        # Flavors are read by all and written by the cloud.
        assert refused.message.startswith("auth.denied: ")
        return
    assert refused.message.startswith("object.not_found: ")
    nowhere = stranger(archetype.kind, check=check, **{**address, "tenant": "nowhere"}, **archetype.change)
    assert nowhere.message == refused.message.replace(tenant, "nowhere")
    assert not stranger(archetype.kind, check=check, **address, state="absent").changed
    assert stranger(f"{archetype.kind}_info", **address).ok()["objects"] == []
    assert client.find(archetype.kind, address["name"], tenant=tenant) is not None


@every_archetype
def test_an_api_that_is_down_is_told_in_one_line_that_names_the_endpoint(
    archetype: Archetype, modules: Modules, tenant: str
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    down = modules(archetype.kind, **archetype.address(tenant), **archetype.spec, endpoints=[url], api_timeout=1)
    assert "no endpoint answered" in down.message
    assert url in down.message
    assert "Connection refused" in down.message


@every_archetype
def test_an_endpoint_that_is_down_is_passed_over(archetype: Archetype, modules: Modules, tenant: str) -> None:
    dead = f"http://127.0.0.1:{free_port()}"
    endpoints = [dead, *modules.connection["endpoints"]]
    assert modules(archetype.kind, **archetype.address(tenant), **archetype.spec, endpoints=endpoints).changed


@every_archetype
@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
@pytest.mark.parametrize("state", ["present", "absent"])
def test_an_etag_of_before_somebody_else_s_change_is_412_and_changes_nothing(
    archetype: Archetype, check: bool, state: str, modules: Modules, client: Client, tenant: str
) -> None:
    address = archetype.address(tenant)
    before = modules(archetype.kind, **address, **archetype.spec).ok()["object"]["metadata"]["etag"]
    modules(archetype.kind, **address, labels={"somebody": "else"}).ok()
    said: dict[str, Any] = archetype.change if state == "present" else {}
    stale = modules(archetype.kind, check=check, **address, **said, state=state, etag=before)
    assert stale.message.startswith("object.stale: ")
    assert stale.value["status"] == 412
    stands = client.get(archetype.kind, address["name"], tenant=tenant)
    assert stands["metadata"].get("labels") == {"somebody": "else"}
    now = stands["metadata"].get("etag")
    assert modules(archetype.kind, check=check, **address, **said, state=state, etag=now).changed


@every_archetype
def test_unicode_comes_back_as_it_was_written(archetype: Archetype, modules: Modules, tenant: str) -> None:
    words = {"note": "Grüße, 世界 — 🦊 “quoted”"}
    address = archetype.address(tenant)
    made = modules(archetype.kind, **address, **archetype.spec, annotations=words).ok()
    assert made["object"]["metadata"]["annotations"] == words
    assert not modules(archetype.kind, **address, **archetype.spec, annotations=words).changed


@every_archetype
def test_two_hundred_objects_are_listed_and_selected_whole(
    archetype: Archetype, modules: Modules, client: Client, tenant: str
) -> None:
    names = [archetype.address(tenant, f"n{number:03}")["name"] for number in range(200)]
    for name in names:
        client.put(archetype.kind, name, archetype.spec, tenant=tenant, labels={"batch": tenant})
    where: dict[str, Any] = {} if archetype.kind == "flavor" else {"tenant": tenant}
    found = modules(f"{archetype.kind}_info", **where, label_selector=f"batch={tenant}").ok()["objects"]
    assert [obj["metadata"]["name"] for obj in found] == names


@pytest.mark.parametrize("kind", ["network", "volume", "security_group"])
def test_what_is_still_used_is_409_in_check_mode_and_for_real(
    kind: str, modules: Modules, client: Client, tenant: str
) -> None:
    client.put("network", "front", {}, tenant=tenant)
    client.put("subnet", "front", {"network": "front", "cidr": "10.1.0.0/24"}, tenant=tenant)
    client.put("volume", "front", {"size_gib": 1}, tenant=tenant)
    client.put("security_group", "front", {}, tenant=tenant)
    spec: dict[str, Any] = {"flavor": "small", "image": "system/linux", "volumes": ["front"]}
    card = {"network": "front", "security_groups": ["front"]}
    client.put("instance", "web", {**spec, "networks": [card]}, tenant=tenant)
    for check in (True, False):
        used = modules(kind, check=check, name="front", tenant=tenant, state="absent")
        assert used.message.startswith("object.in_use: ")
        assert used.value["status"] == 409
    assert client.find(kind, "front", tenant=tenant) is not None


def test_more_than_the_quota_is_409_in_check_mode_and_for_real(modules: Modules, client: Client, tenant: str) -> None:
    client.put("quota", "default", {"limits": {"volumes": 1, "volume_gib": 1}}, tenant=tenant)
    for check in (True, False):
        refused = modules("volume", check=check, name="data", tenant=tenant, size_gib=2)
        assert refused.message.startswith("quota.exceeded: ")
        assert refused.value["status"] == 409
    assert client.find("volume", "data", tenant=tenant) is None


def test_a_field_that_cannot_change_in_place_is_changed_by_replacing_only_when_asked(
    modules: Modules, client: Client, tenant: str
) -> None:
    modules("volume", name="data", tenant=tenant, size_gib=2, labels={"keep": "me"}).ok()
    uid = client.get("volume", "data", tenant=tenant)["metadata"].get("uid")
    for check in (True, False):
        refused = modules("volume", check=check, name="data", tenant=tenant, image="system/linux")
        assert refused.message.startswith("spec.immutable: ")
    check, real = modules.check_then_do("volume", name="data", tenant=tenant, image="system/linux", replace=True)
    assert check.value["diff"] == real.value["diff"]
    assert real.value["change"]["action"] == "replace"
    stands = client.get("volume", "data", tenant=tenant)
    assert stands["metadata"].get("uid") != uid
    assert stands["metadata"].get("labels") == {"keep": "me"}
    assert stands["spec"] == {"size_gib": 2, "image": "system/linux"}


def test_a_replacement_that_would_lose_a_secret_is_refused_before_anything_goes(
    modules: Modules, client: Client, tenant: str
) -> None:
    spec: dict[str, Any] = {
        "flavor": "small",
        "image": "system/linux",
        "user_data": "#cloud-config\npassword: twelve-little-horses\n",
    }
    made = modules("instance", name="web", tenant=tenant, **spec).ok()
    assert "twelve-little-horses" not in str(made)
    refused = modules("instance", name="web", tenant=tenant, zone="zone-a", replace=True)
    assert "user_data" in refused.message
    uid = made["object"]["metadata"]["uid"]
    assert client.get("instance", "web", tenant=tenant)["metadata"].get("uid") == uid


def test_a_field_is_removed_by_unset(modules: Modules, client: Client, tenant: str) -> None:
    modules("user", name="ada", tenant=tenant, email="ada@example.com").ok()
    check, real = modules.check_then_do("user", name="ada", tenant=tenant, unset=["email"])
    assert check.value["diff"] == real.value["diff"]
    assert real.value["diff"]["before"] == {"spec.email": "ada@example.com"}
    assert "email" not in client.get("user", "ada", tenant=tenant)["spec"]


def test_an_act_is_carried_out_and_waited_for_and_only_announced_in_check_mode(
    modules: Modules, client: Client, tenant: str
) -> None:
    web: dict[str, Any] = {"name": "web", "tenant": tenant}
    modules("instance", **web, flavor="small", image="system/linux").ok()
    assert modules("instance", check=True, **web, action="reboot").changed
    assert list(client.list("operation", tenant=tenant)) == []
    done = modules("instance", **web, action="reboot").ok()
    assert done["operation"]["status"]["phase"] == "succeeded"
    [operation] = client.list("operation", tenant=tenant)
    assert operation["spec"]["target"]["uid"] == done["object"]["metadata"]["uid"]
    log = modules("instance", **web, action="console_log", arguments={"tail_bytes": 100}).ok()
    assert log["operation"]["spec"]["arguments"] == {"tail_bytes": 100}


def test_a_password_is_made_up_and_returned_once_and_a_weak_one_is_not_shown(modules: Modules, tenant: str) -> None:
    ada: dict[str, Any] = {"name": "ada", "tenant": tenant}
    made = modules("user", **ada, action="set_password", arguments={"generate": True}).ok()
    assert made["minted"]["password"]
    weak = modules("user", **ada, action="set_password", arguments={"password": "s-h-o-r-t"})
    assert "s-h-o-r-t" not in str(weak.value)
    assert weak.message.startswith("spec.invalid: ")


def test_a_minted_credential_is_returned_when_it_is_made_and_never_again(modules: Modules, tenant: str) -> None:
    modules("user", name="ada", tenant=tenant).ok()
    check, real = modules.check_then_do("api_token", name="ci", tenant=tenant, user="ada")
    assert "minted" not in check.value
    assert real.value["minted"]["token"].startswith("pxt_")
    assert real.value["minted"]["token"] not in str({**real.value, "minted": None})
    assert "minted" not in modules("api_token", name="ci", tenant=tenant, user="ada").ok()


def test_a_secret_is_neither_in_the_diff_nor_in_the_answer_and_the_same_again_changes_nothing(
    modules: Modules, tenant: str
) -> None:
    secret: dict[str, Any] = {"name": "boot", "tenant": tenant, "data": {"password": "a-horse-of-a-different-colour"}}
    check, real = modules.check_then_do("secret", **secret)
    changed = modules("secret", name="boot", tenant=tenant, data={"password": "a-cow-of-a-different-colour"})
    assert changed.value["diff"]["after"] == {"spec.data.password": "(secret, changed)"}
    for result in (check, real, changed):
        assert "different-colour" not in str(result.value)
    assert not modules("secret", name="boot", tenant=tenant, data={"password": "a-cow-of-a-different-colour"}).changed


def test_what_is_being_deleted_is_waited_for_and_made_anew(modules: Modules, client: Client, tenant: str) -> None:
    web: dict[str, Any] = {"name": "web", "tenant": tenant, "flavor": "small", "image": "system/linux"}
    uid = modules("instance", **web).ok()["object"]["metadata"]["uid"]
    client.delete("instance", "web", tenant=tenant)
    again = modules("instance", **web).ok()
    assert again["change"]["action"] == "create"
    assert again["object"]["metadata"]["uid"] != uid


def test_in_check_mode_a_tenant_that_an_earlier_task_would_make_is_taken_for_made(
    modules: Modules, client: Client
) -> None:
    foreseen = modules("volume", check=True, name="data", tenant="not-yet", size_gib=1)
    assert foreseen.changed
    assert "tenant not-yet is not there" in str(foreseen.value["warnings"])
    invalid = modules("volume", check=True, name="data", tenant="not-yet", size_gib=0)
    assert invalid.message.startswith("spec.invalid: ")
    assert modules("volume", name="data", tenant="not-yet", size_gib=1).message.startswith("object.not_found: ")
    assert client.find("tenant", "not-yet") is None


def test_waiting_ends_with_the_condition_s_reason(modules: Modules, tenant: str) -> None:
    nowhere: dict[str, Any] = {"flavor": "small", "image": "system/linux", "host_labels": {"never": "there"}}
    late = modules("instance", name="web", tenant=tenant, **nowhere, wait_timeout=1)
    assert late.message.startswith("wait.timeout: ")
    assert late.value["code"] == "wait.timeout"
    assert late.value["object"]["kind"] == "instance"
    assert modules("instance", name="web", tenant=tenant, **nowhere, wait=False).ok()["object"]
