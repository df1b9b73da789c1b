"""The simulated reality: hosts with guests, networks and ports, pools with images and volumes, and a fabric.

It lives apart from the drivers, which keep nothing, so it survives any crash of the control plane's code;
with a file it survives the process too. Time is the injected clock's: nothing here sleeps.

Locks: one a host, one a pool, one of the fabric, one for the open disks (`Runs`), one for the waiting faults. A thread
that holds a host's lock may take a pool's, and either may take the last two, never the other way round; two
hosts or two pools, and the fabric after them, are held at once only while the world is written, in the order of their
names.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

from pextra.drivers.interface import (
    DriverError,
    GuestSpec,
    HostInventory,
    Permanent,
    PortSource,
    Power,
    Problem,
    Retryable,
    StopCause,
)
from pextra.drivers.sim.console import Happening
from pextra.drivers.sim.faults import Fault, Faults
from pextra.drivers.sim.guest import Guest
from pextra.drivers.sim.places import Places
from pextra.drivers.sim.records import FabricRecord, HostRecord, PoolRecord
from pextra.drivers.sim.runs import OpenDisk, Runs
from pextra.drivers.sim.world_file import WorldDocument, WorldFile, encode, read

_READS: Final = frozenset(
    {"console_end", "console_log", "console_socket", "display_socket", "disk_source"}
    | {"owners", "differences", "altered", "plugged"}
)


@dataclass(frozen=True, slots=True)
class Latency:
    """How long guests take, in seconds of the world's clock; with zeros everything happens at once."""

    boot_s: float = 0.0
    shutdown_s: float = 0.0


INSTANT: Final = Latency()


class SimWorld:
    """A simulated cloud. Thread-safe.

    Args:
        clock: seconds since the epoch; a world with a file needs one that goes on after a restart.
        latency: how long guests take to start and to obey.
        document: what the world begins with; it is the world's from now on.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        latency: Latency = INSTANT,
        document: WorldDocument | None = None,
    ) -> None:
        document = document or WorldDocument()
        self.latency = latency
        self._clock = clock
        self._document = document
        self._hosts = Places("host", document.hosts)
        self._pools = Places("pool", document.pools)
        self._runs = Runs()
        self._faults = Faults()
        self._fabric = Lock()
        self._building = Lock()
        self._file: WorldFile | None = None
        self._resume_runs()

    @classmethod
    def load(
        cls,
        path: Path,
        *,
        clock: Callable[[], float] = time.time,
        latency: Latency = INSTANT,
        save_delay_s: float = 0.2,
    ) -> SimWorld:
        """The world in the file, or an empty one; from now on changes are written to it.

        A kill of the process loses at most the changes of the last `save_delay_s`; `close` loses none.

        Raises:
            ValueError: the file is not a world.
        """
        world = cls(clock=clock, latency=latency, document=read(path))
        world._file = WorldFile(path, world._encode, delay_s=save_delay_s)
        return world

    def save(self) -> None:
        """Write the world to its file now; without a file nothing happens.

        Raises:
            OSError: it could not be written; the file is as it was.
        """
        if self._file is not None:
            self._file.save()

    def close(self) -> None:
        """Write the world a last time and stop writing; without a file nothing happens."""
        if self._file is not None:
            self._file.close()
            self._file = None

    # --- building ---

    def ensure_host(self, uid: str, inventory: HostInventory) -> None:
        """Have a host with this inventory; a host that exists keeps its guests."""
        with self._building:
            if uid not in self._hosts:
                self._hosts.add(uid, HostRecord(inventory))
        with self._hosts.at(uid) as host:
            host.inventory = inventory
        self._changed()

    def inventory(self, uid: str) -> HostInventory:
        """What the host has, up or down."""
        with self._hosts.at(uid) as host:
            return host.inventory

    def ensure_pool(self, name: str, *, capacity_bytes: int, host_uid: str | None = None) -> None:
        """Have a storage pool of this size; one that exists keeps its volumes.

        Args:
            name: without a slash; it begins the addresses of the pool's volumes.
            capacity_bytes: what can be allocated in all.
            host_uid: the only host that reaches the pool, or None when all do.

        Raises:
            ValueError: a slash in the name.
        """
        if "/" in name:
            raise ValueError(f"a pool's name holds no slash: {name!r}")
        with self._building:
            if name not in self._pools:
                self._pools.add(name, PoolRecord(capacity_bytes, host_uid))
        with self._pools.at(name) as pool:
            pool.capacity_bytes, pool.host_uid = capacity_bytes, host_uid
        self._changed()

    # --- the drivers' door ---

    @property
    def now(self) -> float:
        """The time."""
        return self._clock()

    @contextmanager
    def on_host(self, uid: str, operation: str) -> Generator[HostRecord]:
        """One call of a driver's operation on a host, which is locked for the time of the body.

        Raises:
            Retryable: `HostDown`, or whatever `fail_next` ordered.
            LookupError: the world has no such host.
        """
        with self._faults.around(operation, uid):
            with self._hosts.at(uid) as host:
                if not host.up:
                    raise Retryable("HostDown", f"host {uid} is down")
                yield host
            self._wrote(operation)

    @contextmanager
    def in_pool(self, name: str, operation: str) -> Generator[PoolRecord]:
        """One call of a driver's operation on a pool, which is locked for the time of the body.

        Raises:
            Retryable: whatever `fail_next` ordered.
            LookupError: the world has no such pool.
        """
        with self._faults.around(operation, name):
            with self._pools.at(name) as pool:
                yield pool
            self._wrote(operation)

    @contextmanager
    def in_fabric(self, operation: str) -> Generator[FabricRecord]:
        """One call of an operation on the fabric, which is locked for the time of the body.

        Raises:
            Retryable: whatever `fail_next` ordered.
        """
        with self._faults.around(operation, "fabric"):
            with self._fabric:
                yield self._document.fabric
            self._wrote(operation)

    def power_on(self, host_uid: str, guest: Guest) -> None:
        """Start the guest's process on the host, whose lock is held.

        The disks are not locked against other openers: that is the control plane's duty, and `violations`
        shows where it fails.

        Raises:
            Permanent: `VolumeMissing`; nothing was started.
        """
        uid, now = guest.spec.uid, self.now
        disks = _disks(guest.spec)
        # Opened first and looked for second, so that no volume is removed in between.
        self._runs.begin(uid, host_uid, disks, now)
        for disk in disks:
            if not self._exists(disk.location):
                self._runs.ends(uid, host_uid, at=now, now=now)
                raise Permanent("VolumeMissing", f"guest {uid}: there is no disk {disk.location}")
        guest.start(now + self.latency.boot_s)
        guest.settle(now)

    def plug(self, host_uid: str, guest: Guest) -> None:
        """Give the guest, of which a process exists on the host, whose lock is held, what its definition says.

        Raises:
            Permanent: `VolumeMissing`; nothing was changed.
            Retryable: `DetachPending`; all but what the guest holds on to is done.
        """
        before, wanted = guest.running_spec, guest.spec
        disks, nics, held = wanted.disks, wanted.nics, list[str]()
        if guest.holds_devices:
            kept_disks = tuple(d for d in before.disks if d.volume_uid not in {w.volume_uid for w in disks})
            kept_nics = tuple(n for n in before.nics if n.port_uid not in {w.port_uid for w in nics})
            held = [*(d.volume_uid for d in kept_disks), *(n.port_uid for n in kept_nics)]
            disks, nics = (*disks, *kept_disks), (*nics, *kept_nics)
        if disks != before.disks:
            opened = tuple(OpenDisk(d.source.location, not d.read_only) for d in disks)
            for disk in opened:
                if not self._exists(disk.location):
                    raise Permanent("VolumeMissing", f"guest {before.uid}: there is no disk {disk.location}")
            self._runs.reopens(before.uid, host_uid, (*opened, *_rescue_disk(before)), self.now)
        guest.plug(disks, nics)
        if held:
            raise Retryable("DetachPending", f"guest {before.uid} has not let go of {', '.join(held)} yet")

    def power_off(self, host_uid: str, guest: Guest, cause: StopCause, last_words: Happening | None = None) -> None:
        """End the guest's process on the host, whose lock is held, at once."""
        now = self.now
        guest.end(now, cause, last_words=last_words)
        self._runs.ends(guest.spec.uid, host_uid, at=now, now=now)

    def press_power_button(self, host_uid: str, guest: Guest) -> None:
        """Ask the guest, which runs on the host, whose lock is held, to shut down."""
        now = self.now
        due = now + self.latency.shutdown_s
        guest.ask_to_stop(due)
        guest.settle(now)
        self._runs.ends(guest.spec.uid, host_uid, at=due, now=now)

    def runs_on(self, host_uid: str, guest: Guest) -> None:
        """No end of the guest's process on the host, whose lock is held, is foreseen any more."""
        self._runs.ends(guest.spec.uid, host_uid, at=math.inf, now=self.now)

    def is_shared(self, pool: str) -> bool:
        """Whether every host reaches the pool.

        Raises:
            LookupError: the world has no such pool.
        """
        with self._pools.at(pool) as record:
            return record.host_uid is None

    def reaches(self, host_uid: str, location: str) -> bool:
        """Whether the host, whose lock is held, reaches the pool of a volume's address."""
        pool = self._document.pools.get(location.partition("/")[0])
        return pool is not None and pool.host_uid in (None, host_uid)

    def opener(self, location: str) -> str | None:
        """The uid of a guest that holds the disk open, or None."""
        return self._runs.opener(location, self.now)

    # --- acts of the world ---

    def guest_powers_off(self, uid: str) -> None:
        """The guest shuts itself down, wherever it runs.

        Raises:
            LookupError: it runs nowhere.
        """
        self._end_everywhere(uid, StopCause.GUEST_SHUTDOWN, Happening.POWER_DOWN)

    def guest_crashes(self, uid: str) -> None:
        """The guest panics, wherever it runs.

        Raises:
            LookupError: it runs nowhere.
        """
        self._end_everywhere(uid, StopCause.CRASHED, Happening.PANIC)

    def guest_pauses(self, uid: str, problem: Problem = Problem.IO_ERROR) -> None:
        """The hypervisor pauses the guest for a problem with a disk, wherever it runs.

        Raises:
            LookupError: it runs nowhere.
        """
        for host_uid, guest in self._processes(uid):
            if guest.power is Power.RUNNING:
                guest.pause(problem)
                self.runs_on(host_uid, guest)

    def guest_holds_devices(self, uid: str, *, holds: bool = True) -> None:
        """The guest lets go of no disk or card that is detached from it, or does so from now on.

        Raises:
            LookupError: it runs nowhere.
        """
        for _, guest in self._processes(uid):
            guest.holds_devices = holds

    def divide(self, host_uid: str, address: str, count: int) -> None:
        """From now on a device of the host's has so many virtual functions."""
        with self._hosts.at(host_uid) as host:
            host.divided = {**host.divided, address: count}
        self._changed()

    def divided(self, host_uid: str) -> dict[str, int]:
        """Into how many virtual functions devices of the host's were divided, by address."""
        with self._hosts.at(host_uid) as host:
            return dict(host.divided)

    def devices_of_guests(self, host_uid: str) -> set[str]:
        """The names of the devices that the host's guests have, or run with still."""
        with self._hosts.at(host_uid) as host:
            specs = [spec for guest in host.guests.values() for spec in (guest.spec, guest.running_spec)]
            return {device.name for spec in specs for device in spec.devices}

    def lose_devices(self, host_uid: str, names: Iterable[str]) -> None:
        """From now on the host lacks these devices, by `GuestDevice.name`, and no others."""
        with self._hosts.at(host_uid) as host:
            host.lost_devices = set(names)
        self._changed()

    def guest_writes(self, location: str, block: int, text: str) -> None:
        """Some guest writes to a disk: the text and zeros after it in one block; with no text, zeros alone.

        Raises:
            LookupError: there is no such disk.
        """
        pool_name, _, address = location.partition("/")
        with self._pools.at(pool_name) as pool:
            volume = pool.volumes[address.partition("@")[0]]
            volume.blocks.pop(block, None)
            if text:
                volume.blocks[block] = text
        self._changed()

    def host_down(self, uid: str) -> None:
        """The host loses power: its guests end, and every call to it fails until `host_up`."""
        with self._hosts.at(uid) as host:
            host.up = False
            for guest in host.guests.values():
                guest.settle(self.now)
                if guest.active is not None:
                    self.power_off(uid, guest, StopCause.HOST_LOST)
        self._changed()

    def host_up(self, uid: str) -> None:
        """The host has power again; its guests are defined and off."""
        with self._hosts.at(uid) as host:
            host.up = True
        self._changed()

    def fill_pool(self, name: str) -> None:
        """Something that is none of ours takes all that is free in the pool."""
        with self._pools.at(name) as pool:
            pool.foreign_bytes += pool.free_bytes
        self._changed()

    def free_pool(self, name: str) -> None:
        """What is none of ours goes from the pool."""
        with self._pools.at(name) as pool:
            pool.foreign_bytes = 0
        self._changed()

    def fail_next(
        self,
        operation: str,
        error: DriverError,
        *,
        place: str | None = None,
        happened: bool = False,
    ) -> None:
        """Let the next call of an operation fail; orders for one operation are served in turn.

        Args:
            operation: a method of a driver, such as `ensure_running`.
            error: what it raises.
            place: only on this host (its uid) or pool (its name).
            happened: do it all the same, and then raise; only `Unknown` may lie so.

        Raises:
            ValueError: no driver has the operation, or `happened` with an error that denies it.
        """
        self._faults.add(Fault(operation, error, place, happened))

    def violations(self) -> list[str]:
        """Every broken promise; empty in a healthy world.

        Remembered since the world was made or loaded: a guest that ran on two hosts at a time, a disk that
        two guests had open while one of them could write. As it is now: two ports of one network with a MAC
        or an address in common. Overcommitted memory is not looked at.
        """
        return [*self._runs.harm(), *self._port_conflicts()]

    # --- within ---

    def _exists(self, location: str) -> bool:
        pool_name, _, address = location.partition("/")
        volume_uid, _, fences = address.partition("@")
        with self._pools.at(pool_name) as pool:
            volume = pool.volumes.get(volume_uid)
            return volume is not None and str(volume.fences or "") == fences

    def _processes(self, uid: str) -> Iterator[tuple[str, Guest]]:
        """Each host with a process of the guest, locked while the caller acts on it."""
        hosts = self._runs.hosts_of(uid, self.now)
        if not hosts:
            raise LookupError(f"guest {uid!r} runs nowhere")
        for host_uid in hosts:
            with self._hosts.at(host_uid) as host:
                guest = host.guests.get(uid)
                if guest is not None and guest.active is not None:
                    yield host_uid, guest
        self._changed()

    def _end_everywhere(self, uid: str, cause: StopCause, last_words: Happening) -> None:
        for host_uid, guest in self._processes(uid):
            self.power_off(host_uid, guest, cause, last_words)

    def _port_conflicts(self) -> list[str]:
        found: list[str] = []
        holder: dict[tuple[str, str], str] = {}
        for uid in self._hosts.names():
            with self._hosts.at(uid) as host:
                ports = list(host.ports.values())
            for port in ports:
                for what in _claims(port):
                    other = holder.setdefault((port.network_uid, what), port.uid)
                    if other != port.uid:
                        found.append(f"network {port.network_uid}: {what} is on ports {other} and {port.uid}")
        return found

    def _wrote(self, operation: str) -> None:
        if not operation.startswith("observe_") and operation not in _READS:
            self._changed()

    def _changed(self) -> None:
        if self._file is not None:
            self._file.changed()

    def _encode(self) -> bytes:
        with ExitStack() as held:
            held.enter_context(self._building)
            self._hosts.hold_all(held)
            self._pools.hold_all(held)
            held.enter_context(self._fabric)
            return encode(self._document)

    def _resume_runs(self) -> None:
        """Open the disks of the guests that ran when the document was written."""
        now = self.now
        for host_uid, host in self._document.hosts.items():
            for uid, guest in host.guests.items():
                guest.settle(now)
                if guest.active is not None:
                    self._runs.begin(uid, host_uid, _disks(guest.active), now)
                    if guest.power is Power.RUNNING and guest.due is not None:
                        self._runs.ends(uid, host_uid, at=guest.due, now=now)


def _disks(spec: GuestSpec) -> tuple[OpenDisk, ...]:
    opened = tuple(OpenDisk(disk.source.location, not disk.read_only) for disk in spec.disks)
    return (*opened, *_rescue_disk(spec))


def _rescue_disk(spec: GuestSpec) -> tuple[OpenDisk, ...]:
    return () if spec.rescue is None else (OpenDisk(spec.rescue.source.location, not spec.rescue.read_only),)


def _claims(port: PortSource) -> tuple[str, ...]:
    """What no other port of the network may have."""
    return (port.mac, *port.addresses)
