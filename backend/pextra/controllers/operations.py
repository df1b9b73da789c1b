"""Operations: acts that were asked for, carried out once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pextra.controllers import rebuilding, remote
from pextra.controllers.fleet import Fleet
from pextra.controllers.outcome import Next, Outcome, gone
from pextra.declaration import conditions
from pextra.drivers import documents
from pextra.drivers.acts import act_on
from pextra.drivers.interface import DriverError, NotFound, Permanent
from pextra.services import status
from pextra.services.acting import FINISHED
from pextra.services.cloud import Cloud
from pextra.store import assignments, objects, work
from pextra.store.assignments import Assignment
from pextra.store.database import Tx
from pextra.store.records import Record
from pextra.store.work import Item

KEEP_S: Final = 7 * 86_400.0
_ASSIGNED: Final = conditions.ready(False, "Converging", "The agent of the instance's host is to carry it out.")


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
        if operation.spec["action"] == rebuilding.ACTION:
            if rebuilding.is_done(operation, target):
                return _finished(item, operation, "succeeded", target=target)
            return rebuilding.asked(cloud, item, operation, target)
        if remote.has_agent(host):
            return _on_host(cloud, item, operation, target, host)
        drivers = self._fleet.drivers(host)
        if drivers is None:
            condition = conditions.ready(False, "NoDriver", "This control plane does not reach the instance's host.")
            return Outcome(item, operation, Next.FAILED, [condition], {"phase": "pending"}, delay_s=5.0)
        try:
            result = act_on(drivers, _act(target, operation), act_uid=operation.uid)
        except (Permanent, NotFound) as error:
            return _finished(item, operation, "failed", error=error.message)
        except DriverError as error:
            condition = conditions.ready(False, "Converging", error.message)
            return Outcome(item, operation, Next.FAILED, [condition], {"phase": "running"})
        return _finished(item, operation, "succeeded", result=result, target=target)


def _kept(cloud: Cloud, item: Item, operation: Record) -> Outcome:
    """An operation that has ended is kept for a while, so that who asked for it can see how."""
    left = operation.created_us / 1_000_000 + KEEP_S - cloud.database.clock.now()
    after = Next.REMOVE if left <= 0 else Next.LATER
    return Outcome(item, operation, after, delay_s=max(0.0, left), also=lambda tx: _unassign(tx, operation))


def _unassign(tx: Tx, operation: Record) -> None:
    """No agent is to carry it out any more."""
    assignments.remove_everywhere(tx, operation.uid)


def _act(target: Record, operation: Record) -> documents.Act:
    return documents.Act(target.uid, operation.spec["action"], operation.spec["arguments"])


def _on_host(cloud: Cloud, item: Item, operation: Record, target: Record, host: Record) -> Outcome:
    """The same, by way of the host's agent.

    What is assigned may be carried out at any time, so the operation is said to run before it is: one that was canceled
    meanwhile is not assigned, and one that is assigned can no longer be canceled.
    """
    document = documents.write(_act(target, operation))

    def assign(tx: Tx) -> tuple[Record, Assignment]:
        reported = operation.status["conditions"] if operation.status["phase"] == "running" else [_ASSIGNED]
        running = status.report(cloud, tx, operation, {"phase": "running"}, reported)
        assigned = assignments.put(
            tx,
            host.uid,
            operation.uid,
            kind=assignments.ACT,
            tenant_uid=operation.tenant_uid,
            document=document,
        )
        return running, assigned

    try:
        operation, assigned = cloud.database.write(assign)
    except status.Stale:
        return Outcome(item, operation, Next.LATER, delay_s=0.0)
    report = remote.report_of(assigned)
    if report is not None and report.failure is not None:
        return remote.reported_failure(item, operation, report.failure, {"phase": "running"})
    if report is None or report.act is None:
        return remote.unanswered(cloud, item, operation, host)
    if not report.act.succeeded:
        return _finished(item, operation, "failed", error=report.act.error[:2000])
    return _finished(item, operation, "succeeded", result=report.act.result, target=target)


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
        _unassign(tx, operation)

    return Outcome(item, operation, Next.LATER, reported, facts, delay_s=KEEP_S, also=also)
