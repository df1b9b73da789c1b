"""The position of a client's last write, so that its later reads never see an older state."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

# A replica that is further behind is broken, not late; and a server may forget positions after some days.
_KEEP_S: Final = 300.0


class ReadYourWrites:
    """Remembers the last `Pextra-Position` and offers it as `Pextra-After`. Safe between threads.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._position: str | None = None
        self._noted_at = 0.0
        self._lock = threading.Lock()

    def note(self, position: str | None) -> None:
        """Takes in the position that a write was answered with; what it means is the server's business."""
        if position:
            with self._lock:
                self._position = position
                self._noted_at = self._clock()

    @property
    def position(self) -> str | None:
        """What to send with a read; None before the first write and some minutes after the last."""
        with self._lock:
            if self._clock() - self._noted_at > _KEEP_S:
                self._position = None
            return self._position
