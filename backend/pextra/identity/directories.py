"""Directories are asked by so many logins at a time as a process can bear: one that is slow holds nobody else up."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from pextra.identity.directory import Directory, Person, Sought, authenticate
from pextra.identity.failures import ProviderBusy
from pextra.identity.outbound import Outbound

PLACES: Final = 8
"""So many logins ask directories at a time, in one process."""
PLACES_EACH: Final = 2
"""So many of them those of one tenant; as many more wait for that."""
WAITING: Final = 4
"""So many wait, of all tenants; the others are told to come back."""
PATIENCE_S: Final = 2.0


class Directories:
    """Asks directories. Thread-safe.

    Args:
        patience_s: how long a login waits for its place.
    """

    def __init__(self, outbound: Outbound, *, patience_s: float = PATIENCE_S) -> None:
        self._outbound = outbound
        self._patience_s = patience_s
        self._asking: Counter[str] = Counter()
        self._waiting: Counter[str] = Counter()
        self._changed = threading.Condition()

    def authenticate(
        self, tenant_uid: str, directory: Directory, sought: Sought | None, password: str
    ) -> Person | None:
        """Who that is in the tenant's directory: see `directory.authenticate`.

        Raises:
            ProviderBusy: too many logins ask already; the directory was not asked.
            ProviderUnavailable: the directory cannot be asked, or does not let us look.
        """
        with self._place(tenant_uid):
            return authenticate(self._outbound, directory, sought, password)

    def waiting(self, tenant_uid: str) -> int:
        """How many logins of the tenant wait for a place."""
        with self._changed:
            return self._waiting[tenant_uid]

    @contextmanager
    def _place(self, tenant_uid: str) -> Generator[None]:
        with self._changed:
            if not self._is_free(tenant_uid):
                self._wait(tenant_uid)
            self._asking[tenant_uid] += 1
        try:
            yield
        finally:
            with self._changed:
                _less(self._asking, tenant_uid)
                self._changed.notify_all()

    def _is_free(self, tenant_uid: str) -> bool:
        return self._asking[tenant_uid] < PLACES_EACH and self._asking.total() < PLACES

    def _wait(self, tenant_uid: str) -> None:
        if self._waiting[tenant_uid] >= PLACES_EACH or self._waiting.total() >= WAITING:
            raise ProviderBusy
        self._waiting[tenant_uid] += 1
        try:
            if not self._changed.wait_for(lambda: self._is_free(tenant_uid), self._patience_s):
                raise ProviderBusy
        finally:
            _less(self._waiting, tenant_uid)


def _less(counter: Counter[str], key: str) -> None:
    counter[key] -= 1
    if not counter[key]:
        del counter[key]
