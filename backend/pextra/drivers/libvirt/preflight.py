"""Says what this machine lacks to run guests, before anything is started."""

from __future__ import annotations

import os
import platform
import shutil
from importlib.util import find_spec
from pathlib import Path

from pextra.drivers.account import DEDICATED_USER, guest_account
from pextra.drivers.lacking import APT, Problem
from pextra.drivers.libvirt.acceleration import QEMU
from pextra.drivers.libvirt.features import find_features
from pextra.drivers.libvirt.hosting import libvirtd_program
from pextra.drivers.libvirt.seed import ISO_MAKERS

_CONFINEMENT = (Path("/sys/module/apparmor/parameters/enabled"), Path("/sys/fs/selinux/enforce"))


def advise() -> list[Problem]:
    """What guests can do without, and this machine lacks: features, and confinement beyond QEMU's own sandbox.

    Looks only. Whether a guest is confined in fact is in the capabilities of the driver that runs it.
    """
    problems = [Problem(*text.split(": ", 1)) for text in find_features().lacking]
    if not any(_says_yes(path) for path in _CONFINEMENT):
        problems.append(
            Problem(
                "guests are confined by their account and QEMU's sandbox alone",
                "enable AppArmor or SELinux in the kernel, and let the driver use the machine's own libvirtd",
            )
        )
    return problems


def _says_yes(path: Path) -> bool:
    try:
        return path.read_text().strip() in ("Y", "1")
    except OSError:
        return False


def check() -> list[Problem]:
    """What keeps `LibvirtCompute` on a `PrivateLibvirtd`, with `file` storage, from working here.

    Looks only, and takes no noticeable time. Empty when guests can run, if only by emulation.
    """
    problems: list[Problem] = []
    if platform.machine() != "x86_64":
        problems.append(Problem(f"guests are x86-64, this machine is {platform.machine()}", "use another machine"))
    if shutil.which(QEMU) is None:
        problems.append(Problem("QEMU is not installed", f"{APT} qemu-system-x86"))
    if shutil.which("qemu-img") is None:
        problems.append(Problem("qemu-img is not installed", f"{APT} qemu-utils"))
    if libvirtd_program() is None:
        problems.append(Problem("libvirtd is not installed", f"{APT} libvirt-daemon libvirt-daemon-driver-qemu"))
    if find_spec("libvirt") is None:
        problems.append(
            Problem(
                "libvirt-python is not installed",
                f"{APT} libvirt-dev pkg-config gcc && pip install libvirt-python",
            )
        )
    if not any(shutil.which(tool[0]) for tool in ISO_MAKERS):
        problems.append(Problem("no program makes ISO images", f"{APT} genisoimage"))
    if os.geteuid() == 0:
        try:
            guest_account()
        except LookupError as error:
            problems.append(
                Problem(
                    str(error),
                    f"useradd --system --no-create-home --shell /usr/sbin/nologin {DEDICATED_USER}",
                )
            )
    return problems
