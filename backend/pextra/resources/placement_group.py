"""Kind `placement_group`: instances that are to be together, or apart."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pextra.declaration.kind import Column, Kind, SpecModel
from pextra.declaration.markers import Filterable, Immutable


class PlacementGroupSpec(SpecModel):
    """How the instances that name the group are placed."""

    rule: Annotated[Literal["affinity", "anti_affinity", "spread"], Immutable(), Filterable()]
    """`affinity`: all in one; `anti_affinity`: no two in one; `spread`: evenly over all of them."""
    topology: Annotated[Literal["host", "rack", "zone"], Immutable(), Filterable()] = "host"
    """In one what: a host, a rack or a zone. Hosts whose rack nobody has named are in one rack, `default`, of their
    zone."""
    mode: Annotated[Literal["required", "preferred"], Immutable(), Filterable()] = "required"
    """`required`: an instance that would break the rule waits; `preferred`: it is kept as far as there is room."""
    description: Annotated[str, Field(max_length=200)] = ""
    """What the group is for."""


PLACEMENT_GROUP = Kind(
    name="placement_group",
    plural="placement_groups",
    description="Instances that are to be together, or apart. Those that have a host stay there, whatever joins or "
    "leaves the group.",
    spec=PlacementGroupSpec,
    short_names=("pg",),
    columns=(
        Column(title="RULE", path="spec.rule"),
        Column(title="TOPOLOGY", path="spec.topology"),
        Column(title="MODE", path="spec.mode"),
    ),
    example={
        "kind": "placement_group",
        "metadata": {"name": "etcd"},
        "spec": {"rule": "anti_affinity", "topology": "rack"},
    },
)
