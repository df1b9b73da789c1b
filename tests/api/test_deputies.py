"""Nobody gets done through a share, a reference or a document what they may not do themselves."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.api import strangers
from tests.api.caller import Answer
from tests.api.site import IMAGE, Site

FRONT: Final = "tenants/acme/networks/front"
SHARE: Final = "tenants/acme/shares/front"
SPY: Final = "tenants/globex/instances/spy"
CIDR: Final = {"cidr": "10.2.0.0/24"}


@pytest.fixture
def shared(site: Site) -> Site:
    """A site where `acme` lets `globex` attach instances to a network of its own, and use an image."""
    site.ada.put(FRONT, {}).ok()
    site.ada.put("tenants/acme/images/mine", IMAGE).ok()
    site.ada.put(SHARE, {"kind": "network", "name": "front", "tenants": ["globex"]}).ok()
    site.ada.put("tenants/acme/shares/mine", {"kind": "image", "name": "mine", "tenants": ["globex"]}).ok()
    return site


def attached(*networks: str) -> dict[str, Any]:
    """An instance on these networks."""
    return {"flavor": "small", "image": "acme/mine", "networks": [{"network": n} for n in networks]}


# --- what is shared is used, and not changed, by those whom it is shared with ---


def test_what_is_shared_is_not_added_to_and_its_deletion_takes_nothing_of_others_along(shared: Site) -> None:
    refused = shared.gus.put("tenants/globex/subnets/theirs", {"network": "acme/front", **CIDR})
    assert (refused.code, refused.body["field"]) == ("reference.not_found", "spec.network")
    shared.ada.put("tenants/acme/subnets/ours", {"network": "front", **CIDR}).ok()
    again = shared.gus.put("tenants/globex/subnets/theirs", {"network": "acme/front", **CIDR})
    assert again.text == refused.text, "it tells which addresses the owner has"
    assert shared.gus.put(SPY, attached("acme/front")).status == 201
    assert shared.ada.delete(FRONT, cascade=True).code == "object.in_use"
    assert shared.gus.get(SPY).status == 200


def test_what_is_shared_with_me_is_not_mine_to_share(shared: Site) -> None:
    shared.admin.put("tenants/initech", {}).ok()
    shared.admin.put("tenants/initech/quotas/default", {"unlisted": "unlimited"}).ok()
    ian = shared.user("initech", "ian")
    shared.gus.put("tenants/globex/networks/front", {}).ok()
    shared.gus.put("tenants/globex/shares/front", {"kind": "network", "name": "front", "tenants": ["initech"]}).ok()
    assert ian.get("tenants/globex/networks/front").status == 200
    assert ian.get(FRONT).code == "object.not_found"
    for text in ("acme/front", "globex/acme/front"):
        assert ian.put("tenants/initech/instances/i", {**attached(text), "image": "system/linux"}).status == 422


def test_a_share_with_a_child_opens_nothing_to_its_parent_and_one_with_a_parent_opens_to_its_child(site: Site) -> None:
    site.admin.put("tenants/globex.dev", {}).ok()
    site.admin.put("tenants/globex.dev/quotas/default", {"unlisted": "unlimited"}).ok()
    dot = site.user("globex.dev", "dot")
    site.ada.put(FRONT, {}).ok()
    for tenants, parent, child in ((["globex.dev"], 404, 200), (["globex"], 200, 200), ([], 404, 404)):
        site.ada.put(SHARE, {"kind": "network", "name": "front", "tenants": tenants}).ok()
        assert (site.gus.get(FRONT).status, dot.get(FRONT).status) == (parent, child)


def test_an_instance_on_a_share_that_was_withdrawn_goes_on_and_comes_to_no_more_of_it(shared: Site) -> None:
    shared.ada.put("tenants/acme/networks/back", {}).ok()
    shared.ada.put("tenants/acme/shares/back", {"kind": "network", "name": "back", "tenants": ["globex"]}).ok()
    shared.gus.put(SPY, attached("acme/front")).ok()
    pins = shared.gus.get(SPY).ok()["resolved"]
    for name in ("front", "back", "mine"):
        shared.ada.delete(f"tenants/acme/shares/{name}").ok()
    kept = shared.gus.patch(SPY, {"spec": {"power": "off"}}).ok()
    assert kept["resolved"] == pins
    refused = shared.gus.patch(SPY, {"spec": attached("acme/front", "acme/back")})
    assert refused.code == "reference.not_found"
    shared.gus.patch(SPY, {"spec": {"networks": []}}).ok()
    back = shared.gus.patch(SPY, {"spec": attached("acme/front")})
    assert back.code == "reference.not_found", "it came back to what is no longer shared"
    copied = shared.gus.put("tenants/globex/instances/copy", kept["spec"])
    assert copied.code == "reference.not_found"


# --- documents say what they would like to be, and are what they are ---


@pytest.mark.parametrize("verb", ["put", "patch"])
def test_a_document_sets_nothing_that_is_not_its_writers(shared: Site, verb: str) -> None:
    own, path = {"size_gib": 1, "image": "acme/mine"}, "tenants/globex/volumes/v"
    made = shared.gus.put(path, own).ok()
    shared.ada.put("tenants/acme/images/hidden", IMAGE).ok()
    hidden = shared.ada.get("tenants/acme/images/hidden").ok()["metadata"]
    pin = {"uid": hidden["uid"], "tenant_uid": hidden["uid"], "size_gib": 1}
    metadata = {"site": hidden["uid"], "generation": 99, "revision": 99, "etag": hidden["etag"], "deleting": True}
    forged = {
        "metadata": {**metadata, "created_at": "2020-01-01T00:00:00Z", "labels": {"new": "yes"}},
        "status": {"conditions": [], "phase": "owned", "host_uid": hidden["uid"]},
        "resolved": {"image/acme/mine": pin, "image/acme/hidden": pin},
        "minted": {"token": "mine"},
        "spec": own,
    }
    for parameter in ("tenant", "kind", "name", "site"):
        refused = shared.gus.send(verb.upper(), path, body=forged, query={parameter: hidden["uid"]})
        assert refused.code == "request.parameter"
    shared.gus.send(verb.upper(), path, body=forged).ok()
    now = shared.gus.get(path).ok()
    assert now["metadata"]["labels"] == {"new": "yes"}
    for field in ("uid", "tenant", "name", "site", "created_at", "deleting"):
        assert now["metadata"][field] == made["metadata"][field], field
    assert (now["resolved"], now["metadata"]["generation"]) == (made["resolved"], 2)
    assert hidden["uid"] not in shared.gus.get(path).text


@pytest.mark.parametrize("verb", ["put", "patch"])
@pytest.mark.parametrize("field", ["tenant", "name", "uid"])
def test_a_document_cannot_move_an_object_to_another_owner(shared: Site, verb: str, field: str) -> None:
    path = "tenants/globex/volumes/v"
    shared.gus.put(path, {"size_gib": 1}).ok()
    foreign = shared.ada.put("tenants/acme/volumes/w", {"size_gib": 1}).ok()["metadata"]
    before = shared.world()
    body = {"metadata": {field: foreign[field]}, "spec": {"size_gib": 2}}
    refused = shared.gus.send(verb.upper(), path, body=body)
    assert refused.code in ("spec.invalid", "object.uid_mismatch")
    assert shared.world() == before


def test_a_new_object_does_not_take_a_uid_that_its_document_names(shared: Site) -> None:
    foreign = shared.ada.put("tenants/acme/volumes/w", {"size_gib": 1}).ok()["metadata"]["uid"]
    unused = "01a00000-0000-7000-8000-000000000000"

    def make(uid: str) -> Answer:
        return shared.gus.put_whole("tenants/globex/volumes/v", {"metadata": {"uid": uid}, "spec": {"size_gib": 1}})

    asked = [(lambda uid=uid: make(uid), (uid,)) for uid in (foreign, unused)]
    assert strangers.assert_alike(shared, asked, "a new volume under a uid")[0] == 412
