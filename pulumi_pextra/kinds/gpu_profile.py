"""A gpu profile as a Pulumi resource.

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
class GpuProfileStatus:
    """What a gpu profile was found to be."""

    observed_generation: int | None = None
    """The generation of which the conditions speak."""

    conditions: Sequence[Condition] | None = None
    """What is true of the object; every kind has `ready`."""


class GpuProfileMode(StrEnum):
    """`whole`: the GPU itself; `share`: a share of its time; `vf`: an SR-IOV virtual function; `mig`: a MIG
    instance; `vgpu`: a mediated device. A GPU is used in one mode at a time.
    """

    WHOLE = "whole"
    SHARE = "share"
    VF = "vf"
    MIG = "mig"
    VGPU = "vgpu"


@input_type
class GpuProfileArgs:
    """What is wanted of a gpu profile."""

    name: Input[str] | None = None
    """Its name. Made of the resource's name, project and stack when absent."""

    labels: Input[Mapping[str, Input[str]]] | None = None
    """For selecting it."""

    annotations: Input[Mapping[str, Input[str]]] | None = None
    """For whoever reads it."""

    models: Input[Sequence[Input[str]]] | None = None
    """Models of which any will do, as hosts report them; without one, every model."""

    mode: Input[GpuProfileMode | Literal["whole", "share", "vf", "mig", "vgpu"]] | None = None
    """`whole`: the GPU itself; `share`: a share of its time; `vf`: an SR-IOV virtual function; `mig`: a MIG
    instance; `vgpu`: a mediated device. A GPU is used in one mode at a time. ("whole" by default)
    """

    slice: Input[str] | None = None
    """Which MIG profile, such as `1g.10gb`, or which vGPU type; only with `mig` and `vgpu`."""

    share_milli: Input[int] | None = None
    """Thousandths of the GPU; only with `share`."""


class GpuProfileArgsDict(TypedDict, total=False):
    """`GpuProfileArgs` as a dictionary."""

    name: Input[str]
    labels: Input[Mapping[str, Input[str]]]
    annotations: Input[Mapping[str, Input[str]]]
    models: Input[Sequence[Input[str]]]
    mode: Input[GpuProfileMode | Literal["whole", "share", "vf", "mig", "vgpu"]]
    slice: Input[str]
    share_milli: Input[int]


class GpuProfileFields(Declared):
    """A way in which GPUs are handed out, offered to every tenant."""

    kind_name: ClassVar[str] = "gpu_profile"
    outputs: ClassVar[tuple[str, ...]] = (
        "name",
        "uid",
        "labels",
        "annotations",
        "models",
        "mode",
        "slice",
        "share_milli",
        "status",
    )

    @overload
    def __init__(
        self, resource_name: str, args: GpuProfileArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None: ...
    @overload
    def __init__(
        self,
        resource_name: str,
        args: None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Unpack[GpuProfileArgsDict],
    ) -> None: ...
    def __init__(
        self,
        resource_name: str,
        args: GpuProfileArgs | None = None,
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
    def models(self) -> pulumi.Output[Sequence[str]]:
        """Models of which any will do, as hosts report them; without one, every model."""
        return told(self, "models")

    @property
    @pulumi.getter
    def mode(self) -> pulumi.Output[str]:
        """`whole`: the GPU itself; `share`: a share of its time; `vf`: an SR-IOV virtual function; `mig`: a MIG
        instance; `vgpu`: a mediated device. A GPU is used in one mode at a time. ("whole" by default)
        """
        return told(self, "mode")

    @property
    @pulumi.getter
    def slice(self) -> pulumi.Output[str | None]:
        """Which MIG profile, such as `1g.10gb`, or which vGPU type; only with `mig` and `vgpu`."""
        return told(self, "slice")

    @property
    @pulumi.getter
    def share_milli(self) -> pulumi.Output[int | None]:
        """Thousandths of the GPU; only with `share`."""
        return told(self, "share_milli")

    @property
    @pulumi.getter
    def status(self) -> pulumi.Output[GpuProfileStatus]:
        """What was found of it when it was last read."""
        return told(self, "status")


__all__ = [
    "GpuProfileArgs",
    "GpuProfileArgsDict",
    "GpuProfileMode",
    "GpuProfileStatus",
]
