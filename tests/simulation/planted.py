# ruff: noqa: ARG005 - what is planted has the arguments of what it replaces
"""Bugs of the kind that the simulation is there to find, each a change of one function of the real code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

import pytest
from sqlalchemy import delete, insert, select, update

from pextra.controllers import placing
from pextra.controllers.loop import Loop
from pextra.controllers.sweep import Sweep
from pextra.services import deleting, resolution, status
from pextra.store import addresses, allocations, events, objects, quota, request_keys
from pextra.store.database import Tx
from pextra.store.tables import allocation, pending_event

Plant = Callable[[pytest.MonkeyPatch], None]


def _capacity_is_taken_without_looking(patch: pytest.MonkeyPatch) -> None:
    def take(
        tx: Tx,
        host_uid: str,
        tenant_uid: str,
        uid: str,
        amounts: Any,
        *,
        placement_group_uid: str | None,
        gpus: object,
        cell: int | None,
    ) -> bool:
        if gpus or cell is not None:
            return original(
                tx,
                host_uid,
                tenant_uid,
                uid,
                amounts,
                placement_group_uid=placement_group_uid,
                gpus=cast("Any", gpus),
                cell=cell,
            )
        tx.conn.execute(
            insert(allocation).values(
                tenant_uid=tenant_uid,
                consumer_uid=uid,
                host_uid=host_uid,
                placement_group_uid=placement_group_uid,
                vcpus=amounts.vcpus,
                memory_mib=amounts.memory_mib,
                disk_gib=amounts.disk_gib,
            )
        )
        return True

    original = allocations.take
    patch.setattr(allocations, "take", take)


def _capacity_is_not_given_back(patch: pytest.MonkeyPatch) -> None:
    def release(tx: Tx, tenant_uid: str, uid: str) -> None:
        tx.conn.execute(
            delete(allocation).where(allocation.c.tenant_uid == tenant_uid, allocation.c.consumer_uid == uid)
        )

    patch.setattr(allocations, "release", release)


def _a_resize_does_not_change_the_hosts_counters(patch: pytest.MonkeyPatch) -> None:
    def resize(tx: Tx, held: Any, amounts: Any) -> bool:
        tx.conn.execute(
            update(allocation)
            .where(allocation.c.tenant_uid == held.tenant_uid, allocation.c.consumer_uid == held.consumer_uid)
            .values(vcpus=amounts.vcpus, memory_mib=amounts.memory_mib, disk_gib=amounts.disk_gib)
        )
        return True

    patch.setattr(allocations, "resize", resize)


def _quota_is_not_given_back(patch: pytest.MonkeyPatch) -> None:
    charge = quota.charge

    def only_more(tx: Tx, tenant_uid: str, tenant: str, delta: Any, **options: Any) -> None:
        charge(tx, tenant_uid, tenant, {k: v for k, v in delta.items() if v > 0}, **options)

    patch.setattr(quota, "charge", only_more)


def _addresses_are_not_given_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(addresses, "release", lambda tx, tenant_uid, uid: None)


def _a_repeated_request_is_done_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(request_keys, "stored", lambda tx, key: None)
    patch.setattr(Tx, "identify", lambda self, key: None)


def _events_are_numbered_by_their_time_alone(patch: pytest.MonkeyPatch) -> None:
    sequence = events.sequence
    newest = {"us": 0}

    def skipping(tx: Tx) -> int:
        late = pending_event.c.at_us < newest["us"]
        tx.conn.execute(delete(pending_event).where(late))
        seen = tx.conn.execute(select(pending_event.c.at_us).order_by(pending_event.c.at_us.desc())).first()
        moved = sequence(tx)
        newest["us"] = max(newest["us"], seen[0] if seen else 0)
        return moved

    patch.setattr(events, "sequence", skipping)


def _an_object_goes_before_its_finalizers_have_run(patch: pytest.MonkeyPatch) -> None:
    mark = deleting.mark

    def at_once(ctx: Any, record: Any, *, cascade: bool) -> Any:
        marked = mark(ctx, record, cascade=cascade)
        if marked is not None and marked.kind == "instance":
            deleting.remove(ctx.cloud, ctx.tx, marked)
            return None
        return marked

    patch.setattr(deleting, "mark", at_once)


def _a_share_is_with_everybody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(resolution, "shared_with", lambda tx, owner_uid, kind, name, with_tenant: True)


def _a_volume_is_taken_from_whom_holds_it(patch: pytest.MonkeyPatch) -> None:
    def provide(*arguments: Any) -> Any:
        cloud, surroundings, record, spec, _host = arguments
        for name in spec["volumes"]:
            pin = record.resolved[f"volume/{name}"]
            volume = objects.by_uid(surroundings.tx, pin["tenant_uid"], pin["uid"])
            if volume is not None and volume.status.get("attached_to") not in ("", record.uid):
                facts = {"attached_to": record.uid}
                status.report(cloud, surroundings.tx, volume, facts, volume.status["conditions"])
        return original(*arguments)

    original = placing.provide
    patch.setattr(placing, "provide", provide)


def _a_new_loop_trusts_that_the_former_one_finished(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Loop, "_look_through", lambda self: self._resync.clear())
    patch.setattr(Sweep, "run", lambda self, shards: 0)


BUGS: Final[dict[str, Plant]] = {
    plant.__name__.strip("_"): plant
    for plant in (
        _capacity_is_taken_without_looking,
        _capacity_is_not_given_back,
        _a_resize_does_not_change_the_hosts_counters,
        _quota_is_not_given_back,
        _addresses_are_not_given_back,
        _a_repeated_request_is_done_again,
        _events_are_numbered_by_their_time_alone,
        _an_object_goes_before_its_finalizers_have_run,
        _a_share_is_with_everybody,
        _a_volume_is_taken_from_whom_holds_it,
        _a_new_loop_trusts_that_the_former_one_finished,
    )
}
"""Name and plant of each bug."""
