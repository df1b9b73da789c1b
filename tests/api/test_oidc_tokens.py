"""A token of an OpenID Connect provider is taken for what it says only if every part of it is as it must be."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3
from joserfc.jwk import RSAKey

from pextra.identity.keys import FRESH_S
from pextra.store.database import Database
from tests.api.identity_world import (
    COMPANY,
    REFUSED,
    World,
    by_hand,
    encoded,
    trusting,
    with_secret,
)
from tests.api.site import Site
from tests.api.templates import SqliteTemplate
from tests.labs.oidc import CLIENT, Provider, new_keys
from tests.store.clock import ManualClock


@pytest.fixture(scope="module")
def lasting(
    sqlite_template: SqliteTemplate,
    tmp_path_factory: pytest.TempPathFactory,
    running_issuer: Provider,
    issuer_keys: list[Any],
) -> Iterator[World]:
    running_issuer.keys = list(issuer_keys)
    clock = ManualClock()
    clock.advance(60.0)
    url = sqlite_template.copy(tmp_path_factory.mktemp("lasting") / "site.db")
    database = Database(url, clock=clock, rng=random.Random(url), durable=False)
    yield trusting(Site(database, clock, sqlite_template.tokens), running_issuer)
    database.close()


@pytest.fixture
def standing(lasting: World, idp: Provider) -> World:
    """One for all tests that change nothing: most of the time goes into making one."""
    return lasting


@pytest.fixture
def world(site: Site, idp: Provider) -> World:
    return trusting(site, idp)


# --- what is taken ---


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_a_token_of_the_provider_is_its_users_whatever_sort_of_key_signs_it(standing: World, algorithm: str) -> None:
    known = standing.whoami(algorithm=algorithm).ok()
    assert (known["user"], known["tenant"], known["kind"]) == ("lovelace", "acme", "user")


def test_what_a_client_gets_from_the_provider_with_its_own_credentials_is_taken(world: World) -> None:
    world.name(CLIENT[0])
    world.site.clock.advance(time.time() - world.site.clock.now())
    with urllib3.PoolManager(cert_reqs="CERT_NONE", assert_hostname=False) as pool:
        urllib3.disable_warnings()
        basic = urllib3.make_headers(basic_auth=":".join(CLIENT))
        got = pool.request(
            "POST",
            f"{world.idp.url}/token",
            fields={"grant_type": "client_credentials"},
            headers=basic,
            encode_multipart=False,
        )
    assert got.status == 200, got.data
    assert world.whoami(got.json()["access_token"]).ok()["user"] == "lovelace"


def test_without_a_key_id_the_only_key_that_fits_is_meant_and_of_several_none(world: World) -> None:
    token = world.token(header={"kid": None})
    assert world.whoami(token).status == 200
    world.idp.keys = [*world.idp.keys, *new_keys("2")]
    world.site.clock.advance(FRESH_S)
    assert world.refuses(header={"kid": None})


def test_a_user_who_was_not_named_is_refused(standing: World) -> None:
    assert standing.refuses(sub="somebody-else")


# --- what is not taken ---


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"aud": "another"}, "for somebody else"),
        ({"aud": None}, "for nobody"),
        ({"aud": []}, "for nobody"),
        ({"aud": ["another", 7]}, "no texts"),
        ({"iss": "https://evil.example"}, "of an issuer whom nobody trusts"),
        ({"sub": None}, "of nobody"),
        ({"sub": 7}, "of a number"),
        ({"exp": None}, "for ever"),
        ({"exp": "2100-01-01"}, "until a text"),
        ({"exp": True}, "until a truth"),
        ({"exp": 1e300}, "until a number that is no time"),
        ({"iat": None}, "from no time"),
        ({"cnf": {"jkt": "x"}}, "bound to a key"),
        ({"events": {}}, "a logout token"),
        ({"typ": "Refresh"}, "a refresh token"),
        ({"typ": "ID"}, "an ID token, as Keycloak marks them"),
        ({"nonce": "n"}, "an ID token"),
        ({"at_hash": "h"}, "an ID token"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_token_with_other_claims_is_refused(standing: World, said: dict[str, Any], why: str) -> None:
    assert standing.refuses(**said), why


@pytest.mark.parametrize("kind", ["logout+jwt", "dpop+jwt", "secevent+jwt", "id_token+jwt", 7])
def test_a_token_of_another_type_is_refused(standing: World, kind: Any) -> None:
    payload = json.dumps(standing.idp.claims(standing.site.clock.now())).encode()
    assert standing.refuses(by_hand(standing.idp.key("RS256"), {"alg": "RS256", "kid": "rsa-1", "typ": kind}, payload))


@pytest.mark.parametrize("kind", ["JWT", "at+jwt", "application/at+jwt", "AT+JWT"])
def test_an_access_token_may_name_its_type_in_each_of_the_usual_ways(standing: World, kind: str) -> None:
    assert standing.whoami(header={"typ": kind}).status == 200


def test_issuers_are_compared_letter_by_letter(standing: World) -> None:
    assert standing.refuses(iss=f"{standing.idp.url}/")
    assert standing.refuses(iss=standing.idp.url.upper())


def test_a_token_that_is_not_signed_is_refused(standing: World) -> None:
    claims = standing.idp.claims(standing.site.clock.now())
    for none in ("none", "None", "nOnE", "NONE", ""):
        assert standing.refuses(f"{encoded({'alg': none, 'typ': 'JWT'})}.{encoded(claims)}.")


def test_the_public_key_is_no_secret_to_sign_with(standing: World) -> None:
    rsa = standing.idp.key("RS256")
    payload = json.dumps(standing.idp.claims(standing.site.clock.now())).encode()
    pem, der = rsa.as_pem(private=False), rsa.as_der(private=False)
    for secret in (pem, pem.strip(), der, json.dumps(rsa.as_dict(private=False)).encode()):
        for algorithm in ("HS256", "RS256"):
            assert standing.refuses(with_secret(secret, {"alg": algorithm, "kid": "rsa-1"}, payload))


def test_a_key_that_the_token_brings_along_is_ignored(standing: World) -> None:
    mine = RSAKey.generate_key(2048, {"kid": "rsa-1"})
    for header in (
        {"jwk": mine.as_dict(private=False)},
        {"jku": f"{standing.idp.url}/evil"},
        {"x5u": f"{standing.idp.url}/evil"},
        {"x5c": [encoded(mine.as_der(private=False))]},
    ):
        assert standing.refuses(key=mine, header=header)
    assert "/evil" not in standing.idp.calls


@pytest.mark.parametrize("kid", ["../../../../dev/null", "' OR 1=1 --", "rsa-1\0", "x" * 300, 7, ["rsa-1"]])
def test_a_key_id_is_only_compared(standing: World, kid: Any) -> None:
    payload = json.dumps(standing.idp.claims(standing.site.clock.now())).encode()
    assert standing.refuses(by_hand(standing.idp.key("RS256"), {"alg": "RS256", "kid": kid}, payload))


def test_a_key_of_another_sort_than_the_algorithms_is_not_used(standing: World) -> None:
    assert standing.refuses(algorithm="ES256", header={"kid": "rsa-1"})
    assert standing.refuses(algorithm="RS256", header={"kid": "ec-1"})


def test_a_key_that_the_provider_made_for_one_algorithm_is_used_for_no_other(world: World) -> None:
    bound = {**world.idp.key("RS256").as_dict(private=False), "alg": "PS256"}
    world.idp.jwks = {"keys": [bound]}
    assert world.refuses(algorithm="RS256")
    assert world.whoami(algorithm="PS256").status == 200


@pytest.mark.parametrize(
    "changed", [{"use": "enc"}, {"use": None, "key_ops": ["encrypt"]}, {"kty": "oct", "k": "c2VjcmV0"}, {"n": "AQAB"}]
)
def test_a_key_that_signs_nothing_or_is_weak_is_not_used(world: World, changed: dict[str, Any]) -> None:
    key = {**world.idp.key("RS256").as_dict(private=False), **changed}
    world.idp.jwks = {"keys": [{name: value for name, value in key.items() if value is not None}]}
    assert world.refuses()


def test_only_the_algorithms_that_the_tenant_allows_are_taken(world: World) -> None:
    world.trust(world.oidc(algorithms=["ES256"]))
    assert world.refuses(algorithm="RS256")
    assert world.whoami(algorithm="ES256").status == 200
    for algorithm in ("none", "HS256"):
        refused = world.site.ada.put(COMPANY, {"oidc": world.oidc(algorithms=[algorithm])})
        assert refused.code == "spec.invalid"


@pytest.mark.parametrize("demand", [{"crit": ["exp"]}, {"crit": []}, {"b64": True}, {"zip": "DEF"}])
def test_a_header_that_demands_something_is_refused(standing: World, demand: dict[str, Any]) -> None:
    header = {"alg": "RS256", "kid": "rsa-1", **demand}
    token = standing.token()
    assert standing.refuses(f"{encoded(header)}.{token.split('.', 1)[1]}")
    claims = json.dumps(standing.idp.claims(standing.site.clock.now())).encode()
    key = standing.idp.key("RS256")
    assert standing.refuses(by_hand(key, header, claims))
    assert standing.whoami(by_hand(key, {"alg": "RS256", "kid": "rsa-1"}, claims)).status == 200


def test_json_that_names_a_member_twice_is_refused_even_when_it_is_signed(standing: World) -> None:
    key = standing.idp.key("RS256")
    claims = json.dumps(standing.idp.claims(standing.site.clock.now()))
    assert standing.refuses(
        by_hand(key, {"alg": "RS256", "kid": "rsa-1"}, (claims[:-1] + ', "sub": "admin"}').encode())
    )
    assert standing.refuses(by_hand(key, b'{"alg": "none", "alg": "RS256", "kid": "rsa-1"}', claims.encode()))


@pytest.mark.parametrize(
    "token",
    [
        "a.b",
        "a.b.c",
        "...",
        "e30.e30.e30",
        f"{encoded({'alg': 'dir', 'enc': 'A128GCM'})}....",  # encrypted: five parts
        f"{encoded(b'[' * 2000)}.e30.",
        f"{encoded([1])}.{encoded([1])}.",
        encoded(b'{"alg": NaN}') + ".e30.",
        "eyJhbGciOiJSUzI1NiJ9=.e30.AA",
        "x" * 5_000 + "." + "y" * 5_000 + ".z",
        "acme/company~a.b.c",
        "~a.b.c",
        "é.é.é",
    ],
)
def test_what_is_no_token_is_refused_like_any_other(standing: World, token: str) -> None:
    answer = standing.site.app.test_client().get("/v1/whoami", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.get_json()["code"]) == REFUSED
    assert standing.idp.calls == []


def test_a_changed_token_is_refused(standing: World) -> None:
    header, claims, signature = standing.token().split(".")
    other = encoded(standing.idp.claims(standing.site.clock.now(), sub="admin"))
    assert standing.refuses(f"{header}.{other}.{signature}")
    assert standing.refuses(f"{header}.{claims}.{signature[:-8]}AAAAAAAA")
    assert standing.refuses(f"{header}.{claims}.")


def test_a_token_within_a_token_is_refused(standing: World) -> None:
    key = standing.idp.key("RS256")
    assert standing.refuses(by_hand(key, {"alg": "RS256", "kid": "rsa-1", "cty": "JWT"}, standing.token().encode()))


def test_an_id_token_is_taken_where_the_tenant_says_so_and_for_its_own_client_only(world: World) -> None:
    world.trust(world.oidc(accept_id_tokens=True))
    assert world.whoami(nonce="n", azp="pextra").status == 200
    assert world.whoami(nonce="n", azp=None).status == 200
    assert world.refuses(nonce="n", azp="shop")
    assert world.refuses(nonce="n", azp=None, aud=["pextra", "shop"])


def test_only_the_clients_that_the_tenant_names_may_have_got_the_token(world: World) -> None:
    world.trust(world.oidc(authorized_parties=["shop"]))
    assert world.whoami().status == 200
    assert world.whoami(azp=None, client_id="shop").status == 200
    assert world.refuses(azp="game")
    assert world.refuses(azp=None)


# --- time ---


@pytest.mark.parametrize(
    ("leeway_s", "skew_s", "taken"),
    [(60, -300, False), (60, 300, False), (60, -59, True), (60, 59, True), (300, -299, True), (300, 299, True),
     (300, -301, False), (300, 301, False), (0, -1, False), (0, 1, False)],
)  # fmt: skip
def test_a_provider_whose_clock_is_off_is_believed_within_the_leeway_and_not_beyond(
    world: World, leeway_s: int, skew_s: int, taken: bool
) -> None:
    """Its token is good for an instant by its own clock: so it is seen what each side of the leeway does."""
    world.trust(world.oidc(leeway_s=leeway_s))
    theirs = world.site.clock.now() + skew_s
    answer = world.whoami(iat=theirs, nbf=theirs, exp=theirs)
    assert (answer.status == 200) == (taken and (skew_s > 0 or leeway_s + skew_s > 0)), answer.text


def test_no_tenant_can_allow_more_than_five_minutes(world: World) -> None:
    assert world.site.ada.put(COMPANY, {"oidc": world.oidc(leeway_s=301)}).code == "spec.invalid"


def test_a_token_is_refused_once_it_has_expired(world: World) -> None:
    token = world.token()
    assert world.whoami(token).status == 200
    world.site.clock.advance(300 + 60 + 1)
    assert world.refuses(token)
