"""Pruning plans to delete what bears the labels and is not in the plan, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.everything import make_everything
from tests.api.site import Site
from tests.api.test_plan import put

MINE = {"labels": "made-by=tests", "tenant": "acme"}


@pytest.fixture
def whole(site: Site) -> Site:
    make_everything(site)
    return site


def deleted(plan: Any) -> set[str]:
    return {f"{c['kind']} {c['name']}" for c in plan["changes"] if c["verb"] == "delete"}


def test_what_bears_the_labels_and_is_not_in_the_plan_would_go(whole: Site) -> None:
    plan = whole.ada.plan(put("network", "front"), prune={**MINE, "kinds": ["network", "volume"]}).ok()
    assert deleted(plan) == {"volume data"}


def test_what_does_not_bear_the_labels_stays(whole: Site) -> None:
    whole.ada.put("tenants/acme/volumes/other", {"size_gib": 1}, labels={"made-by": "hand"}).ok()
    plan = whole.ada.plan(prune={**MINE, "kinds": ["volume"]}).ok()
    assert deleted(plan) == {"volume data"}


def test_without_kinds_every_kind_of_the_tenant_is_pruned_in_an_order_that_works(whole: Site) -> None:
    plan = whole.ada.plan(prune=MINE).ok()
    assert deleted(plan) == {
        "user bob", "api_token bob", "image mine", "ssh_key ada", "network front", "subnet front-v4",
        "security_group web", "placement_group web", "volume data", "instance web-1", "share mine",
        "secret bootstrap", "group developers", "router core", "address_group offices",
        "service_account deployer", "role keeper", "role_binding keepers", "policy sizes",
        "application_credential pipeline", "identity_provider company",
    }  # fmt: skip
    order = [f"{c['kind']} {c['name']}" for c in plan["changes"]]
    assert order.index("instance web-1") < order.index("volume data")


def test_of_objects_of_one_kind_those_that_refer_to_others_go_first(whole: Site) -> None:
    labels = {"made-by": "chain"}
    for name, named in (("b", "b"), ("a", "b"), ("d", "a"), ("c", "d")):
        rules = [{"direction": "ingress", "remote_group": named}]
        whole.ada.put(f"tenants/acme/security_groups/{name}", {"rules": rules}, labels=labels).ok()
    plan = whole.ada.plan(prune={**MINE, "labels": "made-by=chain"}).ok()
    assert [(c["name"], c["problems"]) for c in plan["changes"]] == [(name, []) for name in "cdab"]


def test_other_tenants_are_not_pruned(whole: Site) -> None:
    whole.gus.put("tenants/globex/volumes/data", {"size_gib": 1}, labels={"made-by": "tests"}).ok()
    assert all(c["tenant"] == "acme" for c in whole.admin.plan(prune=MINE).body["changes"])


@pytest.mark.parametrize("tenant", ["globex", "none"])
def test_a_tenant_that_the_caller_does_not_reach_cannot_be_pruned(whole: Site, tenant: str) -> None:
    refused = whole.ada.plan(prune={"labels": "a", "tenant": tenant})
    assert refused.code == "object.not_found"


def test_a_selector_that_is_none_prunes_nothing(whole: Site) -> None:
    assert whole.ada.plan(prune={"labels": "a b", "tenant": "acme"}).code == "request.parameter"
