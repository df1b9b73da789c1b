"""Looking at the world itself: what changed behind the loops' back, and what should not be there.

A sweep asks every host what it has and compares with what it saw last time, in memory: while nothing changes, it
costs the database nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Final

from pextra.controllers import remote
from pextra.controllers.fleet import Fleet
from pextra.drivers import strangers
from pextra.drivers.convergence import HostDrivers
from pextra.drivers.interface import DriverError, GuestObservation, StorageDriver
from pextra.services.agents import is_silent
from pextra.services.cloud import Cloud
from pextra.store import agents, allocations, objects, work
from pextra.store.database import Tx
from pextra.store.records import Record

STORAGE_EVERY_S: Final = 60.0
log = logging.getLogger("pextra.controllers")


class Sweep:
    """Remembers what each host had when it was last looked at."""

    def __init__(self, cloud: Cloud, fleet: Fleet) -> None:
        self._cloud = cloud
        self._fleet = fleet
        self._seen: dict[str, dict[str, GuestObservation]] = {}
        self._silent: set[str] = set()
        self._storage_at = 0.0
        self._orphans: dict[str, set[str]] = {}

    def run(self, shards: Sequence[int]) -> int:
        """Look at the hosts of these shards; tells how many objects are to be looked at because of it."""
        self._sweep_storage()
        hosts = self._cloud.database.read(lambda tx: objects.of_kind(tx, self._cloud.site.uid, "host"))
        found = self._agents([h for h in hosts if remote.has_agent(h) and work.shard_of(h.uid) in shards])
        for host in hosts:
            drivers = None if remote.has_agent(host) else self._fleet.drivers(host)
            if work.shard_of(host.uid) in shards and drivers is not None:
                found += self._host(host, drivers)
        return found

    def _sweep_storage(self) -> None:
        """Have what outlived its image or its time in the trash go, here and in the depot."""
        now = self._cloud.database.clock.monotonic()
        if now < self._storage_at:
            return
        self._storage_at = now + STORAGE_EVERY_S

        def images() -> set[str]:
            return {o[1] for o in self._cloud.database.read(lambda tx: objects.everywhere(tx, ["image"]))}

        if self._cloud.depot is not None and (swept := self._cloud.depot.sweep(images)):
            log.info("%d uploads were given up by their uploaders, or their images have gone", swept)
        for name, pool in sorted(self._fleet.pools().items()):
            try:
                pool.purge_trash()
                self._sweep_pool(name, pool, images)
            except DriverError as error:
                log.warning("pool %s cannot be swept: %s", name, error)

    def _sweep_pool(self, name: str, pool: StorageDriver, images: Callable[[], set[str]]) -> None:
        """Remove the images of which no object is left; one that was just stored may be older than what we read."""
        stored = set(pool.observe_images())
        orphans = stored - images() if stored else set[str]()
        for uid in sorted(orphans & self._orphans.get(name, set())):
            log.warning("removing image %s from pool %s: it is nobody's", uid, name)
            pool.ensure_image_absent(uid)
        self._orphans[name] = orphans

    def _agents(self, hosts: Sequence[Record]) -> int:
        """Have the hosts looked at whose agents have fallen silent, or are heard again."""
        if not hosts:
            return 0
        seen, now_us = self._cloud.database.read(lambda tx: (agents.seen(tx), tx.now_us))
        silent = {h.uid for h in hosts if seen.get(h.uid) is not None and is_silent(seen[h.uid], now_us)}
        changed = [h for h in hosts if (h.uid in silent) != (h.uid in self._silent)]
        self._silent = (self._silent - {h.uid for h in hosts}) | silent
        return self._ask(changed) if changed else 0

    def _host(self, host: Record, drivers: HostDrivers) -> int:
        try:
            guests = dict(drivers.compute.observe_guests())
        except DriverError as error:
            if host.uid in self._silent:
                return 0
            log.warning("host %s does not answer: %s", host.name, error)
            self._silent.add(host.uid)
            self._seen.pop(host.uid, None)
            return self._ask([host])
        asked = self._ask([host]) if host.uid in self._silent else 0
        self._silent.discard(host.uid)
        before = self._seen.get(host.uid)
        if guests == before:
            return asked
        changed = {uid for uid in {*guests, *(before or {})} if guests.get(uid) != (before or {}).get(uid)}
        asked += self._changed(host, drivers, guests, changed, everything=before is None)
        self._seen[host.uid] = guests
        return asked

    def _changed(
        self,
        host: Record,
        drivers: HostDrivers,
        guests: dict[str, GuestObservation],
        changed: set[str],
        *,
        everything: bool,
    ) -> int:
        """Have the instances looked at whose guests changed or are missing; remove guests that nobody has here."""

        def ask(tx: Tx) -> tuple[int, set[str]]:
            held = {a.consumer_uid: a for a in allocations.on(tx, host.uid)}
            ours = changed & held.keys()
            if everything:
                ours |= held.keys() - guests.keys()
            for uid in sorted(ours):
                work.ask(tx, held[uid].tenant_uid, uid, "instance")
            return len(ours), changed - held.keys()

        asked, strangers = self._cloud.database.write(ask)
        for uid in sorted(strangers & guests.keys()):
            self._remove_orphan(host, drivers, uid)
        return asked

    def _remove_orphan(self, host: Record, drivers: HostDrivers, uid: str) -> None:
        log.warning("host %s runs guest %s, which is not its: removing it", host.name, uid)
        try:
            strangers.remove(uid, drivers)
        except DriverError as error:
            log.warning("guest %s cannot be removed from host %s yet: %s", uid, host.name, error)
            self._seen.pop(host.uid, None)

    def _ask(self, records: Sequence[Record]) -> int:
        def ask(tx: Tx) -> int:
            for record in records:
                work.ask(tx, record.tenant_uid, record.uid, record.kind)
            return len(records)

        return self._cloud.database.write(ask)
