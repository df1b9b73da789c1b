"""Nobody gives more than they have.

Whoever makes or changes what gives rights (a role, a binding of one, a membership, a credential, a policy that permits)
must hold these rights there themselves, by their roles and within the limit of their own credential. Otherwise the
right to write a binding would be the right to everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pextra.declaration.kind import Kind, Spec
from pextra.errors import PextraError, invalid
from pextra.services import authentication, authorization, bounds
from pextra.services.cloud import SYSTEM, Address, Context, Grant, Tenant
from pextra.store import authority, identities, objects
from pextra.store.records import Record
from pextra.tenancy import actions, policies, roles

_ACTORS = frozenset({"user", "service_account"})
_AT_ONCE: Final = 500


def check(ctx: Context, kind: Kind, tenant: Tenant | None, after: Record, spec: Spec, before: Record | None) -> None:
    """Refuse a write by which the principal would give what it does not have.

    Args:
        after: the object as it would be, references resolved.
        spec: effective.

    Raises:
        PextraError: `auth.escalation`; `spec.invalid` for actions or statements that there are not.
    """
    if tenant is None:
        return
    what = str(Address(kind, tenant.path, after.name))
    if kind.name == "role":
        _check_role(ctx, what, after, spec, before, tenant)
    elif kind.name == "role_binding":
        _require(ctx, [_bound(ctx, after, spec, tenant)], what)
    elif kind.name in _ACTORS:
        mine = _held_by(ctx, before.tenant_uid, before.uid) if before is not None else []
        _require(ctx, [*mine, *_of_groups(ctx, after, spec, before), *_of_identity(ctx, after, spec, before)], what)
    elif kind.name == "identity_provider":
        _check_provider(ctx, what, after, before)
    elif kind.name in ("api_token", "application_credential"):
        _check_credential(ctx, what, after, spec)
    elif kind.name == "policy":
        _check_policy(ctx, what, spec, tenant)


def check_removal(ctx: Context, record: Record, tenant: Tenant | None) -> None:
    """Refuse a deletion by which the principal would take from somebody who has more.

    Raises:
        PextraError: `auth.escalation`.
    """
    if tenant is None:
        return
    what = str(Address(ctx.cloud.registry[record.kind], tenant.path, record.name))
    if record.kind == "role_binding":
        _require(ctx, [_bound(ctx, record, record.spec, tenant)], what)
    elif record.kind in _ACTORS:
        _require(ctx, _held_by(ctx, record.tenant_uid, record.uid), what)


def check_password(ctx: Context, user: Record, tenant: Tenant) -> None:
    """Refuse to set the password of somebody who has more: whoever knows it is that user.

    Raises:
        PextraError: `auth.escalation`.
    """
    if user.uid != ctx.principal.uid:
        what = str(Address(ctx.cloud.registry["user"], tenant.path, user.name))
        _require(ctx, _held_by(ctx, user.tenant_uid, user.uid), what)


def policies_changed(ctx: Context, address: Address, after: Record | None) -> None:
    """The tenant's policies are others now: note it, and refuse what would shut out its author.

    Raises:
        PextraError: `spec.invalid` when there are too many statements; `policy.locks_out`.
    """
    assert address.tenant is not None
    tenant = authorization.tenant_at(ctx, address.tenant)
    assert tenant is not None
    authority.policies_changed(ctx.tx, tenant.uid)
    ctx.levels.clear()
    if after is None:
        return
    _check_number(ctx, tenant, address)
    for verb in ("update", "delete"):
        verdict = authorization.decide(ctx, address, verb, after)
        if not verdict.allowed and verdict.policies:
            raise PextraError(
                "policy.locks_out",
                f"With {address}, {ctx.principal.kind} {ctx.principal.address} could no longer do policy.{verb} on it: "
                "leave its author out with `unless`. Whoever administers the tenant from above can always change it.",
                policies=list(verdict.policies),
            )


def _check_number(ctx: Context, tenant: Tenant, address: Address) -> None:
    number = authorization.statements_of(ctx, tenant)
    if number > policies.MOST_STATEMENTS:
        message = f"tenant {tenant.path!r} would have {number} statements; {policies.MOST_STATEMENTS} are possible"
        raise invalid([{"field": "spec.text", "message": message}], str(address))


def _check_role(ctx: Context, what: str, after: Record, spec: Spec, before: Record | None, tenant: Tenant) -> None:
    if after.name in roles.BUILT_IN:
        raise invalid([{"field": "metadata.name", "message": "every cloud has a role of this name"}], what)
    known = ctx.cloud.registry
    faults = [
        {"field": f"spec.actions[{n}]", "value": pattern, "message": "no action matches this; /v1/kinds lists them"}
        for n, pattern in enumerate(spec["actions"])
        if not actions.matching(known, [pattern])
    ]
    if faults:
        raise invalid(faults, what)
    patterns = [*spec["actions"], *(before.spec["actions"] if before is not None else ())]
    _require(ctx, [Grant(tenant.path, actions.matching(known, patterns), f"role {after.name}")], what)


def _bound(ctx: Context, record: Record, spec: Mapping[str, Any], tenant: Tenant) -> Grant:
    role = spec["role"]
    if role in roles.BUILT_IN:
        return Grant(tenant.path, roles.actions_of(ctx.cloud.registry, role), f"role {role}")
    pin = record.resolved.get(f"role/{role}")
    with bounds.authorizing(ctx.tx):
        patterns = authority.role_actions(ctx.tx, pin["tenant_uid"], pin["uid"]) if pin is not None else ()
    return Grant(tenant.path, actions.matching(ctx.cloud.registry, patterns), f"role {role}")


def _held_by(ctx: Context, tenant_uid: str, uid: str) -> list[Grant]:
    """What a user's or service account's roles allow, also by its groups."""
    with bounds.authorizing(ctx.tx):
        groups = authority.groups(ctx.tx, ctx.cloud.site.uid, tenant_uid, uid)
        subjects = [(tenant_uid, uid), *((group.tenant_uid, group.uid) for group in groups)]
        return list(authentication.grants(ctx.cloud, ctx.tx, subjects))


def _of_groups(ctx: Context, after: Record, spec: Spec, before: Record | None) -> list[Grant]:
    """What the groups allow that somebody joins by this write."""
    joined = {text for text in spec["groups"] if before is None or text not in before.spec.get("groups", ())}
    pins = [after.resolved[f"group/{text}"] for text in sorted(joined) if f"group/{text}" in after.resolved]
    subjects = [(pin["tenant_uid"], pin["uid"]) for pin in pins]
    if not subjects:
        return []
    with bounds.authorizing(ctx.tx):
        return list(authentication.grants(ctx.cloud, ctx.tx, subjects))


def _of_identity(ctx: Context, after: Record, spec: Spec, before: Record | None) -> list[Grant]:
    """What somebody gets by being somebody at a provider: whatever that may say of them."""
    identity = spec.get("identity")
    if identity is None or (before is not None and before.spec.get("identity") == identity):
        return []
    pin = after.resolved.get(f"identity_provider/{identity['provider']}")
    provider = None if pin is None else objects.by_uid(ctx.tx, pin["tenant_uid"], pin["uid"])
    return [] if provider is None else _of_mapped(ctx, provider)


def _of_mapped(ctx: Context, provider: Record) -> list[Grant]:
    """What the groups allow that the provider can put somebody into."""
    pins = [pin for key, pin in sorted(provider.resolved.items()) if key.startswith("group/")]
    subjects = [(pin["tenant_uid"], pin["uid"]) for pin in pins]
    return list(authentication.grants(ctx.cloud, ctx.tx, subjects)) if subjects else []


def _check_provider(ctx: Context, what: str, after: Record, before: Record | None) -> None:
    """Whoever says whom the tenant believes could be any of the users who come that way, and in any of the groups."""
    subjects = identities.users_and_groups(ctx.tx, after.tenant_uid, after.uid) if before is not None else []
    vouched = [
        grant
        for start in range(0, len(subjects), _AT_ONCE)
        for grant in authentication.grants(ctx.cloud, ctx.tx, subjects[start : start + _AT_ONCE])
    ]
    gone = _of_mapped(ctx, before) if before is not None else []
    _require(ctx, [*_of_mapped(ctx, after), *gone, *vouched], what)


def _check_credential(ctx: Context, what: str, after: Record, spec: Spec) -> None:
    uid = authorization.holder_of(after)
    if uid is None or uid == ctx.principal.uid:
        return
    kind, name = ("user", spec["user"]) if after.kind == "api_token" else tuple(spec["subject"].values())
    _require(ctx, _held_by(ctx, after.resolved[f"{kind}/{name}"]["tenant_uid"], uid), what)


def _check_policy(ctx: Context, what: str, spec: Spec, tenant: Tenant) -> None:
    try:
        statements = policies.parse(ctx.cloud.registry, spec["text"])
    except policies.PolicyFault as error:
        raise invalid([{"field": "spec.text", "message": str(error)}], what) from None
    if policies.permits_anything(statements):
        everything = roles.actions_of(ctx.cloud.registry, roles.OWNER)
        _require(ctx, [Grant(tenant.path, everything, "a policy that permits")], what)


def _require(ctx: Context, given: Iterable[Grant], what: str) -> None:
    for grant in given:
        missing = grant.actions - _held(ctx, grant.path)
        if missing:
            some = ", ".join(sorted(missing)[:5]) + (" and more" if len(missing) > 5 else "")
            where = "the whole cloud" if grant.path == SYSTEM else f"tenant {grant.path!r}"
            raise PextraError(
                "auth.escalation",
                f"{what}: {grant.origin} allows {some} in {where}, which {ctx.principal.kind.replace('_', ' ')} "
                f"{ctx.principal.address} may not do: ask somebody who may.",
            )


def _held(ctx: Context, path: str) -> frozenset[str]:
    """What the principal may do in the tenant at `path`."""
    principal = ctx.principal
    held = frozenset[str]().union(*(grant.actions for grant in principal.grants if grant.covers(path)))
    if principal.limit is None:
        return held
    return held & principal.limit.actions if principal.limit.covers(path) else frozenset()
