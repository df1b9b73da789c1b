"""A load balancer as a Pulumi resource.

Generated from the API's declarations by scripts/generate.py; do not edit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, ClassVar, Literal, Required, TypedDict, Unpack, overload

import pulumi
from pulumi import Input

from pulumi_pextra.declared import Declared
from pulumi_pextra.types import Condition, input_type, output_type, told


@output_type
class LoadBalancerStatus:
    """What a load balancer was found to be."""

    observed_generation: int | None = None
    """The generation of which the conditions speak."""

    conditions: Sequence[Condition] | None = None
    """What is true of the object; every kind has `ready`."""

    address: str | None = None
    """Its address."""

    members: Sequence[str] | None = None
    """The addresses of the instances that may serve; checks, where there are some, leave out those that do not."""


class LoadBalancerListenerProtocol(StrEnum):
    """What is spread over the members."""

    TCP = "tcp"
    UDP = "udp"


@input_type
class LoadBalancerCheckArgs:
    """How members are found to serve: by a connection, or a datagram that nothing refuses."""

    interval_s: Input[int] | None = None
    """How often each is asked. (in s; 5 by default)"""

    timeout_s: Input[int] | None = None
    """How long an answer may take. (in s; 20 by default)"""

    successes: Input[int] | None = None
    """After so many answers in a row it serves. (3 by default)"""

    failures: Input[int] | None = None
    """After so many that did not come, it is left out. (3 by default)"""


class LoadBalancerCheckArgsDict(TypedDict, total=False):
    """`LoadBalancerCheckArgs` as a dictionary."""

    interval_s: Input[int]
    timeout_s: Input[int]
    successes: Input[int]
    failures: Input[int]


@input_type
class LoadBalancerListenerArgs:
    """A port of the load balancer."""

    port: Input[int]
    """The port of the load balancer's address."""

    protocol: Input[LoadBalancerListenerProtocol | Literal["tcp", "udp"]] | None = None
    """What is spread over the members. ("tcp" by default)"""

    to_port: Input[int] | None = None
    """The port of the members; without it, the same."""

    affinity_s: Input[int] | None = None
    """How long a client stays with a member after its last connection; with 0, each connection goes anywhere. (in
    s)
    """

    check: Input[LoadBalancerCheckArgs | LoadBalancerCheckArgsDict] | None = None
    """How members are found to serve; without it, every one is taken to."""


class LoadBalancerListenerArgsDict(TypedDict, total=False):
    """`LoadBalancerListenerArgs` as a dictionary."""

    port: Required[Input[int]]
    protocol: Input[LoadBalancerListenerProtocol | Literal["tcp", "udp"]]
    to_port: Input[int]
    affinity_s: Input[int]
    check: Input[LoadBalancerCheckArgs | LoadBalancerCheckArgsDict]


@input_type
class LoadBalancerMemberArgs:
    """An instance that serves."""

    instance: Input[str]
    """The instance, of the same tenant. (the name of instance)"""

    card: Input[int] | None = None
    """The network card at which it serves, counted from 0."""


class LoadBalancerMemberArgsDict(TypedDict, total=False):
    """`LoadBalancerMemberArgs` as a dictionary."""

    instance: Required[Input[str]]
    card: Input[int]


@input_type
class LoadBalancerArgs:
    """What is wanted of a load balancer."""

    router: Input[str]
    """By which it is reached: from all networks that the router joins, where members are, too. (the name of router;
    a change replaces the object)
    """

    listeners: Input[Sequence[Input[LoadBalancerListenerArgs | LoadBalancerListenerArgsDict]]]
    """Its ports."""

    name: Input[str] | None = None
    """Its name. Made of the resource's name, project and stack when absent."""

    tenant: Input[str] | None = None
    """Whose it is; the configured tenant's when absent."""

    labels: Input[Mapping[str, Input[str]]] | None = None
    """For selecting it."""

    annotations: Input[Mapping[str, Input[str]]] | None = None
    """For whoever reads it."""

    network: Input[str] | None = None
    """The network, one of the router's, that its address is in; without it, the address is of the pool that the
    router goes out to, and reached from outside. (the name of network; a change replaces the object)
    """

    address: Input[str] | None = None
    """A wanted address; without it, a free one. (a change replaces the object)"""

    members: Input[Sequence[Input[LoadBalancerMemberArgs | LoadBalancerMemberArgsDict]]] | None = None
    """Instances that serve."""

    selector: Input[Mapping[str, Input[str]]] | None = None
    """Labels: every instance of the tenant that has all of them serves, too, by its first card."""

    description: Input[str] | None = None
    """What the load balancer is for."""


class LoadBalancerArgsDict(TypedDict, total=False):
    """`LoadBalancerArgs` as a dictionary."""

    router: Required[Input[str]]
    listeners: Required[Input[Sequence[Input[LoadBalancerListenerArgs | LoadBalancerListenerArgsDict]]]]
    name: Input[str]
    tenant: Input[str]
    labels: Input[Mapping[str, Input[str]]]
    annotations: Input[Mapping[str, Input[str]]]
    network: Input[str]
    address: Input[str]
    members: Input[Sequence[Input[LoadBalancerMemberArgs | LoadBalancerMemberArgsDict]]]
    selector: Input[Mapping[str, Input[str]]]
    description: Input[str]


@output_type
class LoadBalancerCheck:
    """How members are found to serve: by a connection, or a datagram that nothing refuses."""

    interval_s: int | None = None
    """How often each is asked. (in s; 5 by default)"""

    timeout_s: int | None = None
    """How long an answer may take. (in s; 20 by default)"""

    successes: int | None = None
    """After so many answers in a row it serves. (3 by default)"""

    failures: int | None = None
    """After so many that did not come, it is left out. (3 by default)"""


@output_type
class LoadBalancerListener:
    """A port of the load balancer."""

    port: int
    """The port of the load balancer's address."""

    protocol: str | None = None
    """What is spread over the members. ("tcp" by default)"""

    to_port: int | None = None
    """The port of the members; without it, the same."""

    affinity_s: int | None = None
    """How long a client stays with a member after its last connection; with 0, each connection goes anywhere. (in
    s)
    """

    check: LoadBalancerCheck | None = None
    """How members are found to serve; without it, every one is taken to."""


@output_type
class LoadBalancerMember:
    """An instance that serves."""

    instance: str
    """The instance, of the same tenant. (the name of instance)"""

    card: int | None = None
    """The network card at which it serves, counted from 0."""


class LoadBalancerFields(Declared):
    """One address behind which several instances serve, on hosts of OVN: every host spreads the connections of its
    own guests.
    """

    kind_name: ClassVar[str] = "load_balancer"
    outputs: ClassVar[tuple[str, ...]] = (
        "name",
        "uid",
        "tenant",
        "labels",
        "annotations",
        "router",
        "network",
        "address",
        "listeners",
        "members",
        "selector",
        "description",
        "status",
    )

    @overload
    def __init__(
        self, resource_name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None: ...
    @overload
    def __init__(
        self,
        resource_name: str,
        args: None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Unpack[LoadBalancerArgsDict],
    ) -> None: ...
    def __init__(
        self,
        resource_name: str,
        args: LoadBalancerArgs | None = None,
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
    def router(self) -> pulumi.Output[str]:
        """By which it is reached: from all networks that the router joins, where members are, too. (the name of
        router; a change replaces the object)
        """
        return told(self, "router")

    @property
    @pulumi.getter
    def network(self) -> pulumi.Output[str | None]:
        """The network, one of the router's, that its address is in; without it, the address is of the pool that the
        router goes out to, and reached from outside. (the name of network; a change replaces the object)
        """
        return told(self, "network")

    @property
    @pulumi.getter
    def address(self) -> pulumi.Output[str | None]:
        """A wanted address; without it, a free one. (a change replaces the object)"""
        return told(self, "address")

    @property
    @pulumi.getter
    def listeners(self) -> pulumi.Output[Sequence[LoadBalancerListener]]:
        """Its ports."""
        return told(self, "listeners")

    @property
    @pulumi.getter
    def members(self) -> pulumi.Output[Sequence[LoadBalancerMember]]:
        """Instances that serve."""
        return told(self, "members")

    @property
    @pulumi.getter
    def selector(self) -> pulumi.Output[Mapping[str, str]]:
        """Labels: every instance of the tenant that has all of them serves, too, by its first card."""
        return told(self, "selector")

    @property
    @pulumi.getter
    def description(self) -> pulumi.Output[str]:
        """What the load balancer is for."""
        return told(self, "description")

    @property
    @pulumi.getter
    def status(self) -> pulumi.Output[LoadBalancerStatus]:
        """What was found of it when it was last read."""
        return told(self, "status")


__all__ = [
    "LoadBalancerArgs",
    "LoadBalancerArgsDict",
    "LoadBalancerCheck",
    "LoadBalancerCheckArgs",
    "LoadBalancerCheckArgsDict",
    "LoadBalancerListener",
    "LoadBalancerListenerArgs",
    "LoadBalancerListenerArgsDict",
    "LoadBalancerListenerProtocol",
    "LoadBalancerMember",
    "LoadBalancerMemberArgs",
    "LoadBalancerMemberArgsDict",
    "LoadBalancerStatus",
]
