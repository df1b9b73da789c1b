"""A router as a Pulumi resource.

Generated from the API's declarations by scripts/generate.py; do not edit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Required, TypedDict, Unpack, overload

import pulumi
from pulumi import Input

from pulumi_pextra.declared import Declared
from pulumi_pextra.types import Condition, input_type, output_type, told


@output_type
class RouterStatus:
    """What a router was found to be."""

    observed_generation: int | None = None
    """The generation of which the conditions speak."""

    conditions: Sequence[Condition] | None = None
    """What is true of the object; every kind has `ready`."""

    addresses: Sequence[str] | None = None
    """Its own addresses, in the order of `spec.interfaces`, each with the length of its subnet's prefix."""

    outside: Sequence[str] | None = None
    """Its addresses in the pool of `spec.gateway`."""


@input_type
class RouterInterfaceArgs:
    """A network that the router is in."""

    network: Input[str]
    """The network, of the same tenant. (the name of network)"""

    addresses: Input[Sequence[Input[str]]] | None = None
    """The router's own there; without them, it is the gateway of every subnet, which one router of a network can
    be.
    """


class RouterInterfaceArgsDict(TypedDict, total=False):
    """`RouterInterfaceArgs` as a dictionary."""

    network: Required[Input[str]]
    addresses: Input[Sequence[Input[str]]]


@input_type
class RouterRouteArgs:
    """Where the router sends what is for a range that none of its networks has."""

    destination: Input[str]
    """The range, IPv4 or IPv6, without host bits."""

    next_hop: Input[str]
    """An address in one of the router's networks."""


class RouterRouteArgsDict(TypedDict, total=False):
    """`RouterRouteArgs` as a dictionary."""

    destination: Required[Input[str]]
    next_hop: Required[Input[str]]


@input_type
class RouterWayOutArgs:
    """The router's way to the world."""

    pool: Input[str]
    """Where it leads, and whence the router has an address outside, of each address family that the pool has. (the
    name of address pool)
    """

    translate: Input[bool] | None = None
    """Whether what goes out from its networks is seen as the router's address outside; otherwise as what it is.
    (true by default)
    """


class RouterWayOutArgsDict(TypedDict, total=False):
    """`RouterWayOutArgs` as a dictionary."""

    pool: Required[Input[str]]
    translate: Input[bool]


@input_type
class RouterArgs:
    """What is wanted of a router."""

    name: Input[str] | None = None
    """Its name. Made of the resource's name, project and stack when absent."""

    tenant: Input[str] | None = None
    """Whose it is; the configured tenant's when absent."""

    labels: Input[Mapping[str, Input[str]]] | None = None
    """For selecting it."""

    annotations: Input[Mapping[str, Input[str]]] | None = None
    """For whoever reads it."""

    interfaces: Input[Sequence[Input[RouterInterfaceArgs | RouterInterfaceArgsDict]]] | None = None
    """The networks that it joins. What their security groups let through is decided by them still."""

    routes: Input[Sequence[Input[RouterRouteArgs | RouterRouteArgsDict]]] | None = None
    """Static routes; several of one destination share what is sent there. Its own networks need none."""

    gateway: Input[RouterWayOutArgs | RouterWayOutArgsDict] | None = None
    """The way to everywhere that no network and no route of it leads to; without one, there is none."""

    description: Input[str] | None = None
    """What the router is for."""


class RouterArgsDict(TypedDict, total=False):
    """`RouterArgs` as a dictionary."""

    name: Input[str]
    tenant: Input[str]
    labels: Input[Mapping[str, Input[str]]]
    annotations: Input[Mapping[str, Input[str]]]
    interfaces: Input[Sequence[Input[RouterInterfaceArgs | RouterInterfaceArgsDict]]]
    routes: Input[Sequence[Input[RouterRouteArgs | RouterRouteArgsDict]]]
    gateway: Input[RouterWayOutArgs | RouterWayOutArgsDict]
    description: Input[str]


@output_type
class RouterInterface:
    """A network that the router is in."""

    network: str
    """The network, of the same tenant. (the name of network)"""

    addresses: Sequence[str] | None = None
    """The router's own there; without them, it is the gateway of every subnet, which one router of a network can
    be.
    """


@output_type
class RouterRoute:
    """Where the router sends what is for a range that none of its networks has."""

    destination: str
    """The range, IPv4 or IPv6, without host bits."""

    next_hop: str
    """An address in one of the router's networks."""


@output_type
class RouterWayOut:
    """The router's way to the world."""

    pool: str
    """Where it leads, and whence the router has an address outside, of each address family that the pool has. (the
    name of address pool)
    """

    translate: bool | None = None
    """Whether what goes out from its networks is seen as the router's address outside; otherwise as what it is.
    (true by default)
    """


class RouterFields(Declared):
    """Joins networks of a tenant that span hosts: a packet between two of them passes on the sender's host."""

    kind_name: ClassVar[str] = "router"
    outputs: ClassVar[tuple[str, ...]] = (
        "name",
        "uid",
        "tenant",
        "labels",
        "annotations",
        "interfaces",
        "routes",
        "gateway",
        "description",
        "status",
    )

    @overload
    def __init__(self, resource_name: str, args: RouterArgs, opts: pulumi.ResourceOptions | None = None) -> None: ...
    @overload
    def __init__(
        self,
        resource_name: str,
        args: None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Unpack[RouterArgsDict],
    ) -> None: ...
    def __init__(
        self,
        resource_name: str,
        args: RouterArgs | None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Any,
    ) -> None:
        self._declare(resource_name, args, fields, opts)

    @property
    @pulumi.getter
    def name(self) -> pulumi.Output[str]:
        """Its name."""
        return told(self, "name")

    @property
    @pulumi.getter
    def uid(self) -> pulumi.Output[str]:
        """Its identity, never given twice."""
        return told(self, "uid")

    @property
    @pulumi.getter
    def tenant(self) -> pulumi.Output[str]:
        """Whose it is."""
        return told(self, "tenant")

    @property
    @pulumi.getter
    def labels(self) -> pulumi.Output[Mapping[str, str]]:
        """Its labels."""
        return told(self, "labels")

    @property
    @pulumi.getter
    def annotations(self) -> pulumi.Output[Mapping[str, str]]:
        """Its annotations."""
        return told(self, "annotations")

    @property
    @pulumi.getter
    def interfaces(self) -> pulumi.Output[Sequence[RouterInterface]]:
        """The networks that it joins. What their security groups let through is decided by them still."""
        return told(self, "interfaces")

    @property
    @pulumi.getter
    def routes(self) -> pulumi.Output[Sequence[RouterRoute]]:
        """Static routes; several of one destination share what is sent there. Its own networks need none."""
        return told(self, "routes")

    @property
    @pulumi.getter
    def gateway(self) -> pulumi.Output[RouterWayOut | None]:
        """The way to everywhere that no network and no route of it leads to; without one, there is none."""
        return told(self, "gateway")

    @property
    @pulumi.getter
    def description(self) -> pulumi.Output[str]:
        """What the router is for."""
        return told(self, "description")

    @property
    @pulumi.getter
    def status(self) -> pulumi.Output[RouterStatus]:
        """What was found of it when it was last read."""
        return told(self, "status")


__all__ = [
    "RouterArgs",
    "RouterArgsDict",
    "RouterInterface",
    "RouterInterfaceArgs",
    "RouterInterfaceArgsDict",
    "RouterRoute",
    "RouterRouteArgs",
    "RouterRouteArgsDict",
    "RouterStatus",
    "RouterWayOut",
    "RouterWayOutArgs",
    "RouterWayOutArgsDict",
]
