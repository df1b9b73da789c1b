"""Floating IPs of hosts that the loops drive themselves: ready once the host forwards, gone once it does no more."""

from __future__ import annotations

from typing import Any

import pytest

from pextra.drivers.interface import Forward, Retryable
from pextra.drivers.sim.network import FORWARD_ADDRESS
from tests.controllers.cloud import LoopedCloud


@pytest.fixture
def cloud(cloud: LoopedCloud) -> LoopedCloud:
    """The cloud with an instance on a network."""
    cloud.instance("web", networks=[{"network": "front"}])
    return cloud


def put(cloud: LoopedCloud, name: str, *ports: dict[str, Any], instance: str = "web") -> None:
    """Write a floating IP and let the loops make it."""
    cloud.put("floating_ip", name, {"instance": instance, "ports": list(ports)})
    cloud.settle(5.0)


def forwarded(cloud: LoopedCloud, instance: str = "web") -> tuple[Forward, ...]:
    """What the instance's host forwards to it."""
    drivers = cloud.fleet.drivers(cloud.get("host", cloud.get("instance", instance).status["host"]))
    assert drivers is not None
    ports = drivers.network.observe_ports().values()
    return next(port.forwards for port in ports if port.uid.startswith(cloud.uid(instance)))


def test_a_port_is_chosen_forwarded_and_shown(cloud: LoopedCloud) -> None:
    put(cloud, "ssh", {"to_port": 22})
    assert cloud.ready("floating_ip", "ssh")["status"] == "true"
    assert cloud.get("floating_ip", "ssh").status["endpoints"] == [f"tcp {FORWARD_ADDRESS}:30000 -> 22"]
    assert forwarded(cloud) == (Forward("tcp", 30_000, 22, FORWARD_ADDRESS),)


def test_it_is_not_ready_before_its_host_forwards(cloud: LoopedCloud) -> None:
    host = cloud.get("host", cloud.get("instance", "web").status["host"])
    cloud.world.fail_next("ensure_port", Retryable("Simulated", "not now"), place=host.uid)
    cloud.put("floating_ip", "ssh", {"instance": "web", "ports": [{"to_port": 22}]})
    cloud.settle(0.1)
    assert cloud.ready("floating_ip", "ssh")["status"] == "false"
    assert forwarded(cloud) == ()
    cloud.settle(30.0)
    assert cloud.ready("floating_ip", "ssh")["status"] == "true"
    assert cloud.get("floating_ip", "ssh").status["host"] == host.name


def test_two_floating_ips_of_one_host_never_hold_one_port(cloud: LoopedCloud) -> None:
    put(cloud, "first", {"to_port": 22, "port": 30_022})
    put(cloud, "second", {"to_port": 80, "port": 30_022})
    taken = cloud.ready("floating_ip", "second")
    assert (taken["status"], taken["reason"]) == ("false", "PortTaken")
    cloud.delete("floating_ip", "first")
    cloud.settle(30.0)
    assert cloud.ready("floating_ip", "second")["status"] == "true"
    assert forwarded(cloud) == (Forward("tcp", 30_022, 80, FORWARD_ADDRESS),)


def test_a_port_of_any_number_leaves_those_that_others_of_it_are_to_have(cloud: LoopedCloud) -> None:
    """Also one that it held before another of its ports was to have it."""
    host = FORWARD_ADDRESS
    put(cloud, "web", {"to_port": 80}, {"to_port": 443, "port": 30_000})
    assert cloud.get("floating_ip", "web").status["endpoints"] == [
        f"tcp {host}:30001 -> 80",
        f"tcp {host}:30000 -> 443",
    ]
    put(cloud, "web", {"to_port": 80}, {"to_port": 443, "port": 30_001})
    assert cloud.ready("floating_ip", "web")["status"] == "true"
    assert cloud.get("floating_ip", "web").status["endpoints"] == [
        f"tcp {host}:30000 -> 80",
        f"tcp {host}:30001 -> 443",
    ]
    ways = {(30_000, 80), (30_001, 443)}
    assert {(way.listen_port, way.to_port) for way in forwarded(cloud)} == ways


def test_a_port_that_is_to_lead_elsewhere_does(cloud: LoopedCloud) -> None:
    put(cloud, "web", {"to_port": 80, "port": 30_080})
    put(cloud, "web", {"to_port": 8080, "port": 30_080})
    assert cloud.ready("floating_ip", "web")["status"] == "true"
    assert forwarded(cloud) == (Forward("tcp", 30_080, 8080, FORWARD_ADDRESS),)


def test_the_port_of_a_deleted_one_is_free_only_when_the_host_has_closed_it(cloud: LoopedCloud) -> None:
    put(cloud, "first", {"to_port": 22, "port": 30_022})
    host = cloud.get("host", cloud.get("instance", "web").status["host"])
    cloud.world.host_down(host.uid)
    cloud.delete("floating_ip", "first")
    cloud.settle(5.0)
    assert cloud.find("floating_ip", "first") is not None
    cloud.world.host_up(host.uid)
    cloud.settle(60.0)
    assert cloud.find("floating_ip", "first") is None
    assert forwarded(cloud) == ()


def test_deleting_the_instance_with_what_depends_on_it_takes_it_along(cloud: LoopedCloud) -> None:
    put(cloud, "ssh", {"to_port": 22})
    cloud.delete("instance", "web", cascade=True)
    cloud.settle(30.0)
    assert cloud.find("floating_ip", "ssh") is None
    assert cloud.find("instance", "web") is None
