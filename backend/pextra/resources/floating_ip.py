"""Kind `floating_ip`: an address outside a tenant's networks that leads to an instance."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pextra.declaration.kind import Column, Kind, SpecModel, StatusModel
from pextra.declaration.markers import Filterable, Immutable, ObjectName, OnDelete, Ref

Port = Annotated[int, Field(ge=1, le=65_535)]


class FloatingIpPort(SpecModel):
    """One port that leads to the instance."""

    protocol: Literal["tcp", "udp"] = "tcp"
    """What is forwarded."""
    port: Port | None = None
    """The port outside; without it, a free one is chosen."""
    to_port: Port
    """The port of the instance."""


class FloatingIpSpec(SpecModel):
    """What a floating IP should be: a way in, while the security groups of the instance still decide."""

    instance: Annotated[ObjectName, Ref("instance", OnDelete.CASCADE), Immutable(), Filterable()]
    """The instance that it leads to."""
    card: Annotated[int, Field(ge=0, le=15)] = 0
    """The network card that it leads to, counted from 0."""
    ports: Annotated[list[FloatingIpPort], Field(min_length=1, max_length=32)]
    """The ports that lead to the instance."""

    @model_validator(mode="after")
    def _ports_differ(self) -> FloatingIpSpec:
        fixed = [(p.protocol, p.port) for p in self.ports if p.port is not None]
        if len(set(fixed)) < len(fixed):
            raise ValueError("names one outer port twice")
        return self


class FloatingIpStatus(StatusModel):
    """What a floating IP was found to be."""

    address: str = ""
    """The address outside."""
    endpoints: list[str] = []
    """Where each port is reached, in the order of `spec.ports`: `tcp 127.0.0.1:30022 -> 22`."""
    host: str = ""
    """The host that the address is on."""


FLOATING_IP = Kind(
    name="floating_ip",
    plural="floating_ips",
    description="An address outside a tenant's networks that leads to an instance. On hosts with the network driver "
    "`local` it is the host's own address, and its ports are forwarded.",
    spec=FloatingIpSpec,
    status=FloatingIpStatus,
    controlled=True,
    finalizers=("way",),
    short_names=("fip",),
    columns=(
        Column(title="INSTANCE", path="spec.instance"),
        Column(title="ENDPOINTS", path="status.endpoints"),
    ),
    example={
        "kind": "floating_ip",
        "metadata": {"name": "web"},
        "spec": {"instance": "web-1", "ports": [{"to_port": 80}]},
    },
)
