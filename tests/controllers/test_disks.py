"""Volumes and images: made at first use, held by one instance, kept while something uses them."""

from __future__ import annotations

import pytest

from pextra import wiring
from pextra.controllers.sweep import STORAGE_EVERY_S
from pextra.drivers.interface import Retryable
from pextra.drivers.sim.images import sim_image
from pextra.errors import PextraError
from tests.controllers.cloud import LoopedCloud


def test_a_volume_is_made_at_its_first_use_and_stays_there(cloud: LoopedCloud) -> None:
    cloud.put("volume", "data", {"size_gib": 5})
    cloud.settle()
    assert cloud.ready("volume", "data")["reason"] == "WaitsForFirstUse"
    cloud.instance("web", volumes=["data"])
    status = cloud.get("volume", "data").status
    assert status["pool"] == "sim"
    assert status["attached_to"] == cloud.uid("web")
    assert cloud.ready("instance", "web")["status"] == "true"


def test_a_volume_goes_from_one_instance_to_the_next_and_is_never_in_both(cloud: LoopedCloud) -> None:
    cloud.put("volume", "data", {"size_gib": 5})
    cloud.instance("a", volumes=["data"])
    with pytest.raises(PextraError, match="in use by another instance"):
        cloud.instance("b", volumes=["data"])
    cloud.put("instance", "a", {"flavor": "small", "image": "linux"})
    cloud.put("instance", "b", {"flavor": "small", "image": "linux", "volumes": ["data"]})
    cloud.settle(60.0)
    assert cloud.get("volume", "data").status["attached_to"] == cloud.uid("b")
    assert cloud.ready("instance", "b")["status"] == "true"
    assert cloud.world.violations() == []


def test_a_volume_of_an_instance_outlives_it(cloud: LoopedCloud) -> None:
    cloud.put("volume", "data", {"size_gib": 5})
    cloud.instance("web", volumes=["data"])
    cloud.delete("instance", "web")
    cloud.settle(5.0)
    assert cloud.get("volume", "data").status["attached_to"] == ""
    cloud.delete("volume", "data")
    cloud.settle(5.0)
    assert cloud.find("volume", "data") is None
    assert not cloud.fleet.pools()["sim"].observe_volumes()


def test_a_volume_grows_in_place(cloud: LoopedCloud) -> None:
    cloud.put("volume", "data", {"size_gib": 5})
    cloud.instance("web", volumes=["data"])
    cloud.put("volume", "data", {"size_gib": 8})
    cloud.settle(5.0)
    seen = cloud.fleet.pools()["sim"].observe_volumes()[cloud.get("volume", "data").uid]
    assert seen.size_bytes == 8 << 30
    assert cloud.get("instance", "web").status["boots"] == 1


def test_a_guest_is_told_that_its_volume_grew_also_where_only_the_guest_can_grow_it(cloud: LoopedCloud) -> None:
    cloud.put("volume", "data", {"size_gib": 5})
    cloud.instance("web", volumes=["data"])
    for _ in range(2):
        cloud.world.fail_next("ensure_volume", Retryable("VolumeBusy", "a guest has it open"))
    cloud.put("volume", "data", {"size_gib": 8})
    cloud.settle(10.0)
    with cloud.world.on_host(cloud.get("instance", "web").status["host_uid"], "observe_guest") as host:
        told = host.guests[cloud.uid("web")].running_spec.disks[1].size_bytes
    assert told == 8 << 30
    assert cloud.get("instance", "web").status["boots"] == 1
    assert cloud.ready("volume", "data")["reason"] == "Ready"


def test_a_full_pool_is_reported_and_work_goes_on_when_there_is_room(cloud: LoopedCloud) -> None:
    cloud.world.fill_pool("sim")
    cloud.instance("web")
    assert cloud.ready("instance", "web")["reason"] == "PoolFull"
    cloud.world.free_pool("sim")
    cloud.settle(120.0)
    assert cloud.ready("instance", "web")["status"] == "true"


def test_a_driver_that_fails_for_a_while_is_tried_again(cloud: LoopedCloud) -> None:
    for _ in range(3):
        cloud.world.fail_next("ensure_running", Retryable("HostBusy", "try again"))
    cloud.instance("web")
    cloud.settle(60.0)
    assert cloud.ready("instance", "web")["status"] == "true"


def test_a_deleted_image_frees_its_name_and_lasts_as_long_as_it_is_used(cloud: LoopedCloud) -> None:
    cloud.instance("web")
    image = cloud.get("image", "linux").uid
    cloud.delete("image", "linux")
    cloud.settle(5.0)
    assert cloud.find("image", "linux") is None
    assert cloud.fleet.pools()["sim"].observe_image(image) is not None
    cloud.act("instance", "web", "reboot")
    cloud.settle(5.0)
    assert cloud.get("instance", "web").status["power"] == "running"
    cloud.delete("instance", "web")
    cloud.settle(5.0)
    assert cloud.fleet.pools()["sim"].observe_image(image) is None


def test_an_image_with_a_wrong_digest_is_never_ready_and_says_so(cloud: LoopedCloud) -> None:
    cloud.put("image", "lie", {"url": "sim://lie", "sha256": "0" * 64})
    cloud.settle(5.0)
    assert cloud.ready("image", "lie")["reason"] == "DigestMismatch"
    cloud.put("instance", "web", {"flavor": "small", "image": "lie"})
    cloud.settle(5.0)
    assert cloud.ready("instance", "web")["reason"] == "ReferenceNotReady"


def test_a_tenant_that_is_deleted_with_cascade_takes_everything_along(cloud: LoopedCloud) -> None:
    cloud.put("tenant", "acme.dev", {}, tenant=None)
    cloud.put("volume", "data", {"size_gib": 5})
    cloud.instance("web", volumes=["data"], networks=[{"network": "front"}])
    with pytest.raises(PextraError, match="not empty"):
        cloud.delete("tenant", "acme", tenant=None)
    cloud.delete("tenant", "acme", tenant=None, cascade=True)
    cloud.settle(120.0)
    assert cloud.find("tenant", "acme", tenant=None) is None
    assert cloud.find("tenant", "acme.dev", tenant=None) is None
    assert not cloud.fleet.pools()["sim"].observe_volumes()


def test_an_image_in_a_pool_of_this_process_whose_object_has_gone_is_swept(cloud: LoopedCloud) -> None:
    pool = cloud.fleet.pools()[wiring.SIM_POOL]
    orphan = cloud.database.new_uid()
    pool.ensure_image(sim_image(orphan, "orphan"))
    for _ in range(2):
        assert orphan in pool.observe_images(), "it may be newer than what the sweep read: it is seen twice"
        cloud.clock.advance(STORAGE_EVERY_S + 1)
        cloud.sweep.run(cloud.loop.shards)
    assert set(pool.observe_images()) == {cloud.get("image", "linux").uid}
