"""Plugs a guest into its port: a program that stands in for a hypervisor.

It opens the port's tap where it runs, makes a card `eth0` in the guest's network namespace, and carries frames
between the two until its standard input ends.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import select
import struct
import sys

TUNSETIFF = 0x400454CA
IFF_TAP = 0x0002
IFF_NO_PI = 0x1000
CLONE_NEWNET = 0x40000000
FRAME = 65_600


def open_tap(name: str, node: str) -> int:
    """A descriptor that reads and writes the frames of a tap, which is made when absent."""
    descriptor = os.open(node, os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return descriptor


def main(tap: str, namespace: str, node: str = "/dev/net/tun") -> None:
    """Carry frames."""
    port = open_tap(tap, node)
    inside = os.open(namespace, os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(inside, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
    card = open_tap("eth0", node)
    print("ready", flush=True)
    while True:
        readable = select.select([port, card, sys.stdin], [], [])[0]
        if sys.stdin in readable:
            return
        for source, target in ((port, card), (card, port)):
            if source in readable:
                try:
                    frame = os.read(source, FRAME)
                    os.write(target, frame)
                except OSError:  # a card that is down takes no frames, and has none
                    continue


if __name__ == "__main__":
    main(*sys.argv[1:])
