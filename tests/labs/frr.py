"""FRR in network namespaces of a lab: routers outside, and hosts that speak to them."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from pextra.drivers.frr.driver import FrrBgp
from pextra.drivers.local.commands import Commands
from tests.drivers.netlab import NetLab
from tests.labs.waiting import wait_until

DAEMONS: Final = Path("/usr/lib/frr")
OUTSIDE: Final = "br-public"


def reason_unavailable() -> str | None:
    """Why there is no FRR here."""
    present = (DAEMONS / "bgpd").exists() and shutil.which("vtysh")
    return None if present else "BGP: frr is not installed"


class Frr:
    """The daemons of a machine, which is a network namespace.

    Args:
        directory: for their files; made here. Everybody may pass through what it is in: FRR has an account of its own.
        commands: what runs programs on the machine.
    """

    def __init__(self, directory: Path, commands: Commands) -> None:
        self.directory = directory
        self.commands = commands
        self.directory.mkdir()
        self.directory.chmod(0o755)
        shutil.chown(self.directory, "frr", "frr")
        (self.directory / "vtysh.conf").touch()
        self.options = ("--vty_socket", str(self.directory), "--config_dir", str(self.directory))

    def start(self) -> None:
        """Start the daemons, with what they were last told to keep: nothing."""
        where = self.directory
        for daemon in ("zebra", "bgpd"):
            (where / f"{daemon}.conf").touch()
            self.run(
                str(DAEMONS / daemon),
                *("-d", "-u", "frr", "-g", "frr", "-A", "127.0.0.1", "--vty_socket", str(where)),
                *("-z", f"{where}/zserv.api", "-i", f"{where}/{daemon}.pid", "-f", f"{where}/{daemon}.conf"),
                *("--log", f"file:{where}/{daemon}.log"),
            )
        self.vtysh("show bgp summary json")

    def kill(self) -> None:
        """Have the daemons die, as when their machine does."""
        for daemon in ("bgpd", "zebra"):
            pid = int((self.directory / f"{daemon}.pid").read_text())
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            wait_until(lambda pid=pid: not Path(f"/proc/{pid}").exists(), 10, f"the end of {daemon}")

    def run(self, *argv: str) -> str:
        """Run a program on the machine."""
        return self.commands.run(argv)

    def vtysh(self, command: str) -> str:
        """Ask FRR."""
        return self.run("vtysh", *self.options, "-c", command)

    def configure(self, text: str) -> None:
        """Tell FRR what its administrator does."""
        self.commands.run(("vtysh", *self.options, "-f", "/dev/stdin"), stdin=text)

    def routes(self, family: str = "ipv4") -> dict[str, list[dict[str, Any]]]:
        """What it knows by BGP: the ways to each prefix, the best first."""
        told = json.loads(self.vtysh(f"show bgp {family} unicast json"))
        found: dict[str, list[dict[str, Any]]] = {}
        for prefix, paths in told["routes"].items():
            found[prefix] = sorted(paths, key=lambda path: not path.get("bestpath"))
        return found

    def driver(self, bridges: Callable[[], Mapping[str, str]] = lambda: {"public": OUTSIDE}) -> FrrBgp:
        """What an agent on this machine would have."""
        return FrrBgp(bridges, commands=self.commands, options=self.options)


def machine(lab: NetLab, name: str) -> Frr:
    """A new machine of a lab."""
    lab.run("ip", "netns", "add", name)
    lab.run("ip", "link", "set", "dev", "lo", "up", namespace=name)
    commands = Commands((*lab.enter, "nsenter", f"--net=/run/netns/{name}", "--"))
    return Frr(lab.directory / f"frr-{name}", commands)


def link(lab: NetLab, left: str, right: str, number: int) -> None:
    """Join a router (left) and a host: `10.9.N.0/31` and `.1`, `2001:db8:9:N::` and `::1`."""
    one, other = f"to-{right}", "uplink"
    lab.run("ip", "link", "add", one, "netns", left, "type", "veth", "peer", "name", other, "netns", right)
    for machine, device, last in ((left, one, 0), (right, other, 1)):
        lab.run("ip", "address", "add", f"10.9.{number}.{last}/31", "dev", device, namespace=machine)
        lab.run("ip", "address", "add", f"2001:db8:9:{number}::{last}/127", "dev", device, "nodad", namespace=machine)
        lab.run("ip", "link", "set", "dev", device, "up", namespace=machine)


def bridge(host: Frr) -> None:
    """Give a host a bridge to the network outside."""
    host.run("ip", "link", "add", OUTSIDE, "type", "bridge")
    host.run("ip", "link", "set", "dev", OUTSIDE, "up")
