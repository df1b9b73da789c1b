"""The loop of one process: leases, due work, looks, outcomes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from typing import Final

from pextra.controllers.outcome import Controller, Next, Outcome
from pextra.errors import PextraError
from pextra.services import deleting, status
from pextra.services.cloud import Cloud
from pextra.store import leases, objects, work
from pextra.store.database import Tx
from pextra.store.leases import Lease
from pextra.store.work import SHARDS, Item

log = logging.getLogger("pextra.controllers")

LEASE_TTL_S: Final = 15.0
BATCH: Final = 64
AT_ONCE: Final = 4 * BATCH
"""How many objects may be in hand while others are taken up; who is due longest waits in the database, not here."""
CHUNK: Final = 16
"""How many outcomes are stored in one transaction."""
LONGEST_DELAY_S: Final = 60.0


class Loop:
    """Looks at what is due in the shards whose leases this process holds.

    Args:
        holder: names this process among all that run loops.
        executor: where looks at different kinds run side by side; None: one after the other, in a fixed order.
    """

    def __init__(
        self,
        cloud: Cloud,
        controllers: Mapping[str, Controller],
        *,
        holder: str,
        executor: Executor | None = None,
    ) -> None:
        self._cloud = cloud
        self._controllers = controllers
        self._holder = holder
        self._executor = executor
        self._leases: dict[int, Lease] = {}
        self._renew_at = 0.0
        self._resync: set[int] = set()
        self._busy: set[str] = set()
        self._lock = threading.Lock()
        self._room = threading.Condition(self._lock)

    @property
    def shards(self) -> list[int]:
        """The shards that this process works on."""
        return sorted(self._leases)

    def keep_leases(self) -> None:
        """Take and renew leases when it is time to; a shard that is new here is looked through from scratch."""
        now = self._cloud.database.clock.monotonic()
        if now < self._renew_at:
            return
        held = self._cloud.database.write(self._acquire)
        for shard, lease in held.items():
            before = self._leases.get(shard)
            if before is None or before.epoch != lease.epoch:
                self._resync.add(shard)
        self._leases = held
        self._renew_at = now + LEASE_TTL_S / 3

    def _acquire(self, tx: Tx) -> dict[int, Lease]:
        held: dict[int, Lease] = {}
        for shard in range(SHARDS):
            lease = leases.acquire(tx, f"work-{shard}", self._holder, ttl_s=LEASE_TTL_S)
            if lease is not None:
                held[shard] = lease
        return held

    def release(self) -> None:
        """Give every lease back, so that another process goes on at once."""

        def give(tx: Tx) -> None:
            for lease in self._leases.values():
                leases.release(tx, lease)

        self._cloud.database.write(give)
        self._leases = {}
        self._renew_at = 0.0

    def step(self) -> int:
        """Look at one batch of what is due; tells how many objects were looked at."""
        self.keep_leases()
        if self._resync:
            self._look_through()
        shards = self.shards
        if not shards:
            return 0
        with self._room:
            if not self._room.wait_for(lambda: len(self._busy) <= AT_ONCE - BATCH, timeout=LEASE_TTL_S / 3):
                return 0
            busy = set(self._busy)
        items = self._cloud.database.read(lambda tx: work.due(tx, shards, limit=BATCH, but=busy))
        by_kind: dict[str, list[Item]] = {}
        for item in items:
            by_kind.setdefault(item.kind, []).append(item)
        for kind, chosen in by_kind.items():
            if self._executor is None:
                self._look(kind, chosen)
                continue
            with self._lock:
                self._busy.update(i.uid for i in chosen)
            for part in self._controllers_parts(kind, chosen):
                self._executor.submit(self._look_guarded, kind, part)
        return len(items)

    def _controllers_parts(self, kind: str, items: list[Item]) -> list[list[Item]]:
        size = getattr(self._controllers.get(kind), "part", BATCH)
        return [items[i : i + size] for i in range(0, len(items), size)]

    def _look_guarded(self, kind: str, items: Sequence[Item]) -> None:
        try:
            self._look(kind, items)
        except Exception:
            log.exception("a look at %d objects of kind %s failed", len(items), kind)
            self._cloud.database.clock.sleep(1.0)
        finally:
            with self._room:
                self._busy.difference_update(i.uid for i in items)
                self._room.notify()

    def _look_through(self) -> None:
        """Have every object of the new shards looked at: their former loop may have died anywhere."""
        kinds = list(self._controllers)

        def ask(tx: Tx) -> int:
            everything = objects.everywhere(tx, kinds)
            return work.ask_all(tx, (o for o in everything if work.shard_of(o[1]) in self._resync))

        self._cloud.database.write(ask)
        self._resync.clear()

    def _look(self, kind: str, items: Sequence[Item]) -> None:
        controller = self._controllers.get(kind)
        if controller is None:
            raise LookupError(f"no controller for kind {kind}")
        outcomes = controller.look(self._cloud, items)
        for start in range(0, len(outcomes), CHUNK):
            self._store(outcomes[start : start + CHUNK])

    def _store(self, outcomes: Sequence[Outcome]) -> None:
        """Store outcomes in one transaction; one that is stale is left for the next look."""

        def write(tx: Tx) -> None:
            for shard in sorted({o.item.shard for o in outcomes}):
                lease = self._leases.get(shard)
                if lease is None:
                    raise leases.Fenced(str(shard))
                leases.fence(tx, lease)
            for outcome in outcomes:
                try:
                    with tx.savepoint():
                        self._store_one(tx, outcome)
                except status.Stale:
                    continue

        try:
            self._cloud.database.write(write)
        except PextraError as error:
            if error.code != "store.contention" or len(outcomes) == 1:
                raise
            middle = len(outcomes) // 2  # a smaller transaction meets fewer others
            self._store(outcomes[:middle])
            self._store(outcomes[middle:])
        except leases.Fenced:
            log.warning("the lease of a shard has changed hands: %d outcomes dropped", len(outcomes))
            self._renew_at = 0.0

    def _store_one(self, tx: Tx, outcome: Outcome) -> None:
        item, record = outcome.item, outcome.record
        if record is None:
            work.done(tx, item)
            return
        if outcome.also is not None:
            outcome.also(tx)
        if outcome.next is Next.REMOVE:
            now = objects.by_uid(tx, record.tenant_uid, record.uid)
            if now is not None:
                deleting.remove(self._cloud, tx, now)
            return
        if outcome.conditions:
            status.report(self._cloud, tx, record, outcome.facts, outcome.conditions)
        if outcome.next is Next.DONE:
            work.done(tx, item)
            return
        failed = outcome.next is Next.FAILED
        delay = outcome.delay_s
        if failed:
            delay = min(LONGEST_DELAY_S, delay * 2 ** min(item.attempts, 8))
            delay *= 0.75 + 0.5 * self._cloud.database.rng.random()
        work.later(tx, item, delay_s=delay, failed=failed, waits=outcome.waits)
