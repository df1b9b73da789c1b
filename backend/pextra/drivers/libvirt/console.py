"""The log of a guest's serial console, a file that QEMU appends to."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

from pextra.drivers.account import Account, open_theirs

LIMIT_BYTES: Final = 16 << 20


def ensure_console(log: Path, account: Account | None) -> None:
    """Make the empty log that QEMU appends to: it cannot make files in the guest's directory itself."""
    if log.exists():
        return
    log.touch(mode=0o600)
    if account is not None:
        account.own(log)


def trim_console(log: Path, *, limit_bytes: int = LIMIT_BYTES) -> None:
    """Give back the disk space of all but the end of a log that has grown over the limit.

    A guest prints as much as it likes. The file keeps its length, so that offsets keep their meaning: what
    was trimmed reads as zeros.
    """
    if log.stat().st_blocks * 512 <= limit_bytes:
        return
    length = log.stat().st_size - limit_bytes // 2
    subprocess.run(
        ["fallocate", "--punch-hole", "--offset", "0", "--length", str(length), str(log)],
        check=False,  # a file system without holes keeps the whole log
        capture_output=True,
        timeout=60,
    )


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
