"""Taints keep guests off hosts, unless they tolerate them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Effect(StrEnum):
    """What a taint does to guests that do not tolerate it. None drives away those that are there."""

    NO_SCHEDULE = "no_schedule"
    PREFER_NO_SCHEDULE = "prefer_no_schedule"


@dataclass(frozen=True, slots=True)
class Taint:
    """What is the matter with a host, or whom it is kept for."""

    key: str
    value: str
    effect: Effect


@dataclass(frozen=True, slots=True)
class Toleration:
    """Taints that a guest does not mind.

    Args:
        key: theirs.
        value: theirs; None: any.
        effect: theirs; None: any.
    """

    key: str
    value: str | None = None
    effect: Effect | None = None

    def tolerates(self, taint: Taint) -> bool:
        """Whether the taint is one of them."""
        return self.key == taint.key and self.value in (None, taint.value) and self.effect in (None, taint.effect)


def untolerated(taints: Iterable[Taint], tolerations: Iterable[Toleration], effect: Effect) -> int:
    """How many of the taints with this effect are not tolerated."""
    tolerated = tuple(tolerations)
    return sum(t.effect is effect and not any(each.tolerates(t) for each in tolerated) for t in taints)
