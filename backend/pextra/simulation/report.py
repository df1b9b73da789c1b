"""What came of a run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Report:
    """See the module.

    Attributes:
        events: how many events ran.
        virtual_s: how much time passed in the simulation.
        counts: how often what happened.
        digest: equal for two runs in which the same happened.
        violation: the promise that was broken, or None.
        trace: the last lines of what happened.
    """

    seed: int
    steps: int
    events: int
    virtual_s: float
    counts: Counter[str]
    digest: str
    violation: str | None
    trace: list[str]

    def __str__(self) -> str:
        head = f"seed {self.seed}: {self.events} events in {self.virtual_s:.0f} s of virtual time, digest {self.digest}"
        if self.violation is None:
            return head
        again = f"python -m pextra.simulation --seed {self.seed} --steps {self.steps}"
        return "\n".join([*self.trace, head, f"BROKEN: {self.violation}", f"again: {again}"])
