"""Kind `session`: a login that lasts."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from pextra.declaration.kind import Area, Column, Kind, SpecModel
from pextra.declaration.markers import Filterable, Immutable, ObjectName, OnDelete, Ref
from pextra.resources.identity_provider import Text


class SessionSpec(SpecModel):
    """What the session is."""

    user: Annotated[ObjectName, Ref("user", OnDelete.FOLLOW), Immutable(), Filterable()]
    """Who logged in."""
    expires_at: AwareDatetime
    """When its token stops being accepted."""
    address: Annotated[str, Field(max_length=63)] = ""
    """Where the login came from."""
    provider: Annotated[ObjectName, Ref("identity_provider", OnDelete.COPIED), Immutable()] | None = None
    """The identity provider by whose password it was; the session ends with what that one is believed in."""
    groups: Annotated[list[Text], Field(max_length=200)] = []
    """Those of the provider's groups that are mapped, of which the user was one then."""
    user_agent: Annotated[str, Field(max_length=200)] = ""
    """What the client called itself."""


SESSION = Kind(
    name="session",
    plural="sessions",
    description="A login that lasts: a bearer token that was shown once, in the answer to the login. Sessions are made "
    "by logging in only; deleting one logs out.",
    area=Area.IDENTITY,
    spec=SessionSpec,
    writable=False,
    deletable=True,
    counted=False,
    columns=(
        Column(title="USER", path="spec.user"),
        Column(title="ADDRESS", path="spec.address"),
        Column(title="CLIENT", path="spec.user_agent"),
        Column(title="EXPIRES", path="spec.expires_at"),
    ),
)
