"""Compiled policies, kept by their versions: a version that was read in the transaction never means another text."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from pextra.tenancy.policies import PolicySet

MOST: Final = 2_000
"""How many are kept: one for each tenant whose policies were asked lately, and for each place from which."""

Key = tuple[tuple[str, str], ...]
"""(tenant uid, version) of each tenant whose policies bind, the one furthest up first."""


class PolicyCache:
    """The sets that were used last. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, PolicySet] = OrderedDict()

    def get(self, key: Key, make: Callable[[], PolicySet]) -> PolicySet:
        """The set of that key, made now if it is not kept."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        made = make()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return made
