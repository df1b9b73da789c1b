"""Virtual time, as one machine's clock shows it."""

from __future__ import annotations

from pextra.simulation.schedule import Schedule


class SimClock:
    """A `Clock` that goes wrong by a constant, as the clocks of machines do; sleeping lets others run."""

    def __init__(self, schedule: Schedule, *, skew_s: float = 0.0) -> None:
        self._schedule = schedule
        self._skew_s = skew_s

    def now(self) -> float:
        """Seconds since the epoch, by this machine."""
        return self._schedule.now + self._skew_s

    def monotonic(self) -> float:
        """Seconds of a clock that never jumps."""
        return self._schedule.now

    def sleep(self, seconds: float) -> None:
        """Wait, and let others run meanwhile."""
        self._schedule.run_until(self._schedule.now + seconds)
