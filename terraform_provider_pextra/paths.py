"""Where in a configuration a field of the API is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from terraform_provider_pextra.attributes import Attribute, Nesting

_PART: Final = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def located(attributes: Sequence[Attribute], field: str, given: Mapping[str, Any]) -> list[str | int]:
    """The path of the attribute that a field of the API is written as; empty when it is none in particular.

    Args:
        attributes: of the resource.
        field: such as `spec.networks[0].address` or `metadata.name`.
        given: the configuration: a secret may be written as either of two.
    """
    parts: list[str | int] = [int(index) if index else name for index, name in _PART.findall(field)]
    if not parts:
        return []
    if parts[0] == "metadata":
        known = {each.name for each in attributes if each.field is None}
        return parts[1:2] if len(parts) > 1 and parts[1] in known else []
    return _within(attributes, parts[1:] if parts[0] == "spec" else parts, given)


def _within(attributes: Sequence[Attribute], parts: Sequence[str | int], given: Mapping[str, Any]) -> list[str | int]:
    if not parts:
        return []
    candidates = [each for each in attributes if each.field == parts[0]]
    if not candidates:
        return []
    found = next((each for each in candidates if given.get(each.name) is not None), candidates[0])
    path: list[str | int] = [found.name]
    rest = parts[1:]
    if not rest or found.secret:
        return path
    if isinstance(rest[0], int):
        path.append(rest[0])
        return path + _within(found.nested, rest[1:], {})
    if found.nested and found.nesting is Nesting.SINGLE:
        return path + _within(found.nested, rest, {})
    return [*path, f"={rest[0]}"]
