"""The loop that numbers events, seals the audit log, and drops what is no longer promised.

One process at a time runs it: its writes are fenced by the epoch of its lease.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from pextra.services import auditing
from pextra.services.cloud import Cloud
from pextra.store import audit, events, leases, request_keys
from pextra.store.audit import Place, Signer
from pextra.store.database import Tx
from pextra.store.leases import Lease

LEASE_TTL_S: Final = 10.0
EXPIRY_EVERY_S: Final = 60.0


class Sequencer:
    """See the module.

    Args:
        signer: signs the heads of audit chains; without it, this process leaves the audit log unsealed.
    """

    def __init__(self, cloud: Cloud, *, holder: str, signer: Signer | None = None) -> None:
        self._cloud = cloud
        self._holder = holder
        self._signer = signer
        self._lease: Lease | None = None
        self._renew_at = 0.0
        self._expire_at = 0.0
        self._broken: set[str] = set()

    def step(self) -> int:
        """Number one batch of events and seal one of audit entries; tells how many there were."""
        database = self._cloud.database
        now = database.clock.monotonic()
        if now >= self._renew_at:
            self._lease = database.write(lambda tx: leases.acquire(tx, "sequencer", self._holder, ttl_s=LEASE_TTL_S))
            self._renew_at = now + LEASE_TTL_S / 3
        lease = self._lease
        if lease is None:
            return 0
        numbered, sealed = database.read(lambda tx: (events.pending_any(tx), audit.pending_any(tx)))
        moved = 0
        try:
            if numbered:
                moved += self._fenced(lease, events.sequence)
            if sealed:
                moved += self._fenced(lease, self._seal)
        except leases.Fenced:
            self._lease, self._renew_at = None, 0.0
            return moved
        if moved and now >= self._expire_at:
            self._expire_at = now + EXPIRY_EVERY_S
            self._broken.clear()  # they are looked at again, and said again to be broken
            database.write(events.expire)
            database.write(request_keys.expire)
        return moved

    def _fenced(self, lease: Lease, work: Callable[[Tx], int]) -> int:
        def write(tx: Tx) -> int:
            leases.fence(tx, lease)
            return work(tx)

        return self._cloud.database.write(write)

    def _seal(self, tx: Tx) -> int:
        if self._signer is None:
            return 0
        site = self._cloud.site.uid

        def places(tx: Tx, uids: set[str]) -> Mapping[str, Place]:
            return auditing.places(tx, site, uids)

        return audit.seal(tx, site, self._signer, places=places, broken=self._broken)
