"""What a look at an object came to; the loop stores it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from pextra.declaration import conditions
from pextra.drivers.interface import DriverError, Permanent
from pextra.services.cloud import Cloud
from pextra.store.database import Tx
from pextra.store.records import Record
from pextra.store.work import Item


class Next(Enum):
    """What happens to the object's work."""

    DONE = "as desired, or waiting for something that will ask for a look"
    LATER = "look again after a while"
    FAILED = "look again, the later the more often it failed"
    REMOVE = "every finalizer has run: the object goes"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What to store after a look.

    Attributes:
        record: the object as it was looked at; None when it has gone.
        facts: status fields that are known now.
        also: further statements of the same transaction.
        waits: it waits for room on any host, with this priority.
    """

    item: Item
    record: Record | None
    next: Next
    conditions: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    facts: dict[str, Any] = field(default_factory=dict[str, Any])
    delay_s: float = 1.0
    also: Callable[[Tx], None] | None = None
    waits: int | None = None


class Controller(Protocol):
    """Makes objects of one kind what they should be."""

    def look(self, cloud: Cloud, items: Sequence[Item]) -> list[Outcome]:
        """Look at the objects, act, and say what came of it. Never raises for what a driver does."""
        ...


def gone(item: Item) -> Outcome:
    """The object has gone already."""
    return Outcome(item, None, Next.DONE)


def not_ready(error: DriverError) -> dict[str, Any]:
    """What a driver could not do, as the condition `ready`."""
    known = error.reason in conditions.REASONS
    message = error.message if known else f"{error.reason}: {error.message}"
    return conditions.ready(False, error.reason if known else "DriverFailed", message)


def failed(item: Item, record: Record, error: DriverError, facts: dict[str, Any] | None = None) -> Outcome:
    """A driver could not do it."""
    delay = 15.0 if isinstance(error, Permanent) else 1.0
    return Outcome(item, record, Next.FAILED, [not_ready(error)], facts or {}, delay_s=delay)


def waiting(item: Item, record: Record, reason: str, message: str, *, poll_s: float | None = None) -> Outcome:
    """Something else comes first. Without `poll_s`, what is waited for asks for the next look."""
    condition = conditions.ready(False, reason, message)
    if poll_s is None:
        return Outcome(item, record, Next.DONE, [condition])
    return Outcome(item, record, Next.FAILED, [condition], delay_s=poll_s)
