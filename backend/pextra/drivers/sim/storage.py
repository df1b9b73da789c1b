"""Simulated images and volumes of one pool."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from pextra.drivers.interface import (
    DiskSource,
    Extent,
    ImageObservation,
    ImageSource,
    ImageTransfer,
    Permanent,
    Retryable,
    SnapshotObservation,
    SnapshotPlan,
    SnapshotSource,
    StorageCapabilities,
    TrashObservation,
    VolumeObservation,
    VolumeSource,
)
from pextra.drivers.interface.difference_stream import Decoder, StreamHeader, encode
from pextra.drivers.sim import contents, volumes
from pextra.drivers.sim.images import fetch
from pextra.drivers.sim.records import (
    BLOCK_BYTES,
    ImageRecord,
    PoolRecord,
    SnapshotRecord,
    TrashRecord,
    VolumeRecord,
    extents,
)
from pextra.drivers.sim.world import SimWorld

_ACTS_KEPT: Final = 32


class SimStorage:
    """The storage driver of a simulated pool.

    Images come from `sim://` URLs (see `images`). Reasons: those of the contract, and `UidTaken` for a volume
    whose uid is another tenant's.
    """

    def __init__(self, world: SimWorld, pool: str) -> None:
        self._world = world
        self._pool = pool

    def capabilities(self) -> StorageCapabilities:
        """What this driver can do."""
        return StorageCapabilities(
            shared=self._world.is_shared(self._pool),
            snapshots=True,
            clones=True,
            differences=True,
            trash=True,
            locks=True,
            resize_online=True,
        )

    # --- images ---

    def ensure_image(self, image: ImageSource) -> ImageObservation:
        """Verify and store the image; another digest under a stored uid is a mismatch.

        Raises:
            Permanent: `SourceForbidden`, `SourceMissing`, `FormatMismatch` or `DigestMismatch`.
            Retryable: `PoolFull`.
        """
        with self._world.in_pool(self._pool, "ensure_image") as pool:
            known = pool.images.get(image.uid)
            if known is not None:
                if known.sha256 != image.sha256:
                    raise Permanent(
                        "DigestMismatch",
                        f"image {image.uid} is stored with sha256 {known.sha256}, not {image.sha256}",
                    )
                known.hidden = False
                return known.observe(image.uid)
            virtual_size = fetch(image)
            stored = ImageRecord(image.sha256, virtual_size, extents(virtual_size // 4))
            pool.allocate(stored.stored_bytes)
            pool.images[image.uid] = stored
            return stored.observe(image.uid)

    def observe_image(self, uid: str) -> ImageObservation | None:
        """The stored image, or None."""
        with self._world.in_pool(self._pool, "observe_image") as pool:
            image = pool.images.get(uid)
            return None if image is None or image.hidden else image.observe(uid)

    def observe_images(self) -> Mapping[str, ImageObservation]:
        """Every stored image, by uid."""
        with self._world.in_pool(self._pool, "observe_images") as pool:
            return {uid: image.observe(uid) for uid, image in pool.images.items() if not image.hidden}

    def observe_transfer(self, uid: str) -> ImageTransfer | None:
        """None: simulated images come at once."""
        with self._world.in_pool(self._pool, "observe_transfer"):
            del uid
            return None

    def ensure_image_absent(self, uid: str) -> None:
        """Hide the image; its bytes go with its last clone."""
        with self._world.in_pool(self._pool, "ensure_image_absent") as pool:
            image = pool.images.get(uid)
            if image is not None:
                image.hidden = True
                volumes.collect(pool, uid, image)

    # --- volumes ---

    def ensure_volume(self, volume: VolumeSource) -> VolumeObservation:
        """Make the volume, or grow it; besides what the contract says, `UidTaken`."""
        volumes.refuse_odd_size(volume.size_bytes)
        with self._world.in_pool(self._pool, "ensure_volume") as pool:
            known = pool.volumes.get(volume.uid)
            if known is None:
                if volume.volume_uid is not None and volume.snapshot_uid is None:
                    self._refuse_open(pool, volume.tenant_uid, volume.volume_uid)
                return volumes.make(pool, volume).observe(volume.uid)
            if known.tenant_uid != volume.tenant_uid:
                raise Permanent("UidTaken", f"volume {volume.uid} belongs to another tenant")
            if volume.size_bytes < known.size_bytes:
                raise Permanent(
                    "ShrinkForbidden",
                    f"volume {volume.uid} cannot shrink from {known.size_bytes} to {volume.size_bytes} bytes",
                )
            pool.allocate(extents(volume.size_bytes) - extents(known.size_bytes))
            known.size_bytes = volume.size_bytes
            return known.observe(volume.uid)

    def observe_volume(self, tenant_uid: str, uid: str) -> VolumeObservation | None:
        """The tenant's volume, or None."""
        with self._world.in_pool(self._pool, "observe_volume") as pool:
            volume = volumes.owned(pool, tenant_uid, uid)
            return None if volume is None else volume.observe(uid)

    def observe_volumes(self) -> Mapping[str, VolumeObservation]:
        """Every volume in the pool, by uid."""
        with self._world.in_pool(self._pool, "observe_volumes") as pool:
            return {uid: volume.observe(uid) for uid, volume in pool.volumes.items()}

    def ensure_volume_absent(self, tenant_uid: str, uid: str, *, keep_s: float = 0.0) -> None:
        """Remove the tenant's volume, or move it aside."""
        with self._world.in_pool(self._pool, "ensure_volume_absent") as pool:
            volume = volumes.owned(pool, tenant_uid, uid)
            if volume is None:
                return
            self._refuse_open(pool, tenant_uid, uid)
            if keep_s <= 0 and volume.snapshots:
                raise Permanent(
                    "SnapshotsExist",
                    f"volume {uid} has {len(volume.snapshots)} snapshots: remove them, or keep it",
                )
            del pool.volumes[uid]
            if keep_s > 0:
                if (older := pool.trash.pop(uid, None)) is not None:
                    volumes.destroy(pool, older.volume)
                pool.trash[uid] = TrashRecord(volume, self._world.now + keep_s)
            else:
                volumes.destroy(pool, volume)

    def restore_volume(self, tenant_uid: str, uid: str) -> VolumeObservation:
        """Take the volume out of the trash."""
        with self._world.in_pool(self._pool, "restore_volume") as pool:
            kept = pool.trash.get(uid)
            if uid not in pool.volumes and kept is not None and kept.volume.tenant_uid == tenant_uid:
                pool.volumes[uid] = pool.trash.pop(uid).volume
            return volumes.present(pool, tenant_uid, uid).observe(uid)

    def observe_trash(self) -> Mapping[str, TrashObservation]:
        """Every volume in the trash, by uid."""
        with self._world.in_pool(self._pool, "observe_trash") as pool:
            return {
                uid: TrashObservation(
                    uid, kept.volume.tenant_uid, kept.volume.size_bytes, kept.volume.used_bytes, kept.until_s
                )
                for uid, kept in pool.trash.items()
            }

    def purge_trash(self) -> int:
        """Destroy the volumes in the trash whose time is over."""
        with self._world.in_pool(self._pool, "purge_trash") as pool:
            over = [uid for uid, kept in pool.trash.items() if kept.until_s <= self._world.now]
            for uid in over:
                volumes.destroy(pool, pool.trash.pop(uid).volume)
            return len(over)

    def ensure_independent(self, tenant_uid: str, uid: str) -> VolumeObservation:
        """Have the volume need nothing of what it started as."""
        with self._world.in_pool(self._pool, "ensure_independent") as pool:
            volume = volumes.present(pool, tenant_uid, uid)
            if volume.borrows or volume.image_uid is not None:
                self._refuse_open(pool, tenant_uid, uid)
                volumes.detach(pool, volume)
            return volume.observe(uid)

    def disk_source(self, tenant_uid: str, uid: str) -> DiskSource:
        """The simulated address of the tenant's volume."""
        with self._world.in_pool(self._pool, "disk_source") as pool:
            return self._source(uid, volumes.present(pool, tenant_uid, uid))

    # --- snapshots ---

    def ensure_snapshots(self, snapshots: Sequence[SnapshotSource]) -> tuple[SnapshotObservation, ...]:
        """Snapshot closed volumes, all at once."""
        if len({s.tenant_uid for s in snapshots}) > 1 or len({s.volume_uid for s in snapshots}) < len(snapshots):
            raise Permanent("SourceAmbiguous", "a group of snapshots is of different volumes of one tenant")
        with self._world.in_pool(self._pool, "ensure_snapshots") as pool:
            found = [(one, volumes.present(pool, one.tenant_uid, one.volume_uid)) for one in snapshots]
            new = [(one, volume) for one, volume in found if volume.snapshot(one.uid) is None]
            for one, _ in new:
                self._refuse_open(pool, one.tenant_uid, one.volume_uid)
            pool.allocate(sum(extents(len(volume.blocks) * BLOCK_BYTES) for _, volume in new))
            for one, volume in new:
                volume.pending = None
                volumes.take(volume, one.uid, self._world.now)
            return tuple(
                volumes.observed(one.volume_uid, volumes.kept(volume, one.volume_uid, one.uid)) for one, volume in found
            )

    def ensure_snapshot_prepared(self, snapshot: SnapshotSource) -> SnapshotPlan:
        """Plan a snapshot of a volume that is open; a simulated overlay has the volume's own address."""
        with self._world.in_pool(self._pool, "ensure_snapshot_prepared") as pool:
            volume = volumes.present(pool, snapshot.tenant_uid, snapshot.volume_uid)
            if volume.snapshot(snapshot.uid) is not None:
                raise Permanent("SnapshotExists", f"volume {snapshot.volume_uid} has snapshot {snapshot.uid} already")
            if volume.pending not in (None, snapshot.uid):
                self._refuse_open(pool, snapshot.tenant_uid, snapshot.volume_uid)
            volume.pending = snapshot.uid
            source = self._source(snapshot.volume_uid, volume)
            return SnapshotPlan(source, source)

    def ensure_snapshot_finished(self, snapshot: SnapshotSource) -> SnapshotObservation:
        """Take the snapshot that was planned: it is of this moment."""
        with self._world.in_pool(self._pool, "ensure_snapshot_finished") as pool:
            volume = volumes.present(pool, snapshot.tenant_uid, snapshot.volume_uid)
            if volume.snapshot(snapshot.uid) is None and volume.pending == snapshot.uid:
                pool.allocate(extents(len(volume.blocks) * BLOCK_BYTES))
                volume.pending = None
                volumes.take(volume, snapshot.uid, self._world.now)
            return volumes.observed(snapshot.volume_uid, volumes.kept(volume, snapshot.volume_uid, snapshot.uid))

    def observe_snapshots(self, tenant_uid: str, volume_uid: str) -> tuple[SnapshotObservation, ...]:
        """The volume's snapshots, oldest first."""
        with self._world.in_pool(self._pool, "observe_snapshots") as pool:
            volume = volumes.owned(pool, tenant_uid, volume_uid)
            return () if volume is None else tuple(volumes.observed(volume_uid, s) for s in volume.snapshots)

    def ensure_snapshot_absent(self, tenant_uid: str, volume_uid: str, uid: str) -> None:
        """Remove the snapshot."""
        with self._world.in_pool(self._pool, "ensure_snapshot_absent") as pool:
            volume = volumes.owned(pool, tenant_uid, volume_uid)
            snapshot = None if volume is None else volume.snapshot(uid)
            if volume is not None and snapshot is not None:
                volume.snapshots.remove(snapshot)
                pool.release(snapshot.allocated_bytes)

    def roll_back(self, tenant_uid: str, volume_uid: str, snapshot_uid: str, *, act: str) -> VolumeObservation:
        """Give the volume the content and size of the snapshot."""
        with self._world.in_pool(self._pool, "roll_back") as pool:
            volume = volumes.present(pool, tenant_uid, volume_uid)
            if act not in volume.acts:
                self._refuse_open(pool, tenant_uid, volume_uid)
                snapshot = volumes.kept(volume, volume_uid, snapshot_uid)
                difference = extents(snapshot.size_bytes) - extents(volume.size_bytes)
                pool.allocate(difference) if difference > 0 else pool.release(-difference)
                volume.blocks, volume.size_bytes = dict(snapshot.blocks), snapshot.size_bytes
                volume.acts = [*volume.acts, act][-_ACTS_KEPT:]
            return volume.observe(volume_uid)

    # --- moving content ---

    def observe_differences(
        self, tenant_uid: str, volume_uid: str, *, since: str | None, until: str | None, whole_objects: bool = False
    ) -> tuple[Extent, ...]:
        """Where two states of a volume differ, in blocks of 64 KiB or whole objects."""
        with self._world.in_pool(self._pool, "observe_differences") as pool:
            before, after = self._states(pool, tenant_uid, volume_uid, since, until)
            compare = contents.object_differences if whole_objects else contents.differences
            return compare(before, after.blocks, after.size_bytes)

    @contextmanager
    def export_differences(
        self, tenant_uid: str, volume_uid: str, *, since: str | None, until: str
    ) -> Generator[Iterator[bytes]]:
        """The content of those differences as a stream."""
        with self._world.in_pool(self._pool, "export_differences") as pool:
            before, after = self._states(pool, tenant_uid, volume_uid, since, until)
            blocks, size_bytes = dict(after.blocks), after.size_bytes
            extents_ = contents.differences(before, blocks, size_bytes)
        yield encode(StreamHeader(size_bytes, since, until), contents.records(extents_, blocks))

    def import_differences(self, tenant_uid: str, volume_uid: str, stream: Iterable[bytes]) -> SnapshotObservation:
        """Apply such a stream, and snapshot the volume."""
        decoder = Decoder(stream)
        header, changes = decoder.header, list(decoder.records())
        with self._world.in_pool(self._pool, "import_differences") as pool:
            volume = volumes.present(pool, tenant_uid, volume_uid)
            if volume.snapshot(header.until) is None:
                self._refuse_open(pool, tenant_uid, volume_uid)
                before = None if header.since is None else volumes.kept(volume, volume_uid, header.since)
                size, blocks = (volume.size_bytes, {}) if before is None else (before.size_bytes, before.blocks)
                if (volume.size_bytes, volume.blocks) != (size, blocks):
                    raise Permanent("VolumeChanged", f"volume {volume_uid} is not as in {header.since}: roll it back")
                after = contents.applied(blocks, changes)
                more = extents(header.size_bytes) - extents(size) + extents(len(after) * BLOCK_BYTES)
                pool.allocate(more) if more > 0 else pool.release(-more)
                volume.size_bytes, volume.blocks = header.size_bytes, after
                volumes.take(volume, header.until, self._world.now)
            return volumes.observed(volume_uid, volumes.kept(volume, volume_uid, header.until))

    @contextmanager
    def export_volume(
        self, tenant_uid: str, volume_uid: str, *, snapshot_uid: str | None, image_format: str
    ) -> Generator[Iterator[bytes]]:
        """The volume, or one of its snapshots, as a raw image; what would be a qcow2 is raw, too."""
        if image_format not in ("raw", "qcow2"):
            raise Permanent("FormatMismatch", f"volumes are exported as raw or qcow2, not as {image_format!r}")
        with self._world.in_pool(self._pool, "export_volume") as pool:
            _, state = self._states(pool, tenant_uid, volume_uid, None, snapshot_uid)
            blocks, size_bytes = dict(state.blocks), state.size_bytes
        yield (
            contents.as_bytes(blocks, offset // BLOCK_BYTES, min(BLOCK_BYTES, size_bytes - offset))
            for offset in range(0, size_bytes, BLOCK_BYTES)
        )

    # --- locks ---

    def ensure_locked(self, tenant_uid: str, uid: str, owner: str) -> None:
        """Have the owner hold the volume's exclusive lock."""
        with self._world.in_pool(self._pool, "ensure_locked") as pool:
            volume = volumes.present(pool, tenant_uid, uid)
            if volume.lock_owner not in ("", owner):
                raise Retryable("VolumeLocked", f"volume {uid} is locked by {volume.lock_owner}")
            volume.lock_owner = owner

    def ensure_unlocked(self, tenant_uid: str, uid: str, owner: str) -> None:
        """Have the owner no longer hold the lock."""
        with self._world.in_pool(self._pool, "ensure_unlocked") as pool:
            volume = volumes.owned(pool, tenant_uid, uid)
            if volume is not None and volume.lock_owner == owner:
                volume.lock_owner = ""

    def break_lock(self, tenant_uid: str, uid: str, owner: str) -> None:
        """Take the lock from an owner who is gone, and give the volume another address."""
        with self._world.in_pool(self._pool, "break_lock") as pool:
            volume = volumes.present(pool, tenant_uid, uid)
            if owner and volume.lock_owner == owner:
                self._refuse_open(pool, tenant_uid, uid)
                volume.lock_owner = ""
                volume.fences += 1

    # --- within ---

    def _source(self, uid: str, volume: VolumeRecord) -> DiskSource:
        fence = f"@{volume.fences}" if volume.fences else ""
        return DiskSource("sim", f"{self._pool}/{uid}{fence}", "raw")

    def _refuse_open(self, pool: PoolRecord, tenant_uid: str, uid: str) -> None:
        volume = volumes.owned(pool, tenant_uid, uid)
        guest_uid = None if volume is None else self._world.opener(self._source(uid, volume).location)
        if guest_uid is not None:
            raise Retryable("VolumeBusy", f"volume {uid} is open in guest {guest_uid}")

    def _states(
        self, pool: PoolRecord, tenant_uid: str, volume_uid: str, since: str | None, until: str | None
    ) -> tuple[contents.Blocks, VolumeRecord | SnapshotRecord]:
        volume = volumes.present(pool, tenant_uid, volume_uid)
        if until is None:
            self._refuse_open(pool, tenant_uid, volume_uid)
        before = {} if since is None else volumes.kept(volume, volume_uid, since).blocks
        return before, volume if until is None else volumes.kept(volume, volume_uid, until)
