"""Refusals on their way to the audit log: each is noted, and nobody fills a disk with them.

Alike are refusals of one principal (or, of strangers, one address) for one action and one reason within ten minutes.
The first `EACH` of them are noted one by one, then one entry stands for as many as there were since the last: after 16,
32, 64 and so on, the rest when that time is over and something is refused again. After `ENTRIES` entries in that time,
all that a process has not met in it before are alike when they are of one chain.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from typing import Final

from pextra.errors import PextraError
from pextra.services import auditing
from pextra.services.auditing import Refused
from pextra.services.cloud import Cloud, Origin
from pextra.store.database import Tx

log = logging.getLogger("pextra.audit")

EACH: Final = 8
ENTRIES: Final = 1000
WINDOW_S: Final = 600.0

_NOTED_OF_MUTATIONS: Final = frozenset({409, 412, 422})
_NOTED_ALWAYS: Final = frozenset({401, 403, 429})


def is_noted(error: PextraError, *, mutation: bool, reached: bool) -> bool:
    """Whether a refusal belongs into the audit log.

    Args:
        mutation: something would have been changed; not so for reads and dry runs.
        reached: the caller may know what is there, so that 404 tells of nothing but absence.
    """
    if error.status == 404:
        return error.code != "route.not_found" and (mutation or not reached)
    return error.status in _NOTED_ALWAYS or (mutation and error.status in _NOTED_OF_MUTATIONS)


@dataclass(slots=True)
class _Bucket:
    what: Refused
    seen: int = 0
    noted: int = 0


class Refusals:
    """The refusals of one process.

    What a process that is killed takes with it are numbers, at most half of those that were alike, and no kind of them.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, ...], _Bucket] = {}
        self._window = 0
        self._entries = 0

    def note(self, what: Refused) -> None:
        """Note a refusal; when the database is away, it is only counted, and logged."""
        due = self._due(what)
        if not due:
            return

        def write(tx: Tx) -> None:
            for each, count in due:
                auditing.refused(self._cloud, tx, each, count=count)

        try:
            self._cloud.database.write(write)
        except PextraError as error:
            who = what.principal.name if what.principal is not None else what.origin.address
            facts = (what.error, what.action, who, error.code)
            log.warning("the refusal %s of %s to %r is not in the audit log: %s", *facts)

    def _due(self, what: Refused) -> list[tuple[Refused, int]]:
        """What is to be noted now, and how many refusals each stands for."""
        window = int(self._cloud.database.clock.now() // WINDOW_S)
        who = what.principal.uid if what.principal is not None else ""
        chain = what.principal.tenant_uid if what.principal is not None else what.chain[0] if what.chain else ""
        key: tuple[str, ...] = (who, what.origin.address, chain, what.action, what.error)
        with self._lock:
            due = self._over(window) if window != self._window else []
            if key not in self._buckets and self._entries >= ENTRIES:
                key, what = (
                    (chain,),
                    replace(
                        what,
                        origin=Origin(),
                        action="(several)",
                        kind="",
                        tenant=None,
                        name="",
                        error="(several)",
                        reason="",
                    ),
                )
            bucket = self._buckets.setdefault(key, _Bucket(what))
            bucket.what = what
            bucket.seen += 1
            if bucket.seen <= EACH or bucket.seen & (bucket.seen - 1) == 0:
                due.append((what, bucket.seen - bucket.noted))
                bucket.noted = bucket.seen
                self._entries += 1
            return due

    def _over(self, window: int) -> list[tuple[Refused, int]]:
        """Begin a new window; what of the last one was not noted yet."""
        rest = [(b.what, b.seen - b.noted) for b in self._buckets.values() if b.seen > b.noted]
        self._buckets.clear()
        self._window, self._entries = window, 0
        return rest
