"""Stands beside every driver call that destroys something, and asks the database whether it is still wanted."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, Final

from pextra.simulation.ledger import Ledger

_LIVING: Final = """
    SELECT r.kind, r.name, s.status ->> 'host_uid', s.status ->> 'pool'
    FROM resource r JOIN resource_status s ON s.tenant_uid = r.tenant_uid AND s.uid = r.uid
    WHERE r.uid = ? AND r.deleting_us IS NULL"""


class Guard:
    """Notes as a fault of the run that the guest or the disk of a live object was destroyed where it belongs.

    Nothing that comes later can make that good, so that looking at the world afterwards would not find it: the guest
    would have been made anew, with an empty disk.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._connection: sqlite3.Connection | None = None

    def watch(self, path: Path) -> None:
        """Ask this database from now on."""
        self._connection = sqlite3.connect(path, isolation_level=None)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def before(self, place: str, name: str, args: tuple[Any, ...]) -> None:
        """A driver's method is about to act on a host (its uid) or in a pool (its name)."""
        if name not in ("ensure_absent", "ensure_volume_absent") or self._connection is None:
            return
        uid = args[-1]
        if not isinstance(uid, str):  # of the fabric, which has no disks
            return
        row = self._connection.execute(_LIVING, (uid,)).fetchone()
        if row is None:
            return
        kind, who, host_uid, pool = row
        if place == (host_uid if name == "ensure_absent" else pool):
            self._ledger.faults.append(f"{name} of {kind} {who} {uid} on {place}, where it lives")
