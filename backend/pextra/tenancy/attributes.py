"""What policies see of a spec: the Cedar type of each field, and the values in Cedar's form.

A field is seen when its type has a counterpart in Cedar: texts, whole numbers, truth values, and lists and records of
them. Secrets, maps with free keys and fields of several types are not seen.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from pextra.declaration.markers import Secret, SecretState

CedarType = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Attribute:
    """One field: how it reads, and whether it is always there."""

    shape: _Shape
    always: bool


class _Shape:
    """A type of Cedar's."""

    def schema(self) -> CedarType:
        """The JSON form of the type."""
        raise NotImplementedError

    def value(self, given: Any) -> Any:
        """A JSON value in Cedar's form."""
        return given


@dataclass(frozen=True, slots=True)
class _Plain(_Shape):
    name: str

    def schema(self) -> CedarType:
        return {"type": self.name}

    def value(self, given: Any) -> Any:
        return given


@dataclass(frozen=True, slots=True)
class _Set(_Shape):
    element: _Shape

    def schema(self) -> CedarType:
        return {"type": "Set", "element": self.element.schema()}

    def value(self, given: Any) -> Any:
        return [self.element.value(item) for item in given]


@dataclass(frozen=True, slots=True)
class _Record(_Shape):
    fields: Mapping[str, _Attribute]

    def schema(self) -> CedarType:
        return {
            "type": "Record",
            "attributes": {
                name: {**field.shape.schema(), "required": field.always} for name, field in self.fields.items()
            },
        }

    def value(self, given: Any) -> Any:
        return {
            name: field.shape.value(given[name])
            for name, field in self.fields.items()
            if given.get(name) is not None
        }  # fmt: skip


@lru_cache(maxsize=256)
def of_model(model: type[BaseModel]) -> Attributes:
    """What policies see of specs of this model."""
    return Attributes(_record(model))


@dataclass(frozen=True, slots=True)
class Attributes:
    """See `of_model`."""

    record: _Record

    def schema(self) -> CedarType:
        """The Cedar type, in JSON."""
        return self.record.schema()

    def of(self, effective: Mapping[str, Any]) -> dict[str, Any]:
        """The attributes of an effective spec."""
        return self.record.value(effective)


def _record(model: type[BaseModel]) -> _Record:
    hints = typing.get_type_hints(model, include_extras=True)
    fields: dict[str, _Attribute] = {}
    for name, info in model.model_fields.items():
        shape, optional = _shape(hints[name])
        if shape is not None:
            has_value = info.is_required() or info.default not in (None, PydanticUndefined)
            fields[name] = _Attribute(shape, has_value and not optional)
    return _Record(fields)


def _shape(annotation: Any) -> tuple[_Shape | None, bool]:
    """The counterpart of a type, and whether the value may be absent."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *extra = get_args(annotation)
        return (None, False) if any(isinstance(m, Secret) for m in extra) else _shape(inner)
    if origin in (Union, types.UnionType):
        members = [a for a in get_args(annotation) if a is not type(None)]
        first, *others = [_shape(m)[0] for m in members]
        same = all(other == first for other in others)
        return (first if same else None), len(members) < len(get_args(annotation))
    if origin is Literal:
        return _literal(get_args(annotation)), False
    if origin is list:
        element, _ = _shape(get_args(annotation)[0])
        return (_Set(element) if element is not None else None), False
    return _named(annotation), False


def _literal(values: tuple[Any, ...]) -> _Shape | None:
    kinds: set[type] = {type(value) for value in values}
    if kinds == {str}:
        return _Plain("String")
    return _Plain("Long") if kinds == {int} else None


def _named(annotation: Any) -> _Shape | None:
    if not isinstance(annotation, type):
        return None
    if issubclass(annotation, BaseModel):
        return None if annotation is SecretState else _record(annotation)
    if issubclass(annotation, bool):
        return _Plain("Boolean")
    if issubclass(annotation, str | datetime) or (issubclass(annotation, Enum) and issubclass(annotation, str)):
        return _Plain("String")
    if issubclass(annotation, int):
        return _Plain("Long")
    return None
