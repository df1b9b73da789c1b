"""Tenants form a tree, and what a tenant may use is carved out of what its parent may."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pextra.resources import REGISTRY
from tests.api.caller import Answer, Caller
from tests.api.everything import SPECS, make_everything
from tests.api.site import IMAGE, SMALL, Site

VOLUME = {"size_gib": 4}


def limit(site: Site, tenant: str, **limits: int | str) -> Answer:
    """Set the whole quota of a tenant; users and tokens always have room."""
    plain: dict[str, Any] = dict.fromkeys(("users", "api_tokens", "role_bindings"), 10 if "." in tenant else 100)
    return site.admin.put(f"tenants/{tenant}/quotas/default", {"limits": plain | limits})


def usage(site: Site, tenant: str, countable: str) -> dict[str, int | None]:
    return site.admin.get(f"tenants/{tenant}/quotas/default").body["status"]["usage"][countable]


def test_a_tenant_is_made_below_one_that_is_there(site: Site) -> None:
    refused = site.admin.put("tenants/nowhere.dev", {})
    assert (refused.code, refused.body["value"]) == ("reference.not_found", "nowhere")
    assert site.admin.put("tenants/acme.a", {}).status == 201
    assert site.admin.put("tenants/acme.a.b", {}).status == 201


def test_the_tree_is_eight_deep_at_most(site: Site) -> None:
    path = "acme"
    for name in "bcdefgh":
        path += f".{name}"
        assert site.admin.put(f"tenants/{path}", {}).status == 201
    assert site.admin.put(f"tenants/{path}.i", {}).fields == ["metadata.name"]


def test_a_list_of_tenants_shows_those_that_the_caller_reaches(site: Site) -> None:
    def listed(caller: Caller) -> list[str]:
        return [item["metadata"]["name"] for item in caller.get("tenants").body["items"]]

    assert listed(site.admin) == ["acme", "acme.dev", "globex", "system"]
    assert listed(site.ada) == ["acme", "acme.dev"]
    assert listed(site.dev) == ["acme.dev"]


def test_a_new_tenant_may_use_nothing(site: Site) -> None:
    site.admin.put("tenants/new", {}).ok()
    refused = site.admin.put("tenants/new/volumes/v", VOLUME)
    assert (refused.status, refused.code) == (409, "quota.exceeded")
    facts = {k: refused.body[k] for k in ("tenant", "countable", "limit", "used", "requested")}
    assert facts["tenant"] == "new"
    assert (facts["limit"], facts["used"]) == (0, 0)
    assert site.admin.put("tenants/new/quotas/default", {}).status == 201
    assert site.admin.put("tenants/new/volumes/v", VOLUME).code == "quota.exceeded"


def test_what_is_made_changed_and_deleted_is_charged_to_the_byte(any_site: Site) -> None:
    limit(any_site, "acme.dev", volumes=2, volume_gib=10).ok()
    path = "tenants/acme.dev/volumes/v"
    any_site.dev.put(path, {"size_gib": 4}).ok()
    assert usage(any_site, "acme.dev", "volume_gib") == {"limit": 10, "used": 4, "granted": 0, "available": 6}
    any_site.dev.put(path, {"size_gib": 10}).ok()
    assert usage(any_site, "acme.dev", "volume_gib")["used"] == 10
    refused = any_site.dev.put(path, {"size_gib": 11})
    assert (refused.code, refused.body["requested"], refused.body["used"]) == ("quota.exceeded", 1, 10)
    any_site.dev.put(path, {"size_gib": 3}).ok()
    any_site.dev.delete(path).ok()
    any_site.converge()
    assert usage(any_site, "acme.dev", "volume_gib")["used"] == 0
    assert usage(any_site, "acme.dev", "volumes")["used"] == 0


def test_a_refused_write_charges_nothing(site: Site) -> None:
    limit(site, "acme.dev", volumes=1, volume_gib=3).ok()
    before = site.world()
    assert site.dev.put("tenants/acme.dev/volumes/v", VOLUME).code == "quota.exceeded"
    assert site.world() == before


def test_an_instance_is_charged_what_its_flavor_says(site: Site) -> None:
    counted = {"vcpus": 1, "memory_mib": 512, "volume_gib": 4, "instances": 1}
    limit(site, "acme.dev", **counted).ok()
    site.dev.put("tenants/acme.dev/instances/i", {"flavor": "small", "image": "system/linux"}).ok()
    assert {name: usage(site, "acme.dev", name)["used"] for name in counted} == counted
    more = {"flavor": "small", "image": "system/linux"}
    assert site.dev.put("tenants/acme.dev/instances/j", more).code == "quota.exceeded"


def test_limits_are_carved_out_of_the_parents(site: Site) -> None:
    limit(site, "acme", volumes=5, volume_gib=20)
    limit(site, "acme.dev", volumes=3).ok()
    assert usage(site, "acme", "volumes") == {"limit": 5, "used": 0, "granted": 3, "available": 2}
    site.admin.put("tenants/acme.two", {}).ok()
    refused = limit(site, "acme.two", volumes=3, users=0, api_tokens=0, role_bindings=0)
    assert (refused.code, refused.body["tenant"], refused.body["countable"]) == ("quota.exceeded", "acme", "volumes")
    assert limit(site, "acme.two", volumes=2, users=0, api_tokens=0, role_bindings=0).status == 201
    assert site.ada.put("tenants/acme/volumes/v", VOLUME).code == "quota.exceeded"


def test_what_a_child_gives_back_the_parent_may_use(site: Site) -> None:
    limit(site, "acme", volumes=1, volume_gib=20)
    limit(site, "acme.dev", volumes=1).ok()
    assert site.ada.put("tenants/acme/volumes/v", VOLUME).code == "quota.exceeded"
    limit(site, "acme.dev", volumes=0).ok()
    assert site.ada.put("tenants/acme/volumes/v", VOLUME).status == 201
    assert limit(site, "acme.dev", volumes=1).code == "quota.exceeded"


def test_a_deleted_quota_gives_everything_back(site: Site) -> None:
    site.admin.put("tenants/acme.two", {}).ok()
    limit(site, "acme.two", volumes=2).ok()
    assert usage(site, "acme", "volumes")["granted"] == 2
    assert site.admin.delete("tenants/acme.two/quotas/default").status == 204
    assert usage(site, "acme", "volumes")["granted"] == 0


def test_a_limit_cannot_fall_below_what_is_in_use_or_granted(site: Site) -> None:
    limit(site, "acme.dev", volumes=2, volume_gib=10).ok()
    site.dev.put("tenants/acme.dev/volumes/v", VOLUME).ok()
    before = site.world()
    refused = limit(site, "acme.dev", volumes=0, volume_gib=10)
    assert (refused.status, refused.code, refused.body["used"]) == (409, "quota.below_use", 1)
    assert site.admin.delete("tenants/acme.dev/quotas/default").code == "quota.below_use"
    refused = limit(site, "acme", volumes=1, volume_gib=10)
    assert (refused.code, refused.body["granted"]) == ("quota.below_use", 2)
    assert site.world() == before


def test_unlimited_is_possible_only_under_unlimited(site: Site) -> None:
    limit(site, "globex", volumes=5, users=10).ok()
    site.admin.put("tenants/globex.dev", {}).ok()
    refused = site.admin.put("tenants/globex.dev/quotas/default", {"limits": {"volumes": "unlimited"}})
    assert (refused.code, refused.body["tenant"]) == ("quota.exceeded", "globex")
    assert site.admin.put("tenants/acme.dev/quotas/default", {"unlisted": "unlimited"}).status == 200


def test_a_parent_is_not_limited_while_a_child_is_unlimited(site: Site) -> None:
    site.admin.put("tenants/acme.dev/quotas/default", {"unlisted": "unlimited"}).ok()
    before = site.world()
    refused = limit(site, "acme", volumes=5)
    assert (refused.status, refused.code, refused.body["tenant"]) == (409, "quota.below_use", "acme.dev")
    assert site.admin.delete("tenants/acme/quotas/default").code == "quota.below_use"
    assert site.world() == before
    limit(site, "acme.dev", volumes=5).ok()
    assert limit(site, "acme", volumes=5, users=20, api_tokens=20, role_bindings=20).status == 200


def test_a_limit_on_what_nothing_counts_is_refused_with_what_there_is(site: Site) -> None:
    refused = limit(site, "acme.dev", unicorns=1)
    assert (refused.code, refused.fields) == ("spec.invalid", ["spec.limits.unicorns"])
    assert "volume_gib" in refused.body["errors"][0]["message"]


def test_a_quota_has_one_name(site: Site) -> None:
    assert site.admin.put("tenants/acme/quotas/second", {}).fields == ["metadata.name"]


def test_the_clouds_own_tenant_has_no_limits(site: Site) -> None:
    assert site.admin.put("tenants/system/quotas/default", {}).code == "object.conflict"
    assert site.admin.put("tenants/system/volumes/v", {"size_gib": 60_000}).status == 201


def test_every_countable_is_shown_with_limit_use_and_grants(site: Site) -> None:
    shown = site.admin.get("tenants/acme/quotas/default").body["status"]["usage"]
    assert set(shown) == set(REGISTRY.countables)
    assert all(set(counter) == {"limit", "used", "granted", "available"} for counter in shown.values())
    assert shown["volumes"]["limit"] is None


def test_used_is_what_the_objects_that_are_there_are_charged(site: Site) -> None:
    make_everything(site)
    site.converge()
    site.ada.put("tenants/acme/volumes/two", {"size_gib": 7}).ok()
    site.ada.patch("tenants/acme/instances/web-1", {"spec": {"flavor": "small"}}).ok()
    site.ada.delete("tenants/acme/shares/mine").ok()
    expected = {
        "users": 2, "api_tokens": 2, "role_bindings": 2, "groups": 1, "roles": 1,
        "policies": 1, "service_accounts": 1, "application_credentials": 1,
        "identity_providers": 1,
        "images": 1, "image_gib": IMAGE["size_gib"], "ssh_keys": 1, "networks": 1,
        "subnets": 1, "security_groups": 1, "secrets": 1, "volumes": 2, "volume_gib": 3 + 7 + SMALL["disk_gib"],
        "instances": 1, "vcpus": SMALL["vcpus"], "memory_mib": SMALL["memory_mib"],
        "shares": 0, "floating_ips": 0, "placement_groups": 1, "routers": 1, "load_balancers": 0,
        "address_groups": 1, "priority": 0, "gpus": 1,
    }  # fmt: skip
    assert {name: usage(site, "acme", name)["used"] for name in expected} == expected
    assert set(expected) == set(REGISTRY.countables)
    assert SPECS["quota"][0].startswith("tenants/acme.ops")


def test_writers_that_meet_at_a_limit_never_exceed_it(any_site: Site) -> None:
    limit(any_site, "acme.dev", volumes=5, volume_gib=100).ok()
    apps = [any_site.app, any_site.another_app()]

    def make(number: int) -> Answer:
        caller = Caller(apps[number % 2], any_site.tokens["dev"])
        return caller.put(f"tenants/acme.dev/volumes/v{number}", {"size_gib": 1})

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(make, range(10)))
    made = [a for a in answers if a.status == 201]
    assert len(made) == 5
    assert {a.code for a in answers if a.status != 201} == {"quota.exceeded"}
    assert usage(any_site, "acme.dev", "volumes")["used"] == 5
