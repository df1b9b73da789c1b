"""Places for requests that hold a thread for long: bounded, and no tenant can take all of them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

from pextra.errors import PextraError

SHARE: Final = 2
"""One of so many places is the most that one tenant has; of a single place, that one."""


class Places:
    """So many at a time, and half as many for one tenant, with all that is below it.

    Args:
        count: of places.
        what: they are for, as it is said to who is told to come back.
        retry_after_s: when.
    """

    def __init__(self, count: int, what: str, *, retry_after_s: int) -> None:
        self._count = count
        self._each = max(1, count // SHARE)
        self._what = what
        self._retry_after_s = retry_after_s
        self._lock = threading.Lock()
        self._taken: Counter[str] = Counter()

    def take(self, holder: str) -> Callable[[], None]:
        """Take a place; what is returned gives it back, once however often it is called.

        Args:
            holder: the path of the tenant that asks; or whoever else shares the places with others.

        Raises:
            PextraError: `server.busy`: all are taken, or as many as one tenant may have.
        """
        # a tenant makes tenants below itself as it likes: they share its places
        top = holder.partition(".")[0]
        with self._lock:
            if self._taken.total() >= self._count:
                raise self._busy(f"Every place for {self._what} at this server is taken: try again.")
            if self._taken[top] >= self._each:
                raise self._busy(
                    f"{top!r} has {self._each} of {self._count} places for {self._what} at this server, which is as "
                    "many as one may have: try again when one of them is free."
                )
            self._taken[top] += 1
        left = threading.Event()

        def leave() -> None:
            with self._lock:
                if not left.is_set():
                    left.set()
                    self._taken[top] -= 1
                    self._taken += Counter()  # forgets who has none

        return leave

    @contextmanager
    def place(self, holder: str) -> Generator[None]:
        """A place for as long as the block runs.

        Raises:
            PextraError: as `take`.
        """
        leave = self.take(holder)
        try:
            yield
        finally:
            leave()

    def _busy(self, message: str) -> PextraError:
        return PextraError("server.busy", message, retry_after_s=self._retry_after_s)
