"""Who has what of GPUs, and what tenants may have, with the names that operators know them by."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, or_, select

from pextra.store.database import Tx
from pextra.store.tables import gpu_claim, quota_usage, resource


@dataclass(frozen=True, slots=True)
class Holder:
    """What an instance has of one GPU.

    Attributes:
        profile: a MIG profile or a vGPU type.
        tenant: the tenant's path; its uid when it has gone.
        instance: its name; its uid when it has gone.
    """

    host_uid: str
    address: str
    mode: str
    profile: str
    milli: int
    tenant: str
    instance: str
    instance_uid: str


@dataclass(frozen=True, slots=True)
class GpuQuota:
    """What a tenant may have of GPUs: see `quota.Usage`."""

    tenant: str
    countable: str
    ceiling: int
    used: int
    granted: int


def holders(tx: Tx, site_uid: str) -> list[Holder]:
    """Who has what of which GPU."""
    c, tenant, instance = gpu_claim.c, resource.alias("tenant"), resource.alias("instance")
    named = (
        select(gpu_claim, tenant.c.name.label("tenant_name"), instance.c.name.label("instance_name"))
        .select_from(gpu_claim)
        .outerjoin(tenant, and_(tenant.c.tenant_uid == site_uid, tenant.c.uid == c.tenant_uid))
        .outerjoin(instance, and_(instance.c.tenant_uid == c.tenant_uid, instance.c.uid == c.consumer_uid))
        .order_by(c.host_uid, c.address, c.tenant_uid, c.consumer_uid, c.part)
    )
    return [
        Holder(
            r.host_uid,
            r.address,
            r.mode,
            r.profile,
            r.milli,
            r.tenant_name or r.tenant_uid,
            r.instance_name or r.consumer_uid,
            r.consumer_uid,
        )
        for r in tx.conn.execute(named)
    ]


def quotas(tx: Tx, site_uid: str) -> list[GpuQuota]:
    """The limits of GPUs that tenants have, and what is used of them; without those who may have none."""
    q, tenant = quota_usage.c, resource.alias("tenant")
    limited = (
        select(tenant.c.name, q.countable, q.ceiling, q.used, q.granted)
        .join(tenant, and_(tenant.c.tenant_uid == site_uid, tenant.c.uid == q.tenant_uid))
        .where(or_(q.countable == "gpus", q.countable.like("gpus/%")), q.ceiling > 0)
        .order_by(tenant.c.name, q.countable)
    )
    return [GpuQuota(*row) for row in tx.conn.execute(limited)]
