"""Kind `service_account`: a program that acts in a tenant."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pextra.declaration.kind import Area, Column, Kind, SpecModel
from pextra.resources.subject import GroupNames


class ServiceAccountSpec(SpecModel):
    """What a service account should be."""

    description: Annotated[str, Field(max_length=200)] = ""
    """What the program does."""
    enabled: bool = True
    """Whether its credentials are accepted; switching it off takes effect at once."""
    groups: GroupNames = []
    """The groups that it is a member of."""


SERVICE_ACCOUNT = Kind(
    name="service_account",
    plural="service_accounts",
    description="A program that acts in a tenant by application credentials; it has no password and signs in nowhere.",
    area=Area.IDENTITY,
    spec=ServiceAccountSpec,
    columns=(Column(title="DESCRIPTION", path="spec.description"), Column(title="ENABLED", path="spec.enabled")),
    example={"kind": "service_account", "metadata": {"name": "deployer"}, "spec": {"description": "the pipeline"}},
)
