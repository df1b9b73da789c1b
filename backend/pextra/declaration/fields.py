"""The fields of a spec with what is marked on them, and the values at a path."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel

from pextra.declaration.markers import Filterable, Immutable, Marker, Ref, Restart, Secret, SecretState, Unit

EVERY: Final = "*"


@dataclass(frozen=True, slots=True)
class FieldFacts:
    """One field; `path` counts from the spec: `networks[].network`, `data.*`.

    `[]` stands for every element of a list, `*` for every member of a mapping.
    """

    path: str
    immutable: bool
    restart: bool
    secret: bool
    filterable: bool
    unit: str | None
    ref: Ref | None


def fields_of(model: type[BaseModel]) -> tuple[FieldFacts, ...]:
    """Every field of the model and of the models inside it."""
    return tuple(_walk_model(model, ""))


def _walk_model(model: type[BaseModel], prefix: str) -> Iterator[FieldFacts]:
    hints = typing.get_type_hints(model, include_extras=True)
    for name in model.model_fields:
        yield from _walk_type(hints[name], f"{prefix}{name}", [])


def _walk_type(annotation: Any, path: str, markers: list[Marker]) -> Iterator[FieldFacts]:
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            inner, *extra = get_args(annotation)
            markers = markers + [m for m in extra if isinstance(m, Marker)]
            annotation = inner
        elif origin in (Union, types.UnionType):
            members = [a for a in get_args(annotation) if a not in (type(None), SecretState)]
            if len(members) != 1:
                break
            annotation = members[0]
        else:
            break
    yield _facts(path, markers)
    origin = get_origin(annotation)
    if origin is list:
        yield from (f for f in _walk_type(get_args(annotation)[0], f"{path}[]", []))
    elif origin is dict:
        yield from (f for f in _walk_type(get_args(annotation)[1], f"{path}.{EVERY}", []))
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation is not SecretState:
        yield from _walk_model(annotation, f"{path}.")


def _facts(path: str, markers: list[Marker]) -> FieldFacts:
    return FieldFacts(
        path=path,
        immutable=any(isinstance(m, Immutable) for m in markers),
        restart=any(isinstance(m, Restart) for m in markers),
        secret=any(isinstance(m, Secret) for m in markers),
        filterable=any(isinstance(m, Filterable) for m in markers),
        unit=next((m.unit for m in markers if isinstance(m, Unit)), None),
        ref=next((m for m in markers if isinstance(m, Ref)), None),
    )


def values_at(document: Any, path: str) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """The concrete path, value and enclosing object of everything that `path` names in `document`."""
    yield from _values(document, path.replace("[]", ".[]").split("."), "", {})


def _values(
    node: Any, parts: list[str], path: str, parent: dict[str, Any]
) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    if not parts:
        yield path, node, parent
        return
    head, *rest = parts
    if head == "[]":
        if isinstance(node, list):
            for index, item in enumerate(typing.cast("list[Any]", node)):
                yield from _values(item, rest, f"{path}[{index}]", parent)
    elif isinstance(node, dict) and head == EVERY:
        members = typing.cast("dict[str, Any]", node)
        for name, item in members.items():
            yield from _values(item, rest, f"{path}.{name}", members)
    elif isinstance(node, dict) and head in node:
        holder = typing.cast("dict[str, Any]", node)
        yield from _values(holder[head], rest, f"{path}.{head}" if path else head, holder)


def set_at(document: dict[str, Any], path: str, value: Any) -> None:
    """Replace the value at a concrete path such as `networks[0].network`."""
    node: Any = document
    parts = path.replace("[", ".[").split(".")
    for part in parts[:-1]:
        node = node[int(part[1:-1])] if part.startswith("[") else node[part]
    last = parts[-1]
    if last.startswith("["):
        node[int(last[1:-1])] = value
    else:
        node[last] = value
