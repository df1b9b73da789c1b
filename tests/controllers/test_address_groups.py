"""Address groups on hosts that filter by themselves: their addresses become rules of guests that run."""

from __future__ import annotations

import pytest

from pextra.drivers.interface import SecurityRule
from tests.controllers.cloud import LoopedCloud

RULE = {"direction": "ingress", "protocol": "tcp", "port_min": 22, "remote_addresses": "offices"}


@pytest.fixture
def cloud(cloud: LoopedCloud) -> LoopedCloud:
    cloud.furnish()
    cloud.put("address_group", "offices", {"addresses": ["192.0.2.0/24", "2001:db8::7"]})
    cloud.put("security_group", "shut", {"rules": [RULE]})
    cloud.put("network", "side", {})
    cloud.put("subnet", "side", {"network": "side", "cidr": "10.9.0.0/24"})
    cloud.instance("web", networks=[{"network": "side", "security_groups": ["shut"]}])
    cloud.settle(60)
    return cloud


def rules(cloud: LoopedCloud) -> tuple[SecurityRule, ...]:
    """Those of the only card, as its host has them."""
    drivers = cloud.fleet.drivers(cloud.get("host", cloud.get("instance", "web").status["host"]))
    assert drivers is not None
    (port,) = drivers.network.observe_ports().values()
    return port.rules


def test_a_rule_is_one_for_each_address_and_follows_the_group(cloud: LoopedCloud) -> None:
    assert [rule.remote_cidr for rule in rules(cloud)] == ["192.0.2.0/24", "2001:db8::7"]
    cloud.put("address_group", "offices", {"addresses": ["198.51.100.9"]})
    cloud.settle(5)
    assert rules(cloud) == (SecurityRule("ingress", "tcp", 22, 22, "198.51.100.9"),)


def test_an_empty_group_lets_nobody_through(cloud: LoopedCloud) -> None:
    cloud.put("address_group", "offices", {"addresses": []})
    cloud.settle(5)
    assert rules(cloud) == ()


def test_more_rules_than_a_host_takes_are_told_of_and_change_nothing(cloud: LoopedCloud) -> None:
    had = rules(cloud)
    cloud.put("address_group", "offices", {"addresses": [f"10.0.0.{n}" for n in range(100)]})
    cloud.put("security_group", "shut", {"rules": [RULE | {"port_min": port} for port in range(1, 51)]})
    cloud.settle(5)
    assert "4096 rules" in cloud.ready("instance", "web")["message"]
    assert rules(cloud) == had
