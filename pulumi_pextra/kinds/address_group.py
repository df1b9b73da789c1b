"""An address group as a Pulumi resource.

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
class AddressGroupStatus:
    """What an address group was found to be."""

    observed_generation: int | None = None
    """The generation of which the conditions speak."""

    conditions: Sequence[Condition] | None = None
    """What is true of the object; every kind has `ready`."""


@input_type
class AddressGroupArgs:
    """What is wanted of an address group."""

    name: Input[str] | None = None
    """Its name. Made of the resource's name, project and stack when absent."""

    tenant: Input[str] | None = None
    """Whose it is; the configured tenant's when absent."""

    labels: Input[Mapping[str, Input[str]]] | None = None
    """For selecting it."""

    annotations: Input[Mapping[str, Input[str]]] | None = None
    """For whoever reads it."""

    addresses: Input[Sequence[Input[str]]] | None = None
    """IPv4 and IPv6 addresses, and ranges such as `192.0.2.0/24`, each once. Of an empty group nobody is let
    through.
    """

    description: Input[str] | None = None
    """Whose addresses they are."""


class AddressGroupArgsDict(TypedDict, total=False):
    """`AddressGroupArgs` as a dictionary."""

    name: Input[str]
    tenant: Input[str]
    labels: Input[Mapping[str, Input[str]]]
    annotations: Input[Mapping[str, Input[str]]]
    addresses: Input[Sequence[Input[str]]]
    description: Input[str]


class AddressGroupFields(Declared):
    """Addresses that rules of security groups name together; a change counts for instances that run."""

    kind_name: ClassVar[str] = "address_group"
    outputs: ClassVar[tuple[str, ...]] = (
        "name",
        "uid",
        "tenant",
        "labels",
        "annotations",
        "addresses",
        "description",
        "status",
    )

    @overload
    def __init__(
        self, resource_name: str, args: AddressGroupArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None: ...
    @overload
    def __init__(
        self,
        resource_name: str,
        args: None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Unpack[AddressGroupArgsDict],
    ) -> None: ...
    def __init__(
        self,
        resource_name: str,
        args: AddressGroupArgs | None = None,
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
    def addresses(self) -> pulumi.Output[Sequence[str]]:
        """IPv4 and IPv6 addresses, and ranges such as `192.0.2.0/24`, each once. Of an empty group nobody is let
        through.
        """
        return told(self, "addresses")

    @property
    @pulumi.getter
    def description(self) -> pulumi.Output[str]:
        """Whose addresses they are."""
        return told(self, "description")

    @property
    @pulumi.getter
    def status(self) -> pulumi.Output[AddressGroupStatus]:
        """What was found of it when it was last read."""
        return told(self, "status")


__all__ = [
    "AddressGroupArgs",
    "AddressGroupArgsDict",
    "AddressGroupStatus",
]
