"""The operation `rebuild`: it is written down with its instance, whose loop has the host make the root disk anew."""

from __future__ import annotations

from pextra.controllers.outcome import Next, Outcome
from pextra.declaration import conditions
from pextra.services import status
from pextra.services.cloud import Cloud
from pextra.store import objects, work
from pextra.store.database import Tx
from pextra.store.records import Record
from pextra.store.work import Item

ACTION = "rebuild"
_POLL_S = 1.0


def is_done(operation: Record, instance: Record) -> bool:
    """Whether the root disk was made anew for the operation."""
    return operation.uid in instance.status.get("rebuilds", [])


def asked(cloud: Cloud, item: Item, operation: Record, instance: Record) -> Outcome:
    """Have the instance rebuilt, once the rebuilds that were asked for before are done."""
    pending: str = instance.status.get("rebuild_act", "")
    if pending and pending not in (operation.uid, *instance.status.get("rebuilds", [])):
        waits = conditions.ready(False, "Pending", "Another rebuild of the instance comes first.")
        return Outcome(item, operation, Next.LATER, [waits], {"phase": "pending"}, delay_s=_POLL_S)
    runs = conditions.ready(False, "Converging", "The instance's host makes its root disk anew.")

    def also(tx: Tx) -> None:
        present = objects.by_uid(tx, instance.tenant_uid, instance.uid)
        if present is None or present.status.get("rebuild_act") == operation.uid:
            return
        status.report(cloud, tx, present, {"rebuild_act": operation.uid}, present.status["conditions"])
        work.ask(tx, present.tenant_uid, present.uid, present.kind)

    return Outcome(item, operation, Next.LATER, [runs], {"phase": "running"}, delay_s=_POLL_S, also=also)
