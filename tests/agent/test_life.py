"""Guests on hosts with agents come into being, change, are looked after, and go."""

from __future__ import annotations

import pytest

from pextra.drivers.interface import GuestSpec, Power, Retryable, VolumeObservation, VolumeSource
from pextra.drivers.sim.compute import SimCompute
from pextra.drivers.sim.storage import SimStorage
from tests.agent.world import AgentCloud


def test_an_instance_is_made_by_the_agent_of_its_host(cloud: AgentCloud) -> None:
    cloud.instance("web", networks=[{"network": "front"}])
    assert cloud.ready("instance", "web")["reason"] == "Running"
    guest = cloud.hosts["h0"].drivers.compute.observe_guest(cloud.uid("web"))
    assert guest is not None
    assert guest.power is Power.RUNNING


def test_a_world_that_stands_still_costs_one_question_a_poll(cloud: AgentCloud) -> None:
    cloud.instance("web")
    cloud.settle(5.0)
    agent = cloud.hosts["h0"].agent
    assert agent.look(limit=10) == 0
    assert agent.observe() == 0
    assert not agent.ledger.has_news
    assert cloud.loop.step() == 0


def test_deleting_leaves_nothing_on_the_host_and_no_assignment(cloud: AgentCloud) -> None:
    cloud.instance("web", networks=[{"network": "front"}])
    before = cloud.hosts["h0"].agent.ledger.count()
    cloud.delete("instance", "web")
    cloud.settle(5.0)
    host = cloud.hosts["h0"]
    assert cloud.find("instance", "web") is None
    assert host.drivers.compute.observe_guests() == {}
    assert host.drivers.network.observe_ports() == {}
    assert host.drivers.storage.observe_volumes() == {}
    assert host.agent.ledger.count() == before - 1


def test_a_stopped_instance_stays_off_and_starts_again_when_asked(cloud: AgentCloud) -> None:
    cloud.instance("web")
    cloud.put("instance", "web", {"flavor": "small", "image": "linux", "power": "off"})
    cloud.settle(30.0)
    assert cloud.ready("instance", "web")["reason"] == "Stopped"
    cloud.put("instance", "web", {"flavor": "small", "image": "linux", "power": "on"})
    cloud.settle(5.0)
    assert cloud.get("instance", "web").status["boots"] == 2


def test_a_guest_that_powers_itself_off_right_after_it_was_started_stays_off(cloud: AgentCloud) -> None:
    """Also when its agent has yet to hear that its last stop, which was asked for, is no longer the last."""
    cloud.instance("web")
    cloud.put("instance", "web", {"flavor": "small", "image": "linux", "power": "off"})
    cloud.settle(30.0)
    cloud.put("instance", "web", {"flavor": "small", "image": "linux", "power": "on"})
    while cloud.loop.step():
        pass
    agent = cloud.hosts["h0"].agent
    agent.exchange()
    assert agent.look(limit=8)
    cloud.world.guest_powers_off(cloud.uid("web"))
    agent.observe()
    agent.look(limit=8)
    cloud.settle(5.0)
    assert cloud.ready("instance", "web")["reason"] == "PoweredOffByGuest"
    assert cloud.get("instance", "web").status["boots"] == 2


def test_a_reboot_happens_once(cloud: AgentCloud) -> None:
    cloud.instance("web")
    operation = cloud.act("instance", "web", "reboot").record
    assert operation is not None
    cloud.settle(5.0)
    assert cloud.get("operation", operation.name).status["phase"] == "succeeded"
    cloud.hosts["h0"].restart()
    cloud.settle(5.0)
    assert cloud.get("instance", "web").status["boots"] == 2


def test_a_guest_that_crashes_is_started_again_while_the_control_plane_is_away(cloud: AgentCloud) -> None:
    cloud.instance("web")
    host = cloud.hosts["h0"]
    host.link.up = False
    cloud.world.guest_crashes(cloud.uid("web"))
    cloud.settle(5.0)
    guest = host.drivers.compute.observe_guest(cloud.uid("web"))
    assert guest is not None
    assert guest.power is Power.RUNNING
    host.link.up = True
    cloud.settle(5.0)
    assert cloud.get("instance", "web").status["boots"] == 2


def test_a_guest_that_crashes_before_its_new_agent_observes_for_the_first_time_is_started_again(
    cloud: AgentCloud,
) -> None:
    cloud.instance("web")
    host = cloud.hosts["h0"]
    host.restart()
    host.agent.exchange()
    host.agent.exchange()
    while host.agent.look(limit=8):
        pass
    cloud.world.guest_crashes(cloud.uid("web"))
    cloud.settle(5.0)
    assert cloud.get("instance", "web").status["boots"] == 2


def test_a_guest_that_crashes_while_guests_cannot_be_observed_is_started_again(cloud: AgentCloud) -> None:
    cloud.instance("web")
    cloud.settle(5.0)
    cloud.world.fail_next("observe_guests", Retryable("HypervisorDown", "libvirtd is being started"))
    cloud.world.guest_crashes(cloud.uid("web"))
    assert cloud.hosts["h0"].agent.observe() == 0
    cloud.settle(5.0)
    assert cloud.get("instance", "web").status["boots"] == 2


def test_a_restarted_agent_finds_its_guests_and_starts_none_anew(cloud: AgentCloud) -> None:
    cloud.instance("web")
    cloud.hosts["h0"].restart()
    cloud.settle(5.0)
    assert cloud.get("instance", "web").status["boots"] == 1
    assert cloud.ready("instance", "web")["status"] == "true"


def test_a_volume_is_made_grown_and_removed_on_its_host(cloud: AgentCloud) -> None:
    cloud.put("volume", "data", {"size_gib": 1})
    cloud.instance("web", volumes=["data"])
    cloud.settle(5.0)
    assert cloud.ready("instance", "web")["reason"] == "Running"
    volume = cloud.get("volume", "data")
    cloud.put("volume", "data", {"size_gib": 2})
    cloud.settle(5.0)
    storage = cloud.hosts["h0"].drivers.storage
    assert storage.observe_volumes()[volume.uid].size_bytes == 2 << 30
    cloud.delete("instance", "web")
    cloud.settle(5.0)
    cloud.delete("volume", "data")
    cloud.settle(5.0)
    assert cloud.find("volume", "data") is None
    assert storage.observe_volumes() == {}


def test_a_volume_that_only_the_guest_which_has_it_open_can_grow_is_grown_by_it(
    cloud: AgentCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As volumes are that lie in files."""
    cloud.put("volume", "data", {"size_gib": 1})
    cloud.instance("web", volumes=["data"])
    cloud.settle(5.0)
    ensure = SimStorage.ensure_volume

    def guarded(driver: SimStorage, volume: VolumeSource) -> VolumeObservation:
        seen = driver.observe_volume(volume.tenant_uid, volume.uid)
        if seen is not None and seen.size_bytes < volume.size_bytes:
            raise Retryable("VolumeBusy", "it is open")
        return ensure(driver, volume)

    monkeypatch.setattr(SimStorage, "ensure_volume", guarded)
    cloud.put("volume", "data", {"size_gib": 2})
    grown: list[int] = []
    define = SimCompute.ensure_defined

    def noting(driver: SimCompute, guest: GuestSpec) -> None:
        grown.append(guest.disks[1].size_bytes)
        define(driver, guest)

    monkeypatch.setattr(SimCompute, "ensure_defined", noting)
    cloud.settle(10.0)
    assert grown[-1:] == [2 << 30]
    assert cloud.ready("volume", "data")["status"] == "true"
    monkeypatch.undo()
    cloud.settle(30.0)
    assert cloud.ready("volume", "data")["reason"] == "Ready"


def test_what_the_host_has_is_known_to_placement_and_shown(cloud: AgentCloud) -> None:
    host = cloud.find("host", "h0")
    assert host is not None
    assert host.status["vcpus"] == 8
    assert host.status["pool"] == "h0"
    assert host.ready


def test_a_silent_agent_makes_its_host_unready_and_its_guests_are_left_alone(cloud: AgentCloud) -> None:
    cloud.instance("web")
    cloud.hosts["h0"].link.up = False
    cloud.settle(40.0)
    host = cloud.find("host", "h0")
    assert host is not None
    assert host.status["conditions"][0]["reason"] == "AgentSilent"
    assert cloud.ready("instance", "web")["reason"] == "Running"
    cloud.put("instance", "other", {"flavor": "small", "image": "linux"})
    cloud.settle(10.0)
    assert cloud.ready("instance", "other")["reason"] == "NoCapacity"
    cloud.hosts["h0"].link.up = True
    cloud.settle(40.0)
    assert cloud.ready("instance", "other")["reason"] == "Running"


def test_an_instance_whose_host_is_silent_says_so(cloud: AgentCloud) -> None:
    cloud.instance("web")
    cloud.hosts["h0"].link.up = False
    cloud.settle(40.0)
    cloud.put("instance", "web", {"flavor": "small", "image": "linux", "power": "off"})
    cloud.settle(10.0)
    ready = cloud.ready("instance", "web")
    assert ready["reason"] == "HostNotReady"
    assert "last heard" in ready["message"]


def test_what_a_driver_refuses_is_said_with_its_reason(cloud: AgentCloud) -> None:
    cloud.put("flavor", "vast", {"vcpus": 1, "memory_mib": 1024, "disk_gib": 10})
    cloud.put("image", "bad", {"url": "sim://linux", "sha256": "0" * 64})
    cloud.settle(5.0)
    assert cloud.ready("image", "bad")["reason"] == "DigestMismatch"


def test_a_guest_that_nobody_assigned_goes_after_a_while(cloud: AgentCloud) -> None:
    cloud.instance("web")
    host = cloud.hosts["h0"]
    with cloud.database.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM assignment WHERE kind = 'guest'")
    cloud.loop.step()
    host.restart()
    host.agent.exchange()  # by which it learns the number of the last one
    host.agent.exchange()
    host.agent.observe()
    host.agent.exchange()
    assert cloud.uid("web") in host.drivers.compute.observe_guests(), "it is left alone at first"
    cloud.clock.advance(700)
    host.agent.exchange()
    assert host.drivers.compute.observe_guests() == {}


def test_a_rebuild_makes_the_root_disk_anew_once(cloud: AgentCloud) -> None:
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


def test_two_rebuilds_happen_one_after_the_other(cloud: AgentCloud) -> None:
    cloud.instance("web")
    made = [cloud.act("instance", "web", "rebuild").record for _ in range(2)]
    cloud.settle(30.0)
    assert {cloud.get("operation", m.name).status["phase"] for m in made if m is not None} == {"succeeded"}
    assert sorted(cloud.get("instance", "web").status["rebuilds"]) == sorted(m.uid for m in made if m is not None)
