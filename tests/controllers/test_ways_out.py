"""Address pools, routers' ways out and floating IPs of pools: who has which address outside, and what is said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pextra.drivers.interface.fabric import FloatingAddress, RouterGateway, Translation
from pextra.errors import PextraError
from pextra.store import addresses
from tests.controllers.cloud import TENANT, LoopedCloud

FOUR = {"cidr": "203.0.113.0/24", "gateway": "203.0.113.1", "first": "203.0.113.10", "last": "203.0.113.12"}
SIX = {"cidr": "2001:db8::/64", "gateway": "2001:db8::1"}


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[LoopedCloud]:
    made = LoopedCloud(f"sqlite:///{tmp_path / 'cloud.db'}")
    made.furnish()
    made.put("address_pool", "public", {"physical": "public", "ranges": [FOUR]}, tenant=None)
    made.settle()
    yield made
    made.close()


def router(cloud: LoopedCloud, name: str = "core", pool: str = "public", tenant: str = TENANT, **gateway: Any) -> None:
    """A router of network `front` with a way out."""
    spec = {"interfaces": [{"network": "front"}], "gateway": {"pool": pool, **gateway}}
    cloud.put("router", name, spec, tenant=tenant)
    cloud.settle(2.0)


def way_out(cloud: LoopedCloud, name: str = "core") -> RouterGateway | None:
    """The router's place outside, as the fabric has it."""
    with cloud.world.in_fabric("owners") as record:
        return record.routers[cloud.get("router", name).uid].gateway


def led(cloud: LoopedCloud, name: str) -> FloatingAddress | None:
    """Where a floating IP leads, as the fabric has it."""
    with cloud.world.in_fabric("owners") as record:
        return record.floating.get(cloud.get("floating_ip", name).uid)


def why(cloud: LoopedCloud, kind: str, name: str) -> tuple[str, str]:
    """Why it is not ready: the reason, and the words."""
    ready = cloud.ready(kind, name)
    assert ready["status"] == "false"
    return ready["reason"], ready["message"]


def is_ready(cloud: LoopedCloud, kind: str, name: str) -> bool:
    """Whether it is."""
    return cloud.ready(kind, name)["status"] == "true"


def web(cloud: LoopedCloud, **spec: Any) -> None:
    """An instance in network `front`, and a floating IP of the pool that leads to it."""
    cloud.instance("web", networks=[{"network": "front"}])
    cloud.put("floating_ip", "web", {"instance": "web", "pool": "public", **spec})
    cloud.settle(2.0)


def test_what_leaves_has_the_routers_address_outside(cloud: LoopedCloud) -> None:
    router(cloud)
    assert is_ready(cloud, "router", "core")
    assert cloud.get("router", "core").status["outside"] == ["203.0.113.10"]
    made = way_out(cloud)
    assert made is not None
    assert made.addresses == ("203.0.113.10/24",)
    assert made.next_hops == ("203.0.113.1",)
    assert made.translations == (Translation("10.0.0.0/29", "203.0.113.10"),)
    router(cloud, translate=False)
    made = way_out(cloud)
    assert made is not None
    assert made.translations == ()


def test_a_router_has_an_address_of_each_family(cloud: LoopedCloud) -> None:
    cloud.put("address_pool", "both", {"physical": "public", "ranges": [SIX, FOUR]}, tenant=None)
    cloud.put("subnet", "six", {"network": "front", "cidr": "fd00::/64"})
    cloud.settle(1.0)
    router(cloud, pool="both")
    made = way_out(cloud)
    assert made is not None
    assert set(made.addresses) == {"203.0.113.10/24", "2001:db8::2/64"}
    assert set(made.next_hops) == {"203.0.113.1", "2001:db8::1"}
    assert Translation("fd00::/64", "2001:db8::2") in made.translations


def test_a_router_that_goes_out_no_more_gives_its_address_back(cloud: LoopedCloud) -> None:
    router(cloud)
    cloud.put("router", "core", {"interfaces": [{"network": "front"}]})
    cloud.settle(2.0)
    assert way_out(cloud) is None
    assert cloud.get("router", "core").status["outside"] == []
    record = cloud.get("router", "core")
    held = cloud.database.read(lambda tx: addresses.of(tx, record.tenant_uid, record.uid))
    assert [each.address for each in held] == ["10.0.0.1"]


def test_a_pool_that_is_used_up_says_so_until_somebody_gives_one_back(cloud: LoopedCloud) -> None:
    for number in range(4):
        cloud.put("network", f"n{number}", {})
        cloud.put("subnet", f"n{number}", {"network": f"n{number}", "cidr": "10.5.0.0/24"})
        cloud.put("router", f"r{number}", {"interfaces": [{"network": f"n{number}"}], "gateway": {"pool": "public"}})
        cloud.settle(2.0)
    assert why(cloud, "router", "r3") == ("AddressExhausted", "Pool 'public' has no IPv4 address left.")
    assert cloud.get("router", "r3").status["addresses"] == ["10.5.0.1/24"]
    cloud.delete("router", "r1")
    cloud.settle(12.0)
    assert is_ready(cloud, "router", "r3")
    assert cloud.get("router", "r3").status["outside"] == ["203.0.113.11"]


def test_a_floating_ip_leads_to_its_instance(cloud: LoopedCloud) -> None:
    router(cloud)
    web(cloud)
    assert is_ready(cloud, "floating_ip", "web")
    status = cloud.get("floating_ip", "web").status
    assert (status["address"], status["host"]) == ("203.0.113.11", cloud.get("instance", "web").status["host"])
    made = led(cloud, "web")
    assert made is not None
    assert (made.outside, made.inside) == ("203.0.113.11", "10.0.0.2")
    assert made.router_uid == cloud.get("router", "core").uid
    cloud.delete("floating_ip", "web")
    cloud.settle(2.0)
    with cloud.world.in_fabric("owners") as record:
        assert not record.floating
    assert cloud.database.read(lambda tx: addresses.holders(tx, pool(cloud).uid, ["203.0.113.11"])) == {}


def test_a_wanted_address_is_given_or_said_to_be_taken(cloud: LoopedCloud) -> None:
    router(cloud)
    web(cloud, address="203.0.113.12")
    assert cloud.get("floating_ip", "web").status["address"] == "203.0.113.12"
    for name, address in (("two", "203.0.113.12"), ("three", "203.0.113.200")):
        cloud.put("floating_ip", name, {"instance": "web", "pool": "public", "address": address})
        cloud.settle(2.0)
        assert why(cloud, "floating_ip", name)[0] == "AddressExhausted"
        assert address in why(cloud, "floating_ip", name)[1]


def test_a_range_that_the_pool_gives_no_more_is_left(cloud: LoopedCloud) -> None:
    router(cloud)
    web(cloud)
    other = {"cidr": "198.51.100.0/24", "gateway": "198.51.100.1"}
    cloud.put("address_pool", "public", {"physical": "public", "ranges": [other]}, tenant=None)
    cloud.settle(2.0)
    given = {*cloud.get("router", "core").status["outside"], cloud.get("floating_ip", "web").status["address"]}
    assert given == {"198.51.100.2", "198.51.100.3"}
    gone = ["203.0.113.10", "203.0.113.11"]
    assert cloud.database.read(lambda tx: addresses.holders(tx, pool(cloud).uid, gone)) == {}


def test_without_a_router_it_leads_nowhere_and_keeps_its_address(cloud: LoopedCloud) -> None:
    web(cloud)
    assert why(cloud, "floating_ip", "web")[0] == "NoRouter"
    router(cloud)
    cloud.settle(2.0)
    assert is_ready(cloud, "floating_ip", "web")
    address = cloud.get("floating_ip", "web").status["address"]
    cloud.put("router", "core", {"interfaces": [{"network": "front"}]})
    cloud.settle(2.0)
    reason, message = why(cloud, "floating_ip", "web")
    assert (reason, message) == ("NoRouter", "Router 'core' of network 'front' does not go out to pool 'public'.")
    assert led(cloud, "web") is None
    router(cloud)
    cloud.settle(2.0)
    assert cloud.get("floating_ip", "web").status["address"] == address
    cloud.delete("router", "core")
    cloud.settle(2.0)
    assert why(cloud, "floating_ip", "web")[0] == "NoRouter"


def test_two_tenants_never_have_one_address_of_a_pool(cloud: LoopedCloud) -> None:
    cloud.put("tenant", "globex", {})
    cloud.put("quota", "default", {"unlisted": "unlimited"}, tenant="globex")
    cloud.put("network", "front", {}, tenant="globex")
    cloud.put("subnet", "front", {"network": "front", "cidr": "10.0.0.0/29"}, tenant="globex")
    router(cloud)
    router(cloud, tenant="globex")
    other = cloud.find("router", "core", tenant="globex")
    assert other is not None
    assert other.status["outside"] == ["203.0.113.11"]
    assert cloud.get("router", "core").status["outside"] == ["203.0.113.10"]


def test_a_network_that_another_tenant_shares_is_not_joined(cloud: LoopedCloud) -> None:
    """Who could would be the gateway of another's guests."""
    cloud.put("tenant", "globex", {})
    cloud.put("quota", "default", {"unlisted": "unlimited"}, tenant="globex")
    cloud.put("share", "front", {"kind": "network", "name": "front", "tenants": ["globex"]})
    with pytest.raises(PextraError, match="not to be added to"):
        cloud.put("router", "core", {"interfaces": [{"network": f"{TENANT}/front"}]}, tenant="globex")


def test_a_pool_is_reached_by_hosts_that_say_so(cloud: LoopedCloud) -> None:
    cloud.fleet.fabric = cloud.fleet.simulated_fabric  # as if packets flowed in it
    cloud.put("address_pool", "public", {"physical": "public", "ranges": [FOUR], "description": "again"}, tenant=None)
    cloud.settle(2.0)
    ready = next(c for c in pool(cloud).status["conditions"] if c["type"] == "ready")
    assert ready["reason"] == "NoOutlet"
    assert "ovn-bridge-mappings=public:BRIDGE" in ready["message"]
    router(cloud)
    assert why(cloud, "router", "core") == ("ReferenceNotReady", "Address pool 'public' is not ready.")


def pool(cloud: LoopedCloud) -> Any:
    """The pool `public`."""
    found = cloud.find("address_pool", "public", tenant=None)
    assert found is not None
    return found


def test_a_pool_stays_while_somebody_has_an_address_of_it(cloud: LoopedCloud) -> None:
    router(cloud)
    with pytest.raises(PextraError, match="core"):
        cloud.delete("address_pool", "public", tenant=None)
    cloud.delete("router", "core")
    cloud.settle(2.0)
    cloud.delete("address_pool", "public", tenant=None)
    cloud.settle(2.0)
    assert cloud.find("address_pool", "public", tenant=None) is None
    with cloud.world.in_fabric("owners") as record:
        assert not record.providers


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("address_pool", {"physical": "public", "ranges": []}),
        ("address_pool", {"physical": "a b", "ranges": [FOUR]}),
        ("address_pool", {"physical": "public", "ranges": [FOUR, FOUR]}),
        ("address_pool", {"physical": "public", "ranges": [FOUR | {"gateway": "198.51.100.1"}]}),
        ("address_pool", {"physical": "public", "ranges": [FOUR | {"first": "203.0.113.99"}]}),
        ("router", {"gateway": {"pool": "public"}, "routes": [{"destination": "0.0.0.0/0", "next_hop": "10.0.0.2"}]}),
        ("floating_ip", {"instance": "web"}),
        ("floating_ip", {"instance": "web", "pool": "public", "ports": [{"to_port": 80}]}),
        ("floating_ip", {"instance": "web", "address": "203.0.113.10", "ports": [{"to_port": 80}]}),
    ],
)
def test_what_makes_no_sense_is_not_stored(cloud: LoopedCloud, kind: str, spec: dict[str, Any]) -> None:
    cloud.instance("web", networks=[{"network": "front"}])
    with pytest.raises(PextraError) as refused:
        cloud.put(kind, "new", spec, tenant=None if kind == "address_pool" else TENANT)
    assert refused.value.code == "spec.invalid"
