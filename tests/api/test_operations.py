"""An action is asked for once, carried out by a loop, and its operation says how far it got."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.everything import make_everything
from tests.api.site import Site

WEB = "tenants/acme/instances/web-1"


@pytest.fixture
def running(site: Site) -> Site:
    """A site whose instance runs."""
    make_everything(site)
    site.converge()
    return site


def operation(answer: Any) -> str:
    return f"tenants/acme/operations/{answer.ok()['metadata']['name']}"


def test_an_action_is_answered_by_an_operation_of_the_same_tenant(running: Site) -> None:
    asked = running.ada.act(WEB, "reboot")
    assert asked.status == 202
    body = asked.body
    assert (body["kind"], body["metadata"]["tenant"]) == ("operation", "acme")
    target = running.ada.get(WEB).body["metadata"]
    assert body["spec"]["target"] == {"kind": "instance", "name": "web-1", "uid": target["uid"]}
    assert (body["spec"]["action"], body["spec"]["arguments"]) == ("reboot", {})
    assert (body["status"]["phase"], body["status"]["progress"]) == ("pending", 0)
    assert running.ada.get(operation(asked)).body == body


def test_an_operation_is_carried_out_once(running: Site) -> None:
    boots = running.ada.get(WEB).body["status"]["boots"]
    path = operation(running.ada.act(WEB, "reboot"))
    running.converge()
    done = running.ada.get(path).body["status"]
    assert (done["phase"], done["progress"], done["error"]) == ("succeeded", 100, "")
    assert running.ada.get(WEB).body["status"]["boots"] == boots + 1
    running.clock.advance(3600)
    running.converge()
    assert running.ada.get(WEB).body["status"]["boots"] == boots + 1


def test_an_operation_whose_target_goes_away_fails_and_says_so(running: Site) -> None:
    path = operation(running.ada.act(WEB, "reboot"))
    running.ada.delete(WEB).ok()
    running.converge()
    done = running.ada.get(path).body["status"]
    assert done["phase"] == "failed"
    assert done["error"]


def test_arguments_are_checked_like_a_spec_and_defaults_are_theirs(running: Site) -> None:
    before = running.world()
    refused = running.ada.act(WEB, "console_log", {"tail_bytes": 0})
    assert (refused.code, refused.fields) == ("spec.invalid", ["arguments.tail_bytes"])
    assert running.ada.act(WEB, "reboot", {"nonsense": 1}).fields == ["arguments.nonsense"]
    assert running.world() == before
    path = operation(running.ada.act(WEB, "console_log", {"tail_bytes": 10}))
    running.converge()
    assert len(running.ada.get(path).body["status"]["result"]["text"]) <= 10


@pytest.mark.parametrize("body", [[], "x", 1, {"argument": {}}, {"arguments": []}, {"arguments": 0}, {"arguments": ""}])
def test_a_body_that_is_not_arguments_is_refused(running: Site, body: Any) -> None:
    before = running.world()
    assert running.ada.send("POST", f"{WEB}/actions/reboot", body=body).code == "spec.invalid"
    assert running.world() == before


def test_no_body_is_no_arguments(running: Site) -> None:
    assert running.ada.send("POST", f"{WEB}/actions/reboot").status == 202
    assert running.ada.send("POST", f"{WEB}/actions/reboot", body={}).status == 202
    assert running.ada.send("POST", f"{WEB}/actions/reboot", body={"arguments": None}).status == 202


def test_an_unknown_action_is_refused_with_those_that_there_are(running: Site) -> None:
    refused = running.ada.act(WEB, "levitate")
    assert (refused.status, refused.code) == (404, "action.unknown")
    assert "reboot" in refused.body["detail"]


def test_an_action_for_another_uid_is_refused(running: Site) -> None:
    refused = running.ada.act(WEB, "reboot", uid="01a00000-0000-7000-8000-000000000000")
    assert refused.code == "object.uid_mismatch"


def test_nothing_is_done_to_what_is_not_there_or_is_being_deleted(running: Site) -> None:
    assert running.ada.act("tenants/acme/instances/none", "reboot").code == "object.not_found"
    running.ada.delete(WEB).ok()
    assert running.ada.act(WEB, "reboot").code == "object.deleting"


def test_an_operation_that_has_not_begun_is_canceled_and_never_carried_out(running: Site) -> None:
    boots = running.ada.get(WEB).body["status"]["boots"]
    path = operation(running.ada.act(WEB, "reboot"))
    canceled = running.ada.act(path, "cancel")
    assert (canceled.status, canceled.body["status"]["phase"]) == (202, "canceled")
    running.converge()
    assert running.ada.get(path).body["status"]["phase"] == "canceled"
    assert running.ada.get(WEB).body["status"]["boots"] == boots


def test_canceling_twice_is_canceling_once(running: Site) -> None:
    path = operation(running.ada.act(WEB, "reboot"))
    running.ada.act(path, "cancel").ok()
    before = running.world()
    assert running.ada.act(path, "cancel").status == 202
    assert running.world() == before


def test_what_has_ended_cannot_be_canceled(running: Site) -> None:
    path = operation(running.ada.act(WEB, "reboot"))
    running.converge()
    refused = running.ada.act(path, "cancel")
    assert (refused.status, refused.code, refused.body["phase"]) == (409, "operation.finished", "succeeded")


@pytest.mark.parametrize("verb", ["create", "update", "delete"])
def test_operations_are_made_by_actions_only(running: Site, verb: str) -> None:
    path = operation(running.ada.act(WEB, "reboot"))
    spec = running.ada.get(path).body["spec"]
    before = running.world()
    refused = {
        "create": lambda: running.admin.put("tenants/acme/operations/mine", spec),
        "update": lambda: running.admin.patch(path, {"metadata": {"labels": {"a": "b"}}}),
        "delete": lambda: running.admin.delete(path),
    }[verb]()
    assert (refused.status, refused.code, refused.body["action"]) == (403, "auth.denied", f"operation.{verb}")
    assert running.world() == before
