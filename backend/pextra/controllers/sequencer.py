"""The loop that numbers events and drops what is no longer promised; one process at a time runs it."""

from __future__ import annotations

from typing import Final

from pextra.services.cloud import Cloud
from pextra.store import events, leases, request_keys
from pextra.store.database import Tx
from pextra.store.leases import Lease

LEASE_TTL_S: Final = 10.0
EXPIRY_EVERY_S: Final = 60.0


class Sequencer:
    """See the module."""

    def __init__(self, cloud: Cloud, *, holder: str) -> None:
        self._cloud = cloud
        self._holder = holder
        self._lease: Lease | None = None
        self._renew_at = 0.0
        self._expire_at = 0.0

    def step(self) -> int:
        """Number one batch of events; tells how many there were."""
        database = self._cloud.database
        now = database.clock.monotonic()
        if now >= self._renew_at:
            self._lease = database.write(lambda tx: leases.acquire(tx, "sequencer", self._holder, ttl_s=LEASE_TTL_S))
            self._renew_at = now + LEASE_TTL_S / 3
        lease = self._lease
        if lease is None or not database.read(events.pending_any):
            return 0

        def write(tx: Tx) -> int:
            leases.fence(tx, lease)
            return events.sequence(tx)

        try:
            moved = database.write(write)
        except leases.Fenced:
            self._lease, self._renew_at = None, 0.0
            return 0
        if now >= self._expire_at:
            self._expire_at = now + EXPIRY_EVERY_S
            database.write(events.expire)
            database.write(request_keys.expire)
        return moved
