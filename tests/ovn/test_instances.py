"""Instances on hosts of a fabric: from what is desired, through loops and agents, to packets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.labs.ovn.lab import OvnLab
from tests.labs.waiting import wait_until
from tests.ovn.cloud import OPEN, FabricCloud
from tests.ovn.dhcpv4 import lease


@pytest.fixture
def cloud(lab: OvnLab, tmp_path: Path) -> Iterator[FabricCloud]:
    made = FabricCloud(lab, tmp_path)
    try:
        made.furnish()
        yield made
    finally:
        made.close()


def test_instances_of_one_network_meet_on_two_hosts_and_those_of_two_tenants_do_not(cloud: FabricCloud) -> None:
    cloud.order("a", "h1")
    cloud.order("b", "h2")
    cloud.order("b", "h2", tenant="globex")
    cloud.until_ready("a", "b")
    cloud.until_ready("b", tenant="globex")
    mine, other, foreign = (cloud.switch_on(*who) for who in (("a",), ("b",), ("b", "globex")))
    assert {cloud.address("a"), cloud.address("b")} == {"10.0.0.2", "10.0.0.3"}
    assert cloud.address("b", "globex") == "10.0.0.2"
    assert mine.pings(cloud.address("b"))
    assert other.pings(cloud.address("a"))
    assert not foreign.pings("10.0.0.3")


def test_a_host_is_told_only_what_it_plugs(cloud: FabricCloud) -> None:
    cloud.order("a", "h1")
    cloud.until_ready("a")
    port = cloud.plugging("h1").observe_ports()[cloud.port("a")]
    assert (port.addresses, port.rules) == (("10.0.0.2",), ())
    (network,) = cloud.plugging("h1").observe_networks().values()
    assert network.subnets == ()
    asked = cloud.hosts["h1"].link.asked
    told = cloud.hosts["h1"].agent.ledger.revision
    cloud.put("security_group", "all", {"rules": []})
    cloud.settle(1.0)
    assert cloud.hosts["h1"].link.asked > asked
    assert cloud.hosts["h1"].agent.ledger.revision == told


def test_a_changed_security_group_is_changed_for_instances_that_run(cloud: FabricCloud) -> None:
    cloud.put("security_group", "all", {"rules": [{"direction": "egress"}]})
    cloud.order("a", "h1")
    cloud.order("b", "h2")
    cloud.until_ready("a", "b")
    a, b = cloud.switch_on("a"), cloud.switch_on("b")
    assert not a.pings(cloud.address("b"))
    cloud.put("security_group", "all", {"rules": OPEN})
    cloud.settle(1.0)
    wait_until(lambda: a.pings(cloud.address("b"), tries=1), 10, "the new rule")
    assert b.pings(cloud.address("a"))


def test_a_changed_address_group_is_changed_for_instances_that_run(cloud: FabricCloud) -> None:
    cloud.put("address_group", "friends", {"addresses": []})
    rules = [{"direction": "egress"}, {"direction": "ingress", "protocol": "icmp", "remote_addresses": "friends"}]
    cloud.put("security_group", "all", {"rules": rules})
    cloud.order("a", "h1")
    cloud.order("b", "h2")
    cloud.until_ready("a", "b")
    a = cloud.switch_on("a")
    cloud.switch_on("b")
    assert sorted(cloud.fabric.owners().values()) == ["addresses", "group", "network", "port", "port"]
    assert not a.pings(cloud.address("b"))
    cloud.put("address_group", "friends", {"addresses": [cloud.address("a"), "2001:db8::7"]})
    cloud.settle(1.0)
    wait_until(lambda: a.pings(cloud.address("b"), tries=1), 10, "the address that is let through")
    cloud.put("address_group", "friends", {"addresses": ["10.0.0.128/25"]})
    cloud.settle(1.0)
    wait_until(lambda: not a.pings(cloud.address("b"), tries=1), 10, "its end")


def test_routes_of_a_subnet_are_told_to_who_asks(cloud: FabricCloud, tmp_path: Path) -> None:
    cloud.order("a", "h1")
    cloud.until_ready("a")
    a = cloud.switch_on("a")
    wait_until(lambda: lease(a, tmp_path).get("ip") == cloud.address("a"), 10, "an address")
    assert "staticroutes" not in lease(a, tmp_path)
    routes = [{"destination": "192.0.2.0/24", "next_hop": "10.0.0.9"}]
    cloud.put("subnet", "front", {"network": "front", "cidr": "10.0.0.0/24", "routes": routes})
    cloud.settle(1.0)
    told = "192.0.2.0/24 10.0.0.9 0.0.0.0/0 10.0.0.1"
    wait_until(lambda: lease(a, tmp_path).get("staticroutes") == told, 10, "the route")


def test_a_rule_lets_in_who_is_in_the_group_that_it_names(cloud: FabricCloud) -> None:
    cloud.put("security_group", "friends", {"rules": [{"direction": "egress"}]})
    rules = [{"direction": "ingress", "protocol": "icmp", "remote_group": name} for name in ("friends", "peers")]
    cloud.put("security_group", "peers", {"rules": [{"direction": "egress"}, *rules]})
    guarded = {name: [{"network": "front", "security_groups": [name]}] for name in ("peers", "friends", "all")}
    cloud.order("a", "h1", networks=guarded["peers"])
    cloud.until_ready("a")
    assert sorted(cloud.fabric.owners().values()) == ["group", "group", "network", "port"]
    cloud.order("peer", "h2", networks=guarded["peers"])
    cloud.order("b", "h2", networks=guarded["all"])
    cloud.until_ready("peer", "b")
    cloud.switch_on("a")
    peer, b = cloud.switch_on("peer"), cloud.switch_on("b")
    assert peer.pings(cloud.address("a"))
    assert not b.pings(cloud.address("a"))
    cloud.order("b", "h2", networks=guarded["friends"])
    cloud.settle(1.0)
    wait_until(lambda: b.pings(cloud.address("a"), tries=1), 10, "who came into the group")
    cloud.order("b", "h2", networks=guarded["all"])
    cloud.settle(1.0)
    wait_until(lambda: not b.pings(cloud.address("a"), tries=1), 10, "who left it")
    assert peer.pings(cloud.address("a"))


def test_what_is_deleted_leaves_nothing_in_the_fabric(cloud: FabricCloud) -> None:
    cloud.order("a", "h1")
    cloud.until_ready("a")
    assert sorted(cloud.fabric.owners().values()) == ["group", "network", "port"]
    cloud.delete("instance", "a")
    cloud.until(lambda: cloud.find("instance", "a") is None, "the instance to go")
    assert sorted(cloud.fabric.owners().values()) == ["group", "network"]
    cloud.delete("subnet", "front")
    cloud.delete("network", "front")
    cloud.delete("security_group", "all")
    cloud.fabric_sweep.run([0])
    assert cloud.fabric.owners()  # what is read of the fabric and of the store is not of one moment
    cloud.settle(61.0)
    cloud.fabric_sweep.run([0])
    assert not cloud.fabric.owners()


def test_a_card_that_is_taken_away_leaves_the_fabric_with_its_address(cloud: FabricCloud) -> None:
    cloud.put("network", "back", {})
    cloud.put("subnet", "back", {"network": "back", "cidr": "10.9.0.0/24"})
    cards = [{"network": name, "security_groups": ["all"]} for name in ("front", "back")]
    cloud.order("a", "h1", networks=cards)
    cloud.until_ready("a")
    port = cloud.port("a", 1)
    assert port in cloud.fabric.owners()
    cloud.order("a", "h1", networks=cards[:1])
    cloud.until(lambda: port not in cloud.fabric.owners(), "the second card to go")
    assert cloud.instance_of("a").status["addresses"] == ["10.0.0.2"]
    assert cloud.port("a") in cloud.fabric.owners()


def test_what_somebody_alters_is_repaired(cloud: FabricCloud) -> None:
    cloud.order("a", "h1")
    cloud.order("b", "h2")
    cloud.until_ready("a", "b")
    a = cloud.switch_on("a")
    cloud.switch_on("b")
    assert a.pings(cloud.address("b"))
    assert cloud.fabric_sweep.run([0]) == 0  # what we do ourselves is no reason to look
    cloud.settle(1.0)
    port, network = cloud.port("b"), cloud.get("network", "front").uid
    for harm in (("lsp-del", port), ("lsp-set-type", port, "virtual"), ("ls-del", network)):
        cloud.lab.nbctl(*harm)
        cloud.lab.sync()
        assert not a.pings(cloud.address("b"), tries=2)
        wait_until(lambda: cloud.fabric_sweep.run([0]) > 0, 10, "the harm to be seen")
        cloud.settle(1.0)
        wait_until(lambda: a.pings(cloud.address("b"), tries=1), 10, "the repair")
        cloud.fabric_sweep.run([0])  # sees what it repaired


def test_a_door_that_somebody_opens_is_shut_again(cloud: FabricCloud) -> None:
    cloud.put("security_group", "all", {"rules": [{"direction": "egress"}]})
    cloud.order("a", "h1")
    cloud.order("b", "h2")
    cloud.until_ready("a", "b")
    a = cloud.switch_on("a")
    cloud.switch_on("b")
    cloud.fabric_sweep.run([0])
    cloud.lab.nbctl("--all", "destroy", "Port_Group")
    cloud.lab.sync()
    assert a.pings(cloud.address("b"))
    wait_until(lambda: cloud.fabric_sweep.run([0]) > 0, 10, "the harm to be seen")
    cloud.settle(1.0)
    cloud.lab.sync()
    assert not a.pings(cloud.address("b"))


def test_without_its_switch_a_host_takes_no_guests_and_says_why(cloud: FabricCloud) -> None:
    host = cloud.lab.host("h1")
    remote = host.vsctl("get", "Open_vSwitch", ".", "external_ids:ovn-remote")
    host.vsctl("remove", "Open_vSwitch", ".", "external_ids", "ovn-remote")
    (cloud.folder / "h1" / "fabric-host").unlink()  # as on a host that never had a name
    try:
        cloud.settle(120.0)
        assert cloud.ready("host", "h1")["reason"] == "FabricUnready"
        assert "ovn-remote" in cloud.get("host", "h1").status["problems"][0]
        cloud.order("a", "h1")
        cloud.settle(2.0)
        assert cloud.ready("instance", "a")["reason"] == "NoCapacity"
    finally:
        host.vsctl("set", "Open_vSwitch", ".", f"external_ids:ovn-remote={remote}")
    cloud.settle(120.0)
    cloud.until_ready("a")


def test_a_control_plane_without_a_fabric_says_so_at_its_hosts(cloud: FabricCloud) -> None:
    cloud.fleet.fabric = None
    cloud.put("host", "h1", {"driver": "libvirt", "cpu_overcommit": 2, "zone": "h1"})
    cloud.settle(2.0)
    assert cloud.ready("host", "h1")["reason"] == "FabricUnready"
    assert "--ovn-northbound" in cloud.ready("host", "h1")["message"]
    cloud.restart()
    cloud.settle(2.0)
    assert cloud.ready("host", "h1")["status"] == "true"
