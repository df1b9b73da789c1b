"""A list shows what matches, in a stable order, page by page."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.api.caller import Answer, Caller
from tests.api.site import Site

FLEET = {
    "bare": ({}, 1),
    "db-1": ({"app": "db", "env": "prod"}, 10),
    "web-1": ({"app": "web", "env": "prod"}, 10),
    "web-2": ({"app": "web", "env": "test", "canary": ""}, 20),
}


@pytest.fixture
def fleet(site: Site) -> Site:
    for name, (labels, size) in FLEET.items():
        site.ada.put(f"tenants/acme/volumes/{name}", {"size_gib": size}, labels=labels).ok()
    return site


def names(answer: Answer) -> list[str]:
    return [item["metadata"]["name"] for item in answer.ok()["items"]]


def all_pages(caller: Caller, path: str, **query: Any) -> list[str]:
    """The names on every page."""
    found: list[str] = []
    page: dict[str, Any] = {}
    while True:
        answer = caller.get(path, **query, **page)
        found += names(answer)
        if "next_page" not in answer.body:
            return found
        page = {"page": answer.body["next_page"]}


def test_a_list_has_whole_objects_in_the_order_of_names(fleet: Site) -> None:
    answer = fleet.ada.get("tenants/acme/volumes")
    assert answer.body["kind"] == "volume_list"
    assert names(answer) == list(FLEET)
    assert answer.body["items"][0] == fleet.ada.get("tenants/acme/volumes/bare").body
    assert "next_page" not in answer.body
    assert answer.body["position"]


def test_an_empty_list_is_one(site: Site) -> None:
    body = site.ada.get("tenants/acme/volumes").body
    assert (body["items"], "next_page" in body) == ([], False)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ("app=web", ["web-1", "web-2"]),
        ("app==web", ["web-1", "web-2"]),
        ("app=web,env=prod", ["web-1"]),
        ("app!=web", ["bare", "db-1"]),
        ("env in (prod,test)", ["db-1", "web-1", "web-2"]),
        ("env in ( test )", ["web-2"]),
        ("env notin (prod)", ["bare", "web-2"]),
        ("app", ["db-1", "web-1", "web-2"]),
        ("!app", ["bare"]),
        ("canary", ["web-2"]),
        ("canary=", ["web-2"]),
        ("app=web, !canary", ["web-1"]),
        ("app=nothing", []),
        ("owner", []),
        ("env in (prod,test),app in (web)", ["web-1", "web-2"]),
    ],
)
def test_a_selector_selects_by_labels(fleet: Site, labels: str, expected: list[str]) -> None:
    assert names(fleet.ada.get("tenants/acme/volumes", labels=labels)) == expected


@pytest.mark.parametrize(
    "labels", ["a b", "=web", "app in web", "app in (a", ",", "app=web,", "!", "-x", "a" * 64, "app~web", "app>1"]
)
def test_a_selector_that_is_none_is_refused(fleet: Site, labels: str) -> None:
    refused = fleet.ada.get("tenants/acme/volumes", labels=labels)
    assert (refused.status, refused.code) == (422, "request.parameter")


def test_a_selector_has_at_most_sixteen_terms(fleet: Site) -> None:
    assert fleet.ada.get("tenants/acme/volumes", labels=",".join(["!x"] * 16)).status == 200
    assert fleet.ada.get("tenants/acme/volumes", labels=",".join(["!x"] * 17)).code == "request.parameter"


def test_a_filter_selects_by_declared_fields(fleet: Site) -> None:
    assert names(fleet.ada.get("tenants/acme/volumes", filter="spec.size_gib=10")) == ["db-1", "web-1"]
    both = fleet.ada.get("tenants/acme/volumes", filter="spec.size_gib=10", labels="app=web")
    assert names(both) == ["web-1"]
    assert names(fleet.ada.get("tenants/acme/volumes", filter=["spec.size_gib=10", "spec.size_gib=20"])) == []


def test_a_filter_follows_changes_and_defaults(site: Site) -> None:
    site.admin.put("hosts/h1", {"driver": "sim"}).ok()
    site.admin.put("hosts/h2", {"driver": "sim", "schedulable": False, "zone": "b"}).ok()
    assert names(site.admin.get("hosts", filter="spec.schedulable=true")) == ["h1"]
    assert names(site.admin.get("hosts", filter="spec.zone=default")) == ["h1"]
    site.admin.patch("hosts/h1", {"spec": {"schedulable": False}}).ok()
    assert names(site.admin.get("hosts", filter="spec.schedulable=false")) == ["h1", "h2"]


@pytest.mark.parametrize("filter_", ["spec.image=x", "size_gib=10", "spec.size_gib", "=", "", "metadata.name=db-1"])
def test_a_filter_on_what_is_not_filterable_is_refused_with_what_is(fleet: Site, filter_: str) -> None:
    refused = fleet.ada.get("tenants/acme/volumes", filter=filter_)
    assert refused.code == "request.parameter"
    assert "spec.size_gib" in refused.body["detail"]


def test_a_deleted_object_is_in_no_list_and_a_deleting_one_still_is(fleet: Site) -> None:
    fleet.ada.delete("tenants/acme/volumes/bare").ok()
    listed = fleet.ada.get("tenants/acme/volumes").body["items"]
    assert [i["metadata"]["deleting"] for i in listed] == [True, False, False, False]
    fleet.converge()
    assert "bare" not in names(fleet.ada.get("tenants/acme/volumes"))


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 500])
def test_pages_of_any_size_together_are_the_list(fleet: Site, size: int) -> None:
    assert all_pages(fleet.ada, "tenants/acme/volumes", limit=size) == list(FLEET)
    assert all_pages(fleet.ada, "tenants/acme/volumes", limit=size, labels="app") == ["db-1", "web-1", "web-2"]


def test_a_full_last_page_leads_to_no_further_one(fleet: Site) -> None:
    assert "next_page" not in fleet.ada.get("tenants/acme/volumes", limit=4).body


def test_what_was_there_from_the_start_is_seen_once_while_others_write(any_site: Site) -> None:
    for n in range(0, 12, 2):
        any_site.ada.put(f"tenants/acme/networks/n{n:02}", {}).ok()
    seen: list[str] = []
    page: dict[str, Any] = {}
    for number in range(20):
        answer = any_site.ada.get("tenants/acme/networks", limit=2, **page)
        seen += names(answer)
        for new in (f"a{number}", f"n{number * 4 + 1:02}", f"z{number}"):
            any_site.ada.put(f"tenants/acme/networks/{new}", {}).ok()
        if "next_page" not in answer.body or number > 8:
            break
        page = {"page": answer.body["next_page"]}
    there = [f"n{n:02}" for n in range(0, 12, 2)]
    assert [name for name in seen if name in there] == there
    assert len(set(seen)) == len(seen)
    assert not any(name.startswith("a") for name in seen)


def test_a_recursive_list_has_the_childrens_objects_tenant_by_tenant(site: Site) -> None:
    site.admin.put("tenants/acme.dev/quotas/default", {"unlisted": "unlimited"}).ok()
    for path in ("acme/networks/z", "acme.dev/networks/a", "acme.dev/networks/b", "globex/networks/g"):
        site.admin.put(f"tenants/{path}", {}).ok()
    found = site.ada.get("tenants/acme/networks", recursive=True).body["items"]
    assert [(i["metadata"]["tenant"], i["metadata"]["name"]) for i in found] == [
        ("acme", "z"), ("acme.dev", "a"), ("acme.dev", "b"),
    ]  # fmt: skip
    assert all_pages(site.ada, "tenants/acme/networks", recursive=True, limit=1) == ["z", "a", "b"]
    assert names(site.ada.get("tenants/acme/networks")) == ["z"]


@pytest.mark.parametrize("limit", ["0", "501", "-1", "ten", "1.5", "", "1e2", "01"])
def test_a_size_of_page_that_cannot_be_is_refused(site: Site, limit: str) -> None:
    assert site.ada.get("tenants/acme/volumes", limit=limit).code == "request.parameter"


@pytest.mark.parametrize(
    "page",
    [
        "x",
        "%%%",
        "ä",
        "a" * 8_000,
        base64.urlsafe_b64encode(b"[" * 5_000).decode(),
        base64.urlsafe_b64encode(b'["\\u0000", "\\ud800"]').decode(),
        base64.urlsafe_b64encode(b"{}").decode(),
        base64.urlsafe_b64encode(b"{uid}/\x00").decode(),
        base64.urlsafe_b64encode(b"not-a-uid/name").decode(),
    ],
)
def test_a_page_token_of_ones_own_making_is_refused(site: Site, page: str) -> None:
    assert site.ada.get("tenants/acme/volumes", page=page).code == "request.parameter"


def test_a_page_token_gives_no_access_to_another_tenant(site: Site) -> None:
    for n in range(3):
        site.ada.put(f"tenants/acme/networks/n{n}", {}).ok()
    page = site.ada.get("tenants/acme/networks", limit=1).body["next_page"]
    assert site.gus.get("tenants/acme/networks", page=page).code == "object.not_found"
    assert names(site.gus.get("tenants/globex/networks", page=page)) == []
