"""Making one guest on one host what it should be, by way of that host's drivers.

Level-triggered: `converge` compares and acts, may be interrupted anywhere, and says what it found. It knows neither the
store nor the API, so that the control plane and a host's own agent run the same code.
"""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Final

from pextra.drivers.gpu.interface import GpuDriver, NoGpus
from pextra.drivers.interface import (
    ComputeDriver,
    CpuPolicy,
    CpuTopology,
    DriverError,
    Firmware,
    GuestDevice,
    GuestDisk,
    GuestNic,
    GuestObservation,
    GuestSpec,
    ImageSource,
    NetworkDriver,
    NetworkSource,
    Permanent,
    PortSource,
    Power,
    Problem,
    Retryable,
    Seed,
    StopCause,
    StorageDriver,
    VolumeSource,
)
from pextra.drivers.interface.bgp import BgpDriver, NoBgp
from pextra.drivers.interface.dividing import DividingDriver, NoDividing
from pextra.drivers.pinning import threads_for

DEFAULT_STOP_TIMEOUT_S: Final = 30
"""How long a guest that was asked to stop may take before it is stopped by force."""
_CHOOSING: Final = threading.Lock()
_NO_GPUS: Final = NoGpus()
_NO_DIVIDING: Final = NoDividing()
_NO_BGP: Final = NoBgp()
_REASONS: Final = {
    Problem.DISK_FULL: "PoolFull",
    Problem.IO_ERROR: "DiskFailed",
    Problem.PANICKED: "Crashed",
    Problem.DEVICE_LOST: "DeviceLost",
}
_MESSAGES: Final = {
    Problem.DISK_FULL: "A disk's pool had no room for what the guest wrote.",
    Problem.IO_ERROR: "A disk failed.",
    Problem.PANICKED: "Its kernel panicked.",
    Problem.DEVICE_LOST: "Its host has a device that it was given no more: see to the host, or give it another.",
}
_DISK_PROBLEMS: Final = frozenset({Problem.DISK_FULL, Problem.IO_ERROR})


@dataclass(frozen=True, slots=True)
class HostDrivers:
    """The drivers of one host, and the name of the pool that its disks are in.

    Attributes:
        choosing: held while a guest's threads are chosen and written into its definition.
    """

    compute: ComputeDriver
    network: NetworkDriver
    storage: StorageDriver
    pool: str
    choosing: AbstractContextManager[object] = field(default=_CHOOSING, compare=False)
    gpus: GpuDriver = field(default=_NO_GPUS, compare=False)
    dividing: DividingDriver = field(default=_NO_DIVIDING, compare=False)
    bgp: BgpDriver = field(default=_NO_BGP, compare=False)


@dataclass(frozen=True, slots=True)
class Card:
    """A network card: the network it is on and its port there."""

    network: NetworkSource
    port: PortSource


@dataclass(frozen=True, slots=True)
class FurtherDisk:
    """A volume that exists already and what a guest is to see of it."""

    uid: str
    size_bytes: int = 0  # what it is to have grown to; 0: whatever it has


@dataclass(frozen=True, slots=True)
class DesiredGuest:
    """A guest as it should be, with everything that it needs on its host.

    Attributes:
        volumes: further disks, in order.
        powered: whether a process of it should exist; it runs unless it should be `paused`.
        last_stop: why it was off when it was last looked at, if it was; "requested" once a wish to be off was
            fulfilled.
        last_boots: how often it had been started by then; what ended a later run is not to be taken for that stop.
            None: whoever assigned it did not know.
        stop_timeout_s: how long the guest may take to stop when it is asked to; the caller keeps the time.
        rescue_image: boots instead of the root disk, which comes second, as long as it is set.
        rebuild_act: the operation by whose uid the root disk is to be made anew from its image, once. The caller
            names it until the guest's observation does, and no longer: a host remembers the last 16.
        devices: of the host, which it has for itself.
    """

    uid: str
    tenant_uid: str
    name: str
    vcpus: int
    memory_mib: int
    image: ImageSource
    root_bytes: int
    volumes: tuple[FurtherDisk, ...]
    cards: tuple[Card, ...]
    seed: Seed
    powered: bool
    restart_policy: str
    last_stop: str = ""
    last_boots: int | None = None
    paused: bool = False
    stop_timeout_s: int = DEFAULT_STOP_TIMEOUT_S
    firmware: Firmware = field(default_factory=Firmware)
    cpu: CpuTopology = field(default_factory=CpuTopology)
    rescue_image: ImageSource | None = None
    rebuild_act: str = ""
    devices: tuple[GuestDevice, ...] = ()

    @property
    def volume_uids(self) -> tuple[str, ...]:
        """The volumes of its further disks, in order."""
        return tuple(volume.uid for volume in self.volumes)


@dataclass(frozen=True, slots=True)
class Convergence:
    """What `converge` found and did.

    Attributes:
        settled: nothing is left to do; otherwise look again soon.
        reason, message: for the condition `ready`.
        disk_problems: what its disks had when it was found, or have still; none when it was not asked to run since.
    """

    settled: bool
    ready: bool
    reason: str
    message: str
    observed: GuestObservation
    disk_problems: tuple[Problem, ...] = ()


def converge(desired: DesiredGuest, host: HostDrivers, *, force: bool) -> Convergence:
    """Bring the guest closer to what it should be; ports that it had are dropped when it no longer uses them.

    Args:
        force: whether a guest that has to stop is stopped by force; the caller's grace is over.

    Raises:
        DriverError: what a driver could not do.
    """
    before = host.compute.observe_guest(desired.uid)
    rebuilds = desired.rebuild_act != "" and (before is None or desired.rebuild_act not in before.rebuilds)
    if rebuilds and before is not None:
        _remove_root(desired, host)
    spec = _provide(desired, host, running=before is not None and before.power is not Power.OFF)
    # Two guests must not choose the same threads: until its definition says so, nobody knows that one is taken.
    with host.choosing if desired.cpu.policy is CpuPolicy.DEDICATED else nullcontext():
        spec = _pinned(spec, before, host)
        pending = _define(spec, host)
    if rebuilds:
        # Until this is remembered the disk is made anew again, which harms nothing: nothing has booted from it.
        host.compute.remember_rebuild(desired.uid, act=desired.rebuild_act)
    result = _switch(desired, _observe(desired, host), host, force=force)
    if pending is not None and result.reason in ("Running", "Paused"):
        result = replace(result, settled=False, ready=False, reason=pending.reason, message=pending.message)
    _clear(desired, spec, result.observed, host)
    return result


def _pinned(spec: GuestSpec, before: GuestObservation | None, host: HostDrivers) -> GuestSpec:
    """The definition with the threads that the guest has already, or is to have from now on."""
    if spec.cpu.policy is CpuPolicy.SHARED or spec.cpu.pinned_cpus:
        return spec
    if before is not None and len(before.pinned_cpus) == spec.vcpus:
        threads = before.pinned_cpus
    else:
        others = (guest for uid, guest in host.compute.observe_guests().items() if uid != spec.uid)
        taken = {thread for guest in others for thread in guest.pinned_cpus}
        threads = threads_for(spec.vcpus, spec.cpu.shares, host.compute.observe_host(), taken)
    return replace(spec, cpu=replace(spec.cpu, pinned_cpus=threads))


def _define(spec: GuestSpec, host: HostDrivers) -> DriverError | None:
    """Define the guest; the answer is what a running guest keeps from being so yet, which a restart would end."""
    try:
        host.compute.ensure_defined(spec)
    except (Retryable, Permanent) as error:
        if error.reason not in ("DetachPending", "RestartRequired"):
            raise
        return error
    return None


def _switch(desired: DesiredGuest, seen: GuestObservation, host: HostDrivers, *, force: bool) -> Convergence:
    """Start or stop the guest, which is defined as it should be."""
    if seen.power is not Power.OFF and (seen.restart_required or not desired.powered):
        return _stop(desired, seen, host, force=force)
    if not desired.powered:
        return Convergence(True, True, "Stopped", "", seen)
    if seen.power is Power.OFF:
        refusal = _stays_off(desired, seen)
        if refusal is not None:
            return Convergence(True, False, *refusal, seen)
    return _run(desired, seen, host)


def _stop(desired: DesiredGuest, seen: GuestObservation, host: HostDrivers, *, force: bool) -> Convergence:
    """Have the guest, of which a process exists, stop; it is started again if it should be powered."""
    if seen.power is Power.PAUSED and not seen.problems and not force:
        host.compute.ensure_running(desired.uid)  # to hear that it is asked
    host.compute.ensure_stopped(desired.uid, force=force)
    observed = _observe(desired, host)
    if observed.power is not Power.OFF:
        why = "to apply its new definition" if desired.powered else "as desired"
        return Convergence(False, False, "Stopping", f"The guest was asked to stop {why}.", observed)
    if not desired.powered:
        return Convergence(True, True, "Stopped", "", observed)
    return _run(desired, observed, host)


def _run(desired: DesiredGuest, seen: GuestObservation, host: HostDrivers) -> Convergence:
    """Have the guest run, or be paused, and see what it does."""
    changed = False
    hurt = tuple(problem for problem in seen.problems if problem in _DISK_PROBLEMS)
    if seen.power is Power.OFF or (seen.power is Power.PAUSED and not desired.paused):
        try:
            host.compute.ensure_running(desired.uid)
        except Retryable as error:
            if error.reason != "PoolFull" or not hurt:
                raise
            return Convergence(False, False, error.reason, error.message, seen, hurt)
        changed = True
    if desired.paused and seen.power is not Power.PAUSED:
        host.compute.ensure_paused(desired.uid)
        changed = True
    result = _running(desired, _observe(desired, host) if changed else seen)
    if not hurt or desired.paused:
        return replace(result, disk_problems=hurt)
    # Whether the disk is well again shows a moment after the guest was told to run on.
    message = f"{_MESSAGES[hurt[0]]} The guest was told to run on."
    return replace(result, settled=False, ready=False, reason=_REASONS[hurt[0]], message=message, disk_problems=hurt)


def remove(uid: str, tenant_uid: str, host: HostDrivers) -> None:
    """Take the guest, its ports, its root disk and its rescue disk away; again for one that has gone does nothing.

    Raises:
        DriverError: what a driver could not do.
    """
    host.compute.ensure_absent(uid)
    _drop_ports(_ports_of(uid, host), host)
    _drop_networks(host)
    host.storage.ensure_volume_absent(tenant_uid, uid)
    host.storage.ensure_volume_absent(tenant_uid, rescue_uid(uid))


def rescue_uid(guest_uid: str) -> str:
    """The volume from which a guest boots while it is rescued; it tells whose it is."""
    return f"{guest_uid}.rescue"


def port_uid(guest_uid: str, card: int, network_uid: str) -> str:
    """The port of a guest's card on a network; it tells whose it is, so that none is ever lost."""
    return f"{_port_prefix(guest_uid)}{card}.{network_uid.rpartition('-')[2]}"


def card_of_port(uid: str) -> int:
    """Which of its guest's cards the port is."""
    return int(uid.split(".")[1])


def guest_of(uid: str) -> str:
    """The guest whose port or disk this is, by what the uid of either begins with."""
    return uid.partition(".")[0]


def _port_prefix(guest_uid: str) -> str:
    return f"{guest_uid}."


def _remove_root(desired: DesiredGuest, host: HostDrivers) -> None:
    """Pull the guest's plug and remove its root disk, whose content is to be lost."""
    host.compute.ensure_stopped(desired.uid, force=True)
    host.storage.ensure_volume_absent(desired.tenant_uid, desired.uid)


def _provide(desired: DesiredGuest, host: HostDrivers, *, running: bool) -> GuestSpec:
    """Have on the host what the guest is made of, and put its definition together."""
    root = _ensure_disk(desired, desired.uid, desired.image, desired.root_bytes, host, running=running)
    rescue = None
    if desired.rescue_image is not None:
        uid = rescue_uid(desired.uid)
        rescue = _ensure_disk(desired, uid, desired.rescue_image, desired.root_bytes, host, running=running)
    further = (
        GuestDisk(v.uid, host.storage.disk_source(desired.tenant_uid, v.uid), size_bytes=v.size_bytes)
        for v in desired.volumes
    )
    nics: list[GuestNic] = []
    for card in desired.cards:
        host.network.ensure_network(card.network)
        binding = host.network.ensure_port(card.port)
        nics.append(GuestNic(card.port.uid, card.port.mac, binding, card.network.mtu))
    return GuestSpec(
        uid=desired.uid,
        tenant_uid=desired.tenant_uid,
        name=desired.name,
        vcpus=desired.vcpus,
        memory_mib=desired.memory_mib,
        disks=(root, *further),
        nics=tuple(nics),
        seed=desired.seed,
        firmware=desired.firmware,
        cpu=desired.cpu,
        rescue=rescue,
        devices=desired.devices,
    )


def _ensure_disk(
    desired: DesiredGuest, uid: str, image: ImageSource, size_bytes: int, host: HostDrivers, *, running: bool
) -> GuestDisk:
    """A disk that starts as an image. One that a guest has open is grown by the hypervisor instead."""
    host.storage.ensure_image(image)
    try:
        host.storage.ensure_volume(VolumeSource(uid, desired.tenant_uid, size_bytes, image.uid))
    except Retryable as error:
        if error.reason != "VolumeBusy" or not running:
            raise
    return GuestDisk(uid, host.storage.disk_source(desired.tenant_uid, uid), size_bytes=size_bytes)


def _clear(desired: DesiredGuest, spec: GuestSpec, observed: GuestObservation, host: HostDrivers) -> None:
    """Remove what the guest had and neither has nor is to have any more."""
    running = observed.power is not Power.OFF
    used = {*(n.port_uid for n in spec.nics), *(observed.port_uids if running else ())}
    _drop_ports(_ports_of(desired.uid, host) - used, host)
    if desired.rescue_image is None and not (running and observed.restart_required):
        host.storage.ensure_volume_absent(desired.tenant_uid, rescue_uid(desired.uid))


def _ports_of(guest_uid: str, host: HostDrivers) -> set[str]:
    """The guest's ports, wanted or not: what an earlier look left behind too."""
    return {uid for uid in host.network.observe_ports() if guest_of(uid) == guest_uid}


def _drop_ports(uids: set[str], host: HostDrivers) -> None:
    for uid in sorted(uids):
        host.network.ensure_port_absent(uid)
    if uids:
        _drop_networks(host)


def _drop_networks(host: HostDrivers) -> None:
    """Remove the networks of which no guest here has a port."""
    used = {port.network_uid for port in host.network.observe_ports().values()}
    for uid in sorted(host.network.observe_networks().keys() - used):
        try:
            host.network.ensure_network_absent(uid)
        except Retryable:
            continue  # a guest came to it meanwhile


def _observe(desired: DesiredGuest, host: HostDrivers) -> GuestObservation:
    observed = host.compute.observe_guest(desired.uid)
    if observed is None:
        raise Retryable("Converging", "the guest vanished while it was being looked at")
    return observed


def _stays_off(desired: DesiredGuest, observed: GuestObservation) -> tuple[str, str] | None:
    if Problem.DEVICE_LOST in observed.problems:
        return _REASONS[Problem.DEVICE_LOST], _MESSAGES[Problem.DEVICE_LOST]
    was_asked = desired.last_stop == StopCause.REQUESTED and (
        desired.last_boots is None or observed.boots <= desired.last_boots
    )
    if was_asked or observed.stop_cause in (StopCause.NEVER_STARTED, StopCause.REQUESTED):
        return None
    if observed.stop_cause is StopCause.GUEST_SHUTDOWN:
        if desired.restart_policy == "always":
            return None
        return (
            "PoweredOffByGuest",
            "The guest powered itself off; set power to off and to on to start it again.",
        )
    if desired.restart_policy == "never":
        why = "Its kernel panicked" if Problem.PANICKED in observed.problems else f"It stopped ({observed.stop_cause})"
        return "Crashed", f"{why}, and its restart policy is never."
    return None


def _running(desired: DesiredGuest, observed: GuestObservation) -> Convergence:
    """What is to be said of a guest that was to run or to be paused."""
    if observed.power is Power.OFF:
        return Convergence(
            False,
            False,
            "Crashed",
            f"The guest stopped right after its start ({observed.stop_cause}).",
            observed,
        )
    if Problem.DEVICE_LOST in observed.problems:
        # Nothing done to the guest would bring it back; when it is back the guest is seen to have changed.
        return Convergence(True, False, _REASONS[Problem.DEVICE_LOST], _MESSAGES[Problem.DEVICE_LOST], observed)
    if desired.paused:
        done = observed.power is Power.PAUSED
        return Convergence(done, done, "Paused" if done else "Converging", "", observed)
    if observed.power is Power.PAUSED:
        message = "The guest is paused and was told to run on."
        for problem in observed.problems:
            return Convergence(False, False, _REASONS[problem], f"{_MESSAGES[problem]} {message}", observed)
        return Convergence(False, False, "Converging", message, observed)
    return Convergence(True, True, "Running", "", observed)
