"""Starts a private libvirtd and buries its dead: a program, run with the libvirtd's root.

libvirt waits until the process of a stopped guest has left the process table, and there are machines whose
init looks after orphans every other second only. Here they are looked after at once. It ends with its
standard input; libvirtd stays.
"""

from __future__ import annotations

import ctypes
import os
import select
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from pextra.drivers.libvirt.hosting import PrivateLibvirtd

PR_SET_CHILD_SUBREAPER = 36
INTERVAL_S = 0.02


def main(root: Path) -> None:
    """Start the libvirtd, say so, and reap until nobody is there any more to tell."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if Path("/proc/self/ns/mnt").readlink() != Path(f"/proc/{os.getppid()}/ns/mnt").readlink():
        _open_tun(root.with_suffix(".tun"))
    PrivateLibvirtd(root).ensure_up()
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], INTERVAL_S)[0]:
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _open_tun(node: Path) -> None:
    """Let everyone open /dev/net/tun, as on any machine with udev; containers keep it to root.

    Only in a mount namespace of our own, which `ip netns exec` made.
    """
    os.mknod(node, stat.S_IFCHR | 0o666, os.makedev(10, 200))
    node.chmod(0o666)
    subprocess.run(["mount", "--bind", str(node), "/dev/net/tun"], check=True, timeout=30)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
