"""Acts on a guest that were asked for once: how a host's drivers carry them out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from pextra.drivers.convergence import HostDrivers
from pextra.drivers.documents import Act
from pextra.drivers.interface import Permanent


def act_on(drivers: HostDrivers, act: Act, *, act_uid: str) -> dict[str, Any]:
    """Carry the act out; again with the same uid does nothing that was done already.

    Args:
        act_uid: the operation's uid.

    Returns:
        The operation's result.

    Raises:
        DriverError: what a driver could not do.
    """
    known = ACTS.get(act.action)
    if known is None:
        raise Permanent("ActUnknown", f"this host does not know how to {act.action!r}: upgrade its agent")
    return known(drivers, act, act_uid)


def _reboot(drivers: HostDrivers, act: Act, act_uid: str) -> dict[str, Any]:
    drivers.compute.reboot(act.guest_uid, act=act_uid)
    return {}


def _console_log(drivers: HostDrivers, act: Act, act_uid: str) -> dict[str, Any]:
    del act_uid
    wanted: int = act.arguments.get("tail_bytes", 16_384)
    # from its end: a log keeps its length when its beginning is taken away, and may be longer than can be read
    start = max(0, drivers.compute.console_end(act.guest_uid) - wanted)
    tail = drivers.compute.console_log(act.guest_uid, offset=start, limit=wanted)
    text = tail.decode(errors="replace").replace("\0", "")
    return {"text": text, "end": start + len(tail)}


ACTS: Final[Mapping[str, Callable[[HostDrivers, Act, str], dict[str, Any]]]] = {
    "reboot": _reboot,
    "console_log": _console_log,
}
"""Every act on a guest, by its action's name."""
