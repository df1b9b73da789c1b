"""An instance as a Pulumi resource.

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
class InstanceGuestClaims:
    """What the agent within a guest (qemu-guest-agent) says of it: claims, not to be relied on."""

    hostname: str | None = None
    """Its name."""

    os: str | None = None
    """Its system."""

    addresses: Sequence[str] | None = None
    """Its addresses, those of the loopback left out; the first 16."""


@output_type
class InstanceGivenGpu:
    """A GPU, or a part of one, that an instance has."""

    address: str
    """Its PCI address on the host."""

    model: str
    """Its model."""

    mode: str
    """How it is handed out."""

    slice: str | None = None
    """The MIG profile or vGPU type."""

    milli: int | None = None
    """Thousandths of the GPU. (1000 by default)"""

    function: str | None = None
    """Of a virtual function, or a vGPU that is made of one, its PCI address on the host, as the guest was put
    together last.
    """


@output_type
class InstanceGivenCell:
    """What an instance has of one NUMA cell of its host."""

    cell: int
    """The host's number of it."""

    bound: bool | None = None
    """Whether all its processors and memory are of this cell, because its GPUs are."""

    vcpus: int | None = None
    """Virtual processors that run on the cell's shared threads."""

    memory_mib: int | None = None
    """Ordinary memory, in MiB. (in MiB)"""

    dedicated_threads: int | None = None
    """Threads that no other instance uses."""

    hugepages_2m: int | None = None
    """Pages of 2 MiB."""

    hugepages_1g: int | None = None
    """Pages of 1 GiB."""


@output_type
class InstanceStatus:
    """What an instance was found to be."""

    observed_generation: int | None = None
    """The generation of which the conditions speak."""

    conditions: Sequence[Condition] | None = None
    """What is true of the object; every kind has `ready`."""

    host: str | None = None
    """The name of its host."""

    host_uid: str | None = None
    """The uid of its host."""

    pool: str | None = None
    """The storage pool of its root disk."""

    power: str | None = None
    """`running`, `off` or `paused`."""

    stop_cause: str | None = None
    """Why it is off."""

    boots: int | None = None
    """How often it was started."""

    addresses: Sequence[str] | None = None
    """Its addresses, in the order of its cards."""

    guest: InstanceGuestClaims | None = None
    """What the guest says of itself, once an agent in it has; gone when it is off."""

    placement: Mapping[str, Any] | None = None
    """Why it is on this host, or why on none."""

    gpus: Sequence[InstanceGivenGpu] | None = None
    """The GPUs that it has."""

    numa: Sequence[InstanceGivenCell] | None = None
    """What it has of its host's NUMA cells: all that it is bound to, or its own threads and hugepages."""

    volumes: Sequence[str] | None = None
    """The uids of the volumes that it holds."""

    panicked_boot: int | None = None
    """Which of its boots ended in a panic of its kernel last; 0: none did."""

    panicked_at: str | None = None
    """When that was found, RFC 3339."""

    rebuild_act: str | None = None
    """The operation for which its root disk is being made anew."""

    rebuilds: Sequence[str] | None = None
    """The last operations for which it was."""


@input_type
class InstanceNetworkArgs:
    """A network card."""

    network: Input[str]
    """The network that the card is on. (the name of network)"""

    address: Input[str] | None = None
    """A wanted address in one of the network's subnets; without it, a free one of each address family."""

    security_groups: Input[Sequence[Input[str]]] | None = None
    """What is let through; without one, nothing comes in and everything goes out."""


class InstanceNetworkArgsDict(TypedDict, total=False):
    """`InstanceNetworkArgs` as a dictionary."""

    network: Required[Input[str]]
    address: Input[str]
    security_groups: Input[Sequence[Input[str]]]


@input_type
class InstanceUserDataSourceArgs:
    """An entry of a secret."""

    secret: Input[str]
    """The secret. (the name of secret)"""

    entry: Input[str]
    """The name of the entry in its `data`."""


class InstanceUserDataSourceArgsDict(TypedDict, total=False):
    """`InstanceUserDataSourceArgs` as a dictionary."""

    secret: Required[Input[str]]
    entry: Required[Input[str]]


class InstancePower(StrEnum):
    """Whether it should run. `paused` holds its processors and keeps its memory."""

    ON = "on"
    OFF = "off"
    PAUSED = "paused"


class InstanceRestartPolicy(StrEnum):
    """When it is started again by itself. With `on_failure` an instance that powered itself off stays off, one that
    crashed or lost its host is started.
    """

    ALWAYS = "always"
    ON_FAILURE = "on_failure"
    NEVER = "never"


class InstanceTolerationEffect(StrEnum):
    """One of these."""

    NO_SCHEDULE = "no_schedule"
    PREFER_NO_SCHEDULE = "prefer_no_schedule"


@input_type
class InstanceTolerationArgs:
    """Taints that do not keep an instance away."""

    key: Input[str]
    """The taints' key."""

    value: Input[str] | None = None
    """Their value; without it, any."""

    effect: Input[InstanceTolerationEffect | Literal["no_schedule", "prefer_no_schedule"]] | None = None
    """Their effect; without it, any."""


class InstanceTolerationArgsDict(TypedDict, total=False):
    """`InstanceTolerationArgs` as a dictionary."""

    key: Required[Input[str]]
    value: Input[str]
    effect: Input[InstanceTolerationEffect | Literal["no_schedule", "prefer_no_schedule"]]


class InstanceGpusNvlink(StrEnum):
    """Whether all of them are to be linked to each other by NVLink, which only whole ones can be."""

    NONE = "none"
    PREFERRED = "preferred"
    REQUIRED = "required"


class InstanceGpusNuma(StrEnum):
    """Whether all of them are to be of one NUMA cell of the host."""

    NONE = "none"
    PREFERRED = "preferred"
    REQUIRED = "required"


@input_type
class InstanceGpusArgs:
    """GPUs for an instance, all of them on its host."""

    profile: Input[str]
    """Of which models, and how they are handed out. (the name of gpu profile)"""

    count: Input[int] | None = None
    """How many: GPUs, or parts of them where the profile is of parts. (1 by default)"""

    nvlink: Input[InstanceGpusNvlink | Literal["none", "preferred", "required"]] | None = None
    """Whether all of them are to be linked to each other by NVLink, which only whole ones can be. ("none" by
    default)
    """

    numa: Input[InstanceGpusNuma | Literal["none", "preferred", "required"]] | None = None
    """Whether all of them are to be of one NUMA cell of the host. ("none" by default)"""


class InstanceGpusArgsDict(TypedDict, total=False):
    """`InstanceGpusArgs` as a dictionary."""

    profile: Required[Input[str]]
    count: Input[int]
    nvlink: Input[InstanceGpusNvlink | Literal["none", "preferred", "required"]]
    numa: Input[InstanceGpusNuma | Literal["none", "preferred", "required"]]


@input_type
class InstanceArgs:
    """What is wanted of an instance."""

    flavor: Input[str]
    """Its size. (the name of flavor; a change restarts)"""

    image: Input[str]
    """What its root disk starts as. (the name of image; a change replaces the object)"""

    name: Input[str] | None = None
    """Its name. Made of the resource's name, project and stack when absent."""

    tenant: Input[str] | None = None
    """Whose it is; the configured tenant's when absent."""

    labels: Input[Mapping[str, Input[str]]] | None = None
    """For selecting it."""

    annotations: Input[Mapping[str, Input[str]]] | None = None
    """For whoever reads it."""

    networks: Input[Sequence[Input[InstanceNetworkArgs | InstanceNetworkArgsDict]]] | None = None
    """Its network cards, in order. Cards come to and go from an instance while it runs."""

    volumes: Input[Sequence[Input[str]]] | None = None
    """Its further disks, in order. Disks come to and go from an instance while it runs; a guest that does not let
    go of one keeps it until it is restarted.
    """

    ssh_keys: Input[Sequence[Input[str]]] | None = None
    """Public keys that cloud-init lets in at the first boot. (a change replaces the object)"""

    user_data: Input[str] | None = None
    """cloud-init user data for the first boot; never read back. (a change replaces the object; a secret)"""

    user_data_from: Input[InstanceUserDataSourceArgs | InstanceUserDataSourceArgsDict] | None = None
    """Takes the user data from a secret instead. The guest gets what the secret holds when its host is told of it;
    a later change reaches it with the next rebuild. (a change replaces the object)
    """

    power: Input[InstancePower | Literal["on", "off", "paused"]] | None = None
    """Whether it should run. `paused` holds its processors and keeps its memory. ("on" by default)"""

    stop_timeout_s: Input[int] | None = None
    """How long the guest may take to stop when it is asked to, before it is stopped by force. (in s; 30 by default)
    """

    rescue_image: Input[str] | None = None
    """Boots instead of the root disk, which comes second, so that the root disk can be mended; without it the root
    disk boots again. What is written to it is lost when it is removed; remove it before you name another one.
    (the name of image; a change restarts)
    """

    restart_policy: Input[InstanceRestartPolicy | Literal["always", "on_failure", "never"]] | None = None
    """When it is started again by itself. With `on_failure` an instance that powered itself off stays off, one that
    crashed or lost its host is started. ("on_failure" by default)
    """

    zone: Input[str] | None = None
    """The zone that its host must be in. (a change replaces the object)"""

    host_labels: Input[Mapping[str, Input[str]]] | None = None
    """Labels that its host must have. (a change replaces the object)"""

    placement_group: Input[str] | None = None
    """The instances that it is to be with, or away from. (the name of placement group; a change replaces the
    object)
    """

    tolerations: Input[Sequence[Input[InstanceTolerationArgs | InstanceTolerationArgsDict]]] | None = None
    """Taints of hosts that it does not mind. (a change replaces the object)"""

    gpus: Input[InstanceGpusArgs | InstanceGpusArgsDict] | None = None
    """GPUs that it has for as long as it lives. (a change replaces the object)"""

    priority: Input[int] | None = None
    """Among instances that wait for room the highest comes first, then the oldest. What is above 0 is charged to
    the quota `priority`; once the instance has a host it counts for nothing, and can be lowered.
    """


class InstanceArgsDict(TypedDict, total=False):
    """`InstanceArgs` as a dictionary."""

    flavor: Required[Input[str]]
    image: Required[Input[str]]
    name: Input[str]
    tenant: Input[str]
    labels: Input[Mapping[str, Input[str]]]
    annotations: Input[Mapping[str, Input[str]]]
    networks: Input[Sequence[Input[InstanceNetworkArgs | InstanceNetworkArgsDict]]]
    volumes: Input[Sequence[Input[str]]]
    ssh_keys: Input[Sequence[Input[str]]]
    user_data: Input[str]
    user_data_from: Input[InstanceUserDataSourceArgs | InstanceUserDataSourceArgsDict]
    power: Input[InstancePower | Literal["on", "off", "paused"]]
    stop_timeout_s: Input[int]
    rescue_image: Input[str]
    restart_policy: Input[InstanceRestartPolicy | Literal["always", "on_failure", "never"]]
    zone: Input[str]
    host_labels: Input[Mapping[str, Input[str]]]
    placement_group: Input[str]
    tolerations: Input[Sequence[Input[InstanceTolerationArgs | InstanceTolerationArgsDict]]]
    gpus: Input[InstanceGpusArgs | InstanceGpusArgsDict]
    priority: Input[int]


@output_type
class InstanceNetwork:
    """A network card."""

    network: str
    """The network that the card is on. (the name of network)"""

    address: str | None = None
    """A wanted address in one of the network's subnets; without it, a free one of each address family."""

    security_groups: Sequence[str] | None = None
    """What is let through; without one, nothing comes in and everything goes out."""


@output_type
class InstanceUserDataSource:
    """An entry of a secret."""

    secret: str
    """The secret. (the name of secret)"""

    entry: str
    """The name of the entry in its `data`."""


@output_type
class InstanceToleration:
    """Taints that do not keep an instance away."""

    key: str
    """The taints' key."""

    value: str | None = None
    """Their value; without it, any."""

    effect: str | None = None
    """Their effect; without it, any."""


@output_type
class InstanceGpus:
    """GPUs for an instance, all of them on its host."""

    profile: str
    """Of which models, and how they are handed out. (the name of gpu profile)"""

    count: int | None = None
    """How many: GPUs, or parts of them where the profile is of parts. (1 by default)"""

    nvlink: str | None = None
    """Whether all of them are to be linked to each other by NVLink, which only whole ones can be. ("none" by
    default)
    """

    numa: str | None = None
    """Whether all of them are to be of one NUMA cell of the host. ("none" by default)"""


class InstanceFields(Declared):
    """A virtual machine."""

    kind_name: ClassVar[str] = "instance"
    outputs: ClassVar[tuple[str, ...]] = (
        "name",
        "uid",
        "tenant",
        "labels",
        "annotations",
        "flavor",
        "image",
        "networks",
        "volumes",
        "ssh_keys",
        "user_data",
        "user_data_from",
        "power",
        "stop_timeout_s",
        "rescue_image",
        "restart_policy",
        "zone",
        "host_labels",
        "placement_group",
        "tolerations",
        "gpus",
        "priority",
        "status",
    )

    @overload
    def __init__(self, resource_name: str, args: InstanceArgs, opts: pulumi.ResourceOptions | None = None) -> None: ...
    @overload
    def __init__(
        self,
        resource_name: str,
        args: None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Unpack[InstanceArgsDict],
    ) -> None: ...
    def __init__(
        self,
        resource_name: str,
        args: InstanceArgs | None = None,
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
    def flavor(self) -> pulumi.Output[str]:
        """Its size. (the name of flavor; a change restarts)"""
        return told(self, "flavor")

    @property
    @pulumi.getter
    def image(self) -> pulumi.Output[str]:
        """What its root disk starts as. (the name of image; a change replaces the object)"""
        return told(self, "image")

    @property
    @pulumi.getter
    def networks(self) -> pulumi.Output[Sequence[InstanceNetwork]]:
        """Its network cards, in order. Cards come to and go from an instance while it runs."""
        return told(self, "networks")

    @property
    @pulumi.getter
    def volumes(self) -> pulumi.Output[Sequence[str]]:
        """Its further disks, in order. Disks come to and go from an instance while it runs; a guest that does not
        let go of one keeps it until it is restarted.
        """
        return told(self, "volumes")

    @property
    @pulumi.getter
    def ssh_keys(self) -> pulumi.Output[Sequence[str]]:
        """Public keys that cloud-init lets in at the first boot. (a change replaces the object)"""
        return told(self, "ssh_keys")

    @property
    @pulumi.getter
    def user_data(self) -> pulumi.Output[str | None]:
        """cloud-init user data for the first boot; never read back. (a change replaces the object; a secret)"""
        return told(self, "user_data")

    @property
    @pulumi.getter
    def user_data_from(self) -> pulumi.Output[InstanceUserDataSource | None]:
        """Takes the user data from a secret instead. The guest gets what the secret holds when its host is told of
        it; a later change reaches it with the next rebuild. (a change replaces the object)
        """
        return told(self, "user_data_from")

    @property
    @pulumi.getter
    def power(self) -> pulumi.Output[str]:
        """Whether it should run. `paused` holds its processors and keeps its memory. ("on" by default)"""
        return told(self, "power")

    @property
    @pulumi.getter
    def stop_timeout_s(self) -> pulumi.Output[int]:
        """How long the guest may take to stop when it is asked to, before it is stopped by force. (in s; 30 by
        default)
        """
        return told(self, "stop_timeout_s")

    @property
    @pulumi.getter
    def rescue_image(self) -> pulumi.Output[str | None]:
        """Boots instead of the root disk, which comes second, so that the root disk can be mended; without it the
        root disk boots again. What is written to it is lost when it is removed; remove it before you name
        another one. (the name of image; a change restarts)
        """
        return told(self, "rescue_image")

    @property
    @pulumi.getter
    def restart_policy(self) -> pulumi.Output[str]:
        """When it is started again by itself. With `on_failure` an instance that powered itself off stays off, one
        that crashed or lost its host is started. ("on_failure" by default)
        """
        return told(self, "restart_policy")

    @property
    @pulumi.getter
    def zone(self) -> pulumi.Output[str | None]:
        """The zone that its host must be in. (a change replaces the object)"""
        return told(self, "zone")

    @property
    @pulumi.getter
    def host_labels(self) -> pulumi.Output[Mapping[str, str]]:
        """Labels that its host must have. (a change replaces the object)"""
        return told(self, "host_labels")

    @property
    @pulumi.getter
    def placement_group(self) -> pulumi.Output[str | None]:
        """The instances that it is to be with, or away from. (the name of placement group; a change replaces the
        object)
        """
        return told(self, "placement_group")

    @property
    @pulumi.getter
    def tolerations(self) -> pulumi.Output[Sequence[InstanceToleration]]:
        """Taints of hosts that it does not mind. (a change replaces the object)"""
        return told(self, "tolerations")

    @property
    @pulumi.getter
    def gpus(self) -> pulumi.Output[InstanceGpus | None]:
        """GPUs that it has for as long as it lives. (a change replaces the object)"""
        return told(self, "gpus")

    @property
    @pulumi.getter
    def priority(self) -> pulumi.Output[int]:
        """Among instances that wait for room the highest comes first, then the oldest. What is above 0 is charged
        to the quota `priority`; once the instance has a host it counts for nothing, and can be lowered.
        """
        return told(self, "priority")

    @property
    @pulumi.getter
    def status(self) -> pulumi.Output[InstanceStatus]:
        """What was found of it when it was last read."""
        return told(self, "status")


__all__ = [
    "InstanceArgs",
    "InstanceArgsDict",
    "InstanceGivenCell",
    "InstanceGivenGpu",
    "InstanceGpus",
    "InstanceGpusArgs",
    "InstanceGpusArgsDict",
    "InstanceGpusNuma",
    "InstanceGpusNvlink",
    "InstanceGuestClaims",
    "InstanceNetwork",
    "InstanceNetworkArgs",
    "InstanceNetworkArgsDict",
    "InstancePower",
    "InstanceRestartPolicy",
    "InstanceStatus",
    "InstanceToleration",
    "InstanceTolerationArgs",
    "InstanceTolerationArgsDict",
    "InstanceTolerationEffect",
    "InstanceUserDataSource",
    "InstanceUserDataSourceArgs",
    "InstanceUserDataSourceArgsDict",
]
