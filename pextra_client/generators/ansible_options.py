"""The options of Ansible modules, made from the JSON schemas of kinds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, cast

from pextra_client.schema import Field, Node

RESERVED: Final = frozenset(
    {
        "name", "tenant", "state", "labels", "annotations", "etag", "replace", "cascade", "wait", "wait_timeout",
        "unset", "action", "arguments", "endpoints", "endpoint", "token", "profile", "ca", "api_timeout",
    }
)  # fmt: skip
"""What options of every module are called; a field of the spec with such a name becomes `spec_<name>`."""
_TYPES: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "object": "dict"}
_SOUNDS_SECRET: Final = re.compile("pass|secret|token|key|cred", re.IGNORECASE)
_UNITS_IN_NAMES: Final = {"s", "bytes", "MiB", "GiB", "KiB"}


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a module, or a suboption.

    Args:
        name: of the option.
        description: sentences.
        type: Ansible's.
        elements: of a list.
        choices: the only values, if there are only some.
        required: whether it has to be given wherever its owner is.
        secret: whether its value must not be shown; None where nothing about it sounds secret.
        nullable: whether the field may be unset.
        options: of a dictionary, or of each of a list.
    """

    name: str
    description: tuple[str, ...]
    type: str
    elements: str | None = None
    choices: tuple[Any, ...] = ()
    required: bool = False
    secret: bool | None = None
    nullable: bool = False
    options: tuple[Option, ...] = field(default=())

    def hides_secrets(self) -> bool:
        """Whether it is a secret, or one of its suboptions is."""
        return bool(self.secret) or any(each.hides_secrets() for each in self.options)

    def documentation(self) -> dict[str, Any]:
        """As a module's DOCUMENTATION describes it."""
        told: dict[str, Any] = {"description": list(self.description), "type": self.type}
        if self.elements:
            told["elements"] = self.elements
        if self.required:
            told["required"] = True
        if self.choices:
            told["choices"] = list(self.choices)
        if self.options:
            told["suboptions"] = {each.name: each.documentation() for each in self.options}
        return told

    def argument(self) -> dict[str, Any]:
        """As a module's argument spec has it."""
        spec: dict[str, Any] = {"type": self.type}
        if self.elements:
            spec["elements"] = self.elements
        if self.required:
            spec["required"] = True
        if self.choices:
            spec["choices"] = list(self.choices)
        if self.secret is not None:
            spec["no_log"] = self.secret
        if self.options:
            spec["options"] = {each.name: each.argument() for each in self.options}
        return spec


def options_of(node: Node, *, top: bool) -> tuple[Option, ...]:
    """The options that stand for an object's fields.

    Args:
        node: schema of the object.
        top: whether it is a spec, whose required fields need to be given only when an object is made.
    """
    return tuple(_option(each, top=top) for each in node.fields())


def _option(found: Field, *, top: bool) -> Option:
    name = f"spec_{found.name}" if top and found.name in RESERVED else found.name
    if top and found.name.startswith("spec_"):
        raise ValueError(f"{found.name} cannot be told from a field whose name is taken")
    secret = bool(found.facts.get("secret")) or _holds_secrets(found.node)
    node = found.node.simplified()
    type_, elements, choices, inner = _shape(found.node, secret=secret)
    return Option(
        name=name,
        description=tuple(_sentences(found, node, top=top)),
        type=type_,
        elements=elements,
        choices=choices,
        required=found.required and not top,
        secret=secret if secret or _SOUNDS_SECRET.search(name) else None,
        nullable=found.node.nullable and not found.required,
        options=inner,
    )


def _shape(node: Node, *, secret: bool) -> tuple[str, str | None, tuple[Any, ...], tuple[Option, ...]]:
    """Type, type of elements, choices and inner options."""
    node = node.simplified()
    schema = node.schema
    if len(node.alternatives) > 1:
        return ("str" if secret else "raw"), None, (), ()
    if "enum" in schema:
        return _TYPES[schema["type"]], None, tuple(schema["enum"]), ()
    if schema.get("type") == "array":
        items = node.items
        if items is None:
            return "list", "raw", (), ()
        type_, _, choices, inner = _shape(items, secret=secret)
        return "list", type_, choices, inner
    if schema.get("properties"):
        return "dict", None, (), options_of(node, top=False)
    return _TYPES.get(str(schema.get("type")), "raw"), None, (), ()


def _holds_secrets(node: Node) -> bool:
    """Whether every value of a free-form object is secret."""
    patterns: dict[str, Any] = node.simplified().schema.get("patternProperties", {})
    return any(each.get("x-pextra", {}).get("secret") for each in patterns.values())


def _sentences(found: Field, node: Node, *, top: bool) -> Iterator[str]:
    yield marked_up(found.description or f"The {found.name.replace('_', ' ')}.")
    facts = found.facts | node.schema.get("x-pextra", {})
    if top and found.required:
        yield "Needed when the object is made."
    if found.has_default and found.default not in ([], {}, ""):
        where = "A new object has" if top else "Without it,"
        yield f"{where} V({_value(found.default)}){'' if top else ' holds'}."
    bounds = _bounds(node)
    if bounds:
        yield bounds
    unit = facts.get("unit")
    if unit and unit not in _UNITS_IN_NAMES:
        yield f"In {unit}."
    reference = facts.get("ref") or _items_facts(node).get("ref")
    if reference and reference.get("kind"):
        yield f"Names {with_article(reference['kind'])}."
    if facts.get("immutable") or facts.get("change") == "replace":
        yield "Cannot change in place; see O(replace)." if top else "Cannot change in place."
    elif facts.get("change") == "restart":
        yield "A change restarts what runs."
    if facts.get("secret") or _holds_secrets(found.node):
        yield "Is stored encrypted and never read back; the same value again changes nothing."
    if top and found.node.nullable and not found.required:
        yield "To remove it, name it in O(unset)."


def _items_facts(node: Node) -> dict[str, Any]:
    items = node.items
    return {} if items is None else items.simplified().schema.get("x-pextra", {})


def _bounds(node: Node) -> str:
    low, high = node.schema.get("minimum"), node.schema.get("maximum")
    if low is not None and high is not None:
        return f"From {low} to {high}."
    if node.schema.get("maxItems") is not None:
        return f"At most {node.schema['maxItems']}."
    return ""


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(str, cast("list[Any]", value))) if isinstance(value, list) else str(value)


def with_article(kind: str) -> str:
    """A kind's name in a sentence: `a volume`, `an image`."""
    said = kind.replace("_", " ")
    return f"{'an' if said[0] in 'aeio' or said.startswith('ssh') else 'a'} {said}"


def marked_up(text: str) -> str:
    """Text of the declarations in Ansible's mark-up: what stands between back-quotes is code."""
    return re.sub(r"`([^`]*)`", lambda found: _code(found[1]), " ".join(text.split()))


def _code(text: str) -> str:
    """Only values can hold a closing bracket."""
    escaped = text.replace("\\", "\\\\").replace(")", "\\)")
    return f"C({text})" if escaped == text else f"V({escaped})"
