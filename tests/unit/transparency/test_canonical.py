from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pextra.transparency.canonical import canonical
from pextra_client.transparency.canonical import canonical as canonical_of_the_client

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (5e-324, "5e-324"),
        (-5e-324, "-5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (9007199254740992.0, "9007199254740992"),
        (295147905179352830000.0, "295147905179352830000"),
        (9.999999999999997e22, "9.999999999999997e+22"),
        (1e23, "1e+23"),
        (1e21, "1e+21"),
        (999999999999999900000.0, "999999999999999900000"),
        (9.999999999999997e-7, "9.999999999999997e-7"),
        (0.000001, "0.000001"),
        (333333333.3333332, "333333333.3333332"),
        (8.0, "8"),
        (1.5, "1.5"),
        (-0.0000033333333333333333, "-0.0000033333333333333333"),
        (1424953923781206.2, "1424953923781206.2"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_the_specification_lists_them(value: float, text: str) -> None:
    """Source: RFC 8785 appendix B."""
    assert canonical(value).decode() == text


def test_members_are_ordered_by_their_utf16_code_units() -> None:
    """Source: RFC 8785 section 3.2.3."""
    value = {"€": 1, "\r": 2, "\ufb33": 3, "1": 4, "😀": 5, "\x80": 6, "ö": 7}
    assert list(json.loads(canonical(value)).values()) == [2, 4, 6, 7, 1, 5, 3]


def test_texts_are_escaped_as_little_as_possible() -> None:
    value = '€$\x0f\nA\'B"\\\\"/'
    assert canonical(value).decode() == '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'


@pytest.mark.parametrize("value", [math.nan, math.inf, "\ud800"])
def test_what_json_cannot_say_is_refused(value: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - a UnicodeEncodeError is one, too
        canonical(value)


@given(JSON)
def test_what_was_parsed_again_is_written_as_before_by_both_sides(value: object) -> None:
    text = canonical(value)
    assert canonical(json.loads(text)) == text
    assert canonical_of_the_client(json.loads(text)) == text
