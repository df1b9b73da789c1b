"""A security group as a Pulumi resource.

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
class SecurityGroupStatus:
    """What a security group was found to be."""

    observed_generation: int | None = None
    """The generation of which the conditions speak."""

    conditions: Sequence[Condition] | None = None
    """What is true of the object; every kind has `ready`."""


class SecurityGroupRuleDirection(StrEnum):
    """Towards the instance or away from it."""

    INGRESS = "ingress"
    EGRESS = "egress"


class SecurityGroupRuleProtocol(StrEnum):
    """What is let through."""

    TCP = "tcp"
    UDP = "udp"
    ICMP = "icmp"
    ANY = "any"


@input_type
class SecurityGroupRuleArgs:
    """One thing that is let through."""

    direction: Input[SecurityGroupRuleDirection | Literal["ingress", "egress"]]
    """Towards the instance or away from it."""

    protocol: Input[SecurityGroupRuleProtocol | Literal["tcp", "udp", "icmp", "any"]] | None = None
    """What is let through. ("any" by default)"""

    port_min: Input[int] | None = None
    """First port, with `tcp` and `udp`; without it, all ports."""

    port_max: Input[int] | None = None
    """Last port; without it, `port_min` alone."""

    remote_cidr: Input[str] | None = None
    """The other side's addresses; without it, `remote_addresses` and `remote_group`, anyone's."""

    remote_addresses: Input[str] | None = None
    """Or those of this address group. (the name of address group)"""

    remote_group: Input[str] | None = None
    """Or those of the instances in this security group, which may be the rule's own. (the name of security group)
    """


class SecurityGroupRuleArgsDict(TypedDict, total=False):
    """`SecurityGroupRuleArgs` as a dictionary."""

    direction: Required[Input[SecurityGroupRuleDirection | Literal["ingress", "egress"]]]
    protocol: Input[SecurityGroupRuleProtocol | Literal["tcp", "udp", "icmp", "any"]]
    port_min: Input[int]
    port_max: Input[int]
    remote_cidr: Input[str]
    remote_addresses: Input[str]
    remote_group: Input[str]


@input_type
class SecurityGroupArgs:
    """What is wanted of a security group."""

    name: Input[str] | None = None
    """Its name. Made of the resource's name, project and stack when absent."""

    tenant: Input[str] | None = None
    """Whose it is; the configured tenant's when absent."""

    labels: Input[Mapping[str, Input[str]]] | None = None
    """For selecting it."""

    annotations: Input[Mapping[str, Input[str]]] | None = None
    """For whoever reads it."""

    rules: Input[Sequence[Input[SecurityGroupRuleArgs | SecurityGroupRuleArgsDict]]] | None = None
    """What is let through."""

    description: Input[str] | None = None
    """What the group is for."""


class SecurityGroupArgsDict(TypedDict, total=False):
    """`SecurityGroupArgs` as a dictionary."""

    name: Input[str]
    tenant: Input[str]
    labels: Input[Mapping[str, Input[str]]]
    annotations: Input[Mapping[str, Input[str]]]
    rules: Input[Sequence[Input[SecurityGroupRuleArgs | SecurityGroupRuleArgsDict]]]
    description: Input[str]


@output_type
class SecurityGroupRule:
    """One thing that is let through."""

    direction: str
    """Towards the instance or away from it."""

    protocol: str | None = None
    """What is let through. ("any" by default)"""

    port_min: int | None = None
    """First port, with `tcp` and `udp`; without it, all ports."""

    port_max: int | None = None
    """Last port; without it, `port_min` alone."""

    remote_cidr: str | None = None
    """The other side's addresses; without it, `remote_addresses` and `remote_group`, anyone's."""

    remote_addresses: str | None = None
    """Or those of this address group. (the name of address group)"""

    remote_group: str | None = None
    """Or those of the instances in this security group, which may be the rule's own. (the name of security group)
    """


class SecurityGroupFields(Declared):
    """What may reach the instances of the group, and what they may reach."""

    kind_name: ClassVar[str] = "security_group"
    outputs: ClassVar[tuple[str, ...]] = (
        "name",
        "uid",
        "tenant",
        "labels",
        "annotations",
        "rules",
        "description",
        "status",
    )

    @overload
    def __init__(
        self, resource_name: str, args: SecurityGroupArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None: ...
    @overload
    def __init__(
        self,
        resource_name: str,
        args: None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Unpack[SecurityGroupArgsDict],
    ) -> None: ...
    def __init__(
        self,
        resource_name: str,
        args: SecurityGroupArgs | None = None,
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
    def rules(self) -> pulumi.Output[Sequence[SecurityGroupRule]]:
        """What is let through."""
        return told(self, "rules")

    @property
    @pulumi.getter
    def description(self) -> pulumi.Output[str]:
        """What the group is for."""
        return told(self, "description")

    @property
    @pulumi.getter
    def status(self) -> pulumi.Output[SecurityGroupStatus]:
        """What was found of it when it was last read."""
        return told(self, "status")


__all__ = [
    "SecurityGroupArgs",
    "SecurityGroupArgsDict",
    "SecurityGroupRule",
    "SecurityGroupRuleArgs",
    "SecurityGroupRuleArgsDict",
    "SecurityGroupRuleDirection",
    "SecurityGroupRuleProtocol",
    "SecurityGroupStatus",
]
