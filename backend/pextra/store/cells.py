"""NUMA cells of hosts, and what is given out of each, checked by the statement that gives it.

A guest that is bound to a cell takes all that it takes of that one. Of other guests, threads of their own and hugepages
are taken of cells too, since these are things that one guest has and no other; their shared processors and ordinary
memory are wherever the kernel has them, and count against the host alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, and_, delete, insert, select, update

from pextra.store.database import Tx
from pextra.store.tables import cell_claim, host_cell

COUNTED: Final = ("vcpus", "memory_mib", "dedicated_threads", "hugepages_2m", "hugepages_1g")
"""What is counted by cell."""

EXACT: Final = ("dedicated_threads", "hugepages_2m", "hugepages_1g")
"""What is one guest's and no other's, and so is taken of cells by every guest."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A NUMA cell of a host.

    Attributes:
        number: the host's own.
        capacity: what guests may take of it in all, by the names of `COUNTED`.
        used: what they take.
    """

    number: int
    capacity: Mapping[str, int]
    used: Mapping[str, int]

    def free(self, name: str) -> int:
        """What is left; never negative."""
        return max(0, self.capacity[name] - self.used[name])


@dataclass(frozen=True, slots=True)
class CellClaim:
    """What one guest has of one cell.

    Attributes:
        bound: it has everything of this cell, its processors and memory too.
        amounts: by the names of `COUNTED`.
    """

    number: int
    bound: bool
    amounts: Mapping[str, int]


def choose(
    cells: Sequence[Cell], wanted: Mapping[str, int], bound_to: int | None, held: Sequence[CellClaim] = ()
) -> list[CellClaim] | None:
    """What to take of a host's cells for a guest.

    A guest that is bound to none gets each exact resource of the fullest cell that has it all, or of several; of what
    the cells do not have, nothing is claimed of them: the host's own counters say whether it is there.

    Args:
        cells: of the host; none: they are not known, and nothing is taken of them.
        wanted: by the names of `COUNTED`.
        bound_to: the number of the cell that everything is to be of.
        held: what an unbound guest has now; where as much of a resource is wanted, it stays where it is.

    Returns:
        The claims by number; None: the cell has too little, or there is no such cell.
    """
    if bound_to is not None and cells:
        one = next((cell for cell in cells if cell.number == bound_to), None)
        if one is None or any(wanted[name] > one.free(name) for name in COUNTED):
            return None
        return [CellClaim(bound_to, True, {name: wanted[name] for name in COUNTED})]
    taken: dict[int, dict[str, int]] = {}
    for name in EXACT:
        kept = {claim.number: claim.amounts[name] for claim in held if claim.amounts[name]}
        left = wanted[name]
        if left and sum(kept.values()) == left:
            for number, amount in kept.items():
                taken.setdefault(number, dict.fromkeys(COUNTED, 0))[name] = amount
            continue
        fullest_first = sorted(cells, key=lambda cell: (cell.free(name), cell.number)) if left else []
        enough = [cell for cell in fullest_first if cell.free(name) >= left]
        for cell in enough[:1] or cells:
            amount = min(left, cell.free(name))
            if amount:
                taken.setdefault(cell.number, dict.fromkeys(COUNTED, 0))[name] = amount
                left -= amount
    return [CellClaim(number, False, amounts) for number, amounts in sorted(taken.items())]


def of_hosts(tx: Tx, uids: Collection[str] | None = None) -> dict[str, list[Cell]]:
    """The cells of the hosts by number, by the host's uid; None: of all hosts."""
    found: dict[str, list[Cell]] = {}
    wanted = select(host_cell).order_by(host_cell.c.host_uid, host_cell.c.cell)
    for r in tx.conn.execute(wanted if uids is None else wanted.where(host_cell.c.host_uid.in_(uids))):
        found.setdefault(r.host_uid, []).append(_cell(r))
    return found


def of_host(tx: Tx, host_uid: str) -> list[Cell]:
    """The host's cells by number."""
    rows = tx.conn.execute(select(host_cell).where(host_cell.c.host_uid == host_uid).order_by(host_cell.c.cell))
    return [_cell(r) for r in rows]


def claims_of(tx: Tx, tenant_uid: str, consumer_uid: str) -> list[CellClaim]:
    """What the guest has of its host's cells, by number."""
    rows = tx.conn.execute(
        select(cell_claim)
        .where(cell_claim.c.tenant_uid == tenant_uid, cell_claim.c.consumer_uid == consumer_uid)
        .order_by(cell_claim.c.cell)
    )
    return [CellClaim(r.cell, r.bound, {name: getattr(r, name) for name in COUNTED}) for r in rows]


def set_host(tx: Tx, host_uid: str, present: Mapping[int, Mapping[str, int]]) -> None:
    """State which cells a host has; what is given out of them stays. One that is given out and not there has nothing.

    Args:
        present: the capacity of each, by the names of `COUNTED`, by number.
    """
    before = {cell.number: cell for cell in of_host(tx, host_uid)}
    nothing = dict.fromkeys(COUNTED, 0)
    unused = {f"used_{name}": 0 for name in COUNTED}
    for number, cell in before.items():
        if number not in present and not any(cell.used.values()):
            tx.conn.execute(delete(host_cell).where(_is(host_uid, number)))
        elif number not in present and cell.capacity != nothing:
            tx.conn.execute(update(host_cell).where(_is(host_uid, number)).values(nothing))
    for number, capacity in present.items():
        known = before.get(number)
        if known is None or known.capacity != capacity:
            tx.upsert(host_cell, [{"host_uid": host_uid, "cell": number, **capacity, **unused}], update=dict(capacity))


def remove_host(tx: Tx, host_uid: str) -> None:
    """Forget the cells of a host that has nothing given out."""
    tx.conn.execute(delete(host_cell).where(host_cell.c.host_uid == host_uid))


def take(
    tx: Tx,
    host_uid: str,
    tenant_uid: str,
    consumer_uid: str,
    wanted: Mapping[str, int],
    bound_to: int | None,
    held: Sequence[CellClaim] = (),
) -> bool:
    """Give the guest, which has nothing of the host's cells, what it wants of them: see `choose`.

    Returns:
        Whether it was there; otherwise nothing is changed.
    """
    if bound_to is None and not any(wanted[name] for name in EXACT):
        return True
    chosen = choose(of_host(tx, host_uid), wanted, bound_to, held)
    if chosen is None:
        return False
    for place, claim in enumerate(chosen):
        if not _raise(tx, host_uid, claim):
            for earlier in chosen[:place]:
                _lower(tx, host_uid, earlier)
            return False
    _store(tx, host_uid, tenant_uid, consumer_uid, chosen)
    return True


def retake(tx: Tx, host_uid: str, tenant_uid: str, consumer_uid: str, wanted: Mapping[str, int]) -> bool:
    """Change what the guest has of its host's cells; one that is bound stays where it is.

    Returns:
        Whether it was there; otherwise nothing is changed.
    """
    held = claims_of(tx, tenant_uid, consumer_uid)
    bound_to = next((claim.number for claim in held if claim.bound), None)
    release(tx, tenant_uid, consumer_uid, host_uid)
    if take(tx, host_uid, tenant_uid, consumer_uid, wanted, bound_to, held):
        return True
    restore(tx, host_uid, tenant_uid, consumer_uid, held)
    return False


def restore(tx: Tx, host_uid: str, tenant_uid: str, consumer_uid: str, held: Sequence[CellClaim]) -> None:
    """Give the guest back what it had before this transaction changed it."""
    release(tx, tenant_uid, consumer_uid, host_uid)
    for claim in held:
        more = {f"used_{name}": host_cell.c[f"used_{name}"] + amount for name, amount in claim.amounts.items()}
        tx.conn.execute(update(host_cell).where(_is(host_uid, claim.number)).values(more))
    _store(tx, host_uid, tenant_uid, consumer_uid, held)


def release(tx: Tx, tenant_uid: str, consumer_uid: str, host_uid: str) -> None:
    """Take back what the guest has of the host's cells."""
    held = claims_of(tx, tenant_uid, consumer_uid)
    for claim in held:
        _lower(tx, host_uid, claim)
    if held:
        mine = and_(cell_claim.c.tenant_uid == tenant_uid, cell_claim.c.consumer_uid == consumer_uid)
        tx.conn.execute(delete(cell_claim).where(mine))


def _raise(tx: Tx, host_uid: str, claim: CellClaim) -> bool:
    c = host_cell.c
    room = [c[f"used_{name}"] + amount <= c[name] for name, amount in claim.amounts.items() if amount]
    more = {f"used_{name}": c[f"used_{name}"] + amount for name, amount in claim.amounts.items() if amount}
    if not more:
        return True
    return tx.conn.execute(update(host_cell).where(_is(host_uid, claim.number), *room).values(more)).rowcount == 1


def _lower(tx: Tx, host_uid: str, claim: CellClaim) -> None:
    less = {f"used_{name}": host_cell.c[f"used_{name}"] - amount for name, amount in claim.amounts.items()}
    tx.conn.execute(update(host_cell).where(_is(host_uid, claim.number)).values(less))


def _store(tx: Tx, host_uid: str, tenant_uid: str, consumer_uid: str, claims: Sequence[CellClaim]) -> None:
    whose = {"tenant_uid": tenant_uid, "consumer_uid": consumer_uid, "host_uid": host_uid}
    for claim in claims:
        tx.conn.execute(insert(cell_claim).values(**whose, cell=claim.number, bound=claim.bound, **claim.amounts))


def _is(host_uid: str, number: int) -> ColumnElement[bool]:
    return and_(host_cell.c.host_uid == host_uid, host_cell.c.cell == number)


def _cell(r: Row[Any]) -> Cell:
    return Cell(
        r.cell, {name: getattr(r, name) for name in COUNTED}, {name: getattr(r, f"used_{name}") for name in COUNTED}
    )
