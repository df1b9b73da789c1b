"""A request that is repeated under its key happens once and is answered as it was the first time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select

from pextra.store import request_keys
from pextra.store.tables import resource
from tests.api.caller import Answer, Caller
from tests.api.everything import make_everything
from tests.api.site import Site, dump
from tests.labs.crdbish import Crdbish, Fault

FRONT = "tenants/acme/networks/front"
KEY = {"Idempotency-Key": "k-1"}
AMBIGUOUS = [fault for fault in Fault if "lost" in fault or "40003" in fault]


def same(first: Answer, second: Answer) -> bool:
    """Whether the second is the first once more."""
    return (first.status, first.text, first.headers.get("ETag")) == (
        second.status,
        second.text,
        second.headers.get("ETag"),
    )


def test_a_repeated_request_gets_the_first_answer_and_changes_nothing(any_site: Site) -> None:
    first = any_site.ada.put(FRONT, {"mtu": 1400}, headers=KEY)
    assert first.status == 201
    assert "Idempotency-Replayed" not in first.headers
    any_site.ada.put(FRONT, {"mtu": 1500})
    before = any_site.ada.get(FRONT).body
    again = any_site.ada.put(FRONT, {"mtu": 1400}, headers=KEY)
    assert same(first, again)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Pextra-Position"] == first.headers["Pextra-Position"]
    assert any_site.ada.get(FRONT).body == before


@pytest.mark.parametrize(
    "other",
    [
        lambda caller: caller.put(FRONT, {"mtu": 1401}, headers=KEY),
        lambda caller: caller.put("tenants/acme/networks/back", {"mtu": 1400}, headers=KEY),
        lambda caller: caller.patch(FRONT, {"spec": {"mtu": 1400}}, headers=KEY),
        lambda caller: caller.delete(FRONT, headers=KEY),
        lambda caller: caller.put(FRONT, {"mtu": 1400}, headers={**KEY, "If-None-Match": "*"}),
        lambda caller: caller.put(FRONT, {"mtu": 1400}, headers=KEY, uid="01a00000-0000-7000-8000-000000000000"),
    ],
    ids=["body", "path", "PATCH", "DELETE", "precondition", "parameter"],
)
def test_another_request_under_the_key_is_refused(site: Site, other: Any) -> None:
    site.ada.put(FRONT, {"mtu": 1400}, headers=KEY)
    before = site.world()
    refused = other(site.ada)
    assert (refused.status, refused.code) == (422, "idempotency.mismatch")
    assert site.world() == before


def test_two_principals_may_use_the_same_key(site: Site) -> None:
    assert site.ada.put(FRONT, {}, headers=KEY).status == 201
    assert site.gus.put("tenants/globex/networks/front", {}, headers=KEY).status == 201
    assert site.admin.put(FRONT, {}, headers=KEY).status == 200


def test_two_tokens_of_one_user_share_its_keys(site: Site) -> None:
    token = site.ada.put("tenants/acme/api_tokens/second", {"user": "ada"}).body["minted"]["token"]
    first = site.ada.put(FRONT, {}, headers=KEY)
    assert same(first, site.caller(token).put(FRONT, {}, headers=KEY))


def test_a_refusal_is_not_remembered(site: Site) -> None:
    path = "tenants/acme/subnets/s"
    spec = {"network": "front", "cidr": "10.0.0.0/24"}
    assert site.ada.put(path, spec, headers=KEY).code == "reference.not_found"
    site.ada.put(FRONT, {})
    assert site.ada.put(path, spec, headers=KEY).status == 201


def test_a_deletion_that_is_repeated_is_answered_as_it_was(site: Site) -> None:
    site.ada.put(FRONT, {})
    assert site.ada.delete(FRONT, headers=KEY).status == 204
    site.ada.put(FRONT, {})
    again = site.ada.delete(FRONT, headers=KEY)
    assert (again.status, again.headers["Idempotency-Replayed"]) == (204, "true")
    assert site.ada.get(FRONT).status == 200


def test_an_action_that_is_repeated_makes_one_operation(site: Site) -> None:
    make_everything(site)
    path = "tenants/acme/instances/web-1/actions/reboot"
    answers = [site.ada.send("POST", path, headers=KEY) for _ in range(3)]
    assert all(same(answers[0], answer) for answer in answers)
    assert len(site.ada.get("tenants/acme/operations").body["items"]) == 1


def test_a_dry_run_under_a_key_uses_it_not(site: Site) -> None:
    site.ada.put(FRONT, {}, headers=KEY, dry_run=True)
    assert site.ada.put(FRONT, {"mtu": 1400}, headers=KEY).status == 201


def test_a_minted_token_is_shown_once_and_is_not_stored(site: Site) -> None:
    path = "tenants/acme/api_tokens/ci"
    first = site.ada.put(path, {"user": "ada"}, headers=KEY)
    token = first.body["minted"]["token"]
    again = site.ada.put(path, {"user": "ada"}, headers=KEY)
    assert (again.status, again.body["minted"]) == (201, {"shown_before": True})
    assert {k: v for k, v in again.body.items() if k != "minted"} == {
        k: v for k, v in first.body.items() if k != "minted"
    }
    assert token.removeprefix("pxt_") not in repr(dump(site.database))
    assert site.caller(token).get("whoami").body["user"] == "ada"


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "a\x00", "ümlaut"])
def test_a_key_that_cannot_be_is_refused(site: Site, key: str) -> None:
    for dry in (False, True):
        refused = site.ada.put(FRONT, {}, headers={"Idempotency-Key": key}, dry_run=dry)
        assert refused.code == "request.parameter"
    assert site.ada.get(FRONT).status == 404


@pytest.mark.parametrize("key", ["x", "x" * 255, "a key with spaces", "~!\"'"])
def test_any_other_key_of_up_to_255_printable_characters_serves(site: Site, key: str) -> None:
    headers = {"Idempotency-Key": key}
    first = site.ada.put(FRONT, {}, headers=headers)
    assert same(first, site.ada.put(FRONT, {}, headers=headers))


def test_after_24_hours_the_key_is_free_again(site: Site) -> None:
    site.ada.put(FRONT, {}, headers=KEY)
    site.clock.advance(86_401)
    site.database.write(request_keys.expire)
    assert site.ada.put(FRONT, {"mtu": 1500}, headers=KEY).status == 200


def test_the_same_request_sent_by_many_at_once_happens_once(any_site: Site) -> None:
    apps = [any_site.app, any_site.another_app()]

    def send(number: int) -> Answer:
        return Caller(apps[number % 2], any_site.tokens["ada"]).put(FRONT, {"mtu": 1400}, headers=KEY)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, range(8)))
    assert all(same(answers[0], answer) for answer in answers)
    assert [a.headers.get("Idempotency-Replayed") for a in answers].count(None) == 1
    assert answers[0].status == 201


@pytest.mark.parametrize("flavour", ["crdbish"], indirect=True)
@pytest.mark.parametrize("fault", AMBIGUOUS)
@pytest.mark.parametrize("key", [KEY, {}], ids=["with key", "without key"])
def test_a_write_whose_commit_was_ambiguous_is_answered_as_if_nothing_had_been(
    any_site: Site, crdbish: Crdbish, fault: Fault, key: dict[str, str]
) -> None:
    """201 and not 200 or 412: the attempt that landed is the one that is told of."""
    crdbish.once(fault)
    made = any_site.ada.put(FRONT, {"mtu": 1400}, headers={**key, "If-None-Match": "*"})
    assert crdbish.stats[fault] == 1
    assert made.status == 201
    assert any_site.ada.get(FRONT).body == made.body
    crdbish.once(fault)
    assert any_site.ada.patch(FRONT, {"spec": {"mtu": 1500}}).body["metadata"]["generation"] == 2
    crdbish.once(fault)
    assert any_site.ada.delete(FRONT).status == 204
    assert crdbish.stats[fault] == 3
    rows = any_site.database.read(
        lambda tx: tx.conn.execute(select(func.count()).where(resource.c.kind == "network")).scalar_one()
    )
    assert rows == 0


@pytest.mark.parametrize("flavour", ["crdbish"], indirect=True)
@pytest.mark.parametrize("fault", AMBIGUOUS)
def test_the_token_of_an_ambiguous_commit_is_the_one_that_works(any_site: Site, crdbish: Crdbish, fault: Fault) -> None:
    crdbish.once(fault)
    made = any_site.ada.put("tenants/acme/api_tokens/ci", {"user": "ada"}, headers=KEY)
    assert any_site.caller(made.body["minted"]["token"]).get("whoami").status == 200
