"""The keys of an OpenID Connect provider are fetched seldom, only from where they may be, and count for a while."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from flask import Response

from pextra.identity.keys import AGAIN_S, STALE_S
from pextra.identity.outbound import MOST_BYTES
from tests.api.identity_world import (
    COMPANY,
    DISCOVERY,
    World,
    allow,
    trusting,
)
from tests.api.site import Site
from tests.labs.oidc import Provider, provider


@pytest.fixture
def world(site: Site, idp: Provider) -> World:
    return trusting(site, idp)


# --- the provider's keys ---


def test_keys_are_fetched_once_and_kept(world: World) -> None:
    for _ in range(3):
        world.whoami().ok()
    assert world.idp.calls == [DISCOVERY, "/jwks"]


def test_rotated_keys_are_found_by_their_new_id_and_withdrawn_ones_end_when_they_are_no_longer_fresh(
    world: World,
) -> None:
    old = world.token(exp=int(world.site.clock.now() + 5_000))
    world.whoami(old).ok()
    world.idp.rotate("2")
    world.site.clock.advance(AGAIN_S)
    assert world.whoami().status == 200
    assert world.refuses(old)


def test_unknown_key_ids_have_the_provider_asked_no_more_than_now_and_then(world: World) -> None:
    world.whoami().ok()
    world.site.clock.advance(AGAIN_S)
    for number in range(20):
        assert world.refuses(header={"kid": f"guess-{number}"})
    assert world.idp.calls.count("/jwks") == 2


def test_while_the_provider_is_down_known_keys_count_on_for_a_bounded_time(world: World) -> None:
    token = world.token(exp=int(world.site.clock.now() + 2 * STALE_S))
    world.whoami(token).ok()
    world.idp.faults[DISCOVERY] = Response("down", 500)
    world.site.clock.advance(STALE_S - 1)
    assert world.whoami(token).status == 200
    unknown = world.whoami(header={"kid": "new"})
    assert (unknown.status, unknown.code) == (503, "identity.unavailable")
    world.site.clock.advance(AGAIN_S)
    ended = world.whoami(token)
    assert (ended.status, ended.code) == (503, "identity.unavailable")
    assert ended.headers["Retry-After"]
    world.idp.faults.clear()
    world.site.clock.advance(AGAIN_S)
    assert world.whoami(token).status == 200


BAD_ANSWERS: dict[str, Callable[[Provider], None]] = {
    "a redirect": lambda p: p.discovery.update(jwks_uri=f"{p.url}/elsewhere"),
    "keys that are too large": lambda p: p.faults.update({"/jwks": Response(b" " * (MOST_BYTES + 1))}),
    "no JSON": lambda p: p.faults.update({"/jwks": Response("<html>")}),
    "keys that are none": lambda p: p.faults.update({"/jwks": Response('{"keys": 7}')}),
    "the document of another issuer": lambda p: p.discovery.update(issuer="https://other.example"),
    "no place of keys": lambda p: p.discovery.update(jwks_uri=None),
    "a place of keys without TLS": lambda p: p.discovery.update(jwks_uri="http://keys.example/jwks"),
    "a place of keys on a file": lambda p: p.discovery.update(jwks_uri="file:///etc/passwd"),
    "a place of keys within": lambda p: p.discovery.update(jwks_uri="https://169.254.169.254/latest"),
}


@pytest.mark.parametrize("how", BAD_ANSWERS)
def test_a_provider_that_answers_with_something_else_is_unavailable(world: World, how: str) -> None:
    BAD_ANSWERS[how](world.idp)
    answer = world.whoami()
    assert (answer.status, answer.code) == (503, "identity.unavailable")


def test_a_provider_is_believed_over_tls_of_the_authorities_that_the_tenant_names_only(world: World) -> None:
    without = {name: value for name, value in world.oidc().items() if name != "authorities"}
    world.trust(without)
    assert world.whoami().code == "identity.unavailable"
    assert world.site.ada.put(COMPANY, {"oidc": world.oidc(authorities="no PEM")}).fields == ["spec.oidc.authorities"]


def test_a_provider_within_our_own_networks_is_called_only_where_the_operator_allowed_it(world: World) -> None:
    allow(world.site, "login.example")
    assert world.whoami().code == "identity.unavailable"
    assert world.idp.calls == []


def test_a_plain_provider_is_for_loopback_alone(world: World, issuer_keys: list[Any]) -> None:
    for issuer in (
        "http://login.example",
        "http://169.254.169.254",
        "ftp://login.example",
        "https://a@b",
        "https://b?c",
    ):
        assert world.site.ada.put(COMPANY, {"oidc": world.oidc(issuer=issuer)}).code == "spec.invalid"
    with provider(tls=False, keys=issuer_keys) as plain:
        world.trust(world.oidc(issuer=plain.url))
        assert world.whoami(plain.issue(world.site.clock.now())).status == 200


def test_no_log_holds_a_token_or_a_part_of_one(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = world.token()
    world.whoami(token).ok()
    world.refuses(token[:-8] + "AAAAAAAA")
    world.refuses(aud="another")
    world.site.number_events()
    entries = world.site.admin.get("audit", limit=500).text
    assert "refused" in caplog.text
    for part in token.split("."):
        assert part not in caplog.text
        assert part not in entries
