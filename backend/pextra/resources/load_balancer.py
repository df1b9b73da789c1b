"""Kind `load_balancer`: one address behind which several instances serve."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pextra.declaration.kind import Column, Kind, SpecModel, StatusModel
from pextra.declaration.markers import Filterable, Immutable, ObjectName, Ref, Unit
from pextra.resources.addresses import Address

Port = Annotated[int, Field(ge=1, le=65_535)]
Seconds = Annotated[int, Unit("s")]
MOST_MEMBERS = 250


class LoadBalancerMember(SpecModel):
    """An instance that serves."""

    instance: Annotated[ObjectName, Ref("instance")]
    """The instance, of the same tenant."""
    card: Annotated[int, Field(ge=0, le=15)] = 0
    """The network card at which it serves, counted from 0."""


class LoadBalancerCheck(SpecModel):
    """How members are found to serve: by a connection, or a datagram that nothing refuses."""

    interval_s: Annotated[Seconds, Field(ge=1, le=300)] = 5
    """How often each is asked."""
    timeout_s: Annotated[Seconds, Field(ge=1, le=300)] = 20
    """How long an answer may take."""
    successes: Annotated[int, Field(ge=1, le=10)] = 3
    """After so many answers in a row it serves."""
    failures: Annotated[int, Field(ge=1, le=10)] = 3
    """After so many that did not come, it is left out."""


class LoadBalancerListener(SpecModel):
    """A port of the load balancer."""

    protocol: Literal["tcp", "udp"] = "tcp"
    """What is spread over the members."""
    port: Port
    """The port of the load balancer's address."""
    to_port: Port | None = None
    """The port of the members; without it, the same."""
    affinity_s: Annotated[Seconds, Field(ge=0, le=86_400)] = 0
    """How long a client stays with a member after its last connection; with 0, each connection goes anywhere."""
    check: LoadBalancerCheck | None = None
    """How members are found to serve; without it, every one is taken to."""


class LoadBalancerSpec(SpecModel):
    """What a load balancer should be. Members' security groups decide by the clients' own addresses."""

    router: Annotated[ObjectName, Ref("router"), Immutable(), Filterable()]
    """By which it is reached: from all networks that the router joins, where members are, too."""
    network: Annotated[ObjectName, Ref("network", own=True), Immutable(), Filterable()] | None = None
    """The network, one of the router's, that its address is in; without it, the address is of the pool that the router
    goes out to, and reached from outside."""
    address: Annotated[Address, Immutable()] | None = None
    """A wanted address; without it, a free one."""
    listeners: Annotated[list[LoadBalancerListener], Field(min_length=1, max_length=32)]
    """Its ports."""
    members: Annotated[list[LoadBalancerMember], Field(max_length=MOST_MEMBERS)] = []
    """Instances that serve."""
    selector: Annotated[
        dict[Annotated[str, Field(max_length=63)], Annotated[str, Field(max_length=63)]], Field(max_length=16)
    ] = {}
    """Labels: every instance of the tenant that has all of them serves, too, by its first card."""
    description: Annotated[str, Field(max_length=200)] = ""
    """What the load balancer is for."""

    @model_validator(mode="after")
    def _nothing_twice(self) -> LoadBalancerSpec:
        ports = [(listener.protocol, listener.port) for listener in self.listeners]
        if len(set(ports)) < len(ports):
            raise ValueError("listens twice on one port")
        members = [(member.instance, member.card) for member in self.members]
        if len(set(members)) < len(members):
            raise ValueError("names one member twice")
        return self


class LoadBalancerStatus(StatusModel):
    """What a load balancer was found to be."""

    address: str = ""
    """Its address."""
    members: list[str] = []
    """The addresses of the instances that may serve; checks, where there are some, leave out those that do not."""


LOAD_BALANCER = Kind(
    name="load_balancer",
    plural="load_balancers",
    description="One address behind which several instances serve, on hosts of OVN: every host spreads the connections "
    "of its own guests.",
    spec=LoadBalancerSpec,
    status=LoadBalancerStatus,
    controlled=True,
    finalizers=("way",),
    short_names=("lb",),
    columns=(
        Column(title="ADDRESS", path="status.address"),
        Column(title="MEMBERS", path="status.members"),
    ),
    example={
        "kind": "load_balancer",
        "metadata": {"name": "web"},
        "spec": {
            "router": "core",
            "network": "front",
            "listeners": [{"port": 80, "check": {}}],
            "selector": {"app": "web"},
        },
    },
)
