"""Guests of one host under libvirt and QEMU."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from pextra.drivers.interface import (
    ComputeCapabilities,
    GuestObservation,
    GuestSpec,
    HostInventory,
    NotFound,
    Permanent,
    Power,
    Retryable,
)
from pextra.drivers.libvirt import record
from pextra.drivers.libvirt.binding import Connection, Domain, constant
from pextra.drivers.libvirt.connecting import Connector
from pextra.drivers.libvirt.console import ensure_console, read_console, trim_console
from pextra.drivers.libvirt.domain import GuestFiles, Machine, domain_uuid, domain_xml, record_of
from pextra.drivers.libvirt.ending import Ending, logged_ending, reported_ending, stop_cause
from pextra.drivers.libvirt.failures import translated
from pextra.drivers.libvirt.hosting import Endpoint
from pextra.drivers.libvirt.record import History, Record
from pextra.drivers.libvirt.seed import ensure_seed, remove_other_seeds, seed_path
from pextra.drivers.uids import file_name

_LOCKS: Final = 64
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


class LibvirtCompute:
    """The compute driver for libvirt; see `interface.ComputeDriver` for the contract.

    One host has one of these; its methods may be called from several threads.

    Args:
        endpoint: the libvirtd and where guests' files go.
        accelerated: whether guests run under KVM; only `acceleration.kvm_works` may say so.
        host_boot: the boot id of this host.
    """

    def __init__(self, endpoint: Endpoint, *, accelerated: bool, host_boot: str | None = None) -> None:
        self._endpoint = endpoint
        self._machine = Machine(accelerated=accelerated)
        self._host_boot = host_boot or _BOOT_ID.read_text().strip()
        self._connector = Connector(endpoint)
        self._locks = tuple(threading.Lock() for _ in range(_LOCKS))

    def close(self) -> None:
        """Drop the connection; guests and libvirtd go on."""
        self._connector.close()

    def capabilities(self) -> ComputeCapabilities:
        """The serial console is logged; nothing is changed live yet."""
        return ComputeCapabilities(console_log=True)

    def observe_host(self) -> HostInventory:
        """The host's inventory; `disk_gib` is the file system that guests' files lie on."""
        connection = self._connector.get()
        with translated("the host cannot be observed", acting=False):
            libvirt_version = _version(connection.getLibVersion())
            qemu_version = _version(connection.getVersion())
            capabilities = record.parse_xml(connection.getCapabilities())
        confined = {model.text for model in capabilities.findall("host/secmodel/model")} - {
            "none",
            "dac",
            None,
        }
        how = ["kvm" if self._machine.accelerated else "tcg", *sorted(filter(None, confined))]
        return HostInventory(
            vcpus=os.cpu_count() or 1,
            memory_mib=_host_memory_mib(),  # libvirt's own figure leaves out memory that came later
            disk_gib=shutil.disk_usage(self._endpoint.guests_dir).total >> 30,
            hypervisor=f"libvirt {libvirt_version} / QEMU {qemu_version} ({', '.join(how)})",
            accelerated=self._machine.accelerated,
        )

    def observe_guests(self) -> Mapping[str, GuestObservation]:
        """Every guest that this product defined here, by uid."""
        with translated("guests cannot be listed", acting=False):
            domains = self._connector.get().listAllDomains()
        observed: dict[str, GuestObservation] = {}
        for domain in domains:
            try:
                guest = self._observe(domain)
            except NotFound:  # undefined since it was listed
                continue
            if guest is not None:
                observed[guest.uid] = guest
        return observed

    def observe_guest(self, uid: str) -> GuestObservation | None:
        """One guest, or None when it is not defined here."""
        try:
            return self._observe(self._domain(uid))
        except NotFound:
            return None

    def ensure_defined(self, guest: GuestSpec) -> None:
        """Define the guest or redefine it; what runs keeps its old definition until the next start."""
        with self._lock(guest.uid):
            _refuse_impossible(guest)
            present = self._present_record(guest.uid)
            files = self._files(guest)
            wanted = record_of(guest, self._machine, files, present.history if present else History())
            xml = domain_xml(guest, self._machine, files, wanted)
            self._ensure_files(guest, files)
            if present is None or present.digest != wanted.digest:
                self._define(xml, guest.name)
            if not _is_active(self._domain(guest.uid)):
                remove_other_seeds(files.console_log.parent, files.seed)

    def ensure_running(self, uid: str) -> None:
        """Start the guest unless it runs; one that QEMU paused, on a full disk say, is resumed."""
        with self._lock(uid):
            domain = self._domain(uid)
            with translated(f"guest {uid} cannot be started", acting=True):
                state = domain.state()[0]
                if state == constant("VIR_DOMAIN_PAUSED"):
                    domain.resume()
                elif state == constant("VIR_DOMAIN_SHUTDOWN"):
                    raise Retryable("GuestStopping", f"guest {uid} is still shutting down")
            if not _is_active(domain):
                self._start(domain)
            elif (history := _persistent(domain).history).starting:
                _remember(domain, history.started())  # whoever started it was killed right after

    def ensure_stopped(self, uid: str, *, force: bool) -> None:
        """Stop the guest, or press its power button, unless it is off."""
        with self._lock(uid):
            domain = self._domain(uid)
            if not _is_active(domain):
                return
            history = _persistent(domain).history
            if not history.stop_requested:
                _remember(domain, history.request_stop())
            _stop(domain, uid, force=force)

    def reboot(self, uid: str, *, act: str) -> None:
        """Power the machine off and on, once for each act; the next definition takes hold."""
        with self._lock(uid):
            domain = self._domain(uid)
            history = _persistent(domain).history
            active = _is_active(domain)
            begun = history.rebooting and history.acts[-1] == act
            if act in history.acts and not begun:
                if history.starting and not active:
                    self._start(domain)
                return
            if not begun:
                if not active:
                    raise Permanent("GuestNotRunning", f"guest {uid} is off and cannot be rebooted: start it")
                _remember(domain, history.begin_reboot(act))
            if active:
                _stop(domain, uid, force=True)
            self._start(domain)

    def ensure_absent(self, uid: str) -> None:
        """Stop the guest by force, undefine it and remove its files. Its volumes stay."""
        directory = self._guest_dir(uid)
        with self._lock(uid):
            try:
                domain = self._domain(uid)
            except NotFound:
                pass
            else:
                if _is_active(domain):
                    _stop(domain, uid, force=True)
                with translated(f"guest {uid} cannot be removed", acting=True):
                    domain.undefineFlags(
                        constant("VIR_DOMAIN_UNDEFINE_MANAGED_SAVE")
                        | constant("VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA")
                        | constant("VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA")
                        | constant("VIR_DOMAIN_UNDEFINE_NVRAM")
                    )
            try:
                if directory.exists():
                    shutil.rmtree(directory)
                self._qemu_log(uid).unlink(missing_ok=True)
            except OSError as error:
                raise Retryable("GuestFilesStuck", f"files of guest {uid} cannot be removed: {error}") from error

    def console_log(self, uid: str, *, offset: int, limit: int) -> bytes:
        """Bytes of the serial console since definition."""
        self._domain(uid)
        return read_console(self._guest_dir(uid) / "console.log", offset=offset, limit=limit)

    def _connection(self) -> Connection:
        return self._connector.get()

    def _lock(self, uid: str) -> threading.Lock:
        """What serialises the acts on one guest within this process; a few guests share each lock."""
        return self._locks[hash(uid) % _LOCKS]

    def _present_record(self, uid: str) -> Record | None:
        try:
            return _persistent_record(self._domain(uid))
        except NotFound:
            return None

    def _domain(self, uid: str) -> Domain:
        """The guest's domain.

        Raises:
            NotFound: `GuestMissing`: there is none, or it is not ours.
        """
        with translated(f"guest {uid}", acting=False):
            domain = self._connection().lookupByUUIDString(domain_uuid(uid))
        if _persistent_record(domain) is None:
            raise NotFound("GuestMissing", f"guest {uid} is not defined on this host")
        return domain

    def _observe(self, domain: Domain) -> GuestObservation | None:
        """What a domain is; None when it is not ours."""
        persistent = _persistent_record(domain)
        if persistent is None:
            return None
        with translated(f"guest {persistent.uid} cannot be observed", acting=False):
            state, reason = domain.state()
            active = bool(domain.isActive())
            described = record.parse_xml(domain.XMLDesc())  # of what runs, where it runs
        current = record.from_domain(described) or persistent
        history = persistent.history
        power = Power.OFF
        if active:
            power = Power.PAUSED if state == constant("VIR_DOMAIN_PAUSED") else Power.RUNNING
        cause = None
        if not active:
            ending = logged_ending(self._qemu_log(persistent.uid))
            if ending is Ending.UNKNOWN:
                ending = reported_ending(reason)
            cause = stop_cause(history, ending, self._host_boot)
        return GuestObservation(
            uid=current.uid,
            power=power,
            stop_cause=cause,
            vcpus=int(described.findtext("vcpu", "0")),
            memory_mib=int(described.findtext("memory", "0")) // 1024,  # libvirt always answers in KiB
            disk_uids=current.disk_uids,
            port_uids=current.port_uids,
            boots=history.completed_boots(active=active),
        )

    def _start(self, domain: Domain) -> None:
        """Write the start down, start, and write down that it happened."""
        history = _persistent(domain).history.begin_start(self._host_boot)
        _remember(domain, history)
        with translated("the guest cannot be started", acting=True):
            domain.create()
        _remember(domain, history.started())

    def _define(self, xml: str, name: str) -> None:
        with translated(f"guest {name} cannot be defined", acting=True):
            self._connection().defineXMLFlags(xml, constant("VIR_DOMAIN_DEFINE_VALIDATE"))

    def _guest_dir(self, uid: str) -> Path:
        return self._endpoint.guests_dir / file_name(uid)

    def _qemu_log(self, uid: str) -> Path:
        return self._endpoint.qemu_log_dir / f"{uid}.log"

    def _files(self, guest: GuestSpec) -> GuestFiles:
        """Where the guest's files are to lie."""
        directory = self._guest_dir(guest.uid)
        seed = None if guest.seed is None else seed_path(directory, guest.seed)
        return GuestFiles(directory / "console.log", seed)

    def _ensure_files(self, guest: GuestSpec, files: GuestFiles) -> None:
        account = self._endpoint.account
        directory = files.console_log.parent
        try:
            directory.mkdir(mode=0o700 if account is None else 0o711, exist_ok=True)
            ensure_console(files.console_log, account)
            trim_console(files.console_log)
        except OSError as error:
            raise Retryable("GuestFilesStuck", f"files of guest {guest.uid} cannot be made: {error}") from error
        if guest.seed is not None:
            ensure_seed(directory, guest.seed, account)


def _refuse_impossible(guest: GuestSpec) -> None:
    """Refuse what libvirt would take and the host could not run, before anything is written."""
    if guest.vcpus < 1 or guest.memory_mib < 1:
        raise Permanent(
            "SizeInvalid",
            f"{guest.name} cannot have {guest.vcpus} vCPUs and {guest.memory_mib} MiB of memory",
        )
    if guest.memory_mib > _host_memory_mib():
        raise Permanent("SizeInvalid", f"{guest.name} needs {guest.memory_mib} MiB: more than this host has")


def _persistent_record(domain: Domain) -> Record | None:
    """The record in the stored definition, which is newer than that of what runs; None: not ours."""
    with translated("a definition cannot be read", acting=False):
        stored = domain.XMLDesc(constant("VIR_DOMAIN_XML_INACTIVE"))
    return record.from_domain(record.parse_xml(stored))


def _persistent(domain: Domain) -> Record:
    found = _persistent_record(domain)
    if found is None:
        raise NotFound("GuestMissing", "the guest was undefined meanwhile")
    return found


def _remember(domain: Domain, history: History) -> None:
    """Replace the history in the stored definition, atomically."""
    remembered = replace(_persistent(domain), history=history)
    with translated("the guest's history cannot be written", acting=True):
        domain.setMetadata(
            constant("VIR_DOMAIN_METADATA_ELEMENT"),
            record.to_bare_xml(remembered),
            record.PREFIX,
            record.NAMESPACE,
            constant("VIR_DOMAIN_AFFECT_CONFIG"),
        )


def _is_active(domain: Domain) -> bool:
    with translated("a guest's state cannot be read", acting=False):
        return bool(domain.isActive())


def _stop(domain: Domain, uid: str, *, force: bool) -> None:
    """Pull the plug or press the button of a guest that ran a moment ago."""
    try:
        with translated(f"guest {uid} cannot be stopped", acting=True):
            if force:
                domain.destroy()
            else:
                domain.shutdownFlags(constant("VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN"))
    except Retryable:
        if _is_active(domain):
            raise


def _version(number: int) -> str:
    """A version as people write it; libvirt counts major * 1,000,000 + minor * 1,000 + release."""
    return f"{number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}"


def _host_memory_mib() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20
