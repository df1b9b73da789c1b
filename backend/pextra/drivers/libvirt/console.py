"""The logs of a guest, files that QEMU appends to: what its serial console printed, and what QEMU says itself."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path
from typing import Final

from pextra.drivers.account import Account, open_theirs

LIMIT_BYTES: Final = 16 << 20
LONGEST_BYTES: Final = 1 << 40
_BLOCK_BYTES: Final = 512  # of `st_blocks`, whatever the file system's are


def ensure_console(log: Path, account: Account | None) -> None:
    """Make the empty log that QEMU appends to: it cannot make files in the guest's directory itself."""
    if log.exists():
        return
    log.touch(mode=0o600)
    if account is not None:
        account.own(log)


def trim_log(log: Path, account: Account | None, *, limit_bytes: int = LIMIT_BYTES) -> bool:
    """Give back the disk space of all but the end of a log that has grown over the limit; whether it had.

    A guest prints as much as it likes. The file keeps its length, so that offsets keep their meaning, and so does
    who has it open: what was trimmed reads as zeros. Where the file system has no holes, or the length nears what file
    systems bear, the log is emptied instead, and its offsets begin anew.

    Args:
        log: in a directory where the guests' account may have put something else, which is left alone.
        account: whom guests run as; None is ourselves.

    Raises:
        OSError: its space cannot be given back.
    """
    try:
        descriptor = os.open(log, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False  # absent, or no file
    try:
        found = os.fstat(descriptor)
        owner = os.geteuid() if account is None else account.uid
        theirs = found.st_uid != owner and log.parent.stat().st_uid != os.geteuid()
        if not stat.S_ISREG(found.st_mode) or theirs or found.st_nlink != 1:
            return False
        if found.st_blocks * _BLOCK_BYTES <= limit_bytes:
            return False
        if found.st_size > LONGEST_BYTES or not _punched(descriptor, found.st_size - limit_bytes // 2):
            os.ftruncate(descriptor, 0)
        return True
    finally:
        os.close(descriptor)


def _punched(descriptor: int, length: int) -> bool:
    """Make a hole of the file's beginning; False where that cannot be."""
    done = subprocess.run(
        ["fallocate", "--punch-hole", "--offset", "0", "--length", str(length), f"/proc/self/fd/{descriptor}"],
        check=False,
        capture_output=True,
        timeout=60,
        pass_fds=(descriptor,),
    )
    return done.returncode == 0


def end_of_console(log: Path) -> int:
    """The offset after the last byte that was printed; 0 without a log."""
    try:
        with open_theirs(log) as file:
            return os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        return 0


def read_console(log: Path, *, offset: int, limit: int) -> bytes:
    """At most `limit` bytes from `offset`; nothing when the guest has not printed that far.

    Args:
        log: the console's file; absent reads as empty.
        offset: from 0.
        limit: at least 0.
    """
    try:
        with open_theirs(log) as file:
            file.seek(offset)
            return file.read(limit)
    except FileNotFoundError:
        return b""
