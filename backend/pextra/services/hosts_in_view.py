"""What one process knows of the hosts, kept up by reading only those that have changed."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pextra.scheduling.gpus.workload import Workload
from pextra.scheduling.request import Request
from pextra.scheduling.snapshot import HostView, Snapshot
from pextra.services import placement
from pextra.services.placement import Bound
from pextra.store import allocations, gpus
from pextra.store.allocations import HostRow
from pextra.store.database import Database, Tx
from pextra.store.gpus import LiveShape

WORKLOAD_S: Final = 10.0
"""How long it is not asked again what guests usually want of GPUs: it only says which hosts are better."""
_MOST_SNAPSHOTS: Final = 8


@dataclass(frozen=True, slots=True)
class _Changes:
    hosts: Sequence[HostRow]
    gone: Iterable[str]
    living: list[LiveShape] | None


class HostsInView:
    """See the module. One thread at a time.

    A snapshot is kept for each set of pools that some request may go to. Hosts whose guests alone are others are
    changed in it; when a host has come or gone, or is another itself, it is made anew.

    Attributes:
        workload: what guests usually want of GPUs; None while none has any.
    """

    def __init__(self) -> None:
        self._rows: dict[str, HostRow] = {}
        self._views: dict[str, HostView] = {}
        self._snapshots: OrderedDict[Bound, Snapshot] = OrderedDict()
        self.workload: Workload | None = None
        self._workload_at = -math.inf

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
        if changes.living is not None:
            self._workload_at = now
            if changes.living or wanting:
                self._serve(placement.workload(changes.living, requests))

    def snapshot(self, bound: Bound) -> Snapshot:
        """The hosts that are within the bound, as they were at the last look."""
        found = self._snapshots.pop(bound, None)
        if found is None:
            views = [self._views[row.uid] for row in self._rows.values() if bound.admits(row)]
            found = Snapshot.of(views, self.workload)
        self._snapshots[bound] = found
        if len(self._snapshots) > _MOST_SNAPSHOTS:
            self._snapshots.popitem(last=False)
        return found

    def _changes(self, tx: Tx, *, shapes: bool) -> _Changes:
        now = allocations.revisions(tx)
        known = self._rows
        changed = [uid for uid, revision in now.items() if uid not in known or known[uid].revision != revision]
        hosts = allocations.hosts(tx, uids=changed) if changed else []
        return _Changes(hosts, known.keys() - now.keys(), gpus.live_shapes(tx) if shapes else None)

    def _take_in(self, changes: _Changes) -> None:
        before: Mapping[str, HostView] = dict(self._views)
        anew = False
        for uid in changes.gone:
            del self._rows[uid], self._views[uid]
            anew = True
        for row in changes.hosts:
            view, was = placement.host_view(row), before.get(row.uid)
            anew = anew or was is None or was.unused != view.unused or _pool(self._rows[row.uid]) != _pool(row)
            self._rows[row.uid], self._views[row.uid] = row, view
        if anew:
            self._snapshots.clear()
            return
        for bound, snapshot in self._snapshots.items():
            pairs = [(before[r.uid], self._views[r.uid]) for r in changes.hosts if r.uid in snapshot.fleet.index_by_uid]
            if pairs:
                self._snapshots[bound] = snapshot.with_guests(pairs)

    def _serve(self, workload: Workload) -> None:
        if workload == self.workload:
            return
        self.workload = workload
        for bound, snapshot in self._snapshots.items():
            self._snapshots[bound] = snapshot.with_workload(workload)


def _pool(row: HostRow) -> tuple[str, bool]:
    """What decides whether a bound admits the host."""
    return row.pool, row.pool_shared
