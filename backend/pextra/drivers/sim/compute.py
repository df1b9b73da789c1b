"""Simulated guests on one host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pextra.drivers.interface import (
    AgentReport,
    ComputeCapabilities,
    GpuChannel,
    GuestDisk,
    GuestMetrics,
    GuestObservation,
    GuestSpec,
    HostFeature,
    HostInventory,
    NotFound,
    Permanent,
    Power,
    StopCause,
)
from pextra.drivers.sim.console import host_name, render
from pextra.drivers.sim.guest import Guest
from pextra.drivers.sim.machine import (
    metrics_of,
    refuse_impossible_machine,
    refuse_taken_devices,
    refuse_taken_threads,
    refuse_without_devices,
    refuse_without_pages,
)
from pextra.drivers.sim.records import HostRecord
from pextra.drivers.sim.world import SimWorld


class SimCompute:
    """The compute driver of a simulated host.

    A guest that runs is given disks and cards at once, and keeps everything else that it was started with until
    its next start or reboot. A host has every device that a guest is given, until it is told that it lost it. Reasons:
    `DetachPending`, `DeviceTaken`, `DeviceLost`, `FirmwareMissing`, `TpmMissing`, `HugepagesMissing`,
    `TopologyInvalid`, `GuestMissing`, `GuestNotRunning`, `SizeUnsupported`, `DiskUnsupported`, `BindingUnsupported`,
    `VolumeMissing`, `ConsoleUnsupported`, `DisplayUnsupported`, `HostDown`.
    """

    def __init__(self, world: SimWorld, host_uid: str) -> None:
        self._world = world
        self._host_uid = host_uid

    def capabilities(self) -> ComputeCapabilities:
        """What this driver can do."""
        inventory = self._world.inventory(self._host_uid)
        features = inventory.features
        return ComputeCapabilities(
            console_log=True,
            live_attach=True,
            agent=True,
            uefi=HostFeature.UEFI in features,
            secure_boot=HostFeature.SECURE_BOOT in features,
            tpm=HostFeature.TPM in features,
            hugepages=any(pool.total for pool in inventory.hugepages),
        )

    def observe_host(self) -> HostInventory:
        """The host's inventory."""
        with self._world.on_host(self._host_uid, "observe_host") as host:
            return host.inventory

    def observe_guests(self) -> Mapping[str, GuestObservation]:
        """Every guest on the host, by uid."""
        with self._world.on_host(self._host_uid, "observe_guests") as host:
            return {uid: self._settled(guest).observe(host.lost_devices) for uid, guest in host.guests.items()}

    def observe_guest(self, uid: str) -> GuestObservation | None:
        """One guest, or None."""
        with self._world.on_host(self._host_uid, "observe_guest") as host:
            guest = host.guests.get(uid)
            return None if guest is None else self._settled(guest).observe(host.lost_devices)

    def ensure_defined(self, guest: GuestSpec) -> None:
        """Define or redefine the guest.

        Raises:
            Permanent: `SizeUnsupported`, `DiskUnsupported`, `BindingUnsupported`, `FirmwareMissing`,
                `TpmMissing`, `HugepagesMissing`, `TopologyInvalid`, or `VolumeMissing` of a disk for a running guest.
            Retryable: `DetachPending`, `NoDedicatedThreads`, `DeviceTaken`.
        """
        with self._world.on_host(self._host_uid, "ensure_defined") as host:
            self._refuse_impossible(guest, host.inventory)
            refuse_taken_threads(guest, host.guests)
            refuse_taken_devices(guest, host.guests)
            known = host.guests.get(guest.uid)
            if known is None:
                host.guests[guest.uid] = Guest(guest)
                return
            known.spec = guest
            self._settled(known)
            if known.active is not None and known.active.machine == guest.machine:
                self._world.plug(self._host_uid, known)

    def ensure_running(self, uid: str) -> None:
        """Start the guest, or let it run on when it is paused.

        Raises:
            NotFound: `GuestMissing`.
            Permanent: `VolumeMissing`, `DeviceLost`.
            Retryable: `HugepagesMissing`: other guests hold them.
        """
        with self._world.on_host(self._host_uid, "ensure_running") as host:
            guest = self._guest(host, uid)
            if guest.power is Power.PAUSED:
                guest.resume()
            elif guest.active is None:
                refuse_without_pages(guest, host)
                refuse_without_devices(guest, host)
                self._world.power_on(self._host_uid, guest)

    def ensure_paused(self, uid: str) -> None:
        """Hold the guest's virtual processors.

        Raises:
            NotFound: `GuestMissing`.
            Permanent: `GuestNotRunning`.
        """
        with self._world.on_host(self._host_uid, "ensure_paused") as host:
            guest = self._running(host, uid, "paused")
            if guest.power is Power.RUNNING:
                guest.pause()
                self._world.runs_on(self._host_uid, guest)

    def ensure_stopped(self, uid: str, *, force: bool) -> None:
        """Stop the guest; one that is not up yet, or paused and forced, ends at once.

        Raises:
            NotFound: `GuestMissing`.
        """
        with self._world.on_host(self._host_uid, "ensure_stopped") as host:
            guest = self._guest(host, uid)
            if guest.active is None:
                return
            if force or guest.power is Power.OFF:
                self._world.power_off(self._host_uid, guest, StopCause.REQUESTED)
            elif guest.power is Power.RUNNING and guest.due is None:
                self._world.press_power_button(self._host_uid, guest)

    def reboot(self, uid: str, *, act: str) -> None:
        """Power the machine off and on, once for each act; the last 64 acts are remembered.

        Raises:
            NotFound: `GuestMissing`.
            Permanent: `GuestNotRunning`; `VolumeMissing` when a newer definition has a disk that is not
                there, which leaves the guest off.
        """
        with self._world.on_host(self._host_uid, "reboot") as host:
            guest = self._guest(host, uid)
            if act in guest.acts:
                return
            if guest.power is Power.OFF:
                raise Permanent("GuestNotRunning", f"guest {uid} is off and cannot be rebooted: start it")
            guest.remember(act)
            self._world.power_off(self._host_uid, guest, StopCause.REQUESTED)
            self._world.power_on(self._host_uid, guest)

    def remember_rebuild(self, uid: str, *, act: str) -> None:
        """Note that the root disk was made anew.

        Raises:
            NotFound: `GuestMissing`.
        """
        with self._world.on_host(self._host_uid, "remember_rebuild") as host:
            self._guest(host, uid).remember_rebuild(act)

    def freeze(self, uid: str) -> None:
        """Hold the guest's file systems, of which nothing is simulated.

        Raises:
            NotFound: `GuestMissing`.
            Permanent: `GuestNotRunning`.
        """
        with self._world.on_host(self._host_uid, "freeze") as host:
            self._running(host, uid, "frozen").frozen = True

    def thaw(self, uid: str) -> None:
        """Let the guest's file systems be written again; see `freeze`."""
        with self._world.on_host(self._host_uid, "thaw") as host:
            self._running(host, uid, "thawed").frozen = False

    def observe_agent(self, uid: str) -> AgentReport | None:
        """What the guest would say of itself.

        Raises:
            NotFound: `GuestMissing`.
        """
        with self._world.on_host(self._host_uid, "observe_agent") as host:
            guest = self._guest(host, uid)
            if guest.power is not Power.RUNNING:
                return None
            addresses = (host.ports[n.port_uid].addresses for n in guest.running_spec.nics if n.port_uid in host.ports)
            seed = guest.running_spec.seed
            name = host_name(None if seed is None else seed.meta_data)
            return AgentReport(name, "Linux 6.1.0-sim", tuple(a for several in addresses for a in several))

    def observe_metrics(self) -> Mapping[str, GuestMetrics]:
        """Counters that grow with the time for which a guest has run."""
        with self._world.on_host(self._host_uid, "observe_metrics") as host:
            running = [g for g in map(self._settled, host.guests.values()) if g.power is not Power.OFF]
            return {guest.spec.uid: metrics_of(guest, self._world.now) for guest in running}

    def observe_gpu_channels(self) -> Sequence[GpuChannel]:
        """None: `SimGpus` knows what simulated GPUs do, whoever has them."""
        return ()

    def ensure_absent(self, uid: str) -> None:
        """End the guest and forget it."""
        with self._world.on_host(self._host_uid, "ensure_absent") as host:
            guest = host.guests.pop(uid, None)
            if guest is not None and self._settled(guest).active is not None:
                self._world.power_off(self._host_uid, guest, StopCause.REQUESTED)

    def console_log(self, uid: str, *, offset: int, limit: int) -> bytes:
        """A slice of what the guest wrote since it was defined.

        Raises:
            NotFound: `GuestMissing`.
        """
        with self._world.on_host(self._host_uid, "console_log") as host:
            events = tuple(self._guest(host, uid).console)
        return render(events)[offset : offset + limit]

    def console_end(self, uid: str) -> int:
        """How much the guest wrote since it was defined.

        Raises:
            NotFound: `GuestMissing`.
        """
        with self._world.on_host(self._host_uid, "console_end") as host:
            events = tuple(self._guest(host, uid).console)
        return len(render(events))

    def trim_logs(self) -> int:
        """Nothing: what simulated guests write is made when it is read."""
        return 0

    def console_socket(self, uid: str) -> Path:
        """Simulated guests listen to nobody.

        Raises:
            NotFound: `GuestMissing`.
            Permanent: `GuestNotRunning` or `ConsoleUnsupported`.
        """
        with self._world.on_host(self._host_uid, "console_socket") as host:
            self._running(host, uid, "talked to")
        raise Permanent("ConsoleUnsupported", f"guest {uid} is simulated: its console can only be read")

    def display_socket(self, uid: str) -> Path:
        """Simulated guests show nothing.

        Raises:
            NotFound: `GuestMissing`.
            Permanent: `GuestNotRunning` or `DisplayUnsupported`.
        """
        with self._world.on_host(self._host_uid, "display_socket") as host:
            self._running(host, uid, "looked at")
        raise Permanent("DisplayUnsupported", f"guest {uid} is simulated: it has no display")

    def _running(self, host: HostRecord, uid: str, what: str) -> Guest:
        guest = self._guest(host, uid)
        if guest.power is Power.OFF:
            raise Permanent("GuestNotRunning", f"guest {uid} is off and cannot be {what}: start it")
        return guest

    def _guest(self, host: HostRecord, uid: str) -> Guest:
        try:
            return self._settled(host.guests[uid])
        except KeyError:
            raise NotFound("GuestMissing", f"guest {uid} is not defined on host {self._host_uid}") from None

    def _settled(self, guest: Guest) -> Guest:
        guest.settle(self._world.now)
        return guest

    def _refuse_impossible(self, guest: GuestSpec, inventory: HostInventory) -> None:
        if not 1 <= guest.vcpus <= inventory.vcpus:
            raise Permanent("SizeUnsupported", f"{guest.vcpus} vCPUs on a host with {inventory.vcpus}")
        if not 1 <= guest.memory_mib <= inventory.memory_mib:
            raise Permanent("SizeUnsupported", f"{guest.memory_mib} MiB on a host with {inventory.memory_mib} MiB")
        refuse_impossible_machine(guest, inventory)
        for disk in (*guest.disks, *(() if guest.rescue is None else (guest.rescue,))):
            self._refuse_unreachable(disk)
        for nic in guest.nics:
            if nic.binding.type != "sim":
                raise Permanent(
                    "BindingUnsupported",
                    f"port {nic.port_uid} has a binding of type {nic.binding.type!r}, not 'sim'",
                )

    def _refuse_unreachable(self, disk: GuestDisk) -> None:
        source = disk.source
        if source.type != "sim":
            raise Permanent(
                "DiskUnsupported",
                f"volume {disk.volume_uid} has a source of type {source.type!r}, not 'sim'",
            )
        if not self._world.reaches(self._host_uid, source.location):
            raise Permanent(
                "DiskUnsupported", f"volume {disk.volume_uid}: {source.location} is out of the host's reach"
            )
