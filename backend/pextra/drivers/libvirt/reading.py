"""What a domain's XML says, read once for as long as it stays the same.

A host's guests are looked at every few seconds and seldom change. Reading the XML is most of what a look costs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from pextra.drivers.libvirt import record
from pextra.drivers.libvirt.devices import Devices, devices_of
from pextra.drivers.libvirt.domain import AGENT_CHANNEL, GPU_CHANNEL
from pextra.drivers.libvirt.record import Record
from pextra.drivers.libvirt.topology import paths_of

_KEPT = 1024
"""Texts; two a guest, of some 8 KiB each."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is wanted to know of a domain.

    Attributes:
        record: None of a domain that is not ours.
        agent_connected: whether the agent within the guest holds its channel open.
        uefi: whether its firmware is UEFI, not a BIOS.
        gpu_channel: whether it can tell of its GPUs.
        paths: see `topology.paths_of`.
    """

    record: Record | None
    devices: Devices
    vcpus: int
    memory_mib: int
    agent_connected: bool
    uefi: bool
    gpu_channel: bool
    paths: Mapping[str, str]


@lru_cache(maxsize=_KEPT)
def read(xml: str) -> Reading:
    """What the XML says."""
    domain = record.parse_xml(xml)
    channel = domain.find(f"devices/channel/target[@name='{AGENT_CHANNEL}']")
    return Reading(
        record=record.from_domain(domain),
        devices=devices_of(domain),
        vcpus=int(domain.findtext("vcpu", "0")),
        memory_mib=int(domain.findtext("memory", "0")) // 1024,  # libvirt always answers in KiB
        agent_connected=channel is not None and channel.get("state") == "connected",
        uefi=domain.find("os/loader[@type='pflash']") is not None,
        gpu_channel=domain.find(f"devices/channel/target[@name='{GPU_CHANNEL}']") is not None,
        paths=paths_of(domain),
    )
