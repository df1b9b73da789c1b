"""Who an identity provider says somebody is counts for exactly those whom the tenant means, and no longer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pextra.services.authentication import authenticate
from pextra.services.proving import prove
from tests.api.caller import Answer, Caller
from tests.api.identity_world import (
    COMPANY,
    USER,
    World,
    trusting,
)
from tests.api.site import Site
from tests.labs.oidc import Provider


@pytest.fixture
def world(site: Site, idp: Provider) -> World:
    return trusting(site, idp)


# --- what is revoked is refused at once, by every replica ---

REVOCATIONS: dict[str, Callable[[World], Answer]] = {
    "the user is disabled": lambda w: w.site.ada.patch(USER, {"spec": {"enabled": False}}),
    "the user is deleted": lambda w: w.site.ada.delete(USER),
    "the user is somebody else": lambda w: w.site.ada.patch(USER, {"spec": {"identity": {"subject": "other"}}}),
    "the user is nobody there": lambda w: w.site.ada.patch(USER, {"spec": {"identity": None}}),
    "the provider is disabled": lambda w: w.site.ada.patch(COMPANY, {"spec": {"enabled": False}}),
    "the audience is another": lambda w: w.site.ada.patch(COMPANY, {"spec": {"oidc": {"audiences": ["new"]}}}),
    "the tenant is being deleted": lambda w: w.site.admin.delete("tenants/acme", cascade=True),
}


@pytest.mark.parametrize("how", REVOCATIONS)
def test_what_is_revoked_is_refused_at_once_by_every_replica(world: World, how: str) -> None:
    replica = world.site.another_app()
    token = world.token()
    assert Caller(replica, token).get("whoami").status == 200
    REVOCATIONS[how](world).ok()
    assert world.refuses(token)
    assert Caller(replica, token).get("whoami").code == "auth.unauthenticated"


def test_the_users_of_a_suspended_tenant_are_shut_out_with_their_tokens(world: World) -> None:
    world.site.admin.patch("tenants/acme", {"spec": {"suspended": True}}).ok()
    answer = world.site.caller(world.token()).get("tenants/acme/networks")
    assert (answer.status, answer.code) == (403, "tenant.suspended")


def test_settings_that_change_while_a_token_is_verified_are_not_passed_over(world: World) -> None:
    proof = prove(world.site.cloud, world.token())
    world.trust(world.oidc(algorithms=["ES256"]))
    with pytest.raises(Exception, match="was changed"):
        world.site.database.read(lambda tx: authenticate(world.site.cloud, tx, proof))


# --- rights ---


def with_group(world: World, **spec: Any) -> None:
    """The provider's `staff` are the group `builders`, who may do what members do."""
    ada = world.site.ada
    ada.put("tenants/acme/groups/builders", {}).ok()
    ada.put("tenants/acme/role_bindings/builders", {"role": "member", "subject": {"kind": "group", "name": "builders"}})
    world.trust(groups=[{"theirs": "staff", "group": "builders"}], **spec)


def test_groups_there_are_groups_here_while_the_token_says_so(world: World) -> None:
    with_group(world)
    caller = world.site.caller(world.token(groups=["staff", "others"]))
    assert caller.get("whoami").ok()["groups"] == ["acme/builders"]
    caller.put("tenants/acme/networks/front", {}).ok()
    other = world.site.caller(world.token(groups=["others"]))
    assert other.get("whoami").ok()["groups"] == []
    assert other.put("tenants/acme/networks/back", {}).status in (403, 404)


@pytest.mark.parametrize("groups", [None, 7, {"staff": True}, [["staff"]], "staffing"])
def test_groups_in_another_form_are_none(world: World, groups: Any) -> None:
    with_group(world)
    assert world.whoami(groups=groups).ok()["groups"] == []


def test_the_audit_log_tells_that_it_was_the_providers_token(world: World) -> None:
    with_group(world)
    provider_uid = world.site.ada.get(COMPANY).ok()["metadata"]["uid"]
    world.site.caller(world.token(groups=["staff"])).put("tenants/acme/networks/front", {}).ok()
    world.site.number_events()
    entries = world.site.ada.get("tenants/acme/audit", limit=500).ok()["items"]
    entry = next(each for each in entries if each["action"] == "network.create")
    assert entry["principal"]["credential"] == provider_uid
    assert entry["principal"]["name"] == "lovelace"


def test_policies_know_such_a_credential(world: World) -> None:
    with_group(world)
    text = (
        'forbid (principal, action == Action::"network.create", resource) '
        'when { context.credential == "identity_provider" };'
    )
    world.site.ada.put("tenants/acme/policies/own-tokens", {"text": text}).ok()
    refused = world.site.caller(world.token(groups=["staff"])).put("tenants/acme/networks/front", {})
    assert refused.code == "auth.denied"


def test_nobody_becomes_somebody_with_more_rights_by_an_identity(world: World) -> None:
    """Who may write users but no more can name no identity that the provider might put into a group with more."""
    ada = world.site.ada
    with_group(world)
    ada.put("tenants/acme/roles/clerk", {"actions": ["user.*", "group.read", "identity_provider.*"]}).ok()
    clerk = world.site.user("acme", "clerk", "clerk")
    identity = {"identity": {"provider": "company", "subject": "me"}}
    assert clerk.put("tenants/acme/users/new", identity).code == "auth.escalation"
    assert clerk.patch(USER, {"spec": {"display_name": "Ada"}}).status == 200
    assert clerk.patch("tenants/acme/users/ada", {"spec": identity}).code == "auth.escalation"


def test_nobody_points_a_provider_elsewhere_whose_users_or_groups_have_more_rights(world: World) -> None:
    ada = world.site.ada
    ada.put("tenants/acme/roles/clerk", {"actions": ["user.read", "group.read", "identity_provider.*"]}).ok()
    clerk = world.site.user("acme", "clerk", "clerk")
    evil = {"oidc": world.oidc(issuer="https://evil.example")}
    clerk.put("tenants/acme/identity_providers/mine", evil).ok()  # nobody comes in by it
    clerk.put(COMPANY, evil).ok()  # nor by this with any right
    world.trust()
    ada.put("tenants/acme/role_bindings/l", {"role": "owner", "subject": {"kind": "user", "name": "lovelace"}}).ok()
    assert clerk.put(COMPANY, evil).code == "auth.escalation"
    ada.delete("tenants/acme/role_bindings/l").ok()
    with_group(world)
    assert clerk.patch(COMPANY, {"spec": evil}).code == "auth.escalation"
    staff = {**evil, "groups": [{"theirs": "x", "group": "builders"}]}
    assert clerk.put("tenants/acme/identity_providers/mine", staff).code == "auth.escalation"


def test_no_two_users_are_one_subject(world: World) -> None:
    identity = {"identity": {"provider": "company", "subject": "7f3a"}}
    taken = world.site.ada.put("tenants/acme/users/other", identity)
    assert (taken.status, taken.code) == (409, "object.conflict")
    world.site.ada.delete(USER).ok()
    world.site.ada.put("tenants/acme/users/other", identity).ok()
    assert world.whoami().ok()["user"] == "other"


def test_a_provider_whom_users_name_stays(world: World) -> None:
    assert world.site.ada.delete(COMPANY).code == "object.in_use"
    world.site.ada.delete(USER).ok()
    world.site.ada.delete(COMPANY).ok()
    assert world.refuses()


# --- users that are made when they come ---


def test_a_stranger_is_made_a_user_where_the_tenant_wants_that_with_no_right_but_its_groups(world: World) -> None:
    with_group(world, provision=True)
    known = world.whoami(sub="new", preferred_username="Grace.Hopper@example.com", groups=["staff"]).ok()
    assert (known["user"], known["groups"]) == ("grace-hopper", ["acme/builders"])
    made = world.site.ada.get("tenants/acme/users/grace-hopper").ok()["spec"]
    assert made["identity"] == {"provider": "company", "subject": "new"}
    assert made["groups"] == []
    again = world.whoami(sub="new", preferred_username="Grace Murray")
    assert again.ok()["user"] == "grace-hopper"
    assert again.ok()["groups"] == []


@pytest.mark.parametrize("name", ["admin\n", "../x", "ada", "", "🦆", "9", None, "x" * 250, {"a": 1}])
def test_whatever_a_stranger_is_called_the_user_is_a_new_one_with_a_proper_name(world: World, name: Any) -> None:
    world.trust(provision=True)
    before = {each["metadata"]["name"] for each in world.site.ada.get("tenants/acme/users").ok()["items"]}
    made = world.whoami(sub="new", preferred_username=name).ok()["user"]
    assert made not in before
    assert world.whoami(sub="newer", preferred_username=name).ok()["user"] not in {made, *before}


def test_no_user_is_made_beyond_the_quota_and_the_refusal_says_so(world: World) -> None:
    world.trust(provision=True)
    used = len(world.site.ada.get("tenants/acme/users").ok()["items"])
    limits = {"users": used + 5}  # five are granted to the tenant below
    world.site.admin.put("tenants/acme/quotas/default", {"unlisted": "unlimited", "limits": limits}).ok()
    assert world.whoami(sub="new").code == "quota.exceeded"


def test_nobody_is_made_a_user_of_a_suspended_tenant_or_by_a_provider_that_is_switched_off(world: World) -> None:
    world.trust(provision=True)
    world.site.admin.patch("tenants/acme", {"spec": {"suspended": True}}).ok()
    assert world.refuses(sub="new")
    world.site.admin.patch("tenants/acme", {"spec": {"suspended": False}}).ok()
    world.trust(provision=True, enabled=False)
    assert world.refuses(sub="new")
    world.trust(provision=True)
    assert world.refuses(sub="new", aud="another")
    assert len(world.site.ada.get("tenants/acme/users").ok()["items"]) == 2


# --- several tenants ---


def test_of_tenants_that_trust_one_issuer_for_one_audience_the_first_is_meant_unless_the_token_is_told(
    world: World,
) -> None:
    gus = world.site.gus
    world.site.clock.advance(1)
    gus.put("tenants/globex/identity_providers/same", {"oidc": world.oidc()}).ok()
    gus.put("tenants/globex/users/g", {"identity": {"provider": "same", "subject": "7f3a"}}).ok()
    token = world.token()
    assert world.whoami(token).ok()["tenant"] == "acme"
    assert world.whoami(f"acme/company~{token}").ok()["tenant"] == "acme"
    assert world.whoami(f"globex/same~{token}").ok()["tenant"] == "globex"
    assert world.refuses(f"globex/none~{token}")
    assert world.refuses(f"nowhere/same~{token}")


def test_who_comes_later_takes_no_tokens_away_and_who_changes_keeps_its_place(world: World) -> None:
    world.site.clock.advance(1)
    world.site.gus.put("tenants/globex/identity_providers/same", {"oidc": world.oidc()}).ok()
    world.site.clock.advance(1)
    world.trust(world.oidc(audiences=["pextra", "more"]))
    assert world.whoami().ok()["tenant"] == "acme"


def test_tenants_with_audiences_of_their_own_share_an_issuer(world: World) -> None:
    gus = world.site.gus
    gus.put("tenants/globex/identity_providers/same", {"oidc": world.oidc(audiences=["pextra-globex"])}).ok()
    gus.put("tenants/globex/users/g", {"identity": {"provider": "same", "subject": "7f3a"}}).ok()
    assert world.whoami(aud="pextra-globex").ok()["tenant"] == "globex"
    assert world.refuses(f"acme/company~{world.token(aud='pextra-globex')}")
