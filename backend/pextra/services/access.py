"""Questions about rights: what may I do, and what would a policy say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

from pydantic import Field

from pextra.declaration.kind import Scope, SpecModel, validate
from pextra.errors import PextraError, invalid
from pextra.services import authorization, tenancy
from pextra.services.cloud import Address, Context
from pextra.store import objects
from pextra.tenancy import actions, policies, roles
from pextra.tenancy.policies import Actor, Circumstances, PolicySet, Target

MOST_CASES: Final = 500


class Question(SpecModel):
    """What is asked by `can-i`."""

    action: str = Field(max_length=127)
    """The action, such as `instance.create`."""
    tenant: str | None = Field(default=None, max_length=253)
    """Where; without it, in one's own tenant."""
    name: str | None = Field(default=None, max_length=253)
    """The object; without it, some object, of which policies can say nothing."""


class TestedActor(SpecModel):
    """Who asks in a case."""

    kind: Literal["user", "service_account"] = "user"
    """What it is."""
    name: str = Field(max_length=253)
    """`tenant/name`."""
    labels: dict[str, str] = Field(default={}, max_length=64)
    """Its labels."""
    groups: list[str] = Field(default=[], max_length=100)
    """`tenant/name` of each group."""
    spec: dict[str, Any] = {}
    """What else its spec says."""


class TestedObject(SpecModel):
    """What is asked for in a case."""

    tenant: str | None = Field(default=None, max_length=253)
    """Its tenant; none of a cloud-wide object."""
    name: str = Field(default="x", max_length=253)
    """Its name."""
    labels: dict[str, str] = Field(default={}, max_length=64)
    """Its labels."""
    spec: dict[str, Any] = {}
    """Its spec, checked as if it were written."""
    charge: dict[str, int] = Field(default={}, max_length=100)
    """What it costs its tenant, by countable."""


class Case(SpecModel):
    """One case of a policy test."""

    name: str = Field(default="", max_length=200)
    """What it shows."""
    principal: TestedActor
    """Who asks."""
    action: str = Field(max_length=127)
    """For what."""
    resource: TestedObject
    """Of which object."""
    source_ip: str | None = Field(default=None, max_length=45)
    """From where."""
    at: str | None = Field(default=None, max_length=40)
    """When, in RFC 3339; without it, now."""
    expect: Literal["permit", "forbid", "none"]
    """What the policies should say."""


class PolicyTest(SpecModel):
    """Policies, and what they should say."""

    policies: dict[str, str] = Field(max_length=100)
    """Name to text."""
    cases: list[Case] = Field(max_length=MOST_CASES)
    """What is asked of all of them together."""


def can_i(ctx: Context, body: Any) -> dict[str, Any]:
    """Whether the caller may do something, and what decides it.

    Raises:
        PextraError: `spec.invalid`; `object.not_found` for what the caller may not read.
    """
    asked = validate(Question, body, "question", prefix="question")
    action, path = asked["action"], asked.get("tenant") or ctx.principal.tenant_path
    kind = actions.names(ctx.cloud.registry).get(action)
    if action not in actions.names(ctx.cloud.registry):
        message = "there is no such action; /v1/kinds lists them"
        raise invalid([{"field": "question.action", "message": message, "value": action[:80]}], "question")
    if kind is None:
        return _answer(action, path, authorization.ask_action(ctx, action, path))
    name = asked.get("name")
    address = Address(kind, path if kind.scope is Scope.TENANT else None, name or (path if kind.dotted_names else ""))
    record = None
    if name is not None:
        tenant = tenancy.of_address(ctx, address)
        record = objects.by_name(ctx.tx, ctx.cloud.owner_uid(kind, tenant), kind.name, name)
        authorization.require(ctx, address, authorization.READ, record)
        if record is None:
            authorization.absent(address)
    elif kind.scope is Scope.TENANT and not ctx.principal.reaches(path):
        raise PextraError("object.not_found", f"There is no tenant {path!r}.")
    verdict = authorization.decide(ctx, address, action.partition(".")[2], record)
    answer = _answer(action, path, verdict)
    if record is None and authorization.depends_on_object(ctx, address, action.partition(".")[2]):
        answer["depends_on_object"] = True
    return answer


def _answer(action: str, path: str, verdict: authorization.Verdict) -> dict[str, Any]:
    return {
        "action": action,
        "tenant": path,
        "allowed": verdict.allowed,
        "reason": verdict.reason,
        "policies": list(verdict.policies),
    }


def rights(ctx: Context) -> list[dict[str, Any]]:
    """The roles of the caller, for `whoami`."""
    return [{"tenant": grant.path, "origin": grant.origin} for grant in ctx.principal.grants]


def built_in_roles(ctx: Context) -> list[dict[str, Any]]:
    """The roles that every cloud has, with their actions."""
    registry = ctx.cloud.registry
    return [
        {
            "name": role.name,
            "description": role.description,
            "actions": sorted(roles.actions_of(registry, role.name)),
        }
        for role in roles.BUILT_IN.values()
    ]


def try_policies(ctx: Context, body: Any) -> dict[str, Any]:
    """What policies that are nowhere stored would say of some cases.

    Raises:
        PextraError: `spec.invalid`, with the field.
    """
    asked = PolicyTest.model_validate(validate(PolicyTest, body, "policy test", prefix="test"))
    statements: dict[str, policies.Statement] = {}
    for name, text in asked.policies.items():
        try:
            parsed = policies.parse(ctx.cloud.registry, text)
        except policies.PolicyFault as error:
            raise invalid([{"field": f"test.policies.{name[:80]}", "message": str(error)}], "policy test") from None
        statements |= {f"{name}#{n}": s for n, s in enumerate(parsed, 1)}
    compiled = PolicySet(ctx.cloud.registry, statements)
    results = [_case(ctx, compiled, number, case) for number, case in enumerate(asked.cases)]
    return {"passed": all(r["passed"] for r in results), "results": results}


def _case(ctx: Context, compiled: PolicySet, number: int, case: Case) -> dict[str, Any]:
    what, registry = f"test.cases[{number}]", ctx.cloud.registry
    known = actions.names(registry)
    if case.action not in known:
        raise invalid([{"field": f"{what}.action", "message": "there is no such action"}], "policy test")
    if "/" not in case.principal.name:
        raise invalid([{"field": f"{what}.principal.name", "message": "must be tenant/name"}], "policy test")
    actor_kind, kind = registry[case.principal.kind], known[case.action]
    actor = Actor(
        kind=case.principal.kind,
        address=case.principal.name,
        uid="",
        labels=case.principal.labels,
        spec=actor_kind.effective(validate(actor_kind.spec, case.principal.spec, what, f"{what}.principal.spec")),
        groups=tuple(case.principal.groups),
    )
    target = Target(
        kind=kind.name if kind is not None else "tenant",
        tenant=case.resource.tenant if kind is not None and kind.scope is Scope.TENANT else None,
        name=case.resource.name,
        labels=case.resource.labels,
        spec=_spec(kind, case, what),
        charge=case.resource.charge,
    )
    circumstances = Circumstances(_at_us(ctx, case, what), case.source_ip, "api_token")
    outcome = compiled.decide(case.action, actor, target, circumstances)
    said = outcome.effect or "none"
    return {
        "name": case.name or f"case {number + 1}",
        "passed": said == case.expect,
        "expected": case.expect,
        "said": said,
        "policies": list(outcome.policies),
    }


def _spec(kind: Any, case: Case, what: str) -> Mapping[str, Any]:
    if kind is None:
        return {}
    return kind.effective(validate(kind.spec, case.resource.spec, what, f"{what}.resource.spec"))


def _at_us(ctx: Context, case: Case, what: str) -> int:
    if case.at is None:
        return ctx.tx.now_us
    try:
        at = datetime.fromisoformat(case.at)
    except ValueError:
        raise invalid([{"field": f"{what}.at", "message": "must be RFC 3339"}], "policy test") from None
    if at.tzinfo is None:
        raise invalid([{"field": f"{what}.at", "message": "must name its zone"}], "policy test")
    return int(at.timestamp() * 1_000_000)
