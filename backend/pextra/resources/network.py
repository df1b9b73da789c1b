"""Kind `network`: a layer-2 segment of a tenant."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pextra.declaration.kind import Column, Kind, SpecModel
from pextra.declaration.markers import Unit


class NetworkSpec(SpecModel):
    """What a network should be."""

    mtu: Annotated[int, Field(ge=1280, le=9000), Unit("bytes")] = 1442
    """Largest packet. The default leaves room for an overlay's header."""
    description: Annotated[str, Field(max_length=200)] = ""
    """What the network is for."""


NETWORK = Kind(
    name="network",
    plural="networks",
    description="A tenant's own layer-2 segment; its addresses come from subnets.",
    spec=NetworkSpec,
    short_names=("net",),
    columns=(Column(title="MTU", path="spec.mtu"),),
    example={"kind": "network", "metadata": {"name": "front"}, "spec": {}},
)
