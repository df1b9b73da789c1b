"""The world's hosts or pools by name, each behind a lock of its own."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Places(Generic[T]):
    """Records by name; places are added and never removed.

    Args:
        kind: what a record is, for messages.
        records: where the records are kept.
    """

    def __init__(self, kind: str, records: dict[str, T]) -> None:
        self._kind = kind
        self._records = records
        self._locks = {name: Lock() for name in records}

    def __contains__(self, name: str) -> bool:
        return name in self._locks

    def names(self) -> list[str]:
        """Every name, in order."""
        return sorted(self._locks)

    def add(self, name: str, record: T) -> None:
        """Add a place that is not there yet; the caller lets nobody else add one meanwhile."""
        self._records[name] = record
        self._locks[name] = Lock()

    @contextmanager
    def at(self, name: str) -> Generator[T]:
        """The record, locked for the time of the body.

        Raises:
            LookupError: there is no such place.
        """
        lock = self._locks.get(name)
        if lock is None:
            raise LookupError(f"the simulated world has no {self._kind} {name!r}")
        with lock:
            yield self._records[name]

    def hold_all(self, held: ExitStack) -> None:
        """Lock every place, in the order of the names, for as long as `held` lasts."""
        for name in self.names():
            held.enter_context(self._locks[name])
