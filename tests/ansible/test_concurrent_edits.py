"""Somebody else's change between what a task reads and what it writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.pextra.cloud.plugins.module_utils.client import Client as ModuleClient
from pextra_client.client import Client
from tests.ansible.modules import Modules

DATA = {"kind": "volume", "metadata": {"name": "data"}, "spec": {"size_gib": 2}}


@pytest.fixture
def before_the_write(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object], int], None]:
    """Has something done right before the next real writes of a module."""

    def arrange(act: Callable[[], object], times: int) -> None:
        put, left = ModuleClient.put, [act] * times

        def putting(self: ModuleClient, *args: Any, dry_run: bool = False, **kwargs: Any) -> Any:
            if left and not dry_run:
                left.pop()()
            return put(self, *args, dry_run=dry_run, **kwargs)

        monkeypatch.setattr(ModuleClient, "put", putting)

    return arrange


def test_a_change_in_between_is_kept_and_the_task_s_own_laid_over_it(
    before_the_write: Any, modules: Modules, client: Client, tenant: str
) -> None:
    client.put("volume", "data", {"size_gib": 1}, tenant=tenant)
    before_the_write(lambda: client.patch("volume", "data", {"metadata": {"labels": {"a": "b"}}}, tenant=tenant), 1)
    assert modules("volume", name="data", tenant=tenant, size_gib=2).changed
    stands = client.get("volume", "data", tenant=tenant)
    assert (stands["metadata"].get("labels"), stands["spec"]) == ({"a": "b"}, {"size_gib": 2})


def test_an_object_that_somebody_makes_in_between_is_not_overwritten_unseen(
    before_the_write: Any, modules: Modules, client: Client, tenant: str
) -> None:
    before_the_write(lambda: client.put("volume", "data", {"size_gib": 1}, tenant=tenant, labels={"a": "b"}), 1)
    made = modules("volume", name="data", tenant=tenant, size_gib=2).ok()
    assert made["change"]["action"] == "update"
    assert client.get("volume", "data", tenant=tenant)["metadata"].get("labels") == {"a": "b"}


def test_changes_again_and_again_end_in_the_api_s_refusal(
    before_the_write: Any, modules: Modules, client: Client, tenant: str
) -> None:
    client.put("volume", "data", {"size_gib": 1}, tenant=tenant)
    count = iter(range(99))
    change = {"metadata": {"labels": {}}}

    def disturb() -> None:
        client.patch("volume", "data", {**change, "metadata": {"labels": {"n": f"x{next(count)}"}}}, tenant=tenant)

    before_the_write(disturb, 99)
    assert modules("volume", name="data", tenant=tenant, size_gib=2).message.startswith("object.stale: ")
    assert client.get("volume", "data", tenant=tenant)["spec"] == {"size_gib": 1}


def test_apply_plans_again_what_somebody_changed_in_between(
    before_the_write: Any, modules: Modules, client: Client, tenant: str
) -> None:
    client.put("volume", "data", {"size_gib": 1}, tenant=tenant)
    before_the_write(lambda: client.patch("volume", "data", {"metadata": {"labels": {"a": "b"}}}, tenant=tenant), 1)
    done = modules("apply", tenant=tenant, definition=[DATA]).ok()["done"]
    assert [each["action"] for each in done] == ["updated"]
    stands = client.get("volume", "data", tenant=tenant)
    assert (stands["metadata"].get("labels"), stands["spec"]) == ({}, {"size_gib": 2}), "a manifest says all of it"
