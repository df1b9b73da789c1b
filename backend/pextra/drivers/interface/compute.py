"""Guests on one host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from pextra.drivers.interface.devices import GpuChannel, GuestDevice
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


class Problem(StrEnum):
    """What is wrong with a guest, beyond whether it runs."""

    PANICKED = "panicked"  # its kernel panicked, which ended its last run
    DISK_FULL = "disk_full"  # paused by the hypervisor: a disk's pool had no room for a write
    IO_ERROR = "io_error"  # paused by the hypervisor: a disk failed
    DEVICE_LOST = "device_lost"  # the host has a device that it was given no more


class FirmwareType(StrEnum):
    """What starts a guest's boot loader."""

    BIOS = "bios"
    UEFI = "uefi"


class CpuPolicy(StrEnum):
    """How a guest's virtual CPUs share the host's threads."""

    SHARED = "shared"
    DEDICATED = "dedicated"  # each has a thread that no other guest uses


@dataclass(frozen=True, slots=True)
class GuestDisk:
    """One disk of a guest, in the order in which the guest sees them; the first one boots."""

    volume_uid: str
    source: DiskSource
    read_only: bool = False
    size_bytes: int = 0  # what a running guest is told that the disk grew to; 0: leave it as it is


@dataclass(frozen=True, slots=True)
class GuestNic:
    """One network card of a guest."""

    port_uid: str
    mac: str  # "52:54:00:…", lower case
    binding: PortBinding
    mtu: int | None = None  # bytes; None: the binding's own


@dataclass(frozen=True, slots=True)
class Seed:
    """cloud-init NoCloud documents; `user_data` may hold secrets and is never logged."""

    meta_data: str
    user_data: str = field(repr=False)
    network_config: str = ""


@dataclass(frozen=True, slots=True)
class Firmware:
    """What the guest's machine begins with."""

    type: FirmwareType = FirmwareType.BIOS
    secure_boot: bool = False  # boots only what Microsoft's keys signed; needs UEFI
    tpm: bool = False  # a TPM 2.0 of its own, whose state goes with the guest


@dataclass(frozen=True, slots=True)
class CellShare:
    """What a guest has of one of the host's NUMA cells.

    Attributes:
        cell: its number.
        vcpus: virtual processors that run on the cell's shared threads.
        dedicated_threads: of its own.
        memory_mib: ordinary memory.
        pages: hugepages of the guest's size.
    """

    cell: int
    vcpus: int = 0
    dedicated_threads: int = 0
    memory_mib: int = 0
    pages: int = 0


@dataclass(frozen=True, slots=True)
class CpuTopology:
    """How a guest's processors and memory lie on the host's."""

    policy: CpuPolicy = CpuPolicy.SHARED
    pinned_cpus: tuple[int, ...] = ()  # the host's thread of each virtual CPU, in order; empty: any
    numa_cells: int = 1  # that the guest sees; virtual CPUs and memory are split evenly
    hugepage_kib: int = 0  # size of the host's pages that back its memory; 0: ordinary ones
    # What it has of the host's NUMA cells; empty: anything, of any. What has none is described as it was before shares.
    shares: tuple[CellShare, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class GuestSpec:
    """A guest as it should be defined. Power is not part of it.

    Attributes:
        devices: of the host, which the guest has for itself. The driver takes them from the host when the guest is
            defined, and gives them back when neither its definition nor what runs has them any more.
    """

    uid: str
    tenant_uid: str
    name: str
    vcpus: int
    memory_mib: int
    disks: tuple[GuestDisk, ...]
    nics: tuple[GuestNic, ...] = ()
    seed: Seed | None = None
    firmware: Firmware = Firmware()
    cpu: CpuTopology = CpuTopology()
    rescue: GuestDisk | None = None  # boots instead of the first disk, which comes second
    devices: tuple[GuestDevice, ...] = ()

    @property
    def machine(self) -> tuple[object, ...]:
        """What no guest takes over while it runs; everything else a driver with `live_attach` applies live."""
        rescue = None if self.rescue is None else self.rescue.volume_uid
        # Without devices as before there were any: guests are not restarted because a newer driver describes them.
        return (
            self.vcpus,
            self.memory_mib,
            self.firmware,
            self.cpu,
            rescue,
            *((self.devices,) if self.devices else ()),
        )


@dataclass(frozen=True, slots=True)
class AgentReport:
    """What the guest agent (qemu-guest-agent) within a running guest says. Claims of the guest: not to be relied on."""

    hostname: str = ""
    os: str = ""  # "Debian GNU/Linux 12 (bookworm)"
    addresses: tuple[str, ...] = ()  # without those of the loopback


@dataclass(frozen=True, slots=True)
class GuestObservation:
    """A guest as it is.

    Attributes:
        boots: how often it was started since it was defined; rises by one with each start or reboot.
        restart_required: it runs with an older definition, of which the rest only a restart can apply.
        pinned_cpus: threads that it holds, and those that its newest definition would.
        rebuilds: the acts of which `remember_rebuild` was told, at most the last 16, newest last.
        panicked_boot: which of its boots ended in a panic of its kernel last; 0: none did. It stays when the guest is
            started again.
        devices: names (`GuestDevice.name`) of those that it runs with, or would if it were started now.
    """

    uid: str
    power: Power
    stop_cause: StopCause | None  # set exactly when power is OFF
    vcpus: int
    memory_mib: int
    disk_uids: tuple[str, ...]
    port_uids: tuple[str, ...]
    boots: int
    restart_required: bool = False
    problems: tuple[Problem, ...] = ()
    rebuilds: tuple[str, ...] = ()
    pinned_cpus: tuple[int, ...] = ()
    panicked_boot: int = 0
    devices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DiskMetrics:
    """What a guest did with one disk since it was started."""

    volume_uid: str
    read_bytes: int
    read_operations: int
    written_bytes: int
    write_operations: int


@dataclass(frozen=True, slots=True)
class NicMetrics:
    """What went through one card since the guest was started, as the guest sees it."""

    port_uid: str
    received_bytes: int
    received_packets: int
    sent_bytes: int
    sent_packets: int


@dataclass(frozen=True, slots=True)
class GuestMetrics:
    """Counters of one running guest; they begin anew with each start."""

    uid: str
    cpu_ns: int  # time that its process spent on processors
    memory_mib: int  # what the guest may use now
    resident_mib: int  # what the host's memory holds of it
    disks: tuple[DiskMetrics, ...] = ()
    nics: tuple[NicMetrics, ...] = ()  # those that the host can count


class HostFeature(StrEnum):
    """What not every host can give its guests."""

    UEFI = "uefi"
    SECURE_BOOT = "secure_boot"
    TPM = "tpm"
    VFIO = "vfio"  # PCI functions, each guest's apart by an IOMMU


@dataclass(frozen=True, slots=True)
class HugepagePool:
    """Pages of one size that a host has set aside for guests' memory."""

    size_kib: int
    total: int
    free: int  # that nobody uses now


@dataclass(frozen=True, slots=True)
class HostCell:
    """A NUMA cell of a host.

    Attributes:
        number: the kernel's.
        cpus: its processor threads.
        memory_mib: its memory, hugepages included.
    """

    number: int
    cpus: tuple[int, ...]
    memory_mib: int
    hugepages: tuple[HugepagePool, ...] = ()


@dataclass(frozen=True, slots=True)
class HostInventory:
    """What a host has, before anything is reserved or overcommitted.

    Attributes:
        features: what it can give guests beyond the plain machine.
        cpu_model: the processor that guests see; guests move only between hosts where it is the same.
        cells: its NUMA cells by number; empty: unknown.
    """

    vcpus: int
    memory_mib: int
    disk_gib: int
    hypervisor: str  # "libvirt 9.0.0 / QEMU 7.2.0 (tcg)", "sim"
    accelerated: bool  # hardware virtualisation proved by a probe boot
    dedicated_cpus: tuple[int, ...] = ()  # threads set aside for guests with `CpuPolicy.DEDICATED`
    hugepages: tuple[HugepagePool, ...] = ()
    numa_cells: int = 1
    features: tuple[HostFeature, ...] = ()
    cpu_model: str = ""
    cells: tuple[HostCell, ...] = ()


@dataclass(frozen=True, slots=True)
class ComputeCapabilities:
    """What a compute driver can do beyond the contract's minimum.

    Attributes:
        live_attach: disks and cards come to and go from a running guest.
        lacking: what this host could do and cannot, each with its remedy.
    """

    console_log: bool = False
    console: bool = False
    display: bool = False
    live_resize: bool = False
    live_attach: bool = False
    live_migration: bool = False
    agent: bool = False
    uefi: bool = False
    secure_boot: bool = False
    tpm: bool = False
    hugepages: bool = False
    confined: bool = False  # guests run under AppArmor or SELinux
    lacking: tuple[str, ...] = ()


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

    def observe_agent(self, uid: str) -> AgentReport | None:
        """What the running guest's agent says, None when the guest is off or no agent answers.

        Takes at most a few seconds of the caller's time. The agent is asked at most every 30 s, however often this
        is called.

        Raises:
            NotFound: it is not defined here.
        """
        ...

    def ensure_defined(self, guest: GuestSpec) -> None:
        """Define the guest, or redefine it when it differs.

        A running guest keeps running with its old definition where the difference cannot be applied live; the next
        start or reboot uses the new one. With `live_attach`, disks and cards that were added or removed, and disks
        that grew, are applied to a running guest at once; a reordering takes hold at the next start.

        Devices of the host that are gone are passed over; `observe_guest` tells of them.

        Raises:
            Permanent: a disk, binding, size, feature or device that this host cannot do; `RestartRequired` when a
                running guest has no slot left for one more device, which a restart gives it.
            Retryable: `DetachPending`: the guest has been asked for a device and has not let go of it yet. Everything
                else is done, and the same call goes on with it.
        """
        ...

    def ensure_running(self, uid: str) -> None:
        """Start the guest unless it runs.

        A guest that runs already is left alone; one that is paused runs on, which is no boot.

        Raises:
            NotFound: it is not defined here.
            Permanent: `DeviceLost`: the host has a device no more.
            Retryable: `PoolFull`: it was paused on a disk whose pool still has no room.
        """
        ...

    def ensure_paused(self, uid: str) -> None:
        """Hold the virtual processors of the guest, which runs or is paused; `ensure_running` lets it run on.

        Raises:
            NotFound: it is not defined here.
            Permanent: `GuestNotRunning`.
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

    def remember_rebuild(self, uid: str, *, act: str) -> None:
        """Note that the guest's root disk was made anew for an act; `observe_guest` tells the last 16.

        Raises:
            NotFound: it is not defined here.
        """
        ...

    def freeze(self, uid: str) -> None:
        """Have the guest agent flush and hold the guest's file systems; again does nothing.

        Whoever freezes thaws soon: everything in the guest that writes waits.

        Raises:
            NotFound: it is not defined here.
            Permanent: `GuestNotRunning`.
            Retryable: `AgentUnreachable`: no agent answers in the guest.
        """
        ...

    def thaw(self, uid: str) -> None:
        """Let the guest's file systems be written again; those that are not frozen are left alone.

        Raises:
            NotFound, Permanent, Retryable: see `freeze`.
        """
        ...

    def observe_metrics(self) -> Mapping[str, GuestMetrics]:
        """Counters of every guest that runs here, by uid."""
        ...

    def observe_gpu_channels(self) -> Sequence[GpuChannel]:
        """Of the guests that run and can tell of their GPUs."""
        ...

    def ensure_absent(self, uid: str) -> None:
        """Stop the guest by force, undefine it and remove its seed, logs, UEFI variables and TPM. Its volumes stay."""
        ...

    def console_log(self, uid: str, *, offset: int, limit: int) -> bytes:
        """Bytes of the serial console since definition, from `offset`, at most `limit`.

        Raises:
            NotFound: it is not defined here.
            Permanent: `ConsoleUnsupported`.
        """
        ...

    def console_end(self, uid: str) -> int:
        """The offset of the next byte that the serial console will print: with it, a log is read from its end.

        Raises:
            NotFound: it is not defined here.
            Permanent: `ConsoleUnsupported`.
        """
        ...

    def trim_logs(self) -> int:
        """Give back the disk space of the beginnings of guests' logs that have grown too long; tells of how many.

        Guests print as fast as they like: call it often. What was taken away reads as zeros.

        Raises:
            Retryable: the space of one cannot be given back.
        """
        ...

    def console_socket(self, uid: str) -> Path:
        """The UNIX stream socket of the running guest's serial console.

        Connect by `drivers.account.connect_theirs`: the guest's account owns it. One client at a time is served, and
        must read all the while: the guest waits for a client that does not.

        Raises:
            NotFound: it is not defined here.
            Permanent: `GuestNotRunning`, `ConsoleUnsupported`.
        """
        ...

    def display_socket(self, uid: str) -> Path:
        """The UNIX stream socket on which the running guest's display speaks RFB (VNC), without a password.

        Connect as to `console_socket`. Source: RFC 6143.

        Raises:
            NotFound: it is not defined here.
            Permanent: `GuestNotRunning`, `DisplayUnsupported`.
        """
        ...
