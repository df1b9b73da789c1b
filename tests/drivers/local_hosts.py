"""What tests of the driver for one host describe, and the fixture's parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import uuid4

from pextra.drivers.interface import NetworkSource, PortSource, SecurityRule, SubnetSource
from pextra.drivers.local.commands import Commands
from pextra.drivers.local.driver import LocalNetwork
from tests.contract.network_contract import new_network, new_port
from tests.drivers.netlab import Guest, NetLab

OUT = SecurityRule("egress", "any", None, None, None)
PING_IN = SecurityRule("ingress", "icmp", None, None, None)
GATEWAY = "10.20.0.1"


def tcp_in(port: int, remote: str | None = None) -> SecurityRule:
    """Lets connections to one TCP port in."""
    return SecurityRule("ingress", "tcp", port, port, remote)


def resolving_network() -> NetworkSource:
    """A network whose guests ask the gateway for names."""
    source = new_network()
    return replace(source, subnets=(replace(source.subnets[0], dns_servers=()),))


def dual_network() -> NetworkSource:
    """A network with IPv4 and IPv6."""
    source = resolving_network()
    return replace(source, subnets=(*source.subnets, SubnetSource(str(uuid4()), "fd00:20::/64", None)))


def guest_on(
    lab: NetLab,
    networks: LocalNetwork,
    network: NetworkSource,
    name: str,
    number: int,
    *rules: SecurityRule,
) -> Guest:
    """A guest with its address by hand, on a port with these rules."""
    port = replace(new_port(network, number), rules=rules)
    return lab.plug(name, port, networks.ensure_port(port)).configure()


def change(networks: LocalNetwork, guest: Guest, *rules: SecurityRule) -> PortSource:
    """Give a guest's port other rules."""
    changed = replace(guest.source, rules=rules)
    networks.ensure_port(changed)
    return changed


_READING = ("show", "list", "--values", "--no-header")


def is_reading(argv: Sequence[str]) -> bool:
    """Whether a command only looks."""
    return any(word in argv for word in _READING)


class CountedCommands(Commands):
    """Commands that are written down."""

    def __init__(self, enter: Sequence[str] = ()) -> None:
        super().__init__(enter)
        self.ran: list[tuple[tuple[str, ...], str]] = []

    def run(self, argv: Sequence[str], *, stdin: str = "", namespace: str | None = None) -> str:
        """Write down and run."""
        self.ran.append((tuple(argv), stdin))
        return super().run(argv, stdin=stdin, namespace=namespace)

    def changes(self) -> list[tuple[tuple[str, ...], str]]:
        """Those that did not only look."""
        return [(argv, stdin) for argv, stdin in self.ran if not is_reading(argv)]


class Killed(BaseException):
    """The driver's process died."""


class MortalCommands(Commands):
    """Commands that die, as with kill -9, around their first change.

    Args:
        enter: as for `Commands`.
        at_once: die before the next step, whatever it is; otherwise before the next one that changes something.
    """

    def __init__(self, enter: Sequence[str], *, at_once: bool) -> None:
        super().__init__(enter)
        self._at_once = at_once
        self._changed = False

    def run(self, argv: Sequence[str], *, stdin: str = "", namespace: str | None = None) -> str:
        """Run, or die."""
        if is_reading(argv):
            return super().run(argv, stdin=stdin, namespace=namespace)
        # Between two lines of a batch is a place to die as well.
        batched = "-batch" in argv
        for part in stdin.splitlines(keepends=True) if batched else [stdin]:
            if self._changed:
                raise Killed
            self._changed = True
            super().run(argv, stdin=part, namespace=namespace)
            if self._at_once:
                raise Killed
        return ""


def converge_through_kills(lab: NetLab, act: Callable[[LocalNetwork], object]) -> int:
    """Do something again and again, each time killed after its first change, until nothing is left to change.

    Every other kill comes at once after the change, before anything could be noted about it.

    Returns:
        How often it was killed.
    """
    kills = 0
    while True:
        try:
            act(lab.driver(commands=MortalCommands(lab.enter, at_once=kills % 2 == 1)))
        except Killed:
            kills += 1
            assert kills < 300, "it does not get anywhere"
            continue
        return kills


class World:
    """What lies beyond the host's uplink: a machine at 198.51.100.2, in a namespace of the lab's."""

    NAME = "world"
    HOST = "198.51.100.1"
    ADDRESS = "198.51.100.2"

    def __init__(self, lab: NetLab) -> None:
        lab.run("ip", "netns", "add", self.NAME)
        lab.run("ip", "link", "add", "lan0", "type", "veth", "peer", "name", "eth0", "netns", self.NAME)
        lab.run("ip", "address", "add", f"{self.HOST}/24", "dev", "lan0")
        lab.run("ip", "link", "set", "dev", "lan0", "up")
        lab.run("ip", "route", "add", "default", "via", self.ADDRESS)
        lab.run("ip", "address", "add", f"{self.ADDRESS}/24", "dev", "eth0", namespace=self.NAME)
        lab.run("ip", "link", "set", "dev", "eth0", "up", namespace=self.NAME)
