"""Kind `join_token`: lets a machine join as a host, shown once when it is made."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pextra.declaration.kind import Area, Column, Kind, Scope, SpecModel
from pextra.declaration.markers import Filterable, Immutable, ObjectName, OnDelete, Ref, Unit


class JoinTokenSpec(SpecModel):
    """What a join token should be."""

    host: Annotated[ObjectName, Ref("host", OnDelete.CASCADE), Immutable(), Filterable()]
    """The host that the machine becomes."""
    valid_for_s: Annotated[int, Field(ge=60, le=604_800), Immutable(), Unit("s")] = 3_600
    """How long it may be used after it was made."""


JOIN_TOKEN = Kind(
    name="join_token",
    plural="join_tokens",
    description="Lets the agent of one machine join as a host, once: `pextra-agent join`. The token itself is shown "
    "once, in the answer that made it; it is used up by the first machine that joins, which shuts out any that joined "
    "as this host before. Deleting the object revokes it.",
    scope=Scope.CLOUD,
    area=Area.INFRASTRUCTURE,
    spec=JoinTokenSpec,
    mints=True,
    columns=(Column(title="HOST", path="spec.host"),),
    example={"kind": "join_token", "metadata": {"name": "rack1-node3"}, "spec": {"host": "rack1-node3"}},
)
