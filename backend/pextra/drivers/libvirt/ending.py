"""Why a guest that is off is off.

libvirt forgets the reason when it restarts, but QEMU's log on the host keeps it: libvirt writes
`shutting down, reason=…` there, and QEMU itself writes whose signal ended it.
"""

from __future__ import annotations

import os
import re
from enum import StrEnum
from pathlib import Path
from typing import Final

from pextra.drivers.account import open_theirs
from pextra.drivers.interface import StopCause
from pextra.drivers.libvirt import binding
from pextra.drivers.libvirt.record import History

_TAIL_BYTES: Final = 64 * 1024
_STARTED: Final = b": starting up libvirt"
_REASON: Final = re.compile(rb": shutting down, reason=(\w+)$", re.MULTILINE)
# libvirtd ends a process whose guest has powered off; anybody else who does has pulled the plug.
_KILLER: Final = re.compile(rb": terminating on signal \d+ from pid \d+ \(([^<)\n]+)\)$", re.MULTILINE)
_OURS: Final = (b"libvirtd", b"virtqemud")


class Ending(StrEnum):
    """How the last run of a guest ended, as the host saw it."""

    SHUTDOWN = "shutdown"  # the guest powered off
    PANICKED = "panicked"  # its kernel panicked, upon which libvirtd ended it
    BROKEN = "broken"  # its process died or was killed
    UNKNOWN = "unknown"  # the host kept no trace


def logged_ending(log: Path) -> Ending:
    """How the last run ended, from QEMU's log.

    The first reason after the last start is the true one: libvirt may append others when it restarts.
    """
    try:
        with open_theirs(log) as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            text = file.read()
    except FileNotFoundError:
        return Ending.UNKNOWN
    last_run = text[max(0, text.rfind(_STARTED)) :]
    reason = _REASON.search(last_run)
    if reason is None:
        return Ending.UNKNOWN
    killers = {name.rpartition(b"/")[2] for name in _KILLER.findall(last_run)}
    if not killers.issubset(_OURS):
        return Ending.BROKEN
    if reason.group(1) == b"shutdown":
        return Ending.SHUTDOWN
    # A process that died by itself is "crashed" too, but libvirtd did not have to end it.
    return Ending.PANICKED if reason.group(1) == b"crashed" and killers else Ending.BROKEN


def reported_ending(reason: int) -> Ending:
    """How the last run ended, from libvirt's reason for a domain that is shut off."""
    if reason == binding.constant("VIR_DOMAIN_SHUTOFF_SHUTDOWN"):
        return Ending.SHUTDOWN
    if reason == binding.constant("VIR_DOMAIN_SHUTOFF_UNKNOWN"):
        return Ending.UNKNOWN
    return Ending.BROKEN


def stop_cause(history: History, ending: Ending, host_boot: str) -> StopCause:
    """Why a guest that is off is off.

    Args:
        history: what the driver did to it.
        ending: how its last run ended.
        host_boot: the boot id of the host now.
    """
    if history.completed_boots(active=False) == 0:
        return StopCause.NEVER_STARTED
    if history.stop_requested or history.rebooting:
        return StopCause.REQUESTED
    if ending is Ending.SHUTDOWN:
        return StopCause.GUEST_SHUTDOWN
    if history.host_boot != host_boot:
        return StopCause.HOST_LOST
    return StopCause.CRASHED
