"""A clock that tests set themselves."""

from __future__ import annotations

from typing import Final

EPOCH_S: Final = 1_800_000_000.0


class ManualClock:
    """Time that passes when a test says so, and while somebody sleeps.

    Args:
        epoch_s: when it begins, in seconds since the epoch.

    Attributes:
        slept: how long each sleep was, in seconds.
    """

    def __init__(self, epoch_s: float = EPOCH_S) -> None:
        self._epoch_s = epoch_s
        self.slept: list[float] = []
        self._passed = 0.0

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._epoch_s + self._passed

    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        return self._passed

    def sleep(self, seconds: float) -> None:
        """Let that much time pass, at once."""
        self.slept.append(seconds)
        self._passed += seconds

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._passed += seconds
