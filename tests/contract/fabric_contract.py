"""What every fabric does, whatever it is made of."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest

from pextra.drivers.interface.fabric import (
    AddressList,
    Fabric,
    FabricBalancer,
    FabricGroup,
    FabricNetwork,
    FabricPort,
    FabricRouter,
    FabricSubnet,
    GroupRule,
    Listener,
    Part,
    PortAddress,
    RouterInterface,
    StaticRoute,
    gateway_mac,
)

TENANT = "tenant-a"


class FabricContract:
    """The contract; whoever inherits has a fixture `fabric`, of a cloud of its own, and a host of the name."""

    host = "h1"

    def test_what_is_ensured_is_there_and_is_made_once(self, fabric: Fabric) -> None:
        parts = everything(self.host)
        assert not fabric.ensure(parts)
        kinds = {"network", "group", "addresses", "port", "router", "balancer"}
        assert set(fabric.owners().values()) == kinds
        assert set(fabric.owners()) == {part.uid for part in parts}
        assert not fabric.differences(parts)
        assert not fabric.ensure(parts)
        assert not fabric.differences(parts)
        assert not fabric.altered()

    def test_what_is_removed_is_gone_and_removing_it_twice_is_no_error(self, fabric: Fabric) -> None:
        parts = everything(self.host)
        assert not fabric.ensure(parts)
        uids = [part.uid for part in reversed(parts)]
        assert not fabric.ensure_absent(uids)
        assert not fabric.ensure_absent(uids)
        assert not fabric.owners()
        assert {difference.owner for difference in fabric.differences(parts)} == set(uids)

    def test_a_change_is_a_difference_until_it_is_made(self, fabric: Fabric) -> None:
        network, *_ = parts = everything(self.host)
        assert isinstance(network, FabricNetwork)
        assert not fabric.ensure(parts)
        changed = replace(network, mtu=1300)
        assert {difference.owner for difference in fabric.differences([changed])} == {network.uid}
        assert not fabric.ensure([changed])
        assert not fabric.differences([changed])
        assert fabric.differences([network])

    @pytest.mark.parametrize(
        ("kind", "lack"),
        [(FabricPort, "NetworkMissing"), (FabricRouter, "NetworkMissing"), (FabricBalancer, "NetworkMissing")],
    )
    def test_a_part_that_lacks_another_is_refused_and_the_others_are_made(
        self, fabric: Fabric, kind: type[Part], lack: str
    ) -> None:
        parts = everything(self.host)
        (orphan,) = (part for part in parts if isinstance(part, kind))
        group = FabricGroup(new_uid(), TENANT)
        failed = fabric.ensure([orphan, group])
        assert {uid: error.reason for uid, error in failed.items()} == {orphan.uid: lack}
        assert fabric.owners() == {group.uid: "group"}

    def test_a_port_needs_its_groups(self, fabric: Fabric) -> None:
        parts = everything(self.host)
        failed = fabric.ensure([part for part in parts if not isinstance(part, FabricGroup)])
        assert {error.reason for error in failed.values()} == {"GroupMissing"}

    def test_a_network_stays_while_something_else_has_a_port_in_it(self, fabric: Fabric) -> None:
        network, other, *rest = everything(self.host)
        assert not fabric.ensure([network, other, *rest])
        failed = fabric.ensure_absent([network.uid])
        assert {uid: error.reason for uid, error in failed.items()} == {network.uid: "NetworkBusy"}
        assert fabric.owners()[network.uid] == "network"
        assert not fabric.ensure_absent([part.uid for part in (*rest, other)])
        assert not fabric.ensure_absent([network.uid])

    def test_a_port_that_is_not_there_is_not_plugged_in(self, fabric: Fabric) -> None:
        uid = new_uid()
        assert fabric.plugged([uid]) == {uid: False}


def everything(host: str) -> list[Part]:
    """A part of each kind that needs nothing outside, in the order in which they can be made."""
    front, back = (
        FabricNetwork(new_uid(), TENANT, 1400, (FabricSubnet(new_uid(), cidr, gateway, resolver=resolver),))
        for cidr, gateway, resolver in (
            ("10.1.0.0/24", "10.1.0.1", None),
            ("10.2.0.0/24", "10.2.0.1", "10.2.0.1"),
        )
    )
    listed = AddressList(new_uid(), TENANT, ("10.9.0.0/16", "fd00::/64"))
    group = FabricGroup(new_uid(), TENANT, (GroupRule("ingress", "tcp", 80, 80, remote_list=listed.uid),))
    address = PortAddress("10.1.0.7", front.subnets[0].uid)
    port = FabricPort(new_uid(), TENANT, front.uid, "52:54:00:00:00:07", (address,), host, (group.uid,), hostname="web")
    router = FabricRouter(
        new_uid(),
        TENANT,
        (RouterInterface(front.uid, gateway_mac(front.uid), ("10.1.0.1/24",), 1400),),
        (StaticRoute("10.3.0.0/16", "10.1.0.9"),),
    )
    balancer = FabricBalancer(new_uid(), TENANT, "10.1.0.200", (Listener("tcp", 80),), (front.uid,), (router.uid,))
    return [front, back, listed, group, port, router, balancer]


def new_uid() -> str:
    """The uid of something of the test's own."""
    return str(uuid4())
