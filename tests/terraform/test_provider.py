"""The provider beside its resources: validation, data sources, tokens, state of older versions, configuration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pextra_client import Client
from tests.terraform.engine import Stack, provider_folder

_FAULTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "volume.size": ({"name": "v", "size_gib": 0}, "size_gib", "size_gib must be at least 1; 0 given"),
    "volume.name": ({"name": "V", "size_gib": 1}, "name", "name must be lower-case letters"),
    "instance.i": (
        {"name": "i", "flavor": "a", "image": "b", "power": "high"},
        "power",
        "power must be one of on, off, paused; 'high' given",
    ),
    "share.s": (
        {"name": "s", "kind": "image", "spec_name": "a", "tenants": ["b"], "tenants_all": True},
        "tenants_all",
        "tenants_all and tenants exclude each other",
    ),
    "identity_provider.i": (
        {
            "name": "i",
            "ldap": {
                "servers": ["ldaps://directory.example.com"],
                "search": {"base_dn": "dc=org", "account": {"dn": "cn=a", "secret": "s"}, "equal": "{no JSON"},
            },
        },
        "equal",
        "ldap.search.equal must be an object; '{no JSON' given",
    ),
    "network.n": (
        {"name": "n", "timeouts": {"create": "soon"}},
        "create",
        "timeouts.create must be a duration such as 90s",
    ),
}


def test_what_cannot_be_right_is_said_at_its_attribute_before_anybody_is_asked(stack: Stack) -> None:
    stack.url = "http://127.0.0.1:9"
    stack.write({address: resource for address, (resource, _, _) in _FAULTS.items()})
    found = json.loads(stack.run("validate", "-json").output)["diagnostics"]
    said = {each["address"].removeprefix("pextra_"): each for each in found if each["severity"] == "error"}
    assert said.keys() == _FAULTS.keys()
    for address, (_, line, summary) in _FAULTS.items():
        assert summary in said[address]["summary"]
        assert f'"{line}"' in said[address]["snippet"]["code"]


def test_a_field_that_the_api_refuses_is_named_with_the_apis_code(stack: Stack, client: Client) -> None:
    client.put("network", "front", {})
    stack.write({"subnet.front": {"name": "front", "network": "front", "cidr": "10.0.0.1/24"}})
    done = stack.run("plan")
    assert done.status == 1
    assert "Cannot create subnet" in done.text
    assert "spec.cidr" in done.text


def test_data_sources_show_one_object_and_many_by_labels(stack: Stack, client: Client) -> None:
    client.put("network", "front", {"description": "the front"}, labels={"app": "web"})
    client.put("network", "back", {}, labels={"app": "db"})
    stack.write(
        {},
        data={
            "pextra_network": {"front": {"name": "front"}},
            "pextra_networks": {"web": {"labels": "app=web"}, "all": {}},
            "pextra_quota": {"own": {}},
        },
        output={
            "one": {"value": "${data.pextra_network.front.description}"},
            "many": {"value": "${data.pextra_networks.web.items[*].name}"},
            "all": {"value": "${length(data.pextra_networks.all.items)}"},
            "limit": {"value": '${data.pextra_quota.own.limits["volumes"]}'},
        },
    )
    stack.apply()
    told = {name: each["value"] for name, each in json.loads(stack.run("output", "-json").output).items()}
    assert told == {"one": "the front", "many": ["front"], "all": 2, "limit": "500"}


def test_an_ephemeral_token_acts_while_the_run_lasts_and_is_gone_and_nowhere_afterwards(
    stack: Stack, client: Client
) -> None:
    client.put("service_account", "deployer", {})
    client.put(
        "role_binding", "deployer", {"role": "admin", "subject": {"kind": "service_account", "name": "deployer"}}
    )
    stack.write(
        {"network.front": {"name": "front", "provider": "pextra.limited"}},
        ephemeral={"pextra_token": {"run": {"service_account": "deployer", "actions": ["network.*"]}}},
        provider={"pextra": [{}, {"alias": "limited", "token": "${ephemeral.pextra_token.run.token}"}]},
    )
    stack.apply()
    assert client.find("network", "front") is not None
    assert list(client.list("application_credential")) == []
    assert "pxt_" not in (stack.folder / "terraform.tfstate").read_text()


@pytest.mark.slow
def test_a_state_of_an_older_version_is_brought_to_the_present_one(
    stack: Stack, client: Client, tmp_path: Path
) -> None:
    stack.write({"network.front": {"name": "front", "description": "ours"}})
    stack.apply()
    file = stack.folder / "terraform.tfstate"
    state = json.loads(file.read_text())
    attributes = state["resources"][0]["instances"][0]["attributes"]
    attributes["note"] = attributes.pop("description")
    file.write_text(json.dumps(state))
    newer = provider_folder(tmp_path / "newer", entry="tests.terraform.older:main")
    later = Stack(stack.folder, newer, stack.url, stack.token, stack.tenant)
    assert not later.plan().changes
    later.apply()
    assert later.state()["network.front"]["description"] == "ours"


def test_a_provider_that_is_told_no_cloud_says_how_to_tell_it(stack: Stack) -> None:
    stack.write({"network.front": {"name": "front"}})
    done = stack.run("plan", environment={"PEXTRA_ENDPOINTS": ""})
    assert done.status == 1
    assert "PEXTRA_ENDPOINTS" in done.text


def test_opentofu_takes_it_as_terraform_does(stack: Stack, client: Client) -> None:
    stack.program = "tofu"
    stack.write({"network.front": {"name": "front"}})
    stack.apply()
    assert not stack.plan().changes
    stack.destroy()
    assert client.find("network", "front") is None
