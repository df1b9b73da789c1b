"""Waiting for a condition: the one place where tests sleep."""

from __future__ import annotations

import time
from collections.abc import Callable

INTERVAL_S = 0.02


def wait_until(condition: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Polls `condition` until it holds.

    Args:
        condition: called at least once; an exception that it raises ends the wait.
        timeout_s: how long to go on, in seconds.
        what: the awaited state, for the error message.

    Raises:
        TimeoutError: it did not hold in time.
    """
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"gave up after {timeout_s:g} s waiting for {what}")
        time.sleep(INTERVAL_S)
