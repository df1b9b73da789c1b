"""Kind `group`: users and service accounts that have the same roles."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pextra.declaration.kind import Area, Column, Kind, SpecModel


class GroupSpec(SpecModel):
    """What a group is for; its members name it themselves."""

    description: Annotated[str, Field(max_length=200)] = ""
    """What the group is for."""


GROUP = Kind(
    name="group",
    plural="groups",
    description="Users and service accounts that have the same roles. Each member names the group in its own `groups`.",
    area=Area.IDENTITY,
    spec=GroupSpec,
    columns=(Column(title="DESCRIPTION", path="spec.description"),),
    example={"kind": "group", "metadata": {"name": "developers"}, "spec": {"description": "who builds the shop"}},
)
