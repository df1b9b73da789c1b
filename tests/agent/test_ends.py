"""What was assigned to a host goes with what it was assigned for, and a host with what is on it."""

from __future__ import annotations

import pytest

from pextra import wiring
from pextra.controllers import remote
from pextra.drivers.sim.images import digest_of, sim_url
from pextra.errors import PextraError
from pextra.services.status import Stale
from pextra.store import assignments, objects
from pextra.store.records import Record
from tests.agent.world import AgentCloud


def reboot(cloud: AgentCloud) -> Record:
    """A reboot of instance `web` that was asked for."""
    operation = cloud.act("instance", "web", "reboot").record
    assert operation is not None
    return operation


def assigned(cloud: AgentCloud, uid: str) -> list[assignments.Assignment]:
    """What is assigned for the object."""
    return cloud.database.read(lambda tx: assignments.of_uid(tx, uid))


def test_an_operation_that_was_assigned_can_no_longer_be_canceled(cloud: AgentCloud) -> None:
    cloud.instance("web")
    cloud.hosts["h0"].link.up = False
    operation = reboot(cloud)
    cloud.settle(1.0)
    with pytest.raises(PextraError, match="it cannot be canceled"):
        cloud.act("operation", operation.name, "cancel")
    cloud.hosts["h0"].link.up = True
    cloud.settle(5.0)
    assert cloud.get("operation", operation.name).status["phase"] == "succeeded"


def test_an_operation_that_was_canceled_is_not_carried_out(cloud: AgentCloud) -> None:
    cloud.instance("web")
    operation = reboot(cloud)
    cloud.act("operation", operation.name, "cancel")
    cloud.settle(5.0)
    assert cloud.get("instance", "web").status["boots"] == 1
    assert assigned(cloud, operation.uid) == []


def test_an_act_is_not_left_assigned_when_its_instance_goes(cloud: AgentCloud) -> None:
    cloud.instance("web")
    cloud.hosts["h0"].link.up = False
    operation = reboot(cloud)
    cloud.settle(1.0)
    assert assigned(cloud, operation.uid)
    cloud.delete("instance", "web")
    cloud.settle(2.0)
    cloud.hosts["h0"].link.up = True
    cloud.settle(10.0)
    assert cloud.get("operation", operation.name).status["phase"] == "failed"
    assert assigned(cloud, operation.uid) == []


def test_an_act_is_not_left_assigned_when_its_tenant_goes(cloud: AgentCloud) -> None:
    cloud.instance("web")
    cloud.hosts["h0"].link.up = False
    operation = reboot(cloud)
    cloud.settle(1.0)
    assert assigned(cloud, operation.uid)
    cloud.delete("tenant", "acme", tenant=None, cascade=True)
    cloud.settle(2.0)
    cloud.hosts["h0"].link.up = True
    cloud.settle(20.0)
    assert cloud.find("tenant", "acme", tenant=None) is None
    assert assigned(cloud, operation.uid) == []


def test_a_loop_that_stood_still_assigns_nothing_for_what_has_changed(cloud: AgentCloud) -> None:
    cloud.instance("web")
    record = cloud.get("instance", "web")
    cloud.database.read(lambda tx: remote.require_current(tx, record))
    cloud.delete("instance", "web")
    with pytest.raises(Stale):
        cloud.database.read(lambda tx: remote.require_current(tx, record))
    cloud.settle(5.0)
    with pytest.raises(Stale):
        cloud.database.read(lambda tx: remote.require_current(tx, record))


def test_a_host_stays_until_its_volumes_have_gone_and_leaves_nothing_on_the_machine(cloud: AgentCloud) -> None:
    cloud.put("volume", "data", {"size_gib": 1})
    cloud.instance("web", volumes=["data"])
    cloud.delete("instance", "web")
    cloud.settle(5.0)
    storage = cloud.hosts["h0"].drivers.storage
    cloud.delete("host", "h0", tenant=None, cascade=True)
    cloud.settle(20.0)
    host = cloud.find("host", "h0", tenant=None)
    assert host is not None
    assert "1 volumes are on the host" in host.status["conditions"][0]["message"]
    cloud.delete("volume", "data")
    cloud.settle(20.0)
    assert cloud.find("volume", "data") is None
    assert cloud.find("host", "h0", tenant=None) is None
    assert storage.observe_volumes() == {}
    assert storage.observe_image(cloud.get("image", "linux").uid) is None


def test_a_host_that_is_not_there_any_more_can_be_deleted(cloud: AgentCloud) -> None:
    cloud.hosts["h0"].link.up = False
    cloud.settle(40.0)
    cloud.delete("host", "h0", tenant=None, cascade=True)
    cloud.settle(10.0)
    assert cloud.find("host", "h0", tenant=None) is None


def test_a_disk_in_a_pool_that_hosts_share_is_nobody_elses_stranger(bare: AgentCloud) -> None:
    """Neither while its guest runs, which only keeps it from being removed at once, nor while it is off."""
    for name in ("h0", "h1"):
        bare.add_host(name, pool=wiring.SIM_POOL)
    bare.furnish(hosts=0)
    bare.put("volume", "data", {"size_gib": 1})
    bare.instance("web", volumes=["data"], power="off")
    bare.settle(5.0)
    assert bare.ready("instance", "web")["reason"] == "Stopped"
    bare.clock.advance(700.0)  # longer than strangers are left alone
    bare.settle(5.0)
    disks = bare.hosts["h0"].drivers.storage.observe_volumes()
    assert set(disks) == {bare.uid("web"), bare.get("volume", "data").uid}


def test_a_copy_of_an_image_that_a_host_fetched_for_a_guest_goes_with_the_image(bare: AgentCloud) -> None:
    """Also where the image was not to be stored beforehand, for there are more hosts than copies are made at first."""
    bare.furnish(hosts=4)
    image = bare.get("image", "linux")
    copies = {each.host_uid for each in assigned(bare, image.uid)}
    for name, host in bare.hosts.items():
        if host.uid in copies:
            bare.put("host", name, {"driver": "libvirt", "cpu_overcommit": 1, "schedulable": False})
    bare.settle(2.0)
    bare.instance("web")
    bare.settle(5.0)
    other = bare.hosts[bare.get("instance", "web").status["host"]]
    assert other.uid not in copies
    assert other.drivers.storage.observe_image(image.uid) is not None
    bare.delete("instance", "web")
    bare.settle(5.0)
    bare.delete("image", "linux")
    bare.settle(5.0)
    assert other.drivers.storage.observe_image(image.uid) is None


def test_where_a_deleted_image_is_stored_is_known_as_long_as_it_is_in_use(bare: AgentCloud) -> None:
    bare.furnish(hosts=2)
    for host in bare.hosts.values():
        host.link.up = False
    url = sim_url("late")
    bare.put("image", "late", {"url": url, "sha256": digest_of(url)})
    bare.put("instance", "web", {"flavor": "small", "image": "late"})
    bare.settle(1.0)
    image = bare.get("image", "late")
    assert [image.status["pools"][name] for name in bare.hosts] == ["fetching", "fetching"]
    bare.delete("image", "late")
    for host in bare.hosts.values():
        host.link.up = True
    bare.settle(10.0)
    kept = bare.database.read(lambda tx: objects.by_uid(tx, image.tenant_uid, image.uid))
    assert kept is not None
    assert [kept.status["pools"][name] for name in bare.hosts] == ["stored", "stored"]
    assert bare.ready("instance", "web")["reason"] == "Running"


def test_what_one_host_of_a_shared_pool_has_stored_is_stored_whatever_the_others_say(bare: AgentCloud) -> None:
    """Seed 484: a host that was away said nothing, its silence hid the copy, and an instance waited for ever."""
    bare.furnish(hosts=2, pool="shared")
    near, far = bare.hosts.values()
    for away in (near, far):
        bare.hosts[away.name].link.up = False
        url = sim_url(f"without-{away.name}")
        bare.put("image", f"without-{away.name}", {"url": url, "sha256": digest_of(url)})
        bare.settle(10.0)
        assert bare.get("image", f"without-{away.name}").status["pools"]["shared"] == "stored"
        away.link.up = True
        bare.settle(2.0)
