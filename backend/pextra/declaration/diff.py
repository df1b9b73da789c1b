"""What a change does, field by field. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from pextra.declaration.kind import Kind, Spec


class Effect(StrEnum):
    """How a field's change takes effect."""

    IN_PLACE = "in_place"
    RESTART = "restart"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs; absent values are None."""

    path: str
    before: Any
    after: Any
    effect: Effect

    def as_dict(self) -> dict[str, Any]:
        """The wire form of a change between masked specs; a secret's value or digest is never part of it."""
        return {
            "path": f"spec.{self.path}",
            "before": _shown(self.before),
            "after": _shown(self.after),
            "effect": self.effect.value,
        }


def _shown(value: Any) -> Any:
    """The value with `(secret)` in the place of each masked one."""
    if is_masked(value):
        return "(secret)"
    if isinstance(value, dict):
        return {name: _shown(each) for name, each in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_shown(each) for each in cast("list[Any]", value)]
    return value


def is_masked(value: Any) -> bool:
    """Whether this is how a secret reads: its digest and version, and nothing else."""
    if not isinstance(value, dict) or set(cast("dict[str, Any]", value)) != {"secret"}:
        return False
    held = cast("dict[str, Any]", value)["secret"]
    return isinstance(held, dict) and set(cast("dict[str, Any]", held)) == {"digest", "version"}


def diff(kind: Kind, before: Spec, after: Spec) -> list[FieldChange]:
    """The fields in which two effective specs differ, in the declaration's order."""
    effects = {f.path: f for f in kind.fields}

    def effect(path: str) -> Effect:
        pattern = re.sub(r"\[\d+\]", "[]", path)
        while pattern:
            facts = effects.get(pattern)
            if facts is not None and facts.immutable:
                return Effect.REPLACE
            if facts is not None and facts.restart:
                return Effect.RESTART
            pattern = pattern[:-2] if pattern.endswith("[]") else pattern.rpartition(".")[0]
        return Effect.IN_PLACE

    return [FieldChange(path, old, new, effect(path)) for path, old, new in _leaves(before, after, "")]


def _leaves(before: Any, after: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before, dict) and isinstance(after, dict) and not is_masked(before) and not is_masked(after):
        old, new = cast("dict[str, Any]", before), cast("dict[str, Any]", after)
        for key in [*old, *(k for k in new if k not in old)]:
            yield from _leaves(old.get(key), new.get(key), f"{path}.{key}" if path else key)
    elif isinstance(before, list) and isinstance(after, list):
        olds, news = cast("list[Any]", before), cast("list[Any]", after)
        for index in range(max(len(olds), len(news))):
            yield from _leaves(
                olds[index] if index < len(olds) else None,
                news[index] if index < len(news) else None,
                f"{path}[{index}]",
            )
    elif (before, _type(before)) != (after, _type(after)):
        yield path, before, after


def _type(value: Any) -> str:
    """JSON's true and 1 are equal in Python, and not the same value."""
    return type(value).__name__


def merge_patch(target: Any, patch: Any) -> Any:
    """`patch` applied to `target`. Source: RFC 7396 section 2."""
    if not isinstance(patch, dict):
        return patch
    merged: dict[str, Any] = dict(cast("dict[str, Any]", target)) if isinstance(target, dict) else {}
    for key, value in cast("dict[str, Any]", patch).items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged
