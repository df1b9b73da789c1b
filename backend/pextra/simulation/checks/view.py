"""What the checks look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pextra.declaration.kind import Spec
from pextra.drivers.sim.world import SimWorld
from pextra.drivers.sim.world_file import WorldDocument
from pextra.resources import REGISTRY
from pextra.simulation.ground import Ground
from pextra.simulation.ledger import Ledger, content
from pextra.store.records import Record

State = tuple[str, int, int]
"""An object's uid, generation and status revision."""


@dataclass(slots=True)
class Memo:
    """What was derived from one state of an object, so that it is derived once."""

    effective: dict[State, Spec] = field(default_factory=dict[State, Spec])
    charged: dict[State, dict[str, int]] = field(default_factory=dict[State, dict[str, int]])
    content: dict[State, str] = field(default_factory=dict[State, str])


@dataclass(frozen=True, slots=True)
class View:
    """The database, the world and the promises at one moment."""

    ground: Ground
    world: SimWorld
    document: WorldDocument
    ledger: Ledger
    memo: Memo

    def of_kind(self, kind: str) -> list[Record]:
        """Every object of the kind."""
        return [o for o in self.ground.objects.values() if o.kind == kind]

    def effective(self, record: Record) -> Spec:
        """The object's spec with its defaults."""
        state = _state(record)
        if state not in self.memo.effective:
            self.memo.effective[state] = REGISTRY[record.kind].effective(record.spec, record.spec_version)
        return self.memo.effective[state]

    def charged(self, record: Record) -> dict[str, int]:
        """What the object costs its tenant."""
        state = _state(record)
        if state not in self.memo.charged:
            self.memo.charged[state] = REGISTRY[record.kind].charged(self.effective(record), record.resolved)
        return self.memo.charged[state]

    def content(self, record: Record) -> str:
        """What users wrote of the object, as the ledger notes it."""
        state = _state(record)
        if state not in self.memo.content:
            self.memo.content[state] = content(self.effective(record), record.labels)
        return self.memo.content[state]

    def reason(self, record: Record) -> str:
        """The reason of the condition `ready`."""
        return str(self._ready(record).get("reason", ""))

    def is_ready(self, record: Record) -> bool:
        """Whether the condition `ready` is true."""
        return self._ready(record).get("status") == "true"

    @staticmethod
    def _ready(record: Record) -> dict[str, Any]:
        conditions: list[dict[str, Any]] = record.status.get("conditions", [])
        none: dict[str, Any] = {}
        return next((c for c in conditions if c["type"] == "ready"), none)


Check = Callable[[View], Iterator[str]]
"""Tells what is wrong; nothing when all is well."""


def named(record: Record) -> str:
    """An object in a message."""
    return f"{record.kind} {record.name} {record.uid}"


def _state(record: Record) -> State:
    return record.uid, record.generation, record.status_revision
