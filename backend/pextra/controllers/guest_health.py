"""What is known of a guest beyond whether it is ready: what is wrong with it, and what it says of itself."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any, Final

from pextra.declaration import conditions
from pextra.drivers.convergence import Convergence
from pextra.drivers.interface import AgentReport, Power, Problem
from pextra.store.records import timestamp

_LONGEST_LINE: Final = 255
_MOST_ADDRESSES: Final = 16


def told(result: Convergence, known: Mapping[str, Any], now_us: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The conditions, and the status fields that go with them.

    A panic that was found only when the guest ran again is told of too: the driver remembers which boot it ended.

    Args:
        known: the instance's status.
    """
    seen = result.observed
    facts: dict[str, Any] = {}
    if seen.panicked_boot and seen.panicked_boot != known.get("panicked_boot", 0):
        facts = {"panicked_boot": seen.panicked_boot, "panicked_at": timestamp(now_us)}
    return [_panicked(result, {**known, **facts}), _disks(result)], facts


def claims(result: Convergence, known: Mapping[str, Any], told: AgentReport | None) -> dict[str, Any]:
    """The status field of what the guest says of itself: bounded, for its host only passes it on.

    While nobody has asked a guest that runs, what it said before stands.
    """
    if result.observed.power is Power.OFF:
        return {"guest": None} if known.get("guest") else {}
    if told is None:
        return {}
    texts = {name: _line(getattr(told, name)) for name in ("hostname", "os")}
    return {"guest": {**texts, "addresses": [a for a in told.addresses if _is_address(a)][:_MOST_ADDRESSES]}}


def _line(text: str) -> str:
    return "".join(letter for letter in text[:_LONGEST_LINE] if letter.isprintable())


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def _panicked(result: Convergence, status: Mapping[str, Any]) -> dict[str, Any]:
    seen = result.observed
    if not seen.panicked_boot:
        return conditions.condition("guest_panicked", False, "NoPanic")
    message = f"Its kernel panicked in boot {seen.panicked_boot}, which was found at {status.get('panicked_at', '')}"
    if Problem.PANICKED in seen.problems:
        return conditions.condition("guest_panicked", True, "KernelPanicked", f"{message}; its console log says why.")
    return conditions.condition("guest_panicked", False, "StartedAgain", f"{message}; it was started since.")


def _disks(result: Convergence) -> dict[str, Any]:
    problems = result.disk_problems
    if not problems:
        return conditions.condition("disk_error", False, "DisksWork")
    full = Problem.DISK_FULL in problems
    message = (
        "A disk's pool had no room for what the guest wrote: remove volumes or enlarge the pool."
        if full
        else "A disk failed under the guest: look after the pool's disks; the guest is told to run on again and again."
    )
    return conditions.condition("disk_error", True, "PoolFull" if full else "DiskFailed", message)
