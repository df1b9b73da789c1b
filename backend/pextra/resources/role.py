"""Kind `role`: a set of actions of a tenant's own, beside the roles that every cloud has."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from pextra.declaration.kind import Area, Column, Kind, SpecModel
from pextra.declaration.markers import ObjectName, OnDelete, Ref
from pextra.declaration.patterns import ActionPattern

BUILT_IN: Final = ("owner", "admin", "operator", "member", "reader", "auditor", "billing")
"""The names of the roles that every cloud has; `pextra.tenancy.roles` says what they allow."""

RoleName = Annotated[ObjectName, Ref("role", OnDelete.BLOCK, inherited=True, reserved=BUILT_IN)]
"""A role that every cloud has, or one of the tenant's or of a tenant above."""


class RoleSpec(SpecModel):
    """What a role allows."""

    actions: Annotated[list[ActionPattern], Field(min_length=1, max_length=500)]
    """The actions, or patterns of them. Nobody can make a role of more than they may do themselves."""
    description: Annotated[str, Field(max_length=200)] = ""
    """What the role is for."""


ROLE = Kind(
    name="role",
    plural="roles",
    description="A set of actions, for the tenant and those below. Every cloud has owner, admin, operator, member, "
    "reader, auditor and billing; these are a tenant's own beside them.",
    area=Area.IDENTITY,
    spec=RoleSpec,
    columns=(Column(title="ACTIONS", path="spec.actions"),),
    example={
        "kind": "role",
        "metadata": {"name": "image-keeper"},
        "spec": {"actions": ["image.*", "share.*", "*.read"], "description": "keeps the golden images"},
    },
)
