"""What ends or begins while a stack is applied, what is not known while it is previewed, and many resources."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from pextra_client import Client
from tests.labs.waiting import wait_until
from tests.lifecycle.conftest import PATIENCE
from tests.lifecycle.killable import killable_cloud
from tests.lifecycle.tenants import LIMITS
from tests.pulumi.stacks import Stack

NewStack = Callable[..., Stack]
MANY: Final = 30
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def _volumes(module: str, count: int = MANY) -> str:
    name = "f'v{number}'"
    return f"import {module} as px\nfor number in range({count}):\n    px.Volume({name}, name={name}, size_gib=1)\n"


def _uids(client: Client) -> dict[str, str]:
    return {each["metadata"]["name"]: each["metadata"].get("uid", "") for each in client.list("volume")}


def test_a_cloud_that_is_killed_and_comes_back_in_mid_apply_leaves_every_object_once(
    new_stack: NewStack, module: str, tmp_path: Path
) -> None:
    folder = tmp_path / "cloud"
    folder.mkdir()
    with killable_cloud(folder) as cloud:
        with Client(cloud.url, cloud.token) as client:
            client.put("tenant", "acme", {})
            client.put("quota", "default", {"limits": LIMITS}, tenant="acme")
        with Client(cloud.url, cloud.token, tenant="acme", policy=PATIENCE) as client:
            stack = new_stack(_volumes(module), url=cloud.url, token=cloud.token)
            stack.environment["PEXTRA_TENANT"] = "acme"
            process = stack.start("up", "--yes", "--skip-preview", "--parallel", "2")
            wait_until(lambda: len(_uids(client)) >= 3, 120, "three volumes")
            cloud.kill()
            cloud.start()
            process.communicate(timeout=200)
            before = _uids(client)
            stack.up()
            assert len(_uids(client)) == len(stack.resources()) == MANY
            assert before.items() <= _uids(client).items()
            assert set(stack.preview().counts) == {"unchanged"}
            stack.destroy()
            assert _uids(client) == {}


def test_a_token_that_ends_in_mid_apply_stops_it_and_the_next_run_goes_on(
    new_stack: NewStack, module: str, client: Client
) -> None:
    client.put("user", "ada", {})
    client.put("role_binding", "ada", {"role": "admin", "subject": {"kind": "user", "name": "ada"}})
    token = client.put("api_token", "apply", {"user": "ada"}).get("minted", {})["token"]
    stack = new_stack(_volumes(module), token=token)
    admin = new_stack("").environment["PEXTRA_TOKEN"]
    process = stack.start("up", "--yes", "--skip-preview", "--parallel", "1")
    wait_until(lambda: len(_uids(client)) >= 3, 120, "three volumes")
    client.delete("api_token", "apply")
    said, _ = process.communicate(timeout=200)
    assert process.returncode != 0
    assert "auth.unauthenticated" in said
    assert "Traceback" not in said
    before = _uids(client)
    assert 0 < len(before) < MANY
    stack.environment["PEXTRA_TOKEN"] = admin
    stack.up()
    assert before.items() <= _uids(client).items()
    assert len(_uids(client)) == MANY


def test_two_hundred_resources_are_made_stay_as_they_are_and_go(
    new_stack: NewStack, module: str, client: Client
) -> None:
    stack = new_stack(_volumes(module, 200))
    assert stack.up().counts == {"created": 201}
    assert stack.up().counts == {"unchanged": 201}
    assert len(_uids(client)) == 200
    stack.destroy()
    assert _uids(client) == {}


def test_an_engine_that_is_told_to_stop_does_not_wait_with_the_plugin_and_knows_what_was_made(
    new_stack: NewStack, client: Client
) -> None:
    client.put("flavor", "vast", {"vcpus": 128, "memory_mib": 900_000, "disk_gib": 5})
    program = "import pulumi_pextra.native as px\npx.Instance('b', name='b', flavor='vast', image='system/sim-linux')\n"
    stack = new_stack(program)
    process = stack.start("up", "--yes", "--skip-preview")
    wait_until(lambda: client.find("instance", "b") is not None, 120, "the instance")
    os.kill(process.pid, signal.SIGINT)
    process.communicate(timeout=60)  # it would have waited for ten minutes
    uid = client.get("instance", "b")["metadata"].get("uid")
    assert [each["outputs"]["uid"] for each in stack.resources()] == [uid]
    assert "pending_operations" not in stack.run("stack", "export").text


_UNKNOWN: Final = """
import pulumi
import pulumi_pextra.native as px

network = px.Network("front", name="front", mtu=1400)
disk = px.Volume("data", name=network.uid.apply(lambda uid: f"d-{uid[:8]}"), size_gib=network.mtu)
account = px.ServiceAccount("deployer", name="deployer")
pulumi.export("name", network.name)
pulumi.export("mtu", network.mtu)
pulumi.export("uid", network.uid)
pulumi.export("enabled", account.enabled)
"""


def test_a_preview_with_the_plugin_knows_inputs_and_defaults_and_says_what_is_not_known(new_stack: NewStack) -> None:
    said = new_stack(_UNKNOWN).preview()
    outputs = {name: value for name, _, value in (line.strip().partition(": ") for line in said.text.splitlines())}
    known = {name.strip(): value for name, value in outputs.items()}
    assert (known["name"], known["mtu"], known["uid"], known["enabled"]) == ('"front"', "1400", "[unknown]", "true")
    assert said.counts == {"create": 4}
