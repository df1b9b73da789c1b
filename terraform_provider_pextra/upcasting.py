"""How states of older versions of the schemas become states of the present ones.

A field that comes needs nothing: it is null until the next refresh. One that gets another name, type or place does:
add what turns a state of the present version into the next one, at the end of its kind's list, and nothing ever leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
"""Turns a state of one version of a schema into one of the next."""

UPCASTERS: Final[Mapping[str, Sequence[Upcaster]]] = {}
