"""Wishes about tenants and quota, and what an administrator asks for."""

from __future__ import annotations

from typing import Any

from pextra.resources import REGISTRY
from pextra.simulation.letters import Where, Wish
from pextra.simulation.wishes.computing import TAINTED
from pextra.simulation.wishes.mind import Mind, deleted, replaced


def put_child(mind: Mind) -> Wish:
    """Make or change the tenant below the user's own."""
    return replaced(mind, mind.child, {"display_name": mind.rng.choice(("Dev", "Development"))})


def delete_child(mind: Mind) -> Wish | None:
    """Delete it, mostly with everything in it."""
    return deleted(mind, mind.child, cascade=mind.rng.random() < 0.9)


def put_child_quota(mind: Mind) -> Wish | None:
    """Carve a quota for it out of the user's own."""
    if mind.child not in mind.seen:
        return None
    instances = mind.rng.randint(0, 3)
    return replaced(mind, Where(mind.child.name, "quotas", "default"), limits(mind, instances, "none"))


def delete_child_quota(mind: Mind) -> Wish | None:
    """Take the quota back."""
    return deleted(mind, Where(mind.child.name, "quotas", "default"))


def put_quota(mind: Mind) -> Wish:
    """Set what a tenant may use; sometimes without a limit."""
    tenant = mind.rng.choice(mind.strangers)
    unlisted = mind.rng.choice(("none", "none", "unlimited"))
    return replaced(mind, Where(tenant, "quotas", "default"), limits(mind, mind.rng.randint(3, 8), unlisted))


def limits(mind: Mind, instances: int, unlisted: str) -> dict[str, Any]:
    """A quota that is enough for about so many instances; without `unlisted` limits on all that is counted."""
    amounts: dict[str, int] = dict.fromkeys(sorted(REGISTRY.countables), 2 * instances)
    amounts |= {"vcpus": instances + mind.rng.randint(0, 2), "memory_mib": instances * 1024}
    amounts |= {"instances": instances, "volume_gib": instances * 6}
    if unlisted == "unlimited":
        for countable in mind.some(list(amounts), 3):
            del amounts[countable]
    return {"limits": amounts, "unlisted": unlisted}


def put_host(mind: Mind) -> Wish | None:
    """Open or close a host for new guests, or taint it."""
    known = [w for w in mind.seen if w.plural == "hosts"]
    if not known:
        return None
    where = mind.rng.choice(known)
    change: dict[str, Any] = {"schedulable": mind.rng.random() < 0.7}
    if mind.rng.random() < 0.5:
        effects = mind.rng.choice(
            ((), ("no_schedule",), ("prefer_no_schedule",), ("no_schedule", "prefer_no_schedule"))
        )
        change = {"taints": [{"key": mind.rng.choice(TAINTED), "effect": effect} for effect in effects]}
    return replaced(mind, where, mind.seen[where]["spec"] | change)


def put_flavor(mind: Mind) -> Wish:
    """Change a size; what was made by it stays as it is."""
    where = Where(None, "flavors", "small")
    return replaced(mind, where, flavor(1, mind.rng.choice((512, 640)), 2))


def flavor(vcpus: int, memory_mib: int, disk_gib: int) -> dict[str, Any]:
    """The spec of a flavor."""
    return {"vcpus": vcpus, "memory_mib": memory_mib, "disk_gib": disk_gib}
