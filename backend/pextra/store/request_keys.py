"""Answers that a repeated request gets again."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import delete, select

from pextra.store.database import LOOPS, Key, Tx
from pextra.store.tables import request_key as table

KEEP_S: Final = 86_400.0
KEEP_OWN_S: Final = 600.0


def stored(tx: Tx, key: Key) -> tuple[str, dict[str, Any] | None] | None:
    """(request hash, answer) of an earlier request under the key."""
    row = tx.conn.execute(
        select(table.c.request_hash, table.c.answer).where(table.c.scope == key.scope, table.c.key == key.key)
    ).first()
    return (row[0], row[1]) if row is not None else None


def expire(tx: Tx, *, limit: int = 1000) -> int:
    """Drop keys that are no longer promised, at most `limit` of each sort; tells how many."""
    dropped = 0
    for own, keep in ((True, KEEP_OWN_S), (False, KEEP_S)):
        scope = table.c.scope == LOOPS if own else table.c.scope != LOOPS
        rows = tx.conn.execute(
            select(table.c.scope, table.c.key)
            .where(scope, table.c.created_us < tx.now_us - int(keep * 1_000_000))
            .limit(limit)
        ).all()
        for row in rows:
            tx.conn.execute(delete(table).where(table.c.scope == row[0], table.c.key == row[1]))
        dropped += len(rows)
    return dropped
