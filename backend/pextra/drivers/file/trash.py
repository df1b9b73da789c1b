"""Volumes that were removed: destroyed, or moved aside for a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from pextra.drivers.file import manifest as manifests
from pextra.drivers.file.durable import move, remove_file, remove_if_empty, remove_tree, write_file
from pextra.drivers.file.holding import clear_abandoned, hold_one, missing
from pextra.drivers.file.layers import size_of, used_bytes
from pextra.drivers.file.pool import Pool, VolumePlace
from pextra.drivers.interface import Permanent, TrashObservation

_NOTE: Final = "trash.json"


class Trash:
    """See the module.

    Args:
        pool: whose volumes.
        clock: seconds since the epoch.
    """

    def __init__(self, pool: Pool, clock: Callable[[], float]) -> None:
        self._pool = pool
        self._clock = clock

    def ensure_absent(self, tenant_uid: str, uid: str, keep_s: float) -> None:
        """See `StorageDriver.ensure_volume_absent`."""
        place = self._pool.volume(tenant_uid, uid)
        if not place.tenant_dir.exists():
            return
        with hold_one(self._pool, place) as held:
            if held.manifest is None:
                held.destroy()
                return
            with held.closed() as manifest:
                if keep_s > 0:
                    write_file(place.dir / _NOTE, json.dumps({"until_s": self._clock() + keep_s}).encode())
                    self._pool.make_directory(place.trash.parent)
                    remove_tree(place.trash)
                    move(place.dir, place.trash)
                    return
                if manifest.snapshots:
                    raise Permanent(
                        "SnapshotsExist",
                        f"volume {uid} has {len(manifest.snapshots)} snapshots: remove them first, or keep it",
                    )
                held.destroy()

    def restore(self, tenant_uid: str, uid: str) -> None:
        """See `StorageDriver.restore_volume`."""
        place = self._pool.volume(tenant_uid, uid)
        with hold_one(self._pool, place) as held:
            if held.manifest is None:
                if manifests.read_in(place.trash) is None:
                    raise missing(uid)
                move(place.trash, place.dir)
            remove_if_empty(place.trash.parent)
            if (place.dir / _NOTE).exists():
                remove_file(place.dir / _NOTE)

    def observe(self) -> Mapping[str, TrashObservation]:
        """See `StorageDriver.observe_trash`."""
        found: dict[str, TrashObservation] = {}
        for place in self._pool.trash():
            with suppress(FileNotFoundError):
                manifest = manifests.read_in(place.trash)
                if manifest is not None:
                    found[place.uid] = TrashObservation(
                        place.uid,
                        place.tenant_uid,
                        size_of(place.trash / manifest.head),
                        used_bytes(self._pool, place, place.trash, manifest),
                        _until(place.trash),
                    )
        return found

    def purge(self) -> int:
        """See `StorageDriver.purge_trash`."""
        now, purged = self._clock(), 0
        for gone in self._pool.root.glob("trash/*/.*.gone"):
            remove_tree(gone)
            remove_if_empty(gone.parent)
        for work in self._pool.root.glob("volumes/*/.*.work"):
            uid = work.name.removeprefix(".").removesuffix(".work")
            clear_abandoned(self._pool, [self._pool.volume(work.parent.name, uid)])
        for place in self._pool.trash():
            with suppress(FileNotFoundError), hold_one(self._pool, place):
                if place.trash.is_dir() and _until(place.trash) <= now:
                    purged += 1
                    self._destroy(place)
        return purged

    @staticmethod
    def _destroy(place: VolumePlace) -> None:
        gone = place.trash.with_name(f".{place.uid}.gone")
        move(place.trash, gone)
        remove_tree(gone)
        remove_if_empty(gone.parent)


def _until(directory: Path) -> float:
    told: dict[str, Any] = json.loads((directory / _NOTE).read_bytes())
    return float(told["until_s"])
