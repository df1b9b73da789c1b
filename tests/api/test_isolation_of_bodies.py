"""What names objects in its body - questions, plans, references - says of a foreign object what it says of none."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from pextra.declaration.fields import set_at, values_at
from pextra.declaration.kind import Kind, Scope
from pextra.resources import REGISTRY
from pextra.tenancy import actions
from tests.api import strangers
from tests.api.caller import Answer
from tests.api.site import Site
from tests.api.strangers import NO_TENANT, TENANT, Foreign

ACTIONS: Final = actions.names(REGISTRY)

READ_BY_ALL = {"flavor", "gpu_profile", "address_pool"}


@pytest.fixture(scope="module")
def foreign(both: Site) -> dict[str, Foreign]:
    """What the first tenant has."""
    return strangers.foreign_objects(both)


@pytest.mark.parametrize("suspend", [False, True], ids=["active", "suspended"])
def test_can_i_says_of_a_foreign_tenant_and_object_what_it_says_of_none(
    both: Site, foreign: dict[str, Foreign], suspend: bool
) -> None:
    def ask(action: str, tenant: str, name: str | None) -> tuple[Callable[[], Answer], tuple[str, ...]]:
        body = {"action": action, "tenant": tenant} | ({} if name is None else {"name": name})
        return lambda: both.gus.send("POST", "can-i", body=body), (name or "", tenant)

    with strangers.suspended(both, suspend=suspend):
        for action, kind in ACTIONS.items():
            strangers.assert_alike(both, [ask(action, TENANT, None), ask(action, NO_TENANT, None)], action)
            if kind is None or kind.name in READ_BY_ALL:
                continue
            about = foreign[kind.plural]
            tenant = "acme.ops" if kind.name == "quota" else TENANT
            asked = [ask(action, tenant, about.name), ask(action, tenant, about.absent_name)]
            if kind.scope is Scope.TENANT:
                asked.append(ask(action, NO_TENANT, about.name))
            strangers.assert_alike(both, asked, action)


@pytest.mark.parametrize(
    "kind",
    [k for k in REGISTRY if k.writable and k.name not in READ_BY_ALL],
    ids=lambda k: k.name,
)
def test_a_plan_about_a_foreign_object_is_one_about_nothing(
    both: Site, foreign: dict[str, Foreign], kind: Kind
) -> None:
    about = foreign[kind.plural]

    def plan(verb: str, uid: str | None, tenant: str, name: str) -> tuple[Callable[[], Answer], tuple[str, ...]]:
        metadata = {"name": name} | ({"tenant": tenant} if kind.scope is Scope.TENANT else {})
        metadata |= {"uid": uid} if uid is not None else {}
        manifest = {"kind": kind.name, "metadata": metadata, "spec": about.view["spec"]}
        return lambda: both.gus.plan({"verb": verb, "object": manifest}), (name, tenant)

    tenant = "acme.ops" if kind.name == "quota" else TENANT
    for verb in ("put", "delete"):
        for uid in (None, about.uid):
            asked = [plan(verb, uid, tenant, about.name), plan(verb, uid, tenant, about.absent_name)]
            if kind.scope is Scope.TENANT:
                asked.append(plan(verb, uid, NO_TENANT, about.name))
            strangers.assert_alike(both, asked, f"a plan to {verb} a {kind.name}")


def test_a_plan_to_prune_a_foreign_tenant_is_one_of_none(both: Site) -> None:
    def prune(tenant: str) -> tuple[Callable[[], Answer], tuple[str, ...]]:
        return lambda: both.gus.plan(prune={"labels": "made-by=tests", "tenant": tenant}), (tenant,)

    assert strangers.assert_alike(both, [prune("acme"), prune("acne"), prune("acme.ops")], "prune")[0] == 404


def test_a_policy_test_knows_nothing_of_anybody(both: Site) -> None:
    def tried(tenant: str, name: str) -> tuple[Callable[[], Answer], tuple[str, ...]]:
        text = f'permit (principal == User::"{tenant}/{name}", action, resource);'
        case = {
            "principal": {"name": f"{tenant}/{name}"},
            "action": "volume.read",
            "resource": {"tenant": tenant, "name": name},
            "expect": "permit",
        }
        body = {"policies": {"p": text}, "cases": [case]}
        return lambda: both.gus.send("POST", "policy-test", body=body), (name, tenant)

    strangers.assert_alike(both, [tried("acme", "ada"), tried("acme", "adq"), tried("acne", "ada")], "policy-test")


def _specs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Kind, path and spec of what refers to others, once for each of what excludes one another."""
    for kind, (path, spec) in strangers.EVERYTHING.items():
        if path.startswith("tenants/acme/"):
            yield kind, path, spec
    path, spec = strangers.EVERYTHING["instance"]
    other = {"user_data_from": {"secret": "bootstrap", "entry": "password"}}
    yield "instance", path, {name: value for name, value in spec.items() if name != "user_data"} | other
    path, _ = strangers.EVERYTHING["security_group"]
    others = ({"remote_addresses": "offices"}, {"remote_group": "web"})
    yield "security_group", path, {"rules": [{"direction": "ingress"} | other for other in others]}
    path, spec = strangers.EVERYTHING["identity_provider"]
    account = {"dn": "cn=looker,dc=example,dc=com", "secret": "bootstrap", "entry": "password"}
    search = {"base_dn": "dc=example,dc=com", "account": account}
    directory = {"servers": ["ldaps://directory.example.com"], "search": search}
    yield "identity_provider", path, {"groups": spec["groups"], "ldap": directory}


def _references() -> Iterator[tuple[str, str, dict[str, Any], str, str]]:
    """Kind, path and spec of an object, a field of it that names another, and the kind that this is of."""
    for kind, path, spec in _specs():
        for facts in REGISTRY[kind].references:
            assert facts.ref is not None
            for place, _, holder in values_at(spec, facts.path):
                yield kind, path, spec, place, facts.ref.kind or str(holder["kind"])


REFERENCES: Final = {(kind, place): (path, spec, target) for kind, path, spec, place, target in _references()}


def test_every_field_that_refers_is_tried() -> None:
    """Make an object in tests/api/everything.py whose spec sets the field, when this fails."""
    declared = {(k.name, f.path) for k in REGISTRY if k.scope is Scope.TENANT and k.writable for f in k.references}
    tried = {(kind, re.sub(r"\[\d+\]", "[]", place)) for kind, place in REFERENCES}
    untried = {(kind, path) for kind, path in declared - tried if "*" not in path}
    assert untried == set()


@pytest.mark.parametrize(("kind", "place"), REFERENCES)
def test_a_reference_to_a_foreign_object_is_one_to_nothing(
    both: Site, foreign: dict[str, Foreign], kind: str, place: str
) -> None:
    _, spec, target = REFERENCES[kind, place]
    about = foreign[REGISTRY[target].plural]

    def refer(text: str, *, plan: bool) -> tuple[Callable[[], Answer], tuple[str, ...]]:
        changed = strangers.below_globex(copy.deepcopy(spec))
        set_at(changed, place, text)
        manifest = {"kind": kind, "metadata": {"name": "fresh", "tenant": "globex"}, "spec": changed}
        if plan:
            return lambda: both.gus.plan({"verb": "put", "object": manifest}), (text,)
        return lambda: both.gus.put(f"tenants/globex/{REGISTRY[kind].plural}/fresh", changed), (text,)

    before = both.world()
    texts = (f"{TENANT}/{about.name}", f"{TENANT}/{about.absent_name}", f"{NO_TENANT}/{about.name}")
    for plan in (False, True):
        answer = strangers.assert_alike(both, [refer(text, plan=plan) for text in texts], f"{kind}.{place}")
        assert answer[0] == (200 if plan else 422)
        assert plan or kind == "share" or "reference.not_found" in answer[1], "refused for something else"
    assert both.world() == before
