"""Roles: what they allow, where, from when on; and that nobody gives more than they have."""

from __future__ import annotations

from typing import Any

import pytest

from pextra.resources import REGISTRY
from pextra.tenancy import actions, roles
from tests.api.caller import Answer, Caller
from tests.api.site import SMALL, Site

NET = "tenants/acme/networks/front"


def bind(caller: Caller, tenant: str, name: str, role: str, subject: str, kind: str = "user") -> Answer:
    return caller.put(
        f"tenants/{tenant}/role_bindings/{name}", {"role": role, "subject": {"kind": kind, "name": subject}}
    )


def test_the_built_in_roles_are_those_that_the_declaration_reserves() -> None:
    from pextra.resources.role import BUILT_IN

    assert tuple(roles.BUILT_IN) == BUILT_IN


def test_every_role_but_the_owner_has_less_than_the_next_above() -> None:
    def allows(role: str) -> frozenset[str]:
        return roles.actions_of(REGISTRY, role)

    assert allows("owner") == frozenset(actions.names(REGISTRY))
    assert allows("owner") > allows("admin") > allows("member") > allows("reader") > allows("billing")
    assert allows("auditor") == allows("reader") | {"audit.read"}
    assert allows("admin") > allows("operator") > allows("reader")
    for role in ("member", "operator", "reader", "auditor", "billing"):
        assert not {a for a in allows(role) if a.startswith(("user.", "role", "policy.")) and not a.endswith(".read")}


@pytest.mark.parametrize(
    ("role", "reads", "creates", "reboots", "makes_users"),
    [
        ("owner", 200, 201, 202, 201),
        ("admin", 200, 201, 202, 201),
        ("member", 200, 201, 202, 403),
        ("operator", 200, 403, 202, 403),
        ("reader", 200, 403, 403, 403),
        ("auditor", 200, 403, 403, 403),
        ("billing", 404, 404, 404, 403),
        (None, 404, 404, 404, 403),
    ],
)
def test_a_role_allows_what_it_says(
    site: Site, role: str | None, reads: int, creates: int, reboots: int, makes_users: int
) -> None:
    site.ada.put("tenants/acme/instances/web", {"flavor": "small", "image": "system/linux"}).ok()
    eve = site.user("acme", "eve", role)
    assert eve.get("tenants/acme/instances/web").status == reads
    assert eve.put(NET, {}).status == creates
    assert eve.act("tenants/acme/instances/web", "reboot").status == reboots
    assert eve.put("tenants/acme/users/mallory", {}).status == makes_users


def test_a_role_holds_in_the_tenants_below_and_not_beside(site: Site) -> None:
    site.admin.put("tenants/acme.dev/quotas/default", {"unlisted": "unlimited"}).ok()
    eve = site.user("acme", "eve", "member")
    assert eve.put("tenants/acme.dev/networks/n", {}).status == 201
    assert eve.get("tenants/globex/networks").status == 404
    dev = site.user("acme.dev", "dora", "member")
    assert dev.get("tenants/acme/networks").status == 404
    assert [t["metadata"]["name"] for t in dev.get("tenants").body["items"]] == ["acme.dev"]


def test_somebody_with_a_role_in_another_tenant_works_there_and_nowhere_else(site: Site) -> None:
    site.ada.put("tenants/acme/shares/gus", {"kind": "image", "name": "x", "tenants": "all"})  # nothing to share
    site.gus.put("tenants/globex/users/gil", {}).ok()
    foreign = bind(site.ada, "acme", "gil", "member", "globex/gil")
    assert foreign.code == "reference.not_found", "nobody learns who is a user of another tenant"
    site.admin.put("tenants/acme.dev/quotas/default", {"unlisted": "unlimited"}).ok()
    eve = site.user("acme", "eve", None)
    assert eve.get("tenants/acme.dev/networks").status == 404
    bind(site.ada, "acme.dev", "eve", "reader", "acme/eve").ok()
    assert eve.get("tenants/acme.dev/networks").status == 200
    assert eve.get("tenants/acme/networks").status == 403


def test_a_role_that_is_taken_away_is_gone_at_once_on_every_server(any_site: Site) -> None:
    eve = any_site.user("acme", "eve", "member")
    there = any_site.caller(eve.token, any_site.another_app())
    assert there.get("tenants/acme/networks").status == 200
    any_site.ada.delete("tenants/acme/role_bindings/eve").ok()
    assert there.get("tenants/acme/networks").status == 403
    assert there.get(NET).status == 404


def test_a_group_gives_its_roles_to_its_members(any_site: Site) -> None:
    site = any_site
    site.ada.put("tenants/acme/groups/devs", {}).ok()
    bind(site.ada, "acme", "devs", "member", "devs", "group").ok()
    eve = site.user("acme", "eve", None)
    assert eve.put(NET, {}).status == 404
    site.ada.put("tenants/acme/users/eve", {"groups": ["devs"]}).ok()
    assert eve.put(NET, {}).status == 201
    assert eve.get("whoami").body["groups"] == ["acme/devs"]
    site.ada.put("tenants/acme/users/eve", {"groups": []}).ok()
    assert eve.get(NET).status == 404


def test_a_role_of_ones_own_allows_its_actions_and_follows_its_changes(any_site: Site) -> None:
    site = any_site
    site.ada.put("tenants/acme/roles/nets", {"actions": ["network.*"]}).ok()
    eve = site.user("acme", "eve", "nets")
    assert eve.put(NET, {}).status == 201
    assert eve.get("tenants/acme/volumes").status == 403
    site.ada.put("tenants/acme/roles/nets", {"actions": ["network.read", "volume.read"]}).ok()
    assert eve.delete(NET).status == 403
    assert eve.get("tenants/acme/volumes").status == 200


def test_a_role_of_a_tenant_above_can_be_given_below(site: Site) -> None:
    site.admin.put("tenants/acme.dev/quotas/default", {"unlisted": "unlimited"}).ok()
    site.ada.put("tenants/acme/roles/nets", {"actions": ["network.*"]}).ok()
    dev = site.user("acme.dev", "dora", None)
    bind(site.ada, "acme.dev", "dora", "acme/nets", "dora").ok()
    assert dev.put("tenants/acme.dev/networks/n", {}).status == 201
    assert site.ada.delete("tenants/acme/roles/nets").code == "object.in_use"


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"actions": ["network.levitate"]}, "spec.actions[0]"),
        ({"actions": ["Network.read"]}, "spec.actions[0]"),
        ({"actions": []}, "spec.actions"),
    ],
)
def test_a_role_of_what_there_is_not_is_refused(site: Site, spec: dict[str, Any], field: str) -> None:
    refused = site.ada.put("tenants/acme/roles/r", spec)
    assert refused.code == "spec.invalid"
    assert [e["field"] for e in refused.body["errors"]] == [field]


def test_no_role_takes_the_name_of_a_built_in_one(site: Site) -> None:
    assert site.ada.put("tenants/acme/roles/member", {"actions": ["*"]}).code == "spec.invalid"


# --- attacks ---


@pytest.fixture
def hanna(site: Site) -> Caller:
    """Somebody who may write users, roles and bindings, and nothing else."""
    patterns = ["user.*", "role.*", "role_binding.*", "group.*", "api_token.*", "application_credential.*", "policy.*"]
    site.ada.put("tenants/acme/roles/hr", {"actions": [*patterns, "service_account.*"]}).ok()
    return site.user("acme", "hanna", "hr")


def refused(answer: Answer, site: Site, before: dict[str, Any]) -> None:
    assert (answer.status, answer.code) == (403, "auth.escalation"), answer.text
    assert site.world() == before


def test_nobody_binds_a_role_that_is_more_than_they_have(site: Site, hanna: Caller) -> None:
    before = site.world()
    for role in ("owner", "admin", "member", "reader"):
        refused(bind(hanna, "acme", "up", role, "hanna"), site, before)


def test_nobody_makes_or_widens_a_role_beyond_what_they_have(site: Site, hanna: Caller) -> None:
    before = site.world()
    refused(hanna.put("tenants/acme/roles/wide", {"actions": ["*"]}), site, before)
    refused(hanna.put("tenants/acme/roles/hr", {"actions": ["*"]}), site, before)
    refused(hanna.patch("tenants/acme/roles/hr", {"spec": {"actions": ["user.*", "instance.*"]}}), site, before)


def test_nobody_joins_a_group_that_has_more_than_they_have(site: Site, hanna: Caller) -> None:
    site.ada.put("tenants/acme/groups/owners", {}).ok()
    bind(site.ada, "acme", "owners", "owner", "owners", "group").ok()
    before = site.world()
    refused(hanna.put("tenants/acme/users/hanna", {"groups": ["owners"]}), site, before)
    refused(hanna.put("tenants/acme/users/new", {"groups": ["owners"]}), site, before)
    refused(hanna.put("tenants/acme/service_accounts/new", {"groups": ["owners"]}), site, before)


def test_nobody_makes_a_credential_for_somebody_who_has_more(site: Site, hanna: Caller) -> None:
    before = site.world()
    refused(hanna.put("tenants/acme/api_tokens/t", {"user": "ada"}), site, before)
    subject = {"kind": "user", "name": "ada"}
    refused(hanna.put("tenants/acme/application_credentials/t", {"subject": subject}), site, before)
    refused(hanna.put("tenants/acme/users/ada", {"email": "mallory@example.com"}), site, before)
    refused(hanna.delete("tenants/acme/users/ada", cascade=True), site, before)
    refused(hanna.delete("tenants/acme/role_bindings/ada"), site, before)


def test_a_token_for_the_user_of_another_tenant_is_refused(site: Site) -> None:
    refused_ = site.ada.put("tenants/acme/api_tokens/t", {"user": "globex/gus"})
    assert refused_.code == "reference.not_found"


def test_nobody_makes_a_policy_that_permits_what_they_have_not(site: Site, hanna: Caller) -> None:
    before = site.world()
    text = 'permit (principal == User::"acme/hanna", action, resource);'
    refused(hanna.put("tenants/acme/policies/p", {"text": text}), site, before)


def test_a_tenant_and_its_quota_stay_out_of_its_own_owners_reach(site: Site) -> None:
    assert site.ada.put("tenants/acme", {"suspended": False}).code == "auth.denied"
    assert site.ada.put("tenants/acme/quotas/default", {"unlisted": "unlimited"}).code == "auth.denied"
    bound = bind(site.ada, "acme", "cloud", "owner", "system/admin")
    assert bound.code in ("reference.not_found", "auth.escalation")


@pytest.mark.parametrize("field", ["tenant", "tenant_uid", "role", "roles", "is_cloud", "grants", "uid"])
def test_a_field_that_does_not_exist_gives_nothing(site: Site, field: str) -> None:
    assert site.ada.put("tenants/acme/users/eve", {field: "owner"}).code == "spec.invalid"


def test_somebody_without_a_role_reads_themselves_and_looks_after_their_own_tokens(site: Site) -> None:
    eve = site.user("acme", "eve", None)
    assert eve.get("tenants/acme").status == 200
    assert eve.get("tenants/acme/users/eve").status == 200
    assert eve.get("tenants/acme/users/ada").status == 404
    made = eve.put("tenants/acme/api_tokens/mine", {"user": "eve"})
    assert made.status == 201
    assert site.caller(made.body["minted"]["token"]).get("whoami").body["user"] == "eve"
    assert eve.put("tenants/acme/api_tokens/hers", {"user": "ada"}).status == 422, "she cannot even see ada"
    assert {t["metadata"]["name"] for t in eve.get("tenants/acme/api_tokens").body["items"]} == {"eve", "mine"}
    assert eve.delete("tenants/acme/api_tokens/mine").status == 204
    assert eve.delete("tenants/acme/api_tokens/ada").status == 404


# --- application credentials ---


def application(site: Site, **spec: Any) -> Caller:
    """A credential of the service account `deployer`, who is a member."""
    site.ada.put("tenants/acme/service_accounts/deployer", {}).ok()
    bind(site.ada, "acme", "deployer", "member", "deployer", "service_account").ok()
    subject = {"kind": "service_account", "name": "deployer"}
    made = site.ada.put("tenants/acme/application_credentials/ci", {"subject": subject, **spec}).ok()
    return site.caller(made["minted"]["token"])


def test_a_service_account_acts_by_its_credential_until_it_is_disabled(any_site: Site) -> None:
    caller = application(any_site)
    assert caller.put(NET, {}).status == 201
    assert caller.get("whoami").body["kind"] == "service_account"
    any_site.ada.put("tenants/acme/service_accounts/deployer", {"enabled": False}).ok()
    assert caller.get(NET).status == 401


def test_a_credential_leaves_only_the_actions_that_it_names(site: Site) -> None:
    caller = application(site, actions=["network.*"])
    assert caller.put(NET, {}).status == 201
    assert caller.get("tenants/acme/volumes").status == 403
    assert "application_credential acme/ci" in caller.get("tenants/acme/volumes").body["detail"]


def test_a_credential_leaves_only_the_roles_that_it_names_and_never_more_than_its_holder_has(site: Site) -> None:
    caller = application(site, roles=["reader", "owner"], actions=["*.read", "user.create"])
    assert caller.get("tenants/acme/networks").status == 200
    assert caller.put(NET, {}).status == 403
    assert caller.put("tenants/acme/users/x", {}).status == 403


def test_a_credential_leaves_only_the_tenant_that_it_names(site: Site) -> None:
    caller = application(site, tenant="acme.dev")
    assert caller.get("tenants/acme.dev/networks").status == 200
    assert caller.get("tenants/acme/networks").status == 404


def test_a_credential_makes_no_other_even_for_an_owner(site: Site) -> None:
    subject = {"kind": "user", "name": "ada"}
    made = site.ada.put("tenants/acme/application_credentials/all", {"subject": subject}).ok()
    caller = site.caller(made["minted"]["token"])
    before = site.world()
    for path, spec in {
        "api_tokens/x": {"user": "ada"},
        "application_credentials/x": {"subject": subject},
        "application_credentials/all": {"subject": subject, "description": "longer"},
        "users/x": {},
        "role_bindings/x": {"role": "reader", "subject": subject},
        "policies/x": {"text": 'forbid (principal, action == Action::"volume.create", resource);'},
    }.items():
        denied = caller.put(f"tenants/acme/{path}", spec)
        assert (denied.status, denied.code) == (403, "auth.denied"), (path, denied.text)
    assert site.world() == before


def test_an_application_credential_expires(site: Site) -> None:
    caller = application(site, expires_at="2030-01-01T00:00:00Z")
    assert caller.get("whoami").status == 200
    site.clock.advance(20 * 365 * 86_400.0)
    assert caller.get("whoami").status == 401


# --- suspending ---


def test_a_suspended_tenant_shuts_its_people_out_and_not_those_above(any_site: Site) -> None:
    site = any_site
    site.admin.put("tenants/acme", {"suspended": True}).ok()
    for caller in (site.ada, site.dev):
        shut = caller.get("tenants/acme.dev/networks")
        assert (shut.status, shut.code, shut.body["tenant"]) == (403, "tenant.suspended", "acme")
    assert site.ada.put(NET, {}).code == "tenant.suspended"
    assert site.gus.get("tenants/acme/networks").status == 404, "a stranger is not told"
    assert site.admin.put(NET, {}).status == 201
    site.admin.put("tenants/acme", {"suspended": False}).ok()
    assert site.ada.get(NET).status == 200


def test_a_parent_suspends_its_child_and_works_in_it(site: Site) -> None:
    site.ada.put("tenants/acme.dev", {"suspended": True}).ok()
    assert site.dev.get("tenants/acme.dev/networks").code == "tenant.suspended"
    assert site.ada.get("tenants/acme.dev/networks").status == 200


# --- asking ---


def test_can_i_names_what_decides(site: Site) -> None:
    eve = site.user("acme", "eve", "reader")
    yes = eve.send("POST", "can-i", body={"action": "network.read"}).body
    assert (yes["allowed"], yes["reason"]) == (True, "role reader by role_binding acme/eve")
    no = eve.send("POST", "can-i", body={"action": "network.create"}).body
    assert not no["allowed"]
    assert "role reader by role_binding acme/eve" in no["reason"]
    assert eve.send("POST", "can-i", body={"action": "network.fly"}).code == "spec.invalid"
    assert eve.send("POST", "can-i", body={"action": "network.read", "tenant": "globex"}).code == "object.not_found"
    assert eve.send("POST", "can-i", body={"action": "network.read", "tenant": "nobody"}).code == "object.not_found"
    named = {"action": "network.read", "name": "front"}
    assert eve.send("POST", "can-i", body=named).code == "object.not_found"


def test_flavors_and_hosts_are_the_clouds(site: Site) -> None:
    eve = site.user("system", "eve", "operator")
    assert eve.get("hosts").status == 200
    assert eve.put("flavors/mine", SMALL).status == 403
    assert site.user("system", "root", "admin").put("flavors/mine", SMALL).status == 201


def test_gpu_profiles_are_the_clouds_and_a_tenants_instances_use_them(site: Site) -> None:
    machine = {"vcpus": 8, "memory_mib": 16_384, "gpus": {"model": "l4", "count": 1}}
    site.admin.put("hosts/gpu-1", {"driver": "sim", "simulated": machine}).ok()
    site.admin.put("gpu_profiles/l4", {"models": ["l4"]}).ok()
    eve = site.user("acme", "eve", "member")
    assert eve.get("gpu_profiles").ok()["items"][0]["metadata"]["name"] == "l4"
    assert eve.put("gpu_profiles/mine", {}).status == 403
    spec = {"flavor": "small", "image": "system/linux", "gpus": {"profile": "l4"}}
    eve.put("tenants/acme/instances/trainer", spec).ok()
    site.converge()
    status = eve.get("tenants/acme/instances/trainer").ok()["status"]
    assert [(gpu["model"], gpu["mode"]) for gpu in status["gpus"]] == [("l4", "whole")]
