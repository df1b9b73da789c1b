"""A placement group as a Pulumi resource.

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
class PlacementGroupStatus:
    """What a placement group was found to be."""

    observed_generation: int | None = None
    """The generation of which the conditions speak."""

    conditions: Sequence[Condition] | None = None
    """What is true of the object; every kind has `ready`."""


class PlacementGroupRule(StrEnum):
    """`affinity`: all in one; `anti_affinity`: no two in one; `spread`: evenly over all of them."""

    AFFINITY = "affinity"
    ANTI_AFFINITY = "anti_affinity"
    SPREAD = "spread"


class PlacementGroupTopology(StrEnum):
    """In one what: a host, a rack or a zone. Hosts whose rack nobody has named are in one rack, `default`, of their
    zone.
    """

    HOST = "host"
    RACK = "rack"
    ZONE = "zone"


class PlacementGroupMode(StrEnum):
    """`required`: an instance that would break the rule waits; `preferred`: it is kept as far as there is room."""

    REQUIRED = "required"
    PREFERRED = "preferred"


@input_type
class PlacementGroupArgs:
    """What is wanted of a placement group."""

    rule: Input[PlacementGroupRule | Literal["affinity", "anti_affinity", "spread"]]
    """`affinity`: all in one; `anti_affinity`: no two in one; `spread`: evenly over all of them. (a change replaces
    the object)
    """

    name: Input[str] | None = None
    """Its name. Made of the resource's name, project and stack when absent."""

    tenant: Input[str] | None = None
    """Whose it is; the configured tenant's when absent."""

    labels: Input[Mapping[str, Input[str]]] | None = None
    """For selecting it."""

    annotations: Input[Mapping[str, Input[str]]] | None = None
    """For whoever reads it."""

    topology: Input[PlacementGroupTopology | Literal["host", "rack", "zone"]] | None = None
    """In one what: a host, a rack or a zone. Hosts whose rack nobody has named are in one rack, `default`, of their
    zone. (a change replaces the object; "host" by default)
    """

    mode: Input[PlacementGroupMode | Literal["required", "preferred"]] | None = None
    """`required`: an instance that would break the rule waits; `preferred`: it is kept as far as there is room. (a
    change replaces the object; "required" by default)
    """

    description: Input[str] | None = None
    """What the group is for."""


class PlacementGroupArgsDict(TypedDict, total=False):
    """`PlacementGroupArgs` as a dictionary."""

    rule: Required[Input[PlacementGroupRule | Literal["affinity", "anti_affinity", "spread"]]]
    name: Input[str]
    tenant: Input[str]
    labels: Input[Mapping[str, Input[str]]]
    annotations: Input[Mapping[str, Input[str]]]
    topology: Input[PlacementGroupTopology | Literal["host", "rack", "zone"]]
    mode: Input[PlacementGroupMode | Literal["required", "preferred"]]
    description: Input[str]


class PlacementGroupFields(Declared):
    """Instances that are to be together, or apart. Those that have a host stay there, whatever joins or leaves the
    group.
    """

    kind_name: ClassVar[str] = "placement_group"
    outputs: ClassVar[tuple[str, ...]] = (
        "name",
        "uid",
        "tenant",
        "labels",
        "annotations",
        "rule",
        "topology",
        "mode",
        "description",
        "status",
    )

    @overload
    def __init__(
        self, resource_name: str, args: PlacementGroupArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None: ...
    @overload
    def __init__(
        self,
        resource_name: str,
        args: None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Unpack[PlacementGroupArgsDict],
    ) -> None: ...
    def __init__(
        self,
        resource_name: str,
        args: PlacementGroupArgs | None = None,
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
    def rule(self) -> pulumi.Output[str]:
        """`affinity`: all in one; `anti_affinity`: no two in one; `spread`: evenly over all of them. (a change
        replaces the object)
        """
        return told(self, "rule")

    @property
    @pulumi.getter
    def topology(self) -> pulumi.Output[str]:
        """In one what: a host, a rack or a zone. Hosts whose rack nobody has named are in one rack, `default`, of
        their zone. (a change replaces the object; "host" by default)
        """
        return told(self, "topology")

    @property
    @pulumi.getter
    def mode(self) -> pulumi.Output[str]:
        """`required`: an instance that would break the rule waits; `preferred`: it is kept as far as there is room.
        (a change replaces the object; "required" by default)
        """
        return told(self, "mode")

    @property
    @pulumi.getter
    def description(self) -> pulumi.Output[str]:
        """What the group is for."""
        return told(self, "description")

    @property
    @pulumi.getter
    def status(self) -> pulumi.Output[PlacementGroupStatus]:
        """What was found of it when it was last read."""
        return told(self, "status")


__all__ = [
    "PlacementGroupArgs",
    "PlacementGroupArgsDict",
    "PlacementGroupMode",
    "PlacementGroupRule",
    "PlacementGroupStatus",
    "PlacementGroupTopology",
]
