"""One simulated guest: a state machine that knows nothing of hosts, locks or other guests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from pextra.drivers.interface import GuestObservation, GuestSpec, Power, StopCause
from pextra.drivers.sim.console import ConsoleEvent, Happening, event

ACTS_KEPT: Final = 64
"""How many reboot acts a guest remembers."""


@dataclass(slots=True)
class Guest:
    """A defined guest.

    `active` is what it was started with, None while no process of it exists. `due` is when what is under way
    completes: the start of a guest that is off, or the shutdown of one that runs. Whoever looks at the guest
    calls `settle` first.
    """

    spec: GuestSpec
    active: GuestSpec | None = None
    power: Power = Power.OFF
    stop_cause: StopCause | None = StopCause.NEVER_STARTED
    boots: int = 0
    due: float | None = None
    acts: tuple[str, ...] = ()
    console: list[ConsoleEvent] = field(default_factory=list[ConsoleEvent])

    def settle(self, now: float) -> None:
        """Complete what was due by `now`."""
        if self.due is None or now < self.due:
            return
        if self.power is Power.OFF:
            at, self.due = self.due, None
            self.power, self.stop_cause = Power.RUNNING, None
            self.boots += 1
            self.console.append(event(Happening.BOOT, at, self.running_spec))
        else:
            self.end(self.due, StopCause.REQUESTED, last_words=Happening.POWER_DOWN)

    def start(self, due: float) -> None:
        """Make a process for the guest, which is off; it will be seen running at `due`."""
        self.active = self.spec
        self.due = due

    def resume(self) -> None:
        """Run on after a pause."""
        self.power = Power.RUNNING

    def pause(self) -> None:
        """Hold the virtual CPUs, which forgets a shutdown that was under way."""
        self.power, self.due = Power.PAUSED, None

    def ask_to_stop(self, due: float) -> None:
        """Press the power button of the guest, which runs; it obeys by `due`."""
        self.due = due

    def remember(self, act: str) -> None:
        """Keep in mind that this reboot was done."""
        self.acts = (*self.acts, act)[-ACTS_KEPT:]

    def end(self, at: float, cause: StopCause, *, last_words: Happening | None = None) -> None:
        """End the guest's process, which exists. A guest that was not up yet has no last words."""
        if last_words is not None and self.power is not Power.OFF:
            self.console.append(event(last_words, at, self.running_spec))
        self.active, self.due = None, None
        self.power, self.stop_cause = Power.OFF, cause

    @property
    def running_spec(self) -> GuestSpec:
        """What the guest runs with, or would if it were started now."""
        return self.active or self.spec

    def observe(self) -> GuestObservation:
        """The guest as a driver shows it."""
        spec = self.running_spec
        return GuestObservation(
            uid=spec.uid,
            power=self.power,
            stop_cause=self.stop_cause,
            vcpus=spec.vcpus,
            memory_mib=spec.memory_mib,
            disk_uids=tuple(disk.volume_uid for disk in spec.disks),
            port_uids=tuple(nic.port_uid for nic in spec.nics),
            boots=self.boots,
        )
