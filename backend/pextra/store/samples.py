"""The latest counters of the guests and GPUs of each host: one compressed row a host, which each sample replaces.

Why so is in adr/0014. They are no objects: they make no events and advance no revision.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete, select

from pextra.store.database import Tx
from pextra.store.tables import host_sample

_GPUS: Final = "gpus"
"""In a row, beside the guests' uids."""
_LEVEL: Final = 1
"""Of compression: what is written every minute by every host is to cost little time more than little room."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one guest had counted, and when."""

    at_us: int
    counters: dict[str, Any]


def put(
    tx: Tx, host_uid: str, counters: Mapping[str, Mapping[str, Any]], gpus: Sequence[Mapping[str, Any]] = ()
) -> None:
    """Replace what is known of the host's guests and GPUs.

    Args:
        counters: of each guest that runs there, by uid.
        gpus: what its GPUs said, each with its `address`; with `guest_uid` where a guest says so.
    """
    kept = {**counters, _GPUS: gpus} if gpus else counters
    document = zlib.compress(json.dumps(kept, separators=(",", ":")).encode(), _LEVEL)
    values = {"at_us": tx.now_us, "document": document}
    tx.upsert(host_sample, [{"host_uid": host_uid, **values}], update=values)


def of(tx: Tx, host_uid: str, guest_uid: str) -> Sample | None:
    """The latest of a guest on its host; None when it did not run there then."""
    row = tx.conn.execute(select(host_sample).where(host_sample.c.host_uid == host_uid)).first()
    if row is None:
        return None
    counters = json.loads(zlib.decompress(row.document)).get(guest_uid)
    return None if counters is None else Sample(row.at_us, counters)


def of_gpus(tx: Tx, host_uids: Collection[str], *, since_us: int) -> dict[tuple[str, str], dict[str, Any]]:
    """What GPUs said last, by their host's uid and their address, where that was not before `since_us`."""
    h = host_sample.c
    rows = tx.conn.execute(select(host_sample).where(h.host_uid.in_(host_uids), h.at_us >= since_us))
    return {
        (row.host_uid, said["address"]): said
        for row in rows
        for said in json.loads(zlib.decompress(row.document)).get(_GPUS, ())
    }


def forget(tx: Tx, host_uid: str) -> None:
    """The host goes."""
    tx.conn.execute(delete(host_sample).where(host_sample.c.host_uid == host_uid))
