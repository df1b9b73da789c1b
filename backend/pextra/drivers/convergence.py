"""Making one guest on one host what it should be, by way of that host's drivers.

Level-triggered: `converge` compares and acts, may be interrupted anywhere, and says what it found. It knows neither the
store nor the API, so that the control plane and a host's own agent run the same code.
"""

from __future__ import annotations

from dataclasses import dataclass

from pextra.drivers.interface import (
    ComputeDriver,
    GuestDisk,
    GuestNic,
    GuestObservation,
    GuestSpec,
    ImageSource,
    NetworkDriver,
    NetworkSource,
    PortSource,
    Power,
    Retryable,
    Seed,
    StopCause,
    StorageDriver,
    VolumeSource,
)


@dataclass(frozen=True, slots=True)
class HostDrivers:
    """The drivers of one host, and the name of the pool that its disks are in."""

    compute: ComputeDriver
    network: NetworkDriver
    storage: StorageDriver
    pool: str


@dataclass(frozen=True, slots=True)
class Card:
    """A network card: the network it is on and its port there."""

    network: NetworkSource
    port: PortSource


@dataclass(frozen=True, slots=True)
class DesiredGuest:
    """A guest as it should be, with everything that it needs on its host.

    Attributes:
        volume_uids: further disks, which exist already, in order.
        last_stop: why it was off when it was last looked at, if it was; "requested" once a wish to be off was
        fulfilled.
    """

    uid: str
    tenant_uid: str
    name: str
    vcpus: int
    memory_mib: int
    image: ImageSource
    root_bytes: int
    volume_uids: tuple[str, ...]
    cards: tuple[Card, ...]
    seed: Seed
    powered: bool
    restart_policy: str
    last_stop: str = ""


@dataclass(frozen=True, slots=True)
class Convergence:
    """What `converge` found and did.

    Attributes:
        settled: nothing is left to do; otherwise look again soon.
        reason, message: for the condition `ready`.
    """

    settled: bool
    ready: bool
    reason: str
    message: str
    observed: GuestObservation


def converge(desired: DesiredGuest, host: HostDrivers, *, force: bool) -> Convergence:
    """Bring the guest closer to what it should be; ports that it had are dropped when it no longer uses them.

    Args:
        force: whether a guest that has to stop is stopped by force; the caller's grace is over.

    Raises:
        DriverError: what a driver could not do.
    """
    spec = _provide(desired, host)
    before = host.compute.observe_guest(desired.uid)
    host.compute.ensure_defined(spec)
    result = _switch(desired, spec, before, host, force=force)
    if result.reason != "Stopping":
        _drop_ports(_ports_of(desired.uid, host) - {n.port_uid for n in spec.nics}, host)
    return result


def _switch(
    desired: DesiredGuest, spec: GuestSpec, before: GuestObservation | None, host: HostDrivers, *, force: bool
) -> Convergence:
    """Start or stop the guest, which is defined as it should be and was `before`."""
    stale = before is not None and before.power is not Power.OFF and _differs(before, spec)
    if stale or not desired.powered:
        if before is not None and before.power is not Power.OFF:
            host.compute.ensure_stopped(desired.uid, force=force)
        observed = _observe(desired, host)
        if observed.power is not Power.OFF:
            why = "to apply its new definition" if desired.powered else "as desired"
            return Convergence(False, False, "Stopping", f"The guest was asked to stop {why}.", observed)
        if not desired.powered:
            return Convergence(True, True, "Stopped", "", observed)
        host.compute.ensure_running(desired.uid)
        return _running(desired, host)
    observed = _observe(desired, host)
    if observed.power is not Power.RUNNING:
        refusal = _stays_off(desired, observed) if observed.power is Power.OFF else None
        if refusal is not None:
            return Convergence(True, False, *refusal, observed)
        host.compute.ensure_running(desired.uid)
    return _running(desired, host)


def remove(uid: str, tenant_uid: str, host: HostDrivers) -> None:
    """Take the guest, its ports and its root disk away; again for one that has gone does nothing.

    Raises:
        DriverError: what a driver could not do.
    """
    host.compute.ensure_absent(uid)
    _drop_ports(_ports_of(uid, host), host)
    _drop_networks(host)
    host.storage.ensure_volume_absent(tenant_uid, uid)


def port_uid(guest_uid: str, card: int, network_uid: str) -> str:
    """The port of a guest's card on a network; it tells whose it is, so that none is ever lost."""
    return f"{_port_prefix(guest_uid)}{card}.{network_uid.rpartition('-')[2]}"


def guest_of_port(uid: str) -> str:
    """The guest whose port this is."""
    return uid.partition(".")[0]


def _port_prefix(guest_uid: str) -> str:
    return f"{guest_uid}."


def _provide(desired: DesiredGuest, host: HostDrivers) -> GuestSpec:
    host.storage.ensure_image(desired.image)
    root = VolumeSource(desired.uid, desired.tenant_uid, desired.root_bytes, desired.image.uid)
    host.storage.ensure_volume(root)
    disks = [
        GuestDisk(uid, host.storage.disk_source(desired.tenant_uid, uid)) for uid in (desired.uid, *desired.volume_uids)
    ]
    nics: list[GuestNic] = []
    for card in desired.cards:
        host.network.ensure_network(card.network)
        nics.append(GuestNic(card.port.uid, card.port.mac, host.network.ensure_port(card.port)))
    return GuestSpec(
        uid=desired.uid,
        tenant_uid=desired.tenant_uid,
        name=desired.name,
        vcpus=desired.vcpus,
        memory_mib=desired.memory_mib,
        disks=tuple(disks),
        nics=tuple(nics),
        seed=desired.seed,
    )


def _differs(observed: GuestObservation, spec: GuestSpec) -> bool:
    return (
        observed.vcpus != spec.vcpus
        or observed.memory_mib != spec.memory_mib
        or observed.disk_uids != tuple(d.volume_uid for d in spec.disks)
        or observed.port_uids != tuple(n.port_uid for n in spec.nics)
    )


def _ports_of(guest_uid: str, host: HostDrivers) -> set[str]:
    """The guest's ports, wanted or not: what an earlier look left behind too."""
    return {uid for uid in host.network.observe_ports() if guest_of_port(uid) == guest_uid}


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
    if desired.last_stop == StopCause.REQUESTED or observed.stop_cause in (
        StopCause.NEVER_STARTED,
        StopCause.REQUESTED,
    ):
        return None
    if observed.stop_cause is StopCause.GUEST_SHUTDOWN:
        if desired.restart_policy == "always":
            return None
        return (
            "PoweredOffByGuest",
            "The guest powered itself off; set power to off and to on to start it again.",
        )
    if desired.restart_policy == "never":
        return "Crashed", f"The guest stopped ({observed.stop_cause}) and its restart policy is never."
    return None


def _running(desired: DesiredGuest, host: HostDrivers) -> Convergence:
    observed = _observe(desired, host)
    if observed.power is Power.OFF:
        return Convergence(
            False,
            False,
            "Crashed",
            f"The guest stopped right after its start ({observed.stop_cause}).",
            observed,
        )
    if observed.power is Power.PAUSED:
        return Convergence(False, False, "Converging", "The guest is paused and was told to run on.", observed)
    return Convergence(True, True, "Running", "", observed)
