"""Kind `api_token`: a bearer token of a user, shown once when it is made."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from pextra.declaration.kind import Area, Column, Kind, SpecModel
from pextra.declaration.markers import Filterable, Immutable, ObjectName, OnDelete, Ref


class ApiTokenSpec(SpecModel):
    """What a token should be."""

    user: Annotated[ObjectName, Ref("user", OnDelete.CASCADE), Immutable(), Filterable()]
    """The user who acts by this token."""
    description: Annotated[str, Field(max_length=200)] = ""
    """What the token is for."""
    expires_at: AwareDatetime | None = None
    """When the token stops being accepted; without it, never."""


API_TOKEN = Kind(
    name="api_token",
    plural="api_tokens",
    description="A bearer token of a user. The token itself is shown once, in the answer that made it; deleting the "
    "object revokes it at once.",
    area=Area.IDENTITY,
    spec=ApiTokenSpec,
    mints=True,
    short_names=("token",),
    columns=(Column(title="USER", path="spec.user"), Column(title="EXPIRES", path="spec.expires_at")),
    example={
        "kind": "api_token",
        "metadata": {"name": "ci"},
        "spec": {"user": "ada", "description": "continuous integration"},
    },
)
