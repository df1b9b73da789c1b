"""Random topologies and rules: packets go where an independent reckoning says, and nowhere else."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pextra.drivers.interface.fabric import AddressList, FabricGroup, FabricPort, FabricRouter, GroupRule, PortAddress
from tests.labs.ovn.lab import OvnLab
from tests.ovn.probing import Probe, arrivals
from tests.ovn.reachability import Topology
from tests.ovn.world import World

TENANTS = ("tenant-a", "tenant-b")
SERVICES = (("tcp", 80), ("tcp", 443), ("udp", 80))
RANGES = (("10.0.0.0/24", "fd00::/64"), ("10.0.1.0/24", "fd01::/64"))
"""Of each tenant's two networks: all tenants have the same."""
SLOW_BY_NATURE = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)
REMOTES = ("10.0.0.0/24", "10.0.1.0/24", "10.0.0.11/32", "fd00::/64", "0.0.0.0/0", "::/0")


@st.composite
def rules(draw: Any, groups: int) -> dict[str, Any]:
    """A rule; other groups are named by number."""
    protocol = draw(st.sampled_from(["tcp", "udp", "any"]))
    ports = draw(st.sampled_from([None, (80, 80), (443, 443), (1, 100), (81, 500)])) if protocol != "any" else None
    remote = draw(
        st.one_of(
            st.none(),
            st.sampled_from(REMOTES).map(lambda cidr: ("cidr", cidr)),
            st.integers(0, groups - 1).map(lambda number: ("group", number)),
            st.just(("list", 0)),
        )
    )
    direction = draw(st.sampled_from(["ingress", "ingress", "egress"]))
    return {"direction": direction, "protocol": protocol, "ports": ports, "remote": remote}


@st.composite
def groups(draw: Any, count: int) -> list[dict[str, Any]]:
    """A group's rules; most let their ports send, which they need to reach anybody."""
    sends = draw(st.sampled_from([True, True, True, False]))
    some = draw(st.lists(rules(count), min_size=1, max_size=3))
    return [*some, {"direction": "egress", "protocol": "any", "ports": None, "remote": None}] if sends else some


@st.composite
def tenants(draw: Any) -> dict[str, Any]:
    """What a tenant desires: networks, a router or none, groups with rules, and ports."""
    count = draw(st.integers(1, 3))
    return {
        "routed": draw(st.booleans()),
        "groups": [draw(groups(count)) for _ in range(count)],
        "list": draw(st.lists(st.sampled_from(["10.0.0.12", "10.0.1.0/24", "fd00::c"]), max_size=2, unique=True)),
        "ports": draw(
            st.lists(
                st.tuples(
                    st.sampled_from([0, 0, 1]),  # network
                    st.sampled_from(["h1", "h2"]),
                    st.lists(st.integers(0, count - 1), min_size=1, max_size=2, unique=True) | st.just([]),
                ),
                min_size=2,
                max_size=3,
            )
        ),
    }


def build(world: World, wanted: dict[str, dict[str, Any]]) -> Topology:
    """Have the fabric as wanted; what that is."""
    ports: list[FabricPort] = []
    groups: list[FabricGroup] = []
    lists: list[AddressList] = []
    routers: list[FabricRouter] = []
    for tenant, wish in wanted.items():
        networks = [world.network(*cidrs, tenant=tenant, routed=True) for cidrs in RANGES]
        listed = AddressList(str(uuid4()), tenant, tuple(wish["list"]))
        uids = [str(uuid4()) for _ in wish["groups"]]
        lists.append(listed)
        for uid, named in zip(uids, wish["groups"], strict=True):
            groups.append(FabricGroup(uid, tenant, tuple(rule_of(rule, uids, listed.uid) for rule in named)))
        if wish["routed"]:
            routers.append(world.router(*networks))
        for number, (network, host, members) in enumerate(wish["ports"]):
            port = world.port(networks[network], 11 + number, host, *(uids[each] for each in members))
            ports.append(replace(port, tenant_uid=tenant))
    world.ensure(*lists, *groups, *ports, *routers)
    return Topology(tuple(ports), tuple(groups), tuple(lists), tuple(routers))


def rule_of(rule: dict[str, Any], groups: list[str], listed: str) -> GroupRule:
    """A rule in the fabric's terms."""
    first, last = rule["ports"] or (None, None)
    kind, value = remote_of(rule)
    return GroupRule(
        rule["direction"],
        rule["protocol"],
        first,
        last,
        remote_cidr=value if kind == "cidr" else None,
        remote_group=groups[value] if kind == "group" else None,
        remote_list=listed if kind == "list" else None,
    )


def remote_of(rule: dict[str, Any]) -> tuple[str, Any]:
    """What the other side of a rule is named by, and what it is."""
    return rule["remote"] or ("", None)


def check(lab: OvnLab, wanted: dict[str, dict[str, Any]]) -> None:
    """Compare what arrives with what should."""
    with ExitStack() as stack:
        world = stack.enter_context(World(lab, Path(stack.enter_context(TemporaryDirectory()))))
        topology = build(world, wanted)
        machines = [world.plug(port) for port in topology.ports]
        world.settle()
        probes = topology.probes(SERVICES)
        expected = topology.expected(probes)
        assert arrivals(machines, probes, expected) == expected


def test_the_reckoning_says_yes_and_no() -> None:
    """A reckoning that says one thing of everything would prove nothing."""
    everything = FabricGroup("g", "t", (GroupRule("ingress"), GroupRule("egress")))
    some = [FabricPort(str(n), "t", "net", "m", (_at(f"10.0.0.{n}"),), "h1", ("g",)) for n in (1, 2)]
    closed = FabricPort("3", "t", "net", "m", (_at("10.0.0.3"),), "h1")
    topology = Topology((*some, closed), (everything,))
    probes = topology.probes((("tcp", 80),))
    assert {(a.probe.sender, a.receiver) for a in topology.expected(probes)} == {(0, 1), (1, 0), (2, 0), (2, 1)}
    assert Probe(0, "10.0.0.3", "tcp", 80) in probes


@given(st.fixed_dictionaries({tenant: tenants() for tenant in TENANTS}))
@settings(
    max_examples=4,
    derandomize=True,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=SLOW_BY_NATURE,
)
def test_packets_go_where_they_should_and_nowhere_else(lab: OvnLab, wanted: dict[str, dict[str, Any]]) -> None:
    check(lab, wanted)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@given(st.fixed_dictionaries({tenant: tenants() for tenant in TENANTS}))
@settings(max_examples=120, deadline=None, suppress_health_check=SLOW_BY_NATURE)
def test_packets_of_many_topologies_go_where_they_should(lab: OvnLab, wanted: dict[str, dict[str, Any]]) -> None:
    check(lab, wanted)


def _at(address: str) -> PortAddress:
    return PortAddress(address, "subnet")
