"""What is wrong with a GPU: from its memory's errors, and from what the kernel's log has of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pextra.drivers.gpu.interface import MOST_REASONS, MOST_XIDS, Health, HealthState

_FATAL_XIDS: Final = {
    62: "its internal processor stopped",
    64: "a bad memory row or page could not be set aside",
    79: "it has fallen off the bus",
    95: "a memory error was not contained",
    119: "its system processor does not answer",
    120: "its system processor failed",
}
_GRAVE_XIDS: Final = {
    48: "memory failed beyond correction",
    63: "a bad memory row or page waits to be set aside",
    74: "an NVLink failed",
    92: "memory errors come often",
    94: "a memory error was contained",
}
_RANK: Final = (HealthState.OK, HealthState.UNKNOWN, HealthState.DEGRADED, HealthState.FAILED)


@dataclass(frozen=True, slots=True)
class MemoryErrors:
    """What a GPU counts of its memory; None is what it does not count.

    Attributes:
        volatile: uncorrectable errors since the driver was loaded or the GPU reset.
        aggregate: uncorrectable errors in its life.
        pages_pending: pages wait to be retired.
        rows_pending: rows wait to be remapped.
        rows_failed: rows could not be remapped.
    """

    volatile: int | None = None
    aggregate: int | None = None
    pages_pending: bool | None = None
    rows_pending: bool | None = None
    rows_failed: bool | None = None


def health_of_memory(errors: MemoryErrors) -> Health:
    """How a GPU is that answered, by its memory.

    Errors of its whole life are told, and do not count: what they hit was set aside long ago.
    """
    state, reasons = HealthState.OK, list[str]()
    if errors.rows_failed:
        state = HealthState.FAILED
        reasons.append("a bad memory row could not be remapped: replace it")
    if errors.volatile:
        state = worse(state, HealthState.DEGRADED)
        reasons.append(f"{errors.volatile} uncorrectable memory errors since its last reset")
    if errors.rows_pending:
        state = worse(state, HealthState.DEGRADED)
        reasons.append("bad memory rows wait to be remapped: reset it")
    if errors.pages_pending:
        state = worse(state, HealthState.DEGRADED)
        reasons.append("bad memory pages wait to be retired: reset it")
    if errors.aggregate:
        reasons.append(f"{errors.aggregate} uncorrectable memory errors in its life")
    return Health(state, tuple(reasons))


def with_xids(health: Health, xids: tuple[int, ...], recent: frozenset[int]) -> Health:
    """The same with what the kernel's log has of it. Errors that programs cause by themselves do not count.

    Args:
        xids: all, the newest last.
        recent: those that still count.
    """
    state, reasons = health.state, list(health.reasons)
    for xid in sorted(recent):
        if meaning := _FATAL_XIDS.get(xid):
            state = worse(state, HealthState.FAILED)
        elif meaning := _GRAVE_XIDS.get(xid):
            state = worse(state, HealthState.DEGRADED)
        else:
            continue
        reasons.append(f"XID {xid}: {meaning}")
    return Health(state, tuple(reasons[:MOST_REASONS]), xids[-MOST_XIDS:])


def worse(one: HealthState, other: HealthState) -> HealthState:
    """The worse of two states."""
    return max(one, other, key=_RANK.index)
