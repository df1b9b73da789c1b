"""The contract between loops and the world: compute, storage and network drivers.

Rules that every implementation keeps, and that `tests/contract` checks:

* `ensure_*` is idempotent and level-triggered: it compares the world with its argument and acts on the
  difference. It may be interrupted (kill -9) after any step; calling it again finishes the work.
* `observe_*` changes nothing.
* `ensure_*_absent` on something that is not there succeeds.
* Everything is named by uid; names in the arguments are for people only.
* A driver keeps no state of its own that it could not rebuild from the world.
* Failures are one of the four classes below, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class DriverError(Exception):
    """Base of the four driver failures.

    Args:
        reason: CamelCase word for a condition's `reason`, from the driver's closed list.
        message: what failed, with what value, and what to do.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message


class Retryable(DriverError):
    """It did not happen and may work later without anyone changing anything."""


class Permanent(DriverError):
    """It did not happen and will not until the desired state or the host changes."""


class NotFound(DriverError):
    """What should have been there is not."""


class Unknown(DriverError):
    """It may have happened: observe before acting again."""


# --- compute ---------------------------------------------------------------------------------------


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
class DiskSource:
    """How a hypervisor reaches a volume; made by a storage driver, read by a compute driver."""

    type: str  # "file" | "sim" | "rbd"
    location: str  # absolute path, or the driver's own address
    format: str  # "qcow2" | "raw"


@dataclass(frozen=True, slots=True)
class GuestDisk:
    """One disk of a guest, in the order in which the guest sees them; the first one boots."""

    volume_uid: str
    source: DiskSource
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class PortBinding:
    """How a hypervisor plugs a port; made by a network driver, read by a compute driver."""

    type: str  # "user" (QEMU user mode) | "sim" | "tap" | "ovs"
    target: str = ""  # device or bridge name where the type has one


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


# --- storage ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ImageSource:
    """Where an image's bytes come from and what they must be."""

    uid: str
    url: str  # "file:///…" or "https://…"; the sim driver takes "sim://…"
    format: str  # "qcow2" | "raw"
    sha256: str  # 64 hex digits


@dataclass(frozen=True, slots=True)
class ImageObservation:
    """An image as it is stored; content is immutable, named by its digest."""

    uid: str
    sha256: str
    virtual_size_bytes: int
    stored_bytes: int


@dataclass(frozen=True, slots=True)
class VolumeSource:
    """A volume as it should be."""

    uid: str
    tenant_uid: str
    size_bytes: int
    image_uid: str | None = None  # starts as a copy-on-write clone of this image


@dataclass(frozen=True, slots=True)
class VolumeObservation:
    """A volume as it is."""

    uid: str
    tenant_uid: str
    size_bytes: int  # what the guest sees
    used_bytes: int  # what is allocated, rounded up as the backend does


@dataclass(frozen=True, slots=True)
class StorageCapabilities:
    """What a storage driver can do beyond the contract's minimum."""

    shared: bool = False  # reachable from every host; otherwise a volume lives on one
    snapshots: bool = False


class StorageDriver(Protocol):
    """Images and volumes of one pool."""

    def capabilities(self) -> StorageCapabilities:
        """What this driver can do."""
        ...

    def ensure_image(self, image: ImageSource) -> ImageObservation:
        """Fetch, verify and store the image unless its content is there.

        A stored uid with another digest is a `DigestMismatch`: content is immutable.

        Raises:
            Permanent: `DigestMismatch`, `FormatMismatch`, `BackingFileForbidden`, `SourceForbidden`,
                or `SourceMissing`.
            Retryable: `SourceUnreachable`, `PoolFull`.
        """
        ...

    def observe_image(self, uid: str) -> ImageObservation | None:
        """The stored image, or None."""
        ...

    def ensure_image_absent(self, uid: str) -> None:
        """Hide the image; its bytes go when the last volume that was cloned from it has gone."""
        ...

    def ensure_volume(self, volume: VolumeSource) -> VolumeObservation:
        """Make the volume, or grow it; shrinking is refused.

        The image matters only while the volume is made: it may be gone later.

        Raises:
            NotFound: `ImageMissing`.
            Permanent: `ShrinkForbidden`; `ImageLarger` when the image does not fit.
            Retryable: `PoolFull`.
        """
        ...

    def observe_volume(self, tenant_uid: str, uid: str) -> VolumeObservation | None:
        """The volume, or None. Another tenant's uid is None too."""
        ...

    def observe_volumes(self) -> Mapping[str, VolumeObservation]:
        """Every volume in the pool, by uid (for the sweep of orphans)."""
        ...

    def ensure_volume_absent(self, tenant_uid: str, uid: str) -> None:
        """Remove the volume.

        Raises:
            Retryable: `VolumeBusy` while a guest has it open.
        """
        ...

    def disk_source(self, tenant_uid: str, uid: str) -> DiskSource:
        """How a hypervisor opens the volume.

        Raises:
            NotFound: `VolumeMissing`.
        """
        ...


# --- network ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SubnetSource:
    """An address range of a network."""

    uid: str
    cidr: str
    gateway: str | None
    dns_servers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NetworkSource:
    """A tenant's layer-2 segment with its subnets."""

    uid: str
    tenant_uid: str
    mtu: int
    subnets: tuple[SubnetSource, ...]


@dataclass(frozen=True, slots=True)
class SecurityRule:
    """One thing that is let through; whatever no rule names is dropped."""

    direction: str  # "ingress" | "egress"
    protocol: str  # "tcp" | "udp" | "icmp" | "any"
    port_min: int | None
    port_max: int | None
    remote_cidr: str | None  # None: anyone


@dataclass(frozen=True, slots=True)
class PortSource:
    """A guest's attachment to a network."""

    uid: str
    tenant_uid: str
    network_uid: str
    mac: str
    addresses: tuple[str, ...]
    rules: tuple[SecurityRule, ...] = ()


@dataclass(frozen=True, slots=True)
class NetworkCapabilities:
    """What a network driver can do beyond the contract's minimum."""

    isolation: bool = False  # ports of two tenants cannot reach each other
    security_rules: bool = False
    cross_host: bool = False


class NetworkDriver(Protocol):
    """Networks and ports as one host sees them."""

    def capabilities(self) -> NetworkCapabilities:
        """What this driver can do."""
        ...

    def ensure_network(self, network: NetworkSource) -> None:
        """Make the network as described, or change it to that."""
        ...

    def observe_networks(self) -> Mapping[str, NetworkSource]:
        """Every network that this driver made, by uid."""
        ...

    def ensure_network_absent(self, uid: str) -> None:
        """Remove the network.

        Raises:
            Retryable: `NetworkBusy` while it has ports.
        """
        ...

    def ensure_port(self, port: PortSource) -> PortBinding:
        """Make the port as described, or change it to that; how to plug it is the answer.

        Raises:
            NotFound: `NetworkMissing`.
        """
        ...

    def observe_ports(self) -> Mapping[str, PortSource]:
        """Every port that this driver made, by uid."""
        ...

    def ensure_port_absent(self, uid: str) -> None:
        """Remove the port."""
        ...
