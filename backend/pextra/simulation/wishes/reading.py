"""Wishes to see something, and to see what a change would do."""

from __future__ import annotations

from typing import Final

from pextra.simulation.letters import Where, Wish
from pextra.simulation.wishes import computing, networking
from pextra.simulation.wishes.mind import Mind

PLURALS: Final = ("instances", "volumes", "networks", "subnets", "operations", "quotas", "images", "floating_ips")


def get(mind: Mind) -> Wish:
    """Look at an object that is known, or may be there."""
    known = list(mind.seen)
    if known and mind.rng.random() < 0.8:
        return Wish("GET", mind.rng.choice(known))
    return Wish("GET", Where(mind.tenant, "instances", mind.rng.choice(computing.INSTANCES)))


def list_all(mind: Mind) -> Wish:
    """List the tenant's objects of a kind, sometimes with those of the tenant below it."""
    query = {"recursive": "true"} if mind.rng.random() < 0.5 else {}
    return Wish("GET", Where(mind.tenant, mind.rng.choice(PLURALS), ""), query=query)


def list_tenants(mind: Mind) -> Wish:
    """List the tenants."""
    del mind
    return Wish("GET", Where(None, "tenants", ""))


def pry(mind: Mind) -> Wish:
    """Ask for what belongs to strangers."""
    tenant = mind.rng.choice(mind.strangers)
    wheres = (
        Where(tenant, "instances", mind.rng.choice(computing.INSTANCES)),
        Where(tenant, "volumes", mind.rng.choice(computing.VOLUMES)),
        Where(tenant, "networks", mind.rng.choice(networking.NETWORKS)),
        Where(tenant, "instances", ""),
        Where(None, "tenants", tenant),
        Where(None, "hosts", "h1"),
    )
    where = mind.rng.choice(wheres)
    method = mind.rng.choice(("GET", "DELETE")) if where.name and where.tenant else "GET"
    return Wish(method, where, foreign=True)


def try_out(mind: Mind) -> Wish:
    """Ask what a write would do."""
    wish = computing.put_instance(mind)
    return Wish(wish.method, wish.where, wish.body, {**wish.query, "dry_run": "true"}, wish.headers)
