"""Every kind is declared whole: described, with an example that validates, and consistent in itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel

from pextra.declaration.fields import fields_of
from pextra.declaration.kind import LABEL, Kind, Scope
from pextra.resources import REGISTRY

KINDS = pytest.mark.parametrize("kind", list(REGISTRY), ids=lambda kind: kind.name)
WRITABLE = pytest.mark.parametrize("kind", [k for k in REGISTRY if k.writable], ids=lambda kind: kind.name)


def properties(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property of a schema and of those that it defines."""
    for name, inner in {"": schema, **schema.get("$defs", {})}.items():
        for field, facts in inner.get("properties", {}).items():
            yield f"{name}.{field}", facts


def undescribed(model: type[BaseModel]) -> list[str]:
    """The fields of a model that neither it nor the model that they hold describes."""
    schema = model.model_json_schema()

    def described(facts: dict[str, Any]) -> bool:
        held = schema.get("$defs", {}).get(facts.get("$ref", "").rpartition("/")[2], {})
        return bool(facts.get("description") or held.get("description"))

    return [name for name, facts in properties(schema) if not described(facts)]


@KINDS
def test_every_field_of_spec_status_and_arguments_is_described(kind: Kind) -> None:
    models = [kind.spec, kind.status, *(action.arguments for action in kind.actions)]
    assert [name for model in models for name in undescribed(model)] == []


@KINDS
def test_descriptions_are_sentences(kind: Kind) -> None:
    texts = [kind.description, *kind.countables.values(), *(a.description for a in kind.actions)]
    texts += [facts["description"] for _, facts in properties(kind.spec.model_json_schema()) if "description" in facts]
    assert [text for text in texts if not text.endswith(".")] == []


@WRITABLE
def test_the_example_validates_against_the_kind_and_its_published_schema(kind: Kind) -> None:
    example = kind.example
    assert example["kind"] == kind.name
    kind.check_name(example["metadata"]["name"])
    kind.parse(example["spec"], kind.name)
    jsonschema.Draft202012Validator(kind.spec.model_json_schema()).validate(example["spec"])


@WRITABLE
def test_the_example_shows_every_field_that_is_required(kind: Kind) -> None:
    required = kind.spec.model_json_schema().get("required", [])
    assert set(required) <= set(kind.example["spec"])


@KINDS
def test_the_published_schemas_are_json_schemas(kind: Kind) -> None:
    for model in (kind.spec, kind.status):
        jsonschema.Draft202012Validator.check_schema(model.model_json_schema())


@KINDS
def test_names_routes_and_actions_are_plain_words(kind: Kind) -> None:
    for word in (kind.name, kind.plural, *kind.short_names, *(a.name for a in kind.actions)):
        assert LABEL.fullmatch(word.replace("_", "-")), word
    assert kind.plural != kind.name
    reserved = {"schemas", "capabilities", "kinds", "whoami", "plan", "watch"}
    assert kind.plural not in reserved


@KINDS
def test_columns_show_fields_that_there_are(kind: Kind) -> None:
    paths = {f"spec.{f.path}" for f in kind.fields} | {f"status.{f.path}" for f in fields_of(kind.status)}
    assert {column.path for column in kind.columns} <= paths


@KINDS
def test_defaults_are_valid_and_of_the_form_that_they_are_read_in(kind: Kind) -> None:
    schema = kind.spec.model_json_schema()
    for name, facts in schema.get("properties", {}).items():
        if facts.get("default") is not None:
            whole = {**schema, "required": []}
            jsonschema.Draft202012Validator(whole).validate({name: facts["default"]})


@WRITABLE
def test_what_is_charged_is_countable(kind: Kind) -> None:
    spec = kind.effective(kind.parse(kind.example["spec"], kind.name))
    size = {"vcpus": 1, "memory_mib": 64, "disk_gib": 1}
    charged = kind.charged(spec, {f"flavor/{spec.get('flavor')}": size})
    assert set(charged) <= {kind.plural, *kind.countables}
    assert all(isinstance(amount, int) and amount > 0 for amount in charged.values())
    assert (set(charged) == set()) == (not kind.charged_anything)


@KINDS
def test_a_copied_field_is_one_of_the_target(kind: Kind) -> None:
    for field in kind.references:
        if field.ref is not None and field.ref.kind is not None:
            assert set(field.ref.copy) <= {f.path for f in REGISTRY[field.ref.kind].fields}


@KINDS
def test_what_is_filtered_by_is_a_plain_value_at_the_top(kind: Kind) -> None:
    for field in kind.filterable:
        assert "." not in field.path
        assert "[" not in field.path
        assert not field.secret


@KINDS
def test_secrets_are_nobodys_filter_reference_or_charge(kind: Kind) -> None:
    for field in kind.secrets:
        assert field.ref is None
        assert "[]" not in field.path


@KINDS
def test_every_older_version_of_the_spec_can_be_read(kind: Kind) -> None:
    assert set(kind.upcasters) == set(range(1, kind.spec_version))


@KINDS
def test_only_what_a_loop_makes_true_has_finalizers(kind: Kind) -> None:
    assert kind.controlled or not kind.finalizers


@KINDS
def test_a_share_is_for_kinds_of_tenants_only(kind: Kind) -> None:
    shared = REGISTRY["share"].spec.model_json_schema()["properties"]["kind"]["enum"]
    assert kind.name not in shared or kind.scope is Scope.TENANT
