# ruff: noqa: ARG005 - what is planted has the arguments of what it replaces
"""Bugs about routers, addresses outside and load balancers; see `planted`."""

from __future__ import annotations

from typing import Any, Final

import pytest

from pextra.controllers import floating_addresses, load_balancers, routers, ways_out
from pextra.controllers.outcome import Next, Outcome
from pextra.services import status
from pextra.simulation import user
from pextra.simulation.wishes import computing, networking, routing
from pextra.store import addresses
from tests.simulation.planted import Plant
from tests.simulation.planted_in_racks import reachable


def _wish_for_routers(patch: pytest.MonkeyPatch) -> None:
    """Have tenants ask for little else: what a bug needs is seldom asked for in a run that is short enough."""
    for maker in (routing.put_router, routing.delete_router, networking.put_network, networking.put_subnet):
        patch.setitem(user.MEMBER, maker, 40)


def _wish_for_ways_in(patch: pytest.MonkeyPatch) -> None:
    """Have tenants ask for instances, routers and what leads to them, and for little else."""
    for maker in (
        routing.put_router,
        routing.put_floating_ip_of_pool,
        routing.put_load_balancer,
        computing.put_instance,
        computing.delete_instance,
        networking.put_network,
        networking.put_subnet,
    ):
        patch.setitem(user.MEMBER, maker, 40)
    patch.setattr(computing, "_new", reachable)


def _a_router_gives_its_addresses_back_before_it_is_gone(patch: pytest.MonkeyPatch) -> None:
    remove = routers._remove

    def hasty(cloud: Any, fabric: Any, item: Any, record: Any) -> Outcome:
        cloud.database.write(lambda tx: addresses.release(tx, record.tenant_uid, record.uid))
        return remove(cloud, fabric, item, record)

    _wish_for_routers(patch)
    patch.setattr(routers, "_remove", hasty)


def _a_router_that_is_deleted_stays_in_the_fabric(patch: pytest.MonkeyPatch) -> None:
    def forget(cloud: Any, fabric: Any, item: Any, record: Any) -> Outcome:
        return Outcome(item, record, Next.REMOVE, also=lambda tx: addresses.release(tx, record.tenant_uid, record.uid))

    patch.setattr(routers, "_remove", forget)


def _a_network_is_not_told_that_its_router_has_gone(patch: pytest.MonkeyPatch) -> None:
    def only(cloud: Any, fabric: Any, surplus: Any, tenant_uid: str) -> None:
        cloud.database.write(lambda tx: [addresses.release_one(tx, given) for given in surplus])

    _wish_for_routers(patch)
    patch.setattr(routers, "_give_back", only)


def _an_address_of_a_pool_is_given_twice(patch: pytest.MonkeyPatch) -> None:
    _wish_for_routers(patch)
    patch.setattr(ways_out, "take", _first_of_all)


def _first_of_all(tx: Any, record: Any, pool: Any, version: int, held: Any, wanted: Any = None) -> Any:
    ranges = [each for each in ways_out.ranges_of(pool.spec) if each.network.version == version]
    given = addresses.Given(pool.uid, pool.uid, str(ranges[0].network[2]), 0) if ranges else None
    return (given, ranges[0]) if given is not None else None


def _a_floating_ip_leads_on_when_its_router_leads_out_no_more(patch: pytest.MonkeyPatch) -> None:
    _wish_for_ways_in(patch)
    patch.setattr(routers, "_wake_users", lambda tx, record: None)
    patch.setattr(floating_addresses, "_withdraw", lambda fabric, record: None)


def _who_goes_is_sent_to_still(patch: pytest.MonkeyPatch) -> None:
    _wish_for_ways_in(patch)
    patch.setattr(status, "wake_balancers", lambda tx, instance: None)


def _a_load_balancer_asks_from_an_address_that_is_not_its_own(patch: pytest.MonkeyPatch) -> None:
    asking = load_balancers._asking

    def lent(surroundings: Any, record: Any, serving: Any, held: Any) -> Any:
        found = asking(surroundings, record, serving, held)
        for given in found.values():
            addresses.release_one(surroundings.tx, given)
        return found

    _wish_for_ways_in(patch)
    patch.setattr(load_balancers, "_asking", lent)


BUGS: Final[dict[str, Plant]] = {
    plant.__name__.strip("_"): plant
    for plant in (
        _a_router_gives_its_addresses_back_before_it_is_gone,
        _a_router_that_is_deleted_stays_in_the_fabric,
        _a_network_is_not_told_that_its_router_has_gone,
        _an_address_of_a_pool_is_given_twice,
        _a_floating_ip_leads_on_when_its_router_leads_out_no_more,
        _who_goes_is_sent_to_still,
        _a_load_balancer_asks_from_an_address_that_is_not_its_own,
    )
}
"""Name and plant of each bug."""
