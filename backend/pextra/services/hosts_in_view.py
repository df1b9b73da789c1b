"""What one process knows of the hosts, kept up by reading only those that have changed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from typing import Final

from pextra.scheduling.gpus.workload import Workload
from pextra.scheduling.request import Request
from pextra.scheduling.snapshot import HostView, Snapshot
from pextra.services import placement
from pextra.store import allocations, gpus
from pextra.store.allocations import HostRow
from pextra.store.database import Database, Tx
from pextra.store.gpus import LiveShape

WORKLOAD_S: Final = 10.0
"""How long it is not asked again what guests usually want of GPUs: it only says which hosts are better."""


@dataclass(frozen=True, slots=True)
class _Changes:
    hosts: Sequence[HostRow]
    gone: Iterable[str]
    living: list[LiveShape] | None


class HostsInView:
    """See the module. One thread at a time.

    Attributes:
        snapshot: the hosts as they were at the last look. Those whose guests alone were others are changed in it; when
            a host had come or gone, or was another itself, it was made anew.
        workload: what guests usually want of GPUs; None while none has any.
        made_room: a host has come, changed or given something back; whoever tries those that wait resets it.
    """

    def __init__(self) -> None:
        self.snapshot = Snapshot.of(())
        self.workload: Workload | None = None
        self.made_room = True
        self._workload_at = -math.inf
        self._rows: dict[str, HostRow] = {}
        self._views: dict[str, HostView] = {}

    def __getitem__(self, uid: str) -> HostRow:
        """A host of the last look."""
        return self._rows[uid]

    def look(self, database: Database, requests: Sequence[Request]) -> None:
        """See what has changed.

        Args:
            database: where to look.
            requests: what is to be placed now, which is part of what guests usually want.
        """
        now = database.clock.monotonic()
        wanting = any(request.gpus for request in requests)
        shapes = now - self._workload_at > WORKLOAD_S or (wanting and self.workload is None)
        changes = database.read(lambda tx: self._changes(tx, shapes=shapes))
        self._take_in(changes)
        if changes.living is None:
            return
        self._workload_at = now
        usual = placement.workload(changes.living, requests)
        if (changes.living or wanting) and usual != self.workload:
            self.workload, self.snapshot = usual, self.snapshot.with_workload(usual)

    def _changes(self, tx: Tx, *, shapes: bool) -> _Changes:
        now = allocations.revisions(tx)
        known = self._rows
        changed = [uid for uid, revision in now.items() if uid not in known or known[uid].revision != revision]
        hosts = allocations.hosts(tx, uids=changed) if changed else []
        return _Changes(hosts, known.keys() - now.keys(), gpus.live_shapes(tx) if shapes else None)

    def _take_in(self, changes: _Changes) -> None:
        anew = False
        for uid in changes.gone:
            del self._rows[uid], self._views[uid]
            anew = True
        others: list[tuple[HostView, HostView]] = []
        for row in changes.hosts:
            view, before = placement.host_view(row), self._views.get(row.uid)
            self.made_room |= before is None or _gives_back(self._rows[row.uid], row)
            self._rows[row.uid], self._views[row.uid] = row, view
            if before is None or before.unused != view.unused:
                anew = self.made_room = True
            else:
                others.append((before, view))
        if anew:
            self.snapshot = Snapshot.of(self._views.values(), self.workload)
        elif others:
            self.snapshot = self.snapshot.with_guests(others)


def _gives_back(before: HostRow, now: HostRow) -> bool:
    """Whether something was given back; every guest takes something besides GPUs."""
    used = zip(astuple(before.used), astuple(now.used), strict=True)
    return any(less < more for more, less in used)
