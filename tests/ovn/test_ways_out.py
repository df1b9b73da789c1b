"""Ways out and in, from what is desired, through loops and agents, to packets outside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.labs.ovn.lab import OvnLab
from tests.labs.ovn.layout import OUTSIDE_V4, PROVIDER
from tests.labs.waiting import wait_until
from tests.ovn.cloud import FabricCloud

RANGE = {"cidr": "203.0.113.0/24", "gateway": OUTSIDE_V4, "first": "203.0.113.100", "last": "203.0.113.120"}


@pytest.fixture
def cloud(lab: OvnLab, tmp_path: Path) -> Iterator[FabricCloud]:
    made = FabricCloud(lab, tmp_path)
    try:
        made.furnish()
        made.put("address_pool", "public", {"physical": PROVIDER, "ranges": [RANGE]}, tenant=None)
        made.put("router", "core", {"interfaces": [{"network": "front"}], "gateway": {"pool": "public"}})
        made.settle(2.0)
        yield made
    finally:
        made.close()


def test_guests_reach_the_world_and_the_world_only_what_has_a_floating_ip(cloud: FabricCloud) -> None:
    found = cloud.find("address_pool", "public", tenant=None)
    assert found is not None
    assert found.status["hosts"] == ["h1", "h2"]
    assert cloud.get("router", "core").status["outside"] == ["203.0.113.100"]
    cloud.order("a", "h1")
    cloud.order("b", "h2")
    cloud.until_ready("a", "b")
    a, b = cloud.switch_on("a", gateway="10.0.0.1"), cloud.switch_on("b", gateway="10.0.0.1")
    outside = cloud.lab.outside
    with outside.listening(8080):
        wait_until(lambda: a.pings(OUTSIDE_V4, tries=1), 10, "the way out")
        assert a.greeting(OUTSIDE_V4, 8080, 3) == f"{outside.namespace} 203.0.113.100"
        cloud.put("floating_ip", "b", {"instance": "b", "pool": "public", "address": "203.0.113.110"})
        cloud.settle(1.0)
        assert cloud.ready("floating_ip", "b")["status"] == "true"
        with b.listening(80):
            wait_until(lambda: outside.connects("203.0.113.110", 80), 10, "the way in")
            assert a.connects("203.0.113.110", 80), "neighbours reach it by that address, too"
        assert b.greeting(OUTSIDE_V4, 8080, 3) == f"{outside.namespace} 203.0.113.110"
        assert a.greeting(OUTSIDE_V4, 8080, 3) == f"{outside.namespace} 203.0.113.100"
    cloud.put("security_group", "all", {"rules": [{"direction": "egress"}]})
    cloud.settle(1.0)
    cloud.lab.sync()
    with b.listening(80):
        assert not outside.connects("203.0.113.110", 80), "the security group still decides"
    cloud.put("security_group", "all", {"rules": [{"direction": "egress"}, {"direction": "ingress"}]})
    cloud.delete("floating_ip", "b")
    cloud.settle(1.0)
    cloud.lab.sync()
    with b.listening(80):
        assert not outside.connects("203.0.113.110", 80)


def test_a_floating_ip_stops_when_its_router_goes_and_is_back_with_the_next(cloud: FabricCloud) -> None:
    cloud.order("b", "h2")
    cloud.put("floating_ip", "b", {"instance": "b", "pool": "public"})
    cloud.until_ready("b")
    b, outside = cloud.switch_on("b", gateway="10.0.0.1"), cloud.lab.outside
    cloud.until(lambda: cloud.ready("floating_ip", "b")["status"] == "true", "the floating IP")
    address = cloud.get("floating_ip", "b").status["address"]
    with b.listening(80):
        wait_until(lambda: outside.connects(address, 80), 10, "the way in")
        cloud.delete("router", "core")
        cloud.until(lambda: cloud.find("router", "core") is None, "the router to go")
        cloud.settle(1.0)
        assert cloud.ready("floating_ip", "b")["reason"] == "NoRouter"
        cloud.lab.sync()
        assert not outside.connects(address, 80)
        cloud.put("router", "core", {"interfaces": [{"network": "front"}], "gateway": {"pool": "public"}})
        cloud.until(lambda: cloud.ready("floating_ip", "b")["status"] == "true", "the floating IP")
        assert cloud.get("floating_ip", "b").status["address"] == address
        wait_until(lambda: outside.connects(address, 80), 10, "the way in")


def test_a_way_in_that_somebody_removes_is_made_again(cloud: FabricCloud) -> None:
    cloud.order("b", "h2")
    cloud.put("floating_ip", "b", {"instance": "b", "pool": "public"})
    cloud.until_ready("b")
    b, outside = cloud.switch_on("b", gateway="10.0.0.1"), cloud.lab.outside
    cloud.until(lambda: cloud.ready("floating_ip", "b")["status"] == "true", "the floating IP")
    address = cloud.get("floating_ip", "b").status["address"]
    with b.listening(80):
        wait_until(lambda: outside.connects(address, 80), 10, "the way in")
        cloud.fabric_sweep.run([0])
        cloud.lab.nbctl("lr-nat-del", cloud.get("router", "core").uid, "dnat_and_snat", address)
        cloud.lab.sync()
        assert not outside.connects(address, 80)
        wait_until(lambda: cloud.fabric_sweep.run([0]) > 0, 10, "the harm to be seen")
        cloud.settle(1.0)
        wait_until(lambda: outside.connects(address, 80), 10, "the repair")
