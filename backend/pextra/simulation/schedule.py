"""What happens when: a queue of events over virtual time."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Final

START_S: Final = 1_800_000_000.0
"""When every simulation begins, in seconds since the epoch."""


class Schedule:
    """Runs events one after the other; time stands still while one runs.

    An event that waits (`run_until`) lets the others run meanwhile, on top of it: they end before it goes on. So two
    activities interleave at any point where the first one waits, without threads and in an order that the seed alone
    decides.

    Attributes:
        now: seconds since the epoch.
        depth: how many events wait.
        ran: how many events were begun.
    """

    def __init__(self) -> None:
        self.now = START_S
        self.depth = 0
        self.ran = 0
        self.after_each: Callable[[], None] = _nothing
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()

    def after(self, delay_s: float, act: Callable[[], None]) -> None:
        """Have `act` run in `delay_s`; among those due at the same time, the first that was asked for is first."""
        heappush(self._queue, (self.now + delay_s, next(self._numbers), act))

    def run_until(self, until_s: float) -> None:
        """Run what is due by then; afterwards it is that time, or later when an event waited longer."""
        self.depth += 1
        while self._queue and self._queue[0][0] <= until_s:
            self.step()
        self.depth -= 1
        self.now = max(self.now, until_s)

    def step(self) -> None:
        """Run the next event.

        Raises:
            IndexError: nothing will ever happen again.
        """
        at_s, _, act = heappop(self._queue)
        self.now = max(self.now, at_s)
        self.ran += 1
        act()
        self.after_each()


def _nothing() -> None:
    """The default of `Schedule.after_each`."""
