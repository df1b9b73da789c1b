"""What happened, line by line: the last lines for people, the digest of all of them for comparing two runs."""

from __future__ import annotations

import hashlib
import logging
from collections import deque
from typing import Final

from pextra.simulation.schedule import START_S, Schedule

KEPT: Final = 2000


class Trace:
    """A log in virtual time."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._lines: deque[str] = deque(maxlen=KEPT)
        self._digest = hashlib.sha256()

    def note(self, who: str, what: str) -> None:
        """Add a line."""
        waiting = "| " * self._schedule.depth
        line = f"{self._schedule.now - START_S:10.3f} {waiting}{who}: {what}"
        self._lines.append(line)
        self._digest.update(line.encode() + b"\n")

    def tail(self, number: int) -> list[str]:
        """The last lines, at most `KEPT`."""
        return list(self._lines)[-number:]

    @property
    def digest(self) -> str:
        """Equal for two runs in which the same happened."""
        return self._digest.hexdigest()[:16]


class TraceHandler(logging.Handler):
    """Takes what the product logs into the trace."""

    def __init__(self, trace: Trace) -> None:
        super().__init__(logging.WARNING)
        self._trace = trace

    def emit(self, record: logging.LogRecord) -> None:
        """Add the record to the trace."""
        self._trace.note("log", self.format(record))
