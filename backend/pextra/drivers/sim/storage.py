"""Simulated images and volumes of one pool."""

from __future__ import annotations

from collections.abc import Mapping

from pextra.drivers.interface import (
    DiskSource,
    ImageObservation,
    ImageSource,
    ImageTransfer,
    NotFound,
    Permanent,
    Retryable,
    StorageCapabilities,
    VolumeObservation,
    VolumeSource,
)
from pextra.drivers.sim.images import fetch
from pextra.drivers.sim.records import ImageRecord, PoolRecord, VolumeRecord, extents
from pextra.drivers.sim.world import SimWorld


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
        return StorageCapabilities(shared=self._world.is_shared(self._pool))

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
                _collect(pool, uid, image)

    def ensure_volume(self, volume: VolumeSource) -> VolumeObservation:
        """Make the volume, or grow it. The image matters only while the volume is made.

        Raises:
            NotFound: `ImageMissing`.
            Permanent: `ShrinkForbidden`, `ImageLarger` or `UidTaken`.
            Retryable: `PoolFull`.
        """
        with self._world.in_pool(self._pool, "ensure_volume") as pool:
            known = pool.volumes.get(volume.uid)
            if known is None:
                return _make(pool, volume).observe(volume.uid)
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
            volume = _owned(pool, tenant_uid, uid)
            return None if volume is None else volume.observe(uid)

    def observe_volumes(self) -> Mapping[str, VolumeObservation]:
        """Every volume in the pool, by uid."""
        with self._world.in_pool(self._pool, "observe_volumes") as pool:
            return {uid: volume.observe(uid) for uid, volume in pool.volumes.items()}

    def ensure_volume_absent(self, tenant_uid: str, uid: str) -> None:
        """Remove the tenant's volume.

        Raises:
            Retryable: `VolumeBusy` while a guest has it open.
        """
        with self._world.in_pool(self._pool, "ensure_volume_absent") as pool:
            volume = _owned(pool, tenant_uid, uid)
            if volume is None:
                return
            guest_uid = self._world.opener(self._location(uid))
            if guest_uid is not None:
                raise Retryable("VolumeBusy", f"volume {uid} is open in guest {guest_uid}")
            del pool.volumes[uid]
            pool.release(extents(volume.size_bytes))
            if volume.image_uid is not None:
                image = pool.images[volume.image_uid]
                image.clones -= 1
                _collect(pool, volume.image_uid, image)

    def disk_source(self, tenant_uid: str, uid: str) -> DiskSource:
        """The simulated address of the tenant's volume.

        Raises:
            NotFound: `VolumeMissing`.
        """
        with self._world.in_pool(self._pool, "disk_source") as pool:
            if _owned(pool, tenant_uid, uid) is None:
                raise NotFound("VolumeMissing", f"there is no volume {uid} in pool {self._pool}")
            return DiskSource("sim", self._location(uid), "raw")

    def _location(self, uid: str) -> str:
        return f"{self._pool}/{uid}"


def _owned(pool: PoolRecord, tenant_uid: str, uid: str) -> VolumeRecord | None:
    volume = pool.volumes.get(uid)
    return volume if volume is not None and volume.tenant_uid == tenant_uid else None


def _make(pool: PoolRecord, volume: VolumeSource) -> VolumeRecord:
    image: ImageRecord | None = None
    if volume.image_uid is not None:
        image = pool.images.get(volume.image_uid)
        if image is None or image.hidden:
            raise NotFound("ImageMissing", f"volume {volume.uid}: there is no image {volume.image_uid}")
        if image.virtual_size_bytes > volume.size_bytes:
            raise Permanent(
                "ImageLarger",
                f"volume {volume.uid}: {volume.size_bytes} bytes, its image: {image.virtual_size_bytes}",
            )
    pool.allocate(extents(volume.size_bytes))
    if image is not None:
        image.clones += 1
    made = VolumeRecord(volume.tenant_uid, volume.size_bytes, volume.image_uid)
    pool.volumes[volume.uid] = made
    return made


def _collect(pool: PoolRecord, uid: str, image: ImageRecord) -> None:
    """Let the image's bytes go when nobody can want them."""
    if image.hidden and image.clones == 0:
        del pool.images[uid]
        pool.release(image.stored_bytes)
