"""The roles that every cloud has. A role is a set of actions; it is granted by a `role_binding`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pextra.declaration.kind import Area
from pextra.declaration.registry import Registry
from pextra.tenancy import actions

_WRITING: Final = frozenset({"create", "update", "delete"})
_RULES: Final = ("policy", "identity_provider")
"""The kinds that decide who may do what for everybody; only an owner writes them."""


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A role of the product's own."""

    name: str
    description: str
    actions: Callable[[Registry], frozenset[str]]


def _everything(registry: Registry) -> frozenset[str]:
    return frozenset(actions.names(registry))


def _reads(registry: Registry) -> frozenset[str]:
    return frozenset(name for name in actions.names(registry) if name.endswith(".read")) - {actions.AUDIT_READ}


def _admin(registry: Registry) -> frozenset[str]:
    rules = {f"{kind}.{verb}" for kind in _RULES for verb in _WRITING}
    return _everything(registry) - rules


def _operator(registry: Registry) -> frozenset[str]:
    acts = {name for name in actions.names(registry) if name.partition(".")[2] not in _WRITING}
    acts -= actions.verbs_in(registry, [Area.IDENTITY]) - _reads(registry)  # who sets a password acts as its user
    return frozenset(acts | {"instance.update", "host.update"}) & _everything(registry) - {actions.AUDIT_READ}


def _member(registry: Registry) -> frozenset[str]:
    return _reads(registry) | actions.verbs_in(registry, [Area.WORKLOAD])


def _auditor(registry: Registry) -> frozenset[str]:
    return _reads(registry) | {actions.AUDIT_READ}


def _billing(registry: Registry) -> frozenset[str]:
    return frozenset({"tenant.read", "quota.read", actions.GPU_USAGE_READ}) & _everything(registry)


_ROLES: Final = (
    BuiltIn("owner", "Everything, also the policies and identity providers that bind everybody else.", _everything),
    BuiltIn("admin", "Everything but policies and identity providers: users, roles, tenants below and all.", _admin),
    BuiltIn(
        "operator",
        "Looks after what runs: reads everything, carries out every act (reboot, console, …), changes instances and "
        "hosts; makes and removes nothing.",
        _operator,
    ),
    BuiltIn("member", "Makes, changes and removes what the tenant runs; reads everything.", _member),
    BuiltIn("reader", "Reads everything but the audit log.", _reads),
    BuiltIn("auditor", "Reads everything, the audit log too.", _auditor),
    BuiltIn("billing", "Reads tenants, their quota, and how long they had GPUs.", _billing),
)
BUILT_IN: Final[Mapping[str, BuiltIn]] = {role.name: role for role in _ROLES}
OWNER: Final = "owner"


@lru_cache(maxsize=256)
def actions_of(registry: Registry, role: str) -> frozenset[str]:
    """What a built-in role allows.

    Raises:
        KeyError: there is no such role.
    """
    return BUILT_IN[role].actions(registry)
