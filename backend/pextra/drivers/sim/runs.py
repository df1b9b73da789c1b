"""Which guest processes exist where and what they hold open: what the world's disks would know."""

from __future__ import annotations

import math
from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True, slots=True)
class OpenDisk:
    """A disk held open, by its address."""

    location: str
    writable: bool


@dataclass(slots=True, eq=False)
class Run:
    """One guest's process on one host, from its start until `until`."""

    guest_uid: str
    host_uid: str
    disks: tuple[OpenDisk, ...]
    until: float = math.inf


class Runs:
    """Every process of the world. It stops nobody from doing harm, and remembers whoever did.

    Thread-safe; its lock is innermost.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._of_guest: dict[str, tuple[Run, ...]] = {}
        self._of_disk: dict[str, tuple[Run, ...]] = {}
        self._harm: dict[str, None] = {}

    def begin(self, guest_uid: str, host_uid: str, disks: tuple[OpenDisk, ...], now: float) -> None:
        """A process of the guest begins on the host, where none of it is."""
        run = Run(guest_uid, host_uid, disks)
        with self._lock:
            others = _alive(self._of_guest.get(guest_uid, ()), now)
            for other in others:
                self._blame(f"guest {guest_uid} runs on {_both(other.host_uid, host_uid)}")
            self._of_guest[guest_uid] = (*others, run)
            for disk in disks:
                self._open(run, disk, now)

    def reopens(self, guest_uid: str, host_uid: str, disks: tuple[OpenDisk, ...], now: float) -> None:
        """The guest's process on the host has exactly these disks open from now on."""
        with self._lock:
            for run in self._of_guest.get(guest_uid, ()):
                if run.host_uid == host_uid:
                    for disk in run.disks:
                        if disk not in disks:
                            _drop(self._of_disk, disk.location, run)
                    fresh = [disk for disk in disks if disk not in run.disks]
                    run.disks = disks
                    for disk in fresh:
                        self._open(run, disk, now)

    def ends(self, guest_uid: str, host_uid: str, *, at: float, now: float) -> None:
        """The guest's process on the host, if there is one, ends at `at`.

        That may lie ahead; `math.inf` means that no end is foreseen any more.
        """
        with self._lock:
            for run in self._of_guest.get(guest_uid, ()):
                if run.host_uid == host_uid:
                    run.until = at
                    if at <= now:
                        self._forget(run)

    def hosts_of(self, guest_uid: str, now: float) -> tuple[str, ...]:
        """The hosts on which the guest has a process."""
        with self._lock:
            return tuple(run.host_uid for run in _alive(self._of_guest.get(guest_uid, ()), now))

    def opener(self, location: str, now: float) -> str | None:
        """The uid of a guest that holds the disk open, or None."""
        with self._lock:
            return next((run.guest_uid for run in _alive(self._of_disk.get(location, ()), now)), None)

    def harm(self) -> list[str]:
        """What should never have been, in the order in which it was.

        Guests that ran twice at a time, and disks that two guests had open while one of them could write.
        """
        with self._lock:
            return list(self._harm)

    def _open(self, run: Run, disk: OpenDisk, now: float) -> None:
        others = _alive(self._of_disk.get(disk.location, ()), now)
        for other in others:
            if disk.writable or any(d.writable for d in other.disks if d.location == disk.location):
                guests = _both(other.guest_uid, run.guest_uid)
                hosts = _both(other.host_uid, run.host_uid)
                self._blame(f"disk {disk.location} is open in guests {guests} on {hosts}")
        self._of_disk[disk.location] = (*others, run)

    def _forget(self, run: Run) -> None:
        _drop(self._of_guest, run.guest_uid, run)
        for disk in run.disks:
            _drop(self._of_disk, disk.location, run)

    def _blame(self, what: str) -> None:
        self._harm[what] = None


def _alive(runs: tuple[Run, ...], now: float) -> tuple[Run, ...]:
    return tuple(run for run in runs if now < run.until)


def _both(one: str, other: str) -> str:
    return f"{one} and {other}"


def _drop(index: dict[str, tuple[Run, ...]], key: str, run: Run) -> None:
    kept = tuple(other for other in index.get(key, ()) if other is not run)
    if kept:
        index[key] = kept
    else:
        index.pop(key, None)
