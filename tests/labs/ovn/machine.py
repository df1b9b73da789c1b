"""Who sends and takes packets in a lab.

A guest is a namespace with one card, carried to a tap on a host by a program that stands in for QEMU.
"""

from __future__ import annotations

import ctypes
import ipaddress
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

from tests.labs.ovn.host import Host
from tests.labs.ovn.node import Node, run

_WIRE: Final = Path(__file__).parents[2] / "drivers" / "tap_wire.py"
_CLONE_NEWNET: Final = 0x40000000
T = TypeVar("T")


class Peer(Node):
    """A namespace that makes and takes connections."""

    def pings(self, address: str, *, tries: int = 3, wait_s: float = 1) -> bool:
        """Whether an echo comes back."""
        return self.succeeds("ping", "-n", "-c", str(tries), "-i", "0.2", "-W", str(wait_s), address)

    def connects(self, address: str, port: int, timeout_s: float = 0.7) -> bool:
        """Whether a TCP connection comes about."""
        return self.greeting(address, port, timeout_s) is not None

    def greeting(self, address: str, port: int, timeout_s: float = 0.7) -> str | None:
        """What a server (`listening`) says to who connects; None where no connection comes about."""
        version = ipaddress.ip_address(address).version
        family = socket.AF_INET if version == 4 else socket.AF_INET6
        client = self.inside(lambda: socket.socket(family, socket.SOCK_STREAM))
        with client:
            client.settimeout(timeout_s)
            try:
                client.connect((address, port))
                return client.recv(200).decode()
            except OSError:
                return None

    @contextmanager
    def listening(self, port: int) -> Generator[None]:
        """A TCP server of both families, which tells everybody its own namespace and their address."""
        server = self.inside(lambda: socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True))

        def serve() -> None:
            with suppress(OSError):  # closed
                while True:
                    client, peer = server.accept()
                    with client, suppress(OSError):
                        client.sendall(f"{self.namespace} {peer[0].removeprefix('::ffff:')}".encode())

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield
        finally:
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            server.close()
            thread.join(5)

    def inside(self, act: Callable[[], T]) -> T:
        """Call a function on a thread in the namespace; a socket stays in the one where it was made."""

        def enter_and_act() -> T:
            with Path(f"/run/netns/{self.namespace}").open() as file:
                if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), _CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), f"setns {self.namespace}")
            return act()

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(enter_and_act).result()


class Machine(Peer):
    """See the module.

    Args:
        namespace: its own; made here.
        host: where its tap is.
        tap: the device.
        mac: of its card.
        mtu: of its card.
    """

    def __init__(self, namespace: str, host: Host, tap: str, mac: str, mtu: int) -> None:
        super().__init__(namespace, host.folder)
        run("ip", "netns", "add", namespace)
        self._wire = subprocess.Popen(
            host.entering(sys.executable, str(_WIRE), tap, f"/run/netns/{namespace}"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._wire.stdout is not None
        assert self._wire.stdout.readline() == b"ready\n"
        # the datapath reads the device as it is: the sums have to be in the packets
        self.run("ethtool", "-K", "eth0", "tx", "off")
        self.ip("link set lo up", f"link set eth0 address {mac} mtu {mtu} up")

    def has(self, addresses: Sequence[str], gateways: Sequence[str] = ()) -> None:
        """Give the card addresses, with the length of their prefixes, and ways out."""
        for address in addresses:
            quickly = ("nodad",) if ":" in address else ()
            self.run("ip", "address", "add", address, "dev", "eth0", *quickly)
        for gateway in gateways:
            family = "-6" if ":" in gateway else "-4"
            self.run("ip", family, "route", "replace", "default", "via", gateway)

    def close(self) -> None:
        """Switch it off."""
        assert self._wire.stdin is not None
        assert self._wire.stdout is not None
        self._wire.stdin.close()
        self._wire.wait(10)
        self._wire.stdout.close()
        run("ip", "netns", "delete", self.namespace)
