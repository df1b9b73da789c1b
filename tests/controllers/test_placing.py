"""Hosts for instances: capacity, spreading, waiting, and what is given back."""

from __future__ import annotations

from pextra.drivers.interface import GuestSpec
from pextra.store import addresses, allocations
from tests.controllers.cloud import LoopedCloud, refusal


def used_vcpus(cloud: LoopedCloud) -> int:
    return sum(h.used.vcpus for h in cloud.database.read(allocations.hosts))


def test_an_instance_without_room_says_so_and_runs_when_room_is_made(cloud: LoopedCloud) -> None:
    for name in ("a", "b"):
        cloud.instance(name, flavor="large")
    cloud.instance("e", flavor="large")
    waiting = cloud.ready("instance", "e")
    assert waiting["reason"] == "NoCapacity"
    assert "none of 2 hosts can take it" in waiting["message"]
    cloud.delete("instance", "a")
    cloud.settle(120.0)
    assert cloud.ready("instance", "e")["status"] == "true"


def test_a_deleted_instance_gives_back_all_that_it_held(cloud: LoopedCloud) -> None:
    cloud.instance("web", networks=[{"network": "front"}])
    record = cloud.get("instance", "web")
    cloud.delete("instance", "web")
    cloud.settle(5.0)
    assert cloud.find("instance", "web") is None
    assert used_vcpus(cloud) == 0
    assert cloud.database.read(lambda tx: addresses.of(tx, record.tenant_uid, record.uid)) == []
    drivers = cloud.fleet.drivers(cloud.get("host", record.status["host"]))
    assert drivers is not None
    assert not drivers.compute.observe_guests()
    assert not drivers.network.observe_ports()
    assert not drivers.network.observe_networks()
    assert not drivers.storage.observe_volumes()


def test_a_resize_that_its_host_has_no_room_for_waits_and_keeps_the_guest_running(cloud: LoopedCloud) -> None:
    cloud.delete("host", "h1", tenant=None)
    cloud.settle(5.0)
    cloud.instance("a", flavor="large")
    cloud.instance("b")
    cloud.put("flavor", "huge", {"vcpus": 8, "memory_mib": 1024, "disk_gib": 10})
    cloud.instance("b", flavor="huge")
    assert cloud.ready("instance", "b")["reason"] == "NoCapacity"
    assert cloud.get("instance", "b").status["power"] == "running"
    assert used_vcpus(cloud) == 5


def test_a_subnet_without_addresses_is_named_until_one_is_free(cloud: LoopedCloud) -> None:
    for number in range(5):
        cloud.instance(f"i{number}", networks=[{"network": "front"}])
    cloud.instance("late", networks=[{"network": "front"}])
    assert cloud.ready("instance", "late")["reason"] == "AddressExhausted"
    cloud.delete("instance", "i3")
    cloud.settle(120.0)
    assert cloud.get("instance", "late").status["addresses"] == ["10.0.0.5"]
    assert cloud.ready("instance", "late")["status"] == "true"


def test_a_host_that_is_deleted_takes_no_more_guests_and_goes_with_its_last(cloud: LoopedCloud) -> None:
    cloud.instance("web")
    host = cloud.get("instance", "web").status["host"]
    cloud.delete("host", host, tenant=None)
    cloud.instance("other")
    assert cloud.get("instance", "other").status["host"] != host
    assert cloud.ready("host", host)["reason"] == "InUse"
    cloud.delete("instance", "web")
    cloud.settle(30.0)
    assert cloud.find("host", host, tenant=None) is None


def test_a_guest_that_nobody_has_on_a_host_is_removed_from_it(cloud: LoopedCloud) -> None:
    cloud.instance("web")
    record = cloud.get("instance", "web")
    other = next(h for h in ("h0", "h1") if h != record.status["host"])
    stranger = cloud.fleet.drivers(cloud.get("host", other))
    home = cloud.fleet.drivers(cloud.get("host", record.status["host"]))
    assert stranger is not None
    assert home is not None
    stranger.compute.ensure_defined(GuestSpec("0" * 8 + "-dead-7000-8000-" + "0" * 12, "t", "ghost", 1, 64, ()))
    cloud.settle()
    assert not stranger.compute.observe_guests()
    assert set(home.compute.observe_guests()) == {record.uid}


def test_an_instance_whose_guest_vanished_gets_it_again(cloud: LoopedCloud) -> None:
    cloud.instance("web")
    record = cloud.get("instance", "web")
    drivers = cloud.fleet.drivers(cloud.get("host", record.status["host"]))
    assert drivers is not None
    drivers.compute.ensure_absent(record.uid)
    cloud.settle(5.0)
    assert set(drivers.compute.observe_guests()) == {record.uid}
    assert cloud.get("instance", "web").status["power"] == "running"


def test_a_settled_cloud_has_nothing_left_to_look_at(cloud: LoopedCloud) -> None:
    cloud.instance("web", networks=[{"network": "front"}])
    cloud.settle(120.0)
    assert cloud.loop.step() == 0
    cloud.clock.advance(3600.0)
    assert cloud.loop.step() == 0
    assert cloud.sweep.run(cloud.loop.shards) == 0


def test_a_network_in_use_cannot_be_deleted_and_the_refusal_names_the_user(cloud: LoopedCloud) -> None:
    cloud.instance("web", networks=[{"network": "front"}])
    error = refusal(cloud, "network", "front", cascade=True)
    assert error.code == "object.in_use"
    assert "instance web" in error.message
