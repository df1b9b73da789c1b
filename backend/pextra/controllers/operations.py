"""Operations: acts that were asked for, carried out once."""

from __future__ import annotations

from collections.abc import Sequence

from pextra.controllers.fleet import Fleet
from pextra.controllers.outcome import Next, Outcome, gone
from pextra.declaration import conditions
from pextra.drivers.interface import DriverError, NotFound, Permanent
from pextra.services.acting import FINISHED
from pextra.services.cloud import Cloud
from pextra.store import objects, work
from pextra.store.database import Tx
from pextra.store.records import Record
from pextra.store.work import Item


class OperationController:
    """See the module."""

    part = 4

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def look(self, cloud: Cloud, items: Sequence[Item]) -> list[Outcome]:
        """See `Controller.look`."""
        return [self._look_one(cloud, item) for item in items]

    def _look_one(self, cloud: Cloud, item: Item) -> Outcome:
        def read(tx: Tx) -> tuple[Record | None, Record | None, Record | None]:
            operation = objects.by_uid(tx, item.tenant_uid, item.uid)
            if operation is None:
                return None, None, None
            target = objects.by_uid(tx, operation.tenant_uid, operation.spec["target"]["uid"])
            host_uid = target.status.get("host_uid") if target is not None else None
            host = objects.by_uid(tx, cloud.site.uid, host_uid) if host_uid else None
            return operation, target, host

        operation, target, host = cloud.database.read(read)
        if operation is None:
            return gone(item)
        if operation.deleting:
            return Outcome(item, operation, Next.REMOVE)
        if operation.status.get("phase") in FINISHED:
            return Outcome(item, operation, Next.DONE)
        if target is None or target.deleting:
            return _finished(item, operation, "failed", error="The target has been deleted.")
        if host is None:
            return _finished(item, operation, "failed", error="The instance has no host: it is not running.")
        drivers = self._fleet.drivers(host)
        if drivers is None:
            condition = conditions.ready(
                False, "NoDriver", "This control plane does not reach the instance's host."
            )
            return Outcome(item, operation, Next.FAILED, [condition], {"phase": "pending"}, delay_s=5.0)
        try:
            drivers.compute.reboot(target.uid, act=operation.uid)
        except (Permanent, NotFound) as error:
            return _finished(item, operation, "failed", error=error.message)
        except DriverError as error:
            condition = conditions.ready(False, "Converging", error.message)
            return Outcome(item, operation, Next.FAILED, [condition], {"phase": "running"})
        return _finished(
            item, operation, "succeeded", also_look_at=(target.tenant_uid, target.uid, target.kind)
        )


def _finished(
    item: Item,
    operation: Record,
    phase: str,
    *,
    error: str = "",
    also_look_at: tuple[str, str, str] | None = None,
) -> Outcome:
    succeeded = phase == "succeeded"
    reported = [
        conditions.ready(succeeded, "Succeeded" if succeeded else "Failed", error),
        conditions.condition("finished", True, "Succeeded" if succeeded else "Failed", error),
    ]
    facts = {"phase": phase, "progress": 100 if succeeded else 0, "error": error}

    def also(tx: Tx) -> None:
        if also_look_at is not None:
            work.ask(tx, *also_look_at)

    return Outcome(item, operation, Next.DONE, reported, facts, also=also)
