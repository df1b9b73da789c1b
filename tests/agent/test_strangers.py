"""What is on a host and nobody's goes after a while: disks by way of the trash, images, and nothing that is in use."""

from __future__ import annotations

from pextra.agent.agent import STRANGER_GRACE_S
from pextra.drivers.interface import VolumeSource
from pextra.drivers.sim.images import sim_image
from pextra.drivers.strangers import TRASH_KEPT_S
from pextra.store import assignments
from tests.agent.world import AgentCloud

GIB = 1 << 30
TENANT_UID = "01a00000-0000-7000-8000-000000000001"


def wait_out_the_grace(cloud: AgentCloud) -> None:
    cloud.settle(4.0)
    cloud.clock.advance(STRANGER_GRACE_S + 1)
    cloud.settle(4.0)


def test_a_disk_that_is_nobodys_goes_to_the_trash_and_is_destroyed_when_its_time_is_over(cloud: AgentCloud) -> None:
    host = cloud.hosts["h0"]
    uid = cloud.database.new_uid()
    storage = host.drivers.storage
    storage.ensure_volume(VolumeSource(uid, TENANT_UID, GIB))
    storage.ensure_volume(VolumeSource(f"{uid}.rescue", TENANT_UID, GIB))
    wait_out_the_grace(cloud)
    assert storage.observe_volumes() == {}
    assert set(storage.observe_trash()) == {uid, f"{uid}.rescue"}
    assert host.agent.empty_trash() == 0
    assert storage.restore_volume(TENANT_UID, uid).size_bytes == GIB
    storage.ensure_volume_absent(TENANT_UID, uid, keep_s=TRASH_KEPT_S)
    cloud.clock.advance(TRASH_KEPT_S + 1)
    assert host.agent.empty_trash() == 2
    assert storage.observe_trash() == {}


def test_an_image_that_is_nobodys_goes_after_the_grace_and_not_before(cloud: AgentCloud) -> None:
    uid, storage = cloud.database.new_uid(), cloud.hosts["h0"].drivers.storage
    storage.ensure_image(sim_image(uid, "orphan"))
    cloud.settle(60.0)
    assert uid in storage.observe_images()
    wait_out_the_grace(cloud)
    assert uid not in storage.observe_images()
    assert cloud.get("image", "linux").uid in storage.observe_images()


def test_an_image_that_only_a_guests_rescue_needs_is_not_nobodys(cloud: AgentCloud) -> None:
    host, storage = cloud.hosts["h0"], cloud.hosts["h0"].drivers.storage
    source = sim_image("", "rescue")
    cloud.put("image", "rescue", {"url": source.url, "sha256": source.sha256})
    cloud.settle(3.0)
    cloud.instance("web", rescue_image="rescue")
    cloud.settle(3.0)
    uid = cloud.get("image", "rescue").uid
    cloud.database.write(lambda tx: assignments.remove(tx, host.uid, uid))
    cloud.settle(3.0)  # taken away as assigned, and fetched again for the guest
    host.agent.look_again()
    cloud.settle(3.0)
    assert uid in storage.observe_images()
    assert host.agent.ledger.knows(uid)
    assert cloud.database.read(lambda tx: assignments.known(tx, host.uid, [uid])) == {uid}
    wait_out_the_grace(cloud)
    assert uid in storage.observe_images()


def test_the_control_plane_does_not_give_up_what_only_an_agent_calls_nobodys(cloud: AgentCloud) -> None:
    """An agent may be wrong of what it was told; what is assigned is in the database."""
    cloud.instance("web")
    host, storage = cloud.hosts["h0"], cloud.hosts["h0"].drivers.storage
    uid, image = cloud.uid("web"), cloud.get("image", "linux").uid
    assert cloud.database.read(lambda tx: assignments.known(tx, host.uid, [uid, image])) == {uid, image}
    wait_out_the_grace(cloud)
    assert {uid} == set(storage.observe_volumes())
    assert image in storage.observe_images()
