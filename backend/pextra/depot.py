"""The contents of images that users upload: received piece by piece, verified, and kept while their images are there.

    IMAGE/part       what has come so far: its size is where the upload goes on
    IMAGE/content    all of it, verified, never changed
    IMAGE/refused    the digest of what came whole and was not what was declared

Any number of processes share the directory, which is ours alone (0700). Whoever uploads holds a lock of its image's
directory, which goes with the process. A kill at any moment leaves a beginning of the content, from which the upload
goes on: whatever a power failure makes of that, nothing is kept whose digest is another than the declared one.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Collection, Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BufferedRandom
from pathlib import Path
from typing import Final

from pextra.errors import PextraError
from pextra.replacing import replace_file, sync

KEPT_S: Final = 24 * 3600.0
"""An upload that nobody goes on with is forgotten after so long."""
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_GONE: Final = ".gone"


@dataclass(frozen=True, slots=True)
class Declared:
    """What an image's content must be."""

    uid: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Received:
    """What there is of an image's content.

    Attributes:
        offset: how many bytes have come; None: nobody has begun.
        complete: all of them have, and are what was declared.
        refused: the digest of what came last and was something else; empty when nothing was.
    """

    offset: int | None
    complete: bool = False
    refused: str = ""


class Depot:
    """See the module. Safe to use from several threads and processes.

    Args:
        root: the directory; made when something first comes.
        clock: seconds since the epoch, as the file system counts them.
    """

    def __init__(self, root: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._root = root
        self._clock = clock

    def observe(self, declared: Declared) -> Received:
        """What there is of the content now."""
        folder = self._root / declared.uid
        if (folder / "content").exists():
            return Received(declared.size_bytes, complete=True)
        refused = ""
        with suppress(FileNotFoundError):
            refused = (folder / "refused").read_text()
        try:
            return Received((folder / "part").stat().st_size, refused=refused)
        except FileNotFoundError:
            return Received(None, refused=refused)

    def content(self, uid: str) -> Path | None:
        """The file with the whole content, which never changes; None while it is not there."""
        path = self._root / uid / "content"
        return path if path.exists() else None

    def begin(self, declared: Declared) -> bool:
        """Have the upload be under way; tells whether it was not before.

        Raises:
            PextraError: `upload.full`.
        """
        folder = self._root / declared.uid
        if (folder / "part").exists() or (folder / "content").exists():
            return False
        with _room():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._root.chmod(0o700)
            with suppress(FileExistsError):
                os.close(os.open(folder / "part", os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
                return True
        return False

    def append(self, declared: Declared, offset: int, length: int, chunks: Iterable[bytes]) -> Received:
        """Add what comes next of an upload that has begun. What came of a request that breaks off is kept.

        Args:
            declared: what the content must be.
            offset: where the chunks begin: how many bytes were there before.
            length: how many bytes the chunks bring.
            chunks: the bytes.

        Returns:
            What there is then; with the last byte, the content was verified.

        Raises:
            PextraError: `upload.offset` with the right one as `offset`; `upload.busy`; `upload.full`;
                `upload.digest_mismatch`: all was dropped; `object.not_found`: the image was removed meanwhile.
        """
        folder = self._root / declared.uid
        with _held(folder):
            here = self.observe(declared)
            if here.offset != offset:
                raise _elsewhere(here.offset or 0, offset)
            if length > declared.size_bytes - offset:
                raise PextraError(
                    "request.parameter",
                    f"{length} bytes from {offset} on are more than the {declared.size_bytes} that were declared.",
                )
            if here.complete:
                return here
            with _room(), (folder / "part").open("r+b") as file:
                file.seek(offset)
                for chunk in chunks:
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
                here = Received(file.tell())
                if here.offset == declared.size_bytes:
                    return self._finish(declared, folder, file)
            return here

    def remove(self, uid: str) -> None:
        """Drop what there is of an image's content; an upload that is under way comes to nothing."""
        folder = self._root / uid
        gone = self._root / f"{uid}{_GONE}"
        with suppress(FileNotFoundError):
            folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)

    def sweep(self, known: Callable[[], Collection[str]]) -> int:
        """Drop uploads that nobody went on with for `KEPT_S`, and what belongs to no image; tells how many.

        Args:
            known: the uids of all images; asked after the directory was read, and only when it holds something.
        """
        if not self._root.is_dir() or not (names := sorted(path.name for path in self._root.iterdir())):
            return 0
        images = known()
        swept = 0
        for name in names:
            uid = name.removesuffix(_GONE)
            if name != uid or uid not in images or self._is_abandoned(uid):
                self.remove(uid)
                swept += 1
        return swept

    def _is_abandoned(self, uid: str) -> bool:
        try:
            return (self._root / uid / "part").stat().st_mtime < self._clock() - KEPT_S
        except FileNotFoundError:
            return False

    @staticmethod
    def _finish(declared: Declared, folder: Path, file: BufferedRandom) -> Received:
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        try:
            if digest != declared.sha256:
                replace_file(folder / "refused", digest.encode())
                (folder / "part").unlink()
                raise PextraError(
                    "upload.digest_mismatch",
                    f"What was uploaded has the digest {digest}, and {declared.sha256} was declared: "
                    "upload the file that was meant, or declare another image.",
                    digest=digest,
                )
            (folder / "part").rename(folder / "content")
            sync(folder)
        except FileNotFoundError as error:
            raise PextraError("object.not_found", "The image was removed while its content came.") from error
        (folder / "refused").unlink(missing_ok=True)
        return Received(declared.size_bytes, complete=True)


@contextmanager
def _held(folder: Path) -> Generator[None]:
    """Hold an image's directory, which nobody else may.

    Raises:
        PextraError: `upload.busy`; `upload.offset`: the upload was dropped.
    """
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise _elsewhere(0, None) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            message = "Another request is uploading to this image: ask where it is, and go on when it has ended."
            raise PextraError("upload.busy", message) from error
        yield
    finally:
        os.close(handle)


@contextmanager
def _room() -> Generator[None]:
    """Raise a full disk inside the block as `upload.full`."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise PextraError(
            "upload.full",
            "The disk for uploads is full; what has come is kept for a day: try again when there is room.",
            retry_after_s=30,
        ) from error


def _elsewhere(present: int, asked: int | None) -> PextraError:
    said = "" if asked is None else f", not at {asked}"
    return PextraError("upload.offset", f"The upload goes on at {present}{said}.", offset=present)
