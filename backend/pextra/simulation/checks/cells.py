"""Nothing of a NUMA cell is given twice, and guests that are bound to one are in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from pextra.simulation.checks.view import View, named
from pextra.simulation.ground import Amounts, CellClaim

_NOTHING: Final[Amounts] = (0, 0, 0, 0, 0)


def _sum(claims: list[CellClaim]) -> Amounts:
    return tuple(sum(amounts) for amounts in zip(_NOTHING, *(c.amounts for c in claims), strict=True))


def cells_are_what_is_claimed(view: View) -> Iterator[str]:
    """A cell's counters are the sum of what guests claim of it, and never above what it has."""
    claims: dict[tuple[str, int], list[CellClaim]] = defaultdict(list)
    for claim in view.ground.cell_claims:
        claims[claim.host_uid, claim.number].append(claim)
    for cell in view.ground.cells:
        claimed = _sum(claims.pop((cell.host_uid, cell.number), []))
        if claimed != cell.used:
            yield f"{cell} counts {cell.used} as used, and {claimed} is claimed"
        if any(used > has for used, has in zip(cell.used, cell.capacity, strict=True)):
            yield f"{cell} gave out more than it has"
    for place in claims:
        yield f"cell {place} is claimed, and there is none"


def guests_have_of_cells_what_they_have_of_their_hosts(view: View) -> Iterator[str]:
    """All that a bound guest has is of one cell; of another guest, all threads of its own and hugepages are of some.

    A guest that must be bound is, and to the cell of its GPUs.
    """
    claims: dict[str, list[CellClaim]] = defaultdict(list)
    for claim in view.ground.cell_claims:
        claims[claim.consumer_uid].append(claim)
    cell_of = {(g.host_uid, g.address): g.cell for g in view.ground.gpus}
    of_gpus = {c.had.consumer_uid: cell_of.get((c.had.host_uid, c.had.address)) for c in view.ground.gpu_claims}
    for held in view.ground.allocations:
        mine = claims.pop(held.consumer_uid, [])
        vcpus, memory_mib, _, *exact = held.amounts
        bound = [c.number for c in mine if c.bound]
        expected = (vcpus, memory_mib, *exact) if bound else (0, 0, *exact)
        if _sum(mine) != expected or len(bound) > 1 or any(c.host_uid != held.host_uid for c in mine):
            yield f"{held} is to have {expected} of its host's cells and has {mine}"
        record = view.ground.objects.get(held.consumer_uid)
        if record is None:
            continue
        wish = view.effective(record).get("gpus")
        if wish is not None and wish["numa"] == "required" and bound != [of_gpus.get(record.uid)]:
            yield f"{named(record)} must be of cell {of_gpus.get(record.uid)} of its host and is bound to {bound}"
    for uid in claims:
        yield f"cells are claimed by {uid}, which has nothing of a host"


def bound_threads_are_of_their_cell(view: View) -> Iterator[str]:
    """The threads that a bound guest has of its own are its cell's."""
    for claim in view.ground.cell_claims:
        host = view.document.hosts.get(claim.host_uid)
        guest = host.guests.get(claim.consumer_uid) if host is not None and claim.bound else None
        if host is None or guest is None:
            continue
        cell = next(c for c in host.inventory.cells if c.number == claim.number)
        if strays := set(guest.observe().pinned_cpus) - set(cell.cpus):
            yield f"guest {claim.consumer_uid} is bound to cell {claim.number} and has threads {sorted(strays)}"
