"""Deletion marks, finalizers finish, the row goes last; and what is being deleted takes no more writes."""

from __future__ import annotations

from typing import Any

from pextra.resources import REGISTRY
from tests.api.everything import make_everything
from tests.api.site import Site

DATA, FRONT = "tenants/acme/volumes/data", "tenants/acme/networks/front"


def test_what_has_nothing_to_finish_goes_at_once(site: Site) -> None:
    site.ada.put(FRONT, {})
    gone = site.ada.delete(FRONT)
    assert (gone.status, gone.text) == (204, "")
    assert site.ada.get(FRONT).status == 404


def test_what_has_something_to_finish_is_marked_and_goes_when_it_is_finished(site: Site) -> None:
    site.ada.put(DATA, {"size_gib": 3}).ok()
    marked = site.ada.delete(DATA)
    assert (marked.status, marked.body["metadata"]["deleting"]) == (202, True)
    assert site.ada.get(DATA).body["metadata"]["deleting"]
    site.converge()
    assert site.ada.get(DATA).status == 404


def test_deleting_again_changes_nothing(site: Site) -> None:
    site.ada.put(DATA, {"size_gib": 3}).ok()
    first = site.ada.delete(DATA)
    before = site.world()
    assert site.ada.delete(DATA).body == first.body
    assert site.world() == before


def test_deleting_what_is_not_there_is_404(site: Site) -> None:
    assert site.ada.delete(DATA).code == "object.not_found"


def test_what_is_being_deleted_takes_no_writes_and_says_when_to_try_again(site: Site) -> None:
    site.ada.put(DATA, {"size_gib": 3}).ok()
    site.ada.delete(DATA)
    before = site.world()
    for refused in (site.ada.put(DATA, {"size_gib": 4}), site.ada.patch(DATA, {"spec": {"size_gib": 4}})):
        assert (refused.status, refused.code) == (409, "object.deleting")
        assert int(refused.headers["Retry-After"]) > 0
    assert site.world() == before


def test_what_is_being_deleted_is_charged_until_it_has_gone(site: Site) -> None:
    def used() -> int:
        return site.admin.get("tenants/acme/quotas/default").body["status"]["usage"]["volume_gib"]["used"]

    site.ada.put(DATA, {"size_gib": 3}).ok()
    site.ada.delete(DATA)
    assert used() == 3
    site.converge()
    assert used() == 0


def test_nothing_of_an_object_stays_behind(site: Site) -> None:
    site.converge()
    before = {name: len(rows) for name, rows in site.world().items()}
    make_everything(site)
    site.converge()
    for path in ("instances/web-1", "routers/core", "subnets/front-v4", "shares/mine",
                 "volumes/data", "images/mine",
                 "networks/front", "placement_groups/web",
                 "security_groups/web", "address_groups/offices", "ssh_keys/ada", "api_tokens/bob",
                 "application_credentials/pipeline",
                 "users/bob", "service_accounts/deployer", "role_bindings/keepers", "roles/keeper",
                 "identity_providers/company", "groups/developers",
                 "policies/sizes", "secrets/bootstrap"):  # fmt: skip
        assert site.ada.delete(f"tenants/acme/{path}").status in (202, 204), path
        site.converge()
    for path in (
        "tenants/acme.ops/quotas/default",
        "tenants/acme.ops",
        "flavors/medium",
        "gpu_profiles/quarter",
        "bgp_peers/leaf",
        "address_pools/public",
        "hosts/sim-1",
    ):
        assert site.admin.delete(path).status in (202, 204), path
        site.converge()
    after = {name: len(rows) for name, rows in site.world().items()}
    growing = {
        "event",
        "gpu_usage",
        "stream_head",
        "request_key",
        "lease",
        "pending_event",
        "quota_usage",
        "data_key",
        "policy_head",
    }
    assert {n: c for n, c in after.items() if n not in growing} == {n: c for n, c in before.items() if n not in growing}


def test_a_tenant_with_content_goes_only_when_asked_to_go_with_it(site: Site) -> None:
    make_everything(site)
    refused = site.admin.delete("tenants/acme")
    assert refused.code == "object.in_use"
    assert "tenant acme.dev" in refused.body["dependants"]
    assert "cascade" in refused.body["detail"]


def test_a_tenant_goes_with_all_that_it_holds_and_nothing_is_left(site: Site) -> None:
    make_everything(site)
    site.converge()
    assert site.admin.delete("tenants/acme", cascade=True).status == 202
    site.converge()
    for path in ("tenants/acme", "tenants/acme.dev", "tenants/acme.ops"):
        assert site.admin.get(path).status == 404
    uids = {row[0] for row in site.world()["resource"]}
    assert len(uids) == 3  # the cloud-wide objects, the system tenant's and globex's
    assert all(row[0] in uids for row in site.world()["quota_usage"])
    assert site.world()["resource_secret"] == site.world()["allocation"] == site.world()["address"] == []


def test_a_tenant_that_is_being_deleted_takes_nothing_new(site: Site) -> None:
    make_everything(site)
    site.admin.delete("tenants/acme", cascade=True).ok()
    refused = site.admin.put("tenants/acme/networks/new", {})
    assert refused.code == "object.deleting"
    assert int(refused.headers["Retry-After"]) > 0
    assert site.admin.put("tenants/acme.new", {}).code == "reference.not_found"


def test_the_users_of_a_tenant_that_is_being_deleted_are_nobody_at_once(site: Site) -> None:
    site.admin.delete("tenants/acme", cascade=True).ok()
    assert site.ada.get("whoami").code == "auth.unauthenticated"


def test_the_clouds_own_tenant_cannot_go(site: Site) -> None:
    assert site.admin.delete("tenants/system", cascade=True).code == "object.in_use"


def test_a_host_with_guests_goes_when_they_have_gone(site: Site) -> None:
    make_everything(site)
    site.converge()
    assert site.ada.get("tenants/acme/instances/web-1").body["status"]["host"] == "sim-1"
    assert site.admin.delete("hosts/sim-1").status == 202
    for _ in range(3):
        site.step()
    assert site.admin.get("hosts/sim-1").status == 200
    site.ada.delete("tenants/acme/instances/web-1").ok()
    site.converge()
    assert site.admin.get("hosts/sim-1").status == 404


def along(site: Site, path: str) -> dict[str, Any]:
    """What a deletion is foretold to take along; nothing is changed by asking."""
    before = site.world()
    foretold = site.admin.delete(path, dry_run=True, cascade=True).ok()
    assert site.world() == before
    return foretold["takes_along"]


def test_a_cascade_tells_beforehand_everything_that_it_takes_along(site: Site) -> None:
    make_everything(site)
    site.ada.put("tenants/acme/subnets/back", {"network": "front", "cidr": "10.9.0.0/24"}).ok()
    told = along(site, "tenants/acme/users/bob")
    present = {(i["kind"], i["name"]) for i in told["objects"]}
    assert told["count"] == len(present) == sum(told["kinds"].values())
    site.admin.delete("tenants/acme/users/bob", cascade=True).ok()
    plurals = {kind.name: kind.plural for kind in REGISTRY}
    assert present >= {("api_token", "bob")}
    assert all(site.admin.get(f"tenants/acme/{plurals[kind]}/{name}").status == 404 for kind, name in present)


def test_the_deletion_of_a_tenant_tells_beforehand_everything_that_it_holds(site: Site) -> None:
    make_everything(site)
    site.converge()
    before = {row[1] for row in site.world()["resource"]}
    told = along(site, "tenants/acme")
    assert told["kinds"]["tenant"] == 2
    assert {"kind": "tenant", "tenant": None, "name": "acme.dev"}.items() <= told["objects"][0].items()
    site.admin.delete("tenants/acme", cascade=True).ok()
    site.converge()
    gone = before - {row[1] for row in site.world()["resource"]}
    itself = site.admin.get("tenants/acme").status
    assert itself == 404
    assert len(gone) == told["count"] + 1
    assert {i["uid"] for i in told["objects"]} < gone


def test_a_tenant_that_holds_what_others_use_is_not_begun_with(site: Site) -> None:
    make_everything(site)
    site.ada.put("tenants/acme/shares/front", {"kind": "network", "name": "front", "tenants": ["globex"]}).ok()
    spec = {"flavor": "small", "image": "acme/mine", "networks": [{"network": "acme/front"}]}
    site.gus.put("tenants/globex/instances/guest", spec).ok()
    for dry in (True, False):
        refused = site.admin.delete("tenants/acme", cascade=True, dry_run=dry)
        assert (refused.code, refused.body["dependants"]) == ("object.in_use", ["instance globex/guest"])
    assert not site.admin.get("tenants/acme").body["metadata"].get("deleting_at")
    site.gus.delete("tenants/globex/instances/guest").ok()
    assert site.admin.delete("tenants/acme", cascade=True).status == 202
