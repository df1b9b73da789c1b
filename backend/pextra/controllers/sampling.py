"""Counters of the guests and GPUs whose hosts this process drives itself; agents send those of theirs."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final

from pextra.controllers import remote
from pextra.controllers.fleet import Fleet
from pextra.drivers.interface import DriverError
from pextra.drivers.sampling import gpu_samples_of, samples_of
from pextra.services.agents import SAMPLE_S
from pextra.services.cloud import Cloud
from pextra.store import objects, samples, work
from pextra.store.database import Tx
from pextra.store.records import Record

log = logging.getLogger("pextra.controllers")

_HOSTS_AT_ONCE: Final = 50
"""How many hosts' samples are stored in one transaction."""


_Sampled = tuple[str, dict[str, Any], list[dict[str, Any]]]
"""A host's uid, the counters of its guests, and what its GPUs said."""


class Sampling:
    """Remembers when it sampled last."""

    def __init__(self, cloud: Cloud, fleet: Fleet) -> None:
        self._cloud = cloud
        self._fleet = fleet
        self._due = 0.0

    def run(self, shards: Sequence[int]) -> int:
        """Sample the hosts of these shards when it is time to; tells how many hosts were."""
        now = self._cloud.database.clock.monotonic()
        if now < self._due:
            return 0
        self._due = now + SAMPLE_S
        hosts = self._cloud.database.read(lambda tx: objects.of_kind(tx, self._cloud.site.uid, "host"))
        found = [one for h in hosts if work.shard_of(h.uid) in shards and (one := self._sample(h)) is not None]
        for start in range(0, len(found), _HOSTS_AT_ONCE):
            self._store(found[start : start + _HOSTS_AT_ONCE])
        return len(found)

    def _sample(self, host: Record) -> _Sampled | None:
        drivers = None if remote.has_agent(host) or host.deleting else self._fleet.drivers(host)
        if drivers is None:
            return None
        try:
            counted = samples_of(drivers.compute.observe_metrics())
        except DriverError as error:
            log.warning("the guests of host %s cannot be measured: %s", host.name, error)
            return None
        of_gpus = gpu_samples_of(drivers.gpus.observe_readings())
        said = [each.model_dump(mode="json", exclude_none=True) for each in of_gpus]
        return host.uid, {each.uid: each.counters() for each in counted}, said

    def _store(self, found: Sequence[_Sampled]) -> None:
        def write(tx: Tx) -> None:
            there = objects.by_uids(tx, [(self._cloud.site.uid, uid) for uid, _, _ in found])
            for uid, counters, of_gpus in found:
                if uid in there:
                    samples.put(tx, uid, counters, of_gpus)

        self._cloud.database.write(write)
