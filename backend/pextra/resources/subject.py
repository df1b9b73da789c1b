"""Who can act: what roles are bound to and credentials are made for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pextra.declaration.kind import SpecModel
from pextra.declaration.markers import ObjectName, OnDelete, Ref


class Subject(SpecModel):
    """A user, a service account, or all members of a group."""

    kind: Literal["user", "group", "service_account"]
    """What it is."""
    name: Annotated[ObjectName, Ref(None, OnDelete.CASCADE, inherited=True)]
    """Its name; one of a tenant above as `tenant/name`."""


class Actor(SpecModel):
    """A user or a service account."""

    kind: Literal["user", "service_account"]
    """What it is."""
    name: Annotated[ObjectName, Ref(None, OnDelete.CASCADE)]
    """Its name, in the same tenant."""


GroupNames = Annotated[
    list[Annotated[ObjectName, Ref("group", OnDelete.BLOCK, inherited=True)]],
    Field(max_length=100),
]
"""The groups that somebody is a member of."""
