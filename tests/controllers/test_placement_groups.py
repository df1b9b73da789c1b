"""Instances of placement groups on simulated hosts, and hosts with taints."""

from __future__ import annotations

from typing import Any

import pytest

from pextra.controllers import placing
from pextra.controllers.placing import Unplaced
from pextra.errors import PextraError
from pextra.services.hosts_in_view import HostsInView
from pextra.services.placement import Bound
from tests.controllers.cloud import LoopedCloud, refusal

MACHINE = {"vcpus": 8, "memory_mib": 32_768, "disk_gib": 200}


@pytest.fixture
def racks(cloud: LoopedCloud) -> LoopedCloud:
    """Two hosts in rack r1 and one in r2 of zone `default`, one in r1 of zone `far`."""
    for name, place in {
        "h0": {"rack": "r1"},
        "h1": {"rack": "r1"},
        "h2": {"rack": "r2"},
        "h3": {"rack": "r1", "zone": "far"},
    }.items():
        host(cloud, name, **place)
    cloud.settle(5.0)
    return cloud


def host(cloud: LoopedCloud, name: str, **spec: Any) -> None:
    cloud.put("host", name, {"driver": "sim", "cpu_overcommit": 1, "simulated": MACHINE, **spec})


def placed(cloud: LoopedCloud, *names: str) -> list[str]:
    """The hosts of these instances; an empty one for who waits."""
    return [cloud.get("instance", name).status.get("host", "") for name in names]


def group(cloud: LoopedCloud, rule: str, topology: str = "host", mode: str = "required") -> str:
    cloud.put("placement_group", "group", {"rule": rule, "topology": topology, "mode": mode})
    return "group"


def test_instances_that_are_to_be_apart_are_on_different_hosts_and_the_next_one_waits(cloud: LoopedCloud) -> None:
    apart = group(cloud, "anti_affinity")
    for name in ("a", "b", "c"):
        cloud.instance(name, placement_group=apart)
    assert sorted(placed(cloud, "a", "b", "c")) == ["", "h0", "h1"]
    waiting = cloud.ready("instance", "c")
    assert waiting["reason"] == "NoCapacity"
    assert waiting["message"] == "none of 2 hosts can take it: 2 with a guest of its placement group"
    free = placed(cloud, "a")
    cloud.delete("instance", "a")
    cloud.settle(30.0)
    assert placed(cloud, "c") == free


def test_instances_that_would_rather_be_apart_share_when_they_must(cloud: LoopedCloud) -> None:
    apart = group(cloud, "anti_affinity", mode="preferred")
    for name in ("a", "b", "c"):
        cloud.instance(name, placement_group=apart)
    assert set(placed(cloud, "a", "b")) == {"h0", "h1"}
    assert placed(cloud, "c") != [""]


def test_racks_of_two_zones_are_two_whatever_their_names(racks: LoopedCloud) -> None:
    apart = group(racks, "anti_affinity", "rack")
    for name in ("a", "b", "c", "d"):
        racks.instance(name, placement_group=apart)
    hosts = placed(racks, "a", "b", "c", "d")
    assert {"h2", "h3", ""} < set(hosts)
    assert len({"h0", "h1"} & set(hosts)) == 1
    assert "4 with a guest of its placement group in their rack" in racks.ready("instance", "d")["message"]


def test_instances_that_are_to_be_together_go_where_the_first_is_and_wait_when_there_is_no_room(
    racks: LoopedCloud,
) -> None:
    together = group(racks, "affinity", "rack")
    racks.instance("a", zone="default", placement_group=together, flavor="large")
    rack = {"h0": ("h0", "h1"), "h1": ("h0", "h1"), "h2": ("h2",)}[placed(racks, "a")[0]]
    for number in range(6):
        racks.instance(f"b{number}", flavor="large", placement_group=together)
    room = 2 * len(rack) - 1
    hosts = placed(racks, *(f"b{number}" for number in range(6)))
    assert set(hosts) - {""} <= set(rack)
    assert sum(bool(name) for name in hosts) == room
    assert "outside the rack of its placement group" in racks.ready("instance", "b5")["message"]


def test_a_spread_is_even_over_the_zones_and_an_instance_waits_rather_than_make_it_uneven(racks: LoopedCloud) -> None:
    even = group(racks, "spread", "zone")
    for number in range(5):
        racks.instance(f"a{number}", flavor="large", placement_group=even)
    hosts = placed(racks, *(f"a{number}" for number in range(5)))
    assert hosts.count("h3") == 2
    assert hosts.count("") == 0
    racks.instance("late", flavor="large", placement_group=even)
    assert placed(racks, "late") == [""]
    message = racks.ready("instance", "late")["message"]
    assert message == (
        "none of 4 hosts can take it: 3 in a zone that has more of its placement group than another, "
        "1 without enough cpu"
    )


def test_a_spread_is_even_over_the_places_where_an_instance_could_be_at_all(racks: LoopedCloud) -> None:
    even = group(racks, "spread", "zone")
    for number in range(3):
        racks.instance(f"a{number}", zone="far", placement_group=even, flavor="small")
    assert placed(racks, "a0", "a1", "a2") == ["h3", "h3", "h3"]


def test_a_group_that_an_instance_is_of_is_not_deleted_and_goes_afterwards(cloud: LoopedCloud) -> None:
    apart = group(cloud, "anti_affinity")
    cloud.instance("a", placement_group=apart)
    refused = refusal(cloud, "placement_group", apart)
    assert refused.code == "object.in_use"
    assert "instance a" in refused.message
    cloud.delete("instance", "a")
    cloud.settle(5.0)
    cloud.delete("placement_group", apart)
    cloud.settle(5.0)
    assert cloud.find("placement_group", apart) is None


@pytest.mark.parametrize("change", [{"rule": "affinity"}, {"topology": "zone"}, {"mode": "preferred"}])
def test_what_a_group_demands_cannot_change(cloud: LoopedCloud, change: dict[str, str]) -> None:
    group(cloud, "anti_affinity")
    with pytest.raises(PextraError) as refused:
        cloud.put(
            "placement_group", "group", {"rule": "anti_affinity", "topology": "host", "mode": "required", **change}
        )
    assert refused.value.code == "spec.immutable"


def test_a_tainted_host_takes_only_who_tolerates_it_and_keeps_who_is_there(cloud: LoopedCloud) -> None:
    cloud.instance("before")
    (there,) = placed(cloud, "before")
    other = {"h0": "h1", "h1": "h0"}[there]
    host(cloud, there, taints=[{"key": "maintenance", "effect": "no_schedule"}])
    host(cloud, other, taints=[{"key": "gpu", "value": "h100"}])
    cloud.settle(10.0)
    assert placed(cloud, "before") == [there]
    for name, tolerations in {
        "plain": [],
        "other": [{"key": "gpu", "value": "l4"}],
        "mine": [{"key": "gpu"}],
        "all": [{"key": "maintenance", "effect": "no_schedule"}],
    }.items():
        cloud.instance(name, tolerations=tolerations)
    assert placed(cloud, "plain", "other", "mine", "all") == ["", "", other, there]
    message = "none of 2 hosts can take it: 2 with a taint that it does not tolerate"
    assert cloud.ready("instance", "plain")["message"] == message
    host(cloud, other)
    cloud.settle(30.0)
    assert placed(cloud, "plain", "other") == [other, other]


def test_a_host_that_is_only_advised_against_is_taken_when_the_others_are_full(cloud: LoopedCloud) -> None:
    host(cloud, "h0", taints=[{"key": "old", "effect": "prefer_no_schedule"}])
    cloud.settle(10.0)
    cloud.put("flavor", "half", {"vcpus": 4, "memory_mib": 1024, "disk_gib": 10})
    for name in ("a", "b", "c"):
        cloud.instance(name, flavor="half")
    assert placed(cloud, "a", "b", "c") == ["h1", "h1", "h0"]
    assert cloud.get("instance", "c").status["placement"]["score"]["taints"] == 0.5


@pytest.mark.parametrize(("rule", "quick_goes_to"), [("anti_affinity", "h1"), ("affinity", "h0")])
def test_a_choice_that_another_scheduler_made_stale_is_not_committed_and_made_anew(
    cloud: LoopedCloud, monkeypatch: pytest.MonkeyPatch, rule: str, quick_goes_to: str
) -> None:
    cloud.instance("filler")  # on h0, so that h1 is the better one for who is the first of its group
    assert placed(cloud, "filler") == ["h0"]
    name = group(cloud, rule)
    for each in ("slow", "quick"):
        cloud.put("instance", each, {"flavor": "small", "image": "linux", "placement_group": name})
    commit, chose = placing._commit, list[str]()

    def overtaken(site: Any, chosen: Any) -> Any:
        chose.extend(choice.host.name for choice in chosen)
        monkeypatch.setattr(placing, "_commit", commit)
        home = cloud.find("host", quick_goes_to, tenant=None)
        assert home is not None
        assert placing.place(site, HostsInView(), [unplaced(cloud, "quick", Bound(host_uid=home.uid))]).records
        return commit(site, chosen)

    monkeypatch.setattr(placing, "_commit", overtaken)
    result = placing.place(cloud.cloud, HostsInView(), [unplaced(cloud, "slow", Bound())])
    assert (chose, result.records, result.refused) == (["h1"], {}, {})
    cloud.settle(5.0)
    assert placed(cloud, "slow", "quick") == ["h0", quick_goes_to]


def unplaced(cloud: LoopedCloud, name: str, bound: Bound) -> Unplaced:
    record = cloud.get("instance", name)
    return Unplaced(record, cloud.cloud.registry["instance"].effective(record.spec), bound)
