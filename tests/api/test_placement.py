"""Why an instance is where it is, and how many of many would fit."""

from __future__ import annotations

from typing import Any

from tests.api.everything import make_everything
from tests.api.site import Site

WEB = "tenants/acme/instances/web-1/placement"
SMALL: dict[str, Any] = {"flavor": "small", "image": "system/linux"}


def put(name: str, **spec: Any) -> dict[str, Any]:
    """A change that makes an instance."""
    metadata = {"name": name, "tenant": "acme"}
    return {"verb": "put", "object": {"kind": "instance", "metadata": metadata, "spec": {**SMALL, **spec}}}


def furnish(site: Site) -> None:
    make_everything(site)
    site.converge()
    site.admin.put("flavors/half", {"vcpus": 8, "memory_mib": 64, "disk_gib": 1}).ok()
    site.admin.put("flavors/huge", {"vcpus": 512, "memory_mib": 64, "disk_gib": 1}).ok()


def test_a_placed_instance_tells_where_and_by_which_terms(site: Site) -> None:
    furnish(site)
    reasons = site.ada.get(WEB).ok()
    assert (reasons["host"], reasons["waits"], reasons["filters"]) == ("sim-1", False, [])
    assert reasons["message"] == "Placed on host sim-1."
    assert reasons["decision"]["eligible"] == 1
    assert set(reasons["decision"]["score"]) >= {"placement_group"}


def test_a_waiting_instance_tells_what_rejects_hosts_now_and_only_operators_which_host_is_closest(site: Site) -> None:
    furnish(site)
    site.ada.put("tenants/acme/instances/big", {**SMALL, "flavor": "huge"}).ok()
    reasons = site.ada.get("tenants/acme/instances/big/placement").ok()
    assert (reasons["host"], reasons["waits"]) == ("", True)
    assert reasons["filters"] == [{"name": "cpu", "rejected": 1, "why": "without enough cpu"}]
    assert "sim-1" not in str(reasons)
    assert "closest" not in reasons
    assert "remedy" not in reasons["decision"]
    told = site.admin.get("tenants/acme/instances/big/placement").ok()
    assert told["closest"]["host"] == "sim-1"
    assert told["closest"]["too_small"] is True
    assert told["closest"]["lacks"].startswith("512 vCPUs wanted, ")


def test_what_an_instance_waits_for_is_what_is_so_now(site: Site) -> None:
    furnish(site)
    site.admin.patch("hosts/sim-1", {"spec": {"schedulable": False}}).ok()
    site.converge()
    site.ada.put("tenants/acme/instances/big", SMALL).ok()
    closed = site.ada.get("tenants/acme/instances/big/placement").ok()
    assert closed["filters"] == [{"name": "schedulable", "rejected": 1, "why": "closed to new guests"}]
    site.admin.patch("hosts/sim-1", {"spec": {"schedulable": True}}).ok()
    site.converge()
    assert site.ada.get("tenants/acme/instances/big/placement").ok()["host"] == "sim-1"


def test_asking_why_changes_nothing(site: Site) -> None:
    furnish(site)
    site.ada.put("tenants/acme/instances/big", {**SMALL, "flavor": "huge"}).ok()
    before = site.world()
    site.ada.get("tenants/acme/instances/big/placement").ok()
    after = site.world()
    assert {name: rows for name, rows in after.items() if name != "lease"} == {
        name: rows for name, rows in before.items() if name != "lease"
    }


def test_who_may_not_read_the_instance_is_not_told_why_it_is_anywhere(site: Site) -> None:
    furnish(site)
    assert site.gus.get(WEB).code == "object.not_found"
    assert site.gus.get(WEB).text == site.gus.get("tenants/acme/instances/none/placement").text.replace("none", "web-1")
    assert site.ada.get("tenants/acme/volumes/data/placement").code == "route.not_found"


def test_a_plan_of_many_tells_how_many_fit_where_and_what_the_first_that_does_not_lacks(site: Site) -> None:
    furnish(site)
    wishes = [put(f"i{number}", flavor="half") for number in range(4)]
    found = site.ada.plan(*wishes).ok()["placement"]
    assert (found["wanted"], found["fit"], found["hosts"]) == (4, 2, {"sim-1": 2})  # 20 processors, 2 in use
    assert found["first_unfit"]["name"] == "i2"
    assert found["first_unfit"]["placement"]["why"] == "none of 1 hosts can take it: 1 without enough cpu"
    assert "remedy" not in found["first_unfit"]["placement"]
    told = site.admin.plan(*wishes).ok()["placement"]["first_unfit"]["placement"]
    assert told["remedy"].startswith("host sim-1, the closest: 8 vCPUs wanted")
    assert "placement" not in site.ada.plan().ok()


def test_wishes_of_one_plan_join_the_placement_groups_that_it_makes(site: Site) -> None:
    furnish(site)
    group = {"kind": "placement_group", "metadata": {"name": "apart", "tenant": "acme"}}
    spec = {"rule": "anti_affinity"}
    made = {"verb": "put", "object": {**group, "spec": spec}}
    found = site.ada.plan(made, *(put(f"i{number}", placement_group="apart") for number in range(3))).ok()
    assert found["placement"]["fit"] == 1
    why = found["placement"]["first_unfit"]["placement"]["why"]
    assert why == "none of 1 hosts can take it: 1 with a guest of its placement group"


def test_a_policy_can_keep_a_tenants_instances_from_tolerating_taints(site: Site) -> None:
    furnish(site)
    text = (
        'forbid (principal, action == Action::"instance.create", resource) '
        "when { !resource.spec.tolerations.isEmpty() };"
    )
    site.admin.put("tenants/acme/policies/no-taints", {"text": text}).ok()
    assert site.ada.put("tenants/acme/instances/a", {**SMALL, "tolerations": [{"key": "gpu"}]}).status == 403
    site.ada.put("tenants/acme/instances/a", SMALL).ok()
