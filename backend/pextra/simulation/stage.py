"""What all parts of one simulation share."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from pextra.drivers.interface import Retryable
from pextra.drivers.sim.world import SimWorld
from pextra.drivers.sim.world_file import WorldDocument
from pextra.simulation.guard import Guard
from pextra.simulation.hazards import Hazards
from pextra.simulation.ledger import Ledger
from pextra.simulation.schedule import Schedule
from pextra.simulation.trace import Trace


class Violated(BaseException):
    """A promise was broken. Not an `Exception`, so that no handler of the product takes it for an error of its own."""


class OneAtATime:
    """A lock among activities of one thread: who comes while it is held cannot wait, and is told to try again."""

    def __init__(self) -> None:
        self._held = False

    def __enter__(self) -> None:
        if self._held:
            raise Retryable("Busy", "another one is at it")
        self._held = True

    def __exit__(self, *exception: object) -> None:
        self._held = False


@dataclass(frozen=True, slots=True)
class Stage:
    """One simulation's time, world, chance and memory.

    Attributes:
        seed: what everything is drawn from.
        document: the content of `world`, which survives every crash.
        guard: sees what is about to be destroyed.
        looks: since when each look lasts that is under way, the innermost last.
        counts: how often what happened.
        choosing: of each host, see `HostDrivers`.
    """

    seed: int
    schedule: Schedule
    trace: Trace
    hazards: Hazards
    world: SimWorld
    document: WorldDocument
    ledger: Ledger
    guard: Guard
    looks: list[float] = field(default_factory=list[float])
    counts: Counter[str] = field(default_factory=Counter[str])
    choosing: dict[str, OneAtATime] = field(default_factory=dict[str, OneAtATime])

    def note(self, who: str, what: str, *, count: str | None = None) -> None:
        """Add a line to the trace, and count it under `count`."""
        self.trace.note(who, what)
        if count is not None:
            self.counts[count] += 1
