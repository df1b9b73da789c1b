"""A client of DHCPv6: asks, requests, and tells what it was given.

Source: RFC 8415, sections 8, 16 and 21.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.labs.ovn.machine import Machine
from tests.labs.waiting import wait_until

_SOLICIT, _ADVERTISE, _REQUEST, _REPLY = 1, 2, 3, 7
_CLIENT_ID, _SERVER_ID, _ADDRESSES, _ADDRESS, _ASKED, _TIME, _NAME_SERVERS = 1, 2, 3, 5, 6, 8, 23
_TRANSACTION: Final = 0x70787430
_TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Told:
    """What a client is told."""

    address: str
    name_servers: list[str]


def ask_for_an_address(machine: Machine, mac: str) -> Told:
    """What a machine is told that asks for an address.

    Raises:
        TimeoutError: nobody answers.
    """
    wait_until(lambda: "fe80" in machine.run("ip", "-6", "addr", "show", "dev", "eth0", "-tentative"), 10, "a link")
    client = machine.inside(lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
    with client:
        client.bind(("::", 546))
        index = machine.inside(lambda: socket.if_nametoindex("eth0"))
        identity = _option(_CLIENT_ID, struct.pack(">HH", 3, 1) + bytes.fromhex(mac.replace(":", "")))
        common = identity + _option(_TIME, b"\0\0") + _option(_ASKED, struct.pack(">H", _NAME_SERVERS))
        wanted = _option(_ADDRESSES, struct.pack(">III", 1, 0, 0))
        offer = _exchange(client, index, _SOLICIT, common + wanted, _ADVERTISE)
        given = _option(_ADDRESSES, offer[_ADDRESSES]) + _option(_SERVER_ID, offer[_SERVER_ID])
        reply = _exchange(client, index, _REQUEST, common + given, _REPLY)
    inner = dict(_options(reply[_ADDRESSES][12:]))
    servers = reply.get(_NAME_SERVERS, b"")
    names = [socket.inet_ntop(socket.AF_INET6, servers[at : at + 16]) for at in range(0, len(servers), 16)]
    return Told(socket.inet_ntop(socket.AF_INET6, inner[_ADDRESS][:16]), names)


def _exchange(client: socket.socket, index: int, kind: int, options: bytes, expected: int) -> dict[int, bytes]:
    message = bytes([kind]) + struct.pack(">I", _TRANSACTION)[1:] + options
    client.settimeout(1)
    for _ in range(_TRIES):
        client.sendto(message, ("ff02::1:2", 547, 0, index))
        try:
            answer = client.recv(2000)
        except TimeoutError:
            continue
        if answer[0] == expected:
            return dict(_options(answer[4:]))
    raise TimeoutError("no answer by DHCPv6")


def _option(number: int, data: bytes) -> bytes:
    return struct.pack(">HH", number, len(data)) + data


def _options(data: bytes) -> Iterator[tuple[int, bytes]]:
    while data:
        number, size = struct.unpack(">HH", data[:4])
        yield number, data[4 : 4 + size]
        data = data[4 + size :]
