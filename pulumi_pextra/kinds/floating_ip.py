"""A floating ip as a Pulumi resource.

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
class FloatingIpStatus:
    """What a floating IP was found to be."""

    observed_generation: int | None = None
    """The generation of which the conditions speak."""

    conditions: Sequence[Condition] | None = None
    """What is true of the object; every kind has `ready`."""

    address: str | None = None
    """The address outside."""

    endpoints: Sequence[str] | None = None
    """Where each port is reached, in the order of `spec.ports`: `tcp 127.0.0.1:30022 -> 22`."""

    host: str | None = None
    """The host that the address is on."""


class FloatingIpPortProtocol(StrEnum):
    """What is forwarded."""

    TCP = "tcp"
    UDP = "udp"


@input_type
class FloatingIpPortArgs:
    """One port that leads to the instance."""

    to_port: Input[int]
    """The port of the instance."""

    protocol: Input[FloatingIpPortProtocol | Literal["tcp", "udp"]] | None = None
    """What is forwarded. ("tcp" by default)"""

    port: Input[int] | None = None
    """The port outside; without it, a free one is chosen."""


class FloatingIpPortArgsDict(TypedDict, total=False):
    """`FloatingIpPortArgs` as a dictionary."""

    to_port: Required[Input[int]]
    protocol: Input[FloatingIpPortProtocol | Literal["tcp", "udp"]]
    port: Input[int]


@input_type
class FloatingIpArgs:
    """What is wanted of a floating ip."""

    instance: Input[str]
    """The instance that it leads to. (the name of instance; a change replaces the object)"""

    name: Input[str] | None = None
    """Its name. Made of the resource's name, project and stack when absent."""

    tenant: Input[str] | None = None
    """Whose it is; the configured tenant's when absent."""

    labels: Input[Mapping[str, Input[str]]] | None = None
    """For selecting it."""

    annotations: Input[Mapping[str, Input[str]]] | None = None
    """For whoever reads it."""

    card: Input[int] | None = None
    """The network card that it leads to, counted from 0."""

    pool: Input[str] | None = None
    """Where the address is from, on hosts of OVN: all of it leads to the instance, and what the instance sends out
    is seen as coming from there. Without one, ports of the instance's host are forwarded. (the name of address
    pool; a change replaces the object)
    """

    address: Input[str] | None = None
    """A wanted address of the pool; without it, a free one. (a change replaces the object)"""

    ports: Input[Sequence[Input[FloatingIpPortArgs | FloatingIpPortArgsDict]]] | None = None
    """The ports that lead to the instance, where there is no pool."""


class FloatingIpArgsDict(TypedDict, total=False):
    """`FloatingIpArgs` as a dictionary."""

    instance: Required[Input[str]]
    name: Input[str]
    tenant: Input[str]
    labels: Input[Mapping[str, Input[str]]]
    annotations: Input[Mapping[str, Input[str]]]
    card: Input[int]
    pool: Input[str]
    address: Input[str]
    ports: Input[Sequence[Input[FloatingIpPortArgs | FloatingIpPortArgsDict]]]


@output_type
class FloatingIpPort:
    """One port that leads to the instance."""

    to_port: int
    """The port of the instance."""

    protocol: str | None = None
    """What is forwarded. ("tcp" by default)"""

    port: int | None = None
    """The port outside; without it, a free one is chosen."""


class FloatingIpFields(Declared):
    """An address outside a tenant's networks that leads to an instance: one of an address pool, on hosts of OVN, or
    the host's own, of which ports are forwarded.
    """

    kind_name: ClassVar[str] = "floating_ip"
    outputs: ClassVar[tuple[str, ...]] = (
        "name",
        "uid",
        "tenant",
        "labels",
        "annotations",
        "instance",
        "card",
        "pool",
        "address",
        "ports",
        "status",
    )

    @overload
    def __init__(
        self, resource_name: str, args: FloatingIpArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None: ...
    @overload
    def __init__(
        self,
        resource_name: str,
        args: None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Unpack[FloatingIpArgsDict],
    ) -> None: ...
    def __init__(
        self,
        resource_name: str,
        args: FloatingIpArgs | None = None,
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
    def instance(self) -> pulumi.Output[str]:
        """The instance that it leads to. (the name of instance; a change replaces the object)"""
        return told(self, "instance")

    @property
    @pulumi.getter
    def card(self) -> pulumi.Output[int]:
        """The network card that it leads to, counted from 0."""
        return told(self, "card")

    @property
    @pulumi.getter
    def pool(self) -> pulumi.Output[str | None]:
        """Where the address is from, on hosts of OVN: all of it leads to the instance, and what the instance sends
        out is seen as coming from there. Without one, ports of the instance's host are forwarded. (the name of
        address pool; a change replaces the object)
        """
        return told(self, "pool")

    @property
    @pulumi.getter
    def address(self) -> pulumi.Output[str | None]:
        """A wanted address of the pool; without it, a free one. (a change replaces the object)"""
        return told(self, "address")

    @property
    @pulumi.getter
    def ports(self) -> pulumi.Output[Sequence[FloatingIpPort]]:
        """The ports that lead to the instance, where there is no pool."""
        return told(self, "ports")

    @property
    @pulumi.getter
    def status(self) -> pulumi.Output[FloatingIpStatus]:
        """What was found of it when it was last read."""
        return told(self, "status")


__all__ = [
    "FloatingIpArgs",
    "FloatingIpArgsDict",
    "FloatingIpPort",
    "FloatingIpPortArgs",
    "FloatingIpPortArgsDict",
    "FloatingIpPortProtocol",
    "FloatingIpStatus",
]
