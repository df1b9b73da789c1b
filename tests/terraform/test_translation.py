"""Attributes and fields say the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pextra_client.discovery import Catalog, Kind
from pextra_client.lifecycle import UNKNOWN, as_written
from terraform_provider_pextra.attributes import Attribute
from terraform_provider_pextra.durations import seconds
from terraform_provider_pextra.kinds import object_attributes, resource_attributes, spec_attributes
from terraform_provider_pextra.paths import located
from terraform_provider_pextra.stack import identity
from terraform_provider_pextra.translation import filled, refreshed, to_fields
from terraform_provider_pextra.values import dumps, loads
from tests.lifecycle.examples import everything
from tests.terraform.written import configured

_KINDS = Catalog.bundled()


@pytest.mark.parametrize("kind", [each for each in _KINDS if each.writable], ids=lambda kind: kind.name)
def test_of_every_kind_attributes_come_to_the_fields_that_they_came_from(kind: Kind) -> None:
    name, spec = everything("acme")[kind.name]
    written = configured(kind.name, name, spec)
    attributes = spec_attributes(kind)
    for values in (written, filled(attributes, written)):
        assert as_written(kind, to_fields(attributes, values), spec) == spec


@pytest.mark.parametrize("kind", list(_KINDS), ids=lambda kind: kind.name)
def test_of_every_kind_no_two_attributes_have_one_name_and_none_is_reserved(kind: Kind) -> None:
    names = [each.name for each in resource_attributes(kind)]
    assert len(names) == len(set(names))
    reserved = {"connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioner"}
    assert not reserved & set(names)
    given = [each.name for each in object_attributes(kind) if each.required or each.optional or each.secret]
    assert given == []


def _every(attributes: tuple[Attribute, ...]) -> list[Attribute]:
    return [one for each in attributes for one in (each, *_every(each.nested))]


def test_every_secret_field_has_a_sensitive_attribute_and_one_that_is_written_only() -> None:
    found = {
        (kind.name, each.name)
        for kind in _KINDS
        for each in _every(resource_attributes(kind))
        if each.secret and each.sensitive
    }
    secrets = {("secret", "data"), ("instance", "user_data"), ("bgp_peer", "password")}
    assert {each for each in found if not each[1].endswith("_wo")} == secrets
    assert {each for each in found if each[1].endswith("_wo")} == {(kind, f"{name}_wo") for kind, name in secrets}


def test_a_value_that_is_not_known_stays_so_on_the_way_there_and_back() -> None:
    value: dict[str, Any] = {"a": UNKNOWN, "b": [1, UNKNOWN, None], "c": {"d": "text"}}
    assert loads(dumps(value)) == value


def test_a_field_that_reads_otherwise_than_it_was_written_is_as_it_was_written_until_it_changes() -> None:
    fields = spec_attributes(_KINDS.find("api_token"))
    state = {"user": "ada", "description": "", "expires_at": "2100-01-01T01:00:00+01:00"}
    read = {"user": "ada", "description": "", "expires_at": "2100-01-01T00:00:00Z"}
    assert refreshed(fields, state, read, read) == state
    changed = refreshed(fields, state, read, read | {"expires_at": "2101-01-01T00:00:00Z"})
    assert changed["expires_at"] == "2101-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("kind", "field", "given", "path"),
    [
        ("instance", "spec.networks[1].address", {}, ["networks", 1, "address"]),
        ("role_binding", "spec.subject.name", {}, ["subject", "name"]),
        ("quota", "spec.limits.vcpus", {}, ["limits", "=vcpus"]),
        ("application_credential", "spec.tenant", {}, ["spec_tenant"]),
        ("secret", "spec.data.a", {"data_wo": {"a": "b"}}, ["data_wo"]),
        ("secret", "spec.data.a", {}, ["data"]),
        ("network", "metadata.name", {}, ["name"]),
        ("network", "spec.nothing", {}, []),
    ],
)
def test_a_field_is_found_where_it_is_written(
    kind: str, field: str, given: dict[str, Any], path: list[str | int]
) -> None:
    assert located(resource_attributes(_KINDS.find(kind)), field, given) == path


@pytest.mark.parametrize(("text", "expected"), [("90s", 90), ("1h30m", 5400), ("1.5m", 90)])
def test_a_duration_is_in_seconds(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "10", "m", "0s", "-1s", "10 m", "1d", "200h"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="given"):
        seconds(text)


def test_a_stack_is_the_same_in_each_run_and_another_in_another_folder_or_workspace(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        (folder / ".terraform").mkdir(parents=True)
    assert identity({}, here) == identity({}, here)
    assert len({identity({}, here), identity({}, there), identity({"TF_WORKSPACE": "dev"}, here)}) == 3
    (here / ".terraform" / "environment").write_text("dev")
    assert identity({}, here) == identity({"TF_WORKSPACE": "dev"}, here)
    elsewhere = tmp_path / "data"
    elsewhere.mkdir()
    (elsewhere / "environment").write_text("dev")
    assert identity({"TF_DATA_DIR": str(elsewhere)}, there) == identity({"TF_WORKSPACE": "dev"}, there)
