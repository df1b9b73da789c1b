"""How often logins failed: one row a bucket, and so many buckets that rows are bounded whatever is tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select

from pextra.store.database import Tx
from pextra.store.tables import login_attempt as table


@dataclass(frozen=True, slots=True)
class Tally:
    """What is counted in one bucket.

    Attributes:
        until_us: no attempt is taken before.
        last_us: when the last one was.
    """

    failures: int = 0
    until_us: int = 0
    last_us: int = 0


def tallies(tx: Tx, buckets: Sequence[str]) -> dict[str, Tally]:
    """The tallies of these buckets, as far as there are any; one statement."""
    columns = (table.c.bucket, table.c.failures, table.c.until_us, table.c.last_us)
    rows = tx.conn.execute(select(*columns).where(table.c.bucket.in_(buckets)))
    return {bucket: Tally(*rest) for bucket, *rest in rows}


def put(tx: Tx, bucket: str, tally: Tally) -> None:
    """Store a tally."""
    values = {"failures": tally.failures, "until_us": tally.until_us, "last_us": tally.last_us}
    tx.upsert(table, [{"bucket": bucket, **values}], update=values)


def forget(tx: Tx, before_us: int) -> int:
    """Let the tallies go in which nothing happened since; tells how many."""
    return tx.conn.execute(delete(table).where(table.c.last_us < before_us)).rowcount
