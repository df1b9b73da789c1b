"""What is wrong with a guest reaches its instance's conditions through the agent of its host."""

from __future__ import annotations

import pytest

from pextra.drivers.interface import Problem
from pextra.drivers.sim.compute import SimCompute
from tests.agent.world import AgentCloud


def test_a_panic_is_told_and_is_kept_when_the_guest_was_started_again_before_anybody_was_told(
    cloud: AgentCloud,
) -> None:
    cloud.instance("web")
    host = next(iter(cloud.hosts.values()))
    host.link.up = False
    cloud.world.guest_crashes(cloud.uid("web"))
    cloud.settle(10.0)
    host.restart()
    host.link.up = True
    cloud.settle(20.0)
    status = cloud.get("instance", "web").status
    assert (status["power"], status["boots"], status["panicked_boot"]) == ("running", 2, 1)
    assert cloud.condition("instance", "web", "guest_panicked")["reason"] == "StartedAgain"


def test_a_guest_that_lies_panicked_says_so(cloud: AgentCloud) -> None:
    cloud.instance("web", restart_policy="never")
    cloud.world.guest_crashes(cloud.uid("web"))
    cloud.settle(10.0)
    assert cloud.condition("instance", "web", "guest_panicked")["status"] == "true"


def test_a_disk_that_fails_again_and_again_is_told_until_the_guest_runs_on(
    cloud: AgentCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.instance("web")
    uid, resume = cloud.uid("web"), SimCompute.ensure_running

    def fails_again(driver: SimCompute, guest: str) -> None:
        resume(driver, guest)
        cloud.world.guest_pauses(guest, Problem.IO_ERROR)

    monkeypatch.setattr(SimCompute, "ensure_running", fails_again)
    cloud.world.guest_pauses(uid, Problem.IO_ERROR)
    for _ in range(20):  # an agent that sees it paused looks again at once: the test lets it see that now and then
        cloud.clock.advance(0.5)
        for host in cloud.hosts.values():
            host.agent.observe()
            host.agent.look(limit=8)
            host.agent.exchange()
        cloud.loop.step()
    assert cloud.condition("instance", "web", "disk_error")["status"] == "true"
    assert cloud.ready("instance", "web")["reason"] == "DiskFailed"
    monkeypatch.undo()
    cloud.settle(120.0)
    assert cloud.condition("instance", "web", "disk_error")["status"] == "false"
    assert cloud.ready("instance", "web")["status"] == "true"
