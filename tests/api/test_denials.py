"""What a caller may see but not do is refused with the name of what it may not do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.api.caller import Answer
from tests.api.everything import make_everything
from tests.api.site import SMALL, Site

DENIED: dict[str, tuple[str, Callable[[Site], Answer]]] = {
    "make a flavor": ("flavor.create", lambda s: s.ada.put("flavors/mine", SMALL)),
    "change a flavor": ("flavor.update", lambda s: s.ada.put("flavors/small", SMALL | {"vcpus": 2})),
    "patch a flavor": ("flavor.update", lambda s: s.ada.patch("flavors/small", {})),
    "delete a flavor": ("flavor.delete", lambda s: s.ada.delete("flavors/small")),
    "change the own tenant": ("tenant.update", lambda s: s.ada.put("tenants/acme", {"display_name": "x"})),
    "delete the own tenant": ("tenant.delete", lambda s: s.ada.delete("tenants/acme", cascade=True)),
    "raise the own quota": ("quota.update", lambda s: s.ada.put("tenants/acme/quotas/default", {})),
    "delete the own quota": ("quota.delete", lambda s: s.ada.delete("tenants/acme/quotas/default")),
    "raise the own quota from below": (
        "quota.update",
        lambda s: s.dev.put("tenants/acme.dev/quotas/default", {"unlisted": "unlimited"}),
    ),
    "make an operation": ("operation.create", lambda s: s.admin.put("tenants/acme/operations/o", {})),
}


@pytest.mark.parametrize("what", DENIED)
def test_it_is_403_with_the_name_of_the_action_and_changes_nothing(site: Site, what: str) -> None:
    action, attempt = DENIED[what]
    make_everything(site)
    before = site.world()
    refused = attempt(site)
    assert (refused.status, refused.code, refused.body["action"]) == (403, "auth.denied", action)
    assert action in refused.body["detail"]
    assert site.world() == before


@pytest.mark.parametrize("what", [w for w in DENIED if "flavor" in w or "quota" in w])
def test_a_plan_of_it_has_the_same_refusal(site: Site, what: str) -> None:
    make_everything(site)
    action, _ = DENIED[what]
    kind, _, verb = action.partition(".")
    metadata = {"name": "small" if kind == "flavor" else "default", "tenant": "acme"}
    spec = SMALL if kind == "flavor" else {}
    if verb == "create":
        metadata["name"] = "mine"
    document = {"kind": kind, "metadata": metadata, "spec": spec}
    if kind == "flavor":
        del metadata["tenant"]
    (change,) = site.ada.plan({"verb": "delete" if verb == "delete" else "put", "object": document}).body["changes"]
    assert [problem["action"] for problem in change["problems"]] == [action]


def test_flavors_are_read_by_all(site: Site) -> None:
    assert site.dev.get("flavors/small").status == 200
    assert [item["metadata"]["name"] for item in site.dev.get("flavors").body["items"]] == ["small"]


def test_a_user_does_everything_below_its_own_tenant(site: Site) -> None:
    assert site.ada.put("tenants/acme.dev", {"display_name": "x"}).status == 200
    limits = {"users": 5, "api_tokens": 5, "role_bindings": 5, "volumes": 1, "volume_gib": 5}
    assert site.ada.put("tenants/acme.dev/quotas/default", {"limits": limits}).status == 200
    assert site.ada.put("tenants/acme.dev/volumes/v", {"size_gib": 1}).status == 201
    assert site.ada.put("tenants/acme.new", {}).status == 201
    assert site.ada.delete("tenants/acme.new").status == 202


def test_a_tenant_cannot_be_made_beside_the_own_one(site: Site) -> None:
    assert site.ada.put("tenants/initech", {}).code == "object.not_found"
    assert site.dev.put("tenants/acme.other", {}).code == "object.not_found"


def test_the_administrator_does_everything_everywhere(site: Site) -> None:
    make_everything(site)
    assert site.admin.put("tenants/acme", {"display_name": "x"}).status == 200
    assert site.admin.put("tenants/globex/networks/n", {}).status == 201
    assert site.admin.get("hosts").status == 200
