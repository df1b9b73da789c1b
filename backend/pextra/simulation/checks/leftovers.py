"""Once everything has settled, the world holds nothing that no object asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pextra.drivers.convergence import guest_of
from pextra.simulation.checks.view import View, named

_ADMINISTRATOR: Final = {"user": "users", "api_token": "api_tokens", "role_binding": "role_bindings"}
"""The kinds that the administrator is made of, each with what counts it."""


def hosts_hold_only_their_guests(view: View) -> Iterator[str]:
    """Every guest and port on a host is there for an instance that is placed on it.

    A network may stay without a port until the next guest leaves the host.
    """
    placed = {a.consumer_uid: a.host_uid for a in view.ground.allocations}
    for uid, host in view.document.hosts.items():
        for guest_uid in host.guests:
            if placed.get(guest_uid) != uid:
                yield f"host {uid} has guest {guest_uid}, which belongs on {placed.get(guest_uid)}"
        for port in host.ports.values():
            guest_uid = guest_of(port.uid)
            guest = host.guests.get(guest_uid)
            if guest is None or port.uid not in guest.observe().port_uids:
                yield f"host {uid} has port {port.uid}, which no guest there uses"


def pools_hold_only_what_is_wanted(view: View) -> Iterator[str]:
    """Every volume in a pool is a volume, or the root disk of an instance, that was placed there."""
    for name, pool in view.document.pools.items():
        for uid in pool.volumes:
            owner = view.ground.objects.get(uid)
            if owner is None or owner.status.get("pool") != name:
                yield f"pool {name} has volume {uid}, which no object there wants"
        for uid, image in pool.images.items():
            if uid not in view.ground.objects and not image.clones:
                yield f"pool {name} has image {uid}, which no object wants"


def nothing_is_left(view: View) -> Iterator[str]:
    """After everything was deleted only the cloud's own tenant is there, and hosts and pools are empty."""
    ground = view.ground
    for record in ground.objects.values():
        if record.kind not in _ADMINISTRATOR and (record.kind, record.name) != ("tenant", "system"):
            yield f"{named(record)} is left"
    gpus = (ground.gpus, ground.gpu_claims, ground.gpu_usage, ground.cells, ground.cell_claims)
    for rows in (
        ground.allocations,
        ground.addresses,
        ground.hosts,
        ground.work,
        ground.assigned,
        ground.forwards,
        *gpus,
    ):
        if rows:
            yield f"{rows} are left"
    tenants = {t.uid for t in view.of_kind("tenant")}
    for counter in ground.counters:
        if counter.tenant_uid not in tenants or (counter.used and counter.countable not in _ADMINISTRATOR.values()):
            yield f"{counter} is left"
    for uid, host in view.document.hosts.items():
        if host.guests or host.ports or host.networks:
            yield f"host {uid} is not empty"
    fabric = view.document.fabric
    if fabric.routers or fabric.floating or fabric.balancers or fabric.providers:
        yield f"the fabric is not empty: {fabric}"
    for name, pool in view.document.pools.items():
        if pool.volumes or pool.images or pool.allocated_bytes:
            yield f"pool {name} is not empty"
