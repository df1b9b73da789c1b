"""PUT and PATCH leave exactly what was written, and nothing new when nothing is new."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.everything import SPECS, make_everything
from tests.api.site import Site

DATA = "tenants/acme/volumes/data"


def test_what_is_put_is_what_is_read(site: Site) -> None:
    put = site.ada.put(DATA, {"size_gib": 3}, labels={"app": "web"}, annotations={"note": "ä\n"})
    assert put.status == 201
    read = site.ada.get(DATA)
    assert read.status == 200
    assert read.body == put.body
    metadata = read.body["metadata"]
    assert (metadata["name"], metadata["tenant"], metadata["generation"]) == ("data", "acme", 1)
    assert (metadata["labels"], metadata["annotations"]) == ({"app": "web"}, {"note": "ä\n"})
    assert metadata["site"] == site.cloud.site.uid
    assert read.body["spec"] == {"size_gib": 3}


def test_the_etag_header_is_that_of_the_body_for_writes_and_reads(site: Site) -> None:
    for answer in (site.ada.put(DATA, {"size_gib": 3}), site.ada.get(DATA), site.ada.put(DATA, {"size_gib": 4})):
        assert answer.headers["ETag"] == answer.body["metadata"]["etag"]


def test_a_cloud_wide_object_has_no_tenant(site: Site) -> None:
    assert "tenant" not in site.admin.get("flavors/small").body["metadata"]


def test_defaults_are_read_and_optional_fields_without_one_are_absent(site: Site) -> None:
    spec = site.ada.put("tenants/acme/networks/front", {}).body["spec"]
    assert spec == {"mtu": 1442, "description": ""}
    assert site.ada.put("tenants/acme/users/eve", {}).body["spec"] == {
        "display_name": "",
        "enabled": True,
        "groups": [],
    }


def test_putting_the_same_again_is_200_and_changes_no_row(site: Site) -> None:
    site.ada.put(DATA, {"size_gib": 3}, labels={"app": "web"})
    before = site.world()
    site.clock.advance(60)
    again = site.ada.put(DATA, {"size_gib": 3}, labels={"app": "web"})
    assert (again.status, again.body["metadata"]["generation"]) == (200, 1)
    assert site.world() == before


def test_spelling_out_a_default_changes_nothing(site: Site) -> None:
    site.ada.put("tenants/acme/networks/front", {})
    before = site.world()
    assert site.ada.put("tenants/acme/networks/front", {"mtu": 1442}).body["metadata"]["generation"] == 1
    assert site.world() == before


@pytest.mark.parametrize("kind", SPECS)
def test_reading_an_object_and_putting_it_back_whole_changes_no_row(site: Site, kind: str) -> None:
    make_everything(site)
    path = SPECS[kind][0]
    read = site.admin.get(path).ok()
    before = site.world()
    site.clock.advance(60)
    back = site.admin.put_whole(path, read)
    assert back.status == 200, back.text
    assert back.body == read
    assert site.world() == before


@pytest.mark.parametrize("kind", SPECS)
def test_an_empty_patch_changes_no_row_of_any_kind(site: Site, kind: str) -> None:
    make_everything(site)
    before = site.world()
    assert site.admin.patch(SPECS[kind][0], {}).status == 200
    assert site.world() == before


def test_a_put_replaces_the_whole_spec_and_metadata(site: Site) -> None:
    path = "tenants/acme/networks/front"
    site.ada.put(path, {"mtu": 9000, "description": "x"}, labels={"a": "1"}, annotations={"b": "2"})
    body = site.ada.put(path, {"mtu": 1500}).body
    assert body["spec"] == {"mtu": 1500, "description": ""}
    assert (body["metadata"]["labels"], body["metadata"]["annotations"]) == ({}, {})
    assert body["metadata"]["generation"] == 2


def test_a_patch_changes_what_it_names_and_leaves_the_rest(site: Site) -> None:
    path = "tenants/acme/networks/front"
    site.ada.put(path, {"mtu": 9000, "description": "x"}, labels={"a": "1", "b": "2"})
    patched = site.ada.patch(path, {"metadata": {"labels": {"b": None, "c": "3"}}, "spec": {"description": "y"}})
    assert patched.status == 200
    assert patched.body["spec"] == {"mtu": 9000, "description": "y"}
    assert patched.body["metadata"]["labels"] == {"a": "1", "c": "3"}


def test_null_in_a_patch_brings_the_default_back(site: Site) -> None:
    path = "tenants/acme/networks/front"
    site.ada.put(path, {"mtu": 9000})
    assert site.ada.patch(path, {"spec": {"mtu": None}}).body["spec"]["mtu"] == 1442


def test_a_patch_of_nothing_is_404_and_makes_nothing(site: Site) -> None:
    before = site.world()
    assert site.ada.patch(DATA, {"spec": {"size_gib": 3}}).code == "object.not_found"
    assert site.world() == before


def test_only_a_change_raises_generation_and_etag_and_the_time_of_change(site: Site) -> None:
    first = site.ada.put(DATA, {"size_gib": 3}).body["metadata"]
    site.clock.advance(5)
    second = site.ada.put(DATA, {"size_gib": 4}).body["metadata"]
    assert second["generation"] == first["generation"] + 1
    assert second["etag"] != first["etag"]
    assert second["created_at"] == first["created_at"] == first["updated_at"] < second["updated_at"]
    assert second["uid"] == first["uid"]


def test_status_raises_the_revision_and_leaves_etag_and_generation(site: Site) -> None:
    first = site.ada.put(DATA, {"size_gib": 3}).body["metadata"]
    site.converge()
    second = site.ada.get(DATA).body["metadata"]
    assert (second["etag"], second["generation"]) == (first["etag"], first["generation"])
    assert second["revision"] > first["revision"]


def test_a_new_object_of_a_deleted_name_is_another_object(site: Site) -> None:
    path = "tenants/acme/networks/front"
    first = site.ada.put(path, {}).body["metadata"]
    site.ada.delete(path).ok()
    second = site.ada.put(path, {}).body["metadata"]
    assert second["uid"] != first["uid"]
    assert second["etag"] != first["etag"]


def test_an_object_without_a_loop_is_ready_at_once_for_each_generation(site: Site) -> None:
    for mtu in (1400, 1500):
        body = site.ada.put("tenants/acme/networks/front", {"mtu": mtu}).body
        assert body["status"]["observed_generation"] == body["metadata"]["generation"]
        assert [(c["type"], c["status"]) for c in body["status"]["conditions"]] == [("ready", "true")]


def test_an_object_with_a_loop_says_that_none_has_looked_yet(site: Site) -> None:
    body = site.ada.put(DATA, {"size_gib": 3}).body
    assert body["status"]["observed_generation"] == 0
    assert [(c["status"], c["reason"]) for c in body["status"]["conditions"]] == [("unknown", "Pending")]


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ({"kind": "network"}, "kind"),
        ({"metadata": {"name": "other"}}, "metadata.name"),
        ({"metadata": {"tenant": "globex"}}, "metadata.tenant"),
    ],
)
def test_a_document_that_contradicts_its_address_is_refused(site: Site, part: dict[str, Any], field: str) -> None:
    answer = site.ada.put_whole(DATA, {"spec": {"size_gib": 3}, **part})
    assert (answer.code, answer.fields) == ("spec.invalid", [field])


def test_a_document_that_agrees_with_its_address_is_taken(site: Site) -> None:
    whole = {"kind": "volume", "metadata": {"name": "data", "tenant": "acme"}, "spec": {"size_gib": 3}}
    assert site.ada.put_whole(DATA, whole).status == 201


def test_what_the_server_writes_is_ignored_when_a_client_sends_it(site: Site) -> None:
    lies = {"site": "x", "generation": 99, "revision": 99, "etag": "x", "created_at": "x", "deleting": True}
    body = {"metadata": lies, "spec": {"size_gib": 3}, "resolved": {"a": 1}, "status": {"pool": "mine"}}
    made = site.ada.put_whole(DATA, body).ok()
    assert made["metadata"]["generation"] == 1
    assert not made["metadata"]["deleting"]
    assert made["resolved"] == {}
    assert "pool" not in made["status"]


def test_an_absent_spec_is_an_empty_one(site: Site) -> None:
    assert site.ada.put_whole("tenants/acme/networks/front", {}).status == 201
    assert site.ada.put_whole(DATA, {}).fields == ["spec.size_gib"]
