"""Which addresses and ports of the host are taken, by forwards or by services of its own."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address

from pextra.drivers.interface import Forward, Permanent, PortSource
from pextra.drivers.local.commands import Commands
from pextra.drivers.local.host_ruleset import ANY_ADDRESS


def check_claims(commands: Commands, port: PortSource, known: PortSource | None, others: Iterable[PortSource]) -> None:
    """Refuse forwards that listen where something else does.

    Args:
        commands: what runs `ss`.
        port: whose forwards.
        known: the port as it was, whose forwards are not asked about again.
        others: every port of the host.

    Raises:
        Permanent: `PortTaken`.
    """
    if not port.forwards:
        return
    taken = [(forward, other.uid) for other in others if other.uid != port.uid for forward in other.forwards]
    for number, forward in enumerate(port.forwards):
        rivals = [*taken, *((other, port.uid) for other in port.forwards[:number])]
        for other, uid in rivals:
            if _meet(forward, other):
                raise _taken(port, forward, f"port {uid}")
    new = set(port.forwards) - set(known.forwards if known else ())
    if new:
        _check_services(commands, port, new)


def _check_services(commands: Commands, port: PortSource, forwards: Iterable[Forward]) -> None:
    """Refuse to take what reaches a service of the host, such as the way in of whoever looks after it."""
    listening: list[Forward] = []
    for protocol, flag in (("tcp", "--tcp"), ("udp", "--udp")):
        for line in commands.run(("ss", "--no-header", "--listening", "--numeric", flag)).splitlines():
            local = line.split()[3]
            address, _, number = local.rpartition(":")
            address = address.partition("%")[0].strip("[]").removeprefix("::ffff:")
            if number.isdigit():
                everywhere = address in ("*", "::", ANY_ADDRESS)
                if everywhere or ":" not in address:
                    listening.append(Forward(protocol, int(number), 0, ANY_ADDRESS if everywhere else address))
    for forward in forwards:
        if any(_meet(forward, service) for service in listening):
            raise _taken(port, forward, "a service of the host")


def _meet(one: Forward, other: Forward) -> bool:
    addresses = {IPv4Address(one.listen_address), IPv4Address(other.listen_address)}
    return (one.protocol, one.listen_port) == (other.protocol, other.listen_port) and (
        len(addresses) == 1 or IPv4Address(ANY_ADDRESS) in addresses
    )


def _taken(port: PortSource, forward: Forward, by: str) -> Permanent:
    return Permanent(
        "PortTaken",
        f"port {port.uid}: {forward.protocol} {forward.listen_address}:{forward.listen_port} belongs to {by}: "
        "choose another",
    )
