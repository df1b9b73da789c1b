"""A router's way to the world: its addresses in a pool, and the hosts by which it goes out."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pextra.declaration.kind import Spec
from pextra.drivers.interface.fabric import RouterGateway, RouterInterface, Translation, mac_of
from pextra.store import addresses
from pextra.store.addresses import Given
from pextra.store.database import Tx
from pextra.store.records import Record

HOSTS_OF_A_ROUTER: Final = 3
"""The first has a router's way out; the next takes it over when that one dies."""


class Exhausted(Exception):
    """A pool has no address left; the message says which."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class PoolRange:
    """A range of a pool."""

    network: ipaddress.IPv4Network | ipaddress.IPv6Network
    gateway: str
    first: int
    last: int

    @property
    def reserved(self) -> set[int]:
        """Those of its addresses that nobody is given."""
        ends = {int(self.network.network_address), int(self.network.broadcast_address)}
        return {*ends, int(ipaddress.ip_address(self.gateway))}

    def has(self, address: str) -> bool:
        """Whether it gives this address."""
        number = ipaddress.ip_address(address)
        inside = number.version == self.network.version and self.first <= int(number) <= self.last
        return inside and int(number) not in self.reserved


def ranges_of(spec: Mapping[str, Any]) -> list[PoolRange]:
    """The ranges of an address pool.

    Args:
        spec: the pool's.
    """
    found: list[PoolRange] = []
    for entry in spec["ranges"]:
        network = ipaddress.ip_network(entry["cidr"])
        first = ipaddress.ip_address(entry.get("first") or network.network_address)
        last = ipaddress.ip_address(entry.get("last") or network.broadcast_address)
        found.append(PoolRange(network, entry["gateway"], int(first), int(last)))
    return found


def take(
    tx: Tx, record: Record, pool: Record, version: int, held: Sequence[Given], wanted: str | None = None
) -> tuple[Given, PoolRange] | None:
    """An address of a pool for a router or a floating IP, that which it has where it may keep it.

    Args:
        version: of the address, 4 or 6.
        held: what it was given before.
        wanted: the very address.

    Returns:
        None where the pool has no range of that version.

    Raises:
        Exhausted: there is none left, or not that one.
    """
    ranges = [each for each in ranges_of(pool.spec) if each.network.version == version]
    for given in held:
        kept = next((each for each in ranges if given.network_uid == pool.uid and each.has(given.address)), None)
        if kept is not None and wanted in (None, given.address):
            return given, kept
    for each in ranges:
        given = addresses.take_from_pool(
            tx,
            pool.uid,
            each.first,
            each.last,
            each.reserved,
            version,
            tenant_uid=record.tenant_uid,
            consumer_uid=record.uid,
            wanted=wanted,
        )
        if given is not None:
            return given, each
    if not ranges:
        return None
    if wanted is not None:
        raise Exhausted(f"Address {wanted} of pool {pool.name!r} is taken, or none of its: choose another, or none.")
    raise Exhausted(f"Pool {pool.name!r} has no IPv{version} address left.")


@dataclass(frozen=True, slots=True)
class WayOut:
    """What the fabric is told of a router's way to the world, and the addresses that it takes."""

    gateway: RouterGateway
    given: list[Given]


def provide(
    tx: Tx, record: Record, spec: Spec, pool: Record, interfaces: Sequence[RouterInterface], held: Sequence[Given]
) -> WayOut:
    """Give a router its addresses outside, one of each family that the pool has.

    Args:
        spec: the router's, which has a gateway.
        pool: that of the gateway.
        interfaces: the networks that the router is in.
        held: the addresses that the router was given before.

    Raises:
        Exhausted: the pool has none left.
    """
    taken = [found for version in (4, 6) if (found := take(tx, record, pool, version, held)) is not None]
    own = [f"{given.address}/{range_.network.prefixlen}" for given, range_ in taken]
    gateway = RouterGateway(
        provider_uid=pool.uid,
        mac=mac_of(f"outside/{record.uid}"),
        addresses=tuple(own),
        next_hops=tuple({range_.network.version: range_.gateway for _, range_ in taken}.values()),
        hosts=_hosts(record.uid, pool.status.get("hosts", [])),
        mtu=pool.spec.get("mtu", 1500),
        translations=tuple(_translations(interfaces, own)) if spec["gateway"]["translate"] else (),
    )
    return WayOut(gateway, [given for given, _ in taken])


def _translations(interfaces: Sequence[RouterInterface], outside: Sequence[str]) -> Iterator[Translation]:
    by_version = {ipaddress.ip_interface(each).version: each.partition("/")[0] for each in outside}
    for interface in interfaces:
        for text in interface.addresses:
            inside = ipaddress.ip_interface(text).network
            if inside.version in by_version:
                yield Translation(str(inside), by_version[inside.version])


def _hosts(router_uid: str, names: Sequence[str]) -> tuple[str, ...]:
    """Those by which a router goes out: spread over all, and the same while they are there (rendezvous hashing)."""
    ranked = sorted(names, key=lambda name: hashlib.sha256(f"{router_uid}/{name}".encode()).digest())
    return tuple(ranked[:HOSTS_OF_A_ROUTER])
