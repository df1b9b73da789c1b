"""GPUs of hosts and what is given out of them, checked by the statement that gives it.

What a guest had of GPUs, and from when to when, is kept after it has gone: `usage` is what bills are made of. Intervals
begin and end in the transactions that give and take back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Row, and_, case, delete, func, insert, select, update

from pextra.store.database import Tx
from pextra.store.tables import allocation, gpu, gpu_claim, gpu_usage

WHOLE_MILLI: Final = 1000


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU of a host.

    Attributes:
        position: its place on the host's board, counted from 0.
        kind: what all GPUs like it have in common: `model`, `shareable`, `whole` (absent: true) and `slices`, a list of
            documents with `mode`, `name`, `milli`, `slots` and `starts`.
        cell: its NUMA cell; -1 where none is known.
        usable: it is there and healthy, and guests can have it.
        used_milli: what is given out of it, in thousandths.
        mode, profile: in which mode, as vGPUs of which type; empty while nothing is.
        slots: the slots that MIG instances lie on, or the virtual functions that are given, as bits.
    """

    host_uid: str
    address: str
    position: int
    kind: Mapping[str, Any]
    cell: int
    usable: bool
    used_milli: int = 0
    mode: str = ""
    profile: str = ""
    slots: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """What a guest has, or is to have, of one GPU of its host.

    Attributes:
        profile: a MIG profile or a vGPU type.
        slots: the slots of a MIG instance, or the one virtual function, as bits.
    """

    address: str
    mode: str
    profile: str
    milli: int
    slots: int = 0


@dataclass(frozen=True, slots=True)
class Interval:
    """That a guest had a part of a GPU for some time.

    Attributes:
        ended_us: None while it has it.
    """

    tenant_uid: str
    consumer_uid: str
    host_uid: str
    address: str
    model: str
    mode: str
    profile: str
    milli: int
    started_us: int
    ended_us: int | None


def of_hosts(tx: Tx, uids: Collection[str] | None = None) -> dict[str, list[Gpu]]:
    """The GPUs of the hosts that have any, by the host's uid and in the order of their places; None: of all hosts."""
    found: dict[str, list[Gpu]] = {}
    wanted = select(gpu).order_by(gpu.c.host_uid, gpu.c.position)
    for row in tx.conn.execute(wanted if uids is None else wanted.where(gpu.c.host_uid.in_(uids))):
        found.setdefault(row.host_uid, []).append(_gpu(row))
    return found


def of_host(tx: Tx, host_uid: str) -> list[Gpu]:
    """The GPUs of one host, in the order of their places."""
    return [_gpu(r) for r in tx.conn.execute(select(gpu).where(gpu.c.host_uid == host_uid).order_by(gpu.c.position))]


def _gpu(r: Row[Any]) -> Gpu:
    return Gpu(r.host_uid, r.address, r.position, r.kind, r.cell, r.usable, r.used_milli, r.mode, r.profile, r.slots)


def set_host(tx: Tx, host_uid: str, present: Sequence[Gpu]) -> None:
    """State which GPUs a host has; what is given out of them stays. One that is given out and not there is unusable."""
    before = {found.address: found for found in of_host(tx, host_uid)}
    here = {one.address for one in present}
    for address, known in before.items():
        if address not in here and known.used_milli == 0:
            tx.conn.execute(delete(gpu).where(gpu.c.host_uid == host_uid, gpu.c.address == address))
        elif address not in here and known.usable:
            gone = and_(gpu.c.host_uid == host_uid, gpu.c.address == address)
            tx.conn.execute(update(gpu).where(gone).values(usable=False))
    for one in present:
        facts = {"position": one.position, "kind": dict(one.kind), "cell": one.cell, "usable": one.usable}
        known = before.get(one.address)
        if known is not None and all(getattr(known, name) == value for name, value in facts.items()):
            continue
        unused = {"used_milli": 0, "mode": "", "profile": "", "slots": 0}
        tx.upsert(gpu, [{"host_uid": host_uid, "address": one.address, **facts, **unused}], update=facts)


def remove_host(tx: Tx, host_uid: str) -> None:
    """Forget the GPUs of a host that has nothing given out."""
    tx.conn.execute(delete(gpu).where(gpu.c.host_uid == host_uid))


def are_free(tx: Tx, host_uid: str, claims: Sequence[Claim]) -> bool:
    """Whether all of it can still be given out of the host's GPUs."""
    now = {one.address: one for one in of_host(tx, host_uid)}
    for claim in claims:
        one = now.get(claim.address)
        if one is None or not _fits(one, claim):
            return False
        now[claim.address] = _given(one, claim)
    return True


def _fits(one: Gpu, claim: Claim) -> bool:
    same = one.mode in ("", claim.mode) and (not one.mode or one.profile == _profile_of_gpu(claim))
    if claim.mode == "whole" and not one.kind.get("whole", True):
        return False
    return one.usable and same and one.used_milli + claim.milli <= WHOLE_MILLI and one.slots & claim.slots == 0


def _given(one: Gpu, claim: Claim) -> Gpu:
    return replace(
        one,
        used_milli=one.used_milli + claim.milli,
        mode=claim.mode,
        profile=_profile_of_gpu(claim),
        slots=one.slots | claim.slots,
    )


def _profile_of_gpu(claim: Claim) -> str:
    """Of one GPU all vGPUs are of one type; MIG instances are of any profiles."""
    return claim.profile if claim.mode == "vgpu" else ""


def take(tx: Tx, host_uid: str, tenant_uid: str, consumer_uid: str, claims: Sequence[Claim]) -> None:
    """Give a guest what was found free in the same transaction.

    Raises:
        RuntimeError: it is not free; the transaction must not be committed.
    """
    if not claims:
        return
    models = {one.address: str(one.kind["model"]) for one in of_host(tx, host_uid)}
    for part, claim in enumerate(claims):
        g, profile = gpu.c, _profile_of_gpu(claim)
        done = tx.conn.execute(
            update(gpu)
            .where(
                g.host_uid == host_uid,
                g.address == claim.address,
                g.usable,
                g.used_milli + claim.milli <= WHOLE_MILLI,
                g.slots.op("&")(claim.slots) == 0,
                (g.mode == "") | ((g.mode == claim.mode) & (g.profile == profile)),
            )
            .values(
                used_milli=g.used_milli + claim.milli, slots=g.slots + claim.slots, mode=claim.mode, profile=profile
            )
        )
        if done.rowcount != 1:
            raise RuntimeError(f"GPU {claim.address} of host {host_uid} was given twice in one transaction")
        facts = {
            "tenant_uid": tenant_uid,
            "consumer_uid": consumer_uid,
            "host_uid": host_uid,
            "address": claim.address,
            "mode": claim.mode,
            "profile": claim.profile,
            "milli": claim.milli,
        }
        tx.conn.execute(insert(gpu_claim).values(part=part, slots=claim.slots, **facts))
        tx.conn.execute(
            insert(gpu_usage).values(
                uid=tx.new_uid(), model=models[claim.address], started_us=tx.now_us, ended_us=None, **facts
            )
        )


def claims_of(tx: Tx, tenant_uid: str, consumer_uid: str) -> list[Claim]:
    """What the guest has."""
    c = gpu_claim.c
    mine = select(gpu_claim).where(c.tenant_uid == tenant_uid, c.consumer_uid == consumer_uid).order_by(c.part)
    return [Claim(r.address, r.mode, r.profile, r.milli, r.slots) for r in tx.conn.execute(mine)]


def release(tx: Tx, tenant_uid: str, consumer_uid: str, host_uid: str) -> None:
    """Take back what the guest has of the host's GPUs, and end its intervals."""
    claims = claims_of(tx, tenant_uid, consumer_uid)
    if not claims:
        return
    g = gpu.c
    for claim in claims:
        unused = g.used_milli == claim.milli
        tx.conn.execute(
            update(gpu)
            .where(g.host_uid == host_uid, g.address == claim.address)
            .values(
                used_milli=g.used_milli - claim.milli,
                slots=g.slots - claim.slots,
                mode=case((unused, ""), else_=g.mode),
                profile=case((unused, ""), else_=g.profile),
            )
        )
    c, u = gpu_claim.c, gpu_usage.c
    tx.conn.execute(delete(gpu_claim).where(c.tenant_uid == tenant_uid, c.consumer_uid == consumer_uid))
    tx.conn.execute(
        update(gpu_usage)
        .where(u.tenant_uid == tenant_uid, u.consumer_uid == consumer_uid, u.ended_us.is_(None))
        .values(ended_us=tx.now_us)
    )


def usage(tx: Tx, tenant_uids: Collection[str], *, since_us: int, until_us: int) -> list[Interval]:
    """What guests of these tenants had of GPUs at any moment between the two, oldest first."""
    u = gpu_usage.c
    wanted = (
        select(gpu_usage)
        .where(u.tenant_uid.in_(tenant_uids), u.started_us < until_us, (u.ended_us.is_(None)) | (u.ended_us > since_us))
        .order_by(u.started_us, u.uid)
    )
    return [
        Interval(
            r.tenant_uid,
            r.consumer_uid,
            r.host_uid,
            r.address,
            r.model,
            r.mode,
            r.profile,
            r.milli,
            r.started_us,
            r.ended_us,
        )
        for r in tx.conn.execute(wanted)
    ]


@dataclass(frozen=True, slots=True)
class LiveShape:
    """What guests that have GPUs take, and how many there are that take as much."""

    vcpus: int
    memory_mib: int
    disk_gib: int
    dedicated_threads: int
    hugepages_2m: int
    hugepages_1g: int
    gpus: int
    milli: int
    guests: int


def live_shapes(tx: Tx) -> list[LiveShape]:
    """What the guests take that have whole GPUs or shares of them."""
    a, c = allocation.c, gpu_claim.c
    sizes = (a.vcpus, a.memory_mib, a.disk_gib, a.dedicated_threads, a.hugepages_2m, a.hugepages_1g)
    by_guest = (
        select(*sizes, func.count().label("gpus"), c.milli)
        .select_from(allocation.join(gpu_claim, and_(a.tenant_uid == c.tenant_uid, a.consumer_uid == c.consumer_uid)))
        .where(c.mode.in_(("whole", "share")))
        .group_by(a.tenant_uid, a.consumer_uid, *sizes, c.milli)
        .subquery()
    )
    columns = list(by_guest.c)
    shapes = select(*columns, func.count().label("guests")).group_by(*columns)
    return [LiveShape(**r) for r in tx.conn.execute(shapes).mappings()]
