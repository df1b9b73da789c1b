"""Kind `security_group`: what may reach an instance, and what it may reach."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pextra.declaration.kind import Kind, SpecModel
from pextra.declaration.markers import ObjectName, Ref
from pextra.resources.addresses import Cidr

Port = Annotated[int, Field(ge=1, le=65_535)]


class SecurityGroupRule(SpecModel):
    """One thing that is let through."""

    direction: Literal["ingress", "egress"]
    """Towards the instance or away from it."""
    protocol: Literal["tcp", "udp", "icmp", "any"] = "any"
    """What is let through."""
    port_min: Port | None = None
    """First port, with `tcp` and `udp`; without it, all ports."""
    port_max: Port | None = None
    """Last port; without it, `port_min` alone."""
    remote_cidr: Cidr | None = None
    """The other side's addresses; without it, `remote_addresses` and `remote_group`, anyone's."""
    remote_addresses: Annotated[ObjectName, Ref("address_group")] | None = None
    """Or those of this address group."""
    remote_group: Annotated[ObjectName, Ref("security_group")] | None = None
    """Or those of the instances in this security group, which may be the rule's own."""

    @model_validator(mode="after")
    def _ports_make_sense(self) -> SecurityGroupRule:
        if self.port_min is None and self.port_max is not None:
            raise ValueError("port_max needs port_min")
        if self.port_min is not None and self.protocol not in ("tcp", "udp"):
            raise ValueError(f"protocol {self.protocol} has no ports")
        if self.port_min is not None and self.port_max is not None and self.port_max < self.port_min:
            raise ValueError(f"port_max {self.port_max} is below port_min {self.port_min}")
        return self

    @model_validator(mode="after")
    def _other_side_is_one(self) -> SecurityGroupRule:
        if sum(each is not None for each in (self.remote_cidr, self.remote_addresses, self.remote_group)) > 1:
            raise ValueError("remote_cidr, remote_addresses and remote_group: the other side is one of them")
        return self


class SecurityGroupSpec(SpecModel):
    """What is let through. Whatever no rule names is dropped; answers to what was let through pass."""

    rules: Annotated[list[SecurityGroupRule], Field(max_length=200)] = []
    """What is let through."""
    description: Annotated[str, Field(max_length=200)] = ""
    """What the group is for."""


SECURITY_GROUP = Kind(
    name="security_group",
    plural="security_groups",
    description="What may reach the instances of the group, and what they may reach.",
    spec=SecurityGroupSpec,
    short_names=("sg",),
    example={
        "kind": "security_group",
        "metadata": {"name": "web"},
        "spec": {"rules": [{"direction": "ingress", "protocol": "tcp", "port_min": 80}, {"direction": "egress"}]},
    },
)
