"""Finding tenants, and what the cloud says of their quota."""

from __future__ import annotations

from pextra.declaration.kind import Scope
from pextra.services import authorization, bounds
from pextra.services.cloud import Address, Cloud, Context, Tenant
from pextra.store import objects, quota
from pextra.store.database import Tx


def find(cloud: Cloud, tx: Tx, path: str) -> Tenant | None:
    """The tenant at this path, or None."""
    record = objects.by_name(tx, cloud.site.uid, "tenant", path)
    return Tenant(record.uid, record.name, record.deleting) if record is not None else None


def by_uid(cloud: Cloud, tx: Tx, uid: str) -> Tenant | None:
    """The tenant with this uid, or None."""
    record = objects.by_uid(tx, cloud.site.uid, uid)
    return Tenant(record.uid, record.name, record.deleting) if record is not None else None


def of_address(ctx: Context, address: Address) -> Tenant | None:
    """The tenant that the address names, when the caller reaches it; None for a cloud-wide kind.

    Raises:
        PextraError: `object.not_found`, as for an object that is not there.
    """
    if address.kind.scope is Scope.CLOUD or address.tenant is None:
        return None
    tenant = authorization.tenant_at(ctx, address.tenant)
    if tenant is None or not ctx.principal.reaches(tenant.path):
        authorization.absent(address)
    bounds.enter(ctx, tenant)
    return tenant


def unlisted_ceiling(cloud: Cloud, tx: Tx, tenant: Tenant, countable: str) -> int | None:
    """The limit of a countable that the tenant's quota does not name; None is unlimited.

    A member of a family is limited by the whole alone, unless a tenant above limits that member: then it is not to be
    had without being listed.
    """
    if tenant.uid == cloud.site.system_uid:
        return None
    if cloud.registry.family_of(countable) is not None:
        return member_ceiling(cloud, tx, tenant, countable)
    own = objects.by_name(tx, tenant.uid, "quota", "default")
    return None if own is not None and own.spec.get("unlisted") == "unlimited" else 0


def member_ceiling(cloud: Cloud, tx: Tx, tenant: Tenant, countable: str) -> int | None:
    """What the tenants above leave of a member of a family to one that does not list it: all, or nothing."""
    path = tenant.parent_path
    while path is not None:
        above = find(cloud, tx, path)
        assert above is not None
        with bounds.beyond(tx, {above.uid}):
            held = quota.usage(tx, above.uid).get(countable)
        if held is not None:
            return None if held.ceiling is None else 0
        path = above.parent_path
    return None
