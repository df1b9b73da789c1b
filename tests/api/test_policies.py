"""Attribute policies: what they forbid and permit, whom they bind, and what is refused of them."""

from __future__ import annotations

from typing import Any

import pytest

from pextra.resources import REGISTRY
from pextra.tenancy import cedar_schema, policies
from pextra.tenancy.policies import Actor, Circumstances, Outcome, PolicySet, Target
from tests.api.caller import Answer, Caller
from tests.api.site import Site

BIG = """forbid (principal, action in [Action::"volume.create", Action::"volume.update"], resource)
when { resource.spec.size_gib > 5 };"""


def policy(caller: Caller, name: str, text: str, tenant: str = "acme", **spec: Any) -> Answer:
    return caller.put(f"tenants/{tenant}/policies/{name}", {"text": text, **spec})


def test_what_a_policy_forbids_is_refused_with_its_name(any_site: Site) -> None:
    site = any_site
    policy(site.ada, "small", BIG).ok()
    assert site.ada.put("tenants/acme/volumes/v", {"size_gib": 5}).status == 201
    refused = site.ada.put("tenants/acme/volumes/w", {"size_gib": 6})
    assert (refused.status, refused.code, refused.body["policies"]) == (403, "auth.denied", ["acme/small#1"])
    grown = site.ada.put("tenants/acme/volumes/v", {"size_gib": 6})
    assert grown.body["policies"] == ["acme/small#1"], "what it would become counts too"
    site.ada.put("tenants/acme/policies/small", {"text": BIG, "enabled": False}).ok()
    assert site.ada.put("tenants/acme/volumes/w", {"size_gib": 6}).status == 201


def test_a_policy_counts_at_once_on_every_server_and_goes_with_its_deletion(any_site: Site) -> None:
    site = any_site
    there = site.caller(site.tokens["ada"], site.another_app())
    assert there.put("tenants/acme/volumes/a", {"size_gib": 6}).status == 201
    policy(site.ada, "small", BIG).ok()
    assert there.put("tenants/acme/volumes/b", {"size_gib": 6}).status == 403
    site.ada.delete("tenants/acme/policies/small").ok()
    assert there.put("tenants/acme/volumes/b", {"size_gib": 6}).status == 201


def test_what_a_rolled_back_write_said_is_never_taken_for_what_stands(site: Site) -> None:
    assert site.ada.put("tenants/acme/policies/small", {"text": BIG}, dry_run=True).status == 200
    assert site.ada.put("tenants/acme/volumes/a", {"size_gib": 6}).status == 201
    policy(site.ada, "small", BIG.replace("> 5", "> 50")).ok()
    assert site.ada.put("tenants/acme/volumes/b", {"size_gib": 6}).status == 201
    assert site.ada.put("tenants/acme/volumes/c", {"size_gib": 51}).status == 403


def test_a_permit_allows_what_no_role_does_and_a_forbid_wins_over_it(site: Site) -> None:
    eve = site.user("acme", "eve", "reader")
    permit = """permit (principal, action == Action::"network.create", resource)
        when { resource.hasTag("env") && resource.getTag("env") == "dev" };"""
    policy(site.ada, "dev", permit).ok()
    assert eve.put("tenants/acme/networks/a", {}).status == 403
    assert eve.put("tenants/acme/networks/a", {}, labels={"env": "dev"}).status == 201
    policy(site.ada, "none", 'forbid (principal == User::"acme/eve", action, resource is Network);').ok()
    assert eve.put("tenants/acme/networks/b", {}, labels={"env": "dev"}).body["policies"] == ["acme/none#1"]
    assert eve.get("tenants/acme/networks/a").status == 404


def test_what_may_not_be_read_is_in_no_list_no_watch_and_no_reference(site: Site) -> None:
    site.ada.put("tenants/acme/networks/open", {}).ok()
    site.ada.put("tenants/acme/networks/closed", {}, labels={"closed": "yes"}).ok()
    policy(
        site.ada,
        "closed",
        """forbid (principal == User::"acme/eve", action == Action::"network.read", resource)
        when { resource.hasTag("closed") };""",
    ).ok()
    eve = site.user("acme", "eve", "member")
    assert [n["metadata"]["name"] for n in eve.get("tenants/acme/networks").body["items"]] == ["open"]
    assert eve.get("tenants/acme/networks/closed").status == 404
    assert eve.delete("tenants/acme/networks/closed").status == 404
    subnet = {"network": "closed", "cidr": "10.0.0.0/24"}
    assert eve.put("tenants/acme/subnets/s", subnet).code == "reference.not_found"
    assert eve.put("tenants/acme/subnets/s", subnet | {"network": "open"}).status == 201


def test_policies_look_at_who_asks_from_where_and_when(site: Site) -> None:
    policy(
        site.ada,
        "office",
        """forbid (principal, action == Action::"volume.create", resource)
        unless { context has source_ip && context.source_ip.isInRange(ip("127.0.0.0/8")) };
        forbid (principal, action == Action::"network.create", resource)
        unless { context.time < datetime("2000-01-01T00:00:00Z") };
        forbid (principal, action == Action::"image.create", resource)
        when { context.credential == "api_token" };
        forbid (principal in Group::"acme/temps", action == Action::"ssh_key.create", resource);""",
    ).ok()
    assert site.ada.put("tenants/acme/volumes/v", {"size_gib": 1}).status == 201
    assert site.ada.put("tenants/acme/networks/n", {}).body["policies"] == ["acme/office#2"]
    image = {"url": "sim://linux", "sha256": "0" * 64}
    assert site.ada.put("tenants/acme/images/i", image).body["policies"] == ["acme/office#3"]
    site.ada.put("tenants/acme/groups/temps", {}).ok()
    eve = site.user("acme", "eve", "member")
    key = {"public_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0000000000000000000000000000000000000000000 e"}
    assert eve.put("tenants/acme/ssh_keys/a", key).status == 201
    site.ada.put("tenants/acme/users/eve", {"groups": ["temps"]}).ok()
    assert eve.put("tenants/acme/ssh_keys/b", key).body["policies"] == ["acme/office#4"]


def test_policies_see_what_an_object_costs(site: Site) -> None:
    text = """forbid (principal, action in [Action::"instance.create", Action::"instance.update"], resource)
        when { resource.charge has vcpus && resource.charge.vcpus > 1 };"""
    policy(site.ada, "one", text).ok()
    site.admin.put("flavors/two", {"vcpus": 2, "memory_mib": 512, "disk_gib": 4}).ok()
    assert site.ada.put("tenants/acme/instances/a", {"flavor": "small", "image": "system/linux"}).status == 201
    assert site.ada.put("tenants/acme/instances/b", {"flavor": "two", "image": "system/linux"}).status == 403
    assert site.ada.patch("tenants/acme/instances/a", {"spec": {"flavor": "two"}}).status == 403


def test_policies_bind_below_and_not_those_who_act_from_above(site: Site) -> None:
    site.admin.put("tenants/acme.dev/quotas/default", {"unlisted": "unlimited"}).ok()
    policy(site.ada, "small", BIG).ok()
    assert site.dev.put("tenants/acme.dev/volumes/v", {"size_gib": 6}).status == 403
    assert site.admin.put("tenants/acme/volumes/v", {"size_gib": 6}).status == 201
    policy(site.dev, "none", 'forbid (principal, action == Action::"network.create", resource);', "acme.dev").ok()
    assert site.dev.put("tenants/acme.dev/networks/n", {}).status == 403
    assert site.ada.put("tenants/acme.dev/networks/n", {}).status == 201
    assert site.gus.put("tenants/globex/volumes/v", {"size_gib": 6}).status == 201


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("forbid (principal, action", "unexpected end"),
        ('forbid (principal, action == Action::"volume.creat", resource);', "volume.creat"),
        ('forbid (principal, action == Action::"volume.create", resource) when { resource.spec.sise > 1 };', "sise"),
        ("permit (principal == ?principal, action, resource);", "slot"),
        ("// nothing", "says nothing"),
        (
            'forbid (principal, action == Action::"volume.create", resource) when { resource.getTag("a") == "b" };',
            "tag",
        ),
    ],
)
def test_a_policy_that_cannot_be_right_is_refused_at_its_field(site: Site, text: str, message: str) -> None:
    refused = policy(site.ada, "p", text)
    assert refused.code == "spec.invalid"
    (fault,) = refused.body["errors"]
    assert fault["field"] == "spec.text"
    assert message in fault["message"]


def test_a_policy_that_shuts_out_its_author_is_refused_and_one_from_above_is_not(site: Site) -> None:
    before = site.world()
    for text in (
        "forbid (principal, action, resource);",
        'forbid (principal, action in Action::"policy", resource);',
        'forbid (principal in Tenant::"acme", action == Action::"policy.delete", resource);',
    ):
        assert policy(site.ada, "all", text).code == "policy.locks_out"
    assert site.world() == before
    policy(site.admin, "all", "forbid (principal, action, resource);").ok()
    site.admin.put("tenants/acme/networks/n", {}).ok()
    assert site.ada.get("tenants/acme/networks").body["items"] == []
    assert site.ada.get("tenants/acme/networks/n").status == 404
    site.admin.delete("tenants/acme/policies/all").ok()
    assert site.ada.get("tenants/acme/networks/n").status == 200


def test_a_cloud_whose_owner_shut_everybody_out_is_opened_by_a_break_glass_token(site: Site) -> None:
    eve = site.user("system", "eve", "owner")
    text = 'forbid (principal, action, resource) unless { principal == User::"system/eve" };'
    policy(eve, "mine", text, "system").ok()
    assert site.admin.delete("tenants/system/policies/mine").status in (403, 404)
    from pextra.services.bootstrap import break_glass

    token = break_glass(site.cloud)
    assert site.caller(token).delete("tenants/system/policies/mine").status == 204
    assert site.admin.get("tenants/system/policies").status == 200
    site.clock.advance(3_601)
    assert site.caller(token).get("whoami").status == 401


def test_a_thousand_statements_are_possible_and_no_more(site: Site) -> None:
    one = 'forbid (principal, action == Action::"volume.create", resource) when {{ resource.spec.size_gib == {} }};'
    for part in range(4):
        text = "\n".join(one.format(1000 + part * 256 + n) for n in range(256))
        policy(site.ada, f"p{part}", text).ok()
    assert site.ada.put("tenants/acme/volumes/v", {"size_gib": 2}).status == 201
    assert site.ada.put("tenants/acme/volumes/w", {"size_gib": 1_255}).body["policies"] == ["acme/p0#256"]
    refused = policy(site.ada, "p4", one.format(3))
    assert refused.code == "spec.invalid"
    assert "1025 statements" in refused.body["detail"]


def test_a_statement_that_cannot_be_evaluated_forbids() -> None:
    text = """forbid (principal, action == Action::"volume.create", resource)
        when { resource.spec.size_gib * 9223372036854775807 > 5 };
        permit (principal, action, resource);"""
    statements = policies.parse(REGISTRY, text)
    compiled = PolicySet(REGISTRY, {f"acme/p#{n}": s for n, s in enumerate(statements, 1)})
    actor = Actor("user", "acme/ada", "u", {}, REGISTRY["user"].effective({}))
    target = Target("volume", "acme", "v", spec=REGISTRY["volume"].effective({"size_gib": 3}))
    outcome = compiled.decide("volume.create", actor, target, Circumstances(0, None, "api_token"))
    assert outcome == Outcome("forbid", ("acme/p#1",), faulty=True)


def test_every_field_that_policies_see_is_of_the_type_that_the_schema_says() -> None:
    """Every kind's example is accepted by Cedar as an entity of the schema."""
    import json

    import cedarpy

    schema = cedar_schema.of_registry(REGISTRY)
    for kind in REGISTRY:
        if not kind.example:
            continue
        spec = kind.effective(kind.parse(kind.example["spec"], kind.name))
        compiled = PolicySet(REGISTRY, {})
        actor = Actor("user", "acme/ada", "u", {"a": "b"}, REGISTRY["user"].effective({}), ("acme/g",))
        tenant = "acme" if kind.scope == "tenant" else None
        target = Target(kind.name, tenant, "x", "u", {"a": "b"}, spec, kind.charged(spec, {}) if tenant else {})
        entities = compiled.entities(f"{kind.name}.read", actor, target)
        cedarpy.Entities.from_json_str(json.dumps(entities), schema)


def test_policies_are_tried_without_being_stored(site: Site) -> None:
    before = site.world()
    case = {
        "name": "six is too much",
        "principal": {"name": "acme/ada"},
        "action": "volume.create",
        "resource": {"tenant": "acme", "spec": {"size_gib": 6}},
        "expect": "forbid",
    }
    five = case | {"name": "five is not", "resource": {"tenant": "acme", "spec": {"size_gib": 5}}, "expect": "none"}
    body = {"policies": {"small": BIG}, "cases": [case, five]}
    said = site.ada.send("POST", "policy-test", body=body).ok()
    assert said["passed"]
    assert [(r["said"], r["policies"]) for r in said["results"]] == [("forbid", ["small#1"]), ("none", [])]
    body["cases"] = [five | {"expect": "permit"}]
    assert not site.ada.send("POST", "policy-test", body=body).ok()["passed"]
    body["policies"] = {"small": "forbid ("}
    assert site.ada.send("POST", "policy-test", body=body).body["errors"][0]["field"] == "test.policies.small"
    assert site.world() == before
