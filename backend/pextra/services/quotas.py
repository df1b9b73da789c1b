"""Carving a tenant's limits out of its parent's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pextra.declaration.kind import Spec
from pextra.errors import PextraError, invalid
from pextra.services import bounds, tenancy
from pextra.services.cloud import Context, Tenant
from pextra.store import objects, quota
from pextra.store.quota import Usage


def check_names(ctx: Context, spec: Spec, what: str) -> None:
    """Refuse a limit on what nothing counts.

    Raises:
        PextraError: `spec.invalid`.
    """
    known = ctx.cloud.registry.countables
    faults = [
        {
            "field": f"spec.limits.{name}",
            "message": f"nothing counts this; there are {', '.join(sorted(known))}",
        }
        for name in spec["limits"]
        if not ctx.cloud.registry.is_countable(name)
    ]
    if faults:
        raise invalid(faults, what)


def carve(ctx: Context, tenant: Tenant, spec: Spec | None) -> None:
    """Make `spec` (None: nothing) the tenant's limits, granted out of its parent's.

    Raises:
        PextraError: `quota.below_use` when the tenant has more than that in use; `quota.exceeded` when the parent has
        not
            that much left, or is limited where the child would not be.
    """
    if tenant.uid == ctx.cloud.site.system_uid:
        raise PextraError("object.conflict", "The cloud's own tenant has no limits: its quota cannot be changed.")
    before = quota.usage(ctx.tx, tenant.uid)
    after = _ceilings(ctx, tenant, spec, before)
    _check_below(ctx, tenant, before, after)
    quota.set_ceilings(ctx.tx, tenant.uid, tenant.path, after)
    if tenant.parent_path is None:
        return
    parent = tenancy.find(ctx.cloud, ctx.tx, tenant.parent_path)
    assert parent is not None
    with bounds.beyond(ctx.tx, {parent.uid}):
        _grant(ctx, tenant, parent, before, after)


def _grant(
    ctx: Context, tenant: Tenant, parent: Tenant, before: Mapping[str, Usage], after: Mapping[str, int | None]
) -> None:
    """Take what the tenant's limits grow by out of what its parent has left."""
    held = quota.usage(ctx.tx, parent.uid)

    def unlisted(name: str) -> int | None:
        return tenancy.unlisted_ceiling(ctx.cloud, ctx.tx, parent, name)

    delta: dict[str, int] = {}
    for name, ceiling in after.items():
        above = held[name].ceiling if name in held else unlisted(name)
        if ceiling is None and above is not None:
            raise PextraError(
                "quota.exceeded",
                f"Tenant {parent.path!r} is limited to {above} {name}: {tenant.path!r} cannot be unlimited.",
                tenant=parent.path,
                countable=name,
                limit=above,
            )
        old = before[name].ceiling if name in before else 0
        delta[name] = (ceiling or 0) - (old or 0)
    quota.grant(ctx.tx, parent.uid, parent.path, delta, unlisted=unlisted)


def _check_below(ctx: Context, tenant: Tenant, before: Mapping[str, Usage], after: Mapping[str, int | None]) -> None:
    """Refuse to limit what a tenant below has without limit."""

    def was(name: str) -> int | None:
        return before[name].ceiling if name in before else _unlisted(ctx, tenant, name)

    limited = [name for name, ceiling in after.items() if ceiling is not None and was(name) is None]
    if not limited:
        return
    below = dict(objects.descendants(ctx.tx, ctx.cloud.site.uid, tenant.path))
    with bounds.beyond(ctx.tx, below):
        unlimited = quota.first_unlimited(ctx.tx, below, limited)
    if unlimited is not None:
        uid, name = unlimited
        raise PextraError(
            "quota.below_use",
            f"Tenant {below[uid]!r} may have any number of {name}: limit it before {tenant.path!r}, which is above it.",
            tenant=below[uid],
            countable=name,
            limit=after[name],
        )


def _unlisted(ctx: Context, tenant: Tenant, name: str) -> int | None:
    return tenancy.unlisted_ceiling(ctx.cloud, ctx.tx, tenant, name)


def _ceilings(ctx: Context, tenant: Tenant, spec: Spec | None, before: Mapping[str, Usage]) -> Mapping[str, int | None]:
    """The limit of everything that can be counted, and of each member of a family that is listed or was counted."""
    registry = ctx.cloud.registry
    limits: Mapping[str, Any] = spec["limits"] if spec is not None else {}
    rest = None if spec is not None and spec["unlisted"] == "unlimited" else 0
    ceilings: dict[str, int | None] = dict.fromkeys(registry.countables, rest)
    ceilings |= {
        name: tenancy.member_ceiling(ctx.cloud, ctx.tx, tenant, name) for name in before if registry.family_of(name)
    }
    ceilings |= {name: None if limit == "unlimited" else limit for name, limit in limits.items()}
    return ceilings
