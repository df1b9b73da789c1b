"""Writers take turns, where going at it together would make each of them slower.

SQLite has one writer at a time and makes the others poll with ever longer sleeps, so that under load an unlucky one
waits a hundred times longer than the rest. A lock on a file beside the database wakes the next writer at once, in this
process or another; a process that dies lets go of it.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


class Turns:
    """The turns of one database file, or of one process.

    Args:
        database: path of the SQLite file; None for turns among this process's threads only.
    """

    def __init__(self, database: Path | None) -> None:
        self._path = database.with_name(f"{database.name}-turns") if database is not None else None
        self._threads = threading.Lock()

    @contextmanager
    def take(self, timeout_s: float) -> Generator[None]:
        """Hold the turn while the block runs; who waits longer than `timeout_s` for a thread goes without."""
        held = self._threads.acquire(timeout=timeout_s)
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600) if self._path and held else None
            try:
                if file is not None:
                    fcntl.flock(file, fcntl.LOCK_EX)
                yield
            finally:
                if file is not None:
                    os.close(file)
        finally:
            if held:
                self._threads.release()
