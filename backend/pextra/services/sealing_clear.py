"""Sealing what was stored before there were keys, at the first start with one."""

from __future__ import annotations

from typing import Final

from pextra.services.cloud import Cloud
from pextra.store import secrets, site
from pextra.store.database import Tx

BATCH: Final = 100


def seal_clear_values(cloud: Cloud) -> int:
    """Seal every clear value, in transactions of `BATCH`; gives how many there were.

    Whenever it dies, each value is in one place: sealed or clear; the next start goes on. Run by one process, before
    the others start. What a database keeps of replaced pages is overwritten where we can (SQLite); elsewhere it goes
    with the database's own clean-up, and in backups it stays: see docs/secrets.md.

    Raises:
        PextraError: `keys.lost`, `keys.unavailable`.
    """
    if cloud.database.read(site.holds_nothing_clear):
        return 0
    sealed = 0
    while batch := cloud.database.write(lambda tx: _batch(cloud, tx)):
        sealed += batch
    cloud.database.write(lambda tx: _site(cloud, tx))
    cloud.database.overwrite_freed()
    cloud.database.write(site.keep_nothing_clear)
    return sealed


def _batch(cloud: Cloud, tx: Tx) -> int:
    values = secrets.clear_values(tx, limit=BATCH)
    for each in values:
        cloud.keys.put(tx, each.tenant_uid, each.uid, {each.path: (each.value, each.facts)})
    secrets.remove_clear(tx, values)
    return len(values)


def _site(cloud: Cloud, tx: Tx) -> None:
    for name, value in site.clear(tx).items():
        cloud.keys.keep_site_value(tx, name, value.encode())
