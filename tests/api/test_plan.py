"""A plan says what a batch would do, in the order in which it can be done, and does nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.everything import SPECS, make_everything
from tests.api.site import Site


def manifest(kind: str, name: str, spec: dict[str, Any] | None = None, tenant: str | None = "acme") -> dict[str, Any]:
    """An object as it is written in a file."""
    metadata = {"name": name} if tenant is None else {"name": name, "tenant": tenant}
    return {"kind": kind, "metadata": metadata, "spec": spec or {}}


def put(kind: str, name: str, spec: dict[str, Any] | None = None, tenant: str | None = "acme") -> dict[str, Any]:
    return {"verb": "put", "object": manifest(kind, name, spec, tenant)}


def delete(kind: str, name: str, tenant: str | None = "acme") -> dict[str, Any]:
    return {"verb": "delete", "object": manifest(kind, name, None, tenant)}


SUBNET = {"network": "front", "cidr": "10.0.0.0/24"}
WEB = {"flavor": "small", "image": "system/linux", "networks": [{"network": "front"}], "volumes": ["data"]}


def names(plan: Any) -> list[str]:
    return [f"{change['kind']} {change['name']}" for change in plan["changes"]]


def test_a_plan_stores_nothing(any_site: Site) -> None:
    before = any_site.ada.get("tenants/acme/networks").body
    answer = any_site.ada.plan(put("network", "front"), put("subnet", "s", SUBNET), put("volume", "v", {"size_gib": 1}))
    assert answer.body["summary"]["create"] == 3
    assert any_site.ada.get("tenants/acme/networks").body == before
    assert any_site.ada.get("tenants/acme/volumes").body["items"] == []


def test_a_plan_of_everything_leaves_every_table_as_it_was(site: Site) -> None:
    make_everything(site)
    before = site.world()
    changes = [
        {"verb": verb, "object": site.admin.get(path).body} for path, _ in SPECS.values() for verb in ("put", "delete")
    ]
    plan = site.admin.plan(*changes, put("volume", "new", {"size_gib": 3})).ok()
    assert site.world() == before
    assert plan["summary"]["none"] >= len(SPECS)
    assert plan["summary"]["create"] == 1
    assert plan["summary"]["delete"] > 0
    assert plan["summary"]["problems"] + plan["summary"]["delete"] + plan["summary"]["none"] == 2 * len(SPECS)


def test_changes_are_ordered_by_what_refers_to_what_and_deletions_the_other_way(site: Site) -> None:
    plan = site.ada.plan(
        put("instance", "web", WEB),
        put("volume", "data", {"size_gib": 1}),
        put("subnet", "s", SUBNET),
        put("network", "front"),
        put("tenant", "acme.a.b", None, None),
        put("tenant", "acme.a", None, None),
    ).ok()
    order = names(plan)
    assert order.index("tenant acme.a") < order.index("tenant acme.a.b")
    assert order.index("network front") < order.index("subnet s")
    assert order.index("network front") < order.index("instance web")
    assert order.index("volume data") < order.index("instance web")
    assert plan["summary"] == {
        "create": 6, "update": 0, "restart": 0, "replace": 0, "delete": 0, "none": 0, "problems": 0,
    }  # fmt: skip
    for kind, name, spec in (("network", "front", {}), ("volume", "data", {"size_gib": 1}), ("subnet", "s", SUBNET)):
        site.ada.put(f"tenants/acme/{kind}s/{name}", spec).ok()
    site.ada.put("tenants/acme/instances/web", WEB).ok()
    gone = site.ada.plan(
        *(delete(k, n) for k, n in (("network", "front"), ("subnet", "s"), ("volume", "data"), ("instance", "web")))
    ).ok()
    order = names(gone)
    assert order.index("instance web") < order.index("volume data")
    assert order.index("subnet s") < order.index("network front")


def test_a_reference_to_what_the_same_plan_makes_resolves_and_one_to_nothing_is_unknown(site: Site) -> None:
    plan = site.ada.plan(put("subnet", "s", SUBNET), put("network", "front"), put("instance", "web", WEB)).ok()
    unknown = {change["name"]: change["unknown"] for change in plan["changes"]}
    assert unknown == {"front": [], "s": [], "web": ["spec.volumes[0]"]}
    assert plan["summary"]["problems"] == 0


def test_each_change_says_whether_it_replaces_restarts_or_happens_in_place(site: Site) -> None:
    make_everything(site)
    web = SPECS["instance"][1]
    for change, action, effects in (
        ({"power": "off"}, "update", {"in_place"}),
        ({"flavor": "small"}, "restart", {"restart"}),
        ({"zone": "zone-b", "flavor": "small"}, "replace", {"restart", "replace"}),
        ({}, "none", set[str]()),
    ):
        document = manifest("instance", "web-1", {**web, **change})
        document["metadata"] |= {"labels": {"made-by": "tests"}, "annotations": {"note": "whole"}}
        (planned,) = site.ada.plan({"verb": "put", "object": document}).body["changes"]
        assert planned["action"] == action
        assert {field["effect"] for field in planned["fields"]} == effects


def test_a_change_that_would_be_refused_carries_the_refusal_and_the_rest_is_planned(site: Site) -> None:
    make_everything(site)
    plan = site.ada.plan(
        put("volume", "new", {"size_gib": 0}),
        put("flavor", "small", {"vcpus": 1, "memory_mib": 64, "disk_gib": 1}, None),
        put("network", "NoName"),
        put("volume", "foreign", {"size_gib": 1}, "globex"),
        delete("security_group", "web"),
        put("volume", "good", {"size_gib": 1}),
    ).ok()
    codes = {change["name"]: [problem["code"] for problem in change["problems"]] for change in plan["changes"]}
    assert codes == {
        "new": ["spec.invalid"],
        "small": ["auth.denied"],
        "NoName": ["spec.invalid"],
        "foreign": ["object.not_found"],
        "web": ["object.in_use"],
        "good": [],
    }
    assert (plan["summary"]["problems"], plan["summary"]["create"]) == (5, 1)


def test_a_problem_in_a_plan_is_the_one_that_the_write_has(site: Site) -> None:
    (change,) = site.ada.plan(put("volume", "new", {"size_gib": 0})).body["changes"]
    assert change["problems"] == [site.ada.put("tenants/acme/volumes/new", {"size_gib": 0}).body]


def test_quota_is_foretold_for_the_plan_as_a_whole(site: Site) -> None:
    limits = {"volumes": 2, "volume_gib": 100, "users": 5, "api_tokens": 5, "role_bindings": 5}
    site.admin.put("tenants/acme.dev/quotas/default", {"limits": limits}).ok()
    plan = site.dev.plan(*(put("volume", f"v{n}", {"size_gib": 4}, "acme.dev") for n in range(3))).ok()
    assert [change["quota"] for change in plan["changes"]] == [{"volumes": 1, "volume_gib": 4}] * 2 + [{}]
    assert [p["code"] for change in plan["changes"] for p in change["problems"]] == ["quota.exceeded"]
    assert plan["quota"]["acme.dev"] == {
        "volumes": {"limit": 2, "used": 0, "after": 2},
        "volume_gib": {"limit": 100, "used": 0, "after": 8},  # nothing of the third, which was refused
    }


def test_the_preconditions_of_a_plan_guard_the_apply_that_follows(site: Site) -> None:
    site.ada.put("tenants/acme/networks/front", {}).ok()
    (planned,) = site.ada.plan(put("network", "front", {"mtu": 1400})).body["changes"]
    site.ada.put("tenants/acme/networks/front", {"mtu": 1500}).ok()
    stale = site.ada.put(
        "tenants/acme/networks/front", {"mtu": 1400}, headers={"If-Match": planned["preconditions"]["etag"]}
    )
    assert stale.code == "object.stale"


def test_deleting_what_is_not_there_is_nothing(site: Site) -> None:
    (change,) = site.ada.plan(delete("volume", "none")).body["changes"]
    assert (change["action"], change["problems"]) == ("none", [])


def test_a_deletion_for_another_uid_is_a_problem(site: Site) -> None:
    site.ada.put("tenants/acme/networks/front", {}).ok()
    change = delete("network", "front")
    change["object"]["metadata"]["uid"] = "01a00000-0000-7000-8000-000000000000"
    (planned,) = site.ada.plan(change).body["changes"]
    assert [problem["code"] for problem in planned["problems"]] == ["object.uid_mismatch"]


def test_instances_of_one_plan_are_placed_on_top_of_one_another(site: Site) -> None:
    make_everything(site)
    site.converge()
    site.admin.put("flavors/half", {"vcpus": 8, "memory_mib": 64, "disk_gib": 1}).ok()
    spec = {"flavor": "half", "image": "system/linux"}
    plan = site.ada.plan(*(put("instance", f"i{n}", spec) for n in range(3))).ok()
    hosts = [change["placement"].get("host") for change in plan["changes"]]
    assert hosts.count("sim-1") == 2  # 20 processors after overcommit, 2 are in use
    assert [c["placement"]["rejected"] for c in plan["changes"] if "host" not in c["placement"]]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], "(body)"),
        ({"changes": {}}, "changes"),
        ({"changes": [1]}, "changes[0]"),
        ({"changes": [{}]}, "changes[0].verb"),
        ({"changes": [{"verb": "patch", "object": {}}]}, "changes[0].verb"),
        ({"changes": [{"verb": "put", "object": []}]}, "changes[0].object"),
        ({"changes": [{"verb": "put", "object": {"kind": "volume"}}]}, "changes[0].object.metadata.name"),
        (
            {"changes": [{"verb": "put", "object": {"kind": "volume", "metadata": {"name": "v"}}}]},
            "changes[0].object.metadata.tenant",
        ),
        ({"changes": [{"verb": "put", "object": {"kind": "volume", "metadata": 3}}]}, "changes[0].object.metadata"),
        ({"changes": [], "unknown": 1}, "unknown"),
        ({"prune": []}, "prune"),
        ({"prune": {}}, "prune"),
        ({"prune": {"labels": "a=b"}}, "prune"),
        ({"prune": {"labels": "", "tenant": "acme"}}, "prune"),
        ({"prune": {"labels": "a=b", "tenant": "acme", "kinds": 3}}, "prune.kinds"),
        ({"prune": {"labels": "a=b", "tenant": "acme", "kinds": ["volumes"]}}, "prune.kinds"),
        ({"prune": {"labels": "a=b", "tenant": "acme", "kinds": [[]]}}, "prune.kinds"),
    ],
)
def test_a_plan_that_cannot_be_read_is_refused_with_its_field(site: Site, body: Any, field: str) -> None:
    refused = site.ada.send("POST", "plan", body=body)
    assert (refused.status, refused.code) == (422, "spec.invalid")
    assert refused.fields == [field]


def test_a_plan_with_an_unknown_kind_is_refused_with_those_that_there_are(site: Site) -> None:
    refused = site.ada.plan(put("gizmo", "g"))
    assert refused.code == "spec.invalid"
    assert "volume" in refused.body["detail"]


def test_a_plan_has_at_most_a_thousand_changes(site: Site) -> None:
    assert site.ada.plan(*[delete("volume", "v")] * 1000).status == 200
    assert site.ada.plan(*[delete("volume", "v")] * 1001).fields == ["changes"]


def test_an_empty_plan_is_one(site: Site) -> None:
    assert site.ada.send("POST", "plan", body={}).body["changes"] == []
