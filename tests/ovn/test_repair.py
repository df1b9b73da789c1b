"""The fabric is made what it should be, whatever was done to it; what is not this cloud's is left alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from pextra.drivers.interface.fabric import FabricNetwork, FabricPort
from pextra.drivers.ovn.driver import OvnFabric
from pextra.drivers.ovn.northbound import Northbound
from tests.labs.waiting import wait_until
from tests.ovn.database import dump, everything, ours
from tests.ovn.world import World


def test_making_everything_again_changes_nothing(world: World) -> None:
    parts = everything(world)
    world.ensure(*parts)
    before = ours(world.lab, world.site)
    world.ensure(*parts)
    assert ours(world.lab, world.site) == before
    assert world.fabric.differences(parts) == []
    kinds = sorted(world.fabric.owners().values())
    assert kinds == ["addresses", "group", "group", "network", "network", "port", "port", "port", "router"]


def test_each_row_that_is_removed_is_told_and_made_again(world: World) -> None:
    parts = everything(world)
    world.ensure(*parts)
    before = ours(world.lab, world.site)
    removed = 0
    for table, rows in before.items():
        for uuid in rows:
            for holder, column in _holding(table):
                for held in before.get(holder, {}):
                    world.lab.nbctl("--if-exists", "remove", holder, held, column, uuid)
            world.lab.nbctl("--if-exists", "destroy", table, uuid)
            assert uuid not in ours(world.lab, world.site).get(table, {})
            wait_until(lambda: bool(world.fabric.differences(parts)), 5, f"{table} {uuid} to be missed")
            world.ensure(*parts)
            assert ours(world.lab, world.site) == before, f"{table} {rows[uuid]}"
            removed += 1
    assert removed > 30


def test_each_column_that_is_changed_is_told_and_changed_back(world: World) -> None:
    parts = everything(world)
    world.ensure(*parts)
    before = ours(world.lab, world.site)
    lies = [
        ("Logical_Switch_Port", ["addresses=unknown"]),
        ("Logical_Switch_Port", ["port_security=[]"]),
        ("Logical_Switch_Port", ["enabled=false"]),
        ("Logical_Switch_Port", ["options:requested-chassis=h9"]),
        ("Logical_Switch", ["name=other"]),
        ("ACL", ["match=1"]),
        ("ACL", ["action=reject"]),
        ("Address_Set", ["addresses=0.0.0.0/0"]),
        ("DHCP_Options", ["options:router=10.0.0.66"]),
        ("DNS", ["records:web-1.internal=10.0.0.66"]),
        ("Logical_Router_Port", ["networks=10.9.9.1/24"]),
        ("Logical_Router_Static_Route", ["nexthop=10.0.0.66"]),
        ("Port_Group", ["external_ids={}"]),
    ]
    changed = 0
    for table, settings in lies:
        for uuid in before[table]:
            world.lab.nbctl("set", table, uuid, *settings)
            if ours(world.lab, world.site) == before:
                continue  # a router's port on a switch has no port security to lose
            changed += 1
            wait_until(lambda: bool(world.fabric.differences(parts)), 5, f"{table} with {settings} to be seen")
            world.ensure(*parts)
            assert ours(world.lab, world.site) == before
    assert changed >= len(lies)


def test_a_port_that_was_put_into_a_group_is_taken_out(world: World) -> None:
    parts = everything(world)
    world.ensure(*parts)
    before = ours(world.lab, world.site)
    stranger = next(uuid for uuid, row in before["Logical_Switch_Port"].items() if row["name"] == parts[7].uid)
    for uuid in before["Port_Group"]:
        world.lab.nbctl("add", "Port_Group", uuid, "ports", stranger)
    wait_until(lambda: bool(world.fabric.differences(parts)), 5, "the port to be seen")
    world.ensure(*parts)
    assert ours(world.lab, world.site) == before


def test_what_is_desired_no_more_is_removed(world: World) -> None:
    parts = everything(world)
    world.ensure(*parts)
    net = next(part for part in parts if isinstance(part, FabricNetwork))
    world.ensure(replace(net, subnets=net.subnets[:1]))
    assert len(ours(world.lab, world.site)["DHCP_Options"]) == 2
    assert not world.fabric.ensure_absent(list(world.fabric.owners()))
    assert ours(world.lab, world.site) == {}
    assert not world.fabric.ensure_absent([part.uid for part in parts]), "again"


def test_rows_of_others_stay_as_they_are(world: World) -> None:
    lab = world.lab
    lab.nbctl("ls-add", "theirs", "--", "lsp-add", "theirs", "their-port", "--", "pg-add", "theirs")
    try:
        theirs = dump(lab)
        parts = everything(world)
        world.ensure(*parts)
        mine = ours(lab, world.site)
        port = next(iter(mine["Logical_Switch_Port"]))
        lab.nbctl("pg-set-ports", "theirs", port, "their-port")
        world.ensure(*parts)
        assert not world.fabric.ensure_absent(list(world.fabric.owners()))
        assert dump(lab) == _with_members(theirs, lab)
        assert lab.nbctl("get", "Port_Group", "theirs", "ports").count("-") == 4, "their own port alone"
    finally:
        lab.nbctl("ls-del", "theirs", "--", "pg-del", "theirs")


def test_a_network_with_ports_is_not_removed(world: World) -> None:
    net = world.network("10.0.0.0/24")
    port = world.port(net, 11, "h1")
    world.ensure(port)
    assert world.fabric.ensure_absent([net.uid])[net.uid].reason == "NetworkBusy"
    assert world.fabric.differences([net, port]) == []
    assert not world.fabric.ensure_absent([port.uid, net.uid])


def test_a_part_that_cannot_be_made_keeps_no_other_from_it(world: World) -> None:
    net = world.network("10.0.0.0/24")
    good = [world.port(net, number, "h1") for number in range(11, 15)]
    homeless = replace(world.port(net, 20, "h1"), network_uid="nowhere")
    groupless = world.port(net, 21, "h1", "no-group")
    wrong = replace(world.port(net, 22, "h1"), mac="not a mac")
    failed = world.fabric.ensure([good[0], homeless, good[1], groupless, good[2], wrong, good[3]])
    reasons = {uid: error.reason for uid, error in failed.items()}
    assert reasons == {homeless.uid: "NetworkMissing", groupless.uid: "GroupMissing", wrong.uid: "PartInvalid"}
    assert world.fabric.differences([net, *good]) == []


def test_several_writers_at_once_make_nothing_twice(world: World) -> None:
    parts = everything(world)
    others = [OvnFabric(Northbound(world.lab.layout.sockets("nb"), world.site)) for _ in range(3)]
    try:
        for _ in range(5):
            with ThreadPoolExecutor(3) as pool:
                failed = list(pool.map(lambda fabric: fabric.ensure(parts), others))
            assert all(error.reason == "FabricChanged" for each in failed for error in each.values())
            world.ensure(*parts)
            names = [row["name"] for row in ours(world.lab, world.site)["Logical_Switch"].values()]
            assert len(names) == len(set(names)) == 2
            assert not world.fabric.ensure_absent(list(world.fabric.owners()))
            assert ours(world.lab, world.site) == {}
    finally:
        for fabric in others:
            fabric.close()


@pytest.mark.parametrize(
    "hostile", ['"; drop', "10.0.0.1} || 1 == 1", "a b", "$as", "@pg", "10.0.0.0/24 || ip", "", "\n", "x" * 200]
)
def test_nothing_unlooked_at_goes_into_an_expression(world: World, hostile: str) -> None:
    net = world.described("10.0.0.0/24")
    port: FabricPort = world.port(net, 11, "h1")
    before = ours(world.lab, world.site)
    tampered = [
        replace(net, uid=hostile),
        replace(net, subnets=(replace(net.subnets[0], cidr=hostile),)),
        replace(port, mac=hostile),
        replace(port, groups=(hostile,)),
        replace(port, addresses=(replace(port.addresses[0], address=hostile),)),
    ]
    for part in tampered:
        assert world.fabric.ensure([part])[part.uid].reason == "PartInvalid", part
    assert ours(world.lab, world.site) == before


def _holding(table: str) -> list[tuple[str, str]]:
    """Where rows are held that go when nothing holds them."""
    return {
        "Logical_Switch_Port": [("Logical_Switch", "ports")],
        "Logical_Router_Port": [("Logical_Router", "ports")],
        "Logical_Router_Static_Route": [("Logical_Router", "static_routes")],
        "ACL": [("Port_Group", "acls")],
    }.get(table, [])


def _with_members(
    theirs: dict[str, dict[str, dict[str, object]]], lab: object
) -> dict[str, dict[str, dict[str, object]]]:
    """Their rows, of which the group has their port since."""
    port = next(uuid for uuid, row in theirs["Logical_Switch_Port"].items() if row["name"] == "their-port")
    group = next(uuid for uuid, row in theirs["Port_Group"].items() if row["name"] == "theirs")
    return {
        **theirs,
        "Port_Group": {**theirs["Port_Group"], group: {**theirs["Port_Group"][group], "ports": ["uuid", port]}},
    }
