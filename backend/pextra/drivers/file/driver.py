"""Images and volumes as files of one host: the driver's face, behind which each subject has a file of its own."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pextra.drivers.account import Account
from pextra.drivers.file.addresses import Network
from pextra.drivers.file.images import Images
from pextra.drivers.file.pool import Pool
from pextra.drivers.file.snapshots import Snapshots
from pextra.drivers.file.sources import Allowed, Uploaded
from pextra.drivers.file.transfers import Transfers
from pextra.drivers.file.trash import Trash
from pextra.drivers.file.volumes import Volumes
from pextra.drivers.interface import (
    DiskSource,
    DriverError,
    Extent,
    ImageObservation,
    ImageSource,
    ImageTransfer,
    NotFound,
    Retryable,
    SnapshotObservation,
    SnapshotPlan,
    SnapshotSource,
    StorageCapabilities,
    TrashObservation,
    VolumeObservation,
    VolumeSource,
)

DEFAULT_MAX_IMAGE_BYTES: Final = 64 << 30
DEFAULT_MAX_VIRTUAL_BYTES: Final = 64 << 40


class FileStorage:
    """The storage driver for files; see `interface.StorageDriver` for the contract.

    Any number of objects and processes may use one pool at once.

    Args:
        root: the pool's directory, made when absent.
        allowed_dirs: where `file://` images may come from.
        account: whom guests run as, where that is not ourselves; volumes become its files.
        max_image_bytes: the largest file that is fetched or kept of an image.
        max_virtual_bytes: the largest disk that an image may be.
        allowed_networks: machines that are not public and that images may be fetched from all the same.
        uploaded: how to get at what was uploaded to the control plane; see `sources.Allowed`.
        clock: seconds since the epoch, for the times of snapshots and of the trash.
    """

    def __init__(
        self,
        root: Path,
        *,
        allowed_dirs: Sequence[Path],
        account: Account | None = None,
        max_image_bytes: int = DEFAULT_MAX_IMAGE_BYTES,
        max_virtual_bytes: int = DEFAULT_MAX_VIRTUAL_BYTES,
        allowed_networks: Sequence[Network] = (),
        uploaded: Uploaded | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        pool = Pool(root.absolute(), account)
        allowed = Allowed([directory.absolute() for directory in allowed_dirs], allowed_networks, uploaded)
        self._images = Images(pool, allowed, max_bytes=max_image_bytes, max_virtual_bytes=max_virtual_bytes)
        self._volumes = Volumes(pool)
        self._trash = Trash(pool, clock)
        self._snapshots = Snapshots(pool, clock)
        self._transfers = Transfers(pool, self._snapshots)

    def capabilities(self) -> StorageCapabilities:
        """Everything but what takes another host, or the hypervisor: a volume lives here."""
        return StorageCapabilities(
            shared=False,
            snapshots=True,
            clones=True,
            differences=True,
            trash=True,
            locks=True,
            resize_online=False,
        )

    # --- images ---

    def ensure_image(self, image: ImageSource) -> ImageObservation:
        """Fetch, verify and store the image unless its content is there."""
        with _disk_errors():
            return self._images.ensure(image)

    def observe_image(self, uid: str) -> ImageObservation | None:
        """The stored image, or None."""
        with _disk_errors():
            return self._images.observe(uid)

    def observe_images(self) -> Mapping[str, ImageObservation]:
        """Every stored image, by uid."""
        with _disk_errors():
            return self._images.observe_all()

    def observe_transfer(self, uid: str) -> ImageTransfer | None:
        """How far the image's bytes have come, or None when none are on their way."""
        with _disk_errors():
            return self._images.observe_transfer(uid)

    def ensure_image_absent(self, uid: str) -> None:
        """Remove the image; clones keep its bytes by links of their own."""
        with _disk_errors():
            self._images.ensure_absent(uid)

    # --- volumes ---

    def ensure_volume(self, volume: VolumeSource) -> VolumeObservation:
        """Make the volume, or grow it."""
        with _disk_errors():
            return self._volumes.ensure(volume)

    def observe_volume(self, tenant_uid: str, uid: str) -> VolumeObservation | None:
        """The volume, or None."""
        with _disk_errors():
            return self._volumes.observe(tenant_uid, uid)

    def observe_volumes(self) -> Mapping[str, VolumeObservation]:
        """Every volume in the pool, by uid."""
        with _disk_errors():
            return self._volumes.observe_all()

    def ensure_volume_absent(self, tenant_uid: str, uid: str, *, keep_s: float = 0.0) -> None:
        """Remove the volume, or move it aside; clones keep its layers by links of their own."""
        with _disk_errors():
            self._trash.ensure_absent(tenant_uid, uid, keep_s)

    def restore_volume(self, tenant_uid: str, uid: str) -> VolumeObservation:
        """Take the volume out of the trash."""
        with _disk_errors():
            self._trash.restore(tenant_uid, uid)
            found = self._volumes.observe(tenant_uid, uid)
        if found is None:
            raise NotFound("VolumeMissing", f"volume {uid} was removed again")
        return found

    def observe_trash(self) -> Mapping[str, TrashObservation]:
        """Every volume in the trash, by uid."""
        with _disk_errors():
            return self._trash.observe()

    def purge_trash(self) -> int:
        """Destroy the volumes in the trash whose time is over."""
        with _disk_errors():
            return self._trash.purge()

    def ensure_independent(self, tenant_uid: str, uid: str) -> VolumeObservation:
        """Give the volume bytes of its own."""
        with _disk_errors():
            return self._volumes.ensure_independent(tenant_uid, uid)

    def disk_source(self, tenant_uid: str, uid: str) -> DiskSource:
        """The file of the volume's layer on top."""
        with _disk_errors():
            return self._volumes.disk_source(tenant_uid, uid)

    # --- snapshots ---

    def ensure_snapshots(self, snapshots: Sequence[SnapshotSource]) -> tuple[SnapshotObservation, ...]:
        """Snapshot closed volumes, all at once."""
        with _disk_errors():
            return self._snapshots.ensure(snapshots)

    def ensure_snapshot_prepared(self, snapshot: SnapshotSource) -> SnapshotPlan:
        """Make the overlay for a snapshot of a volume that is open."""
        with _disk_errors():
            return self._snapshots.prepare(snapshot)

    def ensure_snapshot_finished(self, snapshot: SnapshotSource) -> SnapshotObservation:
        """Record that a guest writes to the overlay."""
        with _disk_errors():
            return self._snapshots.finish(snapshot)

    def observe_snapshots(self, tenant_uid: str, volume_uid: str) -> tuple[SnapshotObservation, ...]:
        """The volume's snapshots, oldest first."""
        with _disk_errors():
            return self._snapshots.observe(tenant_uid, volume_uid)

    def ensure_snapshot_absent(self, tenant_uid: str, volume_uid: str, uid: str) -> None:
        """Remove the snapshot; its layer is merged into the one above once that is closed."""
        with _disk_errors():
            self._snapshots.ensure_absent(tenant_uid, volume_uid, uid)

    def roll_back(self, tenant_uid: str, volume_uid: str, snapshot_uid: str, *, act: str) -> VolumeObservation:
        """Put a new layer on the snapshot's, and forget the one on top."""
        with _disk_errors():
            self._snapshots.roll_back(tenant_uid, volume_uid, snapshot_uid, act)
            found = self._volumes.observe(tenant_uid, volume_uid)
        if found is None:
            raise NotFound("VolumeMissing", f"volume {volume_uid} was removed meanwhile")
        return found

    # --- moving content ---

    def observe_differences(
        self, tenant_uid: str, volume_uid: str, *, since: str | None, until: str | None, whole_objects: bool = False
    ) -> tuple[Extent, ...]:
        """Where two states of a volume differ, in clusters of 64 KiB or whole objects."""
        with _disk_errors():
            return self._transfers.observe_differences(tenant_uid, volume_uid, since, until, whole=whole_objects)

    @contextmanager
    def export_differences(
        self, tenant_uid: str, volume_uid: str, *, since: str | None, until: str
    ) -> Generator[Iterator[bytes]]:
        """The content of those differences as a stream."""
        with _disk_errors(), self._transfers.export_differences(tenant_uid, volume_uid, since, until) as stream:
            yield stream

    def import_differences(self, tenant_uid: str, volume_uid: str, stream: Iterable[bytes]) -> SnapshotObservation:
        """Write such a stream to a layer of its own, which becomes a snapshot."""
        with _disk_errors():
            return self._transfers.import_differences(tenant_uid, volume_uid, stream)

    @contextmanager
    def export_volume(
        self, tenant_uid: str, volume_uid: str, *, snapshot_uid: str | None, image_format: str
    ) -> Generator[Iterator[bytes]]:
        """The volume, or one of its snapshots, as an image file."""
        with (
            _disk_errors(),
            self._transfers.export_volume(tenant_uid, volume_uid, snapshot_uid, image_format) as stream,
        ):
            yield stream

    # --- locks ---

    def ensure_locked(self, tenant_uid: str, uid: str, owner: str) -> None:
        """Have the owner hold the volume's exclusive lock."""
        with _disk_errors():
            self._volumes.ensure_locked(tenant_uid, uid, owner)

    def ensure_unlocked(self, tenant_uid: str, uid: str, owner: str) -> None:
        """Have the owner no longer hold the lock."""
        with _disk_errors():
            self._volumes.ensure_unlocked(tenant_uid, uid, owner)

    def break_lock(self, tenant_uid: str, uid: str, owner: str) -> None:
        """Take the lock from an owner who is gone, and give the volume's file another name."""
        with _disk_errors():
            self._volumes.break_lock(tenant_uid, uid, owner)


@contextmanager
def _disk_errors() -> Generator[None]:
    """Raise what the file system raises inside the block as a driver failure."""
    try:
        yield
    except DriverError:
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Retryable("PoolFull", f"the pool has no space left: {error}") from error
        raise Retryable("PoolBroken", f"the pool cannot be used: {error}") from error
