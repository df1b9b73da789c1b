"""What happens to simulated volumes in a pool that is held."""

from __future__ import annotations

from pextra.drivers.interface import NotFound, Permanent, SnapshotObservation, VolumeSource
from pextra.drivers.sim.records import ImageRecord, PoolRecord, SnapshotRecord, VolumeRecord, extents

SECTOR = 512


def owned(pool: PoolRecord, tenant_uid: str, uid: str) -> VolumeRecord | None:
    """The tenant's volume, or None."""
    volume = pool.volumes.get(uid)
    return volume if volume is not None and volume.tenant_uid == tenant_uid else None


def present(pool: PoolRecord, tenant_uid: str, uid: str) -> VolumeRecord:
    """The tenant's volume.

    Raises:
        NotFound: `VolumeMissing`.
    """
    volume = owned(pool, tenant_uid, uid)
    if volume is None:
        raise NotFound("VolumeMissing", f"there is no volume {uid} in this pool")
    return volume


def kept(volume: VolumeRecord, volume_uid: str, uid: str) -> SnapshotRecord:
    """The volume's snapshot.

    Raises:
        NotFound: `SnapshotMissing`.
    """
    snapshot = volume.snapshot(uid)
    if snapshot is None:
        raise NotFound("SnapshotMissing", f"volume {volume_uid} has no snapshot {uid}")
    return snapshot


def refuse_odd_size(size_bytes: int) -> None:
    """Sizes are kept to the byte, so those that a disk cannot have are refused rather than rounded.

    Raises:
        Permanent: `SizeUnsupported`.
    """
    if size_bytes <= 0 or size_bytes % SECTOR:
        raise Permanent("SizeUnsupported", f"a volume has a multiple of {SECTOR} bytes, not {size_bytes}")


def make(pool: PoolRecord, wanted: VolumeSource) -> VolumeRecord:
    """Add a volume to the pool.

    Raises:
        NotFound: `ImageMissing`, `VolumeMissing` or `SnapshotMissing`.
        Permanent: `ImageLarger` or `SourceAmbiguous`.
        Retryable: `PoolFull`.
    """
    if (wanted.image_uid and wanted.volume_uid) or (wanted.snapshot_uid and not wanted.volume_uid):
        raise Permanent("SourceAmbiguous", f"volume {wanted.uid} starts as an image, a volume or its snapshot")
    made = VolumeRecord(wanted.tenant_uid, wanted.size_bytes)
    if wanted.image_uid is not None:
        image = pool.images.get(wanted.image_uid)
        if image is None or image.hidden:
            raise NotFound("ImageMissing", f"volume {wanted.uid}: there is no image {wanted.image_uid}")
        _refuse_larger(wanted, image.virtual_size_bytes)
        made.blocks, made.image_uid = {0: image.sha256}, wanted.image_uid
    elif wanted.volume_uid is not None:
        origin = present(pool, wanted.tenant_uid, wanted.volume_uid)
        source = origin if wanted.snapshot_uid is None else kept(origin, wanted.volume_uid, wanted.snapshot_uid)
        _refuse_larger(wanted, source.size_bytes)
        made.blocks = dict(source.blocks)
        if not wanted.independent:
            made.image_uid, made.borrows = origin.image_uid, True
    pool.allocate(extents(wanted.size_bytes))
    if made.image_uid is not None:
        pool.images[made.image_uid].clones += 1
    pool.volumes[wanted.uid] = made
    return made


def destroy(pool: PoolRecord, volume: VolumeRecord) -> None:
    """Give back what a volume took, which is in the pool no more."""
    pool.release(volume.used_bytes)
    detach(pool, volume)


def detach(pool: PoolRecord, volume: VolumeRecord) -> None:
    """Have the volume need nothing of what it started as."""
    volume.borrows = False
    if volume.image_uid is not None:
        image = pool.images[volume.image_uid]
        image.clones -= 1
        collect(pool, volume.image_uid, image)
        volume.image_uid = None


def collect(pool: PoolRecord, uid: str, image: ImageRecord) -> None:
    """Let the image's bytes go when nobody can want them."""
    if image.hidden and image.clones == 0:
        del pool.images[uid]
        pool.release(image.stored_bytes)


def take(volume: VolumeRecord, uid: str, now: float) -> None:
    """Snapshot the volume; the pool has room."""
    volume.snapshots.append(SnapshotRecord(uid, volume.next_id, volume.size_bytes, now, dict(volume.blocks)))
    volume.next_id += 1


def observed(volume_uid: str, snapshot: SnapshotRecord) -> SnapshotObservation:
    """The snapshot as a driver shows it."""
    return SnapshotObservation(
        snapshot.uid,
        volume_uid,
        snapshot.id,
        snapshot.size_bytes,
        snapshot.allocated_bytes,
        snapshot.taken_s,
    )


def _refuse_larger(wanted: VolumeSource, needed: int) -> None:
    if needed > wanted.size_bytes:
        raise Permanent("ImageLarger", f"volume {wanted.uid}: {wanted.size_bytes} bytes, what it starts as: {needed}")
