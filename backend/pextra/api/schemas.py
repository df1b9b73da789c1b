"""JSON schemas of the wire forms, made from the declarations."""

from __future__ import annotations

from typing import Any, Final, cast

from pextra.declaration.kind import LABEL, PATH, Kind, Scope, SpecModel
from pextra.declaration.registry import Registry

OPENAPI_REF: Final = "#/components/schemas/{model}"

_TEXTS: Final[dict[str, Any]] = {
    "type": "object",
    "maxProperties": 64,
    "additionalProperties": {"type": "string"},
}


def title(kind: Kind) -> str:
    """The schema name of a kind: `SecurityGroup`."""
    return "".join(part.capitalize() for part in kind.name.split("_"))


def spec_schema(kind: Kind, ref_template: str = "#/$defs/{model}") -> dict[str, Any]:
    """The schema of the kind's spec."""
    return _plain(kind.spec.model_json_schema(ref_template=ref_template))


def model_schema(model: type[SpecModel]) -> dict[str, Any]:
    """The schema of a model that stands by itself, with those of the models inside it as `$defs`."""
    return _plain(model.model_json_schema(ref_template=OPENAPI_REF))


def status_schema(kind: Kind, ref_template: str = "#/$defs/{model}") -> dict[str, Any]:
    """The schema of the kind's status, as it is read."""
    return _plain(kind.status.model_json_schema(ref_template=ref_template))


def _plain(schema: Any) -> Any:
    """The schema without pydantic's titles of fields and null defaults, which say nothing."""
    if isinstance(schema, list):
        return [_plain(item) for item in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    plain = {k: _plain(v) for k, v in cast("dict[str, Any]", schema).items() if (k, v) != ("default", None)}
    for field in plain.get("properties", {}).values():
        if isinstance(field.get("title"), str):
            del field["title"]
    return plain


def name_pattern(kind: Kind) -> str:
    """The pattern of the kind's names."""
    return f"^{(PATH if kind.dotted_names else LABEL).pattern}$"


def manifest_schema(registry: Registry) -> dict[str, Any]:
    """The published schema of manifests: one object of any kind that users write."""
    definitions: dict[str, Any] = {}
    choices: list[dict[str, Any]] = []
    for kind in registry:
        if not kind.writable:
            continue
        spec = spec_schema(kind)
        definitions |= spec.pop("$defs", {})
        definitions[f"{title(kind)}Manifest"] = _manifest(kind, spec)
        choices.append({"$ref": f"#/$defs/{title(kind)}Manifest"})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Pextra manifest",
        "oneOf": choices,
        "$defs": definitions,
    }


def _manifest(kind: Kind, spec: dict[str, Any]) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "name": {"type": "string", "pattern": name_pattern(kind), "maxLength": 253},
        "labels": _TEXTS,
        "annotations": _TEXTS,
    }
    if kind.scope is Scope.TENANT:
        metadata["tenant"] = {
            "type": "string",
            "description": "The owner; by default the one that the client works in.",
        }
    return {
        "type": "object",
        "description": kind.description,
        "required": ["kind", "metadata"],
        "properties": {
            "kind": {"const": kind.name},
            "metadata": {"type": "object", "required": ["name"], "properties": metadata},
            "spec": spec,
        },
    }


def kinds_document(registry: Registry) -> dict[str, Any]:
    """What `/v1/kinds` answers: everything from which a client can be generated."""
    return {"kinds": [_kind(kind) for kind in registry]}


def _kind(kind: Kind) -> dict[str, Any]:
    return {
        "kind": kind.name,
        "plural": kind.plural,
        "scope": kind.scope.value,
        "singleton": kind.singleton,
        "writable": kind.writable,
        "deletable": "delete" in kind.verbs,
        "mints": kind.mints,
        "description": kind.description,
        "short_names": list(kind.short_names),
        "countables": dict(kind.countables),
        "measured": kind.sample is not None,
        "placed": kind.placed,
        "conditions": {"ready": "Whether it is as its spec says.", **kind.conditions},
        "actions": [
            {
                "name": a.name,
                "description": a.description,
                "arguments": _plain(a.arguments.model_json_schema()),
                "mints": a.mints is not None,
            }
            for a in kind.actions
        ],
        "columns": [{"title": c.title, "path": c.path} for c in kind.columns],
        "references": [{"path": f"spec.{f.path}", "kind": f.ref.kind} for f in kind.references if f.ref is not None],
        "spec_schema": spec_schema(kind),
        "status_schema": status_schema(kind),
        "example": dict(kind.example),
    }
