"""Watches: served by a process of their own, bounded, complete, and blind to other tenants."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import closing
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from pextra.api.streams import create_streams_app
from pextra.store.tables import stream_head
from tests.api.caller import Caller
from tests.api.site import SMALL, Site


def streams(site: Site, places: int = 4) -> Flask:
    return create_streams_app(site.served, places=places)


def lines(app: Flask, caller: Caller, **query: str) -> Generator[dict[str, Any]]:
    """The lines of a watch, as they come."""
    answer = app.test_client().get(
        "/v1/watch", query_string=query, headers={"Authorization": f"Bearer {caller.token}"}, buffered=False
    )
    assert answer.status_code == 200, answer.get_data(as_text=True)
    with closing(answer):
        for line in answer.response:
            yield json.loads(line)


def backlog(app: Flask, caller: Caller, **query: str) -> list[dict[str, Any]]:
    """What a watch has to say until its first bookmark."""
    found: list[dict[str, Any]] = []
    watch = lines(app, caller, **query)
    for line in watch:
        if line["type"] == "bookmark":
            break
        found.append(line)
    watch.close()
    return found


def refused(app: Flask, caller: Caller, **query: str) -> tuple[int, str]:
    answer = app.test_client().get("/v1/watch", query_string=query, headers={"Authorization": f"Bearer {caller.token}"})
    return answer.status_code, answer.get_json()["code"]


def test_a_watch_goes_on_where_a_list_ended(site: Site) -> None:
    site.number_events()
    position = site.ada.get("tenants/acme/networks").ok()["position"]
    for name in ("a", "b"):
        site.ada.put(f"tenants/acme/networks/{name}", {}).ok()
    site.number_events()
    seen = backlog(streams(site), site.ada, tenant="acme", kind="network", position=position)
    assert [(line["type"], line["name"]) for line in seen] == [("created", "a"), ("created", "b")]
    assert seen[0]["object"]["spec"]["mtu"] == 1442
    assert backlog(streams(site), site.ada, tenant="acme", position=seen[-1]["position"]) == []


def test_what_happens_during_a_watch_is_told_in_it(site: Site) -> None:
    site.number_events()
    watch = lines(streams(site), site.ada, tenant="acme", kind="network")
    assert next(watch)["type"] == "bookmark"
    site.ada.put("tenants/acme/networks/late", {}).ok()
    site.number_events()
    assert next(watch)["name"] == "late"
    watch.close()


def test_an_object_that_changed_often_is_sent_once_at_its_newest_and_its_end_is_told(site: Site) -> None:
    site.number_events()
    position = site.ada.get("tenants/acme/networks").ok()["position"]
    for mtu in (1400, 1401, 1402):
        site.ada.put("tenants/acme/networks/a", {"mtu": mtu}).ok()
    site.number_events()
    seen = backlog(streams(site), site.ada, tenant="acme", kind="network", position=position)
    assert [line["object"]["spec"]["mtu"] for line in seen] == [1402]
    site.ada.delete("tenants/acme/networks/a").ok()
    site.number_events()
    seen = backlog(streams(site), site.ada, tenant="acme", kind="network", position=position)
    assert [line["type"] for line in seen] == ["deleted"]
    assert "object" not in seen[0]


def test_another_tenants_watch_is_as_absent_as_a_tenant_that_is_not_there(site: Site) -> None:
    app = streams(site)
    assert (
        refused(app, site.gus, tenant="acme") == refused(app, site.gus, tenant="nowhere") == (404, "object.not_found")
    )


def test_a_recursive_watch_holds_the_children_and_nobody_elses(site: Site) -> None:
    site.number_events()
    position = site.ada.get("tenants/acme/users", recursive=True).ok()["position"]
    site.admin.put(
        "tenants/acme.dev/quotas/default", {"limits": {"users": 5, "api_tokens": 5, "role_bindings": 5}}
    ).ok()
    for caller, tenant in ((site.admin, "acme"), (site.admin, "acme.dev"), (site.admin, "globex")):
        caller.put(f"tenants/{tenant}/users/new", {}).ok()
    site.number_events()
    seen = backlog(streams(site), site.ada, tenant="acme", kind="user", recursive="true", position=position)
    assert {line["tenant"] for line in seen} == {"acme", "acme.dev"}


def test_cloud_wide_kinds_are_watched_by_those_who_read_them(site: Site) -> None:
    site.number_events()
    app = streams(site)
    position = site.ada.get("flavors").ok()["position"]
    site.admin.put("flavors/new", SMALL).ok()
    site.number_events()
    assert [line["name"] for line in backlog(app, site.ada, kind="flavor", position=position)] == ["new"]
    assert refused(app, site.ada, kind="host") == (404, "object.not_found")
    assert refused(app, site.ada) == (422, "request.parameter")


def test_a_watcher_of_tenants_sees_its_own_tree_only(site: Site) -> None:
    site.number_events()
    position = site.ada.get("tenants").ok()["position"]
    site.admin.put("tenants/acme.new", {}).ok()
    site.admin.put("tenants/stranger", {}).ok()
    site.number_events()
    seen = backlog(streams(site), site.ada, kind="tenant", position=position)
    assert {line["name"] for line in seen} == {"acme.new"}


def test_places_are_bounded_and_freed_when_a_watcher_leaves(site: Site) -> None:
    app = streams(site, places=1)
    watch = lines(app, site.ada, tenant="acme")
    next(watch)
    assert refused(app, site.ada, tenant="acme") == (503, "server.busy")
    watch.close()
    assert backlog(app, site.ada, tenant="acme") == []


def test_one_tenant_with_all_below_it_has_half_of_the_places(site: Site) -> None:
    app = streams(site, places=4)
    held = [lines(app, caller, tenant=tenant) for caller, tenant in ((site.ada, "acme"), (site.dev, "acme.dev"))]
    for watch in held:
        next(watch)
    answer = Caller(app, site.ada.token).get("watch", tenant="acme")
    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (503, "server.busy", "5")
    assert "'acme' has 2 of 4" in answer.body["detail"]
    for _ in range(2):
        held.append(lines(app, site.gus, tenant="globex"))
        next(held[-1])
    assert "Every place" in Caller(app, site.admin.token).get("watch", tenant="acme").body["detail"]
    held.pop(0).close()
    assert backlog(app, site.ada, tenant="acme") == []
    for watch in held:
        watch.close()


def test_a_watch_that_fails_before_it_begins_gives_its_place_back(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    app = streams(site, places=1)

    def fail(*_: object) -> None:
        raise RuntimeError("no watcher today")

    with monkeypatch.context() as failing:
        failing.setattr("pextra.api.streams.Watcher", fail)
        assert refused(app, site.ada, tenant="acme") == (500, "server.error")
    assert backlog(app, site.ada, tenant="acme") == []


def test_answers_of_the_stream_process_are_framed_like_the_apis(site: Site) -> None:
    for path, status in (("/healthz", 200), ("/v1/watch", 401), ("/v1/nothing", 404), ("/v1/watch?kind=a%00b", 422)):
        answer = streams(site).test_client().get(path)
        assert answer.status_code == status
        assert answer.headers["Pextra-Request-Id"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.mimetype == ("application/json" if status == 200 else "application/problem+json")


def test_a_position_that_is_no_longer_kept_is_gone(site: Site) -> None:
    site.number_events()
    position = site.ada.get("tenants/acme/networks").ok()["position"]
    site.database.write(lambda tx: tx.conn.execute(update(stream_head).values(oldest=stream_head.c.position + 2)))
    assert refused(streams(site), site.ada, tenant="acme", position=position) == (410, "watch.expired")
    assert refused(streams(site), site.ada, tenant="acme", position="nonsense") == (422, "request.parameter")


def test_a_token_that_is_revoked_ends_its_watches(site: Site) -> None:
    site.number_events()
    token = site.admin.put("tenants/acme/api_tokens/short", {"user": "ada"}).ok()["minted"]["token"]
    site.number_events()
    watch = lines(streams(site), site.caller(token), tenant="acme")
    assert next(watch)["type"] == "bookmark"
    site.admin.delete("tenants/acme/api_tokens/short").ok()
    site.number_events()
    assert list(watch) == []


def test_without_a_stream_process_the_api_says_so_and_with_one_it_leads_there(site: Site) -> None:
    assert site.ada.get("watch", tenant="acme").code == "server.busy"
