"""Kind `user`: a person or program that acts in a tenant and its descendants."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pextra.declaration.kind import Column, Kind, SpecModel
from pextra.declaration.markers import Filterable


class UserSpec(SpecModel):
    """What a user should be."""

    display_name: Annotated[str, Field(max_length=120)] = ""
    """The name that people see."""
    email: Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$"), Filterable()] | None = None
    """Where to reach the user."""
    enabled: bool = True
    """Whether the user's tokens are accepted; switching it off takes effect at once."""


USER = Kind(
    name="user",
    plural="users",
    description="A person or program that acts in a tenant and its descendants by tokens.",
    spec=UserSpec,
    columns=(Column(title="EMAIL", path="spec.email"), Column(title="ENABLED", path="spec.enabled")),
    example={
        "kind": "user",
        "metadata": {"name": "ada"},
        "spec": {"display_name": "Ada", "email": "ada@example.com"},
    },
)
