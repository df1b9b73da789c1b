from __future__ import annotations

import ast
import typing
from types import ModuleType
from typing import Any, Literal, NotRequired

import pytest

from pextra_client.generate import generate

NULLABLE = {"anyOf": [{"type": "integer"}, {"type": "null"}]}


def kind(name: str, spec: dict[str, Any], **facts: Any) -> dict[str, Any]:
    status = {"title": "StatusModel", "type": "object", "properties": {"observed_generation": {"type": "integer"}}}
    return {
        "kind": name, "plural": f"{name}s", "scope": "tenant", "spec_schema": spec, "status_schema": status, **facts
    }  # fmt: skip


def schema(properties: dict[str, Any], required: list[str] | None = None, **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required or [], **more}


def disk(**properties: Any) -> dict[str, Any]:
    return {"$defs": {"Disk": schema(properties)}, **schema({"disk": {"$ref": "#/$defs/Disk"}}, ["disk"])}


def module(*kinds: dict[str, Any]) -> ModuleType:
    text = generate({"kinds": list(kinds)})
    made = ModuleType("generated")
    exec(compile(text, "generated", "exec"), made.__dict__)
    return made


def hints(made: ModuleType, name: str) -> dict[str, Any]:
    return typing.get_type_hints(getattr(made, name), made.__dict__)


@pytest.mark.parametrize(
    ("declared", "type_"),
    [
        ({"type": "integer"}, int),
        ({"type": "number"}, float),
        ({"type": "boolean"}, bool),
        ({"type": "string", "enum": ["on", "off"]}, Literal["on", "off"]),
        ({"const": "all"}, Literal["all"]),
        ({"type": "array", "items": {"type": "string"}}, list[str]),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, dict[str, int]),
        ({"type": "object", "additionalProperties": NULLABLE}, dict[str, int | None]),
        ({"type": "object"}, dict[str, Any]),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, int | str),
        ({}, Any),
    ],
)  # fmt: skip
def test_a_field_has_the_type_that_its_schema_means(declared: dict[str, Any], type_: Any) -> None:
    assert hints(module(kind("box", schema({"f": declared}, ["f"]))), "BoxSpec") == {"f": type_}


def test_a_field_that_may_be_null_is_left_out_instead() -> None:
    made = module(kind("box", schema({"f": {"anyOf": [{"type": "string"}, {"type": "null"}]}})))
    assert typing.get_type_hints(made.BoxSpec, made.__dict__, include_extras=True) == {"f": NotRequired[str]}


def test_a_definition_that_two_kinds_share_is_written_once() -> None:
    same = disk(size={"type": "integer"})
    made = module(kind("box", same), kind("bag", same))
    assert hints(made, "BoxSpec")["disk"] is hints(made, "BagSpec")["disk"] is made.Disk


def test_two_definitions_of_one_name_are_told_apart() -> None:
    made = module(kind("box", disk(size={"type": "integer"})), kind("bag", disk(name={"type": "string"})))
    assert hints(made, "Disk") == {"size": int}
    assert hints(made, "BagDisk") == {"name": str}
    assert hints(made, "BagSpec")["disk"] is made.BagDisk


def test_a_definition_may_refer_to_itself() -> None:
    tree = schema({"children": {"type": "array", "items": {"$ref": "#/$defs/Tree"}}})
    made = module(kind("box", {"$defs": {"Tree": tree}, **schema({"tree": {"$ref": "#/$defs/Tree"}})}))
    assert hints(made, "Tree") == {"children": list[made.Tree]}


def test_what_a_field_means_is_written_beside_it() -> None:
    field = {
        "type": "integer", "description": "Size that the\nguest sees.", "default": 4,
        "x-pextra": {"unit": "GiB", "immutable": True},
    }  # fmt: skip
    text = generate({"kinds": [kind("box", schema({"size": field}))]})
    assert '"""Size that the guest sees. (in GiB; cannot change; 4 by default)"""' in text


def test_the_text_is_python_without_long_lines_or_unused_names() -> None:
    long = {"type": "string", "description": "word " * 60}
    text = generate({"kinds": [kind("box", schema({"f": long}), singleton="default")]})
    ast.parse(text)
    assert max(map(len, text.splitlines())) <= 110
    assert "Literal" not in text
    assert 'singleton="default"' in text
    assert text == generate({"kinds": [kind("box", schema({"f": long}), singleton="default")]})
