"""A quota as a Pulumi resource.

Generated from the API's declarations by scripts/generate.py; do not edit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, ClassVar, Literal, TypedDict, Unpack, overload

import pulumi
from pulumi import Input

from pulumi_pextra.declared import Declared
from pulumi_pextra.types import Condition, input_type, output_type, told


@output_type
class QuotaStatus:
    """What of the limits is in use."""

    observed_generation: int | None = None
    """The generation of which the conditions speak."""

    conditions: Sequence[Condition] | None = None
    """What is true of the object; every kind has `ready`."""

    usage: Mapping[str, Mapping[str, int]] | None = None
    """For each countable: `limit` (null: unlimited), `used` by the tenant's own objects, those included that are
    being made or deleted, `granted` to its children, and what is `available` still (null: without limit).
    """


class QuotaUnlisted(StrEnum):
    """The limit of every countable that `limits` does not name. `unlimited` is possible only under an unlimited
    parent.
    """

    NONE = "none"
    UNLIMITED = "unlimited"


@input_type
class QuotaArgs:
    """What is wanted of a quota."""

    name: Input[str] | None = None
    """Its name. `default`, and nothing else."""

    tenant: Input[str] | None = None
    """Whose it is; the configured tenant's when absent."""

    labels: Input[Mapping[str, Input[str]]] | None = None
    """For selecting it."""

    annotations: Input[Mapping[str, Input[str]]] | None = None
    """For whoever reads it."""

    limits: Input[Mapping[str, Input[int | Literal["unlimited"]]]] | None = None
    """The most of each countable; of one that comes in several kinds also of each kind, such as `gpus/a100`."""

    unlisted: Input[QuotaUnlisted | Literal["none", "unlimited"]] | None = None
    """The limit of every countable that `limits` does not name. `unlimited` is possible only under an unlimited
    parent. ("none" by default)
    """


class QuotaArgsDict(TypedDict, total=False):
    """`QuotaArgs` as a dictionary."""

    name: Input[str]
    tenant: Input[str]
    labels: Input[Mapping[str, Input[str]]]
    annotations: Input[Mapping[str, Input[str]]]
    limits: Input[Mapping[str, Input[int | Literal["unlimited"]]]]
    unlisted: Input[QuotaUnlisted | Literal["none", "unlimited"]]


class QuotaFields(Declared):
    """What a tenant may use, carved out of its parent's. A new tenant may use nothing."""

    kind_name: ClassVar[str] = "quota"
    outputs: ClassVar[tuple[str, ...]] = (
        "name",
        "uid",
        "tenant",
        "labels",
        "annotations",
        "limits",
        "unlisted",
        "status",
    )

    @overload
    def __init__(self, resource_name: str, args: QuotaArgs, opts: pulumi.ResourceOptions | None = None) -> None: ...
    @overload
    def __init__(
        self,
        resource_name: str,
        args: None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Unpack[QuotaArgsDict],
    ) -> None: ...
    def __init__(
        self,
        resource_name: str,
        args: QuotaArgs | None = None,
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
    def limits(self) -> pulumi.Output[Mapping[str, Any]]:
        """The most of each countable; of one that comes in several kinds also of each kind, such as `gpus/a100`."""
        return told(self, "limits")

    @property
    @pulumi.getter
    def unlisted(self) -> pulumi.Output[str]:
        """The limit of every countable that `limits` does not name. `unlimited` is possible only under an unlimited
        parent. ("none" by default)
        """
        return told(self, "unlisted")

    @property
    @pulumi.getter
    def status(self) -> pulumi.Output[QuotaStatus]:
        """What was found of it when it was last read."""
        return told(self, "status")


__all__ = [
    "QuotaArgs",
    "QuotaArgsDict",
    "QuotaStatus",
    "QuotaUnlisted",
]
