"""A subnet as a Pulumi resource.

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
class SubnetStatus:
    """What a subnet was found to be."""

    observed_generation: int | None = None
    """The generation of which the conditions speak."""

    conditions: Sequence[Condition] | None = None
    """What is true of the object; every kind has `ready`."""


@input_type
class SubnetRouteArgs:
    """A way that guests take to a range, other than through the subnet's gateway."""

    destination: Input[str]
    """The range, IPv4, without host bits."""

    next_hop: Input[str]
    """A router's address in the subnet."""


class SubnetRouteArgsDict(TypedDict, total=False):
    """`SubnetRouteArgs` as a dictionary."""

    destination: Required[Input[str]]
    next_hop: Required[Input[str]]


@input_type
class SubnetArgs:
    """What is wanted of a subnet."""

    network: Input[str]
    """The network whose addresses these are, of the same tenant. (the name of network; a change replaces the
    object)
    """

    cidr: Input[str]
    """The range, IPv4 or IPv6, without host bits. (a change replaces the object)"""

    name: Input[str] | None = None
    """Its name. Made of the resource's name, project and stack when absent."""

    tenant: Input[str] | None = None
    """Whose it is; the configured tenant's when absent."""

    labels: Input[Mapping[str, Input[str]]] | None = None
    """For selecting it."""

    annotations: Input[Mapping[str, Input[str]]] | None = None
    """For whoever reads it."""

    gateway: Input[str] | None = None
    """The router's address in the range; without it, the first one. (a change replaces the object)"""

    dns_servers: Input[Sequence[Input[str]]] | None = None
    """Name servers that guests are told of."""

    routes: Input[Sequence[Input[SubnetRouteArgs | SubnetRouteArgsDict]]] | None = None
    """Further routes that guests are told of when they ask for their address, on hosts whose networks span hosts.
    """


class SubnetArgsDict(TypedDict, total=False):
    """`SubnetArgs` as a dictionary."""

    network: Required[Input[str]]
    cidr: Required[Input[str]]
    name: Input[str]
    tenant: Input[str]
    labels: Input[Mapping[str, Input[str]]]
    annotations: Input[Mapping[str, Input[str]]]
    gateway: Input[str]
    dns_servers: Input[Sequence[Input[str]]]
    routes: Input[Sequence[Input[SubnetRouteArgs | SubnetRouteArgsDict]]]


@output_type
class SubnetRoute:
    """A way that guests take to a range, other than through the subnet's gateway."""

    destination: str
    """The range, IPv4, without host bits."""

    next_hop: str
    """A router's address in the subnet."""


class SubnetFields(Declared):
    """An address range of a network."""

    kind_name: ClassVar[str] = "subnet"
    outputs: ClassVar[tuple[str, ...]] = (
        "name",
        "uid",
        "tenant",
        "labels",
        "annotations",
        "network",
        "cidr",
        "gateway",
        "dns_servers",
        "routes",
        "status",
    )

    @overload
    def __init__(self, resource_name: str, args: SubnetArgs, opts: pulumi.ResourceOptions | None = None) -> None: ...
    @overload
    def __init__(
        self,
        resource_name: str,
        args: None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Unpack[SubnetArgsDict],
    ) -> None: ...
    def __init__(
        self,
        resource_name: str,
        args: SubnetArgs | None = None,
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
    def network(self) -> pulumi.Output[str]:
        """The network whose addresses these are, of the same tenant. (the name of network; a change replaces the
        object)
        """
        return told(self, "network")

    @property
    @pulumi.getter
    def cidr(self) -> pulumi.Output[str]:
        """The range, IPv4 or IPv6, without host bits. (a change replaces the object)"""
        return told(self, "cidr")

    @property
    @pulumi.getter
    def gateway(self) -> pulumi.Output[str | None]:
        """The router's address in the range; without it, the first one. (a change replaces the object)"""
        return told(self, "gateway")

    @property
    @pulumi.getter
    def dns_servers(self) -> pulumi.Output[Sequence[str]]:
        """Name servers that guests are told of."""
        return told(self, "dns_servers")

    @property
    @pulumi.getter
    def routes(self) -> pulumi.Output[Sequence[SubnetRoute]]:
        """Further routes that guests are told of when they ask for their address, on hosts whose networks span
        hosts.
        """
        return told(self, "routes")

    @property
    @pulumi.getter
    def status(self) -> pulumi.Output[SubnetStatus]:
        """What was found of it when it was last read."""
        return told(self, "status")


__all__ = [
    "SubnetArgs",
    "SubnetArgsDict",
    "SubnetRoute",
    "SubnetRouteArgs",
    "SubnetRouteArgsDict",
    "SubnetStatus",
]
