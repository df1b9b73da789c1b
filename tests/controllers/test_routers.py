"""Routers: who has which address, what the fabric is told of it, and what is said when it cannot be so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pextra.controllers import fabric_networks
from pextra.drivers.interface import Retryable
from pextra.drivers.interface.fabric import FabricNetwork, FabricRouter, gateway_mac
from pextra.errors import PextraError
from pextra.store import addresses
from tests.controllers.cloud import LoopedCloud


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[LoopedCloud]:
    made = LoopedCloud(f"sqlite:///{tmp_path / 'cloud.db'}")
    made.furnish()
    made.put("network", "back", {"mtu": 1400})
    made.put("subnet", "back", {"network": "back", "cidr": "10.2.0.0/24", "gateway": "10.2.0.254"})
    made.settle()
    yield made
    made.close()


def join(cloud: LoopedCloud, name: str, *interfaces: str | dict[str, Any], **more: Any) -> None:
    """A router in these networks."""
    entries = [each if isinstance(each, dict) else {"network": each} for each in interfaces]
    cloud.put("router", name, {"interfaces": entries, **more})
    cloud.settle(2.0)


def in_fabric(cloud: LoopedCloud, name: str) -> FabricRouter:
    """The router as the fabric has it."""
    with cloud.world.in_fabric("owners") as record:
        return record.routers[cloud.get("router", name).uid]


def network(cloud: LoopedCloud, name: str) -> FabricNetwork:
    """The network as the fabric has it."""
    with cloud.world.in_fabric("owners") as record:
        return record.networks[cloud.get("network", name).uid]


def held(cloud: LoopedCloud, name: str) -> set[str]:
    """The addresses that the router has been given."""
    record = cloud.get("router", name)
    given = cloud.database.read(lambda tx: addresses.of(tx, record.tenant_uid, record.uid))
    return {each.address for each in given}


def why(cloud: LoopedCloud, name: str) -> tuple[str, str]:
    """Why it is not ready: the reason, and the words."""
    ready = cloud.ready("router", name)
    assert ready["status"] == "false"
    return ready["reason"], ready["message"]


def test_a_router_is_the_gateway_of_its_networks(cloud: LoopedCloud) -> None:
    join(cloud, "core", "front", "back")
    assert cloud.ready("router", "core")["status"] == "true"
    assert cloud.get("router", "core").status["addresses"] == ["10.0.0.1/29", "10.2.0.254/24"]
    front, back = in_fabric(cloud, "core").interfaces
    assert (front.addresses, front.mac) == (("10.0.0.1/29",), gateway_mac(cloud.get("network", "front").uid))
    assert back.mtu == 1400
    assert [subnet.resolver for subnet in network(cloud, "front").subnets] == [None]


def test_without_it_the_network_answers_for_its_gateway_itself(cloud: LoopedCloud) -> None:
    join(cloud, "core", "front", "back")
    join(cloud, "core", "back")
    (subnet,) = network(cloud, "front").subnets
    assert (subnet.gateway, subnet.resolver) == ("10.0.0.1", "10.0.0.1")
    assert held(cloud, "core") == {"10.2.0.254"}
    cloud.delete("router", "core")
    cloud.settle(2.0)
    assert cloud.find("router", "core") is None
    assert [subnet.resolver for subnet in network(cloud, "back").subnets] == ["10.2.0.254"]


def test_one_router_of_a_network_is_its_gateway_and_others_have_addresses_of_their_own(cloud: LoopedCloud) -> None:
    join(cloud, "core", "front")
    join(cloud, "edge", "front", "back")
    reason, message = why(cloud, "edge")
    assert (reason, message) == (
        "AddressTaken",
        "Address 10.0.0.1 in network 'front' is that of router 'core': give the router another.",
    )
    assert [each.addresses for each in in_fabric(cloud, "edge").interfaces] == [("10.2.0.254/24",)]
    join(cloud, "edge", {"network": "front", "addresses": ["10.0.0.5"]}, "back")
    assert cloud.ready("router", "edge")["status"] == "true"
    assert cloud.get("router", "edge").status["addresses"] == ["10.0.0.5/29", "10.2.0.254/24"]
    assert in_fabric(cloud, "edge").interfaces[0].mac != in_fabric(cloud, "core").interfaces[0].mac


def test_the_next_is_the_gateway_when_the_first_has_gone(cloud: LoopedCloud) -> None:
    join(cloud, "core", "front")
    join(cloud, "edge", "front")
    cloud.delete("router", "core")
    cloud.settle(12.0)
    assert cloud.ready("router", "edge")["status"] == "true"
    assert [subnet.resolver for subnet in network(cloud, "front").subnets] == [None]


@pytest.mark.parametrize(
    ("address", "reason"),
    [("10.0.0.1", "AddressTaken"), ("10.0.0.7", "AddressTaken"), ("10.9.0.1", "ReferenceNotReady")],
)
def test_an_address_that_no_router_can_have_is_refused(cloud: LoopedCloud, address: str, reason: str) -> None:
    join(cloud, "core", {"network": "front", "addresses": [address]})
    assert why(cloud, "core")[0] == reason
    assert address in why(cloud, "core")[1]
    assert held(cloud, "core") == set()


def test_routers_and_instances_never_have_one_address(cloud: LoopedCloud) -> None:
    join(cloud, "core", {"network": "front", "addresses": ["10.0.0.3"]})
    for number in range(4):
        cloud.instance(f"i{number}", networks=[{"network": "front"}])
    given = [cloud.get("instance", f"i{number}").status.get("addresses", []) for number in range(4)]
    assert sorted(given) == [["10.0.0.2"], ["10.0.0.4"], ["10.0.0.5"], ["10.0.0.6"]]
    join(cloud, "core", {"network": "front", "addresses": ["10.0.0.4"]})
    assert why(cloud, "core")[1].startswith("Address 10.0.0.4 in network 'front' is that of instance 'i0'")


def test_a_subnet_that_comes_later_has_its_gateway_too(cloud: LoopedCloud) -> None:
    cloud.put("network", "new", {})
    join(cloud, "core", "front", "new")
    assert why(cloud, "core") == ("ReferenceNotReady", "Network 'new' has no subnet yet.")
    assert cloud.get("router", "core").status["addresses"] == ["10.0.0.1/29"]
    cloud.put("subnet", "six", {"network": "new", "cidr": "fd00:1::/64"})
    cloud.put("subnet", "four", {"network": "new", "cidr": "10.3.0.0/24"})
    cloud.settle(2.0)
    assert cloud.ready("router", "core")["status"] == "true"
    assert set(cloud.get("router", "core").status["addresses"]) == {"10.0.0.1/29", "10.3.0.1/24", "fd00:1::1/64"}
    cloud.delete("subnet", "four")
    cloud.settle(2.0)
    assert held(cloud, "core") == {"10.0.0.1", "fd00:1::1"}


def test_networks_that_overlap_are_not_joined(cloud: LoopedCloud) -> None:
    join(cloud, "core", "back")
    cloud.put("network", "twin", {})
    cloud.put("subnet", "twin", {"network": "twin", "cidr": "10.2.0.128/25"})
    join(cloud, "core", "back", "twin")
    assert why(cloud, "core")[0] == "NetworksOverlap"
    assert len(in_fabric(cloud, "core").interfaces) == 1


def test_routes_go_where_the_router_is(cloud: LoopedCloud) -> None:
    ways = [
        {"destination": "10.9.0.0/16", "next_hop": "10.2.0.9"},
        {"destination": "10.8.0.0/16", "next_hop": "192.0.2.1"},
    ]
    join(cloud, "core", "back", routes=ways)
    assert why(cloud, "core") == (
        "NextHopUnreachable",
        "Route 10.8.0.0/16 leads to 192.0.2.1, which is in none of the router's networks.",
    )
    assert [route.destination for route in in_fabric(cloud, "core").routes] == ["10.9.0.0/16"]
    join(cloud, "core", "back", routes=ways[:1])
    assert cloud.ready("router", "core")["status"] == "true"


@pytest.mark.parametrize(
    "spec",
    [
        {"interfaces": [{"network": "front"}, {"network": "front"}]},
        {"interfaces": [{"network": "front", "addresses": ["10.0.0.300"]}]},
        {"routes": [{"destination": "10.9.0.1/16", "next_hop": "10.0.0.2"}]},
        {"routes": [{"destination": "10.9.0.0/16", "next_hop": "fd00::1"}]},
        {"routes": [{"destination": "10.9.0.0/16", "next_hop": "10.0.0.2"}] * 2},
    ],
)
def test_what_makes_no_sense_is_not_stored(cloud: LoopedCloud, spec: dict[str, Any]) -> None:
    with pytest.raises(PextraError):
        cloud.put("router", "core", spec)


def test_a_network_stays_while_a_router_is_in_it(cloud: LoopedCloud) -> None:
    join(cloud, "core", "back")
    with pytest.raises(PextraError, match="core"):
        cloud.delete("network", "back", cascade=True)


def test_what_fails_is_told_and_tried_again(cloud: LoopedCloud) -> None:
    cloud.world.fail_next("ensure", Retryable("FabricUnreachable", "the database does not answer"))
    cloud.put("router", "core", {"interfaces": [{"network": "front"}]})
    cloud.settle(0.2)
    assert why(cloud, "core") == ("FabricUnreachable", "the database does not answer")
    cloud.settle(5.0)
    assert cloud.ready("router", "core")["status"] == "true"


def test_removing_is_tried_until_it_is_done_and_nothing_is_given_back_before(cloud: LoopedCloud) -> None:
    join(cloud, "core", "front")
    cloud.world.fail_next(
        "ensure_absent", Retryable("FabricUnreachable", "the database does not answer"), place="fabric"
    )
    cloud.delete("router", "core")
    cloud.settle(0.2)
    assert held(cloud, "core") == {"10.0.0.1"}
    cloud.settle(5.0)
    assert cloud.find("router", "core") is None
    cloud.put("router", "core", {"interfaces": [{"network": "front"}]})
    cloud.settle(2.0)
    assert cloud.ready("router", "core")["status"] == "true"


def test_a_cloud_with_real_hosts_and_no_fabric_does_not_pretend(cloud: LoopedCloud) -> None:
    cloud.put("host", "real", {"driver": "libvirt"})
    join(cloud, "core", "front")
    reason, message = why(cloud, "core")
    assert reason == "FabricUnready"
    assert "--ovn-northbound" in message
    cloud.delete("router", "core")
    cloud.settle(2.0)
    assert cloud.find("router", "core") is None


def test_what_was_read_before_somebody_changed_it_is_not_what_stays(cloud: LoopedCloud) -> None:
    """Somebody who read the network before the router joined it writes it after the router did."""
    join(cloud, "core", "back")
    record = cloud.get("network", "back")
    fabric = cloud.fleet.simulated_fabric
    stale = FabricNetwork(record.uid, record.tenant_uid, 1400)
    assert not fabric.ensure([stale])
    assert not fabric_networks.settle(cloud.cloud, fabric, [stale])
    assert [subnet.resolver for subnet in network(cloud, "back").subnets] == [None]


def test_a_network_that_changes_as_fast_as_it_is_written_is_told(
    cloud: LoopedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = cloud.get("network", "back")
    mtus = iter(range(1300, 1400))

    def changed(surroundings: Any, found: Any) -> FabricNetwork:
        return FabricNetwork(found.uid, found.tenant_uid, next(mtus))

    monkeypatch.setattr(fabric_networks, "network_part", changed)
    written = FabricNetwork(record.uid, record.tenant_uid, 1280)
    failed = fabric_networks.settle(cloud.cloud, cloud.fleet.simulated_fabric, [written])
    assert [error.reason for error in failed.values()] == ["FabricChanged"]


def test_other_tenants_networks_are_not_there(cloud: LoopedCloud) -> None:
    cloud.put("tenant", "globex", {})
    cloud.put("quota", "default", {"unlisted": "unlimited"}, tenant="globex")
    with pytest.raises(PextraError, match="front"):
        cloud.put("router", "core", {"interfaces": [{"network": "front"}]}, tenant="globex")
