"""Hashing and verifying passwords with Argon2id, so many at a time as a process can bear."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from pextra.errors import PextraError

BUSY_S: Final = 2


@dataclass(frozen=True, slots=True)
class HashingSettings:
    """What one hash costs, and how many are made at once.

    Attributes:
        memory_kib, passes, lanes: OWASP's parameters for Argon2id.
        at_once: how many one process computes at a time; each takes a core and `memory_kib`.
        waiting: how many more wait for their turn; others are told to come back.
        patience_s: how long they wait.

    Source: OWASP Password Storage Cheat Sheet, Argon2id.
    """

    memory_kib: int = 19_456
    passes: int = 2
    lanes: int = 1
    at_once: int = 2
    waiting: int = 6
    patience_s: float = 3.0


class Hashing:
    """Hashes passwords. `turn` is taken around everything that hashes or verifies, never inside a transaction."""

    def __init__(self, settings: HashingSettings) -> None:
        self._settings = settings
        self._hasher = PasswordHasher(
            time_cost=settings.passes, memory_cost=settings.memory_kib, parallelism=settings.lanes, type=Type.ID
        )
        self._places = threading.BoundedSemaphore(settings.at_once + settings.waiting)
        self._turns = threading.BoundedSemaphore(settings.at_once)

    @contextmanager
    def turn(self) -> Generator[None]:
        """A turn to hash.

        Raises:
            PextraError: `server.busy`: too many are waiting, or for too long.
        """
        if not self._places.acquire(blocking=False):
            raise _busy()
        try:
            if not self._turns.acquire(timeout=self._settings.patience_s):
                raise _busy()
            try:
                yield
            finally:
                self._turns.release()
        finally:
            self._places.release()

    def hash(self, password: str) -> str:
        """Argon2's own text form, with a fresh salt."""
        return self._hasher.hash(password)

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether it is the password; without a stored one as much is spent, and it is not."""
        try:
            return self._hasher.verify(stored or self._dummy, password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, stored: str) -> bool:
        """Whether a hash was made with other parameters than are used now."""
        return self._hasher.check_needs_rehash(stored)

    @cached_property
    def _dummy(self) -> str:
        return self._hasher.hash(secrets.token_urlsafe(32))


def _busy() -> PextraError:
    return PextraError(
        "server.busy", "Too many passwords are being checked: try again in a moment.", retry_after_s=BUSY_S
    )
