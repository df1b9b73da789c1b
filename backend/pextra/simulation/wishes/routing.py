"""Wishes about routers, floating IPs of pools, and load balancers."""

from __future__ import annotations

from typing import Any, Final

from pextra.simulation.letters import Where, Wish
from pextra.simulation.wishes.mind import Mind, deleted, replaced

POOL: Final = "outside"
POOL_SPEC: Final[dict[str, Any]] = {
    "physical": "outside",
    "ranges": [{"cidr": "203.0.113.0/28", "gateway": "203.0.113.1", "first": "203.0.113.2", "last": "203.0.113.5"}],
}
"""Fewer addresses than are wished for."""
_WANTED: Final = ("203.0.113.2", "203.0.113.3", None, None)
ROUTERS: Final = ("r1", "r2")
BALANCERS: Final = ("b1", "b2")
LED: Final = ("p1", "p2")


def put_router(mind: Mind) -> Wish | None:
    """Join known networks, sometimes with a way out."""
    tenant = mind.place()
    networks = mind.known(tenant, "networks")
    if not networks:
        return None
    spec: dict[str, Any] = {"interfaces": [{"network": name} for name in mind.some(networks, 2)]}
    if mind.rng.random() < 0.7:
        spec["gateway"] = {"pool": POOL}
    return replaced(mind, Where(tenant, "routers", mind.rng.choice(ROUTERS)), spec)


def delete_router(mind: Mind) -> Wish | None:
    """Delete a router, which is refused while a load balancer is reached by it."""
    return deleted(mind, Where(mind.place(), "routers", mind.rng.choice(ROUTERS)))


def put_floating_ip_of_pool(mind: Mind) -> Wish | None:
    """Lead an address outside to a known instance; two may want the same one."""
    tenant = mind.place()
    instances = mind.known(tenant, "instances")
    where = Where(tenant, "floating_ips", mind.rng.choice(LED))
    known = mind.spec(where)
    if known is not None:
        return replaced(mind, where, known | {"card": mind.rng.choice((0, 0, 1))})
    if not instances:
        return None
    spec: dict[str, Any] = {"instance": mind.rng.choice(instances), "pool": POOL}
    wanted = mind.rng.choice(_WANTED)
    return replaced(mind, where, spec | ({"address": wanted} if wanted is not None else {}))


def delete_floating_ip_of_pool(mind: Mind) -> Wish | None:
    """Delete one."""
    return deleted(mind, Where(mind.place(), "floating_ips", mind.rng.choice(LED)))


def put_load_balancer(mind: Mind) -> Wish | None:
    """Spread connections over known instances, and over those with a label."""
    tenant = mind.place()
    where = Where(tenant, "load_balancers", mind.rng.choice(BALANCERS))
    routers, networks = mind.known(tenant, "routers"), mind.known(tenant, "networks")
    known = mind.spec(where)
    if known is None and not routers:
        return None
    spec: dict[str, Any] = {"router": mind.rng.choice(routers)} if known is None else {"router": known["router"]}
    if known is not None and "network" in known:
        spec["network"] = known["network"]
    elif known is None and networks and mind.rng.random() < 0.6:
        spec["network"] = mind.rng.choice(networks)
    check: dict[str, Any] = {"check": {}} if mind.rng.random() < 0.5 else {}
    spec["listeners"] = [{"port": mind.rng.choice((80, 443)), **check}]
    spec["members"] = [{"instance": name} for name in mind.some(mind.known(tenant, "instances"), 1)]
    if mind.rng.random() < 0.6:
        spec["selector"] = {"by": mind.rng.choice(("a", "b"))}
    return replaced(mind, where, spec)


def delete_load_balancer(mind: Mind) -> Wish | None:
    """Delete one."""
    return deleted(mind, Where(mind.place(), "load_balancers", mind.rng.choice(BALANCERS)))
