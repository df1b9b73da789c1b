"""Makes and grows qcow2 files with qemu-img."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

from pextra.drivers.account import Account, run_as
from pextra.drivers.interface import Permanent, Retryable

_TIMEOUT_S: Final = 120


def create_overlay(path: Path, size_bytes: int, base: Path | None, base_format: str) -> None:
    """Write a new qcow2 file.

    Args:
        path: where; what is there is overwritten.
        size_bytes: what the guest will see.
        base: the file in the same directory that it is an overlay on; None makes it empty.
        base_format: the format of `base`.

    Raises:
        Retryable: `PoolFull` or `QemuImgFailed`.
    """
    # Named relatively, so that a pool can be moved, and unsafely (-u), so that qemu-img opens nothing.
    backing = ["-u", "-b", base.name, "-F", base_format] if base is not None else []
    _run(["create", "-q", "-f", "qcow2", *backing, str(path), str(size_bytes)], None)


def grow(path: Path, size_bytes: int, account: Account | None) -> None:
    """Make a qcow2 file larger. It runs as the guests' account, whose QEMU wrote the file's header.

    Raises:
        Retryable: `VolumeBusy` while a guest has it open, `PoolFull` or `QemuImgFailed`.
    """
    _run(["resize", "-q", "-f", "qcow2", str(path), str(size_bytes)], account)


def _run(arguments: list[str], account: Account | None) -> None:
    try:
        done = subprocess.run(
            ["qemu-img", *arguments],
            cwd="/", capture_output=True, text=True, timeout=_TIMEOUT_S, check=False, **run_as(account),
        )  # fmt: skip
    except FileNotFoundError as error:
        raise Permanent(
            "QemuImgMissing", "qemu-img is not installed: apt-get install --no-install-recommends qemu-utils"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise Retryable("QemuImgFailed", f"qemu-img was still running after {_TIMEOUT_S} s") from error
    if done.returncode == 0:
        return
    said = done.stderr.strip()
    if "No space left on device" in said or "Disk quota exceeded" in said:
        raise Retryable("PoolFull", f"the pool has no space left: {said}")
    if "lock" in said:
        raise Retryable("VolumeBusy", f"the volume is open: {said}")
    raise Retryable("QemuImgFailed", f"qemu-img {arguments[0]} failed: {said}")
