"""Boots a guest as an ordinary user: a program, run as root with the user's home and an image.

It becomes that user after it has imported everything, for the interpreter may lie where only root can read.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import libvirt  # noqa: F401 (imported before root is given up)

from pextra.drivers.interface import DiskSource, GuestDisk, GuestSpec, Seed
from pextra.drivers.libvirt.driver import LibvirtCompute
from pextra.drivers.libvirt.hosting import PrivateLibvirtd
from tests.labs.waiting import wait_until


def main(home: Path, image: Path, user: int) -> None:
    """Boot the guest to user space, print whose process it is, and remove it."""
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
    libvirtd = PrivateLibvirtd(home / "hv")
    compute = LibvirtCompute(libvirtd, accelerated=False)
    disk = home / "disk.qcow2"
    subprocess.run(
        ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", image, disk], check=True, timeout=30
    )
    guest = GuestSpec(
        uid="guest-of-a-user",
        tenant_uid="tenant-a",
        name="mine",
        vcpus=1,
        memory_mib=192,
        disks=(GuestDisk("disk", DiskSource("file", str(disk), "qcow2")),),
        seed=Seed("instance-id: i-1\nlocal-hostname: mine\n", ""),
    )
    compute.ensure_defined(guest)
    compute.ensure_running(guest.uid)
    wait_until(
        lambda: b"hostname=mine" in compute.console_log(guest.uid, offset=0, limit=1 << 20),
        60,
        "the guest to reach user space",
    )
    pid = (home / f"hv/run/libvirt/qemu/run/{guest.uid}.pid").read_text()
    print(Path(f"/proc/{pid}").stat().st_uid)
    compute.ensure_absent(guest.uid)
    assert compute.observe_guests() == {}
    compute.close()
    libvirtd.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
