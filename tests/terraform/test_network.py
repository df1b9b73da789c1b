"""The simplest archetype: an object that is made at once."""

from __future__ import annotations

from pextra_client import Client
from tests.terraform.engine import Stack


def test_it_is_made_and_a_second_plan_is_empty(stack: Stack, client: Client) -> None:
    stack.write({"network.front": {"name": "front", "labels": {"app": "web"}}})
    plan = stack.plan()
    assert plan.actions() == {"network.front": ["create"]}
    stack.apply()
    assert client.get("network", "front")["metadata"].get("labels") == {"app": "web"}
    assert not stack.plan().changes
    stack.destroy()
    assert client.find("network", "front") is None
