"""Guests on one host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from pextra.drivers.interface.network import PortBinding
from pextra.drivers.interface.storage import DiskSource


class Power(StrEnum):
    """What a guest is doing."""

    RUNNING = "running"
    PAUSED = "paused"
    OFF = "off"


class StopCause(StrEnum):
    """Why a guest that is off is off."""

    NEVER_STARTED = "never_started"
    GUEST_SHUTDOWN = "guest_shutdown"  # the guest powered itself off
    REQUESTED = "requested"  # this driver stopped it
    CRASHED = "crashed"  # the guest panicked or its process died
    HOST_LOST = "host_lost"  # the host went down under it


@dataclass(frozen=True, slots=True)
class GuestDisk:
    """One disk of a guest, in the order in which the guest sees them; the first one boots."""

    volume_uid: str
    source: DiskSource
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class GuestNic:
    """One network card of a guest."""

    port_uid: str
    mac: str  # "52:54:00:…", lower case
    binding: PortBinding


@dataclass(frozen=True, slots=True)
class Seed:
    """cloud-init NoCloud documents; `user_data` may hold secrets and is never logged."""

    meta_data: str
    user_data: str = field(repr=False)
    network_config: str = ""


@dataclass(frozen=True, slots=True)
class GuestSpec:
    """A guest as it should be defined. Power is not part of it."""

    uid: str
    tenant_uid: str
    name: str
    vcpus: int
    memory_mib: int
    disks: tuple[GuestDisk, ...]
    nics: tuple[GuestNic, ...] = ()
    seed: Seed | None = None


@dataclass(frozen=True, slots=True)
class GuestObservation:
    """A guest as it is."""

    uid: str
    power: Power
    stop_cause: StopCause | None  # set exactly when power is OFF
    vcpus: int
    memory_mib: int
    disk_uids: tuple[str, ...]
    port_uids: tuple[str, ...]
    boots: int  # how often it was started since it was defined; rises by one with each start or reboot


@dataclass(frozen=True, slots=True)
class HostInventory:
    """What a host has, before anything is reserved or overcommitted."""

    vcpus: int
    memory_mib: int
    disk_gib: int
    hypervisor: str  # "libvirt 9.0.0 / QEMU 7.2.0 (tcg)", "sim"
    accelerated: bool  # hardware virtualisation proved by a probe boot


@dataclass(frozen=True, slots=True)
class ComputeCapabilities:
    """What a compute driver can do beyond the contract's minimum."""

    console_log: bool = False
    live_resize: bool = False
    live_migration: bool = False


class ComputeDriver(Protocol):
    """Guests on one host."""

    def capabilities(self) -> ComputeCapabilities:
        """What this driver can do."""
        ...

    def observe_host(self) -> HostInventory:
        """The host's inventory."""
        ...

    def observe_guests(self) -> Mapping[str, GuestObservation]:
        """Every guest that this product defined on the host, by uid; foreign guests are not shown."""
        ...

    def observe_guest(self, uid: str) -> GuestObservation | None:
        """One guest, or None when it is not defined here."""
        ...

    def ensure_defined(self, guest: GuestSpec) -> None:
        """Define the guest, or redefine it when it differs.

        A running guest keeps running with its old definition where the difference cannot be applied live; the next
        start or reboot uses the new one.

        Raises:
            Permanent: a disk, binding or size that this host cannot do.
        """
        ...

    def ensure_running(self, uid: str) -> None:
        """Start the guest unless it runs.

        A guest that runs already is left alone; one that is paused runs on, which is no boot.

        Raises:
            NotFound: it is not defined here.
        """
        ...

    def ensure_stopped(self, uid: str, *, force: bool) -> None:
        """Stop the guest unless it is off.

        `force` pulls the plug, otherwise the guest is asked and may still run when this returns. A later
        `observe_guest` says `REQUESTED`.

        Raises:
            NotFound: it is not defined here.
        """
        ...

    def reboot(self, uid: str, *, act: str) -> None:
        """Restart the guest's machine once for each `act` (an operation's uid).

        The same act again does nothing, also after a crash of the caller, as long as it is among the guest's last 16.
        The machine starts again with the newest definition.

        Raises:
            NotFound: it is not defined here.
            Permanent: it is not running.
        """
        ...

    def ensure_absent(self, uid: str) -> None:
        """Stop the guest by force, undefine it and remove its seed and logs. Its volumes stay."""
        ...

    def console_log(self, uid: str, *, offset: int, limit: int) -> bytes:
        """Bytes of the serial console since definition, from `offset`, at most `limit`.

        Raises:
            NotFound: it is not defined here.
            Permanent: `ConsoleUnsupported`.
        """
        ...
