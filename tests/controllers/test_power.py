"""Power and restarts: what is desired, what the guest did by itself, and which of the two wins."""

from __future__ import annotations

import pytest

from tests.controllers.cloud import LoopedCloud


def test_an_instance_runs_once_it_is_written(cloud: LoopedCloud) -> None:
    cloud.instance("web", networks=[{"network": "front"}])
    status = cloud.get("instance", "web").status
    assert status["power"] == "running"
    assert status["boots"] == 1
    assert status["addresses"] == ["10.0.0.2"]
    assert cloud.ready("instance", "web")["status"] == "true"


@pytest.mark.parametrize(("policy", "starts_again"), [("always", True), ("on_failure", False), ("never", False)])
def test_a_guest_that_powers_itself_off_follows_its_restart_policy(
    cloud: LoopedCloud, policy: str, starts_again: bool
) -> None:
    cloud.instance("web", restart_policy=policy)
    cloud.world.guest_powers_off(cloud.uid("web"))
    cloud.settle(5.0)
    assert (cloud.get("instance", "web").status["power"] == "running") is starts_again
    if not starts_again:
        assert cloud.ready("instance", "web")["reason"] == "PoweredOffByGuest"


@pytest.mark.parametrize(("policy", "starts_again"), [("always", True), ("on_failure", True), ("never", False)])
def test_a_guest_that_crashes_follows_its_restart_policy(cloud: LoopedCloud, policy: str, starts_again: bool) -> None:
    cloud.instance("web", restart_policy=policy)
    cloud.world.guest_crashes(cloud.uid("web"))
    cloud.settle(5.0)
    assert (cloud.get("instance", "web").status["power"] == "running") is starts_again
    if not starts_again:
        assert cloud.ready("instance", "web")["reason"] == "Crashed"


def test_power_off_and_on_starts_a_guest_that_had_powered_itself_off(cloud: LoopedCloud) -> None:
    cloud.instance("web")
    cloud.world.guest_powers_off(cloud.uid("web"))
    cloud.settle(2.0)
    cloud.instance("web", power="off")
    assert cloud.ready("instance", "web") | {"since": ""} == {
        "type": "ready", "status": "true", "reason": "Stopped", "message": "", "since": "",
    }  # fmt: skip
    cloud.instance("web", power="on")
    assert cloud.get("instance", "web").status["power"] == "running"


def test_guests_of_a_host_that_was_lost_start_when_it_is_back(cloud: LoopedCloud) -> None:
    cloud.instance("web")
    host = cloud.get("instance", "web").status["host_uid"]
    cloud.world.host_down(host)
    cloud.settle(10.0)
    cloud.world.host_up(host)
    cloud.settle(60.0)
    assert cloud.get("instance", "web").status["power"] == "running"
    assert cloud.get("instance", "web").status["host_uid"] == host
    assert cloud.world.violations() == []


def test_another_flavor_restarts_the_guest_with_its_new_size(cloud: LoopedCloud) -> None:
    cloud.instance("web")
    cloud.instance("web", flavor="large")
    record = cloud.get("instance", "web")
    drivers = cloud.fleet.drivers(cloud.get("host", record.status["host"]))
    assert drivers is not None
    guest = drivers.compute.observe_guest(record.uid)
    assert guest is not None
    assert (guest.vcpus, guest.memory_mib) == (4, 8192)
    assert record.status["boots"] == 2


def test_a_label_that_changes_leaves_the_guest_alone(cloud: LoopedCloud) -> None:
    cloud.instance("web")
    cloud.instance("web", restart_policy="always")
    assert cloud.get("instance", "web").status["boots"] == 1


def test_a_reboot_is_done_once_even_when_the_loop_dies_after_it(cloud: LoopedCloud) -> None:
    cloud.instance("web")
    operation = cloud.act("instance", "web", "reboot").record
    assert operation is not None
    cloud.settle()
    cloud.restart()
    cloud.settle(5.0)
    assert cloud.get("operation", operation.name).status["phase"] == "succeeded"
    assert cloud.get("instance", "web").status["boots"] == 2


def test_a_reboot_of_a_guest_that_is_off_fails_and_says_why(cloud: LoopedCloud) -> None:
    cloud.instance("web", power="off")
    operation = cloud.act("instance", "web", "reboot").record
    assert operation is not None
    cloud.settle(5.0)
    status = cloud.get("operation", operation.name).status
    assert status["phase"] == "failed"
    assert status["error"]


def test_the_console_log_is_an_operations_result(cloud: LoopedCloud) -> None:
    cloud.instance("web")
    operation = cloud.act("instance", "web", "console_log").record
    assert operation is not None
    cloud.settle(5.0)
    assert "web" in cloud.get("operation", operation.name).status["result"]["text"]


def test_an_operation_that_has_ended_is_kept_for_a_week(cloud: LoopedCloud) -> None:
    cloud.instance("web")
    operation = cloud.act("instance", "web", "reboot").record
    assert operation is not None
    cloud.settle()
    cloud.clock.advance(6.9 * 86_400)
    cloud.settle()
    assert cloud.find("operation", operation.name) is not None
    cloud.clock.advance(0.2 * 86_400)
    cloud.settle()
    assert cloud.find("operation", operation.name) is None


def test_a_rebuild_makes_the_root_disk_anew_once(cloud: LoopedCloud) -> None:
    cloud.instance("web")
    operation = cloud.act("instance", "web", "rebuild").record
    assert operation is not None
    cloud.settle(10.0)
    assert cloud.get("operation", operation.name).status["phase"] == "succeeded"
    status = cloud.get("instance", "web").status
    assert (status["rebuilds"], status["rebuild_act"], status["power"]) == ([operation.uid], "", "running")
    boots = status["boots"]
    assert boots == 2, "the guest was restarted for it"
    cloud.settle(10.0)
    assert cloud.get("instance", "web").status["boots"] == boots


def test_two_rebuilds_happen_one_after_the_other(cloud: LoopedCloud) -> None:
    cloud.instance("web")
    made = [cloud.act("instance", "web", "rebuild").record for _ in range(2)]
    cloud.settle(30.0)
    assert {cloud.get("operation", m.name).status["phase"] for m in made if m is not None} == {"succeeded"}
    assert sorted(cloud.get("instance", "web").status["rebuilds"]) == sorted(m.uid for m in made if m is not None)
