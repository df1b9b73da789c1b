"""The attributes of each kind, out of its declaration."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from pextra_client.discovery import Kind, Scope
from pextra_client.schema import Field, Node
from terraform_provider_pextra.attributes import Attribute, Form, Nesting, only_read

PREFIX: Final = "pextra_"
TIMEOUTS: Final = ("create", "update", "delete")
_OWN: Final = frozenset(
    {"id", "uid", "name", "tenant", "labels", "annotations", "status", "minted", "timeouts", "wait"}
)
_META_ARGUMENTS: Final = frozenset(
    {"connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioner"}
)
"""What Terraform itself reads in a block."""
_SCALARS: Final = {"string": "string", "integer": "number", "number": "number", "boolean": "bool"}
_STRINGS: Final = ["map", "string"]


def resource_name(kind: Kind) -> str:
    """What the resource and the data source of one object are called."""
    return PREFIX + kind.name


def list_name(kind: Kind) -> str:
    """What the data source of many objects is called."""
    return PREFIX + kind.plural


@lru_cache(maxsize=256)
def resource_attributes(kind: Kind) -> tuple[Attribute, ...]:
    """The attributes of the resource of a kind."""
    whole = [
        *_identity(kind),
        *_twins(spec_attributes(kind)),
        _status(kind),
        *([_minted()] if kind.mints else []),
        Attribute(
            name="wait",
            type="bool",
            optional=True,
            computed=True,
            default=True,
            description="Whether to wait until it is ready. Not for what something else makes ready afterwards: a host "
            "that joins by a token of the same stack, an image that is uploaded. Default: `true`.",
        ),
        Attribute(
            name="timeouts",
            optional=True,
            nested=tuple(
                Attribute(name=each, optional=True, description="A duration such as `90s` or `10m`.")
                for each in TIMEOUTS
            ),
            description="How long to wait for the object at most; 10 minutes, or what the provider's `timeout` says.",
        ),
    ]
    return tuple(whole)


@lru_cache(maxsize=256)
def object_attributes(kind: Kind) -> tuple[Attribute, ...]:
    """What is read of one object of a kind. Secrets are not: they are never read back."""
    readable = [each for each in spec_attributes(kind) if not each.secret]
    whole = [*_identity(kind), *readable, _status(kind)]
    return only_read(whole)


def source_attributes(kind: Kind) -> tuple[Attribute, ...]:
    """The attributes of the data source of one object."""
    given = {"name": kind.singleton is None, "tenant": False}
    return tuple(
        replace(each, required=given[each.name], optional=not given[each.name], computed=not given[each.name])
        if each.name in given
        else each
        for each in object_attributes(kind)
    )


def list_attributes(kind: Kind) -> tuple[Attribute, ...]:
    """The attributes of the data source of many objects."""
    where = (
        Attribute(name="tenant", optional=True, computed=True, description="Whose; the provider's by default."),
        Attribute(
            name="recursive",
            type="bool",
            optional=True,
            description="Whether those of the tenants below are listed, too.",
        ),
    )
    return (
        *(where if kind.scope is Scope.TENANT else ()),
        Attribute(
            name="labels", optional=True, description="A selector, such as `app=web,tier!=db,env in (a,b),!old`."
        ),
        Attribute(
            name="filters",
            type=["list", "string"],
            optional=True,
            description="Only objects of which all of these hold, such as `spec.size_gib=10`.",
        ),
        Attribute(
            name="items",
            computed=True,
            nested=object_attributes(kind),
            nesting=Nesting.LIST,
            description="The objects, by tenant and name.",
        ),
    )


def _identity(kind: Kind) -> list[Attribute]:
    named = kind.singleton is None
    found = [
        Attribute(
            name="id",
            computed=True,
            description="What it is imported by: " + ("its name." if kind.scope is Scope.CLOUD else "`tenant/name`."),
        ),
        Attribute(name="uid", computed=True, description="Its identity, which no other object ever has."),
        Attribute(
            name="name",
            required=named,
            optional=not named,
            computed=not named,
            default=kind.singleton,
            description="Its name; another one makes another object."
            if named
            else f"Always `{kind.singleton}`: a tenant has one {kind.name}.",
        ),
    ]
    if kind.scope is Scope.TENANT:
        found.append(
            Attribute(
                name="tenant",
                optional=True,
                computed=True,
                description="The path of the tenant that it belongs to; the provider's by default. Another one makes "
                "another object.",
            )
        )
    found += [
        Attribute(name="labels", type=_STRINGS, optional=True, description="Labels, to select objects by."),
        Attribute(name="annotations", type=_STRINGS, optional=True, description="Notes of programs."),
    ]
    return found


def _minted() -> Attribute:
    return Attribute(
        name="minted",
        type=_STRINGS,
        computed=True,
        sensitive=True,
        description="The credential that was made with it (`minted.token`), null after an import. It is in the state: "
        "where that must not be, use the ephemeral resource `pextra_token`.",
    )


def _status(kind: Kind) -> Attribute:
    return Attribute(
        name="status",
        computed=True,
        nested=only_read(_attributes(Node.of(kind.status_schema), top=False)),
        description="What it was found to be.",
    )


@lru_cache(maxsize=256)
def spec_attributes(kind: Kind) -> tuple[Attribute, ...]:
    """The attributes of the fields of a kind, one or two for each."""
    return _attributes(Node.of(kind.spec_schema), top=True)


def _attributes(node: Node, *, top: bool) -> tuple[Attribute, ...]:
    found: list[Attribute] = []
    for field in node.fields():
        attribute = _attribute(field, top=top)
        found.append(attribute)
        word = _word(field.node)
        if word is not None:
            found[-1] = replace(attribute, required=False, optional=True)
            found.append(
                Attribute(
                    name=f"{attribute.name}_{word}",
                    type="bool",
                    optional=True,
                    field=field.name,
                    word=word,
                    description=f"True in place of `{attribute.name}`: `{word}`.",
                )
            )
    return tuple(found)


def _attribute(field: Field, *, top: bool) -> Attribute:
    node = field.node.simplified()
    name = f"spec_{field.name}" if top and field.name in _OWN | _META_ARGUMENTS else field.name
    if node.alternatives and any(each.schema.get("type") == "array" for each in node.alternatives):
        node = next(each for each in node.alternatives if each.schema.get("type") == "array")
    secret = _is_secret(field)
    if secret and not top:
        raise ValueError(f"{field.name}: a secret within an object has no attribute yet")
    shape = _shape(node, secret=secret)
    default = _told(shape.form, field.default) if field.has_default else None
    return replace(
        shape,
        name=name,
        field=field.name,
        description=_description(field),
        required=field.required and not secret,
        optional=not field.required or secret,
        computed=default is not None,
        default=default,
        sensitive=secret,
        secret=secret,
    )


def _shape(node: Node, *, secret: bool) -> Attribute:
    """Type, nesting and form of what lies at a place."""
    if secret:
        keyed = node.schema.get("type") == "object"
        return Attribute(name="", type=_STRINGS if keyed else "string")
    kind = node.schema.get("type")
    if kind == "array":
        items = (node.items or Node.of({})).simplified()
        if items.schema.get("properties"):
            return Attribute(name="", nested=_attributes(items, top=False), nesting=Nesting.LIST)
        return Attribute(name="", type=["list", _scalar(items)])
    if node.schema.get("properties"):
        return Attribute(name="", nested=_attributes(node, top=False))
    if kind == "object":
        return _map(node)
    return Attribute(name="", type=_scalar(node))


def _map(node: Node) -> Attribute:
    if node.values is None:
        return Attribute(name="", type="string", form=Form.JSON)
    values = node.values.simplified()
    if values.alternatives:
        return Attribute(name="", type=_STRINGS, form=Form.COUNTS)
    if values.schema.get("properties"):
        return Attribute(name="", nested=_attributes(values, top=False), nesting=Nesting.MAP)
    inner = values.values
    if inner is not None:
        return Attribute(name="", type=["map", ["map", _scalar(inner.simplified())]])
    return Attribute(name="", type=["map", _scalar(values)])


def _scalar(node: Node) -> str:
    if "const" in node.schema and "type" not in node.schema:
        return "string"
    return _SCALARS[node.schema["type"]]


def _told(form: Form, default: Any) -> Any:
    if form is Form.COUNTS:
        return {key: str(value) for key, value in default.items()}
    return json.dumps(default) if form is Form.JSON else default


def _word(node: Node) -> str | None:
    """The word that may stand in the place of a list."""
    members = node.resolved().alternatives
    if not any(each.schema.get("type") == "array" for each in members):
        return None
    words = [str(each.schema["const"]) for each in members if "const" in each.schema]
    return words[0] if len(words) == 1 else None


def _is_secret(field: Field) -> bool:
    if field.facts.get("secret"):
        return True
    patterns = field.node.simplified().schema.get("patternProperties", {})
    return any(each.get("x-pextra", {}).get("secret") for each in patterns.values())


def _description(field: Field) -> str:
    said = [field.description]
    node = field.node.simplified()
    values = node.schema.get("enum")
    if values:
        said.append(f"One of {', '.join(f'`{each}`' for each in values)}.")
    if node.schema.get("type") in {"integer", "number"}:
        said += _bounds(node)
    effect = field.facts.get("change")
    if effect == "replace":
        said.append("A change replaces the object.")
    elif effect == "restart":
        said.append("A change restarts what runs.")
    if field.has_default and field.default not in ("", [], {}):
        said.append(f"Default: `{_written(field.default)}`.")
    return " ".join(each for each in said if each)


def _bounds(node: Node) -> list[str]:
    low, high = node.schema.get("minimum"), node.schema.get("maximum")
    if low is not None and high is not None:
        return [f"{low} to {high}."]
    if low is not None:
        return [f"At least {low}."]
    return [] if high is None else [f"At most {high}."]


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return str(value)


def _twins(attributes: Sequence[Attribute]) -> list[Attribute]:
    """The attributes, each secret followed by the two that keep it out of the state."""
    found: list[Attribute] = []
    for each in attributes:
        if not each.secret:
            found.append(each)
            continue
        found += [
            replace(
                each,
                description=f"{each.description} It is in the state; `{each.name}_wo` is not.",
            ),
            replace(
                each,
                name=f"{each.name}_wo",
                write_only=True,
                description=f"The same as `{each.name}`, and in neither plan nor state. It is written when "
                f"`{each.name}_wo_version` changes.",
            ),
            Attribute(
                name=f"{each.name}_wo_version",
                type="number",
                optional=True,
                description=f"Change it to have `{each.name}_wo` written anew.",
            ),
        ]
    return found
