"""Runs QEMU's programs on files, within limits, as the account that guests run as.

What they read was written by guests or strangers. They end with the thread that started them, so that after
a kill nobody goes on writing.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from pextra.drivers.account import Account, run_as
from pextra.drivers.interface import Permanent, Retryable

MEMORY_BYTES: Final = 2 << 30
CPU_S: Final = 600
_UTIL_LINUX: Final = "setpriv and prlimit are not installed: apt-get install --no-install-recommends util-linux"
_QEMU: Final = "is not installed: apt-get install --no-install-recommends qemu-utils qemu-system-common"


def confined(command: Sequence[str], *, file_bytes: int | None = None, cpu_s: int = CPU_S) -> list[str]:
    """The command, with limits on memory, time and the size of the files that it writes."""
    limits = [f"--as={MEMORY_BYTES}", f"--cpu={cpu_s}", "--core=0"]
    if file_bytes is not None:
        limits.append(f"--fsize={file_bytes}")
    return ["setpriv", "--pdeathsig", "KILL", "--", "prlimit", *limits, "--", *command]


def qemu_img(
    *arguments: str | Path,
    account: Account | None,
    file_bytes: int | None = None,
    timeout_s: float = 120,
    cpu_s: int = CPU_S,
) -> str:
    """What qemu-img prints.

    Args:
        arguments: the verb and what follows it.
        account: whom it runs as; None is ourselves.
        file_bytes: the largest file that it may write.
        timeout_s: after this long it is ended.
        cpu_s: the seconds of processor time after which it is ended.

    Raises:
        Retryable: `PoolFull`, `VolumeBusy` or `QemuImgFailed`.
        Permanent: `QemuImgMissing`.
    """
    verb = arguments[0]
    command = confined(["qemu-img", *map(str, arguments)], file_bytes=file_bytes, cpu_s=cpu_s)
    try:
        done = subprocess.run(
            command, cwd="/", capture_output=True, text=True, errors="replace", timeout=timeout_s, check=False,
            **run_as(account),
        )  # fmt: skip
    except FileNotFoundError as error:
        raise Permanent("QemuImgMissing", _UTIL_LINUX) from error
    except subprocess.TimeoutExpired as error:
        raise Retryable("QemuImgFailed", f"qemu-img {verb} was still running after {timeout_s} s") from error
    if done.returncode == 127:
        raise Permanent("QemuImgMissing", f"qemu-img {_QEMU}")
    if done.returncode == 0 or (verb == "check" and done.returncode in (2, 3)):
        return done.stdout
    raise failure(f"qemu-img {verb}", done.stderr.strip()[-2000:] or f"it ended with {done.returncode}")


def failure(what: str, said: str) -> Retryable:
    """The driver failure for what a program of QEMU's said."""
    if "No space left on device" in said or "Disk quota exceeded" in said:
        return Retryable("PoolFull", f"the pool has no space left: {said}")
    if "Failed to get" in said and '" lock' in said:
        return Retryable("VolumeBusy", f"the volume is open: {said}")
    return Retryable("QemuImgFailed", f"{what} failed: {said}")


def described(text: str) -> Any:
    """What qemu-img printed with `--output=json`.

    Raises:
        Retryable: `QemuImgFailed`: it is not JSON.
    """
    try:
        return json.loads(text)
    except ValueError as error:
        raise Retryable("QemuImgFailed", f"qemu-img printed no JSON: {text[:200]!r}") from error


def node(image_format: str, path: Path, *, locking: str = "off") -> dict[str, Any]:
    """A file as QEMU opens it when it may open nothing else: no probing, no backing file by the header's word.

    Args:
        image_format: one of QEMU's drivers.
        path: the file.
        locking: "off" where we keep guests away ourselves, or the file is never changed; "on" to have QEMU's locks.
    """
    file = {"driver": "file", "filename": str(path), "locking": locking}
    opened: dict[str, Any] = {"driver": image_format, "file": file}
    if image_format in ("qcow2", "vmdk"):
        opened["backing"] = None
    return opened


def chain(layers: Sequence[Path], *, locking: str = "off") -> dict[str, Any]:
    """Layers, from the top down, as QEMU opens them: whatever their headers say lies beneath them."""
    opened: dict[str, Any] | None = None
    for path in reversed(layers):
        upper = node(path.suffix[1:], path, locking=locking)
        opened = upper if opened is None else {**upper, "backing": opened}
    assert opened is not None
    return opened


def argument(opened: dict[str, Any]) -> str:
    """The node as an argument that takes the place of a file's name."""
    return f"json:{json.dumps(opened)}"
