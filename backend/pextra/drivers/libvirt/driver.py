"""Guests of one host under libvirt and QEMU."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from pextra.drivers.interface import (
    AgentReport,
    ComputeCapabilities,
    DriverError,
    GpuChannel,
    GuestMetrics,
    GuestObservation,
    GuestSpec,
    HostInventory,
    NotFound,
    Permanent,
    Problem,
    Retryable,
)
from pextra.drivers.libvirt import record
from pextra.drivers.libvirt.agent import Agents, freeze, thaw
from pextra.drivers.libvirt.binding import constant
from pextra.drivers.libvirt.connecting import Connector
from pextra.drivers.libvirt.console import end_of_console, ensure_console, read_console, trim_log
from pextra.drivers.libvirt.domain import GuestFiles, Machine, domain_xml, record_of
from pextra.drivers.libvirt.failures import translated
from pextra.drivers.libvirt.features import find_features, hands_out, host_cells, reserved_pages, threads_of_nodes
from pextra.drivers.libvirt.gpu_channels import gpu_channels
from pextra.drivers.libvirt.guest_devices import GuestDevices
from pextra.drivers.libvirt.hosting import Endpoint
from pextra.drivers.libvirt.lookup import Found, find, recorded
from pextra.drivers.libvirt.metrics import Meter
from pextra.drivers.libvirt.observing import disk_problems, observe
from pextra.drivers.libvirt.plugging import grow_disks, plug
from pextra.drivers.libvirt.record import History
from pextra.drivers.libvirt.seed import ensure_seed, remove_other_seeds, seed_path
from pextra.drivers.uids import file_name
from pextra.drivers.vfio.handing import HostDevices
from pextra.drivers.vfio.sysfs import Sysfs

_LOCKS: Final = 64
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_ROOM_BYTES: Final = 64 << 20  # without it a guest whose disk was full would be full again at once


class LibvirtCompute:
    """The compute driver for libvirt; see `interface.ComputeDriver` for the contract.

    One host has one of these; its methods may be called from several threads.

    Args:
        endpoint: the libvirtd and where guests' files go.
        accelerated: whether guests run under KVM; only `acceleration.kvm_works` may say so.
        cpu_model: the processor that guests see, in libvirt's terms, for hosts between which guests are to
            move; None: all that this host's has.
        dedicated_cpus: threads that are kept for guests with dedicated ones; no other guest runs on them.
        host_boot: the boot id of this host.
        devices: of the host, to hand out; by default with their ledger beside the guests' files.

    Raises:
        ValueError: this host has no such thread, or none would be left for others.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        accelerated: bool,
        cpu_model: str | None = None,
        dedicated_cpus: Iterable[int] = (),
        host_boot: str | None = None,
        devices: HostDevices | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._features = find_features()
        self._dedicated_cpus = tuple(sorted(set(dedicated_cpus)))
        self._machine = Machine(
            accelerated=accelerated,
            cpu_model=cpu_model,
            shared_cpus=_others(self._dedicated_cpus),
            uefi=self._features.uefi,
            threads_of_nodes=threads_of_nodes(Sysfs()),
        )
        self._devices = devices or HostDevices(endpoint.guests_dir.with_name("devices"), account=endpoint.account)
        self._guest_devices = GuestDevices(self._devices, endpoint)
        self._capabilities: ET.Element | None = None
        self._host_boot = host_boot or _BOOT_ID.read_text().strip()
        self._connector = Connector(endpoint)
        self._locks = tuple(threading.Lock() for _ in range(_LOCKS))
        self._agents = Agents()
        self._meter = Meter()

    def close(self) -> None:
        """Drop the connection; guests and libvirtd go on."""
        self._connector.close()

    def capabilities(self) -> ComputeCapabilities:
        """What this host can do, and what it lacks for the rest; `confined` only once libvirtd could be asked."""
        try:
            confined = bool(self._confinement())
        except DriverError:
            confined = False
        return self._features.capabilities(confined=confined)

    def observe_host(self) -> HostInventory:
        """The host's inventory; `disk_gib` is the file system that guests' files lie on."""
        connection = self._connector.get()
        with translated("the host cannot be observed", acting=False):
            libvirt_version = _version(connection.getLibVersion())
            qemu_version = _version(connection.getVersion())
        pages = reserved_pages()
        # Pages are reserved and modules loaded while we run, and are then there for the next guest.
        reserved = frozenset(p.size_kib for p in pages if p.total)
        self._features = replace(self._features, hugepages_kib=reserved, vfio=hands_out(Sysfs()))
        described = self._described()
        how = ["kvm" if self._machine.accelerated else "tcg", *sorted(self._confinement())]
        return HostInventory(
            vcpus=os.cpu_count() or 1,
            memory_mib=_host_memory_mib(),  # libvirt's own figure leaves out memory that came later
            disk_gib=shutil.disk_usage(self._endpoint.guests_dir).total >> 30,
            hypervisor=f"libvirt {libvirt_version} / QEMU {qemu_version} ({', '.join(how)})",
            accelerated=self._machine.accelerated,
            dedicated_cpus=self._dedicated_cpus,
            hugepages=pages,
            numa_cells=max(1, len(described.findall("host/topology/cells/cell"))),
            features=self._features.given,
            cpu_model=self._cpu_model(described),
            cells=host_cells(Sysfs()),
        )

    def _cpu_model(self, described: ET.Element) -> str:
        if self._machine.cpu_model is not None:
            return self._machine.cpu_model
        return described.findtext("host/cpu/model", "") if self._machine.accelerated else "maximum"

    def _described(self) -> ET.Element:
        """What libvirtd says of the host, which it does not change while it runs."""
        if self._capabilities is None:
            with translated("the host cannot be observed", acting=False):
                self._capabilities = record.parse_xml(self._connector.get().getCapabilities())
        return self._capabilities

    def _confinement(self) -> frozenset[str]:
        """The mandatory access control that libvirtd puts guests under: "apparmor", "selinux"."""
        models = {model.text for model in self._described().findall("host/secmodel/model")}
        return frozenset(filter(None, models - {"none", "dac"}))

    def observe_guests(self) -> Mapping[str, GuestObservation]:
        """Every guest that this product defined here, by uid."""
        with translated("guests cannot be listed", acting=False):
            domains = self._connector.get().listAllDomains()
        observed: dict[str, GuestObservation] = {}
        for domain in domains:
            try:
                found = recorded(domain)
                if found is not None:
                    observed[found.record.uid] = self._observe(found)
            except NotFound:  # undefined since it was listed
                continue
        return observed

    def observe_guest(self, uid: str) -> GuestObservation | None:
        """One guest, or None when it is not defined here."""
        try:
            return self._observe(self._find(uid))
        except NotFound:
            return None

    def observe_agent(self, uid: str) -> AgentReport | None:
        """What the running guest's agent says, asked for at most every 30 s."""
        return self._agents.report(self._find(uid))

    def observe_metrics(self) -> Mapping[str, GuestMetrics]:
        """Counters of every guest that runs here, from one question to libvirt."""
        return self._meter.read(self._connector.get())

    def observe_gpu_channels(self) -> Sequence[GpuChannel]:
        """Of the guests that were started with devices of the host and the channel."""
        return gpu_channels(self._connector.get(), self._endpoint.guests_dir)

    def ensure_defined(self, guest: GuestSpec) -> None:
        """Define the guest or redefine it; disks and cards of a guest that runs come and go at once.

        Everything else of what runs keeps its old definition until the next start.
        """
        with self._lock(guest.uid):
            _refuse_impossible(guest)
            self._features.refuse_lacking(guest)
            self._guest_devices.refuse_unfit(guest, self._connector.get())
            try:
                present = self._find(guest.uid)
            except NotFound:
                present = None
            files = self._files(guest)
            window_mib = self._devices.window_mib(guest.devices)
            history = present.history if present else History()
            wanted = record_of(guest, self._machine, files, history, window_mib=window_mib)
            xml = domain_xml(guest, self._machine, files, wanted, window_mib=window_mib)
            self._ensure_files(guest, files)
            active = present is not None and present.is_active()
            changed = present is None or present.record.digest != wanted.digest
            if changed:
                if present is not None and active:
                    grow_disks(present, guest, present.described().devices)  # first: nothing else remembers it
                self._define(xml, guest.name)
            if not active:
                if changed:
                    remove_other_seeds(files.directory, files.seed)
                self._guest_devices.hold(guest.uid, guest.devices)
                return
            assert present is not None
            described = present.described()
            running = described.record
            self._guest_devices.hold(guest.uid, guest.devices, in_use=running.devices if running is not None else ())
            if running is not None and running.machine == wanted.machine:  # otherwise a restart does it all
                plug(present, guest, described.devices)

    def ensure_running(self, uid: str) -> None:
        """Start the guest unless it runs; one that QEMU paused, on a full disk say, is resumed."""
        with self._lock(uid):
            found = self._find(uid)
            state, reason = found.state()
            if state == constant("VIR_DOMAIN_SHUTDOWN"):
                raise Retryable("GuestStopping", f"guest {uid} is still shutting down")
            if state == constant("VIR_DOMAIN_SHUTOFF"):
                self._start(found)
                return
            if state == constant("VIR_DOMAIN_PAUSED"):
                if reason == constant("VIR_DOMAIN_PAUSED_IOERROR"):
                    _refuse_without_room(found)
                with translated(f"guest {uid} cannot run on", acting=True):
                    found.domain.resume()
            if found.history.starting:
                found.remember(found.history.started())  # whoever started it was killed right after

    def ensure_paused(self, uid: str) -> None:
        """Hold the guest's virtual processors."""
        with self._lock(uid):
            found = self._find_running(uid, "paused")
            if found.state()[0] == constant("VIR_DOMAIN_RUNNING"):
                with translated(f"guest {uid} cannot be paused", acting=True):
                    found.domain.suspend()

    def ensure_stopped(self, uid: str, *, force: bool) -> None:
        """Stop the guest, or press its power button, unless it is off."""
        with self._lock(uid):
            found = self._find(uid)
            if not found.is_active():
                return
            if not found.history.stop_requested:
                found = found.remember(found.history.request_stop())
            _stop(found, force=force)

    def reboot(self, uid: str, *, act: str) -> None:
        """Power the machine off and on, once for each act; the next definition takes hold."""
        with self._lock(uid):
            found = self._find(uid)
            history = found.history
            active = found.is_active()
            begun = history.rebooting and history.acts[-1] == act
            if act in history.acts and not begun:
                if history.starting and not active:
                    self._start(found)
                return
            if not begun:
                if not active:
                    raise Permanent("GuestNotRunning", f"guest {uid} is off and cannot be rebooted: start it")
                found = found.remember(history.begin_reboot(act))
            if active:
                _stop(found, force=True)
            self._start(found)

    def remember_rebuild(self, uid: str, *, act: str) -> None:
        """Note in the guest's definition that its root disk was made anew."""
        with self._lock(uid):
            found = self._find(uid)
            if act not in found.history.rebuilds:
                found.remember(found.history.rebuilt(act))

    def freeze(self, uid: str) -> None:
        """Have the guest agent hold the guest's file systems."""
        freeze(self._find_running(uid, "frozen"))

    def thaw(self, uid: str) -> None:
        """Have the guest agent let go of the guest's file systems."""
        thaw(self._find_running(uid, "thawed"))

    def ensure_absent(self, uid: str) -> None:
        """Stop the guest by force, undefine it and remove its files. Its volumes stay."""
        directory = self._guest_dir(uid)
        with self._lock(uid):
            try:
                found = self._find(uid)
            except NotFound:
                pass
            else:
                if found.is_active():
                    _stop(found, force=True)
                with translated(f"guest {uid} cannot be removed", acting=True):
                    found.domain.undefineFlags(
                        constant("VIR_DOMAIN_UNDEFINE_MANAGED_SAVE")
                        | constant("VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA")
                        | constant("VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA")
                        | constant("VIR_DOMAIN_UNDEFINE_NVRAM")
                        | constant("VIR_DOMAIN_UNDEFINE_TPM")
                    )
            try:
                if directory.exists():
                    shutil.rmtree(directory)
                self._qemu_log(uid).unlink(missing_ok=True)
            except OSError as error:
                raise Retryable("GuestFilesStuck", f"files of guest {uid} cannot be removed: {error}") from error
            self._devices.ensure_given_back(uid)
        self._take_back_of_nobody()

    def console_log(self, uid: str, *, offset: int, limit: int) -> bytes:
        """Bytes of the serial console since definition."""
        self._find(uid)
        return read_console(GuestFiles(self._guest_dir(uid)).console_log, offset=offset, limit=limit)

    def console_end(self, uid: str) -> int:
        """Where the next byte of the serial console will be."""
        self._find(uid)
        return end_of_console(GuestFiles(self._guest_dir(uid)).console_log)

    def trim_logs(self) -> int:
        """Give back the space of what guests, and QEMU about them, wrote beyond 16 MiB each."""
        account = self._endpoint.account
        consoles = [GuestFiles(each).console_log for each in _listed(self._endpoint.guests_dir)]
        # of a libvirtd that is not ours the logs are its administrator's
        own = [each for each in _listed(self._endpoint.qemu_log_dir) if self._endpoint.is_private]
        trimmed = 0
        for log in (*consoles, *own):
            try:
                trimmed += trim_log(log, account)
            except (OSError, subprocess.SubprocessError) as error:
                raise Retryable("GuestFilesStuck", f"{log} cannot be shortened: {error}") from error
        return trimmed

    def console_socket(self, uid: str) -> Path:
        """The socket of the running guest's serial console."""
        self._find_running(uid, "talked to")
        return GuestFiles(self._guest_dir(uid)).console_socket

    def display_socket(self, uid: str) -> Path:
        """The socket of the running guest's display."""
        self._find_running(uid, "looked at")
        return GuestFiles(self._guest_dir(uid)).display_socket

    def _find_running(self, uid: str, what: str) -> Found:
        found = self._find(uid)
        if not found.is_active():
            raise Permanent("GuestNotRunning", f"guest {uid} is off and cannot be {what}: start it")
        return found

    def _lock(self, uid: str) -> threading.Lock:
        """What serialises the acts on one guest within this process; a few guests share each lock."""
        return self._locks[hash(uid) % _LOCKS]

    def _find(self, uid: str) -> Found:
        return find(self._connector.get(), uid)

    def _observe(self, found: Found) -> GuestObservation:
        return observe(found, self._qemu_log(found.record.uid), self._host_boot, self._devices)

    def _take_back_of_nobody(self) -> None:
        """Give back the devices of guests that are not defined here: whoever removed one was killed right after."""
        for uid in self._devices.holders():
            with self._lock(uid):
                try:
                    self._find(uid)
                except NotFound:
                    self._devices.ensure_given_back(uid)

    def _start(self, found: Found) -> None:
        """Write the start down, start, and write down that it happened."""
        self._guest_devices.make_ready(found.record)
        last = self._observe(found)
        found = found.remember(found.history.begin_start(self._host_boot, panicked_boot=last.panicked_boot))
        with translated(_unstarted(found), acting=True):
            found.domain.create()
        found.remember(found.history.started())

    def _define(self, xml: str, name: str) -> None:
        with translated(f"guest {name} cannot be defined", acting=True):
            self._connector.get().defineXMLFlags(xml, constant("VIR_DOMAIN_DEFINE_VALIDATE"))

    def _guest_dir(self, uid: str) -> Path:
        return self._endpoint.guests_dir / file_name(uid)

    def _qemu_log(self, uid: str) -> Path:
        return self._endpoint.qemu_log_dir / f"{uid}.log"

    def _files(self, guest: GuestSpec) -> GuestFiles:
        """Where the guest's files are to lie."""
        directory = self._guest_dir(guest.uid)
        return GuestFiles(directory, None if guest.seed is None else seed_path(directory, guest.seed))

    def _ensure_files(self, guest: GuestSpec, files: GuestFiles) -> None:
        account = self._endpoint.account
        try:
            files.directory.mkdir(mode=0o700 if account is None else 0o711, exist_ok=True)
            ensure_console(files.console_log, account)
            if not files.qemu_dir.exists():
                files.qemu_dir.mkdir(mode=0o700)
            if account is not None:
                account.own(files.qemu_dir)
        except OSError as error:
            raise Retryable("GuestFilesStuck", f"files of guest {guest.uid} cannot be made: {error}") from error
        if guest.seed is not None:
            ensure_seed(files.directory, guest.seed, account)


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []  # no guest was made yet


def _others(dedicated: tuple[int, ...]) -> tuple[int, ...]:
    """The threads that are left for guests without dedicated ones; empty when none is dedicated."""
    if not dedicated:
        return ()
    threads = os.sched_getaffinity(0)
    others = tuple(sorted(threads - set(dedicated)))
    if not others or not threads.issuperset(dedicated):
        raise ValueError(f"threads {dedicated} cannot be dedicated of {sorted(threads)}: name some, not all, of them")
    return others


def _refuse_impossible(guest: GuestSpec) -> None:
    """Refuse what libvirt would take and the host could not run, before anything is written."""
    if guest.vcpus < 1 or guest.memory_mib < 1:
        raise Permanent(
            "SizeInvalid",
            f"{guest.name} cannot have {guest.vcpus} vCPUs and {guest.memory_mib} MiB of memory",
        )
    if guest.memory_mib > _host_memory_mib():
        raise Permanent("SizeInvalid", f"{guest.name} needs {guest.memory_mib} MiB: more than this host has")


def _refuse_without_room(found: Found) -> None:
    """Refuse to let a guest run on into a disk that is still full."""
    if Problem.DISK_FULL not in disk_problems(found):
        return
    for disk in found.described().devices.disks:
        try:
            free = shutil.disk_usage(Path(disk.source).parent).free
        except OSError:
            continue  # it is not known to be full
        if free < _ROOM_BYTES:
            raise Retryable(
                "PoolFull",
                f"guest {found.record.uid} waits for room: the pool of its disk {disk.uid} has {free >> 20} MiB free, "
                f"and {_ROOM_BYTES >> 20} MiB are wanted; remove volumes or enlarge the pool",
            )


def _unstarted(found: Found) -> str:
    """What is said of a guest that does not start."""
    if not found.record.devices or found.described().uefi:
        return "the guest cannot be started"
    return "the guest cannot be started (with devices of the host, UEFI firmware is recommended, and it has a BIOS)"


def _stop(found: Found, *, force: bool) -> None:
    """Pull the plug or press the button of a guest that ran a moment ago."""
    try:
        with translated(f"guest {found.record.uid} cannot be stopped", acting=True):
            if force:
                found.domain.destroy()
            else:
                found.domain.shutdownFlags(constant("VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN"))
    except Retryable:
        if found.is_active():
            raise


def _version(number: int) -> str:
    """A version as people write it; libvirt counts major * 1,000,000 + minor * 1,000 + release."""
    return f"{number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}"


def _host_memory_mib() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20
