"""Capacity of hosts and what is given out of it, checked by the statement that gives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from pextra.store.database import Tx
from pextra.store.tables import allocation, host_capacity


@dataclass(frozen=True, slots=True)
class Amounts:
    """What a guest takes or a host has."""

    vcpus: int
    memory_mib: int
    disk_gib: int


@dataclass(frozen=True, slots=True)
class HostRow:
    """A host as placement sees it; capacity is after overcommit and reservation.

    Attributes:
        pool: where its disks are; shared with other hosts or its own.
    """

    uid: str
    name: str
    zone: str
    pool: str
    pool_shared: bool
    labels: dict[str, str]
    ready: bool
    schedulable: bool
    capacity: Amounts
    used: Amounts
    groups: dict[str, int]


@dataclass(frozen=True, slots=True)
class Allocation:
    """What one guest holds on one host."""

    tenant_uid: str
    consumer_uid: str
    host_uid: str
    spread_group: str | None
    amounts: Amounts


def _allocation(r: Row[Any]) -> Allocation:
    amounts = Amounts(r.vcpus, r.memory_mib, r.disk_gib)
    return Allocation(r.tenant_uid, r.consumer_uid, r.host_uid, r.spread_group, amounts)


def hosts(tx: Tx) -> list[HostRow]:
    """Every host that has capacity, by name."""
    groups: dict[str, dict[str, int]] = {}
    counted = tx.conn.execute(
        select(allocation.c.host_uid, allocation.c.tenant_uid, allocation.c.spread_group, func.count())
        .where(allocation.c.spread_group.is_not(None))
        .group_by(allocation.c.host_uid, allocation.c.tenant_uid, allocation.c.spread_group)
    )
    for host_uid, tenant_uid, group, number in counted:
        groups.setdefault(host_uid, {})[f"{tenant_uid}/{group}"] = number
    rows = tx.conn.execute(select(host_capacity).order_by(host_capacity.c.name)).all()
    return [_host(row, groups.get(row.host_uid, {})) for row in rows]


def host(tx: Tx, uid: str) -> HostRow | None:
    """One host, without its spread groups."""
    row = tx.conn.execute(select(host_capacity).where(host_capacity.c.host_uid == uid)).first()
    return _host(row, {}) if row is not None else None


def _host(r: Row[Any], groups: dict[str, int]) -> HostRow:
    return HostRow(
        r.host_uid,
        r.name,
        r.zone,
        r.pool,
        r.pool_shared,
        r.labels,
        r.ready,
        r.schedulable,
        Amounts(r.vcpus, r.memory_mib, r.disk_gib),
        Amounts(r.used_vcpus, r.used_memory_mib, r.used_disk_gib),
        groups,
    )


def set_host(
    tx: Tx,
    uid: str,
    *,
    name: str,
    zone: str,
    pool: str,
    pool_shared: bool,
    labels: Mapping[str, str],
    ready: bool,
    schedulable: bool,
    capacity: Amounts,
) -> None:
    """State what a host has; what is given out of it stays."""
    facts = {
        "name": name,
        "zone": zone,
        "pool": pool,
        "pool_shared": pool_shared,
        "labels": dict(labels),
        "ready": ready,
        "schedulable": schedulable,
        "vcpus": capacity.vcpus,
        "memory_mib": capacity.memory_mib,
        "disk_gib": capacity.disk_gib,
    }
    nothing = {"used_vcpus": 0, "used_memory_mib": 0, "used_disk_gib": 0}
    tx.upsert(host_capacity, [{"host_uid": uid, **facts, **nothing}], update=facts)


def close_host(tx: Tx, uid: str) -> None:
    """Let nothing more be given out of the host."""
    tx.conn.execute(update(host_capacity).where(host_capacity.c.host_uid == uid).values(schedulable=False))


def remove_host(tx: Tx, uid: str) -> None:
    """Forget a host that has nothing given out."""
    tx.conn.execute(delete(host_capacity).where(host_capacity.c.host_uid == uid))


def of(tx: Tx, tenant_uid: str, consumer_uid: str) -> Allocation | None:
    """What the guest holds."""
    row = tx.conn.execute(
        select(allocation).where(allocation.c.tenant_uid == tenant_uid, allocation.c.consumer_uid == consumer_uid)
    ).first()
    return _allocation(row) if row is not None else None


def on(tx: Tx, host_uid: str) -> list[Allocation]:
    """What is given out of the host."""
    return [_allocation(r) for r in tx.conn.execute(select(allocation).where(allocation.c.host_uid == host_uid))]


def take(
    tx: Tx, host_uid: str, tenant_uid: str, consumer_uid: str, amounts: Amounts, *, spread_group: str | None
) -> bool:
    """Give the guest `amounts` of the host, if they are there.

    Returns:
        Whether they were: the host's counters are raised only when they stay within its capacity.
    """
    h = host_capacity.c
    done = tx.conn.execute(
        update(host_capacity)
        .where(
            h.host_uid == host_uid,
            h.ready,
            h.schedulable,
            h.used_vcpus + amounts.vcpus <= h.vcpus,
            h.used_memory_mib + amounts.memory_mib <= h.memory_mib,
            h.used_disk_gib + amounts.disk_gib <= h.disk_gib,
        )
        .values(
            used_vcpus=h.used_vcpus + amounts.vcpus,
            used_memory_mib=h.used_memory_mib + amounts.memory_mib,
            used_disk_gib=h.used_disk_gib + amounts.disk_gib,
        )
    )
    if done.rowcount != 1:
        return False
    tx.conn.execute(
        insert(allocation).values(
            tenant_uid=tenant_uid,
            consumer_uid=consumer_uid,
            host_uid=host_uid,
            spread_group=spread_group,
            vcpus=amounts.vcpus,
            memory_mib=amounts.memory_mib,
            disk_gib=amounts.disk_gib,
        )
    )
    return True


def resize(tx: Tx, held: Allocation, amounts: Amounts) -> bool:
    """Change what the guest holds on its host, if there is room; tells whether there was."""
    h = host_capacity.c
    more = Amounts(
        amounts.vcpus - held.amounts.vcpus,
        amounts.memory_mib - held.amounts.memory_mib,
        amounts.disk_gib - held.amounts.disk_gib,
    )
    fits = [
        used + extra <= limit
        for used, extra, limit in (
            (h.used_vcpus, more.vcpus, h.vcpus),
            (h.used_memory_mib, more.memory_mib, h.memory_mib),
            (h.used_disk_gib, more.disk_gib, h.disk_gib),
        )
        if extra > 0
    ]
    done = tx.conn.execute(
        update(host_capacity)
        .where(h.host_uid == held.host_uid, *fits)
        .values(
            used_vcpus=h.used_vcpus + more.vcpus,
            used_memory_mib=h.used_memory_mib + more.memory_mib,
            used_disk_gib=h.used_disk_gib + more.disk_gib,
        )
    )
    if done.rowcount != 1:
        return False
    tx.conn.execute(
        update(allocation)
        .where(allocation.c.tenant_uid == held.tenant_uid, allocation.c.consumer_uid == held.consumer_uid)
        .values(vcpus=amounts.vcpus, memory_mib=amounts.memory_mib, disk_gib=amounts.disk_gib)
    )
    return True


def release(tx: Tx, tenant_uid: str, consumer_uid: str) -> None:
    """Take back what the guest holds; nothing when it holds nothing."""
    held = of(tx, tenant_uid, consumer_uid)
    if held is None:
        return
    h = host_capacity.c
    tx.conn.execute(
        update(host_capacity)
        .where(h.host_uid == held.host_uid)
        .values(
            used_vcpus=h.used_vcpus - held.amounts.vcpus,
            used_memory_mib=h.used_memory_mib - held.amounts.memory_mib,
            used_disk_gib=h.used_disk_gib - held.amounts.disk_gib,
        )
    )
    tx.conn.execute(
        delete(allocation).where(allocation.c.tenant_uid == tenant_uid, allocation.c.consumer_uid == consumer_uid)
    )
