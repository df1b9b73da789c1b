"""Values that a preview does not know yet, because what they come from has not been made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast


class Unknown:
    """The type of `UNKNOWN`, of which there is one."""

    def __repr__(self) -> str:
        return "(known after it is made)"

    def __copy__(self) -> Unknown:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Unknown:
        return self


UNKNOWN: Final = Unknown()
"""Stands in a desired state where a value will be."""


def is_known(value: object) -> bool:
    """Whether a value holds no `UNKNOWN`, however deep."""
    if isinstance(value, Mapping):
        return all(is_known(each) for each in cast("Mapping[str, object]", value).values())
    if isinstance(value, list | tuple):
        return all(is_known(each) for each in cast("list[object]", value))
    return value is not UNKNOWN
