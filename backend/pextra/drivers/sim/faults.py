"""Failures that a test or a simulation asks for."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Final

from pextra.drivers.interface import (
    ComputeDriver,
    DriverError,
    NetworkDriver,
    StorageDriver,
    Unknown,
)
from pextra.drivers.interface.fabric import Fabric

OPERATIONS: Final = frozenset(
    name
    for family in (ComputeDriver, StorageDriver, NetworkDriver, Fabric)
    for name in vars(family)
    if not name.startswith("_") and name not in ("capabilities", "close")
)
"""What can be made to fail: every method of the four contracts that looks at the world."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One failure that waits for its operation."""

    operation: str
    error: DriverError
    place: str | None
    happened: bool


class Faults:
    """The failures that are still to come, oldest first. Thread-safe; without any it costs nothing."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: deque[Fault] = deque()

    def add(self, fault: Fault) -> None:
        """Let the next call of the fault's operation fail.

        Raises:
            ValueError: there is no such operation, or something that did not happen is said to have.
        """
        if fault.operation not in OPERATIONS:
            raise ValueError(f"no driver has an operation {fault.operation!r}")
        if fault.happened and not isinstance(fault.error, Unknown):
            raise ValueError(f"{type(fault.error).__name__} means that it did not happen")
        with self._lock:
            self._waiting.append(fault)

    @contextmanager
    def around(self, operation: str, place: str) -> Generator[None]:
        """The body is one call of the operation on a host or pool."""
        fault = self._take(operation, place) if self._waiting else None
        if fault is not None and not fault.happened:
            raise fault.error
        yield
        if fault is not None:
            raise fault.error

    def _take(self, operation: str, place: str) -> Fault | None:
        with self._lock:
            for fault in self._waiting:
                if fault.operation == operation and fault.place in (None, place):
                    self._waiting.remove(fault)
                    return fault
        return None
