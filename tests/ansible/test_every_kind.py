"""For all kinds: what check mode predicts is what the real run then does."""

from __future__ import annotations

from typing import Any

import pytest

from pextra.declaration.kind import Kind
from pextra.resources import REGISTRY
from pextra_client.client import Client
from tests.ansible.everything import CHANGES, Wanted, everything
from tests.ansible.modules import Modules, Result

WRITABLE = [kind.name for kind in REGISTRY if kind.writable]


@pytest.fixture
def acme(client: Client) -> None:
    """The tenants in which everything is made."""
    for tenant in ("acme", "globex"):
        client.put("tenant", tenant, {})
        client.put("quota", "default", {"unlisted": "unlimited"}, tenant=tenant)


def said(kind: Kind, obj: dict[str, Any] | None) -> dict[str, Any] | None:
    """What users say of an object; of a secret whether it is one, since its digest is of that very object."""
    if obj is None:
        return None
    spec = obj["spec"]
    if kind.name == "secret":
        spec = {**spec, "data": sorted(spec["data"])}
    for secret in spec.keys() & {"user_data", "password"}:
        spec = {**spec, secret: "(secret)"}
    return {"spec": spec, **{block: obj["metadata"][block] for block in ("labels", "annotations")}}


def differences(wanted: Wanted, check: Result, real: Result, client: Client) -> list[str]:
    """In what the prediction differs from what was done."""
    if check.failed or real.failed:
        return [f"failed: {check.value.get('msg')} / {real.value.get('msg')}"]
    predicted, done = check.value, real.value
    stands = client.find(wanted.kind.name, wanted.address["name"], tenant=wanted.address.get("tenant"))
    found = [f"{key}: {predicted[key]} / {done[key]}" for key in ("changed", "diff") if predicted[key] != done[key]]
    if said(wanted.kind, predicted["object"]) != said(wanted.kind, done["object"]):
        found.append(f"object: {predicted['object']} / {done['object']}")
    if said(wanted.kind, predicted["object"]) != said(wanted.kind, stands):  # pyright: ignore[reportArgumentType]
        found.append(f"object: {predicted['object']} / {stands}")
    return found


def test_there_is_a_task_for_every_kind_that_users_write() -> None:
    assert sorted(wanted.kind.name for wanted in everything()) == sorted(WRITABLE)
    assert set(CHANGES) <= set(WRITABLE)


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("acme")
def test_for_every_kind_check_mode_predicts_what_the_real_run_does(modules: Modules, client: Client) -> None:
    tasks = everything()
    wrong: dict[str, list[str]] = {}

    def compare(phase: str, wanted: Wanted, options: dict[str, Any], *, changes: bool) -> None:
        check, real = modules.check_then_do(wanted.kind.name, **options)
        found = differences(wanted, check, real, client)
        if not found and real.changed is not changes:
            found = [f"changed is {real.changed}"]
        if not found and changes and not (real.value["diff"]["before"] or real.value["diff"]["after"]):
            found = ["the diff of a change is empty"]
        if found:
            wrong[f"{phase} {wanted.kind.name}"] = found

    for wanted in tasks:
        compare("create", wanted, wanted.task, changes=True)
    for wanted in tasks:
        compare("again", wanted, wanted.task, changes=False)
    for wanted in tasks:
        compare("update", wanted, wanted.change, changes=True)
    for wanted in tasks:
        compare("updated again", wanted, wanted.change, changes=False)
    for wanted in reversed(tasks):
        compare("delete", wanted, {**wanted.address, "state": "absent"}, changes=True)
    for wanted in reversed(tasks):
        compare("deleted again", wanted, {**wanted.address, "state": "absent"}, changes=False)
    assert wrong == {}


@pytest.mark.parametrize("kind", [kind.name for kind in REGISTRY])
def test_a_kind_is_read_by_its_info_module(kind: str, modules: Modules, client: Client, tenant: str) -> None:
    found = client.kind(kind)
    owner = "system" if kind in {"image", "share"} else tenant
    where: dict[str, Any] = {} if found.scope == "cloud" else {"tenant": owner}
    listed = modules(f"{kind}_info", **where)
    assert not listed.changed
    read = [obj["metadata"]["uid"] for obj in listed.value["objects"]]
    assert read == [obj["metadata"].get("uid") for obj in client.list(kind, tenant=owner)]
