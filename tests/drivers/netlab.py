"""A host of a test's own: a network namespace, with a mount namespace in which nested ones have their names.

Nothing of the machine's network is touched. Guests are namespaces behind real taps (`tap_wire`).
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from pextra.drivers.interface import PortBinding, PortSource
from pextra.drivers.local.commands import Commands, program_path
from pextra.drivers.local.driver import LocalNetwork
from pextra.drivers.local.uplink import Uplink
from tests.labs.waiting import wait_until

CLONE_NEWNET = 0x40000000
WIRE = Path(__file__).with_name("tap_wire.py")
PROGRAMS = ("ip", "bridge", "nft", "dnsmasq", "sysctl", "ss", "nsenter", "unshare", "busybox")
T = TypeVar("T")


@cache
def reason_unavailable() -> str | None:
    """Why no such host can be made here."""
    if os.geteuid() != 0:
        return "networks of a host: not root"
    if missing := [name for name in PROGRAMS if shutil.which(name, path=program_path()) is None]:
        return f"networks of a host: not installed: {', '.join(missing)}"
    if not Path("/dev/net/tun").exists():
        return "networks of a host: no /dev/net/tun"
    done = subprocess.run(["unshare", "--net", "--mount", "true"], capture_output=True, check=False, timeout=30)
    return None if done.returncode == 0 else "networks of a host: network namespaces are not allowed here"


class Guest:
    """A machine behind a port: a namespace with one card, `eth0`."""

    def __init__(self, lab: NetLab, name: str, source: PortSource, binding: PortBinding) -> None:
        self.lab = lab
        self.name = name
        self.source = source
        lab.run("ip", "netns", "add", name)
        self._wire = subprocess.Popen(
            [*lab.enter, sys.executable, WIRE, binding.target, f"/run/netns/{name}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._wire.stdout is not None
        assert self._wire.stdout.readline() == b"ready\n"
        self.run("ip", "link", "set", "dev", "lo", "up")
        self.run("ip", "link", "set", "dev", "eth0", "address", source.mac, "up")

    def run(self, *argv: str) -> str:
        """Run a program in the guest."""
        return self.lab.run(*argv, namespace=self.name)

    def succeeds(self, *argv: str) -> bool:
        """Whether a program in the guest succeeds."""
        return self.lab.succeeds(*argv, namespace=self.name)

    def configure(self, gateway: str = "10.20.0.1", prefix: int = 24) -> Self:
        """Give the guest its first address by hand, with a route."""
        self.run("ip", "address", "add", f"{self.source.addresses[0]}/{prefix}", "dev", "eth0")
        self.run("ip", "route", "replace", "default", "via", gateway)
        return self

    def lease(self, hostname: str = "") -> dict[str, str]:
        """Ask for an address as a DHCP client does; what the client was told, or nothing."""
        script = self.lab.directory / f"{self.name}.script"
        told = self.lab.directory / f"{self.name}.told"
        told.unlink(missing_ok=True)
        script.write_text(
            "#!/bin/busybox sh\n"
            f'[ "$1" = bound ] || exit 0\n'
            'ip address flush dev "$interface" scope global\n'
            'ip address replace "$ip/$mask" dev "$interface"\n'
            'ip route replace default via "$router"\n'
            f"env > {told}\n"
        )
        script.chmod(0o755)
        ask = ["-O", "mtu", "-O", "search", *(["-x", f"hostname:{hostname}"] if hostname else [])]
        self.succeeds(
            "busybox", "udhcpc", "-i", "eth0", "-f", "-n", "-q", "-t", "4", "-T", "1", *ask, "-s", str(script)
        )
        if not told.exists():
            return {}
        return dict(line.split("=", 1) for line in told.read_text().splitlines() if "=" in line)

    def socket(self, kind: int = socket.SOCK_STREAM, family: int = socket.AF_INET) -> socket.socket:
        """A socket in the guest's namespace, with a short timeout."""
        return self.lab.socket(kind, family, namespace=self.name)

    def listen(self, port: int) -> socket.socket:
        """A TCP server of the guest."""
        return self.lab.listen(port, namespace=self.name)

    def connects(self, address: str, port: int, timeout_s: float = 0.5) -> bool:
        """Whether a TCP connection of the guest comes about."""
        return self.lab.connects(address, port, timeout_s, namespace=self.name)

    def pings(self, address: str) -> bool:
        """Whether an echo comes back."""
        return self.succeeds("busybox", "ping", "-c", "1", "-W", "1", address)

    def close(self) -> None:
        """Switch the guest off."""
        assert self._wire.stdin is not None
        assert self._wire.stdout is not None
        self._wire.stdin.close()
        self._wire.wait(10)
        self._wire.stdout.close()
        self.lab.run("ip", "netns", "delete", self.name)


class NetLab:
    """A host, made when entered and gone with everything in it when left."""

    def __enter__(self) -> Self:
        # Not below the tests' own folder, which is closed to the user that dnsmasq becomes.
        self.directory = Path(tempfile.mkdtemp(prefix="pextra-netlab-"))
        self.directory.chmod(0o711)
        self.state = self.directory / "state"
        self.guests: dict[str, Guest] = {}
        self._boot()
        return self

    def _boot(self) -> None:
        # It ends with us however we end, and with it the namespaces.
        self._holder = subprocess.Popen(["unshare", "--net", "--mount", "cat"], stdin=subprocess.PIPE)
        pid = self._holder.pid
        self.enter = ("nsenter", f"--target={pid}", "--net", "--mount", "--")
        program = Path(f"/proc/{pid}/comm")
        wait_until(lambda: program.read_text() == "cat\n", 10, "a network namespace")
        self.commands = Commands(self.enter)
        self.run("mount", "-t", "tmpfs", "tmpfs", "/run")
        self.run("mkdir", "/run/netns")
        self.run("ip", "link", "set", "dev", "lo", "up")

    def reboot(self) -> None:
        """Lose everything but files, as a host does that is switched off and on again."""
        self._halt()
        self._boot()

    def _halt(self) -> None:
        for guest in list(self.guests.values()):
            self.unplug(guest)
        for pid in self.daemons():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not self.daemons(), 10, "the end of the host's daemons")
        assert self._holder.stdin is not None
        self._holder.stdin.close()
        self._holder.wait(10)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._halt()
        shutil.rmtree(self.directory)

    def driver(
        self, *, commands: Commands | None = None, uplink: Uplink | None = None, resolvers: tuple[str, ...] = ()
    ) -> LocalNetwork:
        """A new driver object on this host."""
        return LocalNetwork(self.state, uplink=uplink, resolvers=resolvers, commands=commands or self.commands)

    def plug(self, name: str, source: PortSource, binding: PortBinding) -> Guest:
        """Start a guest on a port."""
        self.guests[name] = Guest(self, name, source, binding)
        return self.guests[name]

    def unplug(self, guest: Guest) -> None:
        """Switch a guest off."""
        self.guests.pop(guest.name).close()

    def run(self, *argv: str, namespace: str | None = None) -> str:
        """Run a program on the host, or in one of its namespaces."""
        return self.commands.run(argv, namespace=namespace)

    def succeeds(self, *argv: str, namespace: str | None = None) -> bool:
        """Whether a program succeeds."""
        inside = () if namespace is None else ("nsenter", f"--net=/run/netns/{namespace}", "--")
        done = subprocess.run([*self.enter, *inside, *argv], capture_output=True, check=False, timeout=60)
        return done.returncode == 0

    def inside(self, act: Callable[[], T], *, namespace: str | None = None) -> T:
        """Call a function on a thread in the namespace; a socket stays in the one where it was made."""
        pid = self._holder.pid
        path = f"/proc/{pid}/ns/net" if namespace is None else f"/proc/{pid}/root/run/netns/{namespace}"

        def enter_and_act() -> T:
            with open(path) as file:  # noqa: PTH123 (its descriptor is what matters)
                if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), f"setns {path}")
            return act()

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(enter_and_act).result()

    def socket(
        self, kind: int = socket.SOCK_STREAM, family: int = socket.AF_INET, *, namespace: str | None = None
    ) -> socket.socket:
        """A socket in a namespace, with a short timeout."""
        made = self.inside(lambda: socket.socket(family, kind), namespace=namespace)
        made.settimeout(3)
        return made

    def listen(self, port: int, *, address: str = "", namespace: str | None = None) -> socket.socket:
        """A TCP server in a namespace."""
        server = self.socket(namespace=namespace)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((address, port))
        server.listen()
        return server

    def connects(self, address: str, port: int, timeout_s: float = 0.5, *, namespace: str | None = None) -> bool:
        """Whether a TCP connection comes about."""
        with self.socket(namespace=namespace) as client:
            client.settimeout(timeout_s)
            try:
                client.connect((address, port))
            except OSError:
                return False
            return True

    def daemons(self) -> list[int]:
        """Every process with the lab's directory on its command line."""
        marker = os.fsencode(self.directory)
        found: list[int] = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with suppress(OSError):
                    if marker in (entry / "cmdline").read_bytes():
                        found.append(int(entry.name))
        return found

    def traces(self) -> dict[str, object]:
        """What of the kernel's and the disk's objects a driver could have left."""
        files = (path for path in self.state.rglob("*") if path.is_file() and path.name != "lock")
        return {
            "links": sorted(link["ifname"] for link in self.commands.look("ip", "-json", "link", "show")),
            "namespaces": sorted(found["name"] for found in self.commands.look("ip", "-json", "netns", "list")),
            "rules": self.run("nft", "list", "ruleset"),
            "routes": self.run("ip", "-4", "route", "show", "table", "all"),
            "processes": self.daemons(),
            "files": sorted(str(path) for path in files),
        }
