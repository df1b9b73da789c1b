"""Rules that name a security group, on hosts that filter by themselves: they follow who is in it."""

from __future__ import annotations

import pytest

from pextra.drivers.interface import SecurityRule
from tests.controllers.cloud import LoopedCloud

FROM_WEB = {"direction": "ingress", "protocol": "tcp", "port_min": 5432, "remote_group": "web"}


@pytest.fixture
def cloud(cloud: LoopedCloud) -> LoopedCloud:
    cloud.furnish(hosts=0)
    for zone in ("north", "south"):
        machine = {"vcpus": 8, "memory_mib": 16_384, "disk_gib": 200}
        cloud.put("host", zone, {"driver": "sim", "simulated": machine, "zone": zone})
    cloud.put("security_group", "web", {})
    cloud.put("security_group", "database", {"rules": [FROM_WEB]})
    for number, name in enumerate(("side", "back")):
        cloud.put("network", name, {})
        cloud.put("subnet", name, {"network": name, "cidr": f"10.{number}.0.0/24"})
    card(cloud, "db", "database")
    cloud.settle(60)
    return cloud


def card(cloud: LoopedCloud, name: str, *groups: str, zone: str = "north", **more: str) -> None:
    """Order an instance with one card, or change it."""
    entry = {"network": "side", "security_groups": list(groups), **more}
    cloud.instance(name, networks=[entry], zone=zone)


def rules(cloud: LoopedCloud, name: str) -> set[SecurityRule]:
    """Those of the instance's only card, as its host has them."""
    record = cloud.get("instance", name)
    drivers = cloud.fleet.drivers(cloud.get("host", record.status["host"]))
    assert drivers is not None
    (address,) = record.status["addresses"]
    (port,) = (each for each in drivers.network.observe_ports().values() if address in each.addresses)
    return set(port.rules)


def let_in(*addresses: str) -> set[SecurityRule]:
    return {SecurityRule("ingress", "tcp", 5432, 5432, address) for address in addresses}


def address(cloud: LoopedCloud, name: str) -> str:
    (found,) = cloud.get("instance", name).status["addresses"]
    return found


def test_who_comes_into_the_group_is_let_through_and_who_leaves_it_is_not(cloud: LoopedCloud) -> None:
    assert rules(cloud, "db") == set()
    card(cloud, "one", "web")
    card(cloud, "two")
    cloud.settle(30)
    assert rules(cloud, "db") == let_in(address(cloud, "one"))
    card(cloud, "two", "web")
    cloud.settle(5)
    assert rules(cloud, "db") == let_in(address(cloud, "one"), address(cloud, "two"))
    card(cloud, "one")
    cloud.settle(5)
    assert rules(cloud, "db") == let_in(address(cloud, "two"))
    cloud.delete("instance", "two")
    cloud.settle(30)
    assert rules(cloud, "db") == set()


def test_another_address_of_a_member_is_the_one_that_is_let_through(cloud: LoopedCloud) -> None:
    card(cloud, "one", "web")
    cloud.settle(30)
    card(cloud, "one", "web", address="10.0.0.77")
    cloud.settle(30)
    assert rules(cloud, "db") == let_in("10.0.0.77")


def test_members_in_other_networks_and_on_other_hosts_do_not_count(cloud: LoopedCloud) -> None:
    card(cloud, "elsewhere", "web", network="back")
    card(cloud, "far", "web", zone="south")
    cloud.settle(30)
    assert cloud.get("instance", "far").status["host"] != cloud.get("instance", "db").status["host"]
    assert rules(cloud, "db") == set()


def test_a_group_that_names_itself_is_for_its_members(cloud: LoopedCloud) -> None:
    cloud.put("security_group", "peers", {"rules": [FROM_WEB | {"remote_group": "peers"}]})
    for name in ("a", "b", "c"):
        card(cloud, name, "peers")
    cloud.settle(30)
    everybody = let_in(*(address(cloud, name) for name in ("a", "b", "c")))
    assert all(rules(cloud, name) == everybody for name in ("a", "b", "c"))
    cloud.delete("instance", "a")
    cloud.settle(30)
    assert rules(cloud, "b") == rules(cloud, "c") == let_in(address(cloud, "b"), address(cloud, "c"))
    for name in ("b", "c"):
        cloud.delete("instance", name)
    cloud.settle(30)
    cloud.delete("security_group", "peers")
    assert cloud.find("security_group", "peers") is None
