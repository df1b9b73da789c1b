"""`pextra.cloud.apply`: manifests in one task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pextra_client.client import Client
from tests.ansible.modules import Modules

SHOP = """\
kind: instance
metadata: {name: web, labels: {app: shop}}
spec: {flavor: small, image: system/linux, power: off, networks: [{network: front}], volumes: [data]}
---
kind: subnet
metadata: {name: front, labels: {app: shop}}
spec: {network: front, cidr: 10.1.0.0/24}
---
items:
  - {kind: net, metadata: {name: front, labels: {app: shop}}, spec: {}}
  - {kind: volume, metadata: {name: data, labels: {app: shop}}, spec: {size_gib: 1}}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with a network, its subnet, a volume and an instance that uses them, in the wrong order."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "all.yaml").write_text(SHOP)
    return tmp_path / "shop"


def test_a_folder_is_made_in_the_order_of_its_references_and_again_changes_nothing(
    modules: Modules, client: Client, shop: Path, tenant: str
) -> None:
    check, real = modules.check_then_do("apply", src=[str(shop)], tenant=tenant)
    assert check.value["diff"] == real.value["diff"]
    assert check.value["changes"] == real.value["changes"]
    assert check.value["done"] == []
    assert [each["action"] for each in real.value["done"]] == ["created"] * 4
    assert len(real.value["diff"]) == 4
    web = client.get("instance", "web", tenant=tenant)
    assert web["spec"]["power"] == "off", "a manifest is YAML 1.2"
    assert next(c for c in web["status"]["conditions"] if c["type"] == "ready")["status"] == "true"  # pyright: ignore[reportTypedDictNotRequiredAccess]
    again = modules("apply", src=[str(shop)], tenant=tenant)
    assert not again.changed
    assert again.value["diff"] == []


def test_what_the_folder_no_longer_names_is_pruned_and_nothing_else(
    modules: Modules, client: Client, shop: Path, tenant: str
) -> None:
    modules("apply", src=[str(shop)], tenant=tenant).ok()
    client.put("volume", "other", {"size_gib": 1}, tenant=tenant)
    (shop / "all.yaml").write_text("{kind: network, metadata: {name: front, labels: {app: shop}}}")
    check, real = modules.check_then_do("apply", src=[str(shop)], tenant=tenant, prune={"labels": "app=shop"})
    assert check.value["diff"] == real.value["diff"]
    assert {each["name"]: each["action"] for each in real.value["done"]} == {
        "web": "deleted", "front": "deleted", "data": "deleted",
    }  # fmt: skip
    assert [obj["metadata"]["name"] for obj in client.list("volume", tenant=tenant)] == ["other"]
    assert client.find("network", "front", tenant=tenant) is not None
    assert client.find("instance", "web", tenant=tenant) is None


@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
def test_when_anything_would_be_refused_nothing_is_changed(
    check: bool, modules: Modules, client: Client, tenant: str
) -> None:
    good = {"kind": "volume", "metadata": {"name": "good"}, "spec": {"size_gib": 1}}
    bad = {"kind": "volume", "metadata": {"name": "bad"}, "spec": {"size_gib": 0}}
    refused = modules("apply", check=check, tenant=tenant, definition=[good, bad])
    assert refused.message.startswith("spec.invalid: ")
    assert f"volume {tenant}/bad" in refused.message
    dangling = {"kind": "subnet", "metadata": {"name": "s"}, "spec": {"network": "nowhere", "cidr": "10.0.0.0/24"}}
    refused = modules("apply", check=check, tenant=tenant, definition=[good, dangling])
    assert "spec.network refers to something that is not there" in refused.message
    assert client.find("volume", "good", tenant=tenant) is None


def test_what_cannot_change_in_place_is_replaced_only_when_asked(modules: Modules, client: Client, tenant: str) -> None:
    def volume(**spec: Any) -> list[dict[str, Any]]:
        return [{"kind": "volume", "metadata": {"name": "data"}, "spec": spec}]

    modules("apply", tenant=tenant, definition=volume(size_gib=1)).ok()
    uid = client.get("volume", "data", tenant=tenant)["metadata"].get("uid")
    wanted = volume(size_gib=1, image="system/linux")
    assert modules("apply", tenant=tenant, definition=wanted).message.startswith("spec.immutable: ")
    check, real = modules.check_then_do("apply", tenant=tenant, definition=wanted, replace=True)
    assert check.value["diff"] == real.value["diff"]
    assert client.get("volume", "data", tenant=tenant)["metadata"].get("uid") != uid


def test_a_whole_new_tenant_is_predicted_although_nothing_of_it_is_there(modules: Modules, client: Client) -> None:
    objects = [
        {"kind": "volume", "metadata": {"name": "data", "tenant": "whole-new"}, "spec": {"size_gib": 1}},
        {"kind": "quota", "metadata": {"tenant": "whole-new"}, "spec": {"limits": {"volumes": 1, "volume_gib": 1}}},
        {"kind": "tenant", "metadata": {"name": "whole-new"}, "spec": {}},
    ]
    check, real = modules.check_then_do("apply", definition=objects)
    assert check.value["diff"] == real.value["diff"]
    assert [each["kind"] for each in real.value["done"]] == ["tenant", "quota", "volume"]
    stands = {"absent": client.find("volume", "data", tenant="whole-new") is None}
    assert stands == {"absent": False}


def test_secrets_in_a_definition_are_not_shown(modules: Modules, tenant: str) -> None:
    secret = {"kind": "secret", "metadata": {"name": "s"}, "spec": {"data": {"a": "tell-nobody-of-this"}}}
    made = modules("apply", tenant=tenant, definition=[secret])
    assert made.changed
    assert "tell-nobody-of-this" not in str(made.value)


def test_what_was_minted_is_returned_with_what_was_done(modules: Modules, tenant: str) -> None:
    objects = [
        {"kind": "user", "metadata": {"name": "ada"}},
        {"kind": "token", "metadata": {"name": "ci"}, "spec": {"user": "ada"}},
    ]
    done = modules("apply", tenant=tenant, definition=objects).ok()["done"]
    assert done[1]["minted"]["token"].startswith("pxt_")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("kind: volume\nkind: network", "written twice"),
        ("[1]", "an object is a mapping"),
        ("{kind: nonsense, metadata: {name: x}}", "there is no kind 'nonsense'"),
        ("{kind: volume, metadata: {}}", "metadata.name of the volume is missing"),
        ("{kind: volume, name: x}", "there is no name in a manifest"),
        ("{kind: volume, metadata: {name: a}}\n---\n{kind: vol, metadata: {name: a}}", "is described already"),
        ("{", "while parsing"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_told_with_its_file(
    text: str, why: str, modules: Modules, tmp_path: Path, tenant: str
) -> None:
    file = tmp_path / "m.yaml"
    file.write_text(text)
    message = modules("apply", src=[str(file)], tenant=tenant).message
    assert why in message
    assert str(file) in message


def test_a_folder_without_manifests_and_a_file_that_is_not_there_are_told(modules: Modules, tmp_path: Path) -> None:
    assert "holds no .yaml" in modules("apply", src=[str(tmp_path)], tenant="x").message
    assert "No such file" in modules("apply", src=[str(tmp_path / "no.yaml")], tenant="x").message
