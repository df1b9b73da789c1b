"""Which of a host's processor threads a guest with dedicated ones gets. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pextra.drivers.interface import Retryable


def choose_threads(count: int, dedicated: Sequence[int], taken: Collection[int]) -> tuple[int, ...]:
    """The first threads that are free, in the host's own order, so that the same question has the same answer.

    Args:
        count: how many are wanted.
        dedicated: those that the host sets aside for such guests.
        taken: those that other guests hold.

    Raises:
        Retryable: `NoDedicatedThreads`.
    """
    free = [thread for thread in dedicated if thread not in taken]
    if len(free) < count:
        raise Retryable(
            "NoDedicatedThreads",
            f"{count} dedicated threads are wanted; this host sets {len(dedicated)} aside, of which {len(free)} are "
            "free: set more aside, or use a flavor with `cpu_policy: shared`",
        )
    return tuple(free[:count])
