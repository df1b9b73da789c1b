"""Kind `role_binding`: gives a role to somebody, in a tenant and all below it."""

from __future__ import annotations

from typing import Annotated

from pextra.declaration.kind import Area, Column, Kind, SpecModel
from pextra.declaration.markers import Filterable, Immutable
from pextra.resources.role import RoleName
from pextra.resources.subject import Subject


class RoleBindingSpec(SpecModel):
    """Who has which role."""

    role: Annotated[RoleName, Immutable(), Filterable()]
    """The role: one that every cloud has, or one of this tenant's or of a tenant above."""
    subject: Annotated[Subject, Immutable()]
    """Who has it."""


ROLE_BINDING = Kind(
    name="role_binding",
    plural="role_bindings",
    description="Gives a role to a user, a service account or a group, in this tenant and in all tenants below it. "
    "Deleting it takes the role away at once. Nobody can give more than they have.",
    area=Area.IDENTITY,
    spec=RoleBindingSpec,
    short_names=("binding",),
    columns=(
        Column(title="ROLE", path="spec.role"),
        Column(title="KIND", path="spec.subject.kind"),
        Column(title="SUBJECT", path="spec.subject.name"),
    ),
    example={
        "kind": "role_binding",
        "metadata": {"name": "ada-member"},
        "spec": {"role": "member", "subject": {"kind": "user", "name": "ada"}},
    },
)
