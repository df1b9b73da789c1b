"""Capacity of hosts and what is given out of it, checked by the statement that gives it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, delete, func, insert, select, update

from pextra.store import cells as cells_of
from pextra.store import gpus as gpus_of
from pextra.store.cells import Cell
from pextra.store.database import Tx
from pextra.store.gpus import Claim, Gpu
from pextra.store.tables import allocation, host_capacity


@dataclass(frozen=True, slots=True)
class Amounts:
    """What a guest takes or a host has.

    Attributes:
        vcpus: shared ones; those with threads of their own are counted by `dedicated_threads` alone.
        memory_mib: ordinary memory; what hugepages back is counted by them alone.
    """

    vcpus: int
    memory_mib: int
    disk_gib: int
    dedicated_threads: int = 0
    hugepages_2m: int = 0
    hugepages_1g: int = 0


COUNTED: Final = tuple(field.name for field in fields(Amounts))
"""The columns of what is counted; of a host, with `used_` before it, also of what is given out of it."""
_CHANGED: Final[dict[str, ColumnElement[int]]] = {"revision": host_capacity.c.revision + 1}
"""What every statement sets that changes something of a host."""
_MOST_NAMED: Final = 500
"""How many hosts are asked for by uid; of more, all are read."""


def _amounts(r: Row[Any], prefix: str = "") -> Amounts:
    return Amounts(*(getattr(r, f"{prefix}{name}") for name in COUNTED))


def _columns(amounts: Amounts) -> dict[str, int]:
    return {name: getattr(amounts, name) for name in COUNTED}


def _fits(more: Mapping[str, int]) -> list[ColumnElement[bool]]:
    """The host has so much more left of what is wanted."""
    h = host_capacity.c
    return [h[f"used_{name}"] + amount <= h[name] for name, amount in more.items() if amount > 0]


def _used(more: Mapping[str, int]) -> dict[str, ColumnElement[int]]:
    """The host's counters once so much more is given out of it."""
    h = host_capacity.c
    return _CHANGED | {f"used_{name}": h[f"used_{name}"] + amount for name, amount in more.items() if amount}


@dataclass(frozen=True, slots=True)
class HostRow:
    """A host as placement sees it; capacity is after overcommit and reservation.

    Attributes:
        pool: where its disks are; shared with other hosts or its own.
        features: what it can give guests beyond the plain machine.
        gpus: its GPUs, in the order of their places on its board.
        board: how they are linked: a document with `name`, `size` and `partitions`; None: not at all.
        cells: its NUMA cells by number; none where they are not known, and then nothing is counted by them.
        groups: how many guests of each placement group are on it.
        rack: where in its zone it is.
        taints: what keeps guests off it: documents with `key`, `value` and `effect`.
        revision: another one whenever any of this is another.
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
    features: frozenset[str] = frozenset()
    gpus: tuple[Gpu, ...] = ()
    board: Mapping[str, Any] | None = None
    cells: tuple[Cell, ...] = ()
    rack: str = "default"
    taints: tuple[Mapping[str, str], ...] = ()
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Boarded:
    """A host's GPUs, and how they are linked: see `HostRow`."""

    gpus: tuple[Gpu, ...]
    board: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Allocation:
    """What one guest holds on one host."""

    tenant_uid: str
    consumer_uid: str
    host_uid: str
    placement_group_uid: str | None
    amounts: Amounts


def _allocation(r: Row[Any]) -> Allocation:
    return Allocation(r.tenant_uid, r.consumer_uid, r.host_uid, r.placement_group_uid, _amounts(r))


def revisions(tx: Tx) -> dict[str, int]:
    """The revision of every host that has capacity."""
    rows = tx.conn.execute(select(host_capacity.c.host_uid, host_capacity.c.revision))
    return {row.host_uid: row.revision for row in rows}


def hosts(tx: Tx, *, uids: Collection[str] | None = None, groups_of: Collection[str] | None = None) -> list[HostRow]:
    """Hosts that have capacity, by name.

    Args:
        uids: only these. None: all.
        groups_of: tenants' uids; only their placement groups are counted. None: those of all.
    """
    if uids is not None and len(uids) > _MOST_NAMED:
        return [host for host in hosts(tx, groups_of=groups_of) if host.uid in uids]
    groups: dict[str, dict[str, int]] = {}
    counted = (
        select(allocation.c.host_uid, allocation.c.placement_group_uid, func.count())
        .where(allocation.c.placement_group_uid.is_not(None))
        .group_by(allocation.c.host_uid, allocation.c.placement_group_uid)
    )
    if groups_of is not None:
        counted = counted.where(allocation.c.tenant_uid.in_(groups_of))
    wanted = select(host_capacity).order_by(host_capacity.c.name)
    if uids is not None:
        counted = counted.where(allocation.c.host_uid.in_(uids))
        wanted = wanted.where(host_capacity.c.host_uid.in_(uids))
    for host_uid, group_uid, number in tx.conn.execute(counted):
        groups.setdefault(host_uid, {})[group_uid] = number
    rows = tx.conn.execute(wanted).all()
    boards, cells = gpus_of.of_hosts(tx, uids), cells_of.of_hosts(tx, uids)
    return [_host(r, groups.get(r.host_uid, {}), boards.get(r.host_uid, ()), cells.get(r.host_uid, ())) for r in rows]


def host(tx: Tx, uid: str) -> HostRow | None:
    """One host, without its placement groups, GPUs and cells."""
    row = tx.conn.execute(select(host_capacity).where(host_capacity.c.host_uid == uid)).first()
    return _host(row, {}) if row is not None else None


def _host(r: Row[Any], groups: dict[str, int], gpus: Sequence[Gpu] = (), cells: Sequence[Cell] = ()) -> HostRow:
    return HostRow(
        r.host_uid,
        r.name,
        r.zone,
        r.pool,
        r.pool_shared,
        r.labels,
        r.ready,
        r.schedulable,
        _amounts(r),
        _amounts(r, "used_"),
        groups,
        frozenset(r.features),
        tuple(gpus),
        r.board,
        tuple(cells),
        r.rack,
        tuple(r.taints),
        r.revision,
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
    features: Collection[str] = (),
    gpus: Boarded | None = None,
    cells: Mapping[int, Mapping[str, int]] | None = None,
    rack: str = "default",
    taints: Sequence[Mapping[str, str]] = (),
) -> None:
    """State what a host has; what is given out of it stays.

    Args:
        gpus: its GPUs; None: those that it was last said to have.
        cells: what each of its NUMA cells has, by the names of `cells.COUNTED`; None: those that it was last said to
            have.
    """
    facts = {
        "name": name,
        "zone": zone,
        "rack": rack,
        "taints": [dict(taint) for taint in taints],
        "pool": pool,
        "pool_shared": pool_shared,
        "labels": dict(labels),
        "ready": ready,
        "schedulable": schedulable,
        "features": sorted(features),
        **({} if gpus is None else {"board": gpus.board}),
        **_columns(capacity),
    }
    nothing = {f"used_{name}": 0 for name in COUNTED}
    tx.upsert(host_capacity, [{"host_uid": uid, **facts, **nothing, "revision": tx.now_us}], update=facts | _CHANGED)
    if gpus is not None:
        gpus_of.set_host(tx, uid, gpus.gpus)
    if cells is not None:
        cells_of.set_host(tx, uid, cells)


def close_host(tx: Tx, uid: str) -> None:
    """Let nothing more be given out of the host."""
    tx.conn.execute(update(host_capacity).where(host_capacity.c.host_uid == uid).values(schedulable=False, **_CHANGED))


def remove_host(tx: Tx, uid: str) -> None:
    """Forget a host that has nothing given out."""
    tx.conn.execute(delete(host_capacity).where(host_capacity.c.host_uid == uid))
    gpus_of.remove_host(tx, uid)
    cells_of.remove_host(tx, uid)


def of(tx: Tx, tenant_uid: str, consumer_uid: str) -> Allocation | None:
    """What the guest holds."""
    row = tx.conn.execute(
        select(allocation).where(allocation.c.tenant_uid == tenant_uid, allocation.c.consumer_uid == consumer_uid)
    ).first()
    return _allocation(row) if row is not None else None


def on(tx: Tx, host_uid: str) -> list[Allocation]:
    """What is given out of the host."""
    return [_allocation(r) for r in tx.conn.execute(select(allocation).where(allocation.c.host_uid == host_uid))]


def consumers(tx: Tx, host_uid: str) -> set[str]:
    """The uids of those who were given something of the host."""
    return set(tx.conn.scalars(select(allocation.c.consumer_uid).where(allocation.c.host_uid == host_uid)))


def members(tx: Tx, placement_group_uid: str) -> dict[str, int]:
    """How many guests of the group each host has, by its uid.

    Who reads this and then takes for one more guest of the group in the same transaction can rely on it: transactions
    are serialisable, so that of two that read the same and both add to it, one begins anew.
    """
    counted = (
        select(allocation.c.host_uid, func.count())
        .where(allocation.c.placement_group_uid == placement_group_uid)
        .group_by(allocation.c.host_uid)
    )
    return {row.host_uid: row[1] for row in tx.conn.execute(counted)}


def take(
    tx: Tx,
    host_uid: str,
    tenant_uid: str,
    consumer_uid: str,
    amounts: Amounts,
    *,
    placement_group_uid: str | None = None,
    gpus: Sequence[Claim] = (),
    cell: int | None = None,
) -> bool:
    """Give the guest `amounts` and `gpus` of the host, if they are there, and let it join its placement group.

    Whether the group lets it is the caller's to ask: see `members`.

    Args:
        cell: the NUMA cell that everything is to be of; None: any.

    Returns:
        Whether they were: the counters of the host and its cells are raised only when they stay within what these
        have; otherwise nothing is changed. Of what is not asked for, nothing need be left.
    """
    if gpus and not gpus_of.are_free(tx, host_uid, gpus):
        return False
    h = host_capacity.c
    more = _columns(amounts)
    if not cells_of.take(tx, host_uid, tenant_uid, consumer_uid, more, cell):
        return False
    done = tx.conn.execute(
        update(host_capacity).where(h.host_uid == host_uid, h.ready, h.schedulable, *_fits(more)).values(_used(more))
    )
    if done.rowcount != 1:
        cells_of.release(tx, tenant_uid, consumer_uid, host_uid)
        return False
    tx.conn.execute(
        insert(allocation).values(
            tenant_uid=tenant_uid,
            consumer_uid=consumer_uid,
            host_uid=host_uid,
            placement_group_uid=placement_group_uid,
            **more,
        )
    )
    gpus_of.take(tx, host_uid, tenant_uid, consumer_uid, gpus)
    return True


def resize(tx: Tx, held: Allocation, amounts: Amounts) -> bool:
    """Change what the guest holds on its host, if there is room; tells whether there was."""
    wanted, before = _columns(amounts), _columns(held.amounts)
    more = {name: wanted[name] - before[name] for name in COUNTED}
    in_cells = cells_of.claims_of(tx, held.tenant_uid, held.consumer_uid)
    if not cells_of.retake(tx, held.host_uid, held.tenant_uid, held.consumer_uid, wanted):
        return False
    done = tx.conn.execute(
        update(host_capacity).where(host_capacity.c.host_uid == held.host_uid, *_fits(more)).values(_used(more))
    )
    if done.rowcount != 1:
        cells_of.restore(tx, held.host_uid, held.tenant_uid, held.consumer_uid, in_cells)
        return False
    tx.conn.execute(
        update(allocation)
        .where(allocation.c.tenant_uid == held.tenant_uid, allocation.c.consumer_uid == held.consumer_uid)
        .values(wanted)
    )
    return True


def release(tx: Tx, tenant_uid: str, consumer_uid: str) -> None:
    """Take back what the guest holds; nothing when it holds nothing."""
    held = of(tx, tenant_uid, consumer_uid)
    if held is None:
        return
    back = {name: -amount for name, amount in _columns(held.amounts).items()}
    tx.conn.execute(update(host_capacity).where(host_capacity.c.host_uid == held.host_uid).values(_used(back)))
    tx.conn.execute(
        delete(allocation).where(allocation.c.tenant_uid == tenant_uid, allocation.c.consumer_uid == consumer_uid)
    )
    gpus_of.release(tx, tenant_uid, consumer_uid, held.host_uid)
    cells_of.release(tx, tenant_uid, consumer_uid, held.host_uid)
