"""The latest counters of the guests of each host: one compressed row a host, which each sample replaces.

Why so is in adr/0014. They are no objects: they make no events and advance no revision.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete, select

from pextra.store.database import Tx
from pextra.store.tables import host_sample

_LEVEL: Final = 1
"""Of compression: what is written every minute by every host is to cost little time more than little room."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one guest had counted, and when."""

    at_us: int
    counters: dict[str, Any]


def put(tx: Tx, host_uid: str, counters: Mapping[str, Mapping[str, Any]]) -> None:
    """Replace what is known of the host's guests.

    Args:
        counters: of each guest that runs there, by uid.
    """
    document = zlib.compress(json.dumps(counters, separators=(",", ":")).encode(), _LEVEL)
    values = {"at_us": tx.now_us, "document": document}
    tx.upsert(host_sample, [{"host_uid": host_uid, **values}], update=values)


def of(tx: Tx, host_uid: str, guest_uid: str) -> Sample | None:
    """The latest of a guest on its host; None when it did not run there then."""
    row = tx.conn.execute(select(host_sample).where(host_sample.c.host_uid == host_uid)).first()
    if row is None:
        return None
    counters = json.loads(zlib.decompress(row.document)).get(guest_uid)
    return None if counters is None else Sample(row.at_us, counters)


def forget(tx: Tx, host_uid: str) -> None:
    """The host goes."""
    tx.conn.execute(delete(host_sample).where(host_sample.c.host_uid == host_uid))
