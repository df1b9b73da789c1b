"""The package as Pulumi describes packages: what `pulumi import` writes programs by, and other languages' SDKs."""

from __future__ import annotations

from typing import Any

from pextra_client.discovery import Catalog, Kind, Scope
from pextra_client.schema import Node
from pextra_client.version import VERSION
from pulumi_pextra import properties, settings
from pulumi_pextra.declared import PACKAGE
from pulumi_pextra.generate import camel, plain_node, sentence

_ANY = {"$ref": "pulumi.json#/Any"}
_MAP = {"type": "object", "additionalProperties": {"type": "string"}}


def schema() -> dict[str, Any]:
    """The document."""
    kinds = [kind for kind in Catalog.bundled() if kind.writable]
    settings_ = {name: {"type": "string", "description": text} for name, text in settings.NAMES.items()}
    settings_["token"]["secret"] = True  # pyright: ignore[reportArgumentType] - JSON
    return {
        "name": PACKAGE,
        "version": VERSION,
        "description": "Pextra, a private cloud",
        "license": "Apache-2.0",
        "config": {"variables": settings_},
        "provider": {"inputProperties": settings_},
        "resources": {f"{PACKAGE}:index:{camel(kind.name)}": _resource(kind) for kind in kinds},
        "functions": {f"{PACKAGE}:index:get{camel(kind.name)}": _function(kind) for kind in kinds},
        "language": {"python": {"packageName": "pulumi_pextra.native"}},
    }


def _resource(kind: Kind) -> dict[str, Any]:
    fields = {properties.property_of(kind, each.name): each for each in Node.of(kind.spec_schema).fields()}
    inputs: dict[str, Any] = {"name": {"type": "string"}, "labels": _MAP, "annotations": _MAP}
    if kind.scope is Scope.TENANT:
        inputs["tenant"] = {"type": "string"}
    secrets = properties.secrets_of(kind)
    for name, field in fields.items():
        inputs[name] = {**_type(field.node), "description": sentence(field)}
        if name in secrets:
            inputs[name]["secret"] = True
        if field.facts.get("change") == "replace":
            inputs[name]["willReplaceOnChanges"] = True
    told = {name: {"type": "string", "secret": True} for name in properties.MINTED.get(kind.name, ())}
    return {
        "description": kind.description,
        "inputProperties": inputs,
        "requiredInputs": sorted(name for name, field in fields.items() if field.required),
        "properties": {**inputs, **told, "uid": {"type": "string"}, "status": _ANY},
    }


def _function(kind: Kind) -> dict[str, Any]:
    names = {"name": {"type": "string"}}
    if kind.scope is Scope.TENANT:
        names["tenant"] = {"type": "string"}
    return {
        "inputs": {"properties": names, "required": ["name"]},
        "outputs": {"properties": {"id": {"type": "string"}, "uid": {"type": "string"}, "status": _ANY}},
    }


def _type(node: Node) -> dict[str, Any]:
    """What a place holds; what is nested is anything, for checking it is the provider's."""
    inner = plain_node(node)
    kind = inner.schema.get("type")
    if kind in {"string", "integer", "number", "boolean"}:
        return {"type": kind}
    if kind == "array":
        return {"type": "array", "items": _ANY if inner.items is None else _type(inner.items)}
    if kind == "object":
        return {"type": "object", "additionalProperties": _ANY}
    return dict(_ANY)
