"""A join token as a Pulumi resource.

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
class JoinTokenStatus:
    """What a join token was found to be."""

    observed_generation: int | None = None
    """The generation of which the conditions speak."""

    conditions: Sequence[Condition] | None = None
    """What is true of the object; every kind has `ready`."""


@input_type
class JoinTokenArgs:
    """What is wanted of a join token."""

    host: Input[str]
    """The host that the machine becomes. (the name of host; a change replaces the object)"""

    name: Input[str] | None = None
    """Its name. Made of the resource's name, project and stack when absent."""

    labels: Input[Mapping[str, Input[str]]] | None = None
    """For selecting it."""

    annotations: Input[Mapping[str, Input[str]]] | None = None
    """For whoever reads it."""

    valid_for_s: Input[int] | None = None
    """How long it may be used after it was made. (in s; a change replaces the object; 3600 by default)"""


class JoinTokenArgsDict(TypedDict, total=False):
    """`JoinTokenArgs` as a dictionary."""

    host: Required[Input[str]]
    name: Input[str]
    labels: Input[Mapping[str, Input[str]]]
    annotations: Input[Mapping[str, Input[str]]]
    valid_for_s: Input[int]


class JoinTokenFields(Declared):
    """Lets the agent of one machine join as a host, once: `pextra-agent join`. The token itself is shown once, in
    the answer that made it; it is used up by the first machine that joins, which shuts out any that joined as
    this host before. Deleting the object revokes it.
    """

    kind_name: ClassVar[str] = "join_token"
    outputs: ClassVar[tuple[str, ...]] = (
        "name",
        "uid",
        "labels",
        "annotations",
        "host",
        "valid_for_s",
        "token",
        "status",
    )

    @overload
    def __init__(self, resource_name: str, args: JoinTokenArgs, opts: pulumi.ResourceOptions | None = None) -> None: ...
    @overload
    def __init__(
        self,
        resource_name: str,
        args: None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Unpack[JoinTokenArgsDict],
    ) -> None: ...
    def __init__(
        self,
        resource_name: str,
        args: JoinTokenArgs | None = None,
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
    def host(self) -> pulumi.Output[str]:
        """The host that the machine becomes. (the name of host; a change replaces the object)"""
        return told(self, "host")

    @property
    @pulumi.getter
    def valid_for_s(self) -> pulumi.Output[int]:
        """How long it may be used after it was made. (in s; a change replaces the object; 3600 by default)"""
        return told(self, "valid_for_s")

    @property
    @pulumi.getter
    def token(self) -> pulumi.Output[str]:
        """What was minted, a secret."""
        return told(self, "token")

    @property
    @pulumi.getter
    def status(self) -> pulumi.Output[JoinTokenStatus]:
        """What was found of it when it was last read."""
        return told(self, "status")


__all__ = [
    "JoinTokenArgs",
    "JoinTokenArgsDict",
    "JoinTokenStatus",
]
