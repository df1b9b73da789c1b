"""Kind `application_credential`: a bearer token for a program, with less than its holder may do."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from pextra.declaration.kind import Area, Column, Kind, SpecModel
from pextra.declaration.markers import Immutable
from pextra.declaration.patterns import ActionPattern
from pextra.resources.role import RoleName
from pextra.resources.share import TenantPath
from pextra.resources.subject import Actor


class ApplicationCredentialSpec(SpecModel):
    """What an application credential should be."""

    subject: Annotated[Actor, Immutable()]
    """Who acts by it; it never allows more than they may do."""
    tenant: Annotated[TenantPath, Immutable()] | None = None
    """Allows nothing outside this tenant and those below it; without it, no such limit."""
    roles: Annotated[list[RoleName], Field(max_length=20), Immutable()] = []
    """Allows only what these roles do; empty: no such limit."""
    actions: Annotated[list[ActionPattern], Field(max_length=200), Immutable()] = []
    """Allows only these actions or patterns of them; empty: no such limit."""
    expires_at: AwareDatetime | None = None
    """When it stops being accepted; without it, never."""
    description: Annotated[str, Field(max_length=200)] = ""
    """What it is for."""


APPLICATION_CREDENTIAL = Kind(
    name="application_credential",
    plural="application_credentials",
    description="A bearer token for a program, with less than its holder may do: limited to a tenant, to roles and to "
    "actions. It cannot make or change any credential, user or role. The token is shown once, in the answer that made "
    "it; deleting the object revokes it at once.",
    area=Area.IDENTITY,
    spec=ApplicationCredentialSpec,
    mints=True,
    short_names=("appcred",),
    columns=(
        Column(title="KIND", path="spec.subject.kind"),
        Column(title="SUBJECT", path="spec.subject.name"),
        Column(title="TENANT", path="spec.tenant"),
        Column(title="ROLES", path="spec.roles"),
        Column(title="EXPIRES", path="spec.expires_at"),
    ),
    example={
        "kind": "application_credential",
        "metadata": {"name": "pipeline"},
        "spec": {"subject": {"kind": "service_account", "name": "deployer"}, "roles": ["member"]},
    },
)
