"""Kind `instance`: a virtual machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from pextra.declaration.kind import Action, Column, Kind, Spec, SpecModel, StatusModel
from pextra.declaration.markers import (
    Filterable,
    Immutable,
    ObjectName,
    OnDelete,
    Ref,
    Restart,
    SecretText,
    Unit,
)
from pextra.resources.addresses import Address
from pextra.resources.host import TaintEffect, TaintKey, TaintValue
from pextra.resources.image import COPIED_OF_IMAGE
from pextra.resources.secret import EntryName

_COPIED_OF_FLAVOR = (
    "vcpus", "memory_mib", "disk_gib", "firmware", "secure_boot", "tpm", "cpu_policy", "numa_cells", "hugepage_kib",
)  # fmt: skip


class InstanceNetwork(SpecModel):
    """A network card."""

    network: Annotated[ObjectName, Ref("network")]
    """The network that the card is on."""
    address: Address | None = None
    """A wanted address in one of the network's subnets; without it, a free one of each address family."""
    security_groups: Annotated[list[Annotated[ObjectName, Ref("security_group")]], Field(max_length=16)] = []
    """What is let through; without one, nothing comes in and everything goes out."""


_COPIED_OF_GPU_PROFILE = ("models", "mode", "slice", "share_milli")


class InstanceGpus(SpecModel):
    """GPUs for an instance, all of them on its host."""

    profile: Annotated[ObjectName, Ref("gpu_profile", OnDelete.COPIED, copy=_COPIED_OF_GPU_PROFILE)]
    """Of which models, and how they are handed out."""
    count: Annotated[int, Field(ge=1, le=16)] = 1
    """How many: GPUs, or parts of them where the profile is of parts."""
    nvlink: Literal["none", "preferred", "required"] = "none"
    """Whether all of them are to be linked to each other by NVLink, which only whole ones can be."""
    numa: Literal["none", "preferred", "required"] = "none"
    """Whether all of them are to be of one NUMA cell of the host."""


class Toleration(SpecModel):
    """Taints that do not keep an instance away."""

    key: TaintKey
    """The taints' key."""
    value: TaintValue | None = None
    """Their value; without it, any."""
    effect: TaintEffect | None = None
    """Their effect; without it, any."""


class UserDataSource(SpecModel):
    """An entry of a secret."""

    secret: Annotated[ObjectName, Ref("secret")]
    """The secret."""
    entry: EntryName
    """The name of the entry in its `data`."""


class InstanceSpec(SpecModel):
    """What an instance should be."""

    flavor: Annotated[
        ObjectName,
        Ref("flavor", OnDelete.COPIED, copy=_COPIED_OF_FLAVOR),
        Restart(),
        Filterable(),
    ]
    """Its size."""
    image: Annotated[ObjectName, Ref("image", OnDelete.RETAIN, copy=COPIED_OF_IMAGE), Immutable(), Filterable()]
    """What its root disk starts as."""
    networks: Annotated[list[InstanceNetwork], Field(max_length=16)] = []
    """Its network cards, in order. Cards come to and go from an instance while it runs."""
    volumes: Annotated[list[Annotated[ObjectName, Ref("volume", exclusive=True)]], Field(max_length=24)] = []
    """Its further disks, in order. Disks come to and go from an instance while it runs; a guest that does not let go of
    one keeps it until it is restarted."""
    ssh_keys: Annotated[
        list[Annotated[ObjectName, Ref("ssh_key", OnDelete.COPIED, copy=("public_key",))]],
        Field(max_length=32),
        Immutable(),
    ] = []
    """Public keys that cloud-init lets in at the first boot."""
    user_data: Annotated[SecretText, Immutable()] | None = None
    """cloud-init user data for the first boot; never read back."""
    user_data_from: Annotated[UserDataSource, Immutable()] | None = None
    """Takes the user data from a secret instead. The guest gets what the secret holds when its host is told of it; a
    later change reaches it with the next rebuild."""
    power: Annotated[Literal["on", "off", "paused"], Filterable()] = "on"
    """Whether it should run. `paused` holds its processors and keeps its memory."""
    stop_timeout_s: Annotated[int, Field(ge=1, le=3600), Unit("s")] = 30
    """How long the guest may take to stop when it is asked to, before it is stopped by force."""
    rescue_image: Annotated[ObjectName, Ref("image", OnDelete.RETAIN, copy=COPIED_OF_IMAGE), Restart()] | None = None
    """Boots instead of the root disk, which comes second, so that the root disk can be mended; without it the root disk
    boots again. What is written to it is lost when it is removed; remove it before you name another one."""
    restart_policy: Literal["always", "on_failure", "never"] = "on_failure"
    """When it is started again by itself. With `on_failure` an instance that powered itself off stays off, one that
    crashed or lost its host is started."""
    zone: Annotated[str, Field(max_length=63), Immutable(), Filterable()] | None = None
    """The zone that its host must be in."""
    host_labels: Annotated[
        dict[Annotated[str, Field(max_length=63)], Annotated[str, Field(max_length=63)]],
        Field(max_length=16),
        Immutable(),
    ] = {}
    """Labels that its host must have."""
    placement_group: (
        Annotated[ObjectName, Ref("placement_group", copy=("rule", "topology", "mode")), Immutable(), Filterable()]
        | None
    ) = None
    """The instances that it is to be with, or away from."""
    tolerations: Annotated[list[Toleration], Field(max_length=16), Immutable()] = []
    """Taints of hosts that it does not mind."""
    gpus: Annotated[InstanceGpus, Immutable()] | None = None
    """GPUs that it has for as long as it lives."""
    priority: Annotated[int, Field(ge=-10, le=10), Filterable()] = 0
    """Among instances that wait for room the highest comes first, then the oldest. What is above 0 is charged to the
    quota `priority`; once the instance has a host it counts for nothing, and can be lowered."""

    @field_validator("volumes")
    @classmethod
    def _named_once(cls, volumes: list[str]) -> list[str]:
        if len(set(volumes)) < len(volumes):
            raise ValueError("names one volume twice")
        return volumes

    @model_validator(mode="after")
    def _one_user_data(self) -> InstanceSpec:
        if self.user_data is not None and self.user_data_from is not None:
            raise ValueError("user_data and user_data_from exclude each other: give one of them")
        return self


class ConsoleLogArguments(SpecModel):
    """How much of the console is wanted."""

    tail_bytes: Annotated[int, Field(ge=1, le=65_536), Unit("bytes")] = 16_384
    """At most so many bytes from the end."""


class ConsoleArguments(SpecModel):
    """What of the machine is wanted."""

    device: Literal["serial", "display"] = "serial"
    """Its serial console, or its display (RFB, as VNC speaks it)."""


class ConsoleTicket(SpecModel):
    """What opens the console, once and soon."""

    ticket: str
    """The ticket. It is good for some seconds and one connection."""
    expires_at: str
    """When it stops being good."""
    url: str
    """Where to open a websocket with the subprotocols `pextra.console` and `pextra.ticket.` and the ticket. What the
    device says and is told flows through it as binary messages."""
    page: str = ""
    """A page for a browser that shows the display; the ticket is in its fragment, which no server sees."""


class DiskCounters(SpecModel):
    """What an instance did with one disk since it was started."""

    volume_uid: str
    """The volume's uid; the root disk's is the instance's own."""
    read_bytes: Annotated[int, Unit("bytes")] = 0
    """Bytes read."""
    read_operations: int = 0
    """Requests to read."""
    written_bytes: Annotated[int, Unit("bytes")] = 0
    """Bytes written."""
    write_operations: int = 0
    """Requests to write."""


class CardCounters(SpecModel):
    """What went through one network card since the instance was started, as the guest sees it."""

    card: int
    """Which of its cards, counted from 0."""
    received_bytes: Annotated[int, Unit("bytes")] = 0
    """Bytes received."""
    received_packets: int = 0
    """Packets received."""
    sent_bytes: Annotated[int, Unit("bytes")] = 0
    """Bytes sent."""
    sent_packets: int = 0
    """Packets sent."""


class InstanceMetrics(SpecModel):
    """What an instance has counted since it was started; the counters begin anew with each start."""

    uid: str
    """The instance's uid."""
    at: str = ""
    """When it was measured, RFC 3339; empty when it did not run when its host was measured last."""
    cpu_ns: int = 0
    """Nanoseconds that it spent on processors."""
    memory_mib: Annotated[int, Unit("MiB")] = 0
    """Memory that it may use."""
    resident_mib: Annotated[int, Unit("MiB")] = 0
    """What the host's memory holds of it."""
    disks: list[DiskCounters] = []
    """Its disks."""
    cards: list[CardCounters] = []
    """Its network cards, as far as its host can count."""


class GuestClaims(SpecModel):
    """What the agent within a guest (qemu-guest-agent) says of it: claims, not to be relied on."""

    hostname: str = ""
    """Its name."""
    os: str = ""
    """Its system."""
    addresses: list[str] = []
    """Its addresses, those of the loopback left out; the first 16."""


class GivenGpu(SpecModel):
    """A GPU, or a part of one, that an instance has."""

    address: str
    """Its PCI address on the host."""
    model: str
    """Its model."""
    mode: str
    """How it is handed out."""
    slice: str = ""
    """The MIG profile or vGPU type."""
    milli: int = 1000
    """Thousandths of the GPU."""
    function: str = ""
    """Of a virtual function, or a vGPU that is made of one, its PCI address on the host, as the guest was put together
    last."""


class GivenCell(SpecModel):
    """What an instance has of one NUMA cell of its host."""

    cell: int
    """The host's number of it."""
    bound: bool = False
    """Whether all its processors and memory are of this cell, because its GPUs are."""
    vcpus: int = 0
    """Virtual processors that run on the cell's shared threads."""
    memory_mib: Annotated[int, Unit("MiB")] = 0
    """Ordinary memory, in MiB."""
    dedicated_threads: int = 0
    """Threads that no other instance uses."""
    hugepages_2m: int = 0
    """Pages of 2 MiB."""
    hugepages_1g: int = 0
    """Pages of 1 GiB."""


class InstanceStatus(StatusModel):
    """What an instance was found to be."""

    host: str = ""
    """The name of its host."""
    host_uid: str = ""
    """The uid of its host."""
    pool: str = ""
    """The storage pool of its root disk."""
    power: str = ""
    """`running`, `off` or `paused`."""
    stop_cause: str = ""
    """Why it is off."""
    boots: int = 0
    """How often it was started."""
    addresses: list[str] = []
    """Its addresses, in the order of its cards."""
    guest: GuestClaims | None = None
    """What the guest says of itself, once an agent in it has; gone when it is off."""
    placement: dict[str, Any] = {}
    """Why it is on this host, or why on none."""
    gpus: list[GivenGpu] = []
    """The GPUs that it has."""
    numa: list[GivenCell] = []
    """What it has of its host's NUMA cells: all that it is bound to, or its own threads and hugepages."""
    volumes: list[str] = []
    """The uids of the volumes that it holds."""
    panicked_boot: int = 0
    """Which of its boots ended in a panic of its kernel last; 0: none did."""
    panicked_at: str = ""
    """When that was found, RFC 3339."""
    rebuild_act: str = ""
    """The operation for which its root disk is being made anew."""
    rebuilds: list[str] = []
    """The last operations for which it was."""


def _charge(spec: Spec, resolved: Mapping[str, Any]) -> Mapping[str, int]:
    flavor = resolved.get(f"flavor/{spec['flavor']}")
    if flavor is None:
        return {}
    charged = {"vcpus": flavor["vcpus"], "memory_mib": flavor["memory_mib"], "volume_gib": flavor["disk_gib"]}
    if spec["priority"] > 0:
        charged["priority"] = spec["priority"]
    return {**charged, **_charged_gpus(spec, resolved)}


def _charged_gpus(spec: Spec, resolved: Mapping[str, Any]) -> Mapping[str, int]:
    wish = spec.get("gpus")
    profile = resolved.get(f"gpu_profile/{wish['profile']}") if wish is not None else None
    if wish is None or profile is None:
        return {}
    count: int = wish["count"]
    charged = {"gpus": count, f"gpus/profile.{wish['profile']}": count}
    models: list[str] = profile.get("models") or []
    if len(models) == 1:  # of one that may be of several, the model is not known before it is placed
        charged[f"gpus/{models[0]}"] = count
    return charged


INSTANCE = Kind(
    name="instance",
    plural="instances",
    description="A virtual machine.",
    spec=InstanceSpec,
    status=InstanceStatus,
    conditions={
        "guest_panicked": "Whether its kernel panicked and it has not been started since. Which boot did last, and "
        "when that was found, stays in the status.",
        "disk_error": "Whether a disk failed, or its pool had no room, for which the guest was paused. It is false "
        "again when the guest runs on.",
    },
    sample=InstanceMetrics,
    placed=True,
    controlled=True,
    finalizers=("guest",),
    charge=_charge,
    countables={
        "vcpus": "Virtual processors of instances.",
        "memory_mib": "MiB of memory of instances.",
        "volume_gib": "GiB of volumes and of instances' root disks.",
        "priority": "The sum of the priorities above 0 of instances.",
    },
    families={
        "gpus": "GPUs of instances, and parts of GPUs; `gpus/` and a model: those that can only be of that model, and "
        "`gpus/profile.` and a name: those of that profile.",
    },
    actions=(
        Action(name="reboot", description="Restart the machine once."),
        Action(
            name="rebuild",
            description="Make the root disk anew from the image: what is on it is lost, further volumes stay.",
        ),
        Action(
            name="console_log",
            description="Read the end of the serial console; the text is the operation's result.",
            arguments=ConsoleLogArguments,
        ),
        Action(
            name="console",
            description="Open the serial console or the display; the answer shows a ticket for one connection.",
            arguments=ConsoleArguments,
            mints=ConsoleTicket,
        ),
    ),
    short_names=("vm", "inst"),
    columns=(
        Column(title="FLAVOR", path="spec.flavor"),
        Column(title="POWER", path="status.power"),
        Column(title="ADDRESSES", path="status.addresses"),
        Column(title="HOST", path="status.host"),
    ),
    example={
        "kind": "instance",
        "metadata": {"name": "web-1", "labels": {"app": "web"}},
        "spec": {
            "flavor": "small",
            "image": "system/debian-12",
            "networks": [{"network": "front", "security_groups": ["web"]}],
        },
    },
)
