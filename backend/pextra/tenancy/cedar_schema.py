"""The schema that policies are checked against, generated from the declarations."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from pextra.declaration.kind import Kind, Scope
from pextra.declaration.registry import Registry
from pextra.tenancy import actions, attributes

PRINCIPALS: Final = ("User", "ServiceAccount")
TENANT: Final = "Tenant"
GROUP: Final = "Group"

_CONTEXT: Final[dict[str, Any]] = {
    "type": "Record",
    "attributes": {
        "time": {"type": "Extension", "name": "datetime", "required": True},
        "source_ip": {"type": "Extension", "name": "ipaddr", "required": False},
        "credential": {"type": "String", "required": True},
        "dry_run": {"type": "Boolean", "required": True},
    },
}


def entity_type(kind: str) -> str:
    """The Cedar name of a kind: `security_group` is `SecurityGroup`."""
    return "".join(part.capitalize() for part in kind.split("_"))


@lru_cache(maxsize=16)
def of_registry(registry: Registry) -> dict[str, Any]:
    """The schema in Cedar's JSON form: an entity type a kind, an action a verb, and groups of actions.

    Groups: one a kind (`Action::"volume"`), and one a verb (`Action::"read"`, `"create"`, `"update"`, `"delete"`, and
    `"act"` for everything else).
    """
    charged = {name: {"type": "Long", "required": False} for name in sorted(registry.countables)}
    entities = {entity_type(kind.name): _entity(kind, charged) for kind in registry}
    groups: dict[str, dict[str, Any]] = {
        name: {} for name in ("read", "create", "update", "delete", "act", *(kind.name for kind in registry))
    }
    declared: dict[str, Any] = dict(groups)
    for name, kind in actions.names(registry).items():
        verb = name.partition(".")[2]
        declared[name] = {
            "memberOf": [{"id": verb if verb in groups else "act"}, *([{"id": kind.name}] if kind else [])],
            "appliesTo": {
                "principalTypes": list(PRINCIPALS),
                "resourceTypes": [entity_type(kind.name) if kind else TENANT],
                "context": _CONTEXT,
            },
        }
    return {"": {"entityTypes": entities, "actions": declared}}


def _entity(kind: Kind, charged: dict[str, Any]) -> dict[str, Any]:
    parents = {TENANT} if kind.scope is Scope.TENANT or kind.dotted_names else set[str]()
    if entity_type(kind.name) in PRINCIPALS:
        parents.add(GROUP)
    return {
        "memberOfTypes": sorted(parents),
        "shape": {
            "type": "Record",
            "attributes": {
                "name": {"type": "String", "required": True},
                "tenant": {"type": "String", "required": kind.scope is Scope.TENANT},
                "uid": {"type": "String", "required": True},
                "spec": {**attributes.of_model(kind.spec).schema(), "required": True},
                "charge": {"type": "Record", "attributes": charged, "required": True},
            },
        },
        "tags": {"type": "String"},
    }
