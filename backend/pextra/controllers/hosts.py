"""Hosts: what they have is made known to placement; a deleted one goes when its guests have gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pextra.controllers.fleet import Fleet
from pextra.controllers.outcome import Next, Outcome, failed, gone, waiting
from pextra.declaration import conditions
from pextra.drivers.convergence import HostDrivers
from pextra.drivers.interface import DriverError, HostInventory
from pextra.services.cloud import Cloud
from pextra.store import allocations, objects
from pextra.store.allocations import Amounts
from pextra.store.database import Tx
from pextra.store.records import Record
from pextra.store.work import Item


class HostController:
    """See the module."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def look(self, cloud: Cloud, items: Sequence[Item]) -> list[Outcome]:
        """See `Controller.look`."""
        found = cloud.database.read(lambda tx: objects.by_uids(tx, [(i.tenant_uid, i.uid) for i in items]))
        return [self._look_one(cloud, item, found.get(item.uid)) for item in items]

    def _look_one(self, cloud: Cloud, item: Item, record: Record | None) -> Outcome:
        if record is None:
            return gone(item)
        spec = cloud.registry["host"].effective(record.spec, record.spec_version)
        if record.deleting:
            return self._retire(cloud, item, record)
        drivers = self._fleet.drivers(record)
        if drivers is None:
            message = f"This control plane has no {spec['driver']} driver for the host: start it where the host is."
            return waiting(item, record, "NoDriver", message)
        try:
            inventory = drivers.compute.observe_host()
        except DriverError as error:
            outcome = failed(item, record, error)
            return Outcome(
                item,
                record,
                outcome.next,
                outcome.conditions,
                delay_s=5.0,
                also=lambda tx: _state(tx, record, spec, drivers, None),
            )
        facts = {
            "vcpus": inventory.vcpus,
            "memory_mib": inventory.memory_mib,
            "disk_gib": inventory.disk_gib,
            "hypervisor": inventory.hypervisor,
            "accelerated": inventory.accelerated,
        }
        return Outcome(
            item,
            record,
            Next.DONE,
            [conditions.ready(True, "Ready")],
            facts,
            also=lambda tx: _state(tx, record, spec, drivers, inventory),
        )

    @staticmethod
    def _retire(cloud: Cloud, item: Item, record: Record) -> Outcome:
        guests = cloud.database.read(lambda tx: len(allocations.on(tx, record.uid)))
        if guests:
            message = f"{guests} guests are on the host: delete or move them."
            condition = conditions.ready(False, "InUse", message)
            return Outcome(
                item,
                record,
                Next.LATER,
                [condition],
                delay_s=5.0,
                also=lambda tx: allocations.close_host(tx, record.uid),
            )
        return Outcome(item, record, Next.REMOVE, also=lambda tx: allocations.remove_host(tx, record.uid))


def _state(tx: Tx, record: Record, spec: dict[str, Any], drivers: HostDrivers, inventory: HostInventory | None) -> None:
    """Make the host's capacity known; without an inventory the last known one stands and the host is not ready."""
    ready = inventory is not None
    if inventory is None:
        known = record.status
        inventory = HostInventory(
            known.get("vcpus", 0), known.get("memory_mib", 0), known.get("disk_gib", 0), "", accelerated=False
        )
    allocations.set_host(
        tx,
        record.uid,
        name=record.name,
        zone=spec["zone"],
        pool=drivers.pool,
        pool_shared=drivers.storage.capabilities().shared,
        labels=record.labels,
        ready=ready,
        schedulable=spec["schedulable"],
        capacity=Amounts(
            vcpus=int(inventory.vcpus * spec["cpu_overcommit"]),
            memory_mib=max(0, inventory.memory_mib - spec["reserved_memory_mib"]),
            disk_gib=inventory.disk_gib,
        ),
    )
