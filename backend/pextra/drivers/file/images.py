"""The images of a pool: fetched, verified and kept under their digest."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from pextra.drivers.file.durable import publish, remove_file, remove_tree, step, write_file
from pextra.drivers.file.inspection import FORMATS, inspect_image
from pextra.drivers.file.locking import is_abandoned, locked_directory
from pextra.drivers.file.pool import Pool, StoredImage
from pextra.drivers.file.qcow2 import read_header
from pextra.drivers.file.qemu import argument, node, qemu_img
from pextra.drivers.file.sources import CHUNK_BYTES, Allowed, Opened, open_source
from pextra.drivers.interface import ImageObservation, ImageSource, ImageTransfer, Permanent, Retryable

_SECTOR: Final = 512
_CONVERSION_TIMEOUT_S: Final = 3600


class Images:
    """See the module.

    Args:
        pool: where they lie.
        allowed: where they may come from.
        max_bytes: the largest file that is fetched or kept.
        max_virtual_bytes: the largest disk that is taken, however small its file.
    """

    def __init__(self, pool: Pool, allowed: Allowed, *, max_bytes: int, max_virtual_bytes: int) -> None:
        self._pool = pool
        self._allowed = allowed
        self._max_bytes = max_bytes
        self._max_virtual_bytes = max_virtual_bytes

    def ensure(self, image: ImageSource) -> ImageObservation:
        """See `StorageDriver.ensure_image`."""
        if image.format not in FORMATS:
            raise Permanent("FormatMismatch", f"images are {', '.join(FORMATS)}, not {image.format!r}")
        if (stored := self._pool.image(image.uid)) is None:
            directory = self._pool.image_dir(image.uid)
            with locked_directory(directory, self._pool.make_directory):
                stored = self._pool.image(image.uid)
                if stored is None:
                    stored = self._store(image, directory)
                else:
                    _drop_leftovers(directory)
        elif is_abandoned(directory := self._pool.image_dir(image.uid)) and (directory / "part").exists():
            with locked_directory(directory, self._pool.make_directory):
                _drop_leftovers(directory)
        if stored.sha256 != image.sha256.lower():
            raise Permanent(
                "DigestMismatch", f"image {image.uid} is stored with the digest {stored.sha256}: it cannot change"
            )
        return _observation(image.uid, stored)

    def observe(self, uid: str) -> ImageObservation | None:
        """See `StorageDriver.observe_image`."""
        with suppress(FileNotFoundError):
            if (stored := self._pool.image(uid)) is not None:
                return _observation(uid, stored)
        return None

    def observe_all(self) -> Mapping[str, ImageObservation]:
        """See `StorageDriver.observe_images`."""
        seen = {uid: self.observe(uid) for uid in self._pool.images()}
        return {uid: image for uid, image in seen.items() if image is not None}

    def observe_transfer(self, uid: str) -> ImageTransfer | None:
        """See `StorageDriver.observe_transfer`."""
        part = self._pool.image_dir(uid) / "part"
        try:
            done = part.stat().st_size
        except FileNotFoundError:
            return None
        known = _Progress.read(part)
        return ImageTransfer(uid, done, known.total_bytes if known else None)

    def ensure_absent(self, uid: str) -> None:
        """See `StorageDriver.ensure_image_absent`; clones keep its bytes by links of their own."""
        directory = self._pool.image_dir(uid)
        if directory.exists():
            remove_file(directory / "part")  # whoever fetches it takes notice and lets go of the lock
            with locked_directory(directory, self._pool.make_directory):
                remove_tree(directory)

    def _store(self, image: ImageSource, directory: Path) -> StoredImage:
        try:
            return self._fetch_and_check(image, directory)
        except Retryable as error:
            # What has come is kept for the next attempt, but not on a disk that it fills.
            if error.reason != "SourceUnreachable" or not (directory / "part.json").exists():
                remove_tree(directory)
            raise
        except BaseException:
            remove_tree(directory)
            raise

    def _fetch_and_check(self, image: ImageSource, directory: Path) -> StoredImage:
        part = directory / "part"
        wanted = image.sha256.lower()
        resumed, digest = self._fetch(image.url, part)
        if resumed and digest != wanted:
            # The beginning may have been torn by a power failure, or be of another version.
            remove_file(part)
            _, digest = self._fetch(image.url, part)
        if digest != wanted:
            raise Permanent("DigestMismatch", f"{image.url} has the digest {digest}, not {wanted}")
        step("inspect")
        self._pool.give_image(part)
        inspect_image(part, image.format, self._pool.account, max_virtual_bytes=self._max_virtual_bytes)
        kept = "qcow2" if image.format == "vmdk" else image.format
        if kept != image.format:
            part = self._convert(part, directory)
        final = directory / f"{digest}.{kept}"
        publish(part, final)
        _drop_leftovers(directory)
        return StoredImage(final, digest, kept)

    def _fetch(self, url: str, part: Path) -> tuple[bool, str]:
        """Fetch what is missing of the file.

        Returns:
            Whether some of it was there before, and the digest of all.
        """
        known = _Progress.read(part)
        start = part.stat().st_size if known is not None and known.url == url and part.exists() else 0
        validator = known.validator if known is not None and start else ""
        with open_source(url, self._allowed, start=start, validator=validator) as opened:
            if opened.total_bytes is not None and opened.total_bytes > self._max_bytes:
                raise self._too_large(url)
            if opened.start == 0:
                remove_file(part)
                part.with_name("part.json").unlink(missing_ok=True)
                if opened.validator:
                    _Progress(url, opened.validator, opened.total_bytes).write(part)
            step("fetch")
            with part.open("r+b" if opened.start else "xb") as file:
                return opened.start > 0, self._copy(url, opened, file, part)

    def _copy(self, url: str, opened: Opened, file: BinaryIO, part: Path) -> str:
        digest = hashlib.sha256()
        size = 0
        while size < opened.start and (chunk := file.read(min(CHUNK_BYTES, opened.start - size))):
            digest.update(chunk)
            size += len(chunk)
        for chunk in opened.chunks:
            size += len(chunk)
            if size > self._max_bytes:
                raise self._too_large(url)
            digest.update(chunk)
            _write_sparsely(file, chunk)
            file.flush()
            step("fetched a piece")
            if not _is_still(file, part):
                raise Retryable("SourceUnreachable", f"{url} is not fetched on: the image was removed meanwhile")
        file.truncate(size)
        return digest.hexdigest()

    def _too_large(self, url: str) -> Permanent:
        return Permanent("SourceForbidden", f"{url} has more than {self._max_bytes} bytes")

    def _convert(self, part: Path, directory: Path) -> Path:
        """The disk of a VMDK file as a qcow2 file of our own making."""
        converted = directory / "converted"
        remove_file(converted)
        step("convert")
        converted.touch(0o600, exist_ok=False)
        if self._pool.account is not None:
            self._pool.account.own(converted)
        try:
            qemu_img(
                "convert", "-n", "-O", "qcow2", argument(node("vmdk", part)),
                self._target(converted, argument(node("vmdk", part))),
                account=self._pool.account, file_bytes=self._max_bytes, timeout_s=_CONVERSION_TIMEOUT_S,
            )  # fmt: skip
        except Retryable as error:
            if error.reason == "QemuImgFailed" and "still running" not in error.message:
                raise Permanent("FormatMismatch", f"the image cannot be converted: {error.message}") from error
            raise
        self._pool.give_image(converted)
        return converted

    def _target(self, converted: Path, source: str) -> Path:
        """Make the empty qcow2 file that a conversion fills, as large as its source."""
        told = qemu_img("info", "--output=json", source, account=self._pool.account)
        size = json.loads(told)["virtual-size"]
        qemu_img("create", "-q", "-f", "qcow2", converted, str(size), account=self._pool.account)
        return converted


class _Progress:
    """What must be known to fetch the rest of a file later; it lies beside the file."""

    def __init__(self, url: str, validator: str, total_bytes: int | None) -> None:
        self.url = url
        self.validator = validator
        self.total_bytes = total_bytes

    @classmethod
    def read(cls, part: Path) -> _Progress | None:
        try:
            known = json.loads(part.with_name("part.json").read_bytes())
            return cls(str(known["url"]), str(known["validator"]), known["total_bytes"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def write(self, part: Path) -> None:
        known = {"url": self.url, "validator": self.validator, "total_bytes": self.total_bytes}
        write_file(part.with_name("part.json"), json.dumps(known).encode())


def _observation(uid: str, stored: StoredImage) -> ImageObservation:
    allocated = stored.path.stat().st_blocks * _SECTOR
    return ImageObservation(uid, stored.sha256, virtual_size(stored), allocated)


def virtual_size(stored: StoredImage) -> int:
    """The size in bytes of the disk that an image is.

    Raises:
        Permanent: `PoolBroken`.
        FileNotFoundError: it has gone.
    """
    if stored.format == "qcow2":
        with stored.path.open("rb") as file:
            header = read_header(file)
        if header is None:
            raise Permanent("PoolBroken", f"{stored.path} is no qcow2 file any more")
        return header.virtual_size_bytes
    return -(-stored.path.stat().st_size // _SECTOR) * _SECTOR  # as QEMU rounds a raw file


def _drop_leftovers(directory: Path) -> None:
    for name in ("part", "part.json", "part.json.part", "converted"):
        if (directory / name).exists():
            remove_file(directory / name)


def _is_still(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _write_sparsely(file: BinaryIO, chunk: bytes) -> None:
    """Append the bytes, as a hole where they are all zero."""
    if chunk.count(0) == len(chunk):
        file.seek(len(chunk), 1)
    else:
        file.write(chunk)
