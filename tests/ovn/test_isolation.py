"""What one tenant sends, whatever it is, comes to no port of another: captured there, to the last frame."""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Final
from uuid import uuid4

import pytest

from pextra.drivers.interface.fabric import FabricGroup, FloatingAddress, GroupRule
from tests.labs.ovn.layout import OUTSIDE_V4, management_address, tunnel_address
from tests.labs.ovn.machine import Machine
from tests.labs.waiting import wait_until
from tests.ovn.world import World

MARK: Final = b"pextra-isolation-probe"
LIAR_MAC: Final = "52:54:00:66:66:66"
EVERYTHING: Final = (GroupRule("ingress"), GroupRule("egress"))
_ETHERNET: Final = {4: 0x0800, 6: 0x86DD, "arp": 0x0806}
_LATER: Final = 50


@dataclass(frozen=True, slots=True)
class Frame:
    """Something that is sent as it is, and what it is."""

    what: str
    data: bytes


def mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def checksum(data: bytes) -> int:
    """Source: RFC 1071."""
    total = sum(struct.unpack(f">{len(data) // 2}H", data[: len(data) & ~1])) + (data[-1] << 8 if len(data) % 2 else 0)
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ethernet(source: str, target: str, kind: int, payload: bytes) -> bytes:
    return mac(target) + mac(source) + struct.pack(">H", kind) + payload


def packet(source: str, target: str, protocol: int, payload: bytes) -> bytes:
    """An IP packet of the addresses' family."""
    one, other = ipaddress.ip_address(source), ipaddress.ip_address(target)
    if one.version == 6:
        return struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64) + one.packed + other.packed + payload
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 7, 0, 64, protocol, 0) + one.packed + other.packed
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload


def transport(source: str, target: str, protocol: int, head: bytes, place: int) -> bytes:
    """A head with the mark behind it, and its sum at a place."""
    one, other = ipaddress.ip_address(source).packed, ipaddress.ip_address(target).packed
    body = head + MARK
    total = checksum(one + other + struct.pack(">II", len(body), protocol) + body)
    return body[:place] + struct.pack(">H", total) + body[place + 2 :]


def datagram(source: str, target: str, port: int) -> bytes:
    head = struct.pack(">HHHH", 40_000, port, 8 + len(MARK), 0)
    return packet(source, target, 17, transport(source, target, 17, head, 6))


def opening(source: str, target: str, port: int) -> bytes:
    """The first packet of a TCP connection."""
    head = struct.pack(">HHIIBBHHH", 40_000, port, 1, 0, 0x50, 2, 1000, 0, 0)
    return packet(source, target, 6, transport(source, target, 6, head, 16))


def echo(source: str, target: str) -> bytes:
    if ipaddress.ip_address(source).version == 6:
        return packet(source, target, 58, transport(source, target, 58, struct.pack(">BBHHH", 128, 0, 0, 1, 1), 2))
    body = struct.pack(">BBHHH", 8, 0, 0, 1, 1) + MARK
    return packet(source, target, 1, body[:2] + struct.pack(">H", checksum(body)) + body[4:])


def asking_who_has(source: str, sender: str, target: str) -> bytes:
    """ARP, or neighbour discovery; the first has the mark behind it."""
    if ipaddress.ip_address(sender).version == 4:
        four = ipaddress.ip_address(sender).packed
        head = struct.pack(">HHBBH", 1, 0x0800, 6, 4, 1) + mac(source) + four + bytes(6)
        return head + ipaddress.ip_address(target).packed + MARK
    wanted = ipaddress.ip_address(target)
    group = str(ipaddress.IPv6Address(b"\xff\x02" + bytes(9) + b"\x01\xff" + wanted.packed[13:]))
    head = struct.pack(">BBHI", 135, 0, 0, 0) + wanted.packed + b"\x01\x01" + mac(source)
    body = transport(sender, group, 58, head, 2)
    return packet(sender, group, 58, body)[:7] + b"\xff" + packet(sender, group, 58, body)[8:]


def frames(own: str, addresses: Sequence[str], foreign: Sequence[str], others: Sequence[str]) -> Iterator[Frame]:
    """Everything that a hostile guest may think of.

    Args:
        own: the card's MAC.
        addresses: its own, of each family.
        foreign: addresses of other tenants, inside and outside, and of hosts.
        others: MACs of other tenants, of routers, of everybody.
    """
    targets = [*foreign, "255.255.255.255", "10.0.0.255", "224.0.0.1", "224.0.0.251", "ff02::1", "ff02::fb", "ff05::2"]
    for sender in [*addresses, "10.0.0.12", "fd00::c", "192.0.2.1", "169.254.169.254"]:
        version = ipaddress.ip_address(sender).version
        for source in (own, LIAR_MAC, others[0]):
            for target in targets:
                if ipaddress.ip_address(target).version != version:
                    continue
                for where in ("ff:ff:ff:ff:ff:ff", "33:33:00:00:00:01", *others):
                    told = f"{source} {sender} -> {where} {target}"
                    kind = _ETHERNET[version]
                    yield Frame(f"udp {told}", ethernet(source, where, kind, datagram(sender, target, 4789)))
                    yield Frame(f"geneve {told}", ethernet(source, where, kind, datagram(sender, target, 6081)))
                    yield Frame(f"dhcp {told}", ethernet(source, where, kind, datagram(sender, target, 67)))
                    yield Frame(f"dns {told}", ethernet(source, where, kind, datagram(sender, target, 53)))
                    yield Frame(f"tcp {told}", ethernet(source, where, kind, opening(sender, target, 80)))
                    yield Frame(f"echo {told}", ethernet(source, where, kind, echo(sender, target)))
            for target in foreign:
                if ipaddress.ip_address(target).version == version:
                    kind = _ETHERNET["arp" if version == 4 else 6]
                    asked = asking_who_has(source, sender, target)
                    yield Frame(f"who has {target}", ethernet(source, "ff:ff:ff:ff:ff:ff", kind, asked))
    for kind in (0x88CC, 0x8847, 0x88A8, 0x8100, 0x8863, 0x9000):
        yield Frame(f"ethertype {kind:x}", ethernet(own, "ff:ff:ff:ff:ff:ff", kind, MARK))
    yield Frame("spanning tree", ethernet(own, "01:80:c2:00:00:00", 60, b"\x42\x42\x03" + MARK))


def capturing(machine: Machine) -> socket.socket:
    """Hears every frame that comes to the machine."""
    made = machine.inside(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)))
    made.bind(("eth0", 3))
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
    made.setblocking(False)
    return made


def captured(sockets: Sequence[socket.socket]) -> list[bytes]:
    """What was heard until now."""
    found: list[bytes] = []
    for each in sockets:
        while True:
            try:
                data, place = each.recvfrom(10_000)
            except BlockingIOError:
                break
            if place[2] != socket.PACKET_OUTGOING:
                found.append(data)
    return found


@pytest.mark.timeout(300)
def test_nothing_that_a_tenant_sends_comes_to_another(world: World) -> None:
    groups = {tenant: FabricGroup(str(uuid4()), tenant, EVERYTHING) for tenant in ("tenant-a", "tenant-b")}
    provider = world.provider()
    machines: dict[str, list[Machine]] = {}
    for number, (tenant, group) in enumerate(groups.items()):
        net = world.network("10.0.0.0/24", "fd00::/64", tenant=tenant, routed=True)
        router = replace(world.router(net), gateway=world.gateway(provider, 21 + number, "10.0.0.0/24"))
        ports = [world.port(net, 11 + number, "h1", group.uid), world.port(net, 15 + number, "h2", group.uid)]
        outside = f"203.0.113.{70 + number}"
        floating = FloatingAddress(
            str(uuid4()),
            tenant,
            router.uid,
            outside,
            ports[0].addresses[0].address,
            ports[0].uid,
            f"0a:00:00:00:03:{number:02x}",
        )
        world.ensure(group, *ports, router, floating)
        machines[tenant] = [world.plug(port) for port in ports]
    world.settle()
    liar, victims = machines["tenant-a"][0], machines["tenant-b"]
    wait_until(lambda: liar.pings("10.0.0.15", tries=1), 10, "its own tenant")
    with ExitStack() as stack:
        heard = [stack.enter_context(capturing(machine)) for machine in victims]
        witness = stack.enter_context(capturing(machines["tenant-a"][1]))
        sending = stack.enter_context(liar.inside(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)))
        sending.bind(("eth0", 0))
        foreign = ["10.0.0.12", "10.0.0.16", "fd00::c", "fd00::10", "10.0.0.1", OUTSIDE_V4]
        foreign += [f"203.0.113.{n}" for n in (21, 22, 71)]
        foreign += [address for host in ("h1", "h2") for address in (management_address(host), tunnel_address(host))]
        foreign += [management_address("c1")]
        sent = list(
            frames("52:54:00:00:00:0b", ["10.0.0.11", "fd00::b"], foreign, ["52:54:00:00:00:0c", "52:54:00:00:00:10"])
        )
        for frame in sent:
            sending.send(frame.data)
        # Each of these comes after all that was sent before, through both hosts.
        known = ethernet("52:54:00:00:00:0b", "52:54:00:00:00:0f", 0x0800, datagram("10.0.0.11", "10.0.0.15", 9))

        def witnessed() -> bool:
            sending.send(known)
            return any(MARK in data for data in captured([witness]))

        for _ in range(_LATER):
            wait_until(witnessed, 20, "the witness to hear what it may")
        mine = (mac("52:54:00:00:00:0b"), mac(LIAR_MAC))
        came = [data for data in captured(heard) if MARK in data or data[6:12] in mine]
    assert len(sent) > 1000
    assert [data for data in came if not _through_the_door(data)] == []
    assert any(map(_through_the_door, came)), "a capture that hears nothing proves nothing"


def _through_the_door(data: bytes) -> bool:
    """What came by the other tenant's floating address, whose security group lets everything in: it may."""
    return data[12:14] == b"\x08\x00" and data[26:30] in (bytes([203, 0, 113, 70]), bytes([203, 0, 113, 21]))
