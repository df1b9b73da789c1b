from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pextra_client.cli.text import age, at, cell, columns, printable

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        ("", "-"),
        ([], "-"),
        ({}, "-"),
        (0, "0"),
        (False, "false"),
        (True, "true"),
        (1.5, "1.5"),
        (["a", "b"], "a,b"),
        ({"app": "web", "n": 1}, "app=web,n=1"),
        ("two\nlines", "two lines"),
    ],
)
def test_a_cell_is_one_line(value: Any, text: str) -> None:
    assert cell(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (119, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (172_800, "2d")]
)
def test_an_age_has_at_most_three_figures(seconds: int, text: str) -> None:
    stamp = datetime.fromtimestamp(NOW.timestamp() - seconds, UTC).isoformat().replace("+00:00", "Z")
    assert age(stamp, now=NOW) == text


@pytest.mark.parametrize("stamp", [None, "", "yesterday"])
def test_an_age_that_is_not_known_is_a_dash(stamp: str | None) -> None:
    assert age(stamp, now=NOW) == "-"


DOCUMENT = {"spec": {"n": 1, "nets": [{"net": "a", "groups": ["x", "y"]}, {"other": 1}, {"net": "b"}]}}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("spec.n", 1),
        ("spec.nets[].net", ["a", "b"]),
        ("spec.nets[].groups[]", [["x", "y"]]),
        ("spec.none", None),
        ("spec.n.deeper", None),
        ("spec.nets[].none", None),
    ],
)
def test_a_path_leads_through_lists(path: str, value: Any) -> None:
    assert at(DOCUMENT, path) == value


def test_columns_are_as_wide_as_what_is_in_them() -> None:
    assert columns([["NAME", "X"], ["a", "longer"], ["日本", ""]]) == ["NAME   X", "a      longer", "日本"]


def test_what_steers_a_terminal_is_replaced() -> None:
    assert printable("a\x1b[31mb\u202ec\td\n") == "a\ufffd[31mb\ufffdc\td\n"
