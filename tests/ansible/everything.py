"""Tasks for an object of every kind that users write, in the order in which they depend on one another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from pextra.declaration.kind import Kind, Scope
from pextra.resources import REGISTRY
from pextra_client.generators.ansible_options import RESERVED
from tests.api.strangers import EVERYTHING

CHANGES: Final[dict[str, dict[str, Any]]] = {
    "tenant": {"display_name": "Opération «ß»"},
    "quota": {"limits": {"volumes": 4, "vcpus": "unlimited"}},
    "group": {"description": "who built the shop"},
    "identity_provider": {"provision": False},
    "user": {"display_name": "Bob Ωmega"},
    "service_account": {"groups": []},
    "role": {"actions": ["image.*"]},
    "policy": {"enabled": False},
    "api_token": {"description": "for more tests"},
    "application_credential": {"description": "for more tests"},
    "host": {"cpu_overcommit": 3.0},
    "flavor": {"memory_mib": 2_048},
    "gpu_profile": {"share_milli": 500},
    "address_pool": {"mtu": 1400},
    "bgp_peer": {"maximum_prefixes": 50},
    "image": {"description": "ours alone"},
    "secret": {"data": {"password": "another-horse-battery-staple"}},
    "network": {"description": "the former front"},
    "subnet": {"dns_servers": []},
    "address_group": {"addresses": []},
    "router": {"routes": [{"destination": "10.9.0.0/16", "next_hop": "10.1.0.9"}]},
    "security_group": {"rules": []},
    "volume": {"size_gib": 4},
    "placement_group": {"description": "the former web servers"},
    "instance": {"power": "off", "stop_timeout_s": 60},
    "load_balancer": {"listeners": [{"port": 81, "affinity_s": 60}]},
    "share": {"tenants": "all"},
}
"""What can change in place, by kind and field; of other kinds only labels."""


@dataclass(frozen=True)
class Wanted:
    """An object as a task describes it.

    Attributes:
        kind: of the object, whose name is the module's.
        address: the options that say which object.
        spec: the options that say what it is to be.
        labels: of the object.
    """

    kind: Kind
    address: dict[str, str]
    spec: dict[str, Any]
    labels: dict[str, str]

    @property
    def task(self) -> dict[str, Any]:
        """The options of a task that makes it."""
        return {**self.address, **self.spec, "labels": self.labels, "annotations": {"note": "ganz — whole"}}

    @property
    def change(self) -> dict[str, Any]:
        """The options of a task that changes it."""
        changed = options(CHANGES.get(self.kind.name, {}))
        return {**self.address, **changed, "labels": {**self.labels, "changed": "yes"}}


def options(spec: dict[str, Any]) -> dict[str, Any]:
    """The options by which a module is told fields of a spec."""
    return {f"spec_{name}" if name in RESERVED else name: value for name, value in spec.items()}


def everything() -> list[Wanted]:
    """One object of every kind that users write, most of them in the tenant `acme`."""
    return [_wanted(kind, *EVERYTHING[kind.name]) for kind in _in_order() if kind.name in EVERYTHING]


def _in_order() -> list[Kind]:
    by_name = {kind.name: kind for kind in REGISTRY}
    return [by_name[name] for name in EVERYTHING]


def _wanted(kind: Kind, path: str, spec: dict[str, Any]) -> Wanted:
    parts = path.split("/")
    address = {"name": parts[-1]}
    if kind.scope is Scope.TENANT:
        address["tenant"] = parts[1]
    labels = {"disk": "fast"} if kind.name == "host" else {"made-by": "tests"}
    return Wanted(kind, address, options(spec), labels)
