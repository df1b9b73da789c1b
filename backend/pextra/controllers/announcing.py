"""Which addresses of pools live on which host now, and who has to know when that changes."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pextra.controllers.outcome import Next, Outcome
from pextra.controllers.ways_out import ranges_of
from pextra.drivers.interface.fabric import Fabric
from pextra.services.cloud import Cloud
from pextra.store import objects, references, work
from pextra.store.database import Tx
from pextra.store.records import Record

MOST_PER_POOL: Final = 20_000
_ADDRESSES: Final = ("address", "outside", "addresses", "host")


@dataclass(frozen=True, slots=True)
class Living:
    """A prefix that a host is to announce.

    Attributes:
        host_uid: the host's.
        next_hop: see `Announced.next_hop`.
        made_us: when what it is of was made: where two claim to be the same, the older is believed.
        what: in words.
    """

    prefix: str
    physical: str
    host_uid: str
    next_hop: str | None
    made_us: int
    what: str


def ask(cloud: Cloud, tx: Tx) -> None:
    """Have BGP peers looked at: something lives elsewhere now."""
    peers = objects.of_kind(tx, cloud.site.uid, "bgp_peer")
    work.ask_many(tx, ((peer.tenant_uid, peer.uid, peer.kind) for peer in peers))


def telling(cloud: Cloud, outcome: Outcome, record: Record) -> Outcome:
    """Have BGP peers looked at when an object's addresses, or where they live, are not what they were."""
    after = {} if outcome.next is Next.REMOVE else {**record.status, **outcome.facts}
    if all((after.get(name) or None) == (record.status.get(name) or None) for name in _ADDRESSES):
        return outcome

    def also(tx: Tx) -> None:
        if outcome.also is not None:
            outcome.also(tx)
        ask(cloud, tx)

    return replace(outcome, also=also)


def routers_of(tx: Tx, pool: Record) -> list[Record]:
    """The routers that go out to a pool."""
    return _referring(tx, pool, "router")


def of_pool(
    tx: Tx,
    pool: Record,
    hosts: Sequence[Record],
    hosting: Mapping[str, str],
    networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network],
) -> Iterator[Living]:
    """What lives somewhere of a pool's addresses, and of the networks behind its routers.

    Args:
        hosts: all of the cloud's.
        hosting: by which host, as the fabric calls it, each router goes out: see `Fabric.hosting`.
        networks: ranges within which networks that are not translated are announced.
    """
    by_name = {host.name: host.uid for host in hosts}
    in_fabric = {host.status["fabric_host"]: host.uid for host in hosts if host.status.get("fabric_host")}
    ranges = ranges_of(pool.spec)

    def living(address: str, host_uid: str, record: Record) -> Iterator[Living]:
        if any(each.has(address) for each in ranges):
            prefix = str(ipaddress.ip_network(address))
            yield Living(
                prefix, pool.spec["physical"], host_uid, None, record.created_us, f"{record.kind} {record.name}"
            )

    for floating in _referring(tx, pool, "floating_ip"):
        host_uid = by_name.get(floating.status.get("host", ""))
        if host_uid is not None and floating.status.get("address"):
            yield from living(floating.status["address"], host_uid, floating)
    for router in routers_of(tx, pool):
        host_uid = in_fabric.get(hosting.get(router.uid, ""))
        if host_uid is None:
            continue
        for address in router.status.get("outside", []):
            yield from living(address, host_uid, router)
        for balancer in _referring(tx, router, "load_balancer"):
            if "network" not in balancer.spec and balancer.status.get("address"):
                yield from living(balancer.status["address"], host_uid, balancer)
        yield from _behind(router, pool, host_uid, networks)


def _behind(
    router: Record,
    pool: Record,
    host_uid: str,
    within: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network],
) -> Iterator[Living]:
    """The networks of a router that does not translate, as far as they are within these ranges."""
    if router.spec["gateway"].get("translate", True):
        return
    hops = {ipaddress.ip_address(text).version: text for text in router.status.get("outside", [])}
    for text in router.status.get("addresses", []):
        network = ipaddress.ip_interface(text).network
        inside = any(each.version == network.version and network.subnet_of(each) for each in within)  # pyright: ignore[reportArgumentType]
        if inside and network.version in hops:
            yield Living(
                str(network),
                pool.spec["physical"],
                host_uid,
                hops[network.version],
                router.created_us,
                f"network {network} of router {router.name}",
            )


def _referring(tx: Tx, target: Record, kind: str) -> list[Record]:
    found = references.to(tx, target.tenant_uid, target.uid, kind=kind, limit=MOST_PER_POOL)
    records = objects.by_uids(tx, [(each.source_tenant_uid, each.source_uid) for each in found])
    return sorted((record for record in records.values() if not record.deleting), key=lambda record: record.uid)


def hosting(fabric: Fabric | None, routers: Sequence[Record]) -> Mapping[str, str]:
    """By which host each router goes out now, as the fabric calls it.

    Raises:
        DriverError: the fabric does not answer.
    """
    return fabric.hosting([router.uid for router in routers]) if fabric is not None and routers else {}
