"""Routers of tenants: from what is desired, through loops, to packets between networks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.labs.ovn.lab import OvnLab
from tests.labs.waiting import wait_until
from tests.ovn.cloud import FabricCloud
from tests.ovn.test_isolation import captured, capturing

IPV4 = b"\x08\x00"


@pytest.fixture
def cloud(lab: OvnLab, tmp_path: Path) -> Iterator[FabricCloud]:
    made = FabricCloud(lab, tmp_path)
    try:
        made.furnish()
        made.put("network", "back", {"mtu": 1400})
        made.put("subnet", "back", {"network": "back", "cidr": "10.2.0.0/24"})
        yield made
    finally:
        made.close()


def order_both(cloud: FabricCloud) -> None:
    """An instance in each network, on hosts of their own."""
    cloud.order("a", "h1")
    cloud.order("b", "h2", networks=[{"network": "back", "security_groups": ["all"]}])
    cloud.until_ready("a", "b")


def test_two_networks_meet_at_a_router_and_part_when_it_goes(cloud: FabricCloud) -> None:
    order_both(cloud)
    a, b = cloud.switch_on("a", gateway="10.0.0.1"), cloud.switch_on("b", gateway="10.2.0.1")
    assert not a.pings(cloud.address("b"), tries=1)
    cloud.put("router", "core", {"interfaces": [{"network": "front"}, {"network": "back"}]})
    cloud.settle(1.0)
    assert cloud.ready("router", "core")["status"] == "true"
    wait_until(lambda: a.pings(cloud.address("b"), tries=1), 10, "the router")
    assert b.pings(cloud.address("a"))
    assert a.pings("10.0.0.1")
    cloud.delete("router", "core")
    cloud.until(lambda: cloud.find("router", "core") is None, "the router to go")
    cloud.lab.sync()
    assert not a.pings(cloud.address("b"), tries=1)
    assert "router" not in cloud.fabric.owners().values()


def test_tenants_routers_do_not_meet_though_their_networks_are_alike(cloud: FabricCloud) -> None:
    cloud.put("network", "back", {}, tenant="globex")
    cloud.put("subnet", "back", {"network": "back", "cidr": "10.2.0.0/24"}, tenant="globex")
    both = {"interfaces": [{"network": "front"}, {"network": "back"}]}
    cloud.put("router", "core", both)
    cloud.put("router", "core", both, tenant="globex")
    order_both(cloud)
    cloud.order("a", "h2", tenant="globex")
    cloud.until_ready("a", tenant="globex")
    a = cloud.switch_on("a", gateway="10.0.0.1")
    foreign = cloud.switch_on("a", "globex", gateway="10.0.0.1")
    b = cloud.switch_on("b", gateway="10.2.0.1")
    wait_until(lambda: a.pings(cloud.address("b"), tries=1), 10, "the router")
    with capturing(b) as ear:
        assert not foreign.pings(cloud.address("b"), tries=2)
        assert not [frame for frame in captured([ear]) if frame[12:14] == IPV4]


def test_a_router_that_somebody_removes_is_made_again(cloud: FabricCloud) -> None:
    cloud.put("router", "core", {"interfaces": [{"network": "front"}, {"network": "back"}]})
    order_both(cloud)
    a = cloud.switch_on("a", gateway="10.0.0.1")
    cloud.switch_on("b", gateway="10.2.0.1")
    wait_until(lambda: a.pings(cloud.address("b"), tries=1), 10, "the router")
    cloud.fabric_sweep.run([0])
    cloud.lab.nbctl("lr-del", cloud.get("router", "core").uid)
    cloud.lab.sync()
    assert not a.pings(cloud.address("b"), tries=1)
    wait_until(lambda: cloud.fabric_sweep.run([0]) > 0, 10, "the harm to be seen")
    cloud.settle(1.0)
    wait_until(lambda: a.pings(cloud.address("b"), tries=1), 10, "the repair")


def test_static_routes_lead_from_router_to_router(cloud: FabricCloud) -> None:
    cloud.put("network", "transit", {})
    cloud.put("subnet", "transit", {"network": "transit", "cidr": "10.3.0.0/29"})
    order_both(cloud)
    there = {"destination": "10.2.0.0/24", "next_hop": "10.3.0.6"}
    back = {"destination": "10.0.0.0/24", "next_hop": "10.3.0.1"}
    edge = {"network": "transit", "addresses": ["10.3.0.6"]}
    cloud.put("router", "core", {"interfaces": [{"network": "front"}, {"network": "transit"}], "routes": [there]})
    cloud.put("router", "edge", {"interfaces": [{"network": "back"}, edge], "routes": [back]})
    cloud.settle(1.0)
    assert [cloud.ready("router", name)["status"] for name in ("core", "edge")] == ["true", "true"]
    a, b = cloud.switch_on("a", gateway="10.0.0.1"), cloud.switch_on("b", gateway="10.2.0.1")
    wait_until(lambda: a.pings(cloud.address("b"), tries=1), 10, "the routes")
    assert b.pings(cloud.address("a"))
    cloud.put("router", "core", {"interfaces": [{"network": "front"}, {"network": "transit"}]})
    cloud.settle(1.0)
    cloud.lab.sync()
    assert not a.pings(cloud.address("b"), tries=1)
