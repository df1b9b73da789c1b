"""Objects of the API as a configuration writes them."""

from __future__ import annotations

from typing import Any

from pextra_client.discovery import Catalog
from terraform_provider_pextra.kinds import spec_attributes
from terraform_provider_pextra.translation import to_attributes
from tests.lifecycle.examples import everything

_KINDS = Catalog.bundled()
_REFERRED_TO_WITHOUT_SAYING = {
    "role_binding": {"group", "user"},
    "application_credential": {"service_account"},
    "share": {"image"},
}


def configured(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    """An object as the attributes of its resource; what is left to its default is left out."""
    attributes = spec_attributes(_KINDS.find(kind))
    told = to_attributes(attributes, spec)
    for each in attributes:
        if each.secret and each.field in spec:
            told[each.name] = spec[each.field]
    given = {each.name: told[each.name] for each in attributes if each.field in spec and told[each.name] is not None}
    return {"name": name, **given}


def every_kind(tenant: str) -> dict[str, dict[str, Any]]:
    """One resource of each kind, each after those that it needs."""
    found: dict[str, dict[str, Any]] = {}
    for kind, (name, spec) in everything(tenant).items():
        needs = {each.kind for each in _KINDS.find(kind).references if each.kind} | _REFERRED_TO_WITHOUT_SAYING.get(
            kind, set()
        )
        found[f"{kind}.one"] = {
            **configured(kind, name, spec),
            "depends_on": [f"pextra_{each}.one" for each in sorted(needs - {kind})],
        }
    # The test's tenant has its own, with which it may make the rest.
    found["quota.one"]["tenant"] = "${pextra_tenant.one.name}"
    return found
