"""Changing the key-encryption key while the cloud runs, and what is to know of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pextra.services.cloud import Cloud
from pextra.services.keyring import told
from pextra.store import data_keys, secrets, site
from pextra.store.database import Tx

BATCH: Final = 50
"""So many data keys are wrapped anew in one transaction, each of which may be a call to Vault."""


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """How a site is encrypted.

    Attributes:
        where: where the key-encryption key is.
        current: the version that the site is at.
        versions: every version that is kept, oldest first.
        data_keys: how many data keys are wrapped with each version; a finished rotation leaves one.
        secrets: how many values are sealed.
    """

    where: str
    current: str
    versions: list[str]
    data_keys: dict[str, int]
    secrets: int

    @property
    def finished(self) -> bool:
        """Whether no rotation is under way."""
        return set(self.data_keys) <= {self.current} and self.versions[-1:] == [self.current]


def status(cloud: Cloud) -> KeyStatus:
    """How the site is encrypted.

    Raises:
        PextraError: `keys.lost`, `keys.unavailable`.
    """
    keeper = cloud.keys.keeper
    with told():
        versions = keeper.versions()

    def work(tx: Tx) -> KeyStatus:
        return KeyStatus(keeper.describe(), site.kek(tx) or "", versions, data_keys.count(tx), secrets.count(tx))

    return cloud.database.read(work)


def _tell_nobody(done: int) -> None:
    """The default of `rotate`."""
    del done


def rotate(cloud: Cloud, tell: Callable[[int], None] = _tell_nobody) -> KeyStatus:
    """Make a new version of the key-encryption key and wrap every data key with it; older versions are kept.

    One that was interrupted is finished instead: whenever it dies, each data key is wrapped with a version that is
    kept. Processes that run take the new version when they next meet it. New data keys are wrapped with the version
    that the site is at, in a serialisable transaction with it: none stays behind under an older one.

    Args:
        tell: called after each batch with how many data keys were wrapped anew so far.

    Raises:
        PextraError: `keys.lost`, `keys.unavailable`, `keys.damaged`.
    """
    before = status(cloud)
    keeper = cloud.keys.keeper
    with told():
        target = keeper.rotate() if before.finished else before.versions[-1]
    cloud.database.write(lambda tx: site.keep_kek(tx, target))
    done = 0
    while moved := cloud.database.write(lambda tx: _batch(cloud, tx, target)):
        done += moved
        tell(done)
    return status(cloud)


def _batch(cloud: Cloud, tx: Tx, target: str) -> int:
    found = data_keys.not_under(tx, target, limit=BATCH)
    for each in found:
        data_keys.rewrap(tx, each, kek=target, wrapped=cloud.keys.rewrapped(each, target))
    return len(found)


def forget(cloud: Cloud) -> list[str]:
    """Destroy the versions that nothing in the database is wrapped with any more; gives those that went.

    What an older backup of the database holds cannot be opened afterwards.

    Raises:
        PextraError: `keys.lost`, `keys.unavailable`.
    """
    now = status(cloud)
    used = {*now.data_keys, now.current}
    oldest = next(version for version in now.versions if version in used)
    with told():
        return cloud.keys.keeper.forget(oldest)
