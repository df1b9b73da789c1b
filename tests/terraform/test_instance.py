"""The archetype that takes its time and has a life of its own."""

from __future__ import annotations

from typing import Any

import pytest

from pextra_client import Client
from tests.terraform.engine import Stack

_IMAGE = "system/sim-linux"


def _instance(**more: Any) -> dict[str, dict[str, Any]]:
    return {"instance.web": {"name": "web", "flavor": "small", "image": _IMAGE, **more}}


def _uid(client: Client) -> str:
    return client.get("instance", "web")["metadata"].get("uid", "")


@pytest.mark.slow
def test_it_is_changed_in_place_restarted_and_replaced_and_the_plan_says_which(stack: Stack, client: Client) -> None:
    network = {"network.front": {"name": "front"}, "subnet.front": {
        "name": "front", "network": "${pextra_network.front.name}", "cidr": "10.0.0.0/24"}}  # fmt: skip
    card = [{"network": "${pextra_network.front.name}"}]
    more = {"networks": card, "user_data": "#cloud-config\n", "depends_on": ["pextra_subnet.front"]}
    stack.write(
        network | _instance(**more), output={"address": {"value": "${pextra_instance.web.status.addresses[0]}"}}
    )
    stack.apply()
    assert stack.run("output", "-raw", "address").output.startswith("10.0.0.")
    uid = _uid(client)
    assert stack.state()["instance.web"]["status"]["power"] == "running"
    assert not stack.plan().changes
    stack.write(network | _instance(power="off", **more))
    plan = stack.plan()
    assert "will restart" not in plan.text
    stack.apply("plan.bin")
    assert stack.state()["instance.web"]["status"]["power"] == "off"
    stack.write(network | _instance(flavor="large", **more))
    plan = stack.plan()
    assert plan.actions() == {"instance.web": ["update"]}
    assert "will restart" in plan.text
    stack.apply("plan.bin")
    assert _uid(client) == uid
    stack.write(network | _instance(flavor="large", **(more | {"user_data": "#cloud-config\n# 2\n"})))
    plan = stack.plan()
    assert plan.actions() == {"instance.web": ["delete", "create"]}
    assert plan.replaced_by("instance.web") == [["user_data"]]
    assert "exists already" not in plan.text
    stack.apply("plan.bin")
    assert _uid(client) != uid
    stack.destroy()


@pytest.mark.slow
def test_a_secret_that_is_written_only_replaces_it_when_its_version_says_so(stack: Stack, client: Client) -> None:
    stack.write(_instance(user_data_wo="#cloud-config\n", user_data_wo_version=1))
    stack.apply()
    uid = _uid(client)
    stack.write(_instance(user_data_wo="#cloud-config\n# 2\n", user_data_wo_version=1))
    assert not stack.plan().changes
    stack.write(_instance(user_data_wo="#cloud-config\n# 2\n", user_data_wo_version=2))
    plan = stack.plan()
    assert plan.replaced_by("instance.web") == [["user_data_wo_version"]]
    stack.apply("plan.bin")
    assert _uid(client) != uid


@pytest.mark.slow
def test_what_somebody_changed_is_mended_and_what_went_is_made_again(stack: Stack, client: Client) -> None:
    stack.write(_instance())
    stack.apply()
    client.patch("instance", "web", {"spec": {"power": "off"}})
    plan = stack.plan()
    assert '"off" -> "on"' in plan.output
    stack.apply()
    assert client.get("instance", "web")["spec"]["power"] == "on"
    uid = _uid(client)
    client.delete("instance", "web")
    assert stack.plan().actions() == {"instance.web": ["create"]}
    stack.apply()  # and waits for the former one to go
    assert _uid(client) != uid


@pytest.mark.slow
def test_an_imported_one_plans_empty_and_is_not_replaced_for_a_secret_that_cannot_be_read(
    stack: Stack, client: Client
) -> None:
    client.put("instance", "web", {"flavor": "small", "image": _IMAGE, "user_data": "#cloud-config\n"})
    client.wait_ready("instance", "web")
    uid = _uid(client)
    imported = {"import": [{"to": "pextra_instance.web", "id": f"{client.tenant}/web"}]}
    stack.write(_instance(user_data_wo="#cloud-config\n", user_data_wo_version=1), **imported)
    assert "Plan: 1 to import, 0 to add, 0 to change, 0 to destroy" in stack.plan().text
    stack.write(_instance(user_data="#cloud-config\n"), **imported)
    assert "Plan: 1 to import, 0 to add, 1 to change, 0 to destroy" in stack.plan().text
    stack.apply()
    assert not stack.plan().changes
    assert _uid(client) == uid


def test_one_that_does_not_become_ready_is_kept_as_tainted_with_the_reason_and_replaced_next(
    stack: Stack, client: Client
) -> None:
    client.put("flavor", "vast", {"vcpus": 128, "memory_mib": 900_000, "disk_gib": 5})
    stack.write(_instance(flavor="vast", timeouts={"create": "1s"}))
    plan = stack.plan()
    assert "no host would take it" in plan.text
    done = stack.run("apply", "-auto-approve")
    assert done.status == 1
    assert "was made and is not ready" in done.text
    assert "NoCapacity" in done.text or "no host" in done.text
    assert stack.tainted() == {"instance.web"}
    stack.write(_instance())
    assert stack.plan().actions() == {"instance.web": ["delete", "create"]}
    stack.apply("plan.bin")
    assert stack.tainted() == set()
