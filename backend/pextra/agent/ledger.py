"""What the agent was told to make true, when each is to be looked at next, and what is to be reported of it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pextra import agent_protocol as protocol
from pextra.agent_protocol import Assignment, Report
from pextra.drivers.interface import GuestObservation

_LONGEST_DELAY_S: Final = 60.0


@dataclass(slots=True)
class Entry:
    """One assignment.

    Attributes:
        due: when to look at it, in seconds of the agent's clock; None: when something happens.
        failures: how many looks in a row came to nothing.
        stopping_since: since when its guest has been asked to stop.
        busy: it is being looked at now.
        told: what was reported last, at which revision.
        seen: its guest as the last look left it; None: that look did not come so far.
    """

    assignment: Assignment
    due: float | None
    failures: int = 0
    stopping_since: float | None = None
    busy: bool = False
    told: tuple[int, dict[str, Any]] | None = None
    woken: bool = False
    seen: GuestObservation | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What a look came to.

    Attributes:
        content: the report's document; None: there is nothing to say yet.
        gone: it was taken away.
        again_s: when to look again; None: when something happens.
        failed: it came to nothing; the delay grows with each such look.
        stopping: the guest was asked to stop and still runs.
        seen: the guest as the look left it.
    """

    content: dict[str, Any] | None = None
    gone: bool = False
    again_s: float | None = None
    failed: bool = False
    stopping: bool = False
    seen: GuestObservation | None = None


class Ledger:
    """Safe to use from several threads."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._outbox: dict[str, Report] = {}
        self._revision = 0
        self._complete = False
        self._lock = threading.Lock()

    @property
    def revision(self) -> int:
        """The newest revision that is known."""
        return self._revision

    @property
    def complete(self) -> bool:
        """Whether everything has been told that is assigned: only then is what is not known nobody's."""
        return self._complete

    def learn(self, answer: protocol.SyncAnswer, now: float) -> None:
        """Take in what is newer."""
        with self._lock:
            for each in answer.assignments:
                entry = self._entries.get(each.uid)
                if entry is None:
                    self._entries[each.uid] = Entry(each, now)
                elif each.revision > entry.assignment.revision:
                    entry.assignment = each
                    entry.due, entry.failures, entry.woken = now, 0, True
            self._revision = max(self._revision, answer.revision)
            self._complete = self._complete or not answer.more

    def take(self, now: float, *, limit: int) -> list[tuple[Assignment, float | None]]:
        """What is to be looked at now, the longest due first, each with the time since which its guest is stopping.

        They are nobody else's until `settle`.
        """
        with self._lock:
            due = [e for e in self._entries.values() if e.due is not None and e.due <= now and not e.busy]
            due.sort(key=lambda e: e.due or 0.0)
            for entry in due[:limit]:
                entry.busy, entry.woken = True, False
            return [(e.assignment, e.stopping_since) for e in due[:limit]]

    def settle(self, assignment: Assignment, look: Look, now: float) -> None:
        """Take in what a look came to."""
        with self._lock:
            entry = self._entries[assignment.uid]
            entry.busy = False
            if entry.assignment.revision != assignment.revision:
                entry.due = now  # it changed meanwhile
                return
            if look.gone:
                del self._entries[assignment.uid]
                self._outbox[assignment.uid] = Report(uid=assignment.uid, revision=assignment.revision, gone=True)
                return
            entry.seen = look.seen
            entry.failures = entry.failures + 1 if look.failed else 0
            entry.stopping_since = (entry.stopping_since or now) if look.stopping else None
            if entry.woken:
                entry.due = now
            elif look.again_s is None:
                entry.due = None
            else:
                slower = 2 ** min(entry.failures - 1, 8) if look.failed else 1
                entry.due = now + min(_LONGEST_DELAY_S, look.again_s * slower)
            if look.content is not None and entry.told != (assignment.revision, look.content):
                entry.told = (assignment.revision, look.content)
                self._outbox[assignment.uid] = Report(
                    uid=assignment.uid, revision=assignment.revision, content=look.content
                )

    def compare(self, guests: Mapping[str, GuestObservation], now: float) -> int:
        """Have the guests looked at that are not as their last look left them; tells how many are.

        Compared with that look, not with the observation before: what happened while nobody could observe, or between
        a look and the first observation, would never be seen.
        """
        with self._lock:
            changed = [e for uid, e in self._entries.items() if e.seen is not None and guests.get(uid) != e.seen]
            for entry in changed:
                entry.due, entry.woken = now, True
            return len(changed)

    def wake_all(self, kinds: Iterable[str], now: float) -> None:
        """Have everything of those kinds looked at that is not going to be anyway."""
        wanted = set(kinds)
        with self._lock:
            for entry in self._entries.values():
                if entry.assignment.kind in wanted and entry.due is None:
                    entry.due = now

    def wake(self, uid: str, now: float) -> None:
        """Have one assignment looked at, if it is known."""
        with self._lock:
            entry = self._entries.get(uid)
            if entry is not None:
                entry.due, entry.woken = now, True

    def next_due(self) -> float | None:
        """When the next look is due, in seconds of the agent's clock."""
        with self._lock:
            return min((e.due for e in self._entries.values() if e.due is not None and not e.busy), default=None)

    def knows(self, uid: str) -> bool:
        """Whether there is an assignment of that uid, or one that is made from the image of that uid."""
        with self._lock:
            if uid in self._entries:
                return True
            return any(uid in protocol.images_of(e.assignment.document) for e in self._entries.values())

    def device_addresses(self) -> set[str]:
        """The PCI addresses of the host's devices that guests are assigned."""
        with self._lock:
            documents = [e.assignment.document for e in self._entries.values() if e.assignment.kind == "guest"]
        return {device["address"] for document in documents for device in document.get("devices", ())}

    def count(self) -> int:
        """How many assignments there are."""
        with self._lock:
            return len(self._entries)

    # --- reports ---

    def to_report(self) -> list[Report]:
        """What is to be said, as much as one exchange carries."""
        with self._lock:
            return list(self._outbox.values())[: protocol.MOST_REPORTS]

    def reported(self, reports: Iterable[Report]) -> None:
        """The control plane has taken the reports in."""
        with self._lock:
            for report in reports:
                if self._outbox.get(report.uid) is report:
                    del self._outbox[report.uid]

    @property
    def has_news(self) -> bool:
        """Whether there is something to report."""
        return bool(self._outbox)
