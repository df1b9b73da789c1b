"""The snapshots of a pool's volumes.

A snapshot is a layer that is never written again; taking one puts an empty layer on top. So clones, rollbacks and
removals of either change no content: they choose which layer the next one lies on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Final

from pextra.drivers.file import manifest as manifests
from pextra.drivers.file.holding import (
    Held,
    finished,
    hold,
    hold_one,
    missing,
    snapshot_missing,
    written_layer,
)
from pextra.drivers.file.layers import install, size_of, snapshot_bytes, tidy
from pextra.drivers.file.locking import is_open_in_qemu
from pextra.drivers.file.manifest import KeptSnapshot, Manifest, Pending
from pextra.drivers.file.pool import Pool, VolumePlace
from pextra.drivers.file.volumes import looked_at
from pextra.drivers.interface import (
    DiskSource,
    Permanent,
    Retryable,
    SnapshotObservation,
    SnapshotPlan,
    SnapshotSource,
)

_ACTS_KEPT: Final = 32


class Snapshots:
    """See the module.

    Args:
        pool: whose volumes.
        clock: seconds since the epoch.
    """

    def __init__(self, pool: Pool, clock: Callable[[], float]) -> None:
        self._pool = pool
        self._clock = clock

    def now(self) -> float:
        """The time, as snapshots are stamped with it."""
        return self._clock()

    def ensure(self, wanted: Sequence[SnapshotSource]) -> tuple[SnapshotObservation, ...]:
        """See `StorageDriver.ensure_snapshots`."""
        if len({w.tenant_uid for w in wanted}) > 1 or len({w.volume_uid for w in wanted}) < len(wanted):
            raise Permanent("SourceAmbiguous", "a group of snapshots is of different volumes of one tenant")
        places = [self._pool.volume(w.tenant_uid, w.volume_uid) for w in wanted]
        with hold(self._pool, places) as volumes, ExitStack() as shut:
            new = [
                (volume, one)
                for volume, one in zip(volumes, wanted, strict=True)
                if volume.present.snapshot(one.uid) is None
            ]
            for volume, _ in new:
                shut.enter_context(volume.closed())
            # A plan that was acted on may have been this very snapshot.
            new = [(volume, one) for volume, one in new if volume.present.snapshot(one.uid) is None]
            now = self._clock()
            changed = {volume.place.uid: self._taken(volume, one, now) for volume, one in new}
            if len(new) == 1:
                new[0][0].change(changed[new[0][0].place.uid])
            elif new:
                manifests.write_group(places[0].tenant_dir, new[0][1].uid, changed)
                for volume, _ in new:
                    volume.reload()
                    tidy(self._pool, volume.place.dir, volume.present)
        return tuple(self._one(place, one.uid) for place, one in zip(places, wanted, strict=True))

    def prepare(self, wanted: SnapshotSource) -> SnapshotPlan:
        """See `StorageDriver.ensure_snapshot_prepared`."""
        place = self._pool.volume(wanted.tenant_uid, wanted.volume_uid)
        with hold_one(self._pool, place) as volume:
            manifest = volume.present
            if manifest.snapshot(wanted.uid) is not None:
                raise Permanent("SnapshotExists", f"volume {place.uid} has snapshot {wanted.uid} already")
            if manifest.pending is not None and manifest.pending.snapshot_uid != wanted.uid:
                if is_open_in_qemu(volume.head) or is_open_in_qemu(place.dir / manifest.pending.overlay):
                    raise Retryable(
                        "VolumeBusy",
                        f"volume {place.uid} becomes snapshot {manifest.pending.snapshot_uid}: finish that first",
                    )
                with volume.closed() as manifest:
                    pass
            if manifest.pending is None:
                name = f"{place.uid}.{manifest.next_layer}.qcow2"
                install(self._pool, place.work, place.dir, name, size_of(volume.head), manifest.head)
                manifest = volume.change(
                    replace(
                        manifest,
                        layers={**manifest.layers, name: manifest.head},
                        next_layer=manifest.next_layer + 1,
                        pending=Pending(wanted.uid, name, self._clock()),
                    )
                )
            assert manifest.pending is not None
            current, overlay = (place.dir / name for name in (manifest.head, manifest.pending.overlay))
            return SnapshotPlan(DiskSource("file", str(current), "qcow2"), DiskSource("file", str(overlay), "qcow2"))

    def finish(self, wanted: SnapshotSource) -> SnapshotObservation:
        """See `StorageDriver.ensure_snapshot_finished`."""
        place = self._pool.volume(wanted.tenant_uid, wanted.volume_uid)
        with hold_one(self._pool, place) as volume:
            manifest = volume.present
            if manifest.snapshot(wanted.uid) is None:
                if manifest.pending is None or manifest.pending.snapshot_uid != wanted.uid:
                    raise snapshot_missing(place.uid, wanted.uid)
                volume.change(finished(manifest))
        return self._one(place, wanted.uid)

    def observe(self, tenant_uid: str, volume_uid: str) -> tuple[SnapshotObservation, ...]:
        """See `StorageDriver.observe_snapshots`."""
        place = self._pool.volume(tenant_uid, volume_uid)

        def look(manifest: Manifest) -> tuple[SnapshotObservation, ...]:
            pending = manifest.pending
            if pending is not None and written_layer(place.dir, manifest) == pending.overlay:
                manifest = finished(manifest)
            return tuple(
                SnapshotObservation(
                    kept.uid,
                    volume_uid,
                    kept.id,
                    size_of(place.dir / kept.layer),
                    snapshot_bytes(place.dir, manifest, kept),
                    kept.taken_s,
                )
                for kept in manifest.snapshots
            )

        return looked_at(place, look) or ()

    def ensure_absent(self, tenant_uid: str, volume_uid: str, uid: str) -> None:
        """See `StorageDriver.ensure_snapshot_absent`."""
        place = self._pool.volume(tenant_uid, volume_uid)
        if not place.dir.exists():
            return
        with hold_one(self._pool, place) as volume:
            if (manifest := volume.manifest) is None:
                return
            if manifest.pending is not None and manifest.pending.snapshot_uid == uid:
                with volume.closed() as manifest:
                    pass
            if manifest.snapshot(uid) is not None:
                volume.change(replace(manifest, snapshots=tuple(s for s in manifest.snapshots if s.uid != uid)))
            volume.merge()

    def roll_back(self, tenant_uid: str, volume_uid: str, snapshot_uid: str, act: str) -> None:
        """See `StorageDriver.roll_back`."""
        place = self._pool.volume(tenant_uid, volume_uid)
        with hold_one(self._pool, place) as volume:
            if act in volume.present.acts:
                return
            with volume.closed() as manifest:
                kept = manifest.snapshot(snapshot_uid)
                if kept is None:
                    raise snapshot_missing(volume_uid, snapshot_uid)
                name = f"{place.uid}.{manifest.next_layer}.qcow2"
                size = size_of(place.dir / kept.layer)
                install(self._pool, place.work, place.dir, name, size, kept.layer)
                volume.change(
                    replace(
                        manifest,
                        head=name,
                        layers={**manifest.layers, name: kept.layer},
                        next_layer=manifest.next_layer + 1,
                        acts=(*manifest.acts, act)[-_ACTS_KEPT:],
                    )
                )

    def _taken(self, volume: Held, wanted: SnapshotSource, now: float) -> Manifest:
        """What the closed volume will consist of with the snapshot; its new layer is in place."""
        manifest, place = volume.present, volume.place
        name = f"{place.uid}.{manifest.next_layer}.qcow2"
        install(self._pool, place.work, place.dir, name, size_of(volume.head), manifest.head)
        return replace(
            manifest,
            head=name,
            layers={**manifest.layers, name: manifest.head},
            snapshots=(*manifest.snapshots, KeptSnapshot(wanted.uid, manifest.next_id, manifest.head, now)),
            next_id=manifest.next_id + 1,
            next_layer=manifest.next_layer + 1,
        )

    def _one(self, place: VolumePlace, uid: str) -> SnapshotObservation:
        for seen in self.observe(place.tenant_uid, place.uid):
            if seen.uid == uid:
                return seen
        if manifests.read(place) is None:
            raise missing(place.uid)
        raise snapshot_missing(place.uid, uid)
