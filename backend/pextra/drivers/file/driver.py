"""Images and volumes as files of one host."""

from __future__ import annotations

import errno
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from pextra.drivers.account import Account
from pextra.drivers.file.addresses import Network
from pextra.drivers.file.durable import publish, sync
from pextra.drivers.file.images import Images, virtual_size
from pextra.drivers.file.locking import is_open_in_qemu, locked_directory
from pextra.drivers.file.overlays import create_overlay, grow
from pextra.drivers.file.pool import Pool, VolumeFiles
from pextra.drivers.file.qcow2 import read_header
from pextra.drivers.file.sources import Allowed
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

_SECTOR: Final = 512
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
    ) -> None:
        self._pool = Pool(root.absolute(), account)
        allowed = Allowed([directory.absolute() for directory in allowed_dirs], allowed_networks)
        self._images = Images(self._pool, allowed, max_bytes=max_image_bytes, max_virtual_bytes=max_virtual_bytes)

    def capabilities(self) -> StorageCapabilities:
        """Nothing beyond the minimum: a volume lives on this host."""
        return StorageCapabilities()

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
        files = self._pool.volume(volume.tenant_uid, volume.uid)
        directory = self._pool.tenant_dir(volume.tenant_uid)
        with _disk_errors(), locked_directory(directory, self._pool.make_directory):
            try:
                present = _observed_volume(volume.tenant_uid, volume.uid, files)
                if present is None:
                    self._create(volume, files)
                elif volume.size_bytes < present.size_bytes:
                    raise Permanent(
                        "ShrinkForbidden",
                        f"volume {volume.uid} cannot shrink: it has {present.size_bytes} bytes",
                    )
                elif volume.size_bytes > present.size_bytes:
                    grow(files.disk, volume.size_bytes, self._pool.account)
                    sync(files.disk)
                else:
                    return present
            except BaseException:
                _remove_if_empty(directory)
                raise
            made = _observed_volume(volume.tenant_uid, volume.uid, files)
        if made is None:
            raise Retryable("PoolBroken", f"volume {volume.uid} vanished while it was being made")
        return made

    def observe_volume(self, tenant_uid: str, uid: str) -> VolumeObservation | None:
        """The volume, or None."""
        with _disk_errors():
            return _observed_volume(tenant_uid, uid, self._pool.volume(tenant_uid, uid))

    def observe_volumes(self) -> Mapping[str, VolumeObservation]:
        """Every volume in the pool, by uid."""
        observed: dict[str, VolumeObservation] = {}
        with _disk_errors():
            for tenant_uid, uid in self._pool.volumes():
                found = _observed_volume(tenant_uid, uid, self._pool.volume(tenant_uid, uid))
                if found is not None:
                    observed[uid] = found
        return observed

    def ensure_volume_absent(self, tenant_uid: str, uid: str) -> None:
        """Remove the volume, and with the last clone the bytes of an image that was removed before."""
        files = self._pool.volume(tenant_uid, uid)
        directory = self._pool.tenant_dir(tenant_uid)
        with _disk_errors():
            if not directory.exists():
                return
            with locked_directory(directory, self._pool.make_directory):
                if files.disk.exists() and is_open_in_qemu(files.disk):
                    raise Retryable("VolumeBusy", f"volume {uid} is open: stop the guest that uses it")
                for path in (files.disk, files.base, files.part):
                    path.unlink(missing_ok=True)
                sync(directory)
                _remove_if_empty(directory)

    def disk_source(self, tenant_uid: str, uid: str) -> DiskSource:
        """The volume's file."""
        disk = self._pool.volume(tenant_uid, uid).disk
        if not disk.exists():
            raise NotFound("VolumeMissing", f"volume {uid} is not in this pool")
        return DiskSource("file", str(disk), "qcow2")

    def _create(self, volume: VolumeSource, files: VolumeFiles) -> None:
        image = None if volume.image_uid is None else self._pool.image(volume.image_uid)
        if volume.image_uid is not None and image is None:
            raise NotFound("ImageMissing", f"image {volume.image_uid} is not in this pool")
        for leftover in (files.base, files.part):
            leftover.unlink(missing_ok=True)
        try:
            if image is None:
                create_overlay(files.part, volume.size_bytes, None, "")
            else:
                needed = virtual_size(image)
                if needed > volume.size_bytes:
                    raise Permanent(
                        "ImageLarger",
                        f"image {volume.image_uid} needs {needed} bytes: the volume has {volume.size_bytes}",
                    )
                files.base.hardlink_to(image.path)
                create_overlay(files.part, volume.size_bytes, files.base, image.format)
            self._pool.give_volume(files.part)
            publish(files.part, files.disk)
        except BaseException:
            if not files.disk.exists():
                files.base.unlink(missing_ok=True)
                files.part.unlink(missing_ok=True)
            raise


def _observed_volume(tenant_uid: str, uid: str, files: VolumeFiles) -> VolumeObservation | None:
    try:
        with files.disk.open("rb") as file:
            header = read_header(file)
        allocated = files.disk.stat().st_blocks * _SECTOR
    except FileNotFoundError:
        return None
    if header is None:
        raise Permanent("PoolBroken", f"{files.disk} is no qcow2 file any more")
    return VolumeObservation(uid, tenant_uid, header.virtual_size_bytes, allocated)


def _remove_if_empty(directory: Path) -> None:
    with suppress(OSError):
        directory.rmdir()


@contextmanager
def _disk_errors() -> Generator[None]:
    """Raise what the file system raises inside the block as a driver failure."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Retryable("PoolFull", f"the pool has no space left: {error}") from error
        raise Retryable("PoolBroken", f"the pool cannot be used: {error}") from error
