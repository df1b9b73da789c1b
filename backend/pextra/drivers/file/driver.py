"""Images and volumes as files of one host."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from pextra.drivers.account import Account
from pextra.drivers.file.inspection import inspect_image
from pextra.drivers.file.locking import is_open_in_qemu, locked_directory
from pextra.drivers.file.overlays import create_overlay, grow
from pextra.drivers.file.pool import Pool, StoredImage, VolumeFiles, publish, sync
from pextra.drivers.file.qcow2 import read_header
from pextra.drivers.file.sources import open_source
from pextra.drivers.interface import (
    DiskSource,
    ImageObservation,
    ImageSource,
    NotFound,
    Permanent,
    Retryable,
    StorageCapabilities,
    VolumeObservation,
    VolumeSource,
)

_SECTOR: Final = 512
_FORMATS: Final = ("qcow2", "raw")
DEFAULT_MAX_IMAGE_BYTES: Final = 64 << 30


class FileStorage:
    """The storage driver for files; see `interface.StorageDriver` for the contract.

    Any number of objects and processes may use one pool at once.

    Args:
        root: the pool's directory, made when absent.
        allowed_dirs: where `file://` images may come from.
        account: whom guests run as, where that is not ourselves; volumes become its files.
        max_image_bytes: the largest image that is fetched.
    """

    def __init__(
        self,
        root: Path,
        *,
        allowed_dirs: Sequence[Path],
        account: Account | None = None,
        max_image_bytes: int = DEFAULT_MAX_IMAGE_BYTES,
    ) -> None:
        self._pool = Pool(root.absolute(), account)
        self._allowed_dirs = tuple(directory.absolute() for directory in allowed_dirs)
        self._max_image_bytes = max_image_bytes

    def capabilities(self) -> StorageCapabilities:
        """Nothing beyond the minimum: a volume lives on this host."""
        return StorageCapabilities()

    # --- images ---

    def ensure_image(self, image: ImageSource) -> ImageObservation:
        """Fetch, verify and store the image unless its content is there."""
        if image.format not in _FORMATS:
            raise Permanent("FormatMismatch", f"images are {' or '.join(_FORMATS)}, not {image.format!r}")
        with _disk_errors():
            if (stored := self._pool.image(image.uid)) is None:
                directory = self._pool.image_dir(image.uid)
                with locked_directory(directory, self._pool.make_directory):
                    try:
                        stored = self._pool.image(image.uid) or self._fetch(image, directory)
                    finally:
                        if self._pool.image(image.uid) is None:
                            _remove_image_dir(directory)
            if stored.sha256 != image.sha256.lower():
                raise Permanent(
                    "DigestMismatch",
                    f"image {image.uid} is stored with the digest {stored.sha256}: it cannot change",
                )
            return _observation(image.uid, stored)

    def observe_image(self, uid: str) -> ImageObservation | None:
        """The stored image, or None."""
        with _disk_errors():
            stored = self._pool.image(uid)
            return None if stored is None else _observation(uid, stored)

    def ensure_image_absent(self, uid: str) -> None:
        """Remove the image; clones keep its bytes by links of their own."""
        directory = self._pool.image_dir(uid)
        with _disk_errors():
            if directory.exists():
                with locked_directory(directory, self._pool.make_directory):
                    _remove_image_dir(directory)

    def _fetch(self, image: ImageSource, directory: Path) -> StoredImage:
        part = directory / "part"
        with open_source(image.url, self._allowed_dirs) as chunks, part.open("wb") as file:
            digest = hashlib.sha256()
            size = 0
            for chunk in chunks:
                size += len(chunk)
                if size > self._max_image_bytes:
                    raise Permanent("SourceForbidden", f"{image.url} has more than {self._max_image_bytes} bytes")
                digest.update(chunk)
                _write_sparsely(file, chunk)
            file.truncate(size)
        if digest.hexdigest() != image.sha256.lower():
            raise Permanent(
                "DigestMismatch",
                f"{image.url} has the digest {digest.hexdigest()}, not {image.sha256.lower()}",
            )
        self._pool.give_image(part)
        inspect_image(part, image.format, self._pool.account)
        final = directory / f"{digest.hexdigest()}.{image.format}"
        publish(part, final)
        return StoredImage(final, digest.hexdigest(), image.format)

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
                needed = _virtual_size(image)
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


def _observation(uid: str, stored: StoredImage) -> ImageObservation:
    allocated = stored.path.stat().st_blocks * _SECTOR
    return ImageObservation(uid, stored.sha256, _virtual_size(stored), allocated)


def _virtual_size(stored: StoredImage) -> int:
    if stored.format == "qcow2":
        with stored.path.open("rb") as file:
            header = read_header(file)
        if header is None:
            raise Permanent("PoolBroken", f"{stored.path} is no qcow2 file any more")
        return header.virtual_size_bytes
    return -(-stored.path.stat().st_size // _SECTOR) * _SECTOR  # as QEMU rounds a raw file


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


def _write_sparsely(file: BinaryIO, chunk: bytes) -> None:
    """Append the bytes, as a hole where they are all zero."""
    if chunk.count(0) == len(chunk):
        file.seek(len(chunk), 1)
    else:
        file.write(chunk)


def _remove_image_dir(directory: Path) -> None:
    for path in directory.iterdir():
        path.unlink()
    directory.rmdir()


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
