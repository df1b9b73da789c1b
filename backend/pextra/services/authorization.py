"""The one place where it is decided who may do what.

An action on an object is allowed when a role allows it in the object's tenant or above, or a policy permits it; and no
policy forbids it, the credential's limit leaves it, and no tenant on the way is suspended. Policies are a tenant's own:
they bind whoever acts there or below, but not those who act from a tenant above.

A tenant and its quota are changed from above: what that takes is asked for in the parent tenant. Cloud-wide kinds are
decided in the cloud's own tenant; flavors and GPU profiles are read by all. Everybody may read their own tenant and
themselves, and look after their own credentials. An object that may not be read does not exist for the caller.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from pextra.declaration.kind import Area, Kind, Scope
from pextra.errors import PextraError
from pextra.services import bounds
from pextra.services.cloud import SYSTEM, Address, Context, Principal, Tenant, lineage
from pextra.store import authority, objects
from pextra.store.authority import Level
from pextra.store.records import Record
from pextra.tenancy import policies
from pextra.tenancy.policies import Actor, Circumstances, PolicySet, Target

READ: Final = "read"
SET_PASSWORD: Final = "set_password"  # noqa: S105 - the name of an act
_READ_BY_ALL: Final = frozenset({"flavor", "gpu_profile", "address_pool"})
_WRITTEN_FROM_ABOVE: Final = frozenset({"tenant", "quota"})
_ONES_OWN: Final = frozenset({"api_token", "application_credential", "session"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether something is allowed, and by what.

    Attributes:
        reason: for people; names the role binding or the policies that decided.
        policies: those that decided, as `tenant/name#number`.
        open: nothing decided, and a policy or a right to one's own may when the object is known.
    """

    allowed: bool
    reason: str
    policies: tuple[str, ...] = ()
    open: bool = False


def absent(address: Address) -> NoReturn:
    """The answer for what is not there and for what may not be seen.

    Raises:
        PextraError: `object.not_found`.
    """
    raise PextraError("object.not_found", f"There is no {address}.")


# --- asking ---


def require(ctx: Context, address: Address, verb: str, record: Record | None = None) -> Verdict:
    """Refuse unless the principal may do `verb` to what is at `address`.

    Args:
        verb: `read`, `create`, `update`, `delete` or the name of an action.
        record: the object as it is or would be; without it, what depends on it is left open.

    Raises:
        PextraError: `object.not_found` when it may not even read it; `tenant.suspended`; `auth.denied` with the
        action's name.
    """
    kind = address.kind
    readable = decide(ctx, address, READ, record)
    if not (readable.allowed or readable.open):
        if ctx.principal.reaches(_governing(kind, READ, address)):
            _refuse_suspended(ctx, address)
        absent(address)
    if verb == READ:
        return readable
    if verb in ("create", "update", "delete") and verb not in kind.verbs:
        raise denied(f"{kind.name}.{verb}", f"{kind.plural} are made by the product only")
    verdict = decide(ctx, address, verb, record)
    if verdict.allowed or (record is None and verdict.open):
        return verdict
    _refuse_suspended(ctx, address)
    raise denied(f"{kind.name}.{verb}", verdict.reason, policies=verdict.policies)


def admit(ctx: Context, address: Address, verb: str, wanted: Record) -> Verdict:
    """Refuse unless the principal, of whom `require` asked as much as can be asked before, may write `wanted`.

    Raises:
        PextraError: `auth.denied`, also when it could not read what it writes: it knows it already.
    """
    verdict = decide(ctx, address, verb, wanted)
    if not verdict.allowed:
        raise denied(f"{address.kind.name}.{verb}", verdict.reason, policies=verdict.policies)
    return verdict


def may_read(ctx: Context, address: Address, record: Record | None = None) -> bool:
    """Whether the principal may read the object that is, or would be, at this address."""
    verdict = decide(ctx, address, READ, record)
    return verdict.allowed or (record is None and verdict.open)


def may_list(ctx: Context, kind: Kind, tenant: str | None) -> bool:
    """Whether a list of the kind there shows anything to the principal, or is empty for lack of objects only.

    Everybody may list tenants: they see those that they reach.
    """
    return kind.name == "tenant" or may_read(ctx, Address(kind, tenant, ""))


def require_list(ctx: Context, kind: Kind, tenant: str | None) -> None:
    """Refuse unless the principal may list the kind there.

    Raises:
        PextraError: `object.not_found` for a tenant that it does not reach, `auth.denied` else.
    """
    if may_list(ctx, kind, tenant):
        return
    path = tenant if tenant is not None else SYSTEM
    if not ctx.principal.reaches(path):
        where = f" of tenant {tenant!r}" if tenant is not None else ""
        raise PextraError("object.not_found", f"There are no {kind.plural}{where}.")
    address = Address(kind, tenant, "")
    _refuse_suspended(ctx, address)
    raise denied(f"{kind.name}.read", decide(ctx, address, READ).reason)


def readable(ctx: Context, kind: Kind, tenant: str | None, records: Iterable[Record]) -> list[Record]:
    """Those of the records that the principal may read."""
    return [record for record in records if may_read(ctx, Address(kind, tenant, record.name), record)]


def require_action(ctx: Context, action: str, path: str) -> Verdict:
    """Refuse unless the principal may do in the tenant at `path` what is no act on an object, such as `audit.read`.

    Raises:
        PextraError: `object.not_found` when it does not reach the tenant; `tenant.suspended`, `auth.denied`.
    """
    verdict = ask_action(ctx, action, path)
    if not verdict.allowed:
        _refuse_suspended(ctx, Address(ctx.cloud.registry["tenant"], None, path))
        raise denied(action, verdict.reason, policies=verdict.policies)
    return verdict


def ask_action(ctx: Context, action: str, path: str) -> Verdict:
    """Whether the principal may do that in the tenant at `path`, without refusing.

    Raises:
        PextraError: `object.not_found` when it does not reach the tenant.
    """
    address = Address(ctx.cloud.registry["tenant"], None, path)
    tenant = tenant_at(ctx, path)
    if tenant is None or not ctx.principal.reaches(path):
        absent(address)
    return _decide(ctx, action, path, Target("tenant", None, path, tenant.uid))


def decide(ctx: Context, address: Address, verb: str, record: Record | None = None) -> Verdict:
    """Whether the principal may do `verb` to the object, and by what."""
    kind = address.kind
    if verb == READ and kind.name in _READ_BY_ALL:
        return Verdict(True, f"{kind.plural} are read by all")
    action, path = f"{kind.name}.{verb}", _governing(kind, verb, address)
    target = None if record is None else target_of(kind, address.tenant, record)
    verdict = _decide(ctx, action, path, target)
    if verdict.allowed or verdict.policies:
        return verdict
    own = _ones_own(ctx.principal, address, verb, record)
    return own if own is not None and not _is_suspended(ctx, path) else verdict


def depends_on_object(ctx: Context, address: Address, verb: str) -> bool:
    """Whether a policy, or whose the object is, may have a say in it."""
    kind = address.kind
    bound = policies_at(ctx, _governing(kind, verb, address))
    return kind.name in _ONES_OWN or (bound is not None and bound.concern(f"{kind.name}.{verb}"))


def _decide(ctx: Context, action: str, path: str, target: Target | None) -> Verdict:
    principal = ctx.principal
    if _is_suspended(ctx, path):
        return Verdict(False, "the tenant is suspended")
    if principal.limit is not None:
        if not (principal.limit.covers(path) and action in principal.limit.actions):
            return Verdict(False, f"{principal.limit.origin} does not leave it")
        if _makes_rights(ctx, action):
            return Verdict(False, "an application credential changes no credential, user, role or policy")
    bound = policies_at(ctx, path)
    outcome = policies.Outcome(None)
    if bound is not None and bound.concern(action):
        if target is not None:
            outcome = bound.decide(action, actor_of(principal), target, _circumstances(ctx))
        if outcome.effect == "forbid":
            how = "cannot be evaluated, so it forbids" if outcome.faulty else "forbids it"
            return Verdict(False, f"policy {', '.join(outcome.policies)} {how}", outcome.policies)
    for grant in principal.grants:
        if action in grant.actions and grant.covers(path):
            return Verdict(True, grant.origin)
    if outcome.effect == "permit":
        return Verdict(True, f"policy {', '.join(outcome.policies)} permits it", outcome.policies)
    undecided = target is None and bound is not None and bound.may_permit(action)
    return Verdict(False, _no_role(principal, path), open=undecided)


def _makes_rights(ctx: Context, action: str) -> bool:
    name, _, verb = action.partition(".")
    if verb == READ or name not in ctx.cloud.registry:
        return False
    kind = ctx.cloud.registry[name]
    return kind.area is Area.IDENTITY or kind.mints


def _no_role(principal: Principal, path: str) -> str:
    held = [grant.origin for grant in principal.grants if grant.covers(path)]
    what = f"{principal.kind.replace('_', ' ')} {principal.address}"
    if not held:
        return f"{what} has no role in tenant {path!r}"
    return f"no role of {what} allows it; it has {'; '.join(held[:5])}"


def _ones_own(principal: Principal, address: Address, verb: str, record: Record | None) -> Verdict | None:
    """What everybody may do with what is their own; None: nothing."""
    kind = address.kind.name
    if verb == READ and kind == "tenant" and address.name == principal.tenant_path:
        return Verdict(True, "it is one's own tenant")
    if address.tenant != principal.tenant_path:
        return None
    if verb == READ and kind == principal.kind and (record is None or record.uid == principal.uid):
        return Verdict(record is not None, "it is oneself", open=True)
    if principal.limit is not None:
        return None
    if verb == SET_PASSWORD and kind == principal.kind and (record is None or record.uid == principal.uid):
        return Verdict(record is not None, "it is one's own password", open=True)
    if kind not in _ONES_OWN:
        return None
    if record is None:
        return Verdict(False, "it may be one's own", open=True)
    return Verdict(True, "it is one's own credential") if holder_of(record) == principal.uid else None


def holder_of(record: Record) -> str | None:
    """The uid of the user or service account whom a credential is for."""
    if record.kind in ("api_token", "session"):
        pin = record.resolved.get(f"user/{record.spec['user']}")
    else:
        subject = record.spec["subject"]
        pin = record.resolved.get(f"{subject['kind']}/{subject['name']}")
    return None if pin is None else pin["uid"]


def denied(action: str, why: str, *, policies: tuple[str, ...] = ()) -> PextraError:
    """The refusal of something that the caller may see."""
    facts: dict[str, Any] = {"action": action, "reason": why}
    if policies:
        facts["policies"] = list(policies)
    return PextraError("auth.denied", f"Not allowed: {action}: {why}.", **facts)


# --- where, and who ---


def _governing(kind: Kind, verb: str, address: Address) -> str:
    """The path of the tenant in which it is decided."""
    from_above = kind.name in _WRITTEN_FROM_ABOVE and verb != READ
    path = address.tenant
    if kind.name == "tenant":
        path = address.name
    elif kind.scope is Scope.CLOUD:
        return SYSTEM
    assert path is not None
    return (path.rpartition(".")[0] or SYSTEM) if from_above else path


def levels(ctx: Context, path: str) -> tuple[Level, ...]:
    """The tenants from the cloud's own down to the one at `path`, those that there are.

    The principal's own are looked up along, so that there is one query for what is asked of one tenant.
    """
    wanted = lineage(path)
    missing = [p for p in dict.fromkeys((*wanted, *lineage(ctx.principal.tenant_path))) if p not in ctx.levels]
    if missing:
        ctx.levels.update(dict.fromkeys(missing))
        ctx.levels.update((each.path, each) for each in authority.levels(ctx.tx, ctx.cloud.site.uid, missing))
    return tuple(level for p in wanted if (level := ctx.levels[p]) is not None)


def tenant_at(ctx: Context, path: str) -> Tenant | None:
    """The tenant at the path, or None."""
    found = levels(ctx, path)
    if not found or found[-1].path != path:
        return None
    return Tenant(found[-1].uid, path, found[-1].deleting)


def _is_suspended(ctx: Context, path: str) -> bool:
    """Whether the principal is shut out there: its own tenant is suspended, or the other's, and it is not above."""
    return _suspended_at(ctx, path) is not None


def _suspended_at(ctx: Context, path: str) -> Level | None:
    """The suspended tenant by which the principal is shut out of the one at `path`."""
    there, home = levels(ctx, path), levels(ctx, ctx.principal.tenant_path)  # in this order: then it is one query
    places = (*there, *home) if ctx.principal.reaches(path) else home  # nobody learns what became of others' tenants
    return next((level for level in places if level.suspended and not ctx.principal.is_above(level.path)), None)


def _refuse_suspended(ctx: Context, address: Address) -> None:
    path = _governing(address.kind, READ, address)
    level = _suspended_at(ctx, path)
    if level is not None:
        raise PextraError(
            "tenant.suspended",
            f"Tenant {level.path!r} is suspended: whoever administers it from above can resume it.",
            tenant=level.path,
        )


def policies_at(ctx: Context, path: str) -> PolicySet | None:
    """The policies that bind the principal in the tenant at `path`; None: there are none."""
    principal = ctx.principal
    if principal.break_glass or not principal.reaches(path):
        return None
    binding = [level for level in levels(ctx, path) if level.policies and not principal.is_above(level.path)]
    if not binding:
        return None
    key = tuple((level.uid, level.policies or "") for level in binding)
    return ctx.cloud.policies.get(key, lambda: _compile(ctx, binding))


def statements_of(ctx: Context, tenant: Tenant) -> int:
    """How many statements the tenant's own policies have."""
    level = ctx.levels.get(tenant.path) or levels(ctx, tenant.path)[-1]
    return len(_compile(ctx, [level]))


def _compile(ctx: Context, binding: list[Level]) -> PolicySet:
    statements: dict[str, policies.Statement] = {}
    with bounds.authorizing(ctx.tx):  # also those of tenants above, which the principal may not read
        found = [(level, record) for level in binding for record in objects.of_kind(ctx.tx, level.uid, "policy")]
    for level, record in found:
        if record.deleting or not record.spec.get("enabled", True):
            continue
        parsed = policies.parse(ctx.cloud.registry, record.spec["text"])
        statements |= {f"{level.path}/{record.name}#{n}": s for n, s in enumerate(parsed, 1)}
    return PolicySet(ctx.cloud.registry, statements)


def actor_of(principal: Principal) -> Actor:
    """The principal, as policies see it."""
    return Actor(
        kind=principal.kind,
        address=principal.address,
        uid=principal.uid,
        labels=principal.labels,
        spec=principal.spec,
        groups=principal.groups,
    )


def target_of(kind: Kind, tenant: str | None, record: Record) -> Target:
    """An object, as policies see it."""
    effective = kind.effective(record.spec, record.spec_version)
    return Target(
        kind=kind.name,
        tenant=tenant,
        name=record.name,
        uid=record.uid,
        labels=record.labels,
        spec=effective,
        # Members of families have no fixed names, which the schema of policies would need.
        charge={name: n for name, n in kind.charged(effective, record.resolved).items() if "/" not in name},
    )


def _circumstances(ctx: Context) -> Circumstances:
    return Circumstances(
        at_us=ctx.tx.now_us,
        source_ip=ctx.origin.address or None,
        credential=ctx.principal.credential,
        dry_run=ctx.planning,
    )
