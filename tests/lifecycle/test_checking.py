"""What is found wrong without a server, and what is left to it."""

from __future__ import annotations

from typing import Any

import pytest

from pextra_client.discovery import Catalog
from pextra_client.lifecycle import UNKNOWN, Desired, check

_KINDS = Catalog.bundled()


def _faults(kind: str, spec: dict[str, Any], name: Any = "it", tenant: Any = None) -> list[str]:
    return [str(each) for each in check(Desired(kind=_KINDS.find(kind), name=name, tenant=tenant, spec=spec))]


@pytest.mark.parametrize("kind", [each for each in _KINDS if each.writable], ids=lambda kind: kind.name)
def test_every_kinds_example_is_without_fault(kind: Any) -> None:
    example = kind.example
    wanted = Desired(kind=kind, name=example["metadata"]["name"], spec=example.get("spec", {}))
    assert check(wanted) == []


@pytest.mark.parametrize(
    ("kind", "spec", "said"),
    [
        ("volume", {}, "spec.size_gib: is required"),
        ("volume", {"size_gib": 0}, "spec.size_gib: must be at least 1; 0 given"),
        ("volume", {"size_gib": "ten"}, "spec.size_gib: must be a whole number; 'ten' given"),
        ("volume", {"size_gib": 1, "size": 2}, "spec.size: there is no such field; there are image, size_gib"),
        (
            "instance",
            {"flavor": "a", "image": "b", "networks": [{"network": "front"}, {}]},
            "spec.networks[1].network: is required",
        ),
        (
            "identity_provider",
            {"oidc": {"issuer": "https://a.example", "audiences": ["a"], "algorithms": ["none"]}},
            "spec.oidc.algorithms[0]: must be one of RS256, PS256, ES256, EdDSA; 'none' given",
        ),
    ],
)
def test_a_fault_names_the_field_the_rule_and_the_value(kind: str, spec: dict[str, Any], said: str) -> None:
    assert said in _faults(kind, spec)


def test_a_secret_at_fault_is_not_told() -> None:
    [said] = _faults("secret", {"data": {"user-data": ["hunter2-hunter2"]}})
    assert said.startswith("spec.data.user-data: must be")
    assert "hunter2" not in said


def test_what_is_not_known_yet_may_be_right() -> None:
    assert _faults("volume", {"size_gib": UNKNOWN, "image": UNKNOWN}, name=UNKNOWN, tenant=UNKNOWN) == []
    assert _faults("instance", {"flavor": "a", "image": "b", "networks": UNKNOWN}) == []
    assert _faults("instance", {"flavor": "a", "image": "b", "volumes": ["data", UNKNOWN]}) == []


def test_what_is_known_beside_it_is_checked_all_the_same() -> None:
    assert _faults("instance", {"flavor": UNKNOWN, "image": "Not A Name"}) != []


@pytest.mark.parametrize("name", ["Web", "1st", "web_1", "-web", "web-", "w" * 64, ""])
def test_a_name_that_is_none_is_a_fault(name: str) -> None:
    [said] = _faults("network", {}, name=name)
    assert said.startswith("metadata.name: must be lower-case letters")


def test_a_tenants_name_may_have_dots_and_a_quota_has_one_name() -> None:
    assert _faults("tenant", {}, name="acme.dev") == []
    assert _faults("network", {}, name="acme.dev") != []
    assert _faults("quota", {}, name="mine") == [
        "metadata.name: must be 'default': a tenant has one quota; 'mine' given"
    ]
