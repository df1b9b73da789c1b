"""No write that was acknowledged is lost, and nothing is there that nobody wrote."""

from __future__ import annotations

from collections.abc import Iterator

from pextra.simulation.checks.streams import StreamsAreComplete
from pextra.simulation.checks.view import View, named
from pextra.simulation.ledger import Ledger
from pextra.simulation.letters import Where
from pextra.store.records import Record


class PromisesAreKept:
    """Compares the database with what was acknowledged.

    Args:
        streams: knows to whom an object belonged that has gone.
    """

    def __init__(self, streams: StreamsAreComplete) -> None:
        self._streams = streams

    def __call__(self, view: View) -> Iterator[str]:
        """See `Check`."""
        yield from view.ledger.faults
        for uid, versions in view.ledger.versions.items():
            record = view.ground.objects.get(uid)
            if record is None:
                yield from self._gone(view, uid, versions)
            else:
                yield from self._present(view, record, versions)
        for uid in view.ledger.deleted:
            record = view.ground.objects.get(uid)
            if record is not None and not record.deleting:
                yield f"{named(record)} lives on after its deletion was acknowledged"

    def _gone(self, view: View, uid: str, versions: dict[int, str]) -> Iterator[str]:
        ledger, where = view.ledger, view.ledger.homes[uid]
        owner_uid = self._streams.streams.get(uid, "")
        if ledger.doomed[uid] or _tenant_is_doomed(ledger, owner_uid if where.tenant is not None else uid):
            return
        if where.plural == "subnets" and ledger.emptied[where.tenant, where.name.rpartition("-")[0]]:
            return
        yield f"{where} {uid} has gone, and generation {max(versions)} was acknowledged"

    @staticmethod
    def _present(view: View, record: Record, versions: dict[int, str]) -> Iterator[str]:
        newest, now = max(versions), record.generation
        if now < newest:
            yield f"{named(record)} is at generation {now}, and {newest} was acknowledged"
        elif now in versions:
            if not record.deleting and versions[now] != view.content(record):
                yield f"{named(record)} at generation {now} is not what was acknowledged"
        elif not record.deleting and not view.ledger.open_writes[view.ledger.homes[record.uid]]:
            yield f"{named(record)} is at generation {now}, which nobody wrote after {newest}"


def _tenant_is_doomed(ledger: Ledger, uid: str) -> bool:
    """Whether somebody asked for the deletion of the tenant, or of one above it."""
    where = ledger.homes.get(uid)
    if ledger.doomed[uid] or where is None or where.plural != "tenants":
        return ledger.doomed[uid] > 0
    parent = Where(None, "tenants", where.name.rpartition(".")[0])
    return any(_tenant_is_doomed(ledger, other) for other, home in ledger.homes.items() if home == parent)
