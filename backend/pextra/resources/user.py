"""Kind `user`: a person who acts in a tenant."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pextra.declaration.kind import Area, Column, Kind, SpecModel
from pextra.declaration.markers import Filterable, ObjectName, OnDelete, Ref
from pextra.resources.subject import GroupNames


class OutsideIdentity(SpecModel):
    """Who a user is at an identity provider."""

    provider: Annotated[ObjectName, Ref("identity_provider", OnDelete.BLOCK)]
    """The provider, in the same tenant."""
    subject: Annotated[str, Field(min_length=1, max_length=255)]
    """What the provider knows the user by: `sub` of its tokens. No two users have the same."""


class UserSpec(SpecModel):
    """What a user should be."""

    display_name: Annotated[str, Field(max_length=120)] = ""
    """The name that people see."""
    email: Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$"), Filterable()] | None = None
    """Where to reach the user."""
    enabled: bool = True
    """Whether the user's tokens are accepted; switching it off takes effect at once."""
    groups: GroupNames = []
    """The groups that the user is a member of."""
    identity: OutsideIdentity | None = None
    """Who the user is at an identity provider, whose tokens then are the user's. Whoever says so must hold what the
    user holds and what the provider's groups give."""


USER = Kind(
    name="user",
    plural="users",
    description="A person who acts by tokens. What a user may do is said by role bindings and policies.",
    area=Area.IDENTITY,
    spec=UserSpec,
    columns=(Column(title="EMAIL", path="spec.email"), Column(title="ENABLED", path="spec.enabled")),
    example={
        "kind": "user",
        "metadata": {"name": "ada"},
        "spec": {"display_name": "Ada", "email": "ada@example.com"},
    },
)
