"""Reading the JSON schemas in which a server describes its kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

Schema = Mapping[str, Any]

_EXTENSION = "x-pextra"
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Node:
    """One place in a schema document, with references followed.

    Args:
        schema: of this place.
        root: the whole document, which holds `$defs`.
    """

    schema: Schema
    root: Schema

    @classmethod
    def of(cls, document: Schema) -> Node:
        """The root of a schema document."""
        return cls(document, document)

    @property
    def reference(self) -> str | None:
        """The name of the definition that this place refers to, or None."""
        target = self.schema.get("$ref")
        return str(target).rsplit("/", 1)[-1] if target else None

    def resolved(self) -> Node:
        """This place with its reference followed."""
        name = self.reference
        return self if name is None else Node(self.root["$defs"][name], self.root).resolved()

    @property
    def alternatives(self) -> list[Node]:
        """The members of a union, null left out; empty when this is no union."""
        members = cast("Sequence[Schema]", self.schema.get("anyOf") or self.schema.get("oneOf") or ())
        return [Node(each, self.root) for each in members if each.get("type") != "null"]

    @property
    def nullable(self) -> bool:
        """Whether null is a member of the union."""
        members = cast("Sequence[Schema]", self.schema.get("anyOf") or self.schema.get("oneOf") or ())
        return any(each.get("type") == "null" for each in members)

    def without_null(self) -> Node:
        """The same union without null."""
        if not self.nullable:
            return self
        return Node({"anyOf": [each.schema for each in self.alternatives]}, self.root)

    def simplified(self) -> Node:
        """The only member of a union that has one besides null, references followed."""
        node = self.resolved()
        members = node.alternatives
        return members[0].simplified() if len(members) == 1 else node

    @property
    def items(self) -> Node | None:
        """What the elements of an array are."""
        items = self.schema.get("items")
        return None if items is None else Node(items, self.root)

    @property
    def values(self) -> Node | None:
        """What the values of a free-form object are; None when they may be anything or nothing."""
        values = self.schema.get("additionalProperties")
        return Node(cast(Schema, values), self.root) if isinstance(values, dict) else None

    @property
    def description(self) -> str:
        """For people, as one line."""
        return " ".join(str(self.schema.get("description", "")).split())

    def fields(self) -> list[Field]:
        """The properties of an object, in the order of their declaration."""
        properties = cast("Mapping[str, Schema]", self.schema.get("properties", {}))
        required = set(self.schema.get("required", ()))
        return [Field(name, Node(schema, self.root), required=name in required) for name, schema in properties.items()]


@dataclass(frozen=True, slots=True)
class Field:
    """One property of an object.

    Args:
        name: of the property.
        node: its schema.
        required: whether it must be given.
    """

    name: str
    node: Node
    required: bool

    @property
    def description(self) -> str:
        """For people, as one line; what its type says when it says nothing itself."""
        return self.node.description or self.node.resolved().description

    @property
    def has_default(self) -> bool:
        """Whether there is a value that is taken when none is given."""
        return self.node.schema.get("default", _MISSING) not in (_MISSING, None)

    @property
    def default(self) -> Any:
        """That value."""
        return self.node.schema.get("default")

    @property
    def facts(self) -> dict[str, Any]:
        """What `x-pextra` says, also within a union: `immutable`, `secret`, `ref`, `unit` and so on."""
        found: dict[str, Any] = {}
        for node in (self.node, *self.node.alternatives):
            found.update(cast("Mapping[str, Any]", node.schema.get(_EXTENSION, {})))
        return found
