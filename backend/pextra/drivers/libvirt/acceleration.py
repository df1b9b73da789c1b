"""Whether guests really run under KVM here: proved by booting one, never by what the host claims.

There are hosts whose /dev/kvm opens and whose libvirt lists KVM as usable, and on which a guest hangs.
"""

from __future__ import annotations

import json
import os
import platform
import select
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from pextra.drivers.account import Account, run_as
from pextra.drivers.interface import Permanent, Retryable
from pextra.replacing import replace_file

QEMU: Final = "qemu-system-x86_64"
_USER_SPACE: Final = b"PEXTRA-GUEST user space"
_PROBE_MEMORY_MIB: Final = 256
_DEVICE: Final = "/dev/kvm"


def kvm_works(image: Callable[[], Path], cache_dir: Path, account: Account | None, *, timeout_s: float = 10) -> bool:
    """Boot the tiny image under KVM and see whether it reaches user space.

    The answer is kept in `cache_dir` for this kernel and this QEMU, so that only the first call boots.

    Args:
        image: gives the tiny guest's disk (`pextra.images.tiny`), opened read-only; called only when something is to
            be booted.
        cache_dir: where answers are kept; made when absent.
        account: whom guests run as: the device may be closed to them and open to us.
        timeout_s: how long the boot may take; it takes less than two seconds where KVM works.

    Raises:
        Permanent: `QemuMissing`.
    """
    if not _device_opens(account):
        return False
    key = f"{platform.release()} {_qemu_version()}"
    answers_file = cache_dir / "kvm.json"
    try:
        answers: dict[str, Any] = json.loads(answers_file.read_text())
    except (OSError, ValueError):
        answers = {}
    if key not in answers:
        answers[key] = _reaches_user_space(image(), account, timeout_s)
        cache_dir.mkdir(parents=True, exist_ok=True)
        replace_file(answers_file, json.dumps(answers).encode())
    return answers[key] is True


def _device_opens(account: Account | None) -> bool:
    opens = subprocess.run(["test", "-r", _DEVICE, "-a", "-w", _DEVICE], check=False, timeout=10, **run_as(account))
    return opens.returncode == 0


def _qemu_version() -> str:
    try:
        shown = subprocess.run([QEMU, "--version"], capture_output=True, text=True, timeout=30, check=True)
    except FileNotFoundError as error:
        raise Permanent(
            "QemuMissing", "QEMU is not installed: apt-get install --no-install-recommends qemu-system-x86"
        ) from error
    except subprocess.SubprocessError as error:
        raise Retryable("QemuFailed", f"{QEMU} --version failed: {error}") from error
    return shown.stdout.split("\n", 1)[0]


def _reaches_user_space(image: Path, account: Account | None, timeout_s: float) -> bool:
    with image.open("rb") as opened:
        # As a descriptor: the account need not be able to reach the image's directory.
        command = [
            QEMU, "-machine", "q35", "-accel", "kvm", "-cpu", "host", "-m", str(_PROBE_MEMORY_MIB),
            "-nodefaults", "-display", "none", "-serial", "stdio", "-add-fd", f"fd={opened.fileno()},set=1",
            "-drive", "file=/dev/fdset/1,format=qcow2,if=virtio,readonly=on",
        ]  # fmt: skip
        process = subprocess.Popen(
            command, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            pass_fds=[opened.fileno()], **run_as(account),
        )  # fmt: skip
    with process:
        try:
            return _prints(process, _USER_SPACE, time.monotonic() + timeout_s)
        finally:
            process.kill()


def _prints(process: subprocess.Popen[bytes], marker: bytes, deadline: float) -> bool:
    assert process.stdout is not None
    seen = b""
    while marker not in seen:
        readable, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
        chunk = os.read(process.stdout.fileno(), 65536) if readable else b""
        if not chunk:
            return False
        seen += chunk
    return True
