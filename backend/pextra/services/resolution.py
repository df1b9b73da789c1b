"""Turning the references of a spec into pins: uids, and the values that are copied from the target.

`resolved` maps `kind/text` to `{"uid", "tenant_uid", …copied fields}`. A pin is made when the text appears and kept
as long as it stays, whatever becomes of the name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pextra.declaration.fields import FieldFacts, values_at
from pextra.declaration.kind import Kind, Scope, Spec
from pextra.declaration.markers import OnDelete, Ref
from pextra.errors import PextraError
from pextra.services import bounds, chains, tenancy
from pextra.services.authorization import may_read
from pextra.services.cloud import Address, Context, Tenant, is_within
from pextra.store import objects
from pextra.store.database import Tx
from pextra.store.records import Record
from pextra.store.references import Reference


@dataclass(frozen=True, slots=True)
class Resolution:
    """What the references of one spec came to."""

    resolved: dict[str, Any]
    references: list[Reference]


def resolve(
    ctx: Context,
    kind: Kind,
    spec: Spec,
    *,
    owner_uid: str,
    uid: str,
    name: str,
    tenant: Tenant | None,
    before: dict[str, Any],
) -> Resolution:
    """Resolve every reference of an effective spec; `before` holds the pins that stand.

    Args:
        owner_uid, uid, name: the object's, which may not be stored yet.

    Raises:
        PextraError: `reference.not_found`, with the field; the same for what the caller may not read;
            `reference.circular`.
    """
    resolved: dict[str, Any] = {}
    own_names = {name, f"{tenant.path}/{name}" if tenant is not None else name}
    references: list[Reference] = []
    for facts in kind.references:
        assert facts.ref is not None
        for path, text, holder in values_at(spec, facts.path):
            if text in facts.ref.reserved:
                continue
            target_kind = ctx.cloud.registry[facts.ref.kind or str(holder["kind"])]
            key = f"{target_kind.name}/{text}"
            pin = before.get(key) or resolved.get(key)
            if pin is None and facts.ref.kind == kind.name and text in own_names:
                pin = {"uid": uid, "tenant_uid": owner_uid}
            pin = pin or _pin(ctx, facts, target_kind, path, text, tenant)
            if pin is None:
                ctx.unknown.append(f"spec.{path}")
                continue
            if facts.ref.kind == kind.name:
                _refuse_circle(ctx, kind, uid, pin, f"spec.{path}", text)
            resolved[key] = pin
            references.append(
                Reference(
                    owner_uid,
                    uid,
                    kind.name,
                    pin["tenant_uid"],
                    pin["uid"],
                    target_kind.name,
                    facts.ref.on_delete,
                )
            )
    return Resolution(resolved, _strictest(references))


def _refuse_circle(ctx: Context, kind: Kind, uid: str, pin: dict[str, Any], field: str, text: str) -> None:
    """Nothing of a circle could ever be deleted."""
    if pin["uid"] != uid and uid in chains.below(ctx, kind, pin["tenant_uid"], pin["uid"]):
        raise PextraError(
            "reference.circular",
            f"{field}: {kind.name} {text!r} refers to this {kind.name}, by itself or by others: take that out, or put "
            "what both need into one that refers to neither.",
            field=field,
        )


def _strictest(references: list[Reference]) -> list[Reference]:
    """One reference a target: where several fields name it, the rule that protects it most."""
    order = list(OnDelete)
    best: dict[str, Reference] = {}
    for reference in references:
        held = best.get(reference.target_uid)
        if held is None or order.index(reference.on_delete) < order.index(held.on_delete):
            best[reference.target_uid] = reference
    return list(best.values())


def _pin(
    ctx: Context, facts: FieldFacts, target_kind: Kind, path: str, text: str, tenant: Tenant | None
) -> dict[str, Any] | None:
    assert facts.ref is not None
    target = _find(ctx, facts, target_kind, path, text, tenant)
    if target is None or target.deleting:
        if ctx.planning:
            return None
        state = "does not exist" if target is None else "is being deleted"
        raise PextraError(
            "reference.not_found",
            f"spec.{path}: {target_kind.name} {text!r} {state}: make it first, or name another.",
            field=f"spec.{path}",
            kind=target_kind.name,
            value=text,
        )
    spec = target_kind.effective(target.spec, target.spec_version)
    copied = {name: spec[name] for name in facts.ref.copy if name in spec}
    return {"uid": target.uid, "tenant_uid": target.tenant_uid, **copied}


def _find(ctx: Context, facts: FieldFacts, kind: Kind, field: str, text: str, tenant: Tenant | None) -> Record | None:
    """What `text` names, if the caller may refer to it.

    Raises:
        PextraError: `reference.not_found` for what is shared with the caller, and would be added to by the reference.
    """
    path, _, name = text.rpartition("/")
    if kind.scope is Scope.CLOUD:
        if path:
            return None
        return _readable(ctx, Address(kind, None, name), objects.by_name(ctx.tx, ctx.cloud.site.uid, kind.name, name))
    assert tenant is not None
    if not path or path == tenant.path:
        return _readable(ctx, Address(kind, tenant.path, name), objects.by_name(ctx.tx, tenant.uid, kind.name, name))
    owner = tenancy.find(ctx.cloud, ctx.tx, path)
    # the same queries whether the tenant, the object or only the right to it is missing
    owner_uid = bounds.owner_uid(ctx, owner, path, kind)
    target = objects.by_name(ctx.tx, owner_uid, kind.name, name)
    shared = shared_with(ctx.tx, owner_uid, kind.name, name, tenant.path)
    if owner is None:
        return None
    if facts.ref is not None and facts.ref.inherited and is_within(tenant.path, path):
        return _readable(ctx, Address(kind, path, name), target)
    if target is not None and shared and facts.ref is not None and _adds_to(facts.ref):
        # it would change what is shared only to be referred to, or go away by its owner's deleting, unasked
        raise PextraError(
            "reference.not_found",
            f"spec.{field}: {kind.name} {text!r} is shared to be used, not to be added to: what is part of it is made "
            "in its own tenant; name one of your own.",
            field=f"spec.{field}",
            kind=kind.name,
            value=text,
        )
    return target if shared else None


def _adds_to(ref: Ref) -> bool:
    """Whether an object that refers so becomes part of its target."""
    return ref.own or ref.on_delete is OnDelete.CASCADE


def _readable(ctx: Context, address: Address, record: Record | None) -> Record | None:
    """The object, when the caller may read it: nobody uses through a reference what they may not see."""
    return record if record is not None and may_read(ctx, address, record) else None


def shared_with(tx: Tx, owner_uid: str, kind: str, name: str, with_tenant: str) -> bool:
    """Whether the owner shares what has this kind and name with the tenant or one above it."""
    for share in objects.of_kind(tx, owner_uid, "share"):
        if share.deleting or share.spec["kind"] != kind or share.spec["name"] != name:
            continue
        tenants = share.spec["tenants"]
        if tenants == "all" or any(with_tenant == t or with_tenant.startswith(f"{t}.") for t in tenants):
            return True
    return False
