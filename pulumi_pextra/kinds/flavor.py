"""A flavor as a Pulumi resource.

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
class FlavorStatus:
    """What a flavor was found to be."""

    observed_generation: int | None = None
    """The generation of which the conditions speak."""

    conditions: Sequence[Condition] | None = None
    """What is true of the object; every kind has `ready`."""


class FlavorFirmware(StrEnum):
    """What starts the boot loader; images say which they need."""

    BIOS = "bios"
    UEFI = "uefi"


class FlavorCpuPolicy(StrEnum):
    """`dedicated`: each virtual processor has a processor thread of the host that no other instance uses."""

    SHARED = "shared"
    DEDICATED = "dedicated"


@input_type
class FlavorArgs:
    """What is wanted of a flavor."""

    vcpus: Input[int]
    """Virtual processors."""

    memory_mib: Input[int]
    """Memory. (in MiB)"""

    disk_gib: Input[int]
    """Root disk. (in GiB)"""

    name: Input[str] | None = None
    """Its name. Made of the resource's name, project and stack when absent."""

    labels: Input[Mapping[str, Input[str]]] | None = None
    """For selecting it."""

    annotations: Input[Mapping[str, Input[str]]] | None = None
    """For whoever reads it."""

    firmware: Input[FlavorFirmware | Literal["bios", "uefi"]] | None = None
    """What starts the boot loader; images say which they need. ("bios" by default)"""

    secure_boot: Input[bool] | None = None
    """Whether only what Microsoft's keys signed is booted, as most distributions and Windows are; needs `uefi`."""

    tpm: Input[bool] | None = None
    """Whether there is a TPM 2.0. What it keeps goes with the instance."""

    cpu_policy: Input[FlavorCpuPolicy | Literal["shared", "dedicated"]] | None = None
    """`dedicated`: each virtual processor has a processor thread of the host that no other instance uses. ("shared"
    by default)
    """

    numa_cells: Input[int] | None = None
    """NUMA cells that the guest sees; virtual processors and memory are split evenly among them. (1 by default)"""

    hugepage_kib: Input[Literal[2048, 1048576]] | None = None
    """Size of the host's pages that back the memory, of which the host must have reserved enough; without it
    ordinary pages do. (in KiB)
    """


class FlavorArgsDict(TypedDict, total=False):
    """`FlavorArgs` as a dictionary."""

    vcpus: Required[Input[int]]
    memory_mib: Required[Input[int]]
    disk_gib: Required[Input[int]]
    name: Input[str]
    labels: Input[Mapping[str, Input[str]]]
    annotations: Input[Mapping[str, Input[str]]]
    firmware: Input[FlavorFirmware | Literal["bios", "uefi"]]
    secure_boot: Input[bool]
    tpm: Input[bool]
    cpu_policy: Input[FlavorCpuPolicy | Literal["shared", "dedicated"]]
    numa_cells: Input[int]
    hugepage_kib: Input[Literal[2048, 1048576]]


class FlavorFields(Declared):
    """A size of instances, offered to every tenant."""

    kind_name: ClassVar[str] = "flavor"
    outputs: ClassVar[tuple[str, ...]] = (
        "name",
        "uid",
        "labels",
        "annotations",
        "vcpus",
        "memory_mib",
        "disk_gib",
        "firmware",
        "secure_boot",
        "tpm",
        "cpu_policy",
        "numa_cells",
        "hugepage_kib",
        "status",
    )

    @overload
    def __init__(self, resource_name: str, args: FlavorArgs, opts: pulumi.ResourceOptions | None = None) -> None: ...
    @overload
    def __init__(
        self,
        resource_name: str,
        args: None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Unpack[FlavorArgsDict],
    ) -> None: ...
    def __init__(
        self,
        resource_name: str,
        args: FlavorArgs | None = None,
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
    def vcpus(self) -> pulumi.Output[int]:
        """Virtual processors."""
        return told(self, "vcpus")

    @property
    @pulumi.getter
    def memory_mib(self) -> pulumi.Output[int]:
        """Memory. (in MiB)"""
        return told(self, "memory_mib")

    @property
    @pulumi.getter
    def disk_gib(self) -> pulumi.Output[int]:
        """Root disk. (in GiB)"""
        return told(self, "disk_gib")

    @property
    @pulumi.getter
    def firmware(self) -> pulumi.Output[str]:
        """What starts the boot loader; images say which they need. ("bios" by default)"""
        return told(self, "firmware")

    @property
    @pulumi.getter
    def secure_boot(self) -> pulumi.Output[bool]:
        """Whether only what Microsoft's keys signed is booted, as most distributions and Windows are; needs `uefi`."""
        return told(self, "secure_boot")

    @property
    @pulumi.getter
    def tpm(self) -> pulumi.Output[bool]:
        """Whether there is a TPM 2.0. What it keeps goes with the instance."""
        return told(self, "tpm")

    @property
    @pulumi.getter
    def cpu_policy(self) -> pulumi.Output[str]:
        """`dedicated`: each virtual processor has a processor thread of the host that no other instance uses.
        ("shared" by default)
        """
        return told(self, "cpu_policy")

    @property
    @pulumi.getter
    def numa_cells(self) -> pulumi.Output[int]:
        """NUMA cells that the guest sees; virtual processors and memory are split evenly among them. (1 by default)"""
        return told(self, "numa_cells")

    @property
    @pulumi.getter
    def hugepage_kib(self) -> pulumi.Output[int | None]:
        """Size of the host's pages that back the memory, of which the host must have reserved enough; without it
        ordinary pages do. (in KiB)
        """
        return told(self, "hugepage_kib")

    @property
    @pulumi.getter
    def status(self) -> pulumi.Output[FlavorStatus]:
        """What was found of it when it was last read."""
        return told(self, "status")


__all__ = [
    "FlavorArgs",
    "FlavorArgsDict",
    "FlavorCpuPolicy",
    "FlavorFirmware",
    "FlavorStatus",
]
