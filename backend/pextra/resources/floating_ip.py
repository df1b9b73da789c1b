"""Kind `floating_ip`: an address outside a tenant's networks that leads to an instance."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pextra.declaration.kind import Column, Kind, SpecModel, StatusModel
from pextra.declaration.markers import Filterable, Immutable, ObjectName, OnDelete, Ref
from pextra.resources.addresses import Address

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
    pool: Annotated[ObjectName, Ref("address_pool"), Immutable(), Filterable()] | None = None
    """Where the address is from, on hosts of OVN: all of it leads to the instance, and what the instance sends out is
    seen as coming from there. Without one, ports of the instance's host are forwarded."""
    address: Annotated[Address, Immutable()] | None = None
    """A wanted address of the pool; without it, a free one."""
    ports: Annotated[list[FloatingIpPort], Field(max_length=32)] = []
    """The ports that lead to the instance, where there is no pool."""

    @model_validator(mode="after")
    def _one_way_or_the_other(self) -> FloatingIpSpec:
        if self.pool is None and not self.ports:
            raise ValueError("needs a `pool`, or `ports` that the instance's host forwards")
        if self.pool is not None and self.ports:
            raise ValueError("`ports` goes with no `pool`: of a pool's address, all ports lead to the instance")
        if self.address is not None and self.pool is None:
            raise ValueError("`address` goes with a `pool`")
        return self

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
    description="An address outside a tenant's networks that leads to an instance: one of an address pool, on hosts of "
    "OVN, or the host's own, of which ports are forwarded.",
    spec=FloatingIpSpec,
    status=FloatingIpStatus,
    controlled=True,
    finalizers=("way",),
    short_names=("fip",),
    columns=(
        Column(title="INSTANCE", path="spec.instance"),
        Column(title="ADDRESS", path="status.address"),
        Column(title="ENDPOINTS", path="status.endpoints"),
    ),
    example={
        "kind": "floating_ip",
        "metadata": {"name": "web"},
        "spec": {"instance": "web-1", "ports": [{"to_port": 80}]},
    },
)
