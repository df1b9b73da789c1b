"""A ssh key as a Pulumi resource.

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
class SshKeyStatus:
    """What a ssh key was found to be."""

    observed_generation: int | None = None
    """The generation of which the conditions speak."""

    conditions: Sequence[Condition] | None = None
    """What is true of the object; every kind has `ready`."""


@input_type
class SshKeyArgs:
    """What is wanted of a ssh key."""

    public_key: Input[str]
    """One line in OpenSSH's form. (a change replaces the object)"""

    name: Input[str] | None = None
    """Its name. Made of the resource's name, project and stack when absent."""

    tenant: Input[str] | None = None
    """Whose it is; the configured tenant's when absent."""

    labels: Input[Mapping[str, Input[str]]] | None = None
    """For selecting it."""

    annotations: Input[Mapping[str, Input[str]]] | None = None
    """For whoever reads it."""


class SshKeyArgsDict(TypedDict, total=False):
    """`SshKeyArgs` as a dictionary."""

    public_key: Required[Input[str]]
    name: Input[str]
    tenant: Input[str]
    labels: Input[Mapping[str, Input[str]]]
    annotations: Input[Mapping[str, Input[str]]]


class SshKeyFields(Declared):
    """A public key that guests let in. It is copied into an instance when the instance is made."""

    kind_name: ClassVar[str] = "ssh_key"
    outputs: ClassVar[tuple[str, ...]] = (
        "name",
        "uid",
        "tenant",
        "labels",
        "annotations",
        "public_key",
        "status",
    )

    @overload
    def __init__(self, resource_name: str, args: SshKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None: ...
    @overload
    def __init__(
        self,
        resource_name: str,
        args: None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Unpack[SshKeyArgsDict],
    ) -> None: ...
    def __init__(
        self,
        resource_name: str,
        args: SshKeyArgs | None = None,
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
    def public_key(self) -> pulumi.Output[str]:
        """One line in OpenSSH's form. (a change replaces the object)"""
        return told(self, "public_key")

    @property
    @pulumi.getter
    def status(self) -> pulumi.Output[SshKeyStatus]:
        """What was found of it when it was last read."""
        return told(self, "status")


__all__ = [
    "SshKeyArgs",
    "SshKeyArgsDict",
    "SshKeyStatus",
]
