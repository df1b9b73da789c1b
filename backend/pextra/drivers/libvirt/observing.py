"""What a domain is, in the contract's terms."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pextra.drivers.interface import GuestObservation, Power, Problem, StopCause
from pextra.drivers.libvirt.binding import constant
from pextra.drivers.libvirt.ending import Ending, logged_ending, reported_ending, stop_cause
from pextra.drivers.libvirt.failures import translated
from pextra.drivers.libvirt.lookup import Found
from pextra.drivers.vfio.handing import HostDevices


def observe(found: Found, log: Path, host_boot: str, devices: HostDevices) -> GuestObservation:
    """A guest as it is.

    Args:
        found: the guest.
        log: QEMU's log on this host.
        host_boot: the boot id of the host now.
        devices: of the host.
    """
    state, reason = found.state()
    described = found.described()
    stored, running = found.record, described.record or found.record
    active = state != constant("VIR_DOMAIN_SHUTOFF")
    power = Power.RUNNING
    cause: StopCause | None = None
    problems: tuple[Problem, ...] = ()
    if not active:
        power, (cause, problems) = Power.OFF, _ended(found, reason, log, host_boot)
    elif state == constant("VIR_DOMAIN_PAUSED"):
        power = Power.PAUSED
        if reason == constant("VIR_DOMAIN_PAUSED_IOERROR"):
            problems = disk_problems(found)
    has = running.devices if active else stored.devices
    if devices.lost(has, running=active):
        problems = (*problems, Problem.DEVICE_LOST)
    boots = stored.history.completed_boots(active=active)
    return GuestObservation(
        uid=stored.uid,
        power=power,
        stop_cause=cause,
        vcpus=described.vcpus,
        memory_mib=described.memory_mib,
        disk_uids=_in_order((disk.uid for disk in described.devices.disks), stored.disk_uids),
        port_uids=_in_order((nic.uid for nic in described.devices.nics), stored.port_uids),
        boots=boots,
        restart_required=active and running.machine != stored.machine,
        problems=problems,
        rebuilds=stored.history.rebuilds,
        pinned_cpus=tuple(dict.fromkeys((*running.pinned_cpus, *stored.pinned_cpus))),
        panicked_boot=boots if Problem.PANICKED in problems else stored.history.panicked_boot,
        devices=tuple(device.name for device in has),
    )


def disk_problems(found: Found) -> tuple[Problem, ...]:
    """Why a guest that was paused on an I/O error was."""
    with translated(f"the disks of guest {found.record.uid} cannot be looked at", acting=False):
        errors = found.domain.diskErrors()
    full = constant("VIR_DOMAIN_DISK_ERROR_NO_SPACE")
    kinds = {Problem.DISK_FULL if error == full else Problem.IO_ERROR for error in errors.values()}
    return tuple(sorted(kinds)) or (Problem.IO_ERROR,)


def _ended(found: Found, reason: int, log: Path, host_boot: str) -> tuple[StopCause, tuple[Problem, ...]]:
    ending = logged_ending(log)
    if ending is Ending.UNKNOWN:
        ending = reported_ending(reason)
    cause = stop_cause(found.history, ending, host_boot)
    panicked = ending is Ending.PANICKED and cause is StopCause.CRASHED
    return cause, (Problem.PANICKED,) if panicked else ()


def _in_order(uids: Iterable[str], order: Iterable[str]) -> tuple[str, ...]:
    """The uids in the order of the definition, and behind them those that are only left over."""
    there, known = dict.fromkeys(uids), dict.fromkeys(order)
    return (*(uid for uid in known if uid in there), *(uid for uid in there if uid not in known))
