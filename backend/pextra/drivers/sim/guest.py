"""One simulated guest: a state machine that knows nothing of hosts, locks or other guests."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Final

from pextra.drivers.interface import GuestDisk, GuestNic, GuestObservation, GuestSpec, Power, Problem, StopCause
from pextra.drivers.sim.console import ConsoleEvent, Happening, event

ACTS_KEPT: Final = 64
"""How many reboot acts a guest remembers."""
_REBUILDS_KEPT: Final = 16


@dataclass(slots=True)
class Guest:
    """A defined guest.

    `active` is what it was started with, None while no process of it exists. `due` is when what is under way
    completes: the start of a guest that is off, or the shutdown of one that runs. Whoever looks at the guest
    calls `settle` first. `holds_devices` while it does not let go of what is detached from it.
    """

    spec: GuestSpec
    active: GuestSpec | None = None
    power: Power = Power.OFF
    stop_cause: StopCause | None = StopCause.NEVER_STARTED
    boots: int = 0
    due: float | None = None
    acts: tuple[str, ...] = ()
    console: list[ConsoleEvent] = field(default_factory=list[ConsoleEvent])
    rebuilds: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    holds_devices: bool = False
    frozen: bool = False
    started_at: float = 0.0
    panicked_boot: int = 0

    def settle(self, now: float) -> None:
        """Complete what was due by `now`."""
        if self.due is None or now < self.due:
            return
        if self.power is Power.OFF:
            at, self.due = self.due, None
            self.power, self.stop_cause, self.problems = Power.RUNNING, None, ()
            self.boots += 1
            self.started_at = at
            self.console.append(event(Happening.BOOT, at, self.running_spec))
        else:
            self.end(self.due, StopCause.REQUESTED, last_words=Happening.POWER_DOWN)

    def start(self, due: float) -> None:
        """Make a process for the guest, which is off; it will be seen running at `due`."""
        self.active = self.spec
        self.due = due

    def resume(self) -> None:
        """Run on after a pause."""
        self.power, self.problems = Power.RUNNING, ()

    def pause(self, problem: Problem | None = None) -> None:
        """Hold the virtual CPUs, which forgets a shutdown that was under way."""
        self.power, self.due = Power.PAUSED, None
        self.problems = () if problem is None else (problem,)

    def plug(self, disks: tuple[GuestDisk, ...], nics: tuple[GuestNic, ...]) -> None:
        """Give the guest, of which a process exists, these disks and cards."""
        self.active = replace(self.running_spec, disks=disks, nics=nics)

    def ask_to_stop(self, due: float) -> None:
        """Press the power button of the guest, which runs; it obeys by `due`."""
        self.due = due

    def remember(self, act: str) -> None:
        """Keep in mind that this reboot was done."""
        self.acts = (*self.acts, act)[-ACTS_KEPT:]

    def remember_rebuild(self, act: str) -> None:
        """Keep in mind that the root disk was made anew."""
        if act not in self.rebuilds:
            self.rebuilds = (*self.rebuilds, act)[-_REBUILDS_KEPT:]

    def end(self, at: float, cause: StopCause, *, last_words: Happening | None = None) -> None:
        """End the guest's process, which exists. A guest that was not up yet has no last words."""
        if last_words is not None and self.power is not Power.OFF:
            self.console.append(event(last_words, at, self.running_spec))
        self.active, self.due, self.frozen, self.holds_devices = None, None, False, False
        self.power, self.stop_cause = Power.OFF, cause
        self.problems = (Problem.PANICKED,) if last_words is Happening.PANIC else ()
        if last_words is Happening.PANIC:
            self.panicked_boot = self.boots

    @property
    def running_spec(self) -> GuestSpec:
        """What the guest runs with, or would if it were started now."""
        return self.active or self.spec

    def observe(self, lost_devices: Collection[str] = ()) -> GuestObservation:
        """The guest as a driver shows it.

        Args:
            lost_devices: that its host has no more.
        """
        spec = self.running_spec
        lost = (Problem.DEVICE_LOST,) if any(device.name in lost_devices for device in spec.devices) else ()
        return GuestObservation(
            uid=spec.uid,
            power=self.power,
            stop_cause=self.stop_cause,
            vcpus=spec.vcpus,
            memory_mib=spec.memory_mib,
            disk_uids=tuple(disk.volume_uid for disk in spec.disks),
            port_uids=tuple(nic.port_uid for nic in spec.nics),
            boots=self.boots,
            restart_required=self.active is not None and self.active.machine != self.spec.machine,
            problems=(*self.problems, *lost),
            rebuilds=self.rebuilds,
            pinned_cpus=tuple(dict.fromkeys((*spec.cpu.pinned_cpus, *self.spec.cpu.pinned_cpus))),
            panicked_boot=self.panicked_boot,
            devices=tuple(device.name for device in spec.devices),
        )
