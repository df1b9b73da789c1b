"""What the fabric has is what was given, is one's alone, and leads where it should."""

from __future__ import annotations

from collections.abc import Iterator

from pextra.simulation.checks.view import View, named


def what_the_fabric_has_is_claimed(view: View) -> Iterator[str]:
    """At every moment: an address in the fabric is one that whoever has it there was given.

    It is claimed before the fabric is told, and given back when the fabric has forgotten it.
    """
    claimed = {(address.consumer_uid, address.address) for address in view.ground.addresses}
    for uid, address in _addresses(view):
        if (uid, address) not in claimed:
            yield f"{address} is that of {uid} in the fabric, which was not given it"


def no_address_outside_is_two_parts(view: View) -> Iterator[str]:
    """At every moment: nobody outside finds two at one address."""
    fabric, owners = view.document.fabric, dict[str, str]()
    gateways = [(router.uid, router.gateway) for router in fabric.routers.values() if router.gateway is not None]
    outside = [
        *((uid, text.partition("/")[0]) for uid, gateway in gateways for text in gateway.addresses),
        *((f.uid, f.outside) for f in fabric.floating.values()),
        *((b.uid, b.address) for b in fabric.balancers.values() if not b.address.startswith("10.")),
    ]
    for uid, address in outside:
        if owners.setdefault(address, uid) != uid:
            yield f"{address} is that of {owners[address]} and {uid}"


def the_fabric_is_as_desired(view: View) -> Iterator[str]:
    """Once everything has settled: what is ready is in the fabric as it should be, and nothing else is."""
    fabric, ground = view.document.fabric, view.ground
    for kind, parts in (
        ("router", fabric.routers),
        ("floating_ip", fabric.floating),
        ("load_balancer", fabric.balancers),
        ("address_pool", fabric.providers),
    ):
        for uid in parts:
            if uid not in ground.objects:
                yield f"{kind} {uid} is in the fabric, and was deleted"
        for record in view.of_kind(kind):
            in_fabric = kind != "floating_ip" or "pool" in record.spec
            if in_fabric and view.is_ready(record) and record.uid not in parts:
                yield f"{named(record)} is ready, and not in the fabric"
    for router in fabric.routers.values():
        held = {address.address for address in ground.addresses if address.consumer_uid == router.uid}
        found = {address for owner, address in _addresses(view) if owner == router.uid}
        if held != found:
            yield f"router {router.uid} was given {held}, and has {found} in the fabric"
    yield from _networks_know_their_gateways(view)
    for floating in fabric.floating.values():
        instance = floating.port_uid.partition(".")[0]
        given = {address.address for address in ground.addresses if address.consumer_uid == instance}
        if floating.inside not in given:
            yield f"floating address {floating.outside} leads to {floating.inside}, which is not {instance}'s"
        if floating.router_uid not in fabric.routers:
            yield f"floating address {floating.outside} leads by a router that is not there"
    for balancer in fabric.balancers.values():
        addresses = {address.address for address in ground.addresses}
        for member in {member for listener in balancer.listeners for member in listener.members}:
            if member.address not in addresses or member.port_uid.partition(".")[0] not in ground.objects:
                yield f"load balancer {balancer.uid} sends to {member}, who is gone"


def _networks_know_their_gateways(view: View) -> Iterator[str]:
    """A network answers for a gateway itself where no router has it, and nowhere else."""
    fabric = view.document.fabric
    routed = {
        (interface.network_uid, text.partition("/")[0])
        for router in fabric.routers.values()
        for interface in router.interfaces
        for text in interface.addresses
    }
    for network in fabric.networks.values():
        for subnet in network.subnets if network.uid in view.ground.objects else ():
            by_router = (network.uid, subnet.gateway) in routed
            if by_router != (subnet.resolver is None):
                yield f"network {network.uid} answers at {subnet.resolver}; a router has {subnet.gateway}: {by_router}"


def _addresses(view: View) -> Iterator[tuple[str, str]]:
    """Whose which addresses are in the fabric; those of guests are their hosts'."""
    fabric = view.document.fabric
    for router in fabric.routers.values():
        gateway = router.gateway.addresses if router.gateway is not None else ()
        for text in (*(text for each in router.interfaces for text in each.addresses), *gateway):
            yield router.uid, text.partition("/")[0]
    for floating in fabric.floating.values():
        yield floating.uid, floating.outside
    for balancer in fabric.balancers.values():
        yield balancer.uid, balancer.address
        for member in {member for listener in balancer.listeners for member in listener.members}:
            if member.asked_from:
                yield balancer.uid, member.asked_from
