"""A merge patch does what RFC 7396 says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pextra.declaration.diff import merge_patch

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
MEMBERS = st.dictionaries(st.text(max_size=2), JSON, max_size=4)


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_the_examples_of_the_rfc_come_out_as_it_says(target: Any, patch: Any, result: Any) -> None:
    """Source: RFC 7396 appendix A."""
    assert merge_patch(target, patch) == result


@UNHURRIED
@given(target=JSON, patch=JSON)
def test_applying_a_patch_twice_changes_no_more_than_applying_it_once(target: Any, patch: Any) -> None:
    once = merge_patch(target, patch)
    assert merge_patch(once, patch) == once


@UNHURRIED
@given(target=JSON)
def test_an_empty_patch_changes_nothing_of_an_object(target: Any) -> None:
    assert merge_patch(target, {}) == (target if isinstance(target, dict) else {})


@UNHURRIED
@given(target=MEMBERS, patch=MEMBERS)
def test_members_that_a_patch_does_not_name_stay(target: dict[str, Any], patch: dict[str, Any]) -> None:
    merged = merge_patch(target, patch)
    assert {k: v for k, v in merged.items() if k not in patch} == {k: v for k, v in target.items() if k not in patch}
    assert not any(k in merged for k, v in patch.items() if v is None)


@UNHURRIED
@given(target=MEMBERS, patch=MEMBERS)
def test_neither_target_nor_patch_is_changed(target: dict[str, Any], patch: dict[str, Any]) -> None:
    copies = repr(target), repr(patch)
    merge_patch(target, patch)
    assert (repr(target), repr(patch)) == copies
