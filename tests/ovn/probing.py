"""Asks, all at once, who reaches whom: by datagrams, and by connections."""

from __future__ import annotations

import ipaddress
import selectors
import socket
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Final

from tests.labs.ovn.machine import Peer

ANSWER_S: Final = 5.0
"""How long what should arrive may take."""
SILENCE_S: Final = 0.4
"""How long is waited for what should not arrive, once everything else has."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Something that is sent: by whom, to which address, by `tcp` or `udp`, to which port."""

    sender: int
    address: str
    protocol: str
    port: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """A probe, and the machine that it came to. A connection has arrived when it brought an answer."""

    probe: Probe
    receiver: int


class Probing:
    """Machines that send probes and listen for them.

    Args:
        machines: a probe names them by their places here.
        stack: closes every socket.
    """

    def __init__(self, machines: Sequence[Peer], stack: ExitStack) -> None:
        self._machines = machines
        self._stack = stack
        self._selector = stack.enter_context(selectors.DefaultSelector())
        self._seen: set[Arrival] = set()

    def listen(self, protocol: str, port: int) -> None:
        """Have every machine listen, of both families."""
        for number, machine in enumerate(self._machines):
            server = self._socket(machine, socket.AF_INET6, protocol)
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of an earlier round may linger
            server.bind(("::", port))
            if protocol == "tcp":
                server.listen(256)
            self._selector.register(server, selectors.EVENT_READ, (protocol, number))

    def send(self, probes: Sequence[Probe]) -> None:
        """Send what tells its place in the list."""
        for number, probe in enumerate(probes):
            family = socket.AF_INET if ipaddress.ip_address(probe.address).version == 4 else socket.AF_INET6
            client = self._socket(self._machines[probe.sender], family, probe.protocol)
            if probe.protocol == "udp":
                client.sendto(str(number).encode(), (probe.address, probe.port))
            else:
                client.connect_ex((probe.address, probe.port))
                self._selector.register(client, selectors.EVENT_READ, probe)

    def hear(self, probes: Sequence[Probe], expected: set[Arrival]) -> set[Arrival]:
        """What arrives where; the wait is over soon after everything that is expected has."""
        deadline, patient = time.monotonic() + ANSWER_S, True
        while time.monotonic() < deadline:
            for key, _ in self._selector.select(0.05):
                heard = key.fileobj
                assert isinstance(heard, socket.socket)
                if isinstance(key.data, Probe):
                    self._answered(heard, key.data)
                else:
                    self._arrived(heard, probes, *key.data)
            if patient and self._seen >= expected:
                deadline, patient = time.monotonic() + SILENCE_S, False
        return self._seen

    def _answered(self, client: socket.socket, probe: Probe) -> None:
        with suppress(OSError):  # refused
            if text := client.recv(100):
                self._seen.add(Arrival(probe, int(text)))
        self._selector.unregister(client)

    def _arrived(self, server: socket.socket, probes: Sequence[Probe], protocol: str, number: int) -> None:
        if protocol == "udp":
            self._seen.add(Arrival(probes[int(server.recv(100))], number))
            return
        client, _ = server.accept()
        self._stack.enter_context(client).sendall(str(number).encode())

    def _socket(self, machine: Peer, family: socket.AddressFamily, protocol: str) -> socket.socket:
        kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
        made = self._stack.enter_context(machine.inside(lambda: socket.socket(family, kind)))
        made.setblocking(False)
        return made


def arrivals(machines: Sequence[Peer], probes: Sequence[Probe], expected: set[Arrival]) -> set[Arrival]:
    """What of the probes arrives where.

    Args:
        expected: the wait is over soon after these have arrived.
    """
    with ExitStack() as stack:
        probing = Probing(machines, stack)
        for protocol, port in sorted({(probe.protocol, probe.port) for probe in probes}):
            probing.listen(protocol, port)
        probing.send(probes)
        return set(probing.hear(probes, expected))
