"""What is marked on a field is found, and the values at a path are found and replaced."""

from __future__ import annotations

from typing import Any

import pytest

from pextra.declaration.fields import fields_of, set_at, values_at
from pextra.declaration.markers import OnDelete
from tests.unit.declaration.gadget import GADGET, GadgetSpec

DOCUMENT: dict[str, Any] = {
    "size_gib": 3,
    "ports": [{"number": 1, "network": "a"}, {"number": 2}, {"number": 3, "network": "c"}],
    "friends": ["x", "y"],
}


def test_every_field_is_found_in_the_order_of_the_declaration_with_those_inside_it() -> None:
    paths = [f.path for f in fields_of(GadgetSpec)]
    assert paths == [
        "size_gib",
        "colour",
        "ports",
        "ports[]",
        "ports[].number",
        "ports[].network",
        "friends",
        "friends[]",
        "tags",
        "tags.*",
        "password",
        "limits",
        "limits.*",
    ]


def test_each_marker_is_found_on_its_field_and_on_no_other() -> None:
    assert [f.path for f in GADGET.fields if f.immutable] == ["colour"]
    assert [f.path for f in GADGET.fields if f.restart] == ["ports"]
    assert [f.path for f in GADGET.secrets] == ["password"]
    assert [f.path for f in GADGET.filterable] == ["size_gib", "colour"]
    assert {f.path: f.unit for f in GADGET.fields if f.unit} == {"size_gib": "GiB"}
    assert {f.path: f.ref.on_delete for f in GADGET.references if f.ref} == {
        "ports[].network": OnDelete.BLOCK,
        "friends[]": OnDelete.CASCADE,
    }


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("size_gib", [("size_gib", 3)]),
        ("colour", []),
        ("friends[]", [("friends[0]", "x"), ("friends[1]", "y")]),
        ("ports[].network", [("ports[0].network", "a"), ("ports[2].network", "c")]),
        ("size_gib.deeper", []),
        ("size_gib[]", []),
    ],
)
def test_values_are_found_with_their_concrete_paths(path: str, found: list[tuple[str, Any]]) -> None:
    assert [(p, v) for p, v, _ in values_at(DOCUMENT, path)] == found


def test_a_value_comes_with_the_object_that_holds_it() -> None:
    holders = [holder for _, _, holder in values_at(DOCUMENT, "ports[].network")]
    assert holders == [{"number": 1, "network": "a"}, {"number": 3, "network": "c"}]


@pytest.mark.parametrize("path", ["size_gib", "friends[1]", "ports[2].network"])
def test_what_was_set_at_a_path_is_found_there_and_nothing_else_changes(path: str) -> None:
    import copy

    document = copy.deepcopy(DOCUMENT)
    set_at(document, path, "new")
    general = path.replace("[1]", "[]").replace("[2]", "[]")
    values = {p: v for p, v, _ in values_at(document, general)}
    before = {p: v for p, v, _ in values_at(DOCUMENT, general)}
    assert values == {**before, path: "new"}
