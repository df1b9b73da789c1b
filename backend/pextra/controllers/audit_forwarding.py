"""The loop that forwards sealed audit entries to one sink, in order, each at least once."""

from __future__ import annotations

import hashlib
import json
import logging
from typing import Final

from pextra.drivers.audit_sinks import Message, Sink
from pextra.drivers.interface import Retryable
from pextra.services.cloud import Cloud
from pextra.store import audit_cursors, leases
from pextra.store.audit_reading import Entry
from pextra.store.database import Tx
from pextra.store.leases import Lease

log = logging.getLogger("pextra.audit")

LEASE_TTL_S: Final = 45.0
BATCH: Final = 100
LONGEST_PAUSE_S: Final = 60.0


class AuditForwarder:
    """See the module.

    The cursor of each chain moves when the sink has taken the entries: a crash between delivers them again.

    Args:
        address: names the sink among all, over restarts.
    """

    def __init__(self, cloud: Cloud, address: str, sink: Sink, *, holder: str) -> None:
        self._cloud = cloud
        self._sink = sink
        self._address = address
        self._name = hashlib.sha256(address.encode()).hexdigest()[:32]
        self._holder = holder
        self._lease: Lease | None = None
        self._renew_at = 0.0
        self._rest_until = 0.0
        self._failures = 0

    def step(self) -> int:
        """Deliver one batch of each chain that has grown; tells how many entries there were."""
        database = self._cloud.database
        now = database.clock.monotonic()
        if now < self._rest_until:
            return 0
        if now >= self._renew_at:
            name = f"audit-{self._name}"
            self._lease = database.write(lambda tx: leases.acquire(tx, name, self._holder, ttl_s=LEASE_TTL_S))
            self._renew_at = now + LEASE_TTL_S / 3
        if self._lease is None:
            return 0
        delivered = 0
        for tenant_uid, sequence in database.read(lambda tx: audit_cursors.behind(tx, self._name)):
            delivered += self._chain(self._lease, tenant_uid, sequence)
            if self._rest_until > now or database.clock.monotonic() >= self._renew_at:
                break
        return delivered

    def _chain(self, lease: Lease, tenant_uid: str, sequence: int) -> int:
        database = self._cloud.database
        entries = database.read(lambda tx: audit_cursors.next_entries(tx, tenant_uid, sequence, limit=BATCH))
        if not entries:
            return 0
        try:
            self._sink.deliver([_message(entry) for entry in entries])
        except Retryable as error:
            self._failures += 1
            pause_s = min(LONGEST_PAUSE_S, 0.5 * 2 ** min(self._failures, 10))
            self._rest_until = database.clock.monotonic() + pause_s
            log.warning("the audit log is not forwarded to %s, and tried again: %s", self._address, error.message)
            return 0
        self._failures = 0

        def move(tx: Tx) -> None:
            leases.fence(tx, lease)
            audit_cursors.move(tx, self._name, tenant_uid, entries[-1].sequence)

        try:
            database.write(move)
        except leases.Fenced:
            self._lease, self._renew_at = None, 0.0
        return len(entries)


def _message(entry: Entry) -> Message:
    facts = json.loads(entry.body)
    return Message(entry.body, facts["at"], facts["outcome"] == "refused", facts["action"])
