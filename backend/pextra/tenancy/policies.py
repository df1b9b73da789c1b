"""Attribute policies in Cedar: checked when they are written, compiled once, asked in microseconds.

Cedar is evaluated by its own engine (cedarpy). What is added here: each statement keeps the name of the policy that it
stands in, statements that cannot match an action are left out before they are asked, and a statement that cannot be
evaluated denies, where Cedar by itself would pass over it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, cast

import cedarpy

from pextra.declaration.registry import Registry
from pextra.tenancy import attributes, cedar_schema
from pextra.tenancy.cedar_schema import entity_type

MOST_STATEMENTS: Final = 1024
"""How many statements one tenant may have."""

_VERBS: Final = ("read", "create", "update", "delete")
Statement = Mapping[str, Any]
"""One Cedar policy in Cedar's JSON form."""


class PolicyFault(ValueError):
    """What is wrong with the text of a policy."""


def parse(registry: Registry, text: str) -> tuple[Statement, ...]:
    """The statements of a policy's text, checked against the schema.

    Raises:
        PolicyFault: it cannot be read, or names what there is not; the message says where.
    """
    try:
        document = json.loads(cedarpy.policies_to_json_str(text))
    except ValueError as error:
        raise PolicyFault(_short(str(error))) from None
    if document["templates"]:
        raise PolicyFault("has a slot such as ?principal: name the principal or resource itself")
    result = cedarpy.validate_policies(text, _schema(registry))  # pyright: ignore[reportUnknownMemberType]
    if not result.validation_passed:
        raise PolicyFault("; ".join(_short(str(e.error)) for e in result.errors[:2]))
    statements = cast("Mapping[str, Statement]", document["staticPolicies"])
    found = tuple(statements[key] for key in sorted(statements, key=lambda k: int(k.removeprefix("policy"))))
    if not found:
        raise PolicyFault("says nothing: write at least one permit or forbid")
    return found


@lru_cache(maxsize=16)
def _schema(registry: Registry) -> str:
    return json.dumps(cedar_schema.of_registry(registry))


def _short(text: str) -> str:
    return " ".join(text.split())[:300]


def permits_anything(statements: Iterable[Statement]) -> bool:
    """Whether one of them gives a right rather than takes it."""
    return any(s["effect"] == "permit" for s in statements)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, as policies see it.

    Attributes:
        kind: `user` or `service_account`.
        address: `tenant/name`.
        groups: `tenant/name` of each.
    """

    kind: str
    address: str
    uid: str
    labels: Mapping[str, str]
    spec: Mapping[str, Any]
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked for, as policies see it.

    Attributes:
        tenant: the path; None of a cloud-wide object.
        spec: effective.
        charge: what it costs its tenant, by countable.
    """

    kind: str
    tenant: str | None
    name: str
    uid: str = ""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    spec: Mapping[str, Any] = field(default_factory=dict[str, Any])
    charge: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True)
class Circumstances:
    """The request, as policies see it.

    Attributes:
        at_us: when, in microseconds since the epoch.
        source_ip: where from; None: unknown.
        credential: `api_token`, `application_credential`, …
    """

    at_us: int
    source_ip: str | None
    credential: str
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What policies say.

    Attributes:
        effect: `permit`, `forbid`, or None when none of them matches.
        policies: those that decided, as `tenant/name#number`.
    """

    effect: str | None
    policies: tuple[str, ...] = ()
    faulty: bool = False


_NOTHING: Final = Outcome(None)


class PolicySet:
    """The statements that bind somebody somewhere.

    Args:
        statements: by `tenant/name#number`.
    """

    def __init__(self, registry: Registry, statements: Mapping[str, Statement]) -> None:
        self._registry = registry
        self._statements = statements
        self._compiled: dict[str, cedarpy.PolicySet | None] = {}
        self._permits: dict[str, bool] = {}

    def __len__(self) -> int:
        return len(self._statements)

    def concern(self, action: str) -> bool:
        """Whether any statement could match the action."""
        return self._of(action) is not None

    def may_permit(self, action: str) -> bool:
        """Whether any statement could permit the action."""
        self._of(action)
        return self._permits[action]

    def decide(self, action: str, actor: Actor, target: Target, circumstances: Circumstances) -> Outcome:
        """What the policies say of one request."""
        compiled = self._of(action)
        if compiled is None:
            return _NOTHING
        who, what = _name_of(actor), _name_of(target)
        result = cedarpy.is_authorized(  # pyright: ignore[reportUnknownMemberType]
            {
                "principal": who,
                "action": {"type": "Action", "id": action},
                "resource": what,
                "context": _context(circumstances),
            },
            compiled,
            json.dumps(self.entities(action, actor, target)),
        )
        reasons = tuple(sorted(result.diagnostics.reasons))
        if result.diagnostics.errors:
            return Outcome("forbid", tuple(_named_in(str(result.diagnostics.errors), self._statements)), faulty=True)
        if result.allowed:
            return Outcome("permit", reasons)
        return Outcome("forbid", reasons) if reasons else _NOTHING

    def _of(self, action: str) -> cedarpy.PolicySet | None:
        if action not in self._compiled:
            fitting = {k: s for k, s in self._statements.items() if _concerns(s, action)}
            self._permits[action] = permits_anything(fitting.values())
            document: dict[str, Any] = {"templates": {}, "staticPolicies": fitting, "templateLinks": []}
            self._compiled[action] = cedarpy.PolicySet.from_json_str(json.dumps(document)) if fitting else None
        return self._compiled[action]

    def entities(self, action: str, actor: Actor, target: Target) -> list[dict[str, Any]]:
        """Action, principal and resource of a request, in Cedar's JSON form."""
        who, what = _name_of(actor), _name_of(target)
        home, name = actor.address.split("/", 1)
        groups = [{"type": cedar_schema.GROUP, "id": g} for g in actor.groups]
        principal = {
            "uid": who,
            "attrs": {
                "name": name,
                "tenant": home,
                "uid": actor.uid,
                "spec": self._spec(actor.kind, actor.spec),
                "charge": {},
            },
            "tags": dict(actor.labels),
            "parents": [*groups, *_tenants(home)],
        }
        if what == who:  # somebody asks about themselves
            return [_action(action), principal]
        facts: dict[str, Any] = {
            "name": target.name,
            "uid": target.uid,
            "spec": self._spec(target.kind, target.spec),
            "charge": dict(target.charge),
        }
        if target.tenant is not None:
            facts["tenant"] = target.tenant
        above = target.tenant if target.tenant is not None else target.name.rpartition(".")[0]
        resource = {
            "uid": what,
            "attrs": facts,
            "tags": dict(target.labels),
            "parents": _tenants(above) if target.tenant is not None or target.kind == "tenant" else [],
        }
        return [_action(action), principal, resource]

    def _spec(self, kind: str, spec: Mapping[str, Any]) -> dict[str, Any]:
        return attributes.of_model(self._registry[kind].spec).of(spec) if kind in self._registry else {}


def _action(name: str) -> dict[str, Any]:
    """The action with its groups, which the engine knows from nowhere else."""
    return {
        "uid": {"type": "Action", "id": name},
        "attrs": {},
        "parents": [{"type": "Action", "id": group} for group in sorted(_groups_of(name) - {name})],
    }


def _name_of(entity: Actor | Target) -> dict[str, str]:
    if isinstance(entity, Actor):
        return {"type": entity_type(entity.kind), "id": entity.address}
    address = f"{entity.tenant}/{entity.name}" if entity.tenant is not None else entity.name
    return {"type": entity_type(entity.kind), "id": address}


def _tenants(path: str) -> list[dict[str, str]]:
    """The tenant at the path and those above it."""
    parts = path.split(".") if path else []
    return [{"type": cedar_schema.TENANT, "id": ".".join(parts[: n + 1])} for n in range(len(parts))]


def _context(circumstances: Circumstances) -> dict[str, Any]:
    seconds, rest = divmod(circumstances.at_us, 1_000_000)
    context: dict[str, Any] = {
        "time": {"__extn": {"fn": "datetime", "arg": _iso(seconds, rest // 1000)}},
        "credential": circumstances.credential,
        "dry_run": circumstances.dry_run,
    }
    if circumstances.source_ip is not None:
        context["source_ip"] = {"__extn": {"fn": "ip", "arg": circumstances.source_ip}}
    return context


def _iso(seconds: int, milliseconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{milliseconds:03}Z"


def _concerns(statement: Statement, action: str) -> bool:
    """Whether the statement's head lets it match the action: the sound part of Cedar's own slicing."""
    head = statement["action"]
    if head["op"] == "All":
        named = True
    else:
        entities = head["entities"] if "entities" in head else [head["entity"]]
        named = bool({e["id"] for e in entities} & _groups_of(action))
    resource = statement["resource"]
    wanted = resource.get("entity_type") or (resource["entity"]["type"] if resource["op"] == "==" else None)
    return named and wanted in (None, entity_type(action.partition(".")[0]), cedar_schema.TENANT)


@lru_cache(maxsize=4096)
def _groups_of(action: str) -> frozenset[str]:
    kind, _, verb = action.partition(".")
    return frozenset({action, kind, verb if verb in _VERBS else "act"})


def _named_in(text: str, names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if name in text)
