"""Real guests on a real host under its agent: they come up, reach what they may, survive deaths, and leave nothing."""

from __future__ import annotations

import os
import signal

import pytest

from tests.agent.manifests import instance, thing
from tests.agent.real import RealCloud, settle

WEB_PAGE = (
    "#!/bin/sh\nmkdir /www\necho hello from $(hostname) >/www/index.html\nhttpd -p 80 -h /www\nhttpd -p 8080 -h /www\n"
)


pytestmark = pytest.mark.xdist_group("real-host")


@pytest.fixture(scope="module")
def cloud(shared_real_cloud: RealCloud) -> RealCloud:
    """The cloud of these tests; not that of the simulated agents."""
    return shared_real_cloud


@pytest.fixture(scope="module")
def web(cloud: RealCloud) -> RealCloud:
    """The cloud with an instance that serves a page; what happens to it in one test it has survived in the next."""
    cloud.apply(instance("web", WEB_PAGE))
    settle(lambda: "PEXTRA-GUEST ready" in cloud.console("web"))
    return cloud


def test_guests_reach_each_other_and_not_what_security_groups_forbid(web: RealCloud) -> None:
    """By name, through DHCP and DNS of their network; and from outside by a floating IP."""
    asks = (
        "#!/bin/sh\n"
        "ask() { printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 3 web $1 2>/dev/null | tail -n 1; }\n"
        'echo "allowed: $(ask 80)."\necho "forbidden: $(ask 8080)."\n'
    )
    way = thing("floating_ip", "web", {"instance": "web", "ports": [{"to_port": 80}, {"to_port": 8080}]})
    web.apply(instance("asker", asks), way)
    settle(lambda: "cloud-init marker" in web.console("asker"))
    said = web.console("asker")
    assert "allowed: hello from web." in said
    assert "forbidden: ." in said
    allowed, forbidden = web.endpoints("web")
    assert web.fetch(allowed) == "hello from web"
    assert web.fetch(forbidden) is None
    web.pextra("delete", "floating_ip", "web", "-t", "acme", "--wait")
    assert web.fetch(allowed) is None
    web.pextra("delete", "instance", "asker", "-t", "acme", "--wait")


def test_applying_the_same_again_changes_nothing(web: RealCloud) -> None:
    settle(lambda: bool(web.status("web").get("guest")))  # the last news of a guest that has come up
    before = web.traces(), web.qemu(web.uid("web"))
    revision = web.get("instance", "web")
    web.apply(instance("web", WEB_PAGE))
    assert (web.traces(), web.qemu(web.uid("web"))) == before
    assert web.get("instance", "web") == revision


def test_a_guest_runs_on_while_its_agent_is_killed_and_started_again(web: RealCloud) -> None:
    uid, boots = web.uid("web"), web.status("web")["boots"]
    guest = web.qemu(uid)
    web.kill_agent()
    web.apply(instance("web", WEB_PAGE, stop_timeout_s=5))  # the new agent does what it is told
    assert web.qemu(uid) == guest
    assert web.status("web")["boots"] == boots
    web.apply(instance("web", WEB_PAGE))


def test_a_guest_whose_process_is_killed_runs_again(web: RealCloud) -> None:
    uid, boots = web.uid("web"), web.status("web")["boots"]
    guest = web.qemu(uid)
    assert guest is not None
    os.kill(guest, signal.SIGKILL)
    settle(lambda: web.qemu(uid) not in (None, guest))
    settle(lambda: (web.status("web")["boots"], web.status("web")["power"]) == (boots + 1, "running"))


def test_a_guest_runs_on_while_its_libvirtd_is_killed(web: RealCloud) -> None:
    uid, boots, before = web.uid("web"), web.status("web")["boots"], web.libvirtd()
    guest = web.qemu(uid)
    assert before is not None
    os.kill(before, signal.SIGKILL)
    settle(lambda: web.libvirtd() not in (None, before))
    web.apply(instance("web", WEB_PAGE, stop_timeout_s=6))
    assert web.qemu(uid) == guest
    assert web.status("web")["boots"] == boots
    web.apply(instance("web", WEB_PAGE))


def test_a_guest_runs_on_while_the_whole_control_plane_is_killed_and_started_again(web: RealCloud) -> None:
    uid, boots = web.uid("web"), web.status("web")["boots"]
    guest = web.qemu(uid)
    web.kill()
    assert web.qemu(uid) == guest
    web.up()
    assert web.qemu(uid) == guest
    assert web.status("web")["boots"] == boots


def test_deleting_leaves_nothing_on_the_machine(cloud: RealCloud) -> None:
    before = cloud.traces()
    cloud.apply(thing("volume", "data", {"size_gib": 1}), instance("short", volumes=["data"]))
    assert cloud.traces() != before
    cloud.pextra("delete", "instance", "short", "-t", "acme", "--wait")
    cloud.pextra("delete", "volume", "data", "-t", "acme", "--wait")
    settle(lambda: cloud.traces() == before, 20)
