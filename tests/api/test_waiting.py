"""A request may wait until a condition is true, within bounds, and hears what stands in the way when it is not."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from pextra.api.settings import ApiSettings
from tests.api.caller import Answer, Caller
from tests.api.site import Site
from tests.labs.waiting import wait_until

DATA = "tenants/acme/volumes/data"


def test_what_is_true_already_is_answered_at_once(site: Site) -> None:
    site.ada.put("tenants/acme/networks/front", {}).ok()
    answer = site.ada.get("tenants/acme/networks/front", wait="ready", timeout_s=0)
    assert (answer.status, answer.body["metadata"]["name"]) == (200, "front")
    assert answer.headers["ETag"]


def test_what_does_not_become_true_in_time_is_504_with_the_object_as_it_stands(site: Site) -> None:
    site.ada.put(DATA, {"size_gib": 1}).ok()
    answer = site.ada.get(DATA, wait="ready", timeout_s="0.1")
    assert (answer.status, answer.code) == (504, "wait.timeout")
    assert answer.body["object"] == site.ada.get(DATA).body
    assert "Pending" in answer.body["detail"]


def test_a_condition_of_an_earlier_generation_does_not_count(site: Site) -> None:
    site.ada.put("tenants/acme.team", {}).ok()
    site.converge()
    assert site.ada.get("tenants/acme.team", wait="ready", timeout_s=0).status == 200
    site.ada.put("tenants/acme.team", {"display_name": "x"}).ok()
    assert site.ada.get("tenants/acme.team", wait="ready", timeout_s=0).status == 504


def test_a_condition_that_nobody_ever_sets_is_waited_for_in_vain(site: Site) -> None:
    site.ada.put("tenants/acme/networks/front", {}).ok()
    assert site.ada.get("tenants/acme/networks/front", wait="levitating", timeout_s="0.05").status == 504


def test_who_waits_hears_as_soon_as_a_loop_has_made_it_true(site: Site) -> None:
    site.ada.put("tenants/acme.team", {}).ok()
    answers: list[Answer] = []
    waiting = threading.Thread(
        target=lambda: answers.append(site.ada.get("tenants/acme.team", wait="ready", timeout_s=20))
    )
    waiting.start()
    site.converge()
    waiting.join(20)
    assert [(a.status, a.body["metadata"]["name"]) for a in answers] == [(200, "acme.team")]


def test_waiting_for_the_end_of_what_has_gone_or_never_was_is_204(site: Site) -> None:
    assert site.ada.get(DATA, wait="deleted").status == 204


def test_who_waits_for_the_end_hears_of_it(site: Site) -> None:
    site.ada.put(DATA, {"size_gib": 1}).ok()
    site.converge()
    site.ada.delete(DATA).ok()
    answers: list[Answer] = []
    waiting = threading.Thread(target=lambda: answers.append(site.ada.get(DATA, wait="deleted", timeout_s=20)))
    waiting.start()
    site.converge()
    waiting.join(20)
    assert [(a.status, a.text) for a in answers] == [(204, "")]


def test_a_namesake_is_not_taken_for_what_was_waited_for(site: Site) -> None:
    first = site.ada.put("tenants/acme/networks/front", {}).body["metadata"]["uid"]
    site.ada.delete("tenants/acme/networks/front").ok()
    site.ada.put("tenants/acme/networks/front", {}).ok()
    assert site.ada.get("tenants/acme/networks/front", wait="deleted", uid=first, timeout_s=0).status == 204
    assert site.ada.get("tenants/acme/networks/front", wait="ready", uid=first).code == "object.uid_mismatch"


def test_waiting_for_what_cannot_be_seen_is_waiting_for_what_is_not_there(site: Site) -> None:
    site.ada.put(DATA, {"size_gib": 1}).ok()
    assert site.gus.get(DATA, wait="ready").code == "object.not_found"
    assert site.gus.get(DATA, wait="deleted").status == 204


@pytest.mark.parametrize(
    "query",
    [
        {"wait": "Ready"},
        {"wait": ""},
        {"wait": "ready", "timeout_s": "61"},
        {"wait": "ready", "timeout_s": "-1"},
        {"wait": "ready", "timeout_s": "soon"},
        {"wait": "ready", "timeout_s": "1e1"},
    ],
)
def test_a_wait_that_cannot_be_is_refused(site: Site, query: dict[str, Any]) -> None:
    assert site.ada.get(DATA, **query).code == "request.parameter"


def test_one_tenant_cannot_take_every_place(site: Site) -> None:
    site.ada.put(DATA, {"size_gib": 1}).ok()
    site.gus.put("tenants/globex/volumes/data", {"size_gib": 1}).ok()
    app = site.another_app(ApiSettings(max_waits=2))
    ada, gus = Caller(app, site.tokens["ada"]), Caller(app, site.tokens["gus"])
    first = threading.Thread(target=lambda: ada.get(DATA, wait="ready", timeout_s=20))
    first.start()
    wait_until(lambda: ada.get(DATA, wait="ready", timeout_s=0).code == "server.busy", 10, "ada's share to be taken")
    assert "'acme' has 1 of 2" in ada.get(DATA, wait="ready", timeout_s=0).body["detail"]
    assert gus.get("tenants/globex/volumes/data", wait="ready", timeout_s=0).code == "wait.timeout"
    site.ada.delete(DATA).ok()
    site.converge()
    first.join(20)
    assert not first.is_alive()


def test_when_every_place_is_taken_others_are_told_to_come_back(site: Site) -> None:
    site.ada.put(DATA, {"size_gib": 1}).ok()
    crowded = Caller(site.another_app(ApiSettings(max_waits=1)), site.tokens["ada"])
    first = threading.Thread(target=lambda: crowded.get(DATA, wait="ready", timeout_s=20))
    first.start()
    refused: list[Answer] = []

    def is_refused() -> bool:
        refused.append(crowded.get(DATA, wait="ready", timeout_s=0))
        return refused[-1].code == "server.busy"

    wait_until(is_refused, 10, "the only place to be taken")
    assert (refused[-1].status, refused[-1].headers["Retry-After"]) == (503, "1")
    assert crowded.get(DATA).status == 200
    site.ada.delete(DATA).ok()
    site.converge()
    first.join(20)
    assert not first.is_alive()
