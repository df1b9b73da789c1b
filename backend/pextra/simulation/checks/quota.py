"""Quota is exact in every state that is committed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pextra.simulation.checks.view import View


def use_is_what_is_charged(view: View) -> Iterator[str]:
    """For each tenant and countable, `used` is the sum of the charges of the tenant's objects."""
    charged: Counter[tuple[str, str]] = Counter()
    for record in view.ground.objects.values():
        for countable, amount in view.charged(record).items():
            charged[record.tenant_uid, countable] += amount
    for counter in view.ground.counters:
        expected = charged.pop((counter.tenant_uid, counter.countable), 0)
        if counter.used != expected:
            yield f"{counter}: the objects there are charged {expected}"
    for (tenant_uid, countable), amount in charged.items():
        if amount:
            yield f"tenant {tenant_uid} is charged {amount} {countable} that nobody counts"


def grants_are_the_childrens_limits(view: View) -> Iterator[str]:
    """`granted` is the sum of the children's ceilings, and no child is unlimited below a limit."""
    tenants = {t.name: t for t in view.of_kind("tenant")}
    parents = {t.uid: tenants.get(t.name.rpartition(".")[0]) for t in tenants.values()}
    granted: Counter[tuple[str, str]] = Counter()
    ceilings = {(c.tenant_uid, c.countable): c.ceiling for c in view.ground.counters}
    for (tenant_uid, countable), ceiling in ceilings.items():
        parent = parents.get(tenant_uid)
        if parent is None:
            continue
        granted[parent.uid, countable] += ceiling or 0
        above = ceilings.get((parent.uid, countable), None if "/" in countable else 0)
        if ceiling is None and above is not None:
            yield f"tenant {tenant_uid} is unlimited in {countable}, and its parent is not"
    for counter in view.ground.counters:
        if counter.granted != granted[counter.tenant_uid, counter.countable]:
            yield f"{counter}: its children have {granted[counter.tenant_uid, counter.countable]}"


def limits_hold(view: View) -> Iterator[str]:
    """No tenant uses and grants more than its ceiling."""
    for counter in view.ground.counters:
        if counter.ceiling is not None and counter.used + counter.granted > counter.ceiling:
            yield f"{counter} is above its ceiling"
        if counter.used < 0 or counter.granted < 0:
            yield f"{counter} is negative"
