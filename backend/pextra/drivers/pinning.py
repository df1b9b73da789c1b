"""Which of a host's processor threads a guest with dedicated ones gets. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pextra.drivers.interface import CellShare, HostInventory, Retryable


def threads_for(
    count: int, shares: Sequence[CellShare], host: HostInventory, taken: Collection[int]
) -> tuple[int, ...]:
    """The threads of a guest with dedicated ones: of the NUMA cells that it was given some of, where it was.

    Args:
        count: how many are wanted.
        shares: what the guest has of the host's cells.
        host: what the host has.
        taken: the threads that other guests hold.

    Raises:
        Retryable: `NoDedicatedThreads`.
    """
    cpus = {cell.number: frozenset(cell.cpus) for cell in host.cells}
    mine = [share for share in shares if share.dedicated_threads and share.cell in cpus]
    if sum(share.dedicated_threads for share in mine) != count:
        return choose_threads(count, host.dedicated_cpus, taken)
    threads: tuple[int, ...] = ()
    for share in mine:
        near = [thread for thread in host.dedicated_cpus if thread in cpus[share.cell]]
        threads += choose_threads(share.dedicated_threads, near, taken, f"NUMA cell {share.cell} of this host")
    return threads


def choose_threads(
    count: int, dedicated: Sequence[int], taken: Collection[int], of: str = "this host"
) -> tuple[int, ...]:
    """The first threads that are free, in the host's own order, so that the same question has the same answer.

    Args:
        count: how many are wanted.
        dedicated: those that the host sets aside for such guests.
        taken: those that other guests hold.
        of: what sets them aside, in words.

    Raises:
        Retryable: `NoDedicatedThreads`.
    """
    free = [thread for thread in dedicated if thread not in taken]
    if len(free) < count:
        raise Retryable(
            "NoDedicatedThreads",
            f"{count} dedicated threads are wanted; {of} sets {len(dedicated)} aside, of which {len(free)} are "
            "free: set more aside, or use a flavor with `cpu_policy: shared`",
        )
    return tuple(free[:count])
