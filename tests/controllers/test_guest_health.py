"""What is wrong with a guest is a condition of its instance, with the time, until it is well again."""

from __future__ import annotations

import pytest

from pextra.drivers.interface import Problem
from pextra.drivers.sim.compute import SimCompute
from pextra.store import events
from pextra.store.records import timestamp
from tests.controllers.cloud import LoopedCloud


def test_a_guest_without_trouble_says_so(cloud: LoopedCloud) -> None:
    cloud.instance("web")
    assert cloud.condition("instance", "web", "guest_panicked")["reason"] == "NoPanic"
    assert cloud.condition("instance", "web", "disk_error")["reason"] == "DisksWork"


def test_a_guest_that_lies_panicked_says_so_until_it_is_started_again(cloud: LoopedCloud) -> None:
    cloud.instance("web", restart_policy="never")
    cloud.world.guest_crashes(cloud.uid("web"))
    cloud.settle(2.0)
    lies = cloud.condition("instance", "web", "guest_panicked")
    assert (lies["status"], lies["reason"]) == ("true", "KernelPanicked")
    assert cloud.get("instance", "web").status["panicked_boot"] == 1
    cloud.instance("web", restart_policy="never", power="off")
    cloud.instance("web", restart_policy="never", power="on")
    runs = cloud.condition("instance", "web", "guest_panicked")
    assert (runs["status"], runs["reason"]) == ("false", "StartedAgain")
    assert runs["since"] > lies["since"]


def test_a_panic_whose_guest_was_started_at_once_is_told_with_its_time_and_in_an_event(cloud: LoopedCloud) -> None:
    cloud.instance("web")
    cloud.clock.advance(100.0)
    before = cloud.get("instance", "web")
    cloud.world.guest_crashes(before.uid)
    cloud.settle()
    status = cloud.get("instance", "web").status
    assert (status["power"], status["boots"], status["panicked_boot"]) == ("running", 2, 1)
    assert status["panicked_at"] == timestamp(int(cloud.clock.now() * 1_000_000))
    assert "boot 1" in cloud.condition("instance", "web", "guest_panicked")["message"]
    assert cloud.database.read(events.lag)[0] > 0


def test_what_was_said_of_a_guest_stays_while_its_host_cannot_be_asked(cloud: LoopedCloud) -> None:
    cloud.instance("web", restart_policy="never")
    cloud.world.guest_crashes(cloud.uid("web"))
    cloud.settle(2.0)
    lies = cloud.condition("instance", "web", "guest_panicked")
    cloud.world.host_down(cloud.get("instance", "web").status["host_uid"])
    cloud.instance("web", restart_policy="never", stop_timeout_s=5)
    assert cloud.ready("instance", "web")["reason"] == "HostDown"
    assert cloud.condition("instance", "web", "guest_panicked") == lies


@pytest.mark.parametrize(("problem", "reason"), [(Problem.DISK_FULL, "PoolFull"), (Problem.IO_ERROR, "DiskFailed")])
def test_a_disk_that_fails_again_and_again_is_told_until_the_guest_runs_on(
    cloud: LoopedCloud, problem: Problem, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.instance("web")
    uid, resume = cloud.uid("web"), SimCompute.ensure_running

    def fails_again(driver: SimCompute, guest: str) -> None:
        resume(driver, guest)
        cloud.world.guest_pauses(guest, problem)

    monkeypatch.setattr(SimCompute, "ensure_running", fails_again)
    cloud.world.guest_pauses(uid, problem)
    cloud.settle(10.0)
    told = cloud.condition("instance", "web", "disk_error")
    assert (told["status"], told["reason"], cloud.ready("instance", "web")["status"]) == ("true", reason, "false")
    cloud.settle(30.0)
    assert cloud.condition("instance", "web", "disk_error")["since"] == told["since"]
    monkeypatch.undo()
    cloud.settle(120.0)
    assert cloud.condition("instance", "web", "disk_error")["status"] == "false"
    assert cloud.ready("instance", "web")["status"] == "true"
