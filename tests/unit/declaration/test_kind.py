"""What a kind takes and refuses, and what it makes of what was stored by an older version."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pextra.declaration.kind import MAX_FAULTS, Scope
from pextra.errors import PextraError
from tests.unit.declaration.gadget import GADGET

GOOD = {"size_gib": 1}


def faults(spec: Any) -> list[dict[str, Any]]:
    """What is wrong with the spec."""
    with pytest.raises(PextraError) as caught:
        GADGET.parse(spec, "gadget 'g'")
    assert caught.value.code == "spec.invalid"
    return caught.value.facts["errors"]


def fields(spec: Any) -> list[str]:
    return [fault["field"] for fault in faults(spec)]


def test_only_what_was_written_is_kept_and_defaults_are_filled_in_when_it_is_read() -> None:
    assert GADGET.parse(GOOD, "g") == GOOD
    effective = GADGET.effective(GADGET.parse(GOOD, "g"))
    assert effective == {"size_gib": 1, "colour": "red", "ports": [], "friends": [], "tags": {}, "limits": {}}


def test_null_for_an_optional_field_is_as_if_it_were_absent() -> None:
    assert GADGET.parse({**GOOD, "password": None}, "g") == GOOD


def test_reading_what_was_read_gives_the_same() -> None:
    effective = GADGET.effective(GADGET.parse({**GOOD, "ports": [{"number": 1, "network": "n"}]}, "g"))
    assert GADGET.effective(GADGET.parse(effective, "g")) == effective


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, ["spec.size_gib"]),
        ({"size_gib": 0}, ["spec.size_gib"]),
        ({"size_gib": 101}, ["spec.size_gib"]),
        ({**GOOD, "colour": "x" * 11}, ["spec.colour"]),
        ({**GOOD, "nonsense": 1}, ["spec.nonsense"]),
        ({**GOOD, "ports": {}}, ["spec.ports"]),
        ({**GOOD, "ports": [{"network": "n"}]}, ["spec.ports[0].number"]),
        ({**GOOD, "ports": [{"number": 0}]}, ["spec.ports[0].number", "spec.ports[0].network"]),
        ({**GOOD, "ports": [{"number": 1, "network": "n"}, {"number": 0, "network": "n"}]}, ["spec.ports[1].number"]),
        ({**GOOD, "ports": [{"number": 1, "network": "n", "x": 1}]}, ["spec.ports[0].x"]),
        ({**GOOD, "ports": [1, 2]}, ["spec.ports[0]", "spec.ports[1]"]),
        ({**GOOD, "friends": [1]}, ["spec.friends[0]"]),
        ({**GOOD, "limits": {"a": -1, "b": "x"}}, ["spec.limits.a", "spec.limits.b"]),
        ({**GOOD, "limits": {"toolong": 1}}, ["spec.limits.toolong"]),
        ({"size_gib": 60, "colour": "green"}, ["spec"]),
        ([], ["spec"]),
        ("spec", ["spec"]),
        (None, ["spec"]),
    ],
)  # fmt: skip
def test_every_fault_is_told_with_the_path_of_its_field(spec: Any, expected: list[str]) -> None:
    assert fields(spec) == expected


@pytest.mark.parametrize(
    "spec",
    [
        {"size_gib": "1"},
        {"size_gib": True},
        {"size_gib": 1.5},
        {"size_gib": None},
        {"size_gib": [1]},
        {**GOOD, "colour": 7},
        {**GOOD, "friends": "x"},
        {**GOOD, "tags": {"a": 1}},
        {**GOOD, "tags": []},
        {**GOOD, "limits": {"a": "true"}},
    ],
)
def test_a_value_of_another_type_is_not_converted(spec: Any) -> None:
    assert faults(spec)


def test_a_whole_number_may_be_written_with_a_fraction_of_zero() -> None:
    parsed = GADGET.parse({"size_gib": 10.0, "limits": {"a": 3.0}}, "g")
    assert repr(parsed) == repr({"size_gib": 10, "limits": {"a": 3}})


@pytest.mark.parametrize("number", [10**20, 10**400, -(10**400), 1e300])
def test_a_number_of_any_size_is_refused_in_words(number: float) -> None:
    assert fields({"size_gib": number}) == ["spec.size_gib"]


def test_a_fault_tells_the_value_in_brief() -> None:
    (fault,) = faults({**GOOD, "colour": "x" * 1_000})
    assert fault["value"] == "x" * 80
    assert len(str(faults({**GOOD, "y" * 10_000: 1}))) < 300


@pytest.mark.parametrize("secret", ["hunter2" * 10_000, {"secret": "hunter2"}, {"secret": {"digest": "hunter2"}}])
def test_a_fault_of_a_secret_never_tells_its_value(secret: Any) -> None:
    with pytest.raises(PextraError) as caught:
        GADGET.parse({**GOOD, "password": secret}, "gadget 'g'")
    assert caught.value.facts["errors"][0]["field"].startswith("spec.password")
    assert "hunter2" not in str(caught.value.problem())
    assert caught.value.__cause__ is None


def test_the_faults_of_a_hopeless_spec_are_told_up_to_a_bound() -> None:
    assert len(faults({**GOOD, **{f"x{n}": n for n in range(MAX_FAULTS * 2)}})) == MAX_FAULTS


@pytest.mark.parametrize("name", ["a", "web-1", "a" * 63, "a1", "x--y"])
def test_a_dns_label_is_a_name(name: str) -> None:
    GADGET.check_name(name)


@pytest.mark.parametrize(
    "name",
    ["", "A", "1a", "-a", "a-", "a_b", "a.b", "a b", "a" * 64, "ä", ".a", "a/b", "a\n", "a\x00", "\u0430dmin", "*"],
)
def test_anything_else_is_not(name: str) -> None:
    with pytest.raises(PextraError, match="DNS label") as caught:
        GADGET.check_name(name)
    assert caught.value.facts["errors"][0]["field"] == "metadata.name"


def test_a_kind_with_dotted_names_takes_paths_of_labels() -> None:
    kind = replace(GADGET, dotted_names=True)
    for name in ("acme", "acme.dev", "a.b.c.d.e.f.g.h", ".".join(["a" * 31] * 7)):
        kind.check_name(name)
    for name in ("acme.", ".acme", "a..b", "a.B", "a.b.c.d.e.f.g.h.i", ".".join(["a" * 40] * 7)):
        with pytest.raises(PextraError, match="DNS label"):
            kind.check_name(name)


def test_a_singleton_has_one_name() -> None:
    kind = replace(GADGET, singleton="default")
    kind.check_name("default")
    with pytest.raises(PextraError, match="'default'"):
        kind.check_name("another")


def test_what_an_older_version_stored_is_brought_up_step_by_step() -> None:
    assert GADGET.effective({"size": 4}, version=1)["size_gib"] == 8
    assert GADGET.effective({"size_gib": 4}, version=2)["size_gib"] == 8
    assert GADGET.effective({"size_gib": 4}, version=3)["size_gib"] == 4


def test_an_object_costs_one_of_its_kind_and_what_it_declares() -> None:
    assert GADGET.charged({"size_gib": 7}, {}) == {"gadgets": 1, "gadget_gib": 7}


@pytest.mark.parametrize("change", [{"counted": False}, {"scope": Scope.CLOUD}, {"singleton": "default"}])
def test_what_is_not_counted_or_not_a_tenants_costs_nothing(change: dict[str, Any]) -> None:
    assert replace(GADGET, **change).charged({"size_gib": 7}, {}) == {}


def test_an_unknown_action_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(PextraError, match="none") as caught:
        GADGET.action("fly")
    assert caught.value.code == "action.unknown"
