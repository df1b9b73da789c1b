"""A network as a Pulumi resource.

Generated from the API's declarations by scripts/generate.py; do not edit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypedDict, Unpack, overload

import pulumi
from pulumi import Input

from pulumi_pextra.declared import Declared
from pulumi_pextra.types import Condition, input_type, output_type, told


@output_type
class NetworkStatus:
    """What a network was found to be."""

    observed_generation: int | None = None
    """The generation of which the conditions speak."""

    conditions: Sequence[Condition] | None = None
    """What is true of the object; every kind has `ready`."""


@input_type
class NetworkArgs:
    """What is wanted of a network."""

    name: Input[str] | None = None
    """Its name. Made of the resource's name, project and stack when absent."""

    tenant: Input[str] | None = None
    """Whose it is; the configured tenant's when absent."""

    labels: Input[Mapping[str, Input[str]]] | None = None
    """For selecting it."""

    annotations: Input[Mapping[str, Input[str]]] | None = None
    """For whoever reads it."""

    mtu: Input[int] | None = None
    """Largest packet. The default leaves room for an overlay's header. (in bytes; 1442 by default)"""

    description: Input[str] | None = None
    """What the network is for."""


class NetworkArgsDict(TypedDict, total=False):
    """`NetworkArgs` as a dictionary."""

    name: Input[str]
    tenant: Input[str]
    labels: Input[Mapping[str, Input[str]]]
    annotations: Input[Mapping[str, Input[str]]]
    mtu: Input[int]
    description: Input[str]


class NetworkFields(Declared):
    """A tenant's own layer-2 segment; its addresses come from subnets."""

    kind_name: ClassVar[str] = "network"
    outputs: ClassVar[tuple[str, ...]] = (
        "name",
        "uid",
        "tenant",
        "labels",
        "annotations",
        "mtu",
        "description",
        "status",
    )

    @overload
    def __init__(self, resource_name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None: ...
    @overload
    def __init__(
        self,
        resource_name: str,
        args: None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Unpack[NetworkArgsDict],
    ) -> None: ...
    def __init__(
        self,
        resource_name: str,
        args: NetworkArgs | None = None,
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
    def mtu(self) -> pulumi.Output[int]:
        """Largest packet. The default leaves room for an overlay's header. (in bytes; 1442 by default)"""
        return told(self, "mtu")

    @property
    @pulumi.getter
    def description(self) -> pulumi.Output[str]:
        """What the network is for."""
        return told(self, "description")

    @property
    @pulumi.getter
    def status(self) -> pulumi.Output[NetworkStatus]:
        """What was found of it when it was last read."""
        return told(self, "status")


__all__ = [
    "NetworkArgs",
    "NetworkArgsDict",
    "NetworkStatus",
]
