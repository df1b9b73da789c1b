# ruff: noqa: ARG005 - what is planted has the arguments of what it replaces
"""Bugs about GPUs, NUMA cells, racks and forwarded ports; see `planted`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest
from sqlalchemy import update

from pextra.controllers import assembly, floating_ips
from pextra.controllers.outcome import Next, Outcome
from pextra.drivers.sim import compute
from pextra.scheduling.gpus.wishes import Wish
from pextra.scheduling.groups import Topology
from pextra.services import placement
from pextra.simulation import user
from pextra.simulation.letters import Where
from pextra.simulation.wishes import computing, networking
from pextra.simulation.wishes.mind import Maker, Mind
from pextra.store import cells, forwards, gpus
from pextra.store.database import Tx
from pextra.store.tables import gpu, gpu_usage
from tests.simulation.planted import Plant


def _wish_more(patch: pytest.MonkeyPatch, *makers: Maker, weight: int = 40) -> None:
    """Have tenants ask for little else: what a bug needs is seldom asked for in a run that is short enough."""
    for maker in makers:
        patch.setitem(user.MEMBER, maker, weight)


def _a_gpu_stays_free_when_it_is_given(patch: pytest.MonkeyPatch) -> None:
    take = gpus.take

    def forget(tx: Tx, host_uid: str, tenant_uid: str, uid: str, claims: Any) -> None:
        take(tx, host_uid, tenant_uid, uid, claims)
        mine = (gpu.c.host_uid == host_uid) & gpu.c.address.in_([c.address for c in claims])
        tx.conn.execute(update(gpu).where(mine).values(used_milli=0, mode="", profile="", slots=0))

    patch.setattr(gpus, "take", forget)


def _an_interval_does_not_end(patch: pytest.MonkeyPatch) -> None:
    release = gpus.release

    def go_on(tx: Tx, tenant_uid: str, uid: str, host_uid: str) -> None:
        release(tx, tenant_uid, uid, host_uid)
        tx.conn.execute(update(gpu_usage).where(gpu_usage.c.consumer_uid == uid).values(ended_us=None))

    patch.setattr(gpus, "release", go_on)


def _links_are_not_heeded(patch: pytest.MonkeyPatch) -> None:
    asked = placement.gpus_of

    def plain(*arguments: Any) -> Any:
        wish = asked(*arguments)
        return replace(wish, nvlink=Wish.NONE) if wish is not None else None

    patch.setattr(placement, "gpus_of", plain)


def _cells_are_not_heeded(patch: pytest.MonkeyPatch) -> None:
    asked = placement.gpus_of

    def plain(*arguments: Any) -> Any:
        wish = asked(*arguments)
        return replace(wish, numa=Wish.NONE) if wish is not None else None

    patch.setattr(placement, "gpus_of", plain)


def _a_cell_is_not_given_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cells, "_lower", lambda tx, host_uid, claim: None)


def _what_a_guest_is_bound_to_is_taken_of_the_host_alone(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cells, "take", lambda *arguments: True)


def _every_guest_gets_the_first_gpu(patch: pytest.MonkeyPatch) -> None:
    devices_of = assembly.host_gpus.devices_of

    def first(guest_uid: str, claims: Any, host: Any) -> Any:
        devices = devices_of(guest_uid, claims, host)
        return tuple(replace(device, address=host["gpus"][0]["address"]) for device in devices[:1])

    _wish_more(patch, computing.put_instance)
    patch.setattr(computing, "_gpus", lambda mind: {"profile": "whole", "count": 1})
    patch.setattr(assembly.host_gpus, "devices_of", first)
    patch.setattr(compute, "refuse_taken_devices", lambda guest, guests: None)


def _a_rack_is_taken_for_a_host(patch: pytest.MonkeyPatch) -> None:
    group_of = placement.group_of

    def of_hosts(*arguments: Any) -> Any:
        group = group_of(*arguments)
        return replace(group, topology=Topology.HOST) if group is not None else None

    _wish_more(patch, computing.put_placement_group, computing.put_instance)
    patch.setattr(computing, "GROUPS", {"racks": computing.GROUPS["racks"]})
    patch.setattr(placement, "group_of", of_hosts)


def _ports_are_free_while_the_host_forwards_them(patch: pytest.MonkeyPatch) -> None:
    def at_once(item: Any, record: Any, seen: Any) -> Outcome:
        return Outcome(item, record, Next.REMOVE, also=lambda tx: forwards.release(tx, record.uid))

    _wish_more(patch, networking.put_floating_ip, networking.delete_floating_ip, weight=30)
    _wish_more(patch, computing.put_instance, networking.put_subnet, networking.put_network)
    patch.setitem(user.MEMBER, computing.switch_power, 0)
    patch.setitem(user.MEMBER, computing.put_volume, 0)
    patch.setattr(computing, "_new", reachable)
    patch.setattr(networking, "PORTS", ({"to_port": 80},))
    patch.setattr(floating_ips, "_remove", at_once)


def reachable(mind: Mind, where: Where) -> dict[str, Any]:
    """An instance that waits for little, and has a card to which ports can lead."""
    assert where.tenant is not None
    cards = [{"network": name} for name in mind.known(where.tenant, "networks")]
    return {"flavor": "small", "image": "system/debian", "networks": cards}


BUGS: Final[dict[str, Plant]] = {
    plant.__name__.strip("_"): plant
    for plant in (
        _a_gpu_stays_free_when_it_is_given,
        _an_interval_does_not_end,
        _links_are_not_heeded,
        _cells_are_not_heeded,
        _a_cell_is_not_given_back,
        _what_a_guest_is_bound_to_is_taken_of_the_host_alone,
        _every_guest_gets_the_first_gpu,
        _a_rack_is_taken_for_a_host,
        _ports_are_free_while_the_host_forwards_them,
    )
}
"""Name and plant of each bug."""
