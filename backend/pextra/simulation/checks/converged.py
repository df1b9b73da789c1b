"""Once everything has settled, what is desired is so, or the object says why it cannot be."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from typing import Final

from pextra.controllers.fabric_networks import gateway_of
from pextra.drivers.interface import Power
from pextra.drivers.sim.guest import Guest
from pextra.services.acting import FINISHED
from pextra.simulation.checks.room import features_of, no_room
from pextra.simulation.checks.view import View, named
from pextra.simulation.ground import Address
from pextra.store.records import Record


def every_object_is_settled(view: View) -> Iterator[str]:
    """Every object was looked at in its present generation, and is ready or has an excuse that is true."""
    for record in view.ground.objects.values():
        if record.deleting:
            if not _may_linger(view, record):
                yield f"{named(record)} is still being deleted: {record.status.get('conditions')}"
            continue
        seen = record.status.get("observed_generation")
        if seen != record.generation:
            yield f"{named(record)} is at generation {record.generation}, and a loop saw {seen}"
        reason = view.reason(record)
        excused = _EXCUSES.get(reason, _never)
        if not view.is_ready(record) and not excused(view, record):
            yield f"{named(record)} is stuck: {record.status.get('conditions')}"


def only_what_polls_is_due(view: View) -> Iterator[str]:
    """Work is left only for objects that wait for something that nobody will tell them of."""
    for work in view.ground.work:
        record = view.ground.objects.get(work.uid)
        if record is not None and record.status.get("phase") in FINISHED:
            continue  # an operation that has ended is kept for a while, and then goes
        if record is None or (view.is_ready(record) and not record.deleting):
            yield f"{work} is left, and there is nothing to do about {record and named(record)}"


def guests_are_as_desired(view: View) -> Iterator[str]:
    """An instance that says that it runs, or is stopped, does so on its host, with everything that it should have."""
    for record in view.of_kind("instance"):
        if record.deleting or not view.is_ready(record):
            continue
        host = view.document.hosts[record.status["host_uid"]]
        guest = host.guests.get(record.uid)
        if guest is None:
            yield f"{named(record)} says {view.reason(record)} and has no guest"
            continue
        spec = view.effective(record)
        power = Power.RUNNING if spec["power"] == "on" else Power.OFF
        if guest.power is not power or record.status["power"] != power.value:
            yield f"{named(record)} should be {power}, says {record.status['power']} and is {guest.power}"
        yield from _guest_fits(view, record, guest)
        yield from _ports_fit(view, record)


def ready_means_as_desired(view: View) -> Iterator[str]:
    """At every moment: an instance that says that it is ready, in its present generation, says that it is as desired.

    Whoever waits for a change to be made believes it.
    """
    for record in view.of_kind("instance"):
        if record.deleting or not view.is_ready(record):
            continue
        power = Power.RUNNING if view.effective(record)["power"] == "on" else Power.OFF
        said = record.status["power"]
        if record.status["observed_generation"] == record.generation and said != power.value:
            yield f"{named(record)} is ready at generation {record.generation}, is to be {power} and says {said}"


def _guest_fits(view: View, record: Record, guest: Guest) -> Iterator[str]:
    spec, observed = view.effective(record), guest.observe()
    flavor = record.resolved[f"flavor/{spec['flavor']}"]
    volumes = tuple(record.resolved[f"volume/{name}"]["uid"] for name in spec["volumes"])
    wanted = (flavor["vcpus"], flavor["memory_mib"], (record.uid, *volumes), len(spec["networks"]))
    found = (observed.vcpus, observed.memory_mib, observed.disk_uids, len(observed.port_uids))
    if wanted != found:
        yield f"{named(record)} should have {wanted} and has {found}"
    for uid in volumes:
        volume = view.ground.objects[uid]
        if volume.status.get("attached_to") != record.uid:
            yield f"{named(volume)} is open in {named(record)} and attached to {volume.status.get('attached_to')!r}"
    if set(record.status.get("volumes", [])) != set(volumes):
        yield f"{named(record)} should hold volumes {volumes} and holds {record.status.get('volumes')}"


def _ports_fit(view: View, record: Record) -> Iterator[str]:
    spec, host = view.effective(record), view.document.hosts[record.status["host_uid"]]
    ports = {uid: p for uid, p in host.ports.items() if uid.startswith(record.uid)}
    held = [a for a in view.ground.addresses if a.consumer_uid == record.uid]
    if sorted(a.address for a in held) != sorted(record.status.get("addresses", [])):
        yield f"{named(record)} shows addresses {record.status.get('addresses')} and holds {held}"
    if sorted(a for p in ports.values() for a in p.addresses) != sorted(a.address for a in held):
        yield f"{named(record)} has ports {ports} and holds {held}"
    for card, entry in enumerate(spec["networks"]):
        network_uid = record.resolved[f"network/{entry['network']}"]["uid"]
        mine = [p for uid, p in ports.items() if uid.startswith(f"{record.uid}.{card}.")]
        if sum(p.network_uid == network_uid for p in mine) != 1:
            yield f"{named(record)} has not one port for card {card}: {ports}"
        families = {_family(s) for s in _subnets(view, network_uid)}
        given = {ipaddress.ip_address(a.address).version for a in held if a.card == card}
        if families != given:
            yield f"{named(record)} card {card} has addresses of {given}, and its network of {families}"


def volumes_are_as_desired(view: View) -> Iterator[str]:
    """A volume that is ready has its size in its pool."""
    for record in view.of_kind("volume"):
        pool = record.status.get("pool", "")
        if record.deleting or not view.is_ready(record) or not pool:
            continue
        made = view.document.pools[pool].volumes.get(record.uid)
        size = view.effective(record)["size_gib"] << 30
        if made is None or made.size_bytes != size:
            yield f"{named(record)} should have {size} bytes in pool {pool}: {made}"


def operations_are_done_once(view: View) -> Iterator[str]:
    """An operation has ended, and the guest was rebooted for it exactly when it says so."""
    acts: set[str] = set()
    guests: set[str] = set()
    for host in view.document.hosts.values():
        for guest in host.guests.values():
            guests.add(guest.spec.uid)
            acts.update(guest.acts)
    for record in view.of_kind("operation"):
        phase = record.status.get("phase")
        if phase not in ("succeeded", "failed", "canceled"):
            yield f"{named(record)} is {phase}"
        elif record.spec["target"]["uid"] in guests and (record.uid in acts) != (phase == "succeeded"):
            yield f"{named(record)} has {phase}, and its reboot {'was' if record.uid in acts else 'was not'} done"


def _never(view: View, record: Record) -> bool:
    del view, record
    return False


def _cannot_be_here(view: View, record: Record) -> bool:
    """Its host lacks what its flavor asks for, which it was not made by."""
    host = next(h for h in view.ground.hosts if h.host_uid == record.status["host_uid"])
    return not features_of(view, record) <= host.features


def _addresses_are_exhausted(view: View, record: Record) -> bool:
    """One of its networks, or the pool, has a family without a free address, or not the wanted one."""
    if record.kind != "instance":
        return _pool_is_exhausted(view, record)
    for entry in view.effective(record)["networks"]:
        network_uid = record.resolved[f"network/{entry['network']}"]["uid"]
        for subnet in _subnets(view, network_uid):
            taken = sum(a.subnet_uid == subnet.uid for a in view.ground.addresses)
            if taken >= ipaddress.ip_network(subnet.spec["cidr"]).num_addresses - 3:
                return True
    return False


def _pool_is_exhausted(view: View, record: Record) -> bool:
    wanted = record.spec.get("address")
    pools = {pool.uid for pool in view.of_kind("address_pool")}
    taken = [a for a in view.ground.addresses if a.subnet_uid in pools and a.consumer_uid != record.uid]
    full = len(taken) >= 4  # as many as `wishes.routing.POOL_SPEC` has
    inside = record.kind == "load_balancer" and any(
        _full(view, subnet) for subnet in view.of_kind("subnet") if subnet.tenant_uid == record.tenant_uid
    )
    return full or inside or wanted in [a.address for a in taken]


def _full(view: View, subnet: Record) -> bool:
    taken = sum(a.subnet_uid == subnet.uid for a in view.ground.addresses)
    return taken >= ipaddress.ip_network(subnet.spec["cidr"]).num_addresses - 3


def _address_is_taken(view: View, record: Record) -> bool:
    """Another router is the gateway of one of its networks."""
    networks = {pin["uid"] for name, pin in record.resolved.items() if name.startswith("network/")}
    others = [r for r in view.of_kind("router") if r.uid != record.uid]
    return any(networks & {p["uid"] for n, p in r.resolved.items() if n.startswith("network/")} for r in others)


def _leads_nowhere(view: View, record: Record) -> bool:
    """No router of its tenant that is ready leads from its network, or its router does not, to the pool."""
    if record.kind == "load_balancer":
        router = view.ground.objects[record.resolved[f"router/{record.spec['router']}"]["uid"]]
        network = record.resolved.get(f"network/{record.spec.get('network', '')}", {}).get("uid")
        joined = {pin["uid"] for name, pin in router.resolved.items() if name.startswith("network/")}
        return network not in joined if network is not None else not router.status.get("outside")
    card = next((a for a in _cards(view, record) if a.card == record.spec.get("card", 0)), None)
    subnet = view.ground.objects.get(card.subnet_uid) if card is not None else None
    if subnet is None:
        return True
    holders = {a.consumer_uid for a in view.ground.addresses if a.address == gateway_of(subnet)}
    routers = [r for r in view.of_kind("router") if r.uid in holders and r.tenant_uid == record.tenant_uid]
    return not any(router.status.get("outside") for router in routers)


def _cards(view: View, floating_ip: Record) -> list[Address]:
    uid = _led_to(view, floating_ip).uid
    return [a for a in view.ground.addresses if a.consumer_uid == uid]


def _member_is_apart(view: View, record: Record) -> bool:
    """One that it is to send to has no address in its router's networks, of its own family."""
    made = view.document.fabric.balancers.get(record.uid)
    named_or_labelled = [
        r
        for r in view.of_kind("instance")
        if r.tenant_uid == record.tenant_uid
        and (
            r.uid in {p["uid"] for n, p in record.resolved.items() if n.startswith("instance/")}
            or (record.spec.get("selector") and record.spec["selector"].items() <= r.labels.items())
        )
    ]
    served = {m.port_uid.partition(".")[0] for each in made.listeners for m in each.members} if made else set[str]()
    return any(r.uid not in served for r in named_or_labelled)


def _hosts_are_real(view: View, record: Record) -> bool:
    """Real hosts have no fabric in the simulation."""
    del record
    return any(host.spec["driver"] != "sim" for host in view.of_kind("host"))


def _waits_for_another(view: View, record: Record) -> bool:
    """A volume or the image that it needs is not ready, or held by an instance that is not; they say why.

    A floating IP waits for a host of its instance, or for the card that it leads to.
    """
    if record.kind == "router":
        return _waits_for_network(view, record)
    if record.kind == "load_balancer":
        router = view.ground.objects[record.resolved[f"router/{record.spec['router']}"]["uid"]]
        return not router.status.get("addresses") or _waits_for_network(view, record)
    if record.kind == "floating_ip" and "pool" in record.spec:
        card = record.spec.get("card", 0)
        families = {ipaddress.ip_address(a.address).version for a in _cards(view, record) if a.card == card}
        return 4 not in families
    if record.kind == "floating_ip":
        instance = _led_to(view, record)
        return not instance.status.get("host_uid") or record.spec.get("card", 0) >= len(
            view.effective(instance)["networks"]
        )
    uids = [pin["uid"] for key, pin in record.resolved.items() if key.startswith(("volume/", "image/"))]
    needed = [view.ground.objects[uid] for uid in uids]
    holders = [view.ground.objects.get(n.status.get("attached_to", "")) for n in needed]
    return any(not view.is_ready(n) for n in (*needed, *holders) if n is not None and n.uid != record.uid)


def _waits_for_network(view: View, record: Record) -> bool:
    """One of its networks has no subnet, or the pool that it names is not ready."""
    pins = [(name.partition("/")[0], pin["uid"]) for name, pin in record.resolved.items()]
    pools = [view.ground.objects[uid] for kind, uid in pins if kind == "address_pool"]
    networks = [uid for kind, uid in pins if kind == "network"]
    return any(not _subnets(view, uid) for uid in networks) or any(not view.is_ready(pool) for pool in pools)


def _volumes_are_apart(view: View, record: Record) -> bool:
    """Its volumes are in several pools, or in another than its root disk."""
    spec = view.effective(record)
    volumes = [view.ground.objects[record.resolved[f"volume/{n}"]["uid"]] for n in spec["volumes"]]
    pools = {v.status.get("pool", "") for v in volumes} | {record.status.get("pool", "")}
    return len(pools - {""}) > 1


def _stopped_by_itself(view: View, record: Record) -> bool:
    """The guest is off, and is not to be started again by itself."""
    guest = view.document.hosts[record.status["host_uid"]].guests.get(record.uid)
    return guest is not None and guest.power is Power.OFF and view.effective(record)["restart_policy"] != "always"


def _shrinks(view: View, record: Record) -> bool:
    """The volume, or the instance's root disk, is larger than it should be."""
    made = view.document.pools[record.status["pool"]].volumes.get(record.uid)
    spec = view.effective(record)
    wanted = spec["size_gib"] if record.kind == "volume" else record.resolved[f"flavor/{spec['flavor']}"]["disk_gib"]
    return made is not None and made.size_bytes > wanted << 30


def _led_to(view: View, floating_ip: Record) -> Record:
    """The instance that a floating IP leads to."""
    return view.ground.objects[floating_ip.resolved[f"instance/{floating_ip.spec['instance']}"]["uid"]]


def _port_is_taken(view: View, record: Record) -> bool:
    """A port that the floating IP asks for is another one's on that host."""
    host_uid = _led_to(view, record).status.get("host_uid")
    taken = {
        (f.protocol, f.port)
        for f in view.ground.forwards
        if (f.host_uid, f.consumer_uid == record.uid) == (host_uid, False)
    }
    return any((p["protocol"], p.get("port")) in taken for p in view.effective(record)["ports"])


def _instance_is_not_ready(view: View, record: Record) -> bool:
    """The floating IP's instance is not as it should be, and says why: its host may not have heard of the ports."""
    return record.kind == "floating_ip" and not view.is_ready(_led_to(view, record))


def _ended(view: View, record: Record) -> bool:
    """The operation has ended, which is all that is asked of it."""
    del view
    return record.kind == "operation"


_EXCUSES: Final[dict[str, Callable[[View, Record], bool]]] = {
    "NoCapacity": no_room,
    "ReferenceNotReady": _waits_for_another,
    "AddressExhausted": _addresses_are_exhausted,
    "VolumesOnDifferentHosts": _volumes_are_apart,
    "PoweredOffByGuest": _stopped_by_itself,
    "Crashed": _stopped_by_itself,
    "ShrinkForbidden": _shrinks,
    "FirmwareMissing": _cannot_be_here,
    "TpmMissing": _cannot_be_here,
    "PortTaken": _port_is_taken,
    "AddressTaken": _address_is_taken,
    "NoRouter": _leads_nowhere,
    "MemberUnreachable": _member_is_apart,
    "FabricUnready": _hosts_are_real,
    "Converging": _instance_is_not_ready,
    "Failed": _ended,
    "Canceled": _ended,
}


def _may_linger(view: View, record: Record) -> bool:
    """An image stays as long as something is made from it, a volume until an instance that cannot move lets it go.

    So does a floating IP until the host of such an instance hears that it is to forward nothing any more.
    """
    if record.kind == "floating_ip" and "pool" not in record.spec:
        uid = record.resolved[f"instance/{record.spec['instance']}"]["uid"]
        instance = view.ground.objects.get(uid)
        return instance is not None and not view.is_ready(instance)
    if record.kind == "image":
        return any(r.target_uid == record.uid for r in view.ground.references)
    holder = view.ground.objects.get(record.status.get("attached_to", ""))
    return holder is not None and not view.is_ready(holder)


def _subnets(view: View, network_uid: str) -> list[Record]:
    subnets = view.of_kind("subnet")
    return [s for s in subnets if s.resolved[f"network/{s.spec['network']}"]["uid"] == network_uid and not s.deleting]


def _family(subnet: Record) -> int:
    return ipaddress.ip_network(subnet.spec["cidr"]).version
