"""PUT and PATCH: one transaction that authorises, admits, charges, stores and tells."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pextra.declaration.diff import Effect, FieldChange, diff, merge_patch
from pextra.declaration.fields import values_at
from pextra.declaration.kind import Kind, Spec
from pextra.declaration.markers import OnDelete
from pextra.errors import PextraError
from pextra.services import (
    auditing,
    authorization,
    bounds,
    documents,
    granting,
    identities,
    masking,
    minting,
    quotas,
    resolution,
    status,
    tenancy,
)
from pextra.services.cloud import Address, Context, Preconditions, Tenant, Written
from pextra.services.documents import Document
from pextra.services.resolution import Resolution
from pextra.store import events, objects, quota, references, work
from pextra.store.records import Record


def put(ctx: Context, address: Address, body: Any, preconditions: Preconditions) -> Written:
    """Create the object, or replace what a user may write of it. The same call twice changes nothing.

    Raises:
        PextraError: nothing was changed.
    """
    tenant, before = _locate(ctx, address)
    if before is None and address.kind.dotted_names:
        _check_parent(ctx, address)
    document = documents.read(address, body)
    _check(address, before, preconditions, document.uid)
    return _store(ctx, address, tenant, before, document)


def patch(ctx: Context, address: Address, body: Any, preconditions: Preconditions) -> Written:
    """Apply a JSON merge patch to what a user may write of the object.

    Raises:
        PextraError: nothing was changed; `object.not_found` when there is nothing to patch.
    """
    tenant, before = _locate(ctx, address)
    if before is None:
        authorization.absent(address)
    change = documents.mapping(body, "(body)", str(address))
    present = {
        "metadata": {"labels": before.labels, "annotations": before.annotations},
        "spec": ctx.cloud.registry[before.kind].effective(before.spec, before.spec_version),
    }
    document = documents.read(address, merge_patch(present, change))
    _check(address, before, preconditions, document.uid)
    return _store(ctx, address, tenant, before, document)


def _locate(ctx: Context, address: Address) -> tuple[Tenant | None, Record | None]:
    tenant = tenancy.of_address(ctx, address)
    before = objects.by_name(ctx.tx, ctx.cloud.owner_uid(address.kind, tenant), address.kind.name, address.name)
    authorization.require(ctx, address, "create" if before is None else "update", before)
    address.kind.check_name(address.name)
    if tenant is not None and tenant.deleting:
        raise PextraError(
            "object.deleting",
            f"Tenant {tenant.path!r} is being deleted: nothing can be written in it.",
            retry_after_s=5,
        )
    return tenant, before


def _check_parent(ctx: Context, address: Address) -> None:
    parent_path = address.name.rpartition(".")[0]
    if not parent_path:
        return
    parent = tenancy.find(ctx.cloud, ctx.tx, parent_path)
    if parent is None or parent.deleting:
        raise PextraError(
            "reference.not_found",
            f"metadata.name: the parent tenant {parent_path!r} does not exist: make it first.",
            field="metadata.name",
            kind="tenant",
            value=parent_path,
        )


def _check(address: Address, before: Record | None, preconditions: Preconditions, uid: str | None) -> None:
    uid = preconditions.uid or uid
    if uid is not None and (before is None or before.uid != uid):
        whose = "nobody" if before is None else "another object"
        raise PextraError("object.uid_mismatch", f"The name of {address} belongs to {whose}, not to uid {uid[:80]!r}.")
    if before is not None and before.deleting:
        raise PextraError(
            "object.deleting", f"The {address} is being deleted: try again when it has gone.", retry_after_s=2
        )
    if preconditions.create_only and before is not None:
        raise PextraError("object.exists", f"There is a {address} already.", uid=before.uid)
    if preconditions.etag is not None and (before is None or preconditions.etag != before.etag):
        now = "it does not exist" if before is None else f"it is at generation {before.generation} now"
        raise PextraError("object.stale", f"The {address} has changed since it was read: {now}. Read it again.")


def _store(ctx: Context, address: Address, tenant: Tenant | None, before: Record | None, document: Document) -> Written:
    kind, tx = address.kind, ctx.tx
    owner_uid = ctx.cloud.owner_uid(kind, tenant)
    uid = before.uid if before is not None else _new_uid(ctx, address)
    if kind.name == "tenant":
        bounds.write_tenant(ctx, uid)
    spec = kind.parse(document.spec, str(address))
    masked = masking.mask(ctx, kind, spec, owner_uid=owner_uid, uid=uid, fresh=before is None, what=str(address))
    effective = kind.effective(spec)
    was = kind.effective(before.spec, before.spec_version) if before is not None else {}
    fields = diff(kind, was, effective)
    if before is not None:
        _refuse_immutable(ctx, address, fields)
        if not fields and document.labels == before.labels and document.annotations == before.annotations:
            return Written(before, before, tenant.path if tenant else None)
    pins = resolution.resolve(
        ctx,
        kind,
        effective,
        owner_uid=owner_uid,
        uid=uid,
        name=address.name,
        tenant=tenant,
        before=before.resolved if before else {},
    )
    _check_exclusive(ctx, kind, uid, effective, pins)
    if kind.compares_siblings:
        _admit(ctx, kind, uid, effective, pins)
    charge = _charge(ctx, kind, tenant, effective, pins.resolved, before, was)
    if kind.name == "quota":
        assert tenant is not None
        quotas.check_names(ctx, effective, str(address))
        quotas.carve(ctx, tenant, effective)
    after = _record(ctx, kind, owner_uid, uid, address.name, before, document, spec, pins.resolved)
    ctx.reason = authorization.admit(ctx, address, "create" if before is None else "update", after).reason
    granting.check(ctx, kind, tenant, after, effective, before)
    if before is None or before.resolved != pins.resolved:
        references.put(tx, owner_uid, uid, pins.references, fresh=before is None)
    identities.written(ctx, kind, after, effective)
    after = _write(ctx, kind, before, after, was, effective)  # wakes by the references
    if kind.name == "tenant":
        ctx.levels.clear()
    elif kind.name == "policy":
        granting.policies_changed(ctx, address, after)
    masking.store(ctx, masked, owner_uid=owner_uid, uid=uid)
    minted = minting.mint(ctx, kind, after, effective, fresh=before is None)
    changes = (*_metadata_fields(before, document), *(f.as_dict() for f in fields))
    verb, path = "create" if before is None else "update", tenant.path if tenant else None
    auditing.changed(ctx, verb, after, path, changes=changes, minted=minted is not None)
    return Written(after, before, path, fields=changes, charge=charge, minted=minted)


def _metadata_fields(before: Record | None, document: Document) -> list[dict[str, Any]]:
    pairs = (
        ("metadata.labels", before.labels if before else {}, document.labels),
        ("metadata.annotations", before.annotations if before else {}, document.annotations),
    )
    return [
        {"path": path, "before": old, "after": new, "effect": Effect.IN_PLACE.value}
        for path, old, new in pairs
        if old != new
    ]


def _new_uid(ctx: Context, address: Address) -> str:
    if address.kind.name == "tenant" and address.name == "system":
        return ctx.cloud.site.system_uid
    return ctx.tx.new_uid()


def _refuse_immutable(ctx: Context, address: Address, fields: list[FieldChange]) -> None:
    fixed = [f"spec.{f.path}" for f in fields if f.effect is Effect.REPLACE]
    if fixed and not ctx.planning:
        raise PextraError(
            "spec.immutable",
            f"{address}: {', '.join(fixed)} cannot change: delete the object and make it anew.",
            fields=fixed,
        )


def _admit(ctx: Context, kind: Kind, uid: str, spec: Spec, pins: Resolution) -> None:
    wholes = [r for r in pins.references if r.on_delete is OnDelete.CASCADE]
    with bounds.beyond(ctx.tx, {r.target_tenant_uid for r in wholes}):  # a whole that is shared has others' parts, too
        parts = {
            (r.source_tenant_uid, r.source_uid)
            for whole in wholes
            for r in references.to(ctx.tx, whole.target_tenant_uid, whole.target_uid, kind=kind.name)
            if r.source_uid != uid
        }
    with bounds.beyond(ctx.tx, {tenant_uid for tenant_uid, _ in parts}):
        siblings = objects.by_uids(ctx.tx, parts).values()
    kind.admit(spec, ((r.name, kind.effective(r.spec, r.spec_version)) for r in siblings))


def _check_exclusive(ctx: Context, kind: Kind, uid: str, spec: Spec, pins: Resolution) -> None:
    for facts in kind.references:
        if facts.ref is None or not facts.ref.exclusive:
            continue
        for path, text, _ in values_at(spec, facts.path):
            pin = pins.resolved.get(f"{facts.ref.kind}/{text}")
            if pin is None:
                continue
            for user in references.to(ctx.tx, pin["tenant_uid"], pin["uid"], kind=kind.name):
                if user.source_uid != uid:
                    raise PextraError(
                        "object.conflict",
                        f"spec.{path}: {facts.ref.kind} {text!r} is in use by another {kind.name}: "
                        "detach it there first.",
                        field=f"spec.{path}",
                    )


def _charge(
    ctx: Context,
    kind: Kind,
    tenant: Tenant | None,
    spec: Spec,
    resolved: dict[str, Any],
    before: Record | None,
    was: Spec,
) -> dict[str, int]:
    if tenant is None:
        return {}
    new = kind.charged(spec, resolved)
    old = kind.charged(was, before.resolved) if before is not None else {}
    delta = {name: new.get(name, 0) - old.get(name, 0) for name in {*new, *old}}
    delta = {name: amount for name, amount in delta.items() if amount != 0}
    quota.charge(
        ctx.tx,
        tenant.uid,
        tenant.path,
        delta,
        unlisted=lambda name: tenancy.unlisted_ceiling(ctx.cloud, ctx.tx, tenant, name),
    )
    return delta


def _record(
    ctx: Context,
    kind: Kind,
    owner_uid: str,
    uid: str,
    name: str,
    before: Record | None,
    document: Document,
    spec: Spec,
    resolved: dict[str, Any],
) -> Record:
    now = ctx.tx.now_us
    if before is not None:
        return replace(
            before,
            generation=before.generation + 1,
            labels=document.labels,
            annotations=document.annotations,
            spec=spec,
            spec_version=kind.spec_version,
            resolved=resolved,
            updated_us=now,
        )
    return Record(
        tenant_uid=owner_uid,
        uid=uid,
        kind=kind.name,
        name=name,
        generation=1,
        labels=document.labels,
        annotations=document.annotations,
        spec=spec,
        spec_version=kind.spec_version,
        resolved=resolved,
        finalizers=list(kind.finalizers),
        created_us=now,
        updated_us=now,
        deleting_us=None,
        status_revision=0,
        status=status.initial(ctx.cloud, kind.name, 1, now),
    )


def _write(ctx: Context, kind: Kind, before: Record | None, after: Record, was: Spec, effective: Spec) -> Record:
    tx = ctx.tx
    if before is None:
        objects.add(tx, after, index_of(kind, after, effective))
        events.record(tx, "created", after)
    else:
        if not objects.replace(tx, before, after):
            raise PextraError("store.contention", "Another writer came in between: try again.", retry_after_s=1)
        objects.reindex(tx, after, index_of(kind, before, was), index_of(kind, after, effective))
        events.record(tx, "updated", after)
        if not kind.controlled:
            condition = status.initial(ctx.cloud, kind.name, after.generation, tx.now_us)["conditions"]
            after = status.report(ctx.cloud, tx, after, {}, condition)
    if kind.controlled:
        work.ask(tx, after.tenant_uid, after.uid, after.kind)
    if before is not None or not kind.controlled:
        status.wake_referrers(ctx.cloud, tx, after)
    return after


def index_of(kind: Kind, record: Record, effective: Spec) -> dict[str, str]:
    """What lists can be filtered by: labels and the declared fields."""
    index = {f"label:{key}": value for key, value in record.labels.items()}
    for facts in kind.filterable:
        value = effective.get(facts.path)
        if value is not None:
            index[f"spec.{facts.path}"] = str(value).lower() if isinstance(value, bool) else str(value)
    return index
