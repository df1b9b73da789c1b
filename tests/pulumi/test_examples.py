"""The programs under examples/pulumi do what they say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pextra_client import Client
from tests.pulumi.stacks import ROOT, Stack

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def _program(name: str) -> str:
    return (Path(ROOT) / "examples" / "pulumi" / name / "__main__.py").read_text()


def test_the_three_tiers_are_made_and_go(new_stack: Callable[..., Stack], client: Client, tenant: str) -> None:
    stack = new_stack(_program("three-tier"))
    stack.run("config", "set", "tenant", f"{tenant}-shop")
    stack.up()
    tiers = sorted(
        each["metadata"].get("labels", {})["tier"] for each in client.list("instance", tenant=f"{tenant}-shop")
    )
    assert tiers == ["application", "application", "database", "web", "web"]
    assert set(stack.up().counts) == {"unchanged"}
    stack.destroy()
    assert client.find("tenant", f"{tenant}-shop") is None


def test_tenants_are_made_in_a_loop_and_their_tokens_are_secrets(
    new_stack: Callable[..., Stack], client: Client, tenant: str
) -> None:
    stack = new_stack(_program("tenants"))
    stack.run("config", "set", "prefix", f"{tenant}-team")
    stack.up()
    there = [each for each in client.list("tenant") if each["metadata"]["name"].startswith(f"{tenant}-team-")]
    assert len(there) == 50
    assert "pxt_" not in stack.stored()
    assert set(stack.up().counts) == {"unchanged"}
    stack.destroy()


def test_nodes_of_a_gpu_cluster_have_linked_gpus_of_their_own(
    new_stack: Callable[..., Stack], client: Client, tenant: str
) -> None:
    machine = {"vcpus": 32, "memory_mib": 65_536, "gpus": {"board": "hgx-h100-8"}}
    client.put("host", f"gpu-{tenant}", {"driver": "sim", "simulated": machine})
    client.wait_ready("host", f"gpu-{tenant}", timeout_s=30)
    client.put("gpu_profile", f"h100-{tenant}", {"models": ["h100-80gb-hbm3"]})
    client.put("quota", "default", {"unlisted": "unlimited"})
    stack = new_stack(_program("gpu-cluster"))
    for name, value in (("profile", f"h100-{tenant}"), ("flavor", "small"), ("image", "system/tiny")):
        stack.run("config", "set", name, value)
    stack.up()
    given = [gpu["address"] for each in client.list("instance") for gpu in each.get("status", {})["gpus"]]
    assert (len(given), len(set(given))) == (8, 8)
    assert set(stack.up().counts) == {"unchanged"}
    stack.destroy()
    client.delete("host", f"gpu-{tenant}")
