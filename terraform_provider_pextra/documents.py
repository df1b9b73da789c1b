"""The pages of the registry, out of the schemas: `terraform_provider_pextra/docs`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final, cast

from pextra_client.discovery import Catalog, Kind, Scope
from terraform_provider_pextra import configuration, ephemeral
from terraform_provider_pextra.attributes import Attribute, Nesting
from terraform_provider_pextra.description import DESCRIPTION
from terraform_provider_pextra.kinds import (
    list_attributes,
    list_name,
    resource_attributes,
    resource_name,
    source_attributes,
    spec_attributes,
)
from terraform_provider_pextra.translation import to_attributes

_TYPES: Final = {"string": "String", "number": "Number", "bool": "Boolean"}
_NESTINGS: Final = {Nesting.SINGLE: "Object", Nesting.LIST: "List of objects", Nesting.MAP: "Map of objects"}
_WAITS: Final = (
    "Terraform waits until the object is ready. One that is made and not ready in time is in the state as tainted, and "
    "is replaced by the next apply."
)


def pages(kinds: Catalog) -> dict[str, str]:
    """The text of every page, by its path within the folder.

    Args:
        kinds: what there is.
    """
    found = {
        "index.md": _index(),
        "ephemeral-resources/token.md": _page(
            ephemeral.NAME, "Ephemeral Resource", ephemeral.DESCRIPTION, _EPHEMERAL_EXAMPLE, ephemeral.ATTRIBUTES
        ),
    }
    for kind in kinds:
        found[f"data-sources/{kind.name}.md"] = _page(
            resource_name(kind), "Data Source", kind.description, _source_example(kind), source_attributes(kind)
        )
        found[f"data-sources/{kind.plural}.md"] = _page(
            list_name(kind), "Data Source", f"Many of: {kind.description}", _list_example(kind), list_attributes(kind)
        )
        if kind.writable:
            found[f"resources/{kind.name}.md"] = _resource(kind)
    return found


def _resource(kind: Kind) -> str:
    address = "NAME" if kind.scope is Scope.CLOUD else "TENANT/NAME"
    name = kind.singleton or "NAME"
    command = f"terraform import {resource_name(kind)}.example {address.replace('NAME', name)}"
    ending = f"\n## Import\n\n```shell\n{command}\n```\n"
    secrets = [each.name for each in spec_attributes(kind) if each.secret]
    if secrets:
        ending += (
            f"\n`{secrets[0]}` cannot be read, so an import leaves it empty: the next apply writes it, which changes "
            f"nothing where it is the same. With `{secrets[0]}_wo` the plan is empty when `{secrets[0]}_wo_version` is "
            "the version that the API tells.\n"
        )
    if kind.mints:
        ending += "\nThe credential itself cannot be read: `minted` is null after an import.\n"
    said = f"{kind.description}\n\n{_WAITS}"
    return _page(resource_name(kind), "Resource", said, _resource_example(kind), resource_attributes(kind)) + ending


def _index() -> str:
    return "\n".join(
        [
            *_head("pextra", "Provider", DESCRIPTION),
            _fenced(_PROVIDER_EXAMPLE),
            _INDEX,
            *_schema(configuration.ATTRIBUTES),
            "",
        ]
    )


def _page(name: str, what: str, description: str, example: str, attributes: Sequence[Attribute]) -> str:
    return "\n".join([*_head(name, what, description), _fenced(example), *_schema(attributes), ""])


def _head(name: str, what: str, description: str) -> list[str]:
    first = description.split("\n", 1)[0]
    return [
        "---",
        f'page_title: "{name} {what}"',
        "description: |-",
        f"  {first}",
        "---",
        "",
        f"# {name} ({what})",
        "",
        description,
        "",
        "## Example",
        "",
    ]


def _fenced(text: str) -> str:
    return f"```terraform\n{text.rstrip()}\n```\n"


def _schema(attributes: Sequence[Attribute]) -> Iterator[str]:
    yield "## Schema"
    for title, chosen in (
        ("Required", [each for each in attributes if each.required]),
        ("Optional", [each for each in attributes if each.optional]),
        ("Read-Only", [each for each in attributes if not each.required and not each.optional]),
    ):
        if chosen:
            yield f"\n### {title}\n"
            for each in chosen:
                yield from _lines(each, 0)


def _lines(attribute: Attribute, depth: int) -> Iterator[str]:
    yield f"{'  ' * depth}- `{attribute.name}` ({_facts(attribute, depth)}) {attribute.description}".rstrip()
    for each in attribute.nested:
        yield from _lines(each, depth + 1)


def _facts(attribute: Attribute, depth: int) -> str:
    facts = [_NESTINGS[attribute.nesting] if attribute.nested else _type(attribute.type)]
    if depth and attribute.required:
        facts.append("Required")
    if attribute.sensitive:
        facts.append("Sensitive")
    if attribute.write_only:
        facts.append("Write-only")
    return ", ".join(facts)


def _type(type_: Any) -> str:
    if isinstance(type_, str):
        return _TYPES[type_]
    container, inner = cast("list[Any]", type_)
    return f"{str(container).capitalize()} of {_type(inner)}"


# --- examples, out of those of the kinds -------------------------------------------------------------


def _resource_example(kind: Kind) -> str:
    attributes = spec_attributes(kind)
    spec = kind.example.get("spec", {})
    told = to_attributes(attributes, spec)
    for each in attributes:
        if each.secret and each.field in spec:
            told[each.name] = spec[each.field]
    given = {
        each.name: _given(each, told[each.name], spec.get(each.field)) for each in attributes if each.field in spec
    }
    name = {} if kind.singleton else {"name": kind.example["metadata"]["name"]}
    lines = _assignments({**name, **{key: value for key, value in given.items() if value is not None}}, 1)
    return "\n".join([f'resource "{resource_name(kind)}" "example" {{', *lines, "}"])


def _given(attribute: Attribute, value: Any, field: Any) -> Any:
    """The value without what the example leaves to its default."""
    if not attribute.nested or value is None:
        return value
    if isinstance(value, list):
        values, fields = cast("list[Any]", value), cast("list[Any]", field)
        return [_one(attribute, each, one) for each, one in zip(values, fields, strict=True)]
    return _one(attribute, value, field)


def _one(attribute: Attribute, value: Any, field: Any) -> Any:
    return {
        each.name: _given(each, value[each.name], field[each.field]) for each in attribute.nested if each.field in field
    }


def _assignments(values: dict[str, Any], depth: int) -> list[str]:
    width = max((len(name) for name in values), default=0)
    return [f"{'  ' * depth}{name.ljust(width)} = {_literal(value, depth)}" for name, value in values.items()]


def _literal(value: Any, depth: int) -> str:
    if isinstance(value, dict):
        inner = cast("dict[str, Any]", value)
        named = {key if key.isidentifier() else json.dumps(key): each for key, each in inner.items()}
        return "\n".join(["{", *_assignments(named, depth + 1), f"{'  ' * depth}}}"])
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[" + ", ".join(_literal(each, depth) for each in cast("list[Any]", value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _source_example(kind: Kind) -> str:
    name = (
        ""
        if kind.singleton
        else f'  name = "{kind.example["metadata"]["name"]}"\n'
        if kind.example
        else '  name = "…"\n'
    )
    return f'data "{resource_name(kind)}" "example" {{\n{name}}}'


def _list_example(kind: Kind) -> str:
    return (
        f'data "{list_name(kind)}" "web" {{\n  labels = "app=web"\n}}\n\n'
        f'output "names" {{\n  value = data.{list_name(kind)}.web.items[*].name\n}}'
    )


_PROVIDER_EXAMPLE: Final = """\
terraform {
  required_providers {
    pextra = {
      source = "pextra/pextra"
    }
  }
}

provider "pextra" {
  endpoints = ["https://cloud.example.com:8443"]
  tenant    = "acme"
  # The token comes from PEXTRA_TOKEN, or from `pextra login`.
}
"""
_EPHEMERAL_EXAMPLE: Final = """\
ephemeral "pextra_token" "run" {
  service_account = "deployer"
  actions         = ["network.*", "subnet.*"]
  lifetime        = "30m"
}

provider "pextra" {
  alias = "networks"
  token = ephemeral.pextra_token.run.token
}
"""
_INDEX: Final = """\
Every kind of the API is a resource `pextra_KIND` with the fields of its `spec` as attributes, and a data source of the
same name; `pextra_KINDS` is a data source of many objects. A field that is called as one of the object's own attributes
(`name`, `tenant`, …) or as what Terraform reads itself (`provider`, …) has `spec_` before its name.

- A plan asks the API's dry run: what would be refused is an error of its attribute, what there is no quota or room for
  a warning; what replaces an object and what restarts what runs in it is said.
- What an apply made that was killed, the next one finds again for 24 hours and does not make a second time. What
  somebody else made under a name is never taken: import it.
- A secret is in the state, as all that Terraform reads; written as `…_wo` (Terraform and OpenTofu from 1.11), it is in
  neither plan nor state, and is written when `…_wo_version` changes. When somebody else changes it, the plan shows it.
- Environment: `PEXTRA_ENDPOINTS`, `PEXTRA_TOKEN`, `PEXTRA_TENANT`, `PEXTRA_CA`, `PEXTRA_PROFILE`.
"""
