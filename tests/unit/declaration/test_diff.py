"""A diff names every field that differs, each with how its change takes effect, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pextra.declaration.diff import Effect, FieldChange, diff
from tests.unit.declaration.gadget import GADGET

BASE: dict[str, Any] = {"size_gib": 1, "colour": "red", "ports": [], "friends": [], "tags": {}, "limits": {}}

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
SPECS = st.fixed_dictionaries(
    {
        "size_gib": st.integers(1, 3),
        "colour": st.sampled_from(["red", "blue"]),
        "ports": st.lists(
            st.fixed_dictionaries({"number": st.integers(1, 2), "network": st.sampled_from("ab")}), max_size=2
        ),
        "friends": st.lists(st.sampled_from("ab"), max_size=2),
        "tags": st.dictionaries(st.sampled_from("xy"), st.sampled_from("pq")),
    }
)


def changes(**after: Any) -> list[tuple[str, Any, Any, str]]:
    found = diff(GADGET, BASE, {**BASE, **after})
    return [(c.path, c.before, c.after, c.effect.value) for c in found]


def test_equal_specs_differ_in_nothing() -> None:
    assert changes() == []


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ({"size_gib": 2}, ("size_gib", 1, 2, "in_place")),
        ({"colour": "blue"}, ("colour", "red", "blue", "replace")),
        ({"tags": {"a": "b"}}, ("tags.a", None, "b", "in_place")),
        ({"friends": ["x"]}, ("friends[0]", None, "x", "in_place")),
        ({"ports": [{"number": 1, "network": "n"}]}, ("ports[0]", None, {"number": 1, "network": "n"}, "restart")),
    ],
)
def test_each_change_tells_where_from_what_to_what_and_how(after: dict[str, Any], expected: Any) -> None:
    assert changes(**after) == [expected]


def test_a_field_inside_of_a_marked_one_takes_effect_like_it() -> None:
    before = {**BASE, "ports": [{"number": 1, "network": "a"}, {"number": 2, "network": "b"}]}
    after = {**BASE, "ports": [{"number": 1, "network": "a"}, {"number": 3, "network": "b"}]}
    assert diff(GADGET, before, after) == [FieldChange("ports[1].number", 2, 3, Effect.RESTART)]


def test_true_and_one_are_different_values() -> None:
    assert [c[0] for c in changes(limits={"a": True})] == ["limits.a"]
    before, after = {**BASE, "limits": {"a": 1}}, {**BASE, "limits": {"a": True}}
    assert [c.path for c in diff(GADGET, before, after)] == ["limits.a"]


def test_a_secret_is_one_field_whose_value_and_digest_stay_out_of_the_wire_form() -> None:
    old, new = ({"secret": {"digest": d * 64, "version": v}} for d, v in (("a", 1), ("b", 2)))
    (change,) = diff(GADGET, {**BASE, "password": old}, {**BASE, "password": new})
    wire = change.as_dict()
    assert wire == {"path": "spec.password", "before": "(secret)", "after": "(secret)", "effect": "in_place"}
    (gone,) = diff(GADGET, {**BASE, "password": old}, BASE)
    assert gone.as_dict()["after"] is None


def test_an_equal_digest_means_no_change() -> None:
    state = {"secret": {"digest": "a" * 64, "version": 1}}
    assert diff(GADGET, {**BASE, "password": state}, {**BASE, "password": dict(state)}) == []


@UNHURRIED
@given(before=SPECS, after=SPECS)
def test_a_diff_is_empty_exactly_for_equal_specs_and_the_same_backwards(before: Any, after: Any) -> None:
    there, back = diff(GADGET, before, after), diff(GADGET, after, before)
    assert (there == []) == (before == after)
    assert {(c.path, repr(c.before), repr(c.after), c.effect) for c in there} == {
        (c.path, repr(c.after), repr(c.before), c.effect) for c in back
    }
    assert all(c.before != c.after for c in there)
    assert len({c.path for c in there}) == len(there)
