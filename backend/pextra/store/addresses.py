"""Addresses given out of subnets; the primary key promises that none is given twice in a network.

Not even when its subnet was deleted and made anew: an address is free when whoever had it no longer uses it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import and_, delete, func, insert, select

from pextra.errors import PextraError
from pextra.store.database import Tx
from pextra.store.tables import address as table


@dataclass(frozen=True, slots=True)
class Given:
    """An address of one card of an instance, or of a router, whose card is 0."""

    network_uid: str
    subnet_uid: str
    address: str
    card: int


def of(tx: Tx, tenant_uid: str, consumer_uid: str) -> list[Given]:
    """The addresses of an instance, by card, or of a router."""
    rows = tx.conn.execute(
        select(table.c.network_uid, table.c.subnet_uid, table.c.address, table.c.card)
        .where(table.c.tenant_uid == tenant_uid, table.c.consumer_uid == consumer_uid)
        .order_by(table.c.card, table.c.address)
    )
    return [Given(*r) for r in rows]


def take(
    tx: Tx,
    network_uid: str,
    subnet_uid: str,
    cidr: str,
    gateway: str | None,
    *,
    tenant_uid: str,
    consumer_uid: str,
    card: int,
    wanted: str | None = None,
) -> Given:
    """Give a card the wanted address, or the next free one after the highest given, or the lowest gap.

    Raises:
        PextraError: `address.exhausted`, or `object.conflict` when the wanted address is taken.
    """
    network = ipaddress.ip_network(cidr)
    first = int(network.network_address)
    reserved = {
        first,
        int(network.broadcast_address),
        int(ipaddress.ip_address(gateway)) if gateway else first + 1,
    }
    last = first + network.num_addresses - 1
    if wanted is not None:
        number = int(ipaddress.ip_address(wanted))
        if number in reserved or _taken(tx, network_uid, number):
            raise PextraError("object.conflict", f"Address {wanted} of subnet {cidr} is taken: choose another.")
    else:
        number = _free(tx, network_uid, first, last, reserved)
        if number is None:
            raise PextraError(
                "address.exhausted",
                f"Subnet {cidr} has no free address: free some, or add a subnet to the network.",
            )
    given = Given(network_uid, subnet_uid, str(type(network.network_address)(number)), card)
    _give(tx, given, tenant_uid=tenant_uid, consumer_uid=consumer_uid)
    return given


def take_for_router(
    tx: Tx, network_uid: str, subnet_uid: str, address: str, *, tenant_uid: str, router_uid: str
) -> Given:
    """Give a router an address, which may be that of the subnet's gateway.

    Raises:
        PextraError: `object.conflict` when somebody has it.
    """
    number = int(ipaddress.ip_address(address))
    if _taken(tx, network_uid, number):
        raise PextraError("object.conflict", f"Address {address} is somebody else's.")
    given = Given(network_uid, subnet_uid, address, 0)
    _give(tx, given, tenant_uid=tenant_uid, consumer_uid=router_uid)
    return given


def take_from_pool(
    tx: Tx, pool_uid: str, first: int, last: int, reserved: Collection[int], version: int, *,
    tenant_uid: str, consumer_uid: str, wanted: str | None = None,
) -> Given | None:  # fmt: skip
    """Give a router or a floating IP the wanted address of a pool, or a free one.

    Args:
        first, last: the range, as numbers.
        reserved: those of the range that nobody is given.
        version: of the addresses, 4 or 6.

    Returns:
        None where none is free, or the wanted one is not.
    """
    if wanted is not None:
        number = int(ipaddress.ip_address(wanted))
        if not first <= number <= last or number in reserved or _taken(tx, pool_uid, number):
            return None
    else:
        number = _free(tx, pool_uid, first, last, set(reserved))
        if number is None:
            return None
    address = ipaddress.IPv4Address(number) if version == 4 else ipaddress.IPv6Address(number)
    given = Given(pool_uid, pool_uid, str(address), 0)
    _give(tx, given, tenant_uid=tenant_uid, consumer_uid=consumer_uid)
    return given


def holders(tx: Tx, network_uid: str, wanted: Collection[str]) -> dict[str, tuple[str, str]]:
    """Who has which of these addresses of a network, by address: the tenant's uid, and the object's."""
    numbers = [_hex(address) for address in wanted]
    here = and_(table.c.network_uid == network_uid, table.c.number.in_(numbers))
    rows = tx.conn.execute(select(table.c.address, table.c.tenant_uid, table.c.consumer_uid).where(here))
    return {address: (tenant_uid, uid) for address, tenant_uid, uid in rows}


def release(tx: Tx, tenant_uid: str, consumer_uid: str) -> None:
    """Take back every address of an instance or a router."""
    tx.conn.execute(delete(table).where(table.c.tenant_uid == tenant_uid, table.c.consumer_uid == consumer_uid))


def release_one(tx: Tx, given: Given) -> None:
    """Take back one address."""
    here = and_(table.c.network_uid == given.network_uid, table.c.number == _hex(given.address))
    tx.conn.execute(delete(table).where(here))


def _give(tx: Tx, given: Given, *, tenant_uid: str, consumer_uid: str) -> None:
    tx.conn.execute(
        insert(table).values(
            network_uid=given.network_uid,
            subnet_uid=given.subnet_uid,
            number=_hex(given.address),
            address=given.address,
            tenant_uid=tenant_uid,
            consumer_uid=consumer_uid,
            card=given.card,
        )
    )


def _hex(address: str) -> str:
    return f"{int(ipaddress.ip_address(address)):032x}"


def _taken(tx: Tx, network_uid: str, number: int) -> bool:
    here = and_(table.c.network_uid == network_uid, table.c.number == f"{number:032x}")
    return tx.conn.execute(select(table.c.number).where(here)).first() is not None


def _free(tx: Tx, network_uid: str, first: int, last: int, reserved: set[int]) -> int | None:
    inside = and_(table.c.network_uid == network_uid, table.c.number.between(f"{first:032x}", f"{last:032x}"))
    highest = tx.conn.execute(select(func.max(table.c.number)).where(inside)).scalar()
    number = int(highest, 16) + 1 if highest is not None else first
    while number in reserved:
        number += 1
    if number <= last:
        return number
    rows = tx.conn.execute(select(table.c.number).where(inside).order_by(table.c.number))
    expected = first
    for taken in (int(r[0], 16) for r in rows):
        while expected in reserved:
            expected += 1
        if taken > expected:
            return expected
        expected = taken + 1
    while expected in reserved:
        expected += 1
    return expected if expected <= last else None
