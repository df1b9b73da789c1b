"""The simplest archetype, an object that is made at once: everything that can happen to it."""

from __future__ import annotations

import pytest

from pextra_client import Client
from tests.terraform.conftest import NewStack
from tests.terraform.engine import Stack


@pytest.mark.slow
def test_it_is_made_changed_in_place_replaced_and_destroyed(stack: Stack, client: Client) -> None:
    stack.write({"network.front": {"name": "front", "labels": {"app": "web"}}})
    stack.apply()
    first = client.get("network", "front")["metadata"]
    assert first.get("labels") == {"app": "web"}
    assert not stack.plan().changes
    stack.write({"network.front": {"name": "front", "description": "the front", "labels": {"app": "shop"}}})
    assert stack.plan().actions() == {"network.front": ["update"]}
    stack.apply()
    second = client.get("network", "front")
    assert second["metadata"].get("uid") == first.get("uid")
    assert (second["spec"]["description"], second["metadata"].get("labels")) == ("the front", {"app": "shop"})
    stack.write({"network.front": {"name": "back"}})
    plan = stack.plan()
    assert plan.actions() == {"network.front": ["delete", "create"]}
    assert plan.replaced_by("network.front") == [["name"]]
    stack.apply()
    assert client.find("network", "front") is None
    assert client.get("network", "back")["spec"]["description"] == ""
    stack.destroy()
    assert client.find("network", "back") is None


def test_what_somebody_changed_is_shown_and_mended_and_what_went_is_made_again(stack: Stack, client: Client) -> None:
    stack.write({"network.front": {"name": "front", "description": "ours"}})
    stack.apply()
    client.patch("network", "front", {"spec": {"description": "theirs"}, "metadata": {"labels": {"by": "them"}}})
    plan = stack.plan()
    assert '"theirs" -> "ours"' in plan.output
    assert '"by" = "them"' in plan.text
    stack.apply("plan.bin")
    mended = client.get("network", "front")
    assert (mended["spec"]["description"], mended["metadata"].get("labels", {})) == ("ours", {})
    client.delete("network", "front")
    assert stack.plan().actions() == {"network.front": ["create"]}
    stack.apply()
    assert client.get("network", "front")["metadata"].get("uid") != mended["metadata"].get("uid")


@pytest.mark.slow
def test_a_namesake_of_somebody_else_is_neither_taken_nor_deleted(stack: Stack, client: Client) -> None:
    stack.write({"network.front": {"name": "front"}})
    stack.apply()
    client.delete("network", "front")
    client.put("network", "front", {"description": "theirs"})
    plan = stack.plan()
    assert "network front exists already" in plan.text.replace(f"{client.tenant}/", "")
    done = stack.run("apply", "-auto-approve")
    assert done.status == 1
    assert "the name is taken" in done.text
    stack.destroy()
    assert client.get("network", "front")["spec"]["description"] == "theirs"


@pytest.mark.slow
def test_what_somebody_changed_between_plan_and_apply_is_not_overwritten_and_the_next_plan_shows_it(
    stack: Stack, client: Client
) -> None:
    stack.write({"network.front": {"name": "front", "description": "ours"}})
    stack.apply()
    stack.write({"network.front": {"name": "front", "description": "ours, anew"}})
    stack.plan()
    client.patch("network", "front", {"spec": {"description": "theirs"}})
    refused = stack.run("apply", "plan.bin")
    assert refused.status == 1
    assert "object.stale" in refused.text
    assert "Somebody has changed it since it was read. Plan and apply again." in refused.text
    assert client.get("network", "front")["spec"]["description"] == "theirs"
    assert '"theirs" -> "ours, anew"' in stack.plan().output
    stack.apply("plan.bin")
    assert client.get("network", "front")["spec"]["description"] == "ours, anew"


@pytest.mark.slow
def test_what_somebody_elses_object_needs_is_not_deleted_and_stays_in_the_state(stack: Stack, client: Client) -> None:
    stack.write({"network.front": {"name": "front"}})
    stack.apply()
    client.put("subnet", "theirs", {"network": "front", "cidr": "10.0.0.0/24"})
    refused = stack.run("destroy", "-auto-approve")
    assert refused.status == 1
    assert f"Cannot delete network {client.tenant}/front: object.in_use" in refused.text
    assert "theirs" in refused.text
    assert stack.state().keys() == {"network.front"}
    client.delete("subnet", "theirs")
    stack.destroy()
    assert client.find("network", "front") is None


def test_two_stacks_that_want_one_name_end_with_one_owner_and_a_refusal_that_says_why(
    new_stack: NewStack, client: Client
) -> None:
    one, other = new_stack("one"), new_stack("other")
    for stack in (one, other):
        stack.write({"network.front": {"name": "front", "description": "the same"}})
    one.apply()
    uid = client.get("network", "front")["metadata"].get("uid")
    refused = other.run("apply", "-auto-approve")
    assert refused.status == 1
    assert "import it, or choose another name" in refused.text
    other.destroy()
    assert client.get("network", "front")["metadata"].get("uid") == uid


def test_an_imported_object_plans_empty_and_is_then_the_stacks(stack: Stack, client: Client) -> None:
    client.put("network", "front", {"description": "theirs", "mtu": 1400}, labels={"app": "web"})
    stack.write(
        {"network.front": {"name": "front", "description": "theirs", "mtu": 1400, "labels": {"app": "web"}}},
        **{"import": [{"to": "pextra_network.front", "id": f"{client.tenant}/front"}]},
    )
    assert "Plan: 1 to import, 0 to add, 0 to change, 0 to destroy" in stack.plan().text
    stack.apply()
    assert not stack.plan().changes
    stack.destroy()
    assert client.find("network", "front") is None
    missing = stack.run("import", "pextra_network.front", "nobody")
    assert missing.status == 1
    assert "object.not_found" in missing.text
