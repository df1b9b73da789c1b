"""The archetype with secrets, in both variants: in the state, and written only."""

from __future__ import annotations

from typing import Any

import pytest

from pextra_client import Client
from tests.terraform.engine import Stack

_HIDDEN = "hunter2-of-the-write-only"


def _written_only(value: str, version: int, **more: Any) -> dict[str, dict[str, Any]]:
    return {"secret.keys": {"name": "keys", "data_wo": {"password": value}, "data_wo_version": version, **more}}


def _digest(client: Client, entry: str = "password") -> str:
    return client.get("secret", "keys")["spec"]["data"][entry]["secret"]["digest"]


def test_what_is_written_only_is_in_no_state_plan_or_log_and_changes_with_its_version(
    stack: Stack, client: Client
) -> None:
    stack.logs = str(stack.folder / "trace.log")
    variable: dict[str, Any] = {"variable": {"password": {"type": "string", "sensitive": True, "ephemeral": True}}}
    secret = {"TF_VAR_password": _HIDDEN}

    def write(version: int, **more: Any) -> None:
        stack.write(_written_only("${var.password}", version, **more), **variable)

    def apply(values: dict[str, str]) -> None:
        done = stack.run("apply", "-auto-approve", environment=values)
        assert done.status == 0, done.output
        assert _HIDDEN not in done.output

    write(1)
    assert stack.run("plan", "-out=plan.bin", environment=secret).status == 0
    apply(secret)
    first = _digest(client)
    assert stack.run("plan", "-detailed-exitcode", environment=secret).status == 0
    write(1, description="another field")
    apply({"TF_VAR_password": "another value under the same version"})
    assert client.get("secret", "keys")["spec"]["description"] == "another field"
    assert _digest(client) == first
    write(2, description="another field")
    apply({"TF_VAR_password": f"{_HIDDEN}-2"})
    assert _digest(client) != first
    client.patch("secret", "keys", {"spec": {"data": {"password": "theirs"}}})
    drifted = stack.run("plan", "-detailed-exitcode", environment=secret)
    assert drifted.status == 2
    assert "data_wo_version" in drifted.text
    apply({"TF_VAR_password": f"{_HIDDEN}-2"})
    kept = stack.everything_kept()
    assert "pextra_secret.keys" in kept
    assert "PlanResourceChange" in kept, "there is no trace to look through"
    assert _HIDDEN not in kept


@pytest.mark.slow
def test_what_is_in_the_state_is_shown_to_nobody_and_mended_when_somebody_changes_it(
    stack: Stack, client: Client
) -> None:
    value = "hunter2-of-the-state"
    stack.write({"secret.keys": {"name": "keys", "data": {"a": value, "b": "other-value"}}})
    said = stack.apply()
    assert stack.state()["secret.keys"]["data"] == {"a": value, "b": "other-value"}
    assert not stack.plan().changes
    before = (_digest(client, "a"), _digest(client, "b"))
    client.patch("secret", "keys", {"spec": {"data": {"b": "theirs"}}})
    plan = stack.plan()
    assert plan.actions() == {"secret.keys": ["update"]}
    said += plan.output + stack.apply()
    assert (_digest(client, "a"), _digest(client, "b")) == before
    assert value not in said


@pytest.mark.slow
def test_a_secret_that_was_imported_plans_empty_when_it_is_written_only(stack: Stack, client: Client) -> None:
    client.put("secret", "keys", {"data": {"password": _HIDDEN}})
    first = _digest(client)
    stack.write(_written_only(_HIDDEN, 1), **{"import": [{"to": "pextra_secret.keys", "id": "keys"}]})
    plan = stack.plan()
    assert "Plan: 1 to import, 0 to add, 0 to change, 0 to destroy" in plan.text
    stack.apply()
    assert not stack.plan().changes
    assert _digest(client) == first


@pytest.mark.slow
def test_a_minted_token_is_shown_to_nobody_stays_in_the_state_and_is_null_after_an_import(
    stack: Stack, client: Client
) -> None:
    client.put("user", "ada", {})
    stack.logs = str(stack.folder / "trace.log")
    stack.write({"api_token.ci": {"name": "ci", "user": "ada"}})
    said = stack.apply()
    token = stack.state()["api_token.ci"]["minted"]["token"]
    assert token.startswith("pxt_")
    plan = stack.plan()
    assert not plan.changes
    assert stack.state()["api_token.ci"]["minted"]["token"] == token
    # Terraform itself writes no values of a state to its log.
    assert token not in said + plan.output + (stack.folder / "trace.log").read_text()
    assert stack.run("state", "rm", "pextra_api_token.ci").status == 0
    imported = stack.run("import", "pextra_api_token.ci", f"{client.tenant}/ci")
    assert imported.status == 0, imported.output
    assert stack.state()["api_token.ci"]["minted"] is None
    assert not stack.plan().changes


def test_a_secret_is_written_in_one_way_and_with_a_version(stack: Stack) -> None:
    for attributes, said in (
        ({}, "data is required"),
        ({"data": {"a": "b"}, "data_wo": {"a": "b"}, "data_wo_version": 1}, "data and data_wo exclude each other"),
        ({"data_wo": {"a": "b"}}, "data_wo needs data_wo_version"),
    ):
        stack.write({"secret.keys": {"name": "keys", **attributes}})
        done = stack.run("validate")
        assert done.status == 1
        assert said in done.text
