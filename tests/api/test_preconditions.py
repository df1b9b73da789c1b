"""A write that says under which condition it is meant happens under that condition only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.caller import Answer
from tests.api.site import Site

FRONT = "tenants/acme/networks/front"
CREATE_ONLY = {"If-None-Match": "*"}
ELSE = "01a00000-0000-7000-8000-000000000000"

Write = Callable[..., Answer]
WRITES = ["put", "patch", "delete"]


def write(site: Site, verb: str, **options: object) -> Answer:
    """The same change by PUT or PATCH, or a DELETE."""
    match verb:
        case "put":
            return site.ada.put(FRONT, {"mtu": 1500}, **options)  # type: ignore[arg-type]
        case "patch":
            return site.ada.patch(FRONT, {"spec": {"mtu": 1500}}, **options)  # type: ignore[arg-type]
        case _:
            return site.ada.delete(FRONT, **options)  # type: ignore[arg-type]


def test_create_only_makes_an_object_and_never_changes_one(site: Site) -> None:
    assert site.ada.put(FRONT, {}, headers=CREATE_ONLY).status == 201
    before = site.world()
    refused = site.ada.put(FRONT, {"mtu": 1500}, headers=CREATE_ONLY)
    assert (refused.status, refused.code) == (412, "object.exists")
    assert refused.body["uid"] == site.ada.get(FRONT).body["metadata"]["uid"]
    assert site.world() == before


@pytest.mark.parametrize("verb", WRITES)
def test_a_write_with_the_present_etag_happens(site: Site, verb: str) -> None:
    etag = site.ada.put(FRONT, {}).headers["ETag"]
    assert write(site, verb, headers={"If-Match": etag}).status in (200, 204)


@pytest.mark.parametrize("verb", WRITES)
def test_a_write_with_an_old_etag_does_not(site: Site, verb: str) -> None:
    etag = site.ada.put(FRONT, {}).headers["ETag"]
    site.ada.put(FRONT, {"mtu": 1400})
    before = site.world()
    refused = write(site, verb, headers={"If-Match": etag})
    assert (refused.status, refused.code) == (412, "object.stale")
    assert site.world() == before


def test_an_etag_guards_a_put_of_what_is_not_there(site: Site) -> None:
    assert site.ada.put(FRONT, {}, headers={"If-Match": '"x-1"'}).code == "object.stale"


def test_an_etag_outlives_status(site: Site) -> None:
    etag = site.ada.put("tenants/acme/volumes/data", {"size_gib": 1}).headers["ETag"]
    site.converge()
    assert site.ada.put("tenants/acme/volumes/data", {"size_gib": 2}, headers={"If-Match": etag}).status == 200


@pytest.mark.parametrize("verb", WRITES)
def test_a_write_for_a_uid_happens_to_that_object_only(site: Site, verb: str) -> None:
    uid = site.ada.put(FRONT, {}).body["metadata"]["uid"]
    before = site.world()
    refused = write(site, verb, uid=ELSE)
    assert (refused.status, refused.code) == (412, "object.uid_mismatch")
    assert site.world() == before
    assert write(site, verb, uid=uid).status in (200, 204)


def test_a_put_for_a_uid_never_makes_an_object(site: Site) -> None:
    assert site.ada.put(FRONT, {}, uid=ELSE).code == "object.uid_mismatch"
    assert site.ada.get(FRONT).status == 404


def test_the_uid_in_the_document_counts_like_the_parameter(site: Site) -> None:
    uid = site.ada.put(FRONT, {}).body["metadata"]["uid"]
    assert site.ada.put_whole(FRONT, {"metadata": {"uid": ELSE}}).code == "object.uid_mismatch"
    assert site.ada.put_whole(FRONT, {"metadata": {"uid": uid}}).status == 200


def test_a_document_kept_from_before_does_not_change_a_namesake(site: Site) -> None:
    kept = site.ada.put(FRONT, {}).body
    site.ada.delete(FRONT)
    site.ada.put(FRONT, {"mtu": 1400})
    assert site.ada.put_whole(FRONT, kept).code == "object.uid_mismatch"


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"If-None-Match": '"etag"'}, {}),
        ({"If-Match": ""}, {}),
        ({"If-Match": "x" * 201}, {}),
        ({}, {"uid": "not-a-uid"}),
        ({}, {"uid": ELSE.upper()}),
        ({}, {"dry_run": "yes"}),
    ],
)
def test_a_precondition_that_cannot_be_read_is_refused(
    site: Site, headers: dict[str, str], query: dict[str, Any]
) -> None:
    assert site.ada.put(FRONT, {}, headers=headers, **query).code == "request.parameter"
    assert site.ada.get(FRONT).status == 404


def test_of_two_writers_that_read_the_same_one_wins(site: Site) -> None:
    etag = site.ada.put(FRONT, {}).headers["ETag"]
    outcomes = [site.ada.put(FRONT, {"mtu": mtu}, headers={"If-Match": etag}).status for mtu in (1400, 1500)]
    assert outcomes == [200, 412]
    assert site.ada.get(FRONT).body["spec"]["mtu"] == 1400
