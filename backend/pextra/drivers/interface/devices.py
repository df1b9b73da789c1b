"""Devices of a host that one guest has for itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class DeviceKind(StrEnum):
    """How a device reaches its guest."""

    VFIO = "vfio"  # a PCI function, whole or virtual, driven by the guest alone
    MDEV = "mdev"  # a mediated device, which a driver of the host makes of a PCI function
    VGPU = "vgpu"  # a virtual function that stays with its vendor's driver, which makes it a GPU of some type


@dataclass(frozen=True, slots=True)
class GuestDevice:
    """A device of the host that one guest has for itself.

    Attributes:
        address: of the PCI function, domain:bus:device.function in lower case; of a mediated device, of its parent.
        uuid: of a mediated device, chosen by whoever hands it out; empty for others.
        type: of a mediated device or a vGPU what it is: the vendor's name ("L40S-12Q"), or the kernel's ("nvidia-699")
            or the driver's number ("1075"); empty for others.
        numa_node: the host's NUMA cell that it is near to; None: unknown.
        root_complex: domain:bus of the root bus that it hangs on ("0000:40"); empty: unknown.
        model: vendor and device of the function at the address ("10de:2330"); another one there, after cards moved,
            is not what was given. Empty: any.
    """

    kind: DeviceKind
    address: str
    uuid: str = ""
    type: str = ""
    numa_node: int | None = None
    root_complex: str = ""
    model: str = ""

    @property
    def name(self) -> str:
        """What tells it from all other devices of the host: its UUID, otherwise its address."""
        return self.uuid or self.address


@dataclass(frozen=True, slots=True)
class GpuChannel:
    """The way on which a running guest may tell of its GPUs. What comes out of it is anything that the guest likes.

    Attributes:
        uid: the guest's.
        socket: a UNIX stream socket of the guests' account, which takes one connection at a time.
        addresses: of the host's PCI functions that the guest runs with.
        paths: the same, by where they are in the guest: the root bus, then device and function of each bridge and of
            the function itself (`0000:00/02.3/00.0`); without those of which it is unknown.
    """

    uid: str
    socket: Path
    addresses: frozenset[str]
    paths: Mapping[str, str]
