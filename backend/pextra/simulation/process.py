"""A simulated process: its activities run in turn, and at each of its points it may die, or stand still meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final, Generic, TypeVar

from pextra.simulation.stage import Stage

L = TypeVar("L")

DEEPEST: Final = 6
"""How many activities may stand still at a time, one on top of the other."""
LONGEST_LOOK_S: Final = 4.0
"""For how long processes stand still while one acts on hosts; what such a pause lets run may pause again."""


class Crash(BaseException):
    """The process dies here. Not an `Exception`, for nothing in the process can handle it."""


class Process(Generic[L]):
    """Lives and dies; `L` is what it has in memory from its start to its death.

    Attributes:
        rng: the process's own chance.
    """

    def __init__(self, name: str, stage: Stage) -> None:
        self.name = name
        self.rng = Random(f"{stage.seed} {name}")
        self._stage = stage
        self._life: L | None = None
        self._frames: list[L] = []

    @property
    def up(self) -> bool:
        """Whether the process lives."""
        return self._life is not None

    def kill(self) -> None:
        """End the process at once, wherever it stands."""
        if self._life is not None:
            self._stage.note(self.name, "is killed", count="kill")
            self._die()

    def start(self) -> None:
        """Start the process with an empty memory."""
        raise NotImplementedError

    def point(self, name: str) -> None:
        """A step of the process at which it may die, or stand still while others go on.

        Raises:
            Crash: it dies here, or died while it stood still.
        """
        self._check_alive()
        hazards = self._stage.hazards
        if self._frames and hazards.crashes():
            self._stage.note(self.name, f"dies at {name}", count=f"death at {name.partition(' ')[0]}")
            self._die()
            raise Crash
        if name == "commit" or not self._frames or not self._may_wait():
            return  # a transaction is open, or enough activities stand still
        pause_s = hazards.pause_s(looking=bool(self._stage.looks))
        if pause_s:
            self._stage.note(self.name, f"stands still at {name} for {pause_s:.3f} s", count="pause")
            self._stage.schedule.run_until(self._stage.schedule.now + pause_s)
            self._check_alive()

    def wait(self, seconds: float) -> None:
        """Wait for something, and let others run meanwhile; not at all when enough activities wait.

        Raises:
            Crash: it died meanwhile.
        """
        if self._may_wait():
            if self._stage.looks and not self._stage.hazards.weather.stalls_anywhere:
                seconds = min(seconds, 1.0)
            self._stage.schedule.run_until(self._stage.schedule.now + seconds)
        self._check_alive()

    def _may_wait(self) -> bool:
        """Whether others may run while this process waits; a look that waits must not outlast its lease."""
        looks = self._stage.looks
        if self._stage.schedule.depth >= DEEPEST:
            return False
        if self._stage.hazards.weather.stalls_anywhere:
            return True
        return not looks or self._stage.schedule.now - looks[0] <= LONGEST_LOOK_S

    def _check_alive(self) -> None:
        if self._frames and self._frames[-1] is not self._life:
            raise Crash

    def _die(self) -> None:
        self._life = None
        self._stage.schedule.after(self._stage.hazards.downtime_s(), self.start)

    def _within(self, life: L, act: Callable[[], object]) -> bool:
        """Run a part of the life; tells whether the process survived it."""
        self._frames.append(life)
        try:
            act()
        except Crash:
            return False
        finally:
            self._frames.pop()
        return self._life is life

    def _repeat(self, life: L, what: str, act: Callable[[], int], *, busy_s: float, idle_s: float) -> None:
        """Do it again and again as long as the life lasts, sooner when there was something to do."""

        def once() -> None:
            if self._life is not life:
                return
            done: list[int] = []
            if not self._within(life, lambda: done.append(act())):
                return
            if done[0]:
                self._stage.note(self.name, f"{what} did {done[0]}")
            wait_s = busy_s if done[0] else idle_s
            self._stage.schedule.after(wait_s * self.rng.uniform(0.7, 1.3), once)

        self._stage.schedule.after(self.rng.uniform(0.0, idle_s), once)
