"""The agent itself: exchanges with the control plane, looks at what is due, and watches its host."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Final, Protocol

from pextra import agent_protocol as protocol
from pextra.agent.gpus.guests import GuestGpus
from pextra.agent.ledger import Ledger
from pextra.agent.looking import look_at, unforeseen
from pextra.agent_protocol import Assignment, SyncAnswer, SyncRequest
from pextra.clock import Clock
from pextra.drivers import dividing, documents, strangers
from pextra.drivers.convergence import HostDrivers
from pextra.drivers.interface import AgentReport, DriverError, Power
from pextra.drivers.interface.dividing import Divided, Division
from pextra.drivers.sampling import gpu_samples_of, samples_of

log = logging.getLogger("pextra.agent")

STRANGER_GRACE_S: Final = 600.0
"""How long something that nobody knows is left alone before the control plane is asked whether it may go."""
INVENTORY_EVERY_S: Final = 60.0
_SAY_AGAIN_S: Final = 0.1


class Link(Protocol):
    """The way to the control plane."""

    def sync(self, request: SyncRequest) -> SyncAnswer:
        """Exchange once.

        Raises:
            LinkDown: there was no answer.
        """
        ...


class LinkDown(Exception):
    """The control plane does not answer, or refuses us; the message says which."""


class Agent:
    """One host's agent. Its three steps may run in threads of their own.

    Args:
        link: the way to the control plane.
        drivers: the host's drivers.
        inventory: what the host has now.
        boot_id: names the host's present boot.
        stranger_grace_s: see `STRANGER_GRACE_S`.
        trash_kept_s: see `strangers.TRASH_KEPT_S`.

    Attributes:
        ledger: what is assigned to the host, and what came of it.
        relay: where the control plane said that its relay is; None: it has none, or was not asked yet.
    """

    def __init__(
        self,
        link: Link,
        drivers: HostDrivers,
        *,
        inventory: Callable[[], documents.Inventory],
        boot_id: str,
        version: str,
        clock: Clock,
        stranger_grace_s: float = STRANGER_GRACE_S,
        trash_kept_s: float = strangers.TRASH_KEPT_S,
    ) -> None:
        self.ledger = Ledger()
        self.relay: str | None = None
        self._link = link
        self._drivers = drivers
        self._inventory = inventory
        self._boot_id = boot_id
        self._version = version
        self._clock = clock
        self._guest_gpus = GuestGpus(drivers.compute, clock)
        self._grace_s = stranger_grace_s
        self._trash_kept_s = trash_kept_s
        self._strangers: dict[str, float] = {}
        self._told_inventory: documents.Inventory | None = None
        self._inventory_at = 0.0
        self._sample_s: float | None = None
        self._sample_at = 0.0
        self._exchange = 0
        self._divisions: tuple[Division, ...] = ()
        self._divided: tuple[Divided, ...] = ()
        self._divided_as: tuple[Division, ...] = ()
        self._models: dict[str, str] = {}
        self._told: dict[str, AgentReport] = {}
        self._lock = threading.Lock()

    # --- exchanging ---

    def exchange(self) -> float:
        """Exchange with the control plane once; tells in how many seconds to do it again.

        Raises:
            LinkDown: there was no answer; what was to be said is said next time.
        """
        reports = self.ledger.to_report()
        inventory = self._new_inventory()
        samples = self._new_samples()
        answer = self._link.sync(
            SyncRequest(
                boot_id=self._boot_id,
                version=self._version,
                revision=self.ledger.revision,
                exchange=self._exchange,
                reports=reports,
                strangers=self._old_strangers(),
                inventory=None if inventory is None else documents.write(inventory),
                samples=samples,
                gpu_samples=[] if samples is None else gpu_samples_of(self._drivers.gpus.observe_readings()),
                guest_gpu_samples=[] if samples is None else self._guest_gpu_samples(),
            )
        )
        if answer.exchange is not None:
            self._exchange = answer.exchange
        if answer.refused:
            return _SAY_AGAIN_S
        self.ledger.reported(reports)
        if inventory is not None:
            self._told_inventory = inventory
            self._inventory_at = self._clock.monotonic() + INVENTORY_EVERY_S
        self.relay = answer.relay
        self._sample_s = answer.sample_s
        if samples is not None:
            self._sample_at = self._clock.monotonic() + (answer.sample_s or 0.0)
        self.ledger.learn(answer, self._clock.monotonic())
        if answer.settings is not None:  # after what guests have, which may be newer too
            self._divisions = tuple(Division(**each.model_dump()) for each in answer.settings.sriov)
        for uid in answer.remove:
            self._remove_stranger(uid)
        return 0.0 if answer.more or self.ledger.has_news else answer.poll_s

    def _new_samples(self) -> list[protocol.GuestSample] | None:
        """What the guests have counted, when the control plane wants to know."""
        now = self._clock.monotonic()
        if self._sample_s is None or now < self._sample_at:
            return None
        try:
            return samples_of(self._drivers.compute.observe_metrics())
        except DriverError as error:
            log.warning("the guests cannot be measured: %s", error)
            self._sample_at = now + self._sample_s
            return None

    def _guest_gpu_samples(self) -> list[protocol.GuestGpuSample]:
        return [
            protocol.GuestGpuSample(guest_uid=each.guest_uid, **asdict(each.reading))
            for each in self._guest_gpus.readings()
        ]

    def _new_inventory(self) -> documents.Inventory | None:
        """What the host has, when it is time to look and it is not what was told last."""
        if self._clock.monotonic() < self._inventory_at:
            return None
        try:
            found = self._inventory()
        except DriverError as error:
            log.warning("what this host has cannot be told: %s", error)
            return None
        self._guest_gpus.know(found.gpus)
        self._models = {gpu.address: gpu.model for gpu in found.gpus}
        found = replace(found, sriov=self._divided, problems=(*found.problems, *dividing.problems_of(self._divided)))
        if found == self._told_inventory:
            self._inventory_at = self._clock.monotonic() + INVENTORY_EVERY_S
            return None
        return found

    # --- dividing ---

    @property
    def has_new_settings(self) -> bool:
        """Whether devices are declared to be divided otherwise than when `divide` was called last."""
        return self.ledger.complete and self._divisions != self._divided_as

    def divide(self) -> bool:
        """Have the host's devices be divided as is declared; tells whether something came of it that is new.

        It may take as long as the devices' drivers do: nothing else may wait for this.
        """
        if not self.ledger.complete:  # what guests have is not known yet
            return False
        self._divided_as = declared = self._divisions
        found = dividing.converge(
            declared,
            self._drivers.dividing,
            models=self._models,
            spoken_for=self.ledger.device_addresses(),
        )
        if found == self._divided:
            return False
        for each in found:
            if each.problem:
                log.warning("%s", each.problem)
            else:
                log.info("%s has %d virtual functions", each.address, each.current)
        self._divided = found
        self._inventory_at = 0.0  # what it has is another thing now
        return True

    # --- looking ---

    def look(self, *, limit: int = 1) -> int:
        """Look at what is due; tells how many assignments were looked at."""
        taken = self.ledger.take(self._clock.monotonic(), limit=limit)
        for assignment, stopping_since in taken:
            self._look_at(assignment, stopping_since)
        return len(taken)

    def look_again(self) -> None:
        """Have every guest looked at, though nothing seems to have changed."""
        self.ledger.wake_all({"guest"}, self._clock.monotonic())

    def next_look_s(self) -> float | None:
        """In how many seconds something is due; None: when something happens."""
        due = self.ledger.next_due()
        return None if due is None else max(0.0, due - self._clock.monotonic())

    def _look_at(self, assignment: Assignment, stopping_since: float | None) -> None:
        now = self._clock.monotonic()
        stopping_s = None if stopping_since is None else now - stopping_since
        try:
            told = self._told.get(assignment.uid)
            look = look_at(assignment, self._drivers, stopping_s=stopping_s, told=told)
        except Exception as error:
            log.exception("a look at %s %s failed", assignment.kind, assignment.uid)
            look = unforeseen(error)
        self.ledger.settle(assignment, look, self._clock.monotonic())

    # --- watching the host ---

    def observe(self) -> int:
        """See what changed on the host by itself, and have it looked at; tells how many assignments that are."""
        try:
            guests = dict(self._drivers.compute.observe_guests())
        except DriverError as error:
            log.warning("the host's guests cannot be observed: %s", error)
            return 0
        self._watch_strangers()
        return self.ledger.compare(guests, self._clock.monotonic())

    def empty_trash(self) -> int:
        """Destroy the disks in the host's trash whose time is over; tells how many."""
        try:
            return self._drivers.storage.purge_trash()
        except DriverError as error:
            log.warning("the host's trash cannot be emptied: %s", error)
            return 0

    def trim_logs(self) -> int:
        """Give back the disk space of guests' logs that have grown too long; tells of how many."""
        try:
            return self._drivers.compute.trim_logs()
        except DriverError as error:
            log.warning("the guests' logs cannot be shortened: %s", error)
            return 0

    def ask_guests(self) -> int:
        """Ask the agent within each running guest what it says of itself; tells how many say something new.

        One that does not answer costs seconds: nothing else may wait for this.
        """
        try:
            guests = self._drivers.compute.observe_guests()
        except DriverError as error:
            log.warning("the host's guests cannot be observed: %s", error)
            return 0
        news = 0
        running = sorted(uid for uid, guest in guests.items() if guest.power is Power.RUNNING)
        for uid in running:
            try:
                told = self._drivers.compute.observe_agent(uid) if self.ledger.knows(uid) else None
            except DriverError:
                continue  # it is asked again soon
            if told is not None and told != self._told.get(uid):
                self._told[uid] = told
                self.ledger.wake(uid, self._clock.monotonic())
                news += 1
        for uid in self._told.keys() - set(running):
            del self._told[uid]
        return news

    def listen_to_guests(self) -> None:
        """Take what guests have said of the GPUs that they have."""
        self._guest_gpus.listen()

    def close(self) -> None:
        """Let go of the guests that it listens to; nobody may be listening."""
        self._guest_gpus.close()

    def _watch_strangers(self) -> None:
        """Note what is here and was not assigned, with the time since which it has been so."""
        if not self.ledger.complete:
            return
        try:
            found = strangers.on_host(self._drivers)
        except DriverError as error:
            log.warning("the host cannot be searched for what is nobody's: %s", error)
            return
        now = self._clock.monotonic()
        unknown = {uid for uid in found if not self.ledger.knows(uid)}
        with self._lock:
            self._strangers = {uid: self._strangers.get(uid, now) for uid in unknown}

    def _old_strangers(self) -> list[str]:
        oldest = self._clock.monotonic() - self._grace_s
        with self._lock:
            old = sorted(uid for uid, since in self._strangers.items() if since <= oldest)
        return old[: protocol.MOST_STRANGERS]

    def _remove_stranger(self, uid: str) -> None:
        """The control plane knows nothing of it either."""
        if self.ledger.knows(uid):
            return
        log.warning("removing %s, which is on this host and is nobody's", uid)
        try:
            strangers.remove(uid, self._drivers, keep_s=self._trash_kept_s)
        except DriverError as error:
            log.warning("%s cannot be removed yet: %s", uid, error)
            return
        with self._lock:
            self._strangers.pop(uid, None)
