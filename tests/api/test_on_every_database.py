"""The essential part of the contract, once on every database that the product runs on."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.everything import SECRET, SPECS, make_everything
from tests.api.site import SMALL, Site, dump

WEB, DATA, FRONT = "tenants/acme/instances/web-1", "tenants/acme/volumes/data", "tenants/acme/networks/front"


@pytest.fixture
def whole(any_site: Site) -> Site:
    """A site with one of everything, made true."""
    make_everything(any_site)
    any_site.converge()
    return any_site


def test_everything_becomes_true_reads_back_unchanged_and_shows_no_secret(whole: Site) -> None:
    assert whole.ada.get(WEB, wait="ready", timeout_s=0).body["status"]["power"] == "running"
    before = dump(whole.database)
    for path, _ in SPECS.values():
        read = whole.admin.get(path).ok()
        back = whole.admin.put_whole(path, read)
        assert (back.status, back.body) == (200, read)
        assert SECRET not in back.text
    after = dump(whole.database)
    del before["request_key"], after["request_key"]
    assert after == before
    after.pop("resource_secret")
    assert SECRET not in repr(after)


def test_writes_are_guarded_by_etag_uid_and_create_only(any_site: Site) -> None:
    made = any_site.ada.put(FRONT, {}, headers={"If-None-Match": "*"})
    assert made.status == 201
    assert any_site.ada.put(FRONT, {}, headers={"If-None-Match": "*"}).code == "object.exists"
    etag, uid = made.headers["ETag"], made.body["metadata"]["uid"]
    assert any_site.ada.put(FRONT, {"mtu": 1400}, headers={"If-Match": etag}, uid=uid).status == 200
    assert any_site.ada.patch(FRONT, {"spec": {"mtu": 1500}}, headers={"If-Match": etag}).code == "object.stale"
    assert any_site.ada.delete(FRONT, uid="01a00000-0000-7000-8000-000000000000").code == "object.uid_mismatch"
    assert any_site.ada.get(FRONT).body["spec"]["mtu"] == 1400
    assert any_site.ada.delete(FRONT).status == 204
    assert any_site.ada.get(FRONT).status == 404


def test_lists_are_ordered_by_bytes_selected_and_paged(any_site: Site) -> None:
    names = ["a", "a-b", "a1", "aa", "ab", "b-1", "b1"]
    for number, name in enumerate(reversed(names)):
        labels = {"parity": "even" if number % 2 == 0 else "odd"}
        any_site.ada.put(f"tenants/acme/volumes/{name}", {"size_gib": 1 + number % 3}, labels=labels).ok()

    def listed(**query: Any) -> list[str]:
        found: list[str] = []
        page: dict[str, Any] = {}
        while True:
            body = any_site.ada.get("tenants/acme/volumes", limit=2, **query, **page).ok()
            found += [item["metadata"]["name"] for item in body["items"]]
            if "next_page" not in body:
                return found
            page = {"page": body["next_page"]}

    assert listed() == names
    assert listed(labels="parity=odd") == ["a-b", "aa", "b-1"]
    assert listed(labels="parity!=odd", filter="spec.size_gib=1") == ["a", "b1"]
    assert listed(labels="!parity") == []


def test_what_is_in_use_stays_and_what_is_retained_is_hidden(whole: Site) -> None:
    assert whole.ada.delete(DATA).code == "object.in_use"
    assert whole.ada.delete(FRONT, cascade=True).code == "object.in_use"
    assert whole.ada.delete("tenants/acme/images/mine", cascade=True).status == 202
    assert whole.ada.get("tenants/acme/images/mine").status == 404
    assert whole.gus.get("tenants/acme/images/mine").status == 404
    assert whole.ada.put("tenants/acme/images/mine", SPECS["image"][1]).status == 201


def test_a_share_opens_and_closes(whole: Site) -> None:
    use = {"size_gib": 1, "image": "acme/mine"}
    assert whole.gus.put("tenants/globex/volumes/one", use).status == 201
    assert whole.ada.delete("tenants/acme/shares/mine").status == 204
    assert whole.gus.put("tenants/globex/volumes/two", use).code == "reference.not_found"
    assert whole.gus.patch("tenants/globex/volumes/one", {"spec": {"size_gib": 2}}).status == 200


def test_a_dry_run_and_a_plan_store_nothing(whole: Site) -> None:
    before = dump(whole.database)
    assert whole.ada.put(WEB, SPECS["instance"][1] | {"flavor": "small"}, dry_run=True).body["action"] == "restart"
    document = {"kind": "network", "metadata": {"name": "new", "tenant": "acme"}}
    plan = whole.ada.plan(
        {"verb": "put", "object": document},
        {"verb": "delete", "object": {**document, "metadata": {"name": "front", "tenant": "acme"}}},
        prune={"labels": "made-by=tests", "tenant": "acme", "kinds": ["volume"]},
    ).ok()
    assert plan["summary"]["create"] == 1
    assert dump(whole.database) == before


def test_an_action_is_carried_out(whole: Site) -> None:
    name = whole.ada.act(WEB, "reboot").ok()["metadata"]["name"]
    whole.converge()
    assert whole.ada.get(f"tenants/acme/operations/{name}").body["status"]["phase"] == "succeeded"


def test_a_tenant_goes_with_everything_and_gives_all_of_it_back(whole: Site) -> None:
    assert whole.admin.delete("tenants/acme", cascade=True).status == 202
    whole.converge()
    assert whole.admin.get("tenants/acme").status == 404
    tables = dump(whole.database)
    assert tables["allocation"] == tables["address"] == tables["resource_secret"] == []
    owners = {row[0] for row in tables["resource"]}
    assert {row[0] for row in tables["quota_usage"]} <= owners


def test_a_stranger_sees_nothing_and_a_user_may_not_do_everything(whole: Site) -> None:
    absent = whole.gus.get("tenants/acme/volumes/nope")
    foreign = whole.gus.get(DATA)
    assert (foreign.status, foreign.text) == (404, absent.text.replace("nope", "data"))
    assert whole.ada.put("flavors/mine", SMALL).body["action"] == "flavor.create"
