"""A floating IP leads to its instance, holds its ports as long as it does, and takes nobody else's."""

from __future__ import annotations

from typing import Any

import pytest

from pextra.drivers.interface import Forward
from tests.agent.world import AgentCloud


@pytest.fixture
def web(cloud: AgentCloud) -> AgentCloud:
    """A cloud with an instance on a network."""
    cloud.instance("web", networks=[{"network": "front"}])
    return cloud


def ports_of(cloud: AgentCloud, instance: str) -> tuple[Forward, ...]:
    """What the host forwards to the instance's first card."""
    ports = cloud.hosts["h0"].drivers.network.observe_ports().values()
    return next(p.forwards for p in ports if p.uid.startswith(cloud.uid(instance)))


def put(cloud: AgentCloud, name: str, *ports: dict[str, Any], instance: str = "web", **spec: Any) -> None:
    """Write a floating IP and let the loops make it."""
    cloud.put("floating_ip", name, {"instance": instance, "ports": list(ports), **spec})
    cloud.settle(5.0)


def test_a_port_is_chosen_forwarded_and_shown(web: AgentCloud) -> None:
    put(web, "ssh", {"to_port": 22})
    assert web.ready("floating_ip", "ssh")["status"] == "true"
    assert web.get("floating_ip", "ssh").status["endpoints"] == ["tcp 127.0.0.1:30000 -> 22"]
    assert ports_of(web, "web") == (Forward("tcp", 30_000, 22),)


def test_the_guest_is_not_restarted_for_it(web: AgentCloud) -> None:
    put(web, "ssh", {"to_port": 22})
    assert web.get("instance", "web").status["boots"] == 1


def test_two_floating_ips_never_hold_one_port(web: AgentCloud) -> None:
    put(web, "first", {"to_port": 22, "port": 30_022})
    put(web, "second", {"to_port": 80, "port": 30_022})
    taken = web.ready("floating_ip", "second")
    assert (taken["status"], taken["reason"]) == ("false", "PortTaken")
    assert "30022" in taken["message"]
    web.delete("floating_ip", "first")
    web.settle(30.0)
    assert web.ready("floating_ip", "second")["status"] == "true"
    assert ports_of(web, "web") == (Forward("tcp", 30_022, 80),)


def test_tcp_and_udp_of_one_number_are_two_ports(web: AgentCloud) -> None:
    put(web, "dns", {"to_port": 53, "port": 30_053}, {"to_port": 53, "port": 30_053, "protocol": "udp"})
    assert web.ready("floating_ip", "dns")["status"] == "true"
    assert set(ports_of(web, "web")) == {Forward("tcp", 30_053, 53), Forward("udp", 30_053, 53)}


@pytest.mark.parametrize("port", [22, 8440, 29_999, 32_768])
def test_a_service_of_the_host_cannot_be_shadowed(web: AgentCloud, port: int) -> None:
    put(web, "shadow", {"to_port": 80, "port": port})
    assert web.ready("floating_ip", "shadow")["reason"] == "PortTaken"
    assert ports_of(web, "web") == ()


def test_a_port_that_stays_keeps_its_number_when_others_change(web: AgentCloud) -> None:
    put(web, "web", {"to_port": 80}, {"to_port": 443})
    put(web, "web", {"to_port": 443}, {"to_port": 8080}, {"to_port": 80})
    assert web.ready("floating_ip", "web")["status"] == "true"
    assert len(ports_of(web, "web")) == 3
    put(web, "web", {"to_port": 443})
    assert len(ports_of(web, "web")) == 1


def test_deleting_it_closes_the_way(web: AgentCloud) -> None:
    put(web, "ssh", {"to_port": 22})
    web.delete("floating_ip", "ssh")
    web.settle(10.0)
    assert web.find("floating_ip", "ssh") is None
    assert ports_of(web, "web") == ()


def test_the_port_of_a_deleted_one_is_free_only_when_the_host_has_closed_it(web: AgentCloud) -> None:
    put(web, "first", {"to_port": 22, "port": 30_022})
    web.hosts["h0"].link.up = False
    web.delete("floating_ip", "first")
    web.settle(5.0)
    assert web.find("floating_ip", "first") is not None
    web.hosts["h0"].link.up = True
    web.settle(60.0)
    assert web.find("floating_ip", "first") is None


def test_deleting_the_instance_with_what_depends_on_it_takes_it_along(web: AgentCloud) -> None:
    put(web, "ssh", {"to_port": 22})
    web.delete("instance", "web", cascade=True)
    web.settle(30.0)
    assert web.find("floating_ip", "ssh") is None
    assert web.find("instance", "web") is None


def test_a_card_that_is_not_there_is_said_to_be_missing(web: AgentCloud) -> None:
    put(web, "ssh", {"to_port": 22}, card=1)
    assert "no network card 1" in web.ready("floating_ip", "ssh")["message"]


def test_a_host_that_cannot_forward_is_said_to_be_so(web: AgentCloud) -> None:
    web.put("instance", "other", {"flavor": "large", "image": "linux", "networks": [{"network": "front"}], "zone": "z"})
    web.add_host("closed", zone="z", forward_address="")
    web.settle(10.0)
    put(web, "ssh", {"to_port": 22}, instance="other")
    assert web.ready("floating_ip", "ssh")["reason"] == "ForwardUnsupported"
