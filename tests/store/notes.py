"""Notes: the simplest thing to store, a key with a value, for tests that are about transactions alone."""

from __future__ import annotations

from sqlalchemy import insert, select, update

from pextra.store.database import Database, Tx
from pextra.store.tables import site


def add(tx: Tx, key: str, value: str = "") -> None:
    """Store a note that is not there yet; another with the same key is an error of the database."""
    tx.conn.execute(insert(site).values(key=key, value=value))


def change(tx: Tx, key: str, value: str) -> None:
    """Replace the value of a note."""
    tx.conn.execute(update(site).where(site.c.key == key).values(value=value))


def read(tx: Tx) -> dict[str, str]:
    """Every note."""
    return {row.key: row.value for row in tx.conn.execute(select(site))}


def stored(database: Database) -> dict[str, str]:
    """Every note that was committed."""
    return database.read(read)
