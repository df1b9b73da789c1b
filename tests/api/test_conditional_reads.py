"""Who has seen a revision is told that nothing changed, and who has written sees what it wrote."""

from __future__ import annotations

import pytest

from tests.api.caller import Caller
from tests.api.site import Site

DATA = "tenants/acme/volumes/data"
LONG_AGO = "01a00000-0000-7000-8000-000000000000"


def test_nothing_new_is_304_without_a_body(site: Site) -> None:
    site.ada.put(DATA, {"size_gib": 1}).ok()
    revision = site.ada.get(DATA).headers["Pextra-Revision"]
    again = site.ada.get(DATA, headers={"If-None-Match": revision})
    assert (again.status, again.text) == (304, "")
    assert again.headers["Pextra-Revision"] == revision
    assert again.headers["ETag"]


def test_a_new_spec_and_a_new_status_are_each_something_new(site: Site) -> None:
    revision = site.ada.put(DATA, {"size_gib": 1}).headers["Pextra-Revision"]
    site.converge()
    after_status = site.ada.get(DATA, headers={"If-None-Match": revision})
    assert after_status.status == 200
    site.ada.patch(DATA, {"metadata": {"labels": {"a": "b"}}}).ok()
    assert site.ada.get(DATA, headers={"If-None-Match": after_status.headers["Pextra-Revision"]}).status == 200


def test_the_revision_of_a_write_is_that_of_the_read_that_follows(site: Site) -> None:
    for spec in ({}, {"mtu": 1400}, {"mtu": 1500}, {"mtu": 1500}):
        answer = site.ada.put("tenants/acme/networks/front", spec)
        read = site.ada.get("tenants/acme/networks/front")
        assert read.headers["Pextra-Revision"] == answer.headers["Pextra-Revision"]
        assert read.body == answer.body


def test_a_revision_of_a_former_namesake_is_something_else(site: Site) -> None:
    revision = site.ada.put("tenants/acme/networks/front", {}).headers["Pextra-Revision"]
    site.ada.delete("tenants/acme/networks/front").ok()
    site.ada.put("tenants/acme/networks/front", {}).ok()
    assert site.ada.get("tenants/acme/networks/front", headers={"If-None-Match": revision}).status == 200


def test_a_read_after_a_write_sees_it_on_every_server(any_site: Site) -> None:
    elsewhere = Caller(any_site.another_app(), any_site.tokens["ada"])
    for size in (1, 2):
        position = any_site.ada.put(DATA, {"size_gib": size}).headers["Pextra-Position"]
        for path in (DATA, "tenants/acme/volumes", "whoami"):
            read = elsewhere.get(path, headers={"Pextra-After": position})
            assert read.status == 200
        assert elsewhere.get(DATA, headers={"Pextra-After": position}).body["spec"]["size_gib"] == size
    any_site.converge()
    assert elsewhere.get(DATA, headers={"Pextra-After": position}).status == 200


def test_a_read_that_cannot_see_the_write_says_so_instead_of_answering_with_less(site: Site) -> None:
    refused = site.ada.get("flavors", headers={"Pextra-After": site.database.new_uid()})
    assert (refused.status, refused.code) == (503, "server.busy")
    assert refused.headers["Retry-After"] == "1"


def test_a_position_from_before_what_is_kept_is_seen_by_every_read(site: Site) -> None:
    assert site.ada.get("flavors", headers={"Pextra-After": LONG_AGO}).status == 200


@pytest.mark.parametrize("token", ["", "x", LONG_AGO.upper(), LONG_AGO + "0"])
def test_a_position_that_no_server_gave_is_refused(site: Site, token: str) -> None:
    assert site.ada.get("flavors", headers={"Pextra-After": token}).code == "request.parameter"


def test_every_write_that_changes_something_gives_a_position(site: Site) -> None:
    path = "tenants/acme/networks/front"
    writes = [
        site.ada.put(path, {}),
        site.ada.put(path, {"mtu": 1400}),
        site.ada.patch(path, {"metadata": {"labels": {"a": "b"}}}),
        site.ada.delete(path),
    ]
    positions = [answer.headers["Pextra-Position"] for answer in writes]
    assert len(set(positions)) == len(writes)
    assert "Pextra-Position" not in site.ada.put(DATA, {"size_gib": 1}, dry_run=True).headers
