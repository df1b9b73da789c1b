"""A guest's disks and cards as libvirt's XML, and read back from it.

Each carries an alias made of its uid, which libvirt keeps through every definition, start, attachment and
restart of its own: by it a device is found again whatever its name or slot became.
"""

from __future__ import annotations

import re
import string
import xml.etree.ElementTree as ET
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from pextra.drivers.interface import DiskSource, GuestDisk, GuestNic, Permanent

DISK: Final = "disk"
NIC: Final = "nic"
SEED_ALIAS: Final = "ua-seed"
RESCUE_ALIAS: Final = "ua-rescue"
_ESCAPED: Final = re.compile(rb"_([0-9a-f]{2})")
_PLAIN: Final = frozenset((string.ascii_letters + string.digits + "-").encode())


def alias_of(kind: str, uid: str) -> str:
    """The alias of a guest's disk or card: letters, digits, '-' and '_' are all that libvirt takes."""
    return f"ua-{kind}-" + "".join(chr(byte) if byte in _PLAIN else f"_{byte:02x}" for byte in uid.encode())


def uid_of(kind: str, alias: str) -> str | None:
    """The uid that an alias was made of; None when it is none of `alias_of`'s of this kind."""
    prefix = f"ua-{kind}-"
    if not alias.startswith(prefix):
        return None
    escaped = alias.removeprefix(prefix).encode()
    return _ESCAPED.sub(lambda match: bytes([int(match.group(1), 16)]), escaped).decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Plugged:
    """A disk or card as libvirt has it.

    Attributes:
        name: "vdb" of a disk; of a card the host's device, where it has one.
        source: a disk's path.
    """

    uid: str
    name: str
    mac: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Devices:
    """What a domain has plugged in."""

    disks: tuple[Plugged, ...]
    nics: tuple[Plugged, ...]
    disk_names: frozenset[str]  # also of disks that are no volumes
    free_slots: int  # for devices that come while it runs

    @property
    def uids(self) -> frozenset[str]:
        """Of the volumes and ports."""
        return frozenset(device.uid for device in (*self.disks, *self.nics))


def devices_of(domain: ET.Element) -> Devices:
    """The devices in a domain's XML."""
    slots = {
        int(c.get("index", "-1")) for c in domain.iterfind("devices/controller[@type='pci'][@model='pcie-root-port']")
    }
    taken = {int(a.get("bus", "0"), 0) for a in domain.iterfind("devices/*/address[@type='pci']")}
    return Devices(
        disks=tuple(_plugged(domain, "disk", DISK)),
        nics=tuple(_plugged(domain, "interface", NIC)),
        disk_names=frozenset(t.get("dev", "") for t in domain.iterfind("devices/disk/target")),
        free_slots=len(slots - taken),
    )


def _plugged(domain: ET.Element, tag: str, kind: str) -> Iterator[Plugged]:
    for device in domain.iterfind(f"devices/{tag}"):
        alias, target = device.find("alias"), device.find("target")
        uid = None if alias is None else uid_of(kind, alias.get("name", ""))
        if uid is not None:
            mac, source = device.find("mac"), device.find("source")
            yield Plugged(
                uid,
                "" if target is None else target.get("dev", ""),
                "" if mac is None else mac.get("address", ""),
                "" if source is None else source.get("file", ""),
            )


def disk_name(taken: Collection[str]) -> str:
    """The first name of a virtio disk that is free, from vda to vdz and on with vdaa."""
    letters = string.ascii_lowercase
    names = (f"vd{first}{last}" for first in ("", *letters) for last in letters)
    return next(name for name in names if name not in taken)


def disk_element(disk: GuestDisk, name: str, *, alias: str = "", boot: int = 0) -> ET.Element:
    """A disk.

    Args:
        disk: what the guest is to have.
        name: "vda".
        alias: instead of the one made from the volume's uid.
        boot: its place in the order of what is booted, from 1; 0: never.

    Raises:
        Permanent: `DiskUnsupported`.
    """
    return file_disk_element(
        disk.source,
        name,
        read_only=disk.read_only,
        serial=_serial(disk.volume_uid),
        alias=alias or alias_of(DISK, disk.volume_uid),
        boot=boot,
    )


def file_disk_element(
    source: DiskSource, name: str, *, read_only: bool, serial: str, alias: str, boot: int = 0
) -> ET.Element:
    """A disk that is a file; see `disk_element`."""
    if source.type != "file" or source.format not in ("qcow2", "raw"):
        raise Permanent(
            "DiskUnsupported",
            f"a disk of type {source.type!r} and format {source.format!r} cannot be attached",
        )
    element = ET.Element("disk", type="file", device="disk")
    # A guest whose disk fails is held until somebody has seen to it: most file systems do not survive the error.
    ET.SubElement(element, "driver", name="qemu", type=source.format, error_policy="stop", discard="unmap")
    ET.SubElement(element, "source", file=source.location)
    ET.SubElement(element, "target", dev=name, bus="virtio")
    if read_only:
        ET.SubElement(element, "readonly")
    ET.SubElement(element, "serial").text = serial
    if boot:
        ET.SubElement(element, "boot", order=str(boot))
    ET.SubElement(element, "alias", name=alias)
    return element


def nic_element(nic: GuestNic) -> ET.Element:
    """A network card.

    Raises:
        Permanent: `BindingUnsupported`.
    """
    binding = nic.binding
    if binding.type == "user":
        element = ET.Element("interface", type="user")
    elif binding.type == "tap" and binding.target:
        element = ET.Element("interface", type="ethernet")
    else:
        raise Permanent(
            "BindingUnsupported",
            f"port {nic.port_uid} cannot be plugged as {binding.type!r} at {binding.target!r}: "
            "only as 'user', or as 'tap' with the name of its device",
        )
    ET.SubElement(element, "mac", address=nic.mac)
    ET.SubElement(element, "model", type="virtio")
    if binding.type == "tap":
        # The device is there and the guests' account may open it: QEMU needs no right to make one.
        ET.SubElement(element, "target", dev=binding.target, managed="no")
        if nic.mtu is not None:
            ET.SubElement(element, "mtu", size=str(nic.mtu))
        if binding.in_userspace:
            driver = ET.SubElement(element, "driver")
            for side in ("host", "guest"):
                ET.SubElement(driver, side, csum="off", tso4="off", tso6="off", ecn="off", ufo="off")
    ET.SubElement(element, "alias", name=alias_of(NIC, nic.port_uid))
    return element


def _serial(volume_uid: str) -> str:
    """The end of the uid, where a UUIDv7 is random: a virtio disk's serial has 20 characters."""
    return volume_uid.replace("-", "")[-20:]
