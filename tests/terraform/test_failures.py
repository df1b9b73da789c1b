"""What goes wrong on the way, and that the next run finds everything again."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from pextra_client import Client
from tests.cli.cloud import RunningCloud
from tests.labs.ports import free_port
from tests.labs.waiting import wait_until
from tests.lifecycle.killable import killable_cloud
from tests.lifecycle.tenants import LIMITS, new_tenant
from tests.terraform.conftest import PATIENCE, NewStack
from tests.terraform.engine import Stack

_MANY = 12


def _volumes(count: int = _MANY) -> dict[str, dict[str, Any]]:
    return {f"volume.v{n}": {"name": f"v{n}", "size_gib": 1} for n in range(count)}


def _uids(client: Client) -> dict[str, str]:
    return {each["metadata"]["name"]: each["metadata"].get("uid", "") for each in client.list("volume")}


def _some(client: Client, count: int = 3) -> None:
    wait_until(lambda: len(_uids(client)) >= count, 60, f"{count} volumes")


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    threads = [path.read_text() for path in listed.parents[1].glob("*/children")]
    return [int(each) for text in threads for each in text.split()]


@pytest.mark.slow
def test_a_cloud_that_does_not_answer_is_said_in_one_line_and_the_state_is_kept(stack: Stack) -> None:
    stack.write({"network.front": {"name": "front"}})
    stack.apply()
    there = stack.url
    stack.url = f"http://127.0.0.1:{free_port()}"
    done = stack.run("plan")
    assert done.status == 1
    assert "Cannot read network" in done.text
    assert "connection refused" in done.text
    stack.url = there
    assert not stack.plan().changes


@pytest.mark.slow
def test_a_token_that_ends_in_mid_apply_stops_it_and_the_next_run_goes_on(
    stack: Stack, client: Client, tenant: str
) -> None:
    client.put("user", "ada", {})
    client.put("role_binding", "ada", {"role": "admin", "subject": {"kind": "user", "name": "ada"}})
    made = client.put("api_token", "apply", {"user": "ada"})
    admin, stack.token = stack.token, str(made.get("minted", {})["token"])
    stack.write(_volumes())
    process = stack.start("apply", "-auto-approve", "-parallelism=1")
    _some(client)
    client.delete("api_token", "apply")
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "auth.unauthenticated" in said
    before = _uids(client)
    assert 0 < len(before) < _MANY
    # The one whose readiness could no longer be asked for was not made to the end, as Terraform sees it.
    unsure = {address.removeprefix("volume.") for address in stack.tainted()}
    assert len(unsure) <= 1
    stack.token = admin
    stack.apply()
    after = _uids(client)
    assert len(after) == _MANY
    assert {name: uid for name, uid in before.items() if name not in unsure}.items() <= after.items()


@pytest.mark.slow
def test_a_token_that_has_ended_is_said_with_the_apis_code_and_nothing_is_forgotten(
    stack: Stack, client: Client
) -> None:
    client.put("user", "ada", {})
    made = client.put("api_token", "apply", {"user": "ada"})
    stack.write({"network.front": {"name": "front"}})
    stack.apply()
    admin, stack.token = stack.token, str(made.get("minted", {})["token"])
    client.delete("api_token", "apply")
    for command in (["plan"], ["apply", "-auto-approve"], ["destroy", "-auto-approve"]):
        done = stack.run(*command)
        assert done.status == 1
        assert f"Cannot read network {client.tenant}/front: auth.unauthenticated" in done.text
        assert stack.token not in done.output
    stack.token = admin
    assert stack.state().keys() == {"network.front"}
    assert not stack.plan().changes


@pytest.mark.slow
def test_ctrl_c_ends_an_apply_after_what_is_under_way_and_the_state_has_all_that_was_made(
    stack: Stack, client: Client
) -> None:
    stack.write(_volumes(60))
    process = stack.start("apply", "-auto-approve", "-parallelism=1")
    _some(client)
    for pid in [process.pid, *_children(process.pid)]:  # as a terminal does, which tells the whole group
        os.kill(pid, signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Interrupt received" in said
    made = _uids(client)
    assert 0 < len(made) < 60
    assert {address.removeprefix("volume.") for address in stack.state()} == made.keys()
    assert stack.tainted() == set()
    stack.apply()
    assert made.items() <= _uids(client).items()
    assert len(_uids(client)) == 60


@pytest.mark.slow
def test_ctrl_c_ends_a_wait_and_what_was_waited_for_is_in_the_state_untainted(stack: Stack, client: Client) -> None:
    client.put("flavor", "vast", {"vcpus": 128, "memory_mib": 900_000, "disk_gib": 5})
    stack.write({"instance.big": {"name": "big", "flavor": "vast", "image": "system/sim-linux"}})
    process = stack.start("apply", "-auto-approve")
    wait_until(lambda: client.find("instance", "big") is not None, 60, "the instance")
    for pid in [process.pid, *_children(process.pid)]:
        os.kill(pid, signal.SIGINT)
    said, _ = process.communicate(timeout=60)  # it would have waited for ten minutes
    assert "nobody waited until it is ready" in said
    assert stack.state().keys() == {"instance.big"}
    assert stack.tainted() == set()


@pytest.mark.slow
def test_no_quota_is_a_warning_beforehand_an_error_then_and_what_fitted_stays(
    new_stack: NewStack, cloud: RunningCloud
) -> None:
    poor = new_tenant(cloud, volumes=2)
    stack = new_stack("poor")
    stack.tenant = poor
    stack.write(_volumes(3))
    plan = stack.plan()
    assert f"tenant {poor} may use 2 volumes" in plan.text
    done = stack.run("apply", "-auto-approve")
    assert done.status == 1
    assert "quota.exceeded" in done.text
    assert len(stack.state()) == 2
    with Client(cloud.url, cloud.admin_token, tenant=poor, policy=PATIENCE) as client:
        client.put("quota", "default", {"limits": LIMITS})
    stack.apply()
    assert len(stack.state()) == 3


@pytest.mark.parametrize("victim", ["engine", pytest.param("plugin", marks=pytest.mark.slow)])
def test_whatever_is_killed_in_mid_apply_the_next_run_finds_all_that_was_made(
    victim: str, stack: Stack, client: Client
) -> None:
    stack.write(_volumes())
    process = stack.start("apply", "-auto-approve", "-parallelism=1")
    _some(client)
    plugins = _children(process.pid)
    assert plugins
    for pid in [process.pid] if victim == "engine" else plugins:
        os.kill(pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert process.returncode != 0
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in plugins), 20, "the plugin to end")
    before = _uids(client)
    assert 0 < len(before) < _MANY
    stack.apply()
    assert before.items() <= _uids(client).items()
    assert len(_uids(client)) == _MANY
    assert len(stack.state()) == _MANY
    stack.destroy()
    assert _uids(client) == {}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_cloud_that_is_killed_and_comes_back_in_mid_apply_leaves_every_object_once(
    tmp_path: Path, provider: Path
) -> None:
    with killable_cloud(tmp_path) as cloud:
        with Client(cloud.url, cloud.token) as client:
            client.put("tenant", "acme", {})
            client.put("quota", "default", {"limits": LIMITS}, tenant="acme")
        with Client(cloud.url, cloud.token, tenant="acme", policy=PATIENCE) as client:
            stack = Stack(tmp_path / "stack", provider, cloud.url, cloud.token, "acme")
            stack.write(_volumes(30))
            process = stack.start("apply", "-auto-approve", "-parallelism=2")
            _some(client)
            cloud.kill()
            cloud.start()
            process.communicate(timeout=100)
            stack.apply()
            assert len(_uids(client)) == 30
            assert len(stack.state()) == 30
            assert not stack.plan().changes
            stack.destroy()
            assert _uids(client) == {}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_hundred_resources_are_made_planned_empty_and_destroyed(stack: Stack, client: Client) -> None:
    stack.write(_volumes(200))
    stack.apply()
    assert len(_uids(client)) == 200
    assert not stack.plan().changes
    stack.destroy()
    assert _uids(client) == {}
