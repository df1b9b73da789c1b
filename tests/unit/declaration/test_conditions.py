"""Conditions carry a reason from the closed list, and since when they hold."""

from __future__ import annotations

import pytest

from pextra.declaration.conditions import REASONS, Condition, condition, find, merge_conditions, ready


@pytest.mark.parametrize(("status", "text"), [(True, "true"), (False, "false"), (None, "unknown")])
def test_a_condition_is_true_false_or_unknown(status: bool | None, text: str) -> None:
    made = ready(status, "Pending", "because")
    assert made == {"type": "ready", "status": text, "reason": "Pending", "message": "because"}
    assert Condition.model_validate(made).status == text


def test_a_reason_outside_the_list_is_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError, match="closed list"):
        condition("ready", True, "Whatever")


def test_reasons_are_words_for_programs() -> None:
    assert all(reason.isascii() and reason.isalpha() and reason[0].isupper() for reason in REASONS)


def test_a_status_that_holds_on_keeps_its_beginning_whatever_the_reason() -> None:
    before = [{**ready(False, "Pending"), "since": "then"}]
    (after,) = merge_conditions(before, [ready(False, "NoCapacity", "full")], "now")
    assert (after["since"], after["reason"]) == ("then", "NoCapacity")


def test_a_status_that_changes_begins_now() -> None:
    before = [{**ready(False, "Pending"), "since": "then"}]
    (after,) = merge_conditions(before, [ready(True, "Ready")], "now")
    assert after["since"] == "now"


def test_what_is_not_spoken_of_stays_and_what_is_new_begins_now() -> None:
    before = [{**condition("placed", True, "Placed"), "since": "then"}]
    after = merge_conditions(before, [ready(True, "Ready")], "now")
    assert [(c["type"], c["since"]) for c in after] == [("ready", "now"), ("placed", "then")]


def test_a_condition_is_found_by_its_type() -> None:
    conditions = [condition("placed", True, "Placed"), ready(True, "Ready")]
    assert find(conditions, "ready") == conditions[1]
    assert find(conditions, "absent") is None
