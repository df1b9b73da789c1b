"""A host as a Pulumi resource.

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
class HostHugepageStatus:
    """Pages of one size that a host has set aside for guests' memory."""

    size_kib: int
    """Of one page."""

    total: int
    """How many there are."""

    free: int
    """How many of them nobody uses."""


@output_type
class HostStatus:
    """What a host was found to be."""

    observed_generation: int | None = None
    """The generation of which the conditions speak."""

    conditions: Sequence[Condition] | None = None
    """What is true of the object; every kind has `ready`."""

    vcpus: int | None = None
    """Processor threads."""

    memory_mib: int | None = None
    """Memory."""

    disk_gib: int | None = None
    """Local disk."""

    hypervisor: str | None = None
    """What runs the guests, with versions."""

    accelerated: bool | None = None
    """Whether a probe boot proved hardware virtualisation."""

    dedicated_cpus: Sequence[int] | None = None
    """Threads that are kept for guests whose flavor asks for dedicated ones."""

    hugepages: Sequence[HostHugepageStatus] | None = None
    """Pages that are set aside for guests whose flavor asks for them, by size."""

    numa_cells: int | None = None
    """NUMA cells."""

    features: Sequence[str] | None = None
    """What it can give guests beyond the plain machine: `uefi`, `secure_boot`, `tpm`."""

    cpu_model: str | None = None
    """The processor that its guests see; guests move only between hosts where it is the same."""

    pool: str | None = None
    """The storage pool of its guests' disks."""

    pool_shared: bool | None = None
    """Whether other hosts reach the pool too."""

    hardware: Mapping[str, Any] | None = None
    """Processors, NUMA cells, disks, network cards and PCI devices, as its agent found them."""

    problems: Sequence[str] | None = None
    """What it lacks, with the remedy."""

    forward_address: str | None = None
    """The host's own address, whose ports floating IPs forward; empty where they cannot."""

    agent_version: str | None = None
    """The version of its agent."""

    boot_id: str | None = None
    """Names its present boot."""


class HostDriver(StrEnum):
    """What runs its guests: `libvirt` for a real machine, `sim` for a simulated one."""

    SIM = "sim"
    LIBVIRT = "libvirt"


class HostSimulatedMachineFeatures(StrEnum):
    """One of these."""

    UEFI = "uefi"
    SECURE_BOOT = "secure_boot"
    TPM = "tpm"


@input_type
class HostSimulatedMachineArgs:
    """The size of a simulated host."""

    vcpus: Input[int] | None = None
    """Processor threads. (32 by default)"""

    memory_mib: Input[int] | None = None
    """Memory. (in MiB; 131072 by default)"""

    disk_gib: Input[int] | None = None
    """Local disk. (in GiB; 4096 by default)"""

    dedicated_threads: Input[int] | None = None
    """How many of the processor threads are kept for guests whose flavor asks for dedicated ones."""

    hugepages_2m: Input[int] | None = None
    """Pages of 2 MiB that are set aside of the memory."""

    hugepages_1g: Input[int] | None = None
    """Pages of 1 GiB that are set aside of the memory."""

    numa_cells: Input[int] | None = None
    """NUMA cells. (1 by default)"""

    features: Input[Sequence[Input[HostSimulatedMachineFeatures | Literal["uefi", "secure_boot", "tpm"]]]] | None = None
    """What it can give guests beyond the plain machine. (["uefi", "secure_boot", "tpm"] by default)"""


class HostSimulatedMachineArgsDict(TypedDict, total=False):
    """`HostSimulatedMachineArgs` as a dictionary."""

    vcpus: Input[int]
    memory_mib: Input[int]
    disk_gib: Input[int]
    dedicated_threads: Input[int]
    hugepages_2m: Input[int]
    hugepages_1g: Input[int]
    numa_cells: Input[int]
    features: Input[Sequence[Input[HostSimulatedMachineFeatures | Literal["uefi", "secure_boot", "tpm"]]]]


@input_type
class HostArgs:
    """What is wanted of a host."""

    driver: Input[HostDriver | Literal["sim", "libvirt"]]
    """What runs its guests: `libvirt` for a real machine, `sim` for a simulated one. (a change replaces the object)
    """

    name: Input[str] | None = None
    """Its name. Made of the resource's name, project and stack when absent."""

    labels: Input[Mapping[str, Input[str]]] | None = None
    """For selecting it."""

    annotations: Input[Mapping[str, Input[str]]] | None = None
    """For whoever reads it."""

    zone: Input[str] | None = None
    """The failure domain that the host is in. ("default" by default)"""

    schedulable: Input[bool] | None = None
    """Whether new guests are placed here; those that run stay. (true by default)"""

    cpu_overcommit: Input[float] | None = None
    """Virtual processors handed out for each processor thread. (4.0 by default)"""

    reserved_memory_mib: Input[int] | None = None
    """Memory kept for the host itself. (in MiB; 512 by default)"""

    simulated: Input[HostSimulatedMachineArgs | HostSimulatedMachineArgsDict] | None = None
    """The machine to simulate; only with driver `sim`."""


class HostArgsDict(TypedDict, total=False):
    """`HostArgs` as a dictionary."""

    driver: Required[Input[HostDriver | Literal["sim", "libvirt"]]]
    name: Input[str]
    labels: Input[Mapping[str, Input[str]]]
    annotations: Input[Mapping[str, Input[str]]]
    zone: Input[str]
    schedulable: Input[bool]
    cpu_overcommit: Input[float]
    reserved_memory_mib: Input[int]
    simulated: Input[HostSimulatedMachineArgs | HostSimulatedMachineArgsDict]


@output_type
class HostSimulatedMachine:
    """The size of a simulated host."""

    vcpus: int | None = None
    """Processor threads. (32 by default)"""

    memory_mib: int | None = None
    """Memory. (in MiB; 131072 by default)"""

    disk_gib: int | None = None
    """Local disk. (in GiB; 4096 by default)"""

    dedicated_threads: int | None = None
    """How many of the processor threads are kept for guests whose flavor asks for dedicated ones."""

    hugepages_2m: int | None = None
    """Pages of 2 MiB that are set aside of the memory."""

    hugepages_1g: int | None = None
    """Pages of 1 GiB that are set aside of the memory."""

    numa_cells: int | None = None
    """NUMA cells. (1 by default)"""

    features: Sequence[str] | None = None
    """What it can give guests beyond the plain machine. (["uefi", "secure_boot", "tpm"] by default)"""


class HostFields(Declared):
    """A machine that runs guests."""

    kind_name: ClassVar[str] = "host"
    outputs: ClassVar[tuple[str, ...]] = (
        "name",
        "uid",
        "labels",
        "annotations",
        "driver",
        "zone",
        "schedulable",
        "cpu_overcommit",
        "reserved_memory_mib",
        "simulated",
        "status",
    )

    @overload
    def __init__(self, resource_name: str, args: HostArgs, opts: pulumi.ResourceOptions | None = None) -> None: ...
    @overload
    def __init__(
        self,
        resource_name: str,
        args: None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Unpack[HostArgsDict],
    ) -> None: ...
    def __init__(
        self,
        resource_name: str,
        args: HostArgs | None = None,
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
    def driver(self) -> pulumi.Output[str]:
        """What runs its guests: `libvirt` for a real machine, `sim` for a simulated one. (a change replaces the
        object)
        """
        return told(self, "driver")

    @property
    @pulumi.getter
    def zone(self) -> pulumi.Output[str]:
        """The failure domain that the host is in. ("default" by default)"""
        return told(self, "zone")

    @property
    @pulumi.getter
    def schedulable(self) -> pulumi.Output[bool]:
        """Whether new guests are placed here; those that run stay. (true by default)"""
        return told(self, "schedulable")

    @property
    @pulumi.getter
    def cpu_overcommit(self) -> pulumi.Output[float]:
        """Virtual processors handed out for each processor thread. (4.0 by default)"""
        return told(self, "cpu_overcommit")

    @property
    @pulumi.getter
    def reserved_memory_mib(self) -> pulumi.Output[int]:
        """Memory kept for the host itself. (in MiB; 512 by default)"""
        return told(self, "reserved_memory_mib")

    @property
    @pulumi.getter
    def simulated(self) -> pulumi.Output[HostSimulatedMachine | None]:
        """The machine to simulate; only with driver `sim`."""
        return told(self, "simulated")

    @property
    @pulumi.getter
    def status(self) -> pulumi.Output[HostStatus]:
        """What was found of it when it was last read."""
        return told(self, "status")


__all__ = [
    "HostArgs",
    "HostArgsDict",
    "HostDriver",
    "HostHugepageStatus",
    "HostSimulatedMachine",
    "HostSimulatedMachineArgs",
    "HostSimulatedMachineArgsDict",
    "HostSimulatedMachineFeatures",
    "HostStatus",
]
