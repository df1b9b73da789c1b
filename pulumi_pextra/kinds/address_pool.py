"""An address pool as a Pulumi resource.

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
class AddressPoolStatus:
    """What an address pool was found to be."""

    observed_generation: int | None = None
    """The generation of which the conditions speak."""

    conditions: Sequence[Condition] | None = None
    """What is true of the object; every kind has `ready`."""

    hosts: Sequence[str] | None = None
    """Hosts by which the network outside is reached, by what the fabric calls them."""


@input_type
class AddressPoolAddressRangeArgs:
    """A range of the network outside, and which of its addresses are the cloud's."""

    cidr: Input[str]
    """The range, IPv4 or IPv6, without host bits."""

    gateway: Input[str]
    """The way on from there; nobody is given it."""

    first: Input[str] | None = None
    """The first address that is given; without it, the first after the range's own."""

    last: Input[str] | None = None
    """The last one; without it, the last before the broadcast address."""


class AddressPoolAddressRangeArgsDict(TypedDict, total=False):
    """`AddressPoolAddressRangeArgs` as a dictionary."""

    cidr: Required[Input[str]]
    gateway: Required[Input[str]]
    first: Input[str]
    last: Input[str]


@input_type
class AddressPoolArgs:
    """What is wanted of an address pool."""

    physical: Input[str]
    """What hosts call the network outside: the name in their `ovn-bridge-mappings`. (a change replaces the object)
    """

    ranges: Input[Sequence[Input[AddressPoolAddressRangeArgs | AddressPoolAddressRangeArgsDict]]]
    """The addresses. A router is given one of each address family that there is."""

    name: Input[str] | None = None
    """Its name. Made of the resource's name, project and stack when absent."""

    labels: Input[Mapping[str, Input[str]]] | None = None
    """For selecting it."""

    annotations: Input[Mapping[str, Input[str]]] | None = None
    """For whoever reads it."""

    vlan: Input[int] | None = None
    """Its tag there; without it, packets have none. (a change replaces the object)"""

    mtu: Input[int] | None = None
    """Largest packet outside. (in bytes; 1500 by default)"""

    description: Input[str] | None = None
    """What is out there."""


class AddressPoolArgsDict(TypedDict, total=False):
    """`AddressPoolArgs` as a dictionary."""

    physical: Required[Input[str]]
    ranges: Required[Input[Sequence[Input[AddressPoolAddressRangeArgs | AddressPoolAddressRangeArgsDict]]]]
    name: Input[str]
    labels: Input[Mapping[str, Input[str]]]
    annotations: Input[Mapping[str, Input[str]]]
    vlan: Input[int]
    mtu: Input[int]
    description: Input[str]


@output_type
class AddressPoolAddressRange:
    """A range of the network outside, and which of its addresses are the cloud's."""

    cidr: str
    """The range, IPv4 or IPv6, without host bits."""

    gateway: str
    """The way on from there; nobody is given it."""

    first: str | None = None
    """The first address that is given; without it, the first after the range's own."""

    last: str | None = None
    """The last one; without it, the last before the broadcast address."""


class AddressPoolFields(Declared):
    """Addresses of a network outside, offered to every tenant's routers and floating IPs. Hosts of OVN reach it by
    a bridge of their own.
    """

    kind_name: ClassVar[str] = "address_pool"
    outputs: ClassVar[tuple[str, ...]] = (
        "name",
        "uid",
        "labels",
        "annotations",
        "physical",
        "vlan",
        "mtu",
        "ranges",
        "description",
        "status",
    )

    @overload
    def __init__(
        self, resource_name: str, args: AddressPoolArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None: ...
    @overload
    def __init__(
        self,
        resource_name: str,
        args: None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Unpack[AddressPoolArgsDict],
    ) -> None: ...
    def __init__(
        self,
        resource_name: str,
        args: AddressPoolArgs | None = None,
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
    def physical(self) -> pulumi.Output[str]:
        """What hosts call the network outside: the name in their `ovn-bridge-mappings`. (a change replaces the
        object)
        """
        return told(self, "physical")

    @property
    @pulumi.getter
    def vlan(self) -> pulumi.Output[int | None]:
        """Its tag there; without it, packets have none. (a change replaces the object)"""
        return told(self, "vlan")

    @property
    @pulumi.getter
    def mtu(self) -> pulumi.Output[int]:
        """Largest packet outside. (in bytes; 1500 by default)"""
        return told(self, "mtu")

    @property
    @pulumi.getter
    def ranges(self) -> pulumi.Output[Sequence[AddressPoolAddressRange]]:
        """The addresses. A router is given one of each address family that there is."""
        return told(self, "ranges")

    @property
    @pulumi.getter
    def description(self) -> pulumi.Output[str]:
        """What is out there."""
        return told(self, "description")

    @property
    @pulumi.getter
    def status(self) -> pulumi.Output[AddressPoolStatus]:
        """What was found of it when it was last read."""
        return told(self, "status")


__all__ = [
    "AddressPoolAddressRange",
    "AddressPoolAddressRangeArgs",
    "AddressPoolAddressRangeArgsDict",
    "AddressPoolArgs",
    "AddressPoolArgsDict",
    "AddressPoolStatus",
]
