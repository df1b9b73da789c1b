"""DELETE: mark, let the finalizers run, and take the row away last."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from pextra.declaration.kind import Scope
from pextra.declaration.markers import OnDelete
from pextra.errors import PextraError
from pextra.services import auditing, authorization, bounds, granting, identities, minting, quotas, tenancy
from pextra.services.cloud import Address, Cloud, Context, Preconditions, Written
from pextra.services.status import wake_referrers
from pextra.store import (
    assignments,
    authority,
    data_keys,
    events,
    login_places,
    objects,
    passwords,
    quota,
    references,
    secrets,
    work,
)
from pextra.store.database import Tx
from pextra.store.records import Record
from pextra.store.references import Reference

NAMED = 5
"""How many of an object's users a refusal names."""


def delete(ctx: Context, address: Address, preconditions: Preconditions, *, cascade: bool) -> Written:
    """Delete the object; again for one that is being deleted changes nothing.

    Raises:
        PextraError: `object.not_found`, `object.in_use`; nothing was changed.
    """
    tenant = tenancy.of_address(ctx, address)
    owner_uid = ctx.cloud.owner_uid(address.kind, tenant)
    before = objects.by_name(ctx.tx, owner_uid, address.kind.name, address.name)
    if before is None:
        authorization.require(ctx, address, authorization.READ)
        authorization.absent(address)
    ctx.reason = authorization.require(ctx, address, "delete", before).reason
    if preconditions.uid is not None and before.uid != preconditions.uid:
        raise PextraError("object.uid_mismatch", f"The name of {address} belongs to another object.")
    if preconditions.etag is not None and before.etag != preconditions.etag:
        raise PextraError("object.stale", f"The {address} has changed since it was read. Read it again.")
    granting.check_removal(ctx, before, tenant)
    path = tenant.path if tenant else None
    if before.deleting:
        return Written(before, before, path)
    if address.kind.name == "tenant":
        bounds.write_tenant(ctx, before.uid)
        _check_tenant(ctx, before, cascade=cascade)
    ctx.marked.clear()
    ctx.removed.clear()
    ctx.levels.clear()
    after = mark(ctx, before, cascade=cascade)
    if before.kind == "policy":
        granting.policies_changed(ctx, address, None)
    freed: Counter[str] = Counter()
    for gone in ctx.removed:
        if gone.tenant_uid == before.tenant_uid:
            freed.update(_charge_of(ctx.cloud, gone))
    return Written(after, before, path, charge={k: -v for k, v in freed.items()})


def mark(ctx: Context, record: Record, *, cascade: bool, cause: str = "") -> Record | None:
    """Mark the object, and with `cascade` what depends on it, as being deleted.

    Args:
        cause: what else is being deleted, when this object goes along with it.

    Returns:
        The object, or None when nothing had to be finished and it has gone.

    Raises:
        PextraError: `object.in_use`.
    """
    users = [r for r in references.to(ctx.tx, record.tenant_uid, record.uid) if r.source_uid != record.uid]
    if ctx.planning:  # what the plan deleted before this is on its way out; an apply waits until it has gone
        users = [u for u in users if not _is_going(ctx, u)]
    blocking = [r for r in users if r.on_delete is OnDelete.BLOCK or (r.on_delete is OnDelete.CASCADE and not cascade)]
    if blocking:
        scope = ctx.cloud.registry[record.kind].scope
        what = f"{record.kind if scope is Scope.TENANT else f'cloud-wide {record.kind}'} {record.name!r}"
        firm = any(r.on_delete is OnDelete.BLOCK for r in blocking)
        remedy = "delete or change them first" if firm else "delete them first, or delete with cascade"
        raise _in_use(ctx, record, f"The {what} is used by", blocking, remedy)
    for user in users:
        if user.on_delete in (OnDelete.CASCADE, OnDelete.FOLLOW):
            with bounds.beyond(ctx.tx, {user.source_tenant_uid}):
                dependant = objects.by_uid(ctx.tx, user.source_tenant_uid, user.source_uid)
                if dependant is not None and not dependant.deleting:
                    mark(ctx, dependant, cascade=True, cause=f"{record.kind} {record.name}")
    if record.kind == "quota":
        owner = tenancy.by_uid(ctx.cloud, ctx.tx, record.tenant_uid)
        if owner is not None:
            quotas.carve(ctx, owner, None)
    retained = any(r.on_delete is OnDelete.RETAIN for r in users)
    marked = replace(
        record,
        generation=record.generation + 1,
        deleting_us=ctx.tx.now_us,
        updated_us=ctx.tx.now_us,
        name=f".{record.uid}" if retained else record.name,
    )
    if not objects.replace(ctx.tx, record, marked):
        raise PextraError("store.contention", "Another writer came in between: try again.", retry_after_s=1)
    auditing.changed(ctx, "delete", replace(marked, name=record.name), None, cause=cause)
    ctx.marked.append(record)
    if not marked.finalizers and not retained:
        remove(ctx.cloud, ctx.tx, marked)
        ctx.removed.append(marked)
        return None
    events.record(ctx.tx, "deleted" if retained else "deleting", marked)
    work.ask(ctx.tx, record.tenant_uid, record.uid, record.kind)
    return marked


def _is_going(ctx: Context, user: Reference) -> bool:
    with bounds.beyond(ctx.tx, {user.source_tenant_uid}):
        record = objects.by_uid(ctx.tx, user.source_tenant_uid, user.source_uid)
    return record is None or record.deleting


def remove(cloud: Cloud, tx: Tx, record: Record) -> None:
    """Take the object's row and everything that belongs to it away; its charge is given back."""
    charge = _charge_of(cloud, record)
    if charge:
        owner = tenancy.by_uid(cloud, tx, record.tenant_uid)
        path = owner.path if owner is not None else record.tenant_uid
        quota.charge(tx, record.tenant_uid, path, {k: -v for k, v in charge.items()}, unlisted=lambda _: 0)
        if owner is not None and owner.deleting:
            work.ask(tx, cloud.site.uid, owner.uid, "tenant")
    targets = references.of(tx, record.tenant_uid, record.uid)
    if not cloud.registry[record.kind].controlled:
        wake_referrers(cloud, tx, record)
    references.put(tx, record.tenant_uid, record.uid, [], fresh=False)
    for target in targets:
        _wake_if_waiting(tx, target)
    secrets.remove(tx, record.tenant_uid, record.uid)
    minting.revoke(tx, record)
    identities.forget(tx, record)
    if cloud.registry[record.kind].controlled:
        assignments.remove_everywhere(tx, record.uid)
    work.forget(tx, record.tenant_uid, record.uid)
    if record.kind == "user":
        passwords.forget(tx, record.tenant_uid, record.uid)
        login_places.forget(tx, record.tenant_uid, record.uid)
    if record.kind == "tenant":
        quota.forget(tx, record.uid)
        authority.forget(tx, record.uid)
        data_keys.remove(tx, record.uid)
    objects.remove(tx, record)
    if not record.hidden:
        events.record(tx, "deleted", replace(record, generation=record.generation + 1))


def _wake_if_waiting(tx: Tx, target: Reference) -> None:
    with bounds.beyond(tx, {target.target_tenant_uid}):
        record = objects.by_uid(tx, target.target_tenant_uid, target.target_uid)
    if record is not None and (record.deleting or record.kind == "volume"):
        work.ask(tx, record.tenant_uid, record.uid, record.kind)


def _charge_of(cloud: Cloud, record: Record) -> dict[str, int]:
    kind = cloud.registry[record.kind]
    return kind.charged(kind.effective(record.spec, record.spec_version), record.resolved)


def _check_tenant(ctx: Context, record: Record, *, cascade: bool) -> None:
    if record.uid == ctx.cloud.site.system_uid:
        raise PextraError("object.in_use", "The cloud's own tenant cannot be deleted.")
    children = objects.descendants(ctx.tx, ctx.cloud.site.uid, record.name)
    if cascade:
        _check_outside(ctx, record, {record.uid, *(uid for uid, _ in children)})
        return
    with bounds.beyond(ctx.tx, {record.uid}):
        inside = [r for r in objects.content(ctx.tx, record.uid, limit=NAMED + 2) if r.kind != "quota"]
    if children or inside:
        names = [f"tenant {path}" for _, path in children[:NAMED]] + [f"{r.kind} {r.name}" for r in inside[:NAMED]]
        raise PextraError(
            "object.in_use",
            f"Tenant {record.name!r} is not empty; it holds {', '.join(names)}"
            f"{' and more' if len(inside) > NAMED else ''}: "
            "delete them first, or delete the tenant with cascade.",
            dependants=names,
        )


def _check_outside(ctx: Context, tenant: Record, inside: set[str]) -> None:
    """Refuse to empty a tenant that holds what others go on using: it would never end."""
    with bounds.beyond(ctx.tx, inside):
        users = [r for r in references.into(ctx.tx, inside) if r.on_delete is OnDelete.BLOCK and not _is_going(ctx, r)]
    if users:
        start = f"Tenant {tenant.name!r} holds what is used by"
        raise _in_use(ctx, tenant, start, users, "delete or change them first")


def _in_use(ctx: Context, record: Record, start: str, blocking: list[Reference], remedy: str) -> PextraError:
    named = [(r.source_tenant_uid, r.source_uid) for r in blocking[: NAMED * 4]]
    with bounds.beyond(ctx.tx, {tenant_uid for tenant_uid, _ in named}):
        users = objects.by_uids(ctx.tx, named)
    paths = objects.tenant_paths(ctx.tx, ctx.cloud.site.uid, {r.source_tenant_uid for r in blocking})
    names: list[str] = []
    for reference in blocking:
        user, path = users.get(reference.source_uid), paths.get(reference.source_tenant_uid)
        if user is None or path is None or len(names) >= NAMED:
            continue
        kind = ctx.cloud.registry[user.kind]
        address = Address(kind, path if kind.scope is Scope.TENANT else None, user.name)
        if not authorization.may_read(ctx, address, user):
            continue
        away = f"{path}/" if reference.source_tenant_uid != record.tenant_uid else ""
        names.append(f"{user.kind} {away}{user.name}")
    others = len(blocking) - len(names)
    shown = ", ".join(names) + (f"{' and ' if names else ''}{others} more" if others else "")
    return PextraError("object.in_use", f"{start} {shown}: {remedy}.", dependants=names, others=others)
