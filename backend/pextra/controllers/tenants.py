"""Tenants: ready at once; when deleted, emptied first, from the leaves of the dependencies to their roots."""

from __future__ import annotations

from collections.abc import Sequence

from pextra.controllers.outcome import Next, Outcome, gone
from pextra.declaration import conditions
from pextra.errors import PextraError
from pextra.services import bootstrap, deleting
from pextra.services.cloud import Cloud, Context
from pextra.store import objects
from pextra.store.database import Tx
from pextra.store.records import Record
from pextra.store.work import Item

PART = 200
"""How many objects of a tenant are marked in one transaction."""


class TenantController:
    """See the module."""

    def look(self, cloud: Cloud, items: Sequence[Item]) -> list[Outcome]:
        """See `Controller.look`."""
        return [self._look_one(cloud, item) for item in items]

    def _look_one(self, cloud: Cloud, item: Item) -> Outcome:
        record = cloud.database.read(lambda tx: objects.by_uid(tx, item.tenant_uid, item.uid))
        if record is None:
            return gone(item)
        if not record.deleting:
            return Outcome(item, record, Next.DONE, [conditions.ready(True, "Ready")])
        left, held = cloud.database.write(lambda tx: empty(cloud, tx, record))
        if left == 0:
            return Outcome(item, record, Next.REMOVE)
        message = f"{left}{' or more' if left >= PART else ''} objects of the tenant are being deleted."
        if len(held) == left:  # nothing is under way that could let them go
            message = f"Other tenants use what this one holds: {', '.join(held[: deleting.NAMED])}."
        return Outcome(item, record, Next.LATER, [conditions.ready(False, "HasContent", message)], delay_s=2.0)


def empty(cloud: Cloud, tx: Tx, tenant: Record) -> tuple[int, list[str]]:
    """Mark the tenant's content as being deleted; tells how much is left, and what of it cannot be marked yet."""
    ctx = Context(cloud, tx, bootstrap.root_principal(cloud))
    order = {kind.name: place for place, kind in enumerate(cloud.registry.order)}
    children = objects.by_uids(
        tx, [(cloud.site.uid, uid) for uid, _ in objects.descendants(tx, cloud.site.uid, tenant.name)]
    )
    inside = objects.content(tx, tenant.uid, limit=PART)
    everything = sorted([*children.values(), *inside], key=lambda r: (-order[r.kind], -r.name.count(".")))
    held: list[str] = []
    for record in everything:
        now = objects.by_uid(tx, record.tenant_uid, record.uid)
        if now is None or now.deleting:
            continue
        try:
            with tx.savepoint():
                deleting.mark(ctx, now, cascade=True, cause=f"tenant {tenant.name}")
        except PextraError:  # something that refers to it, or uses the quota, has to go first
            held.append(f"{record.kind} {record.name}")
    return len(everything), held
