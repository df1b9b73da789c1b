"""The database as simulated processes use it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from pextra.store.database import Database


class SimDatabase(Database):
    """Takes no turns: only one transaction is open at a time, and a process that stands still would keep its turn."""

    def _turn(self, writes: bool, attempt: int) -> AbstractContextManager[None]:
        del writes, attempt
        return nullcontext()
