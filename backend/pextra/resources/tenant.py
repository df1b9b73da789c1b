"""Kind `tenant`: who owns things; addressed by its dotted path from the root."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pextra.declaration.kind import Area, Column, Kind, Scope, SpecModel


class TenantSpec(SpecModel):
    """What a tenant should be."""

    display_name: Annotated[str, Field(max_length=120)] = ""
    """The name that people see."""
    suspended: bool = False
    """Whether its users and those of the tenants below are shut out. What runs goes on; whoever acts from a tenant
    above may still do everything. Takes effect at once."""


TENANT = Kind(
    name="tenant",
    plural="tenants",
    description="An owner of objects: a customer, a team or an environment. Tenants form a tree and cannot move.",
    scope=Scope.CLOUD,
    dotted_names=True,
    area=Area.GOVERNANCE,
    spec=TenantSpec,
    controlled=True,
    finalizers=("content",),
    columns=(Column(title="DISPLAY NAME", path="spec.display_name"),),
    example={"kind": "tenant", "metadata": {"name": "acme"}, "spec": {"display_name": "Acme Ltd."}},
)
