"""Locks among our own processes, and those of QEMU."""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pextra.drivers.interface import Retryable

# QEMU locks single bytes from 100 and from 200 of every image that it opens, one for each permission.
# Source: QEMU, block/file-posix.c (RAW_LOCK_PERM_BASE, RAW_LOCK_SHARED_BASE).
_QEMU_LOCKS_START: Final = 100
_QEMU_LOCKS_LENGTH: Final = 200
_FLOCK: Final = struct.Struct("hhqqi4x")  # struct flock on 64-bit Linux


@contextmanager
def closed(path: Path) -> Generator[None]:
    """Keep every QEMU program from opening the image, with the locks that it respects.

    Raises:
        Retryable: `VolumeBusy`: one has it open.
        FileNotFoundError: there is no such file.
    """
    wanted = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, _QEMU_LOCKS_START, _QEMU_LOCKS_LENGTH, 0)
    with path.open("r+b") as file:
        try:
            fcntl.fcntl(file, fcntl.F_OFD_SETLK, wanted)
        except (BlockingIOError, PermissionError) as error:
            raise Retryable("VolumeBusy", f"{path.name} is open: stop the guest that uses it") from error
        yield


@contextmanager
def locked_directory(path: Path, make: Callable[[Path], None]) -> Generator[None]:
    """Hold a directory for ourselves, among the threads and processes that ask likewise.

    Waits for others. Whoever holds it may remove it; who waits for it then makes it anew.

    Args:
        path: the directory.
        make: makes it, or does nothing when it exists.
    """
    while True:
        try:
            make(path)
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if _is_still(handle, path):
                yield
                return
        finally:
            os.close(handle)


def is_abandoned(path: Path) -> bool:
    """Whether a directory is there that nobody holds: whoever held it was killed."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(handle)


def is_open_in_qemu(path: Path) -> bool:
    """Whether a QEMU program has the image open.

    Raises:
        FileNotFoundError: there is no such file.
    """
    wanted = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, _QEMU_LOCKS_START, _QEMU_LOCKS_LENGTH, 0)
    with path.open("rb") as file:
        found = fcntl.fcntl(file, fcntl.F_OFD_GETLK, wanted)
    lock_type: int = _FLOCK.unpack(found)[0]
    return lock_type != fcntl.F_UNLCK


def _is_still(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
