"""A token is accepted until it expires, is revoked or its user is disabled: then at once by no server."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.api.caller import Caller
from tests.api.site import Site

CI = "tenants/acme/api_tokens/ci"
PROTECTED = ["whoami", "kinds", "flavors", "tenants/acme", "tenants/acme/networks", "watch?tenant=acme"]
OPEN = [
    "/healthz",
    "/readyz",
    "/metrics",
    "/metrics/cloud",
    "/openapi.json",
    "/v1/capabilities",
    "/v1/schemas/manifest.json",
]


def token(site: Site, **spec: object) -> Caller:
    """A second token of user `ada`."""
    return site.caller(site.ada.put(CI, {"user": "ada", **spec}).body["minted"]["token"])


def in_s(site: Site, seconds: float) -> str:
    """The time so many seconds from now."""
    return datetime.fromtimestamp(site.clock.now() + seconds, UTC).isoformat()


@pytest.mark.parametrize("path", PROTECTED)
def test_without_a_token_it_is_401_and_says_how(site: Site, path: str) -> None:
    refused = site.nobody.get(f"/v1/{path}")
    assert (refused.status, refused.code) == (401, "auth.unauthenticated")
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", OPEN)
def test_what_says_nothing_of_anybody_is_open(site: Site, path: str) -> None:
    assert site.nobody.get(path).status == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_nothing_is_written_without_a_token(site: Site, method: str) -> None:
    before = site.world()
    assert site.nobody.send(method, "tenants/acme/networks/n", body={"spec": {}}).status == 401
    assert site.nobody.send("POST", "plan", body={}).status == 401
    assert site.world() == before


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer pxt_unknown",
        "Basic YWRhOnB3",
        "Bearer {token}x",
        "Bearer {token} {token}",
        "Bearer {upper}",
        "Token {token}",
        "{token}",
        "Bearer \xff\xfe",
        "Bearer " + "x" * 10_000,
    ],
)
def test_a_header_that_holds_no_valid_token_is_like_none(site: Site, header: str) -> None:
    valid = site.tokens["ada"]
    value = header.format(token=valid, upper=valid.upper())
    refused = site.nobody.get("whoami", headers={"Authorization": value})
    none = site.nobody.get("whoami")
    assert (refused.status, refused.body) == (none.status, none.body)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_read_in_any_case(site: Site, scheme: str) -> None:
    assert site.nobody.get("whoami", headers={"Authorization": f"{scheme} {site.tokens['ada']}"}).status == 200


def test_a_token_says_who_it_is(site: Site) -> None:
    me = site.ada.get("whoami").body
    assert (me["user"], me["tenant"], me["cloud_administrator"]) == ("ada", "acme", False)
    assert site.admin.get("whoami").body["cloud_administrator"] is True


def test_a_token_ends_at_its_time(site: Site) -> None:
    caller = token(site, expires_at=in_s(site, 10))
    assert caller.get("whoami").status == 200
    site.clock.advance(9.9)
    assert caller.get("whoami").status == 200
    site.clock.advance(0.2)
    assert caller.get("whoami").code == "auth.unauthenticated"


def test_the_end_of_a_token_can_be_moved_and_taken_away(site: Site) -> None:
    caller = token(site, expires_at=in_s(site, 10))
    site.clock.advance(20)
    assert caller.get("whoami").status == 401
    site.ada.patch(CI, {"spec": {"expires_at": in_s(site, 10)}}).ok()
    assert caller.get("whoami").status == 200
    site.ada.patch(CI, {"spec": {"expires_at": None}}).ok()
    site.clock.advance(10**6)
    assert caller.get("whoami").status == 200


def test_a_token_that_is_deleted_is_revoked_at_once_on_every_server(any_site: Site) -> None:
    caller = token(any_site)
    elsewhere = any_site.caller(caller.token, any_site.another_app())
    assert elsewhere.get("whoami").status == 200
    assert any_site.ada.delete(CI).status == 204
    assert caller.get("whoami").status == elsewhere.get("whoami").status == 401


def test_a_user_that_is_disabled_is_nobody_at_once_and_somebody_again_when_enabled(any_site: Site) -> None:
    caller = token(any_site)
    any_site.admin.patch("tenants/acme/users/ada", {"spec": {"enabled": False}}).ok()
    assert caller.get("whoami").status == any_site.ada.get("whoami").status == 401
    any_site.admin.patch("tenants/acme/users/ada", {"spec": {"enabled": True}}).ok()
    assert caller.get("whoami").status == any_site.ada.get("whoami").status == 200


def test_a_user_can_disable_itself_and_then_not_enable_itself(site: Site) -> None:
    site.ada.patch("tenants/acme/users/ada", {"spec": {"enabled": False}}).ok()
    assert site.ada.patch("tenants/acme/users/ada", {"spec": {"enabled": True}}).status == 401


def test_a_user_goes_with_its_tokens_when_asked_to(site: Site) -> None:
    caller = token(site)
    assert site.admin.delete("tenants/acme/users/ada").code == "object.in_use"
    assert site.admin.delete("tenants/acme/users/ada", cascade=True).status == 204
    assert caller.get("whoami").status == site.ada.get("whoami").status == 401
    assert site.admin.get(CI).status == 404


def test_a_new_user_of_a_deleted_ones_name_has_none_of_its_tokens(site: Site) -> None:
    site.admin.delete("tenants/acme/users/ada", cascade=True).ok()
    site.admin.put("tenants/acme/users/ada", {}).ok()
    assert site.ada.get("whoami").status == 401


def test_every_refusal_of_a_token_is_the_same(site: Site) -> None:
    expired = token(site, expires_at=in_s(site, 1))
    site.clock.advance(2)
    site.admin.patch("tenants/globex/users/gus", {"spec": {"enabled": False}}).ok()
    answers = {c.get("whoami").text for c in (site.nobody, site.caller("pxt_x"), expired, site.gus)}
    assert len(answers) == 1


def test_a_token_is_for_a_user_of_its_own_tenant(site: Site) -> None:
    assert site.ada.put(CI, {"user": "gus"}).code == "reference.not_found"
    assert site.ada.put(CI, {"user": "globex/gus"}).code == "reference.not_found"
    assert site.ada.put(CI, {"user": "system/admin"}).code == "reference.not_found"


def test_the_user_of_a_token_cannot_change(site: Site) -> None:
    token(site)
    site.ada.put("tenants/acme/users/bob", {}).ok()
    assert site.ada.patch(CI, {"spec": {"user": "bob"}}).code == "spec.immutable"


def test_changing_a_token_mints_none(site: Site) -> None:
    caller = token(site)
    changed = site.ada.patch(CI, {"spec": {"description": "x"}})
    assert "minted" not in changed.body
    assert caller.get("whoami").status == 200


def test_two_tokens_of_one_user_end_separately(site: Site) -> None:
    first = token(site)
    second = site.caller(site.ada.put("tenants/acme/api_tokens/two", {"user": "ada"}).body["minted"]["token"])
    assert first.token != second.token
    site.ada.delete(CI).ok()
    assert (first.get("whoami").status, second.get("whoami").status) == (401, 200)
