"""A share lets others read and refer to one object; taking it back stops what is new and nothing that stands."""

from __future__ import annotations

import pytest

from tests.api.site import IMAGE, Site

MINE = "tenants/acme/images/mine"
SHARE = "tenants/acme/shares/mine"


@pytest.fixture
def owned(site: Site) -> Site:
    """A site where `acme` has an image of its own."""
    site.ada.put(MINE, IMAGE).ok()
    return site


def share(site: Site, tenants: object) -> None:
    site.ada.put(SHARE, {"kind": "image", "name": "mine", "tenants": tenants}).ok()


def use(site: Site, name: str = "v") -> str | None:
    """Have `globex` make a volume from the image; the code of the refusal."""
    return site.gus.put(f"tenants/globex/volumes/{name}", {"size_gib": 1, "image": "acme/mine"}).code


def test_what_is_not_shared_is_not_there_for_others(owned: Site) -> None:
    assert owned.gus.get(MINE).code == "object.not_found"
    assert use(owned) == "reference.not_found"


@pytest.mark.parametrize("tenants", [["globex"], ["initech", "globex"], "all"])
def test_what_is_shared_can_be_read_and_referred_to(owned: Site, tenants: object) -> None:
    share(owned, tenants)
    assert owned.gus.get(MINE).body == owned.ada.get(MINE).body
    assert use(owned) is None


@pytest.mark.parametrize("tenants", [[], ["initech"], ["globe"], ["globex.dev"], ["system"]])
def test_a_share_with_others_is_none_with_me(owned: Site, tenants: list[str]) -> None:
    share(owned, tenants)
    assert owned.gus.get(MINE).code == "object.not_found"
    assert use(owned) == "reference.not_found"


def test_a_share_with_a_tenant_is_one_with_its_descendants(owned: Site) -> None:
    owned.admin.put("tenants/globex.dev", {}).ok()
    owned.admin.put("tenants/globex.dev/quotas/default", {"unlisted": "unlimited"}).ok()
    below = owned.user("globex.dev", "dot")
    share(owned, ["globex"])
    assert below.get(MINE).status == 200
    assert below.put("tenants/globex.dev/volumes/v", {"size_gib": 1, "image": "acme/mine"}).status == 201


def test_who_may_read_a_shared_object_may_not_change_list_or_plan_it(owned: Site) -> None:
    share(owned, "all")
    before = owned.world()
    assert owned.gus.put(MINE, {**IMAGE, "description": "theirs"}).code == "object.not_found"
    assert owned.gus.patch(MINE, {}).code == "object.not_found"
    assert owned.gus.delete(MINE).code == "object.not_found"
    assert owned.gus.get("tenants/acme/images").code == "object.not_found"
    manifest = {"kind": "image", "metadata": {"name": "mine", "tenant": "acme"}, "spec": IMAGE}
    (change,) = owned.gus.plan({"verb": "put", "object": manifest}).body["changes"]
    assert [problem["code"] for problem in change["problems"]] == ["object.not_found"]
    assert owned.world() == before


def test_a_share_of_one_object_opens_no_other(owned: Site) -> None:
    share(owned, "all")
    owned.ada.put("tenants/acme/images/other", IMAGE).ok()
    owned.ada.put("tenants/acme/networks/mine", {}).ok()
    for path in ("images/other", "networks/mine", "shares/mine", "images/none"):
        assert owned.gus.get(f"tenants/acme/{path}").code == "object.not_found"


def test_a_share_that_is_taken_back_stops_new_references_and_reading(owned: Site) -> None:
    share(owned, "all")
    assert use(owned, "before") is None
    assert owned.ada.delete(SHARE).status == 204
    assert owned.gus.get(MINE).code == "object.not_found"
    assert use(owned, "after") == "reference.not_found"


def test_a_reference_that_stands_outlives_its_share(owned: Site) -> None:
    share(owned, "all")
    use(owned)
    pin = owned.gus.get("tenants/globex/volumes/v").body["resolved"]
    owned.ada.delete(SHARE)
    grown = owned.gus.patch("tenants/globex/volumes/v", {"spec": {"size_gib": 2}})
    assert (grown.status, grown.body["resolved"]) == (200, pin)


def test_a_share_that_is_narrowed_works_like_one_that_is_taken_back(owned: Site) -> None:
    share(owned, "all")
    owned.ada.patch(SHARE, {"spec": {"tenants": ["initech"]}}).ok()
    assert owned.gus.get(MINE).code == "object.not_found"


def test_what_others_use_is_kept_for_them_and_they_are_not_named_to_its_owner(owned: Site) -> None:
    owned.ada.put("tenants/acme/networks/front", {}).ok()
    owned.ada.put("tenants/acme/shares/front", {"kind": "network", "name": "front", "tenants": "all"}).ok()
    owned.gus.put("tenants/globex/images/own", IMAGE).ok()
    spec = {"flavor": "small", "image": "own", "networks": [{"network": "acme/front"}]}
    owned.gus.put("tenants/globex/instances/spy", spec).ok()
    refused = owned.ada.delete("tenants/acme/networks/front", cascade=True)
    assert refused.code == "object.in_use"
    assert (refused.body["dependants"], refused.body["others"]) == ([], 1)
    assert "spy" not in refused.text
    assert "globex" not in refused.text


def test_the_share_goes_along_with_what_it_shares_when_asked_to(owned: Site) -> None:
    share(owned, "all")
    assert owned.ada.delete(MINE).code == "object.in_use"
    assert owned.ada.delete(MINE, cascade=True).status == 202
    assert owned.ada.get(SHARE).status == 404


def test_a_share_names_a_plain_object_of_its_own_tenant(owned: Site) -> None:
    share(owned, "all")
    spec = {"kind": "image", "name": "acme/mine", "tenants": "all"}
    assert owned.gus.put("tenants/globex/shares/s", spec).fields == ["spec.name"]


def test_only_kinds_that_can_be_shared_are_shared(owned: Site) -> None:
    owned.ada.put("tenants/acme/volumes/v", {"size_gib": 1}).ok()
    spec = {"kind": "volume", "name": "v", "tenants": "all"}
    assert owned.ada.put("tenants/acme/shares/v", spec).fields == ["spec.kind"]


def test_what_is_shared_cannot_be_changed_to_something_else(owned: Site) -> None:
    share(owned, "all")
    owned.ada.put("tenants/acme/images/other", IMAGE).ok()
    assert owned.ada.patch(SHARE, {"spec": {"name": "other"}}).code == "spec.immutable"
