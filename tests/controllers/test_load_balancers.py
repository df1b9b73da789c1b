"""Load balancers: which address they have, who serves, and what is said when nobody can reach them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pextra.drivers.interface import Retryable
from pextra.drivers.interface.fabric import FabricBalancer, HealthCheck
from pextra.errors import PextraError
from pextra.services import bootstrap, writing
from pextra.services.cloud import Context, Preconditions
from pextra.store import addresses
from tests.controllers.cloud import LoopedCloud


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[LoopedCloud]:
    made = LoopedCloud(f"sqlite:///{tmp_path / 'cloud.db'}")
    made.furnish()
    ranges = [{"cidr": "203.0.113.0/24", "gateway": "203.0.113.1"}]
    made.put("address_pool", "public", {"physical": "public", "ranges": ranges}, tenant=None)
    made.put("network", "back", {})
    made.put("subnet", "back", {"network": "back", "cidr": "10.2.0.0/24"})
    made.put("network", "apart", {})
    made.put("subnet", "apart", {"network": "apart", "cidr": "10.3.0.0/24"})
    joined = [{"network": "front"}, {"network": "back"}]
    made.put("router", "core", {"interfaces": joined, "gateway": {"pool": "public"}})
    made.settle(2.0)
    yield made
    made.close()


def web(cloud: LoopedCloud, name: str, network: str = "back") -> None:
    """An instance that bears the label of web servers."""
    address = cloud._address("instance", name, "acme")
    body = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"flavor": "small", "image": "linux", "networks": [{"network": network}]},
    }
    principal = bootstrap.root_principal(cloud.cloud)
    cloud.database.write(lambda tx: writing.put(Context(cloud.cloud, tx, principal), address, body, Preconditions()))
    cloud.settle(2.0)


def balance(cloud: LoopedCloud, name: str = "web", **spec: Any) -> None:
    """A load balancer by router `core`, in network `front` unless it is said otherwise."""
    wanted: dict[str, Any] = {"router": "core", "network": "front", "listeners": [{"port": 80, "to_port": 8080}]}
    wanted |= spec
    cloud.put("load_balancer", name, {key: value for key, value in wanted.items() if value is not None})
    cloud.settle(2.0)


def in_fabric(cloud: LoopedCloud, name: str = "web") -> FabricBalancer | None:
    """The load balancer as the fabric has it."""
    with cloud.world.in_fabric("owners") as record:
        return record.balancers.get(cloud.get("load_balancer", name).uid)


def members(cloud: LoopedCloud) -> list[tuple[str, int]]:
    """To whom the fabric sends."""
    made = in_fabric(cloud)
    assert made is not None
    return [(member.address, member.port) for member in made.listeners[0].members]


def why(cloud: LoopedCloud, name: str = "web") -> tuple[str, str]:
    """Why it is not ready: the reason, and the words."""
    ready = cloud.ready("load_balancer", name)
    assert ready["status"] == "false"
    return ready["reason"], ready["message"]


def test_it_sends_to_its_members_and_to_all_that_bear_its_labels(cloud: LoopedCloud) -> None:
    web(cloud, "one")
    cloud.instance("two", networks=[{"network": "front"}, {"network": "back"}])
    balance(cloud, members=[{"instance": "two", "card": 1}], selector={"app": "web"})
    assert cloud.ready("load_balancer", "web")["status"] == "true"
    made = in_fabric(cloud)
    assert made is not None
    assert made.address == cloud.get("load_balancer", "web").status["address"]
    assert made.address.startswith("10.0.0.")
    assert members(cloud) == [("10.2.0.2", 8080), ("10.2.0.3", 8080)]
    assert set(made.network_uids) == {cloud.get("network", name).uid for name in ("front", "back")}
    assert made.router_uids == (cloud.get("router", "core").uid,)
    web(cloud, "three")
    assert members(cloud)[-1] == ("10.2.0.4", 8080)
    assert cloud.get("load_balancer", "web").status["members"] == ["10.2.0.2", "10.2.0.3", "10.2.0.4"]


def test_who_goes_serves_no_more(cloud: LoopedCloud) -> None:
    web(cloud, "one")
    web(cloud, "two")
    balance(cloud, selector={"app": "web"})
    assert len(members(cloud)) == 2
    cloud.delete("instance", "one")
    cloud.settle(3.0)
    assert members(cloud) == [("10.2.0.3", 8080)]
    balance(cloud, members=[{"instance": "two"}])
    with pytest.raises(PextraError, match="web"):
        cloud.delete("instance", "two")


def test_who_is_in_no_network_of_the_router_is_left_out_and_named(cloud: LoopedCloud) -> None:
    web(cloud, "one")
    web(cloud, "far", "apart")
    balance(cloud, selector={"app": "web"})
    assert why(cloud) == ("MemberUnreachable", "In none of its router's networks, and left out: far.")
    assert members(cloud) == [("10.2.0.2", 8080)]
    joined = [{"network": name} for name in ("front", "back", "apart")]
    cloud.put("router", "core", {"interfaces": joined, "gateway": {"pool": "public"}})
    cloud.settle(2.0)
    assert cloud.ready("load_balancer", "web")["status"] == "true"
    assert len(members(cloud)) == 2


def test_from_outside_it_has_an_address_of_the_routers_pool(cloud: LoopedCloud) -> None:
    balance(cloud, network=None)
    assert cloud.ready("load_balancer", "web")["status"] == "true"
    assert cloud.get("load_balancer", "web").status["address"] == "203.0.113.3"
    cloud.put("router", "core", {"interfaces": [{"network": "front"}]})
    cloud.settle(2.0)
    assert why(cloud)[0] == "NoRouter"
    assert in_fabric(cloud) is None
    cloud.put("router", "core", {"interfaces": [{"network": "front"}], "gateway": {"pool": "public"}})
    cloud.settle(2.0)
    assert cloud.get("load_balancer", "web").status["address"] == "203.0.113.3"


def test_members_are_asked_by_an_address_that_nobody_has(cloud: LoopedCloud) -> None:
    web(cloud, "one")
    check = {"interval_s": 1, "timeout_s": 1, "successes": 1, "failures": 2}
    balance(cloud, selector={"app": "web"}, listeners=[{"port": 80, "check": check}])
    made = in_fabric(cloud)
    assert made is not None
    (listener,) = made.listeners
    assert listener.check == HealthCheck(1, 1, 1, 2)
    (member,) = listener.members
    network = cloud.get("network", "back").uid
    holders = cloud.database.read(lambda tx: addresses.holders(tx, network, [member.asked_from]))
    assert holders[member.asked_from][1] == cloud.get("load_balancer", "web").uid
    balance(cloud, selector={"app": "web"})
    assert cloud.database.read(lambda tx: addresses.holders(tx, network, [member.asked_from])) == {}


def test_a_wanted_address_is_had_or_said_to_be_taken(cloud: LoopedCloud) -> None:
    balance(cloud, address="10.0.0.6")
    assert cloud.get("load_balancer", "web").status["address"] == "10.0.0.6"
    balance(cloud, "two", address="10.0.0.6")
    assert why(cloud, "two")[0] == "AddressTaken"
    balance(cloud, "three", address="10.9.0.6")
    assert why(cloud, "three") == ("ReferenceNotReady", "Network 'front' has no subnet with 10.9.0.6.")
    cloud.delete("load_balancer", "web")
    cloud.settle(12.0)
    assert cloud.get("load_balancer", "two").status["address"] == "10.0.0.6"


def test_a_network_that_is_none_of_the_routers_is_said_so(cloud: LoopedCloud) -> None:
    balance(cloud, network="apart")
    assert why(cloud) == ("NoRouter", "Router 'core' is not in network 'apart'.")


def test_what_fails_is_tried_again_and_removing_gives_everything_back(cloud: LoopedCloud) -> None:
    cloud.world.fail_next("ensure", Retryable("FabricUnreachable", "the database does not answer"))
    balance(cloud)
    cloud.settle(5.0)
    assert cloud.ready("load_balancer", "web")["status"] == "true"
    record = cloud.get("load_balancer", "web")
    cloud.delete("load_balancer", "web")
    cloud.settle(2.0)
    assert cloud.find("load_balancer", "web") is None
    assert not cloud.database.read(lambda tx: addresses.of(tx, record.tenant_uid, record.uid))
    with cloud.world.in_fabric("owners") as fabric:
        assert not fabric.balancers


@pytest.mark.parametrize(
    "spec",
    [
        {"listeners": []},
        {"listeners": [{"port": 80}, {"port": 80}]},
        {"listeners": [{"port": 0}]},
        {"members": [{"instance": "one"}, {"instance": "one"}]},
        {"listeners": [{"port": 80, "protocol": "icmp"}]},
    ],
)
def test_what_makes_no_sense_is_not_stored(cloud: LoopedCloud, spec: dict[str, Any]) -> None:
    web(cloud, "one")
    with pytest.raises(PextraError) as refused:
        balance(cloud, **spec)
    assert refused.value.code == "spec.invalid"
