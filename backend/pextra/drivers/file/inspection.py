"""Looks at an image that a stranger made, before anything else opens it.

An image may name other files of this host (as backing or data file) or be something else than it is said
to be, and QEMU would follow. The header is read here first, because `qemu-img info` opens a data file.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, Final

from pextra.drivers.account import Account, run_as
from pextra.drivers.file.qcow2 import read_header
from pextra.drivers.interface import Permanent, Retryable

_LIMITS: Final = ("prlimit", "--as=2147483648", "--cpu=60", "--core=0", "--")
_TIMEOUT_S: Final = 120


def inspect_image(path: Path, declared_format: str, account: Account | None) -> int:
    """Refuse an image that lies; otherwise return its virtual size in bytes.

    Args:
        path: the image, whose bytes are the ones that were asked for.
        declared_format: "qcow2" or "raw".
        account: whom qemu-img runs as; it may read the file.

    Raises:
        Permanent: `FormatMismatch` (also for a damaged image) or `BackingFileForbidden`.
        Retryable: `InspectionFailed`: qemu-img did not finish within its limits.
    """
    with path.open("rb") as file:
        header = read_header(file)
    if header is not None and (header.has_backing_file or header.has_data_file):
        raise Permanent("BackingFileForbidden", "the image refers to another file: flatten it with qemu-img convert")
    described = _qemu_img("info", path, account)
    if described is None or described.get("format") != declared_format:
        found = described.get("format") if described else "unreadable"
        raise Permanent("FormatMismatch", f"the image is declared as {declared_format} and is {found}")
    if declared_format == "qcow2":
        _refuse_damaged(path, account)
    return int(described["virtual-size"])


def _refuse_damaged(path: Path, account: Account | None) -> None:
    checked = _qemu_img("check", path, account)
    if checked is None or checked.get("corruptions") or checked.get("check-errors"):
        raise Permanent("FormatMismatch", "the image is damaged: see qemu-img check")
    if checked.get("image-end-offset", 0) > path.stat().st_size:
        raise Permanent("FormatMismatch", "the image is cut off: the file ends before its last cluster")


def _qemu_img(verb: str, path: Path, account: Account | None) -> dict[str, Any] | None:
    """What qemu-img says, or None when it refuses the file."""
    formats = ["-f", "qcow2"] if verb == "check" else []
    try:
        done = subprocess.run(
            [*_LIMITS, "qemu-img", verb, *formats, "--output=json", str(path)],
            cwd="/", capture_output=True, text=True, timeout=_TIMEOUT_S, check=False, **run_as(account),
        )  # fmt: skip
    except FileNotFoundError as error:
        raise Permanent(
            "QemuImgMissing", "prlimit is not installed: apt-get install --no-install-recommends util-linux"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise Retryable("InspectionFailed", f"qemu-img {verb} was still running after {_TIMEOUT_S} s") from error
    if done.returncode == 127:
        raise Permanent(
            "QemuImgMissing", "qemu-img is not installed: apt-get install --no-install-recommends qemu-utils"
        )
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        return None
    return answer
