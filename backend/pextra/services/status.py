"""What loops report of an object, and who is to look again because of it."""

from __future__ import annotations

from typing import Any

from pextra.declaration import conditions
from pextra.declaration.markers import OnDelete
from pextra.services import bounds
from pextra.services.cloud import Cloud
from pextra.store import events, objects, references, work
from pextra.store.database import Tx
from pextra.store.records import Record, timestamp


class Stale(Exception):
    """The object changed since it was read: look again, nothing was written."""


def initial(cloud: Cloud, kind: str, generation: int, now_us: int) -> dict[str, Any]:
    """The status of an object that was just written: ready at once where no loop has anything to do."""
    since = timestamp(now_us)
    if cloud.registry[kind].controlled:
        condition = conditions.ready(None, "Pending", "No loop has looked at it yet.")
        return {"observed_generation": 0, "conditions": [condition | {"since": since}]}
    return {
        "observed_generation": generation,
        "conditions": [conditions.ready(True, "Ready") | {"since": since}],
    }


def report(
    cloud: Cloud,
    tx: Tx,
    record: Record,
    facts: dict[str, Any],
    reported: list[dict[str, Any]],
    *,
    generation: int | None = None,
) -> Record:
    """Store what a loop observed; nothing is written when it is what is stored already.

    Args:
        facts: the status fields that the loop knows; the others stay.
        reported: the conditions of which the loop can speak; the others stay.
        generation: the generation that the loop looked at; by default the record's.

    Raises:
        Stale: somebody else reported since `record` was read.
    """
    kind = cloud.registry[record.kind]
    if strangers := {c["type"] for c in reported} - {"ready", *kind.conditions}:
        raise ValueError(f"{record.kind} declares no condition {sorted(strangers)}")
    seen = record.generation if generation is None else generation
    merged = conditions.merge_conditions(record.status.get("conditions", []), reported, timestamp(tx.now_us))
    status = {**record.status, **facts, "observed_generation": seen, "conditions": merged}
    if status == record.status:
        return record
    kind.status.model_validate(status)
    if not objects.replace_status(tx, record, status):
        raise Stale(record.uid)
    after = record.with_status(status)
    if not after.hidden:  # its stream has ended
        events.record(tx, "status", after)
    if after.ready != record.ready:
        wake_referrers(cloud, tx, after)
    return after


def wake_referrers(cloud: Cloud, tx: Tx, record: Record) -> None:
    """Have every controlled object looked at that refers to this one, or to a whole of which this one is a part.

    What rules of security groups name counts for those who refer to the groups.
    """
    if record.kind == "instance":
        wake_balancers(tx, record)
    targets = [(record.tenant_uid, record.uid)]
    if record.kind == "address_group":
        groups = references.to(tx, record.tenant_uid, record.uid, kind="security_group")
        targets += [(r.source_tenant_uid, r.source_uid) for r in groups]
    if not cloud.registry[record.kind].controlled:
        targets += [
            (r.target_tenant_uid, r.target_uid)
            for r in references.of(tx, record.tenant_uid, record.uid)
            if r.on_delete is OnDelete.CASCADE
        ]
    with bounds.beyond(tx, {tenant_uid for tenant_uid, _ in targets}):  # a whole may be another tenant's
        work.ask_many(
            tx,
            (
                (r.source_tenant_uid, r.source_uid, r.source_kind)
                for target in targets
                for r in references.to(tx, *target)
                if cloud.registry[r.source_kind].controlled
            ),
        )


def wake_balancers(tx: Tx, instance: Record) -> None:
    """Have the load balancers looked at that may send to the instance because of its labels."""
    found = objects.of_kind(tx, instance.tenant_uid, "load_balancer")
    work.ask_many(tx, ((each.tenant_uid, each.uid, each.kind) for each in found if each.spec.get("selector")))
