"""What comes in several models is counted as a whole and by model, and limited as either."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pextra.resources import REGISTRY
from pextra.store.database import Database
from tests.api.board import BOARD
from tests.api.caller import Answer
from tests.api.site import Site
from tests.api.templates import SqliteTemplate
from tests.store.clock import ManualClock

ROOM = {"boards": 100}


@pytest.fixture
def site(sqlite_template: SqliteTemplate, tmp_path: Path) -> Iterator[Site]:
    """A site that has boards too, with tenants `lab`, `lab.a`, `lab.a.x` and `lab.b` that may have some."""
    clock = ManualClock()
    database = Database(sqlite_template.copy(tmp_path / "site.db"), clock=clock, rng=random.Random(1), durable=False)
    made = Site(database, clock, sqlite_template.tokens, REGISTRY.plus(BOARD))
    for tenant in ("lab", "lab.a", "lab.a.x", "lab.b"):
        made.admin.put(f"tenants/{tenant}", {}).ok()
    yield made
    database.close()


def limit(site: Site, tenant: str, **limits: int | str) -> Answer:
    """Set a quota: `gpus_a100` stands for `gpus/a100`."""
    boards = 100 // 4 ** tenant.count(".")
    named = {name.replace("_", "/"): most for name, most in limits.items()}
    return site.admin.put(f"tenants/{tenant}/quotas/default", {"limits": {"boards": boards} | named})


def board(site: Site, tenant: str, name: str, model: str, count: int = 1) -> Answer:
    return site.admin.put(f"tenants/{tenant}/boards/{name}", {"model": model, "count": count})


def usage(site: Site, tenant: str) -> dict[str, Any]:
    everything = site.admin.get(f"tenants/{tenant}/quotas/default").body["status"]["usage"]
    return {name: counter for name, counter in everything.items() if name.startswith("gpus")}


def test_any_model_is_to_be_had_within_the_whole(site: Site) -> None:
    limit(site, "lab", gpus=4).ok()
    board(site, "lab", "one", "a100", 3).ok()
    assert usage(site, "lab") == {
        "gpus": {"limit": 4, "used": 3, "granted": 0, "available": 1},
        "gpus/a100": {"limit": None, "used": 3, "granted": 0, "available": None},
    }
    refused = board(site, "lab", "two", "h100", 2)
    assert (refused.code, refused.body["countable"], refused.body["limit"]) == ("quota.exceeded", "gpus", 4)
    board(site, "lab", "two", "h100").ok()


def test_a_model_that_is_limited_is_limited_whatever_is_left_of_the_whole(site: Site) -> None:
    limit(site, "lab", gpus=8, gpus_a100=2).ok()
    refused = board(site, "lab", "one", "a100", 3)
    assert (refused.code, refused.body["countable"], refused.body["tenant"]) == ("quota.exceeded", "gpus/a100", "lab")
    board(site, "lab", "one", "a100", 2).ok()
    board(site, "lab", "two", "h100", 6).ok()
    changed = board(site, "lab", "two", "a100", 6)
    assert (changed.code, changed.body["countable"]) == ("quota.exceeded", "gpus/a100")
    assert limit(site, "lab", gpus=8, gpus_a100=1).code == "quota.below_use"


def test_a_model_that_is_limited_above_is_carved_out_of_that(site: Site) -> None:
    limit(site, "lab", gpus=8, gpus_a100=3).ok()
    limit(site, "lab.a", gpus=4).ok()
    assert board(site, "lab.a", "one", "a100").body["countable"] == "gpus/a100"
    board(site, "lab.a", "one", "h100").ok()
    limit(site, "lab.a", gpus=4, gpus_a100=2).ok()
    board(site, "lab.a", "two", "a100", 2).ok()
    assert usage(site, "lab")["gpus/a100"] == {"limit": 3, "used": 0, "granted": 2, "available": 1}
    assert limit(site, "lab.b", gpus=2, gpus_a100=2).body["tenant"] == "lab"
    assert limit(site, "lab.b", gpus=2, gpus_a100="unlimited").code == "quota.exceeded"
    assert board(site, "lab", "three", "a100", 2).code == "quota.exceeded"
    board(site, "lab", "three", "a100").ok()


def test_a_model_is_not_limited_over_the_head_of_one_who_uses_it_without_limit(site: Site) -> None:
    limit(site, "lab", gpus=8).ok()
    limit(site, "lab.a", gpus=4).ok()
    limit(site, "lab.a.x", gpus=2).ok()
    board(site, "lab.a.x", "one", "a100", 2).ok()
    refused = limit(site, "lab", gpus=8, gpus_a100=4)
    assert (refused.code, refused.body["tenant"]) == ("quota.below_use", "lab.a.x")
    limit(site, "lab.a.x", gpus=2, gpus_a100=2).ok()
    refused = limit(site, "lab", gpus=8, gpus_a100=1)
    assert refused.status == 409
    limit(site, "lab.a", gpus=4, gpus_a100=2).ok()
    assert limit(site, "lab", gpus=8, gpus_a100=1).code == "quota.below_use"
    limit(site, "lab", gpus=8, gpus_a100=2).ok()


def test_what_is_listed_no_more_falls_back_and_a_deleted_quota_gives_everything_back(site: Site) -> None:
    limit(site, "lab", gpus=8, gpus_a100=4).ok()
    limit(site, "lab.a", gpus=4, gpus_a100=2).ok()
    limit(site, "lab.a", gpus=4).ok()
    assert usage(site, "lab")["gpus/a100"]["granted"] == 0
    assert usage(site, "lab.a")["gpus/a100"]["limit"] == 0
    limit(site, "lab.a", gpus=4, gpus_a100=2).ok()
    site.admin.delete("tenants/lab.a/quotas/default").ok()
    assert usage(site, "lab")["gpus/a100"]["granted"] == usage(site, "lab")["gpus"]["granted"] == 0
    limit(site, "lab", gpus=8).ok()
    assert usage(site, "lab")["gpus/a100"]["limit"] is None


@pytest.mark.parametrize("name", ["gpus/", "gpus/A100", "gpus/a b", "volumes/a100", "gpus/a/b", "/a100"])
def test_what_is_no_member_of_a_family_cannot_be_limited(site: Site, name: str) -> None:
    refused = site.admin.put("tenants/lab/quotas/default", {"limits": {name: 1}})
    assert (refused.code, refused.fields) == ("spec.invalid", [f"spec.limits.{name}"])
