"""Operations: acts that were asked for, carried out once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pextra.controllers.fleet import Fleet
from pextra.controllers.outcome import Next, Outcome, gone
from pextra.declaration import conditions
from pextra.drivers.convergence import HostDrivers
from pextra.drivers.interface import DriverError, NotFound, Permanent
from pextra.services.acting import FINISHED
from pextra.services.cloud import Cloud
from pextra.store import objects, work
from pextra.store.database import Tx
from pextra.store.records import Record
from pextra.store.work import Item

KEEP_S: Final = 7 * 86_400.0


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
            return _kept(cloud, item, operation)
        if target is None or target.deleting:
            return _finished(item, operation, "failed", error="The target has been deleted.")
        if host is None:
            return _finished(item, operation, "failed", error="The instance has no host: it is not running.")
        drivers = self._fleet.drivers(host)
        if drivers is None:
            condition = conditions.ready(False, "NoDriver", "This control plane does not reach the instance's host.")
            return Outcome(item, operation, Next.FAILED, [condition], {"phase": "pending"}, delay_s=5.0)
        try:
            result = _ACTIONS[target.kind, operation.spec["action"]](drivers, target, operation)
        except (Permanent, NotFound) as error:
            return _finished(item, operation, "failed", error=error.message)
        except DriverError as error:
            condition = conditions.ready(False, "Converging", error.message)
            return Outcome(item, operation, Next.FAILED, [condition], {"phase": "running"})
        return _finished(item, operation, "succeeded", result=result, target=target)


def _kept(cloud: Cloud, item: Item, operation: Record) -> Outcome:
    """An operation that has ended is kept for a while, so that who asked for it can see how."""
    left = operation.created_us / 1_000_000 + KEEP_S - cloud.database.clock.now()
    return Outcome(item, operation, Next.REMOVE if left <= 0 else Next.LATER, delay_s=max(0.0, left))


def _reboot(drivers: HostDrivers, target: Record, operation: Record) -> dict[str, Any]:
    drivers.compute.reboot(target.uid, act=operation.uid)
    return {}


def _console_log(drivers: HostDrivers, target: Record, operation: Record) -> dict[str, Any]:
    wanted: int = operation.spec["arguments"].get("tail_bytes", 16_384)
    tail = b""
    offset = 0
    while part := drivers.compute.console_log(target.uid, offset=offset, limit=_CONSOLE_PART):
        offset += len(part)
        tail = (tail + part)[-wanted:]
    text = tail.decode(errors="replace").replace("\0", "")
    return {"text": text, "end": offset}


_CONSOLE_PART: Final = 1 << 20
_ACTIONS: Final[Mapping[tuple[str, str], Callable[[HostDrivers, Record, Record], dict[str, Any]]]] = {
    ("instance", "reboot"): _reboot,
    ("instance", "console_log"): _console_log,
}


def _finished(
    item: Item,
    operation: Record,
    phase: str,
    *,
    error: str = "",
    result: dict[str, Any] | None = None,
    target: Record | None = None,
) -> Outcome:
    succeeded = phase == "succeeded"
    reason = "Succeeded" if succeeded else "Failed"
    reported = [
        conditions.ready(succeeded, reason, error),
        conditions.condition("finished", True, reason, error),
    ]
    facts = {"phase": phase, "progress": 100 if succeeded else 0, "error": error, "result": result or {}}

    def also(tx: Tx) -> None:
        if target is not None:
            work.ask(tx, target.tenant_uid, target.uid, target.kind)

    return Outcome(item, operation, Next.LATER, reported, facts, delay_s=KEEP_S, also=also)
