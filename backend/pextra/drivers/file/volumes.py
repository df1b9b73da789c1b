"""The volumes of a pool: made, grown, copied, locked and removed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from pextra.drivers.file import manifest as manifests
from pextra.drivers.file.durable import link, move, publish, step, sync
from pextra.drivers.file.holding import Held, clear_abandoned, hold, hold_one, missing, snapshot_missing, written_layer
from pextra.drivers.file.images import virtual_size
from pextra.drivers.file.layers import (
    copy,
    create,
    image_layer,
    install,
    is_written,
    owner_of,
    paths,
    refuse_odd_size,
    refuse_tampered,
    size_of,
    used_bytes,
)
from pextra.drivers.file.manifest import Manifest
from pextra.drivers.file.pool import Pool, VolumePlace
from pextra.drivers.file.qemu import argument, node, qemu_img
from pextra.drivers.interface import (
    DiskSource,
    NotFound,
    Permanent,
    Retryable,
    VolumeObservation,
    VolumeSource,
)

T = TypeVar("T")
_ATTEMPTS = 5


class Volumes:
    """See the module."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def ensure(self, volume: VolumeSource) -> VolumeObservation:
        """See `StorageDriver.ensure_volume`."""
        refuse_odd_size(volume.size_bytes)
        place = self._pool.volume(volume.tenant_uid, volume.uid)
        present = self._observe(place)
        if present is None:
            self._make(volume, place)
        elif volume.size_bytes < present.size_bytes:
            raise Permanent("ShrinkForbidden", f"volume {volume.uid} cannot shrink: it has {present.size_bytes} bytes")
        elif volume.size_bytes > present.size_bytes:
            self._grow(place, volume.size_bytes)
        else:
            origin = [self._pool.volume(volume.tenant_uid, volume.volume_uid)] if volume.volume_uid else []
            clear_abandoned(self._pool, [place, *origin])
            return present
        made = self._observe(place)
        if made is None:
            raise Retryable("PoolBroken", f"volume {volume.uid} vanished while it was being made")
        return made

    def observe(self, tenant_uid: str, uid: str) -> VolumeObservation | None:
        """See `StorageDriver.observe_volume`."""
        return self._observe(self._pool.volume(tenant_uid, uid))

    def observe_all(self) -> Mapping[str, VolumeObservation]:
        """See `StorageDriver.observe_volumes`."""
        found = {place.uid: self._observe(place) for place in self._pool.volumes()}
        return {uid: volume for uid, volume in found.items() if volume is not None}

    def disk_source(self, tenant_uid: str, uid: str) -> DiskSource:
        """See `StorageDriver.disk_source`."""
        place = self._pool.volume(tenant_uid, uid)

        def find(manifest: Manifest) -> DiskSource:
            layer = written_layer(place.dir, manifest)
            refuse_tampered(place.dir, manifest, layer)
            return DiskSource("file", str(place.dir / layer), "qcow2")

        source = looked_at(place, find)
        if source is None:
            raise missing(uid)
        return source

    def ensure_independent(self, tenant_uid: str, uid: str) -> VolumeObservation:
        """See `StorageDriver.ensure_independent`."""
        place = self._pool.volume(tenant_uid, uid)
        with hold_one(self._pool, place) as held:
            if not _independent(place, held.present):
                with held.closed() as manifest:
                    name = f"{uid}.{manifest.next_layer}.qcow2"
                    chain = paths(place.dir, manifest.chain(manifest.head))
                    copy(self._pool, chain, place.work / name, size_of(held.head))
                    publish(place.work / name, place.dir / name)
                    held.change(
                        replace(
                            manifest,
                            head=name,
                            layers={**manifest.layers, name: None},
                            next_layer=manifest.next_layer + 1,
                        )
                    )
        made = self._observe(place)
        if made is None:
            raise missing(uid)
        return made

    # --- locks ---

    def ensure_locked(self, tenant_uid: str, uid: str, owner: str) -> None:
        """See `StorageDriver.ensure_locked`."""
        with hold_one(self._pool, self._pool.volume(tenant_uid, uid)) as held:
            holder = held.present.lock_owner
            if holder and holder != owner:
                raise Retryable("VolumeLocked", f"volume {uid} is locked by {holder}")
            if not holder:
                held.change(replace(held.present, lock_owner=owner))

    def ensure_unlocked(self, tenant_uid: str, uid: str, owner: str) -> None:
        """See `StorageDriver.ensure_unlocked`."""
        with hold_one(self._pool, self._pool.volume(tenant_uid, uid)) as held:
            if held.manifest is not None and held.manifest.lock_owner == owner:
                held.change(replace(held.manifest, lock_owner=""))

    def break_lock(self, tenant_uid: str, uid: str, owner: str) -> None:
        """See `StorageDriver.break_lock`; the file gets another name, so that who knew the old one opens nothing."""
        place = self._pool.volume(tenant_uid, uid)
        with hold_one(self._pool, place) as held:
            if not owner or held.present.lock_owner != owner:
                return
            with held.closed() as manifest:
                name = f"{uid}.{manifest.next_layer}.qcow2"
                link(held.head, place.dir / name)
                layers: Mapping[str, str | None] = {**manifest.layers, name: manifest.layers[manifest.head]}
                held.change(
                    replace(manifest, head=name, layers=layers, next_layer=manifest.next_layer + 1, lock_owner="")
                )

    # --- within ---

    def _observe(self, place: VolumePlace) -> VolumeObservation | None:
        def look(manifest: Manifest) -> VolumeObservation:
            head = written_layer(place.dir, manifest)
            return VolumeObservation(
                place.uid,
                place.tenant_uid,
                size_of(place.dir / head),
                used_bytes(self._pool, place, place.dir, manifest),
                independent=_independent(place, manifest),
                lock_owner=manifest.lock_owner,
            )

        return looked_at(place, look)

    def _make(self, volume: VolumeSource, place: VolumePlace) -> None:
        if (volume.image_uid and volume.volume_uid) or (volume.snapshot_uid and not volume.volume_uid):
            raise Permanent("SourceAmbiguous", f"volume {volume.uid} starts as an image, a volume or its snapshot")
        if volume.volume_uid is None:
            with hold_one(self._pool, place) as held:
                if held.manifest is None:
                    self._make_from_image(volume, place)
            return
        origin = self._pool.volume(volume.tenant_uid, volume.volume_uid)
        if origin.uid == place.uid:
            raise missing(origin.uid)
        with hold(self._pool, [place, origin]) as (held, source):
            if held.manifest is None:
                self._make_from_volume(volume, place, source)

    def _make_from_image(self, volume: VolumeSource, place: VolumePlace) -> None:
        new = self._workspace(place)
        layers: dict[str, str | None] = {}
        below = None
        if volume.image_uid is not None:
            image = self._pool.image(volume.image_uid)
            if image is None:
                raise NotFound("ImageMissing", f"image {volume.image_uid} is not in this pool")
            _refuse_larger(f"image {volume.image_uid}", virtual_size(image), volume)
            below = image_layer(volume.image_uid, image.format)
            layers[below] = None
            try:
                link(image.path, new / below)
            except FileNotFoundError as error:
                raise NotFound("ImageMissing", f"image {volume.image_uid} is not in this pool") from error
        self._finish(volume, place, new, layers, below)

    def _make_from_volume(self, volume: VolumeSource, place: VolumePlace, source: Held) -> None:
        if volume.snapshot_uid is not None:
            kept = source.present.snapshot(volume.snapshot_uid)
            if kept is None:
                raise snapshot_missing(source.place.uid, volume.snapshot_uid)
            self._clone(volume, place, source, kept.layer)
            return
        with source.closed() as manifest:
            _refuse_larger(f"volume {source.place.uid}", size_of(source.head), volume)
            layer, below = manifest.head, manifest.layers[manifest.head]
            unwritten = below is not None and not is_written(source.head)
            if below is not None and unwritten and size_of(source.head) == size_of(source.place.dir / below):
                layer = below  # as after a kill, or a snapshot: no need for one more layer
            elif not volume.independent:
                # What both share is written by neither from now on.
                name = f"{source.place.uid}.{manifest.next_layer}.qcow2"
                install(self._pool, source.place.work, source.place.dir, name, size_of(source.head), layer)
                source.change(
                    replace(
                        manifest,
                        head=name,
                        layers={**manifest.layers, name: layer},
                        next_layer=manifest.next_layer + 1,
                    )
                )
            self._clone(volume, place, source, layer)

    def _clone(self, volume: VolumeSource, place: VolumePlace, source: Held, layer: str) -> None:
        """Have a volume whose content is that of another one's layer."""
        manifest, directory = source.present, source.place.dir
        _refuse_larger(f"volume {source.place.uid}", size_of(directory / layer), volume)
        refuse_tampered(directory, manifest, layer)
        new = self._workspace(place)
        chain = manifest.chain(layer)
        if volume.independent:
            name = f"{place.uid}.1.qcow2"
            copy(self._pool, paths(directory, chain), new / name, volume.size_bytes)
            sync(new / name)
            self._publish(place, new, Manifest(name, {name: None}, next_layer=2))
            return
        for shared in chain:
            link(directory / shared, new / shared)
        self._finish(volume, place, new, {name: manifest.layers[name] for name in chain}, layer)

    def _workspace(self, place: VolumePlace) -> Path:
        new = place.work / "new"
        self._pool.make_directory(new)
        return new

    def _finish(
        self,
        volume: VolumeSource,
        place: VolumePlace,
        new: Path,
        layers: Mapping[str, str | None],
        below: str | None,
    ) -> None:
        head = f"{place.uid}.1.qcow2"
        create(self._pool, new / head, volume.size_bytes, below)
        sync(new / head)
        self._publish(place, new, Manifest(head, {**layers, head: below}, next_layer=2))

    @staticmethod
    def _publish(place: VolumePlace, new: Path, manifest: Manifest) -> None:
        manifests.write(new, manifest)
        move(new, place.dir)

    def _grow(self, place: VolumePlace, size_bytes: int) -> None:
        with hold_one(self._pool, place) as held, held.closed():
            step("grow")
            # As the guests' account, whose QEMU wrote the file's header.
            opened = argument(node("qcow2", held.head))
            qemu_img("resize", "-q", opened, str(size_bytes), account=self._pool.account)
            sync(held.head)


def looked_at(place: VolumePlace, look: Callable[[Manifest], T]) -> T | None:
    """What `look` sees of a volume that nobody holds, or None when there is none; it may change meanwhile."""
    for _ in range(_ATTEMPTS):
        manifest = manifests.read(place)
        if manifest is None:
            return None
        try:
            return look(manifest)
        except FileNotFoundError:
            if manifests.read(place) == manifest:
                raise Permanent("PoolBroken", f"a file of volume {place.uid} is missing in {place.dir}") from None
    raise Retryable("PoolBroken", f"volume {place.uid} changes faster than it can be looked at")


def _independent(place: VolumePlace, manifest: Manifest) -> bool:
    return all(owner_of(layer) == place.uid for layer in manifest.chain(manifest.head))


def _refuse_larger(what: str, needed: int, volume: VolumeSource) -> None:
    if needed > volume.size_bytes:
        raise Permanent("ImageLarger", f"{what} needs {needed} bytes: the volume has {volume.size_bytes}")
