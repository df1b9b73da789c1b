"""A secret is seen by nobody: in no answer, no log and no table but the one that holds it."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.api.caller import Answer
from tests.api.everything import SECRET, SPECS, make_everything
from tests.api.site import Site
from tests.api.test_plan import put

WEB, SPEC = SPECS["instance"]


@pytest.fixture
def whole(site: Site) -> Site:
    make_everything(site)
    return site


def state(site: Site) -> dict[str, object]:
    """How the secret reads."""
    return site.ada.get(WEB).body["spec"]["user_data"]["secret"]


def held(site: Site) -> dict[str, str]:
    """What the loops are given."""
    record = site.ada.get(WEB).body["metadata"]
    tenant = site.ada.get("tenants/acme").body["metadata"]["uid"]
    return site.database.read(lambda tx: site.cloud.keys.reveal(tx, tenant, record["uid"]))


def answers(site: Site) -> Iterator[Answer]:
    """Every kind of answer that could tell of the instance."""
    new = f"tenants/acme/instances/new-{site.clock.now():.0f}"
    yield site.ada.put(new, SPEC | {"volumes": [], "networks": []}, headers={"Idempotency-Key": "k"})
    yield site.ada.put(new, SPEC | {"volumes": [], "networks": []}, headers={"Idempotency-Key": "k"})
    yield site.ada.put(WEB, SPEC | {"user_data": f"other {SECRET}"}, dry_run=True)
    yield site.ada.put(WEB, SPEC | {"power": "off"})
    yield site.ada.patch(WEB, {"spec": {"user_data": f"other {SECRET}"}})
    yield site.ada.put(WEB, SPEC)
    yield site.ada.put(WEB, SPEC | {"user_data": {"secret": SECRET}})
    yield site.ada.put(WEB, SPEC | {"user_data": {"secret": {"digest": SECRET, "version": 1}}})
    yield site.ada.put(WEB, SPEC | {"user_data": [SECRET]})
    yield site.ada.put(WEB, SPEC | {"user_data": SECRET * 5_000})
    yield site.ada.put(WEB, SPEC | {"user_data": SECRET, "power": 3})
    yield site.gus.put(WEB, SPEC)
    yield site.ada.plan(put("instance", "web-1", SPEC | {"user_data": f"x {SECRET}"}))
    yield site.ada.plan(put("instance", "web-1", SPEC | {"user_data": [SECRET]}))
    yield site.ada.get(WEB)
    yield site.ada.get("tenants/acme/instances")
    yield site.ada.get("tenants/acme/instances", recursive=True)
    yield site.ada.get(WEB, wait="ready", timeout_s=0)
    yield site.ada.act(WEB, "reboot")
    yield site.ada.act(WEB, "reboot", {"user_data": SECRET})
    yield site.ada.get("tenants/acme/operations")
    yield site.ada.get("tenants/acme/quotas/default")
    yield site.nobody.get("/metrics")
    yield site.ada.delete(new)


def test_no_answer_shows_a_secret(whole: Site) -> None:
    for number, answer in enumerate(answers(whole)):
        assert SECRET not in answer.text, number
        assert SECRET not in str(answer.headers), number


def test_no_table_holds_a_secret(whole: Site) -> None:
    list(answers(whole))
    whole.converge()
    tables = whole.world()
    assert tables["sealed_secret"]
    assert SECRET not in repr(tables)


def test_no_log_shows_a_secret(whole: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    list(answers(whole))
    whole.converge()
    assert SECRET not in caplog.text


def test_a_secret_reads_as_digest_and_version(whole: Site) -> None:
    first = state(whole)
    assert first["version"] == 1
    assert len(str(first["digest"])) == 64


def test_sending_the_digest_back_or_the_same_value_again_leaves_the_secret_as_it_is(whole: Site) -> None:
    before = whole.world()
    read = whole.ada.get(WEB).body
    assert whole.ada.put_whole(WEB, read).body["metadata"]["generation"] == 1
    assert whole.ada.put(WEB, SPEC, labels={"made-by": "tests"}, annotations={"note": "whole"}).status == 200
    assert whole.world() == before


def test_a_digest_of_nothing_that_is_stored_is_refused(whole: Site) -> None:
    lie = {"secret": {"digest": "0" * 64, "version": 1}}
    assert whole.ada.put(WEB, SPEC | {"user_data": lie}).fields == ["spec.user_data"]
    other = SPEC | {"user_data": {"secret": state(whole)}, "volumes": []}
    assert whole.ada.put("tenants/acme/instances/thief", other).fields == ["spec.user_data"]


def test_a_new_value_is_foretold_as_a_change_without_the_value(whole: Site) -> None:
    (change,) = whole.ada.patch(WEB, {"spec": {"user_data": "new"}}, dry_run=True).body["fields"]
    assert change == {
        "path": "spec.user_data", "before": "(secret)", "after": "(secret)", "effect": "replace",
    }  # fmt: skip


def test_equal_values_of_two_objects_have_different_digests(whole: Site) -> None:
    spec = SPEC | {"volumes": [], "networks": []}
    other = whole.ada.put("tenants/acme/instances/web-2", spec).ok()["spec"]["user_data"]["secret"]
    assert other["digest"] != state(whole)["digest"]


def test_the_loops_get_the_value_itself(whole: Site) -> None:
    assert held(whole) == {"user_data": SPEC["user_data"]}


def test_a_secret_goes_with_its_object(whole: Site) -> None:
    whole.converge()
    whole.ada.delete(WEB).ok()
    whole.ada.delete("tenants/acme/secrets/bootstrap").ok()
    whole.admin.delete("bgp_peers/leaf").ok()
    whole.converge()
    assert whole.world()["sealed_secret"] == []


def test_no_table_and_no_later_answer_holds_a_token(whole: Site) -> None:
    made = whole.ada.put("tenants/acme/api_tokens/ci", {"user": "ada"}, headers={"Idempotency-Key": "k"})
    token = made.body["minted"]["token"].removeprefix("pxt_")
    whole.converge()
    assert token not in repr(whole.world())
    for answer in (
        whole.ada.get("tenants/acme/api_tokens/ci"),
        whole.ada.get("tenants/acme/api_tokens"),
        whole.ada.put("tenants/acme/api_tokens/ci", {"user": "ada"}),
        whole.ada.put("tenants/acme/api_tokens/ci", {"user": "ada"}, headers={"Idempotency-Key": "k"}),
        whole.ada.put("tenants/acme/api_tokens/new", {"user": "ada"}, dry_run=True),
    ):
        assert token not in answer.text
        assert "pxt_" not in answer.text


def test_the_key_of_the_digests_is_in_no_answer(whole: Site) -> None:
    key = whole.database.read(whole.cloud.keys.digest_key)
    assert all(key not in answer.text for answer in answers(whole))
