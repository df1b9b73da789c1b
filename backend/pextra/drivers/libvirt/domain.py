"""A guest as libvirt's domain XML: a pure function of the guest, its files and its record.

Source: https://libvirt.org/formatdomain.html
"""

from __future__ import annotations

import hashlib
import uuid
import xml.etree.ElementTree as ET
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from pextra.drivers.interface import DiskSource, GuestNic, GuestSpec, Permanent
from pextra.drivers.libvirt.record import History, Record, to_element

_ROOT_PORTS: Final = 16
_OWN_DEVICES: Final = 2  # entropy and balloon take a port each
_UUIDS: Final = uuid.UUID("b3a7ee1c-43d0-5d8e-9f3e-6d3c6d0f7a11")


@dataclass(frozen=True, slots=True)
class GuestFiles:
    """Where a guest's own files lie on this host."""

    console_log: Path
    seed: Path | None  # an ISO 9660 image


@dataclass(frozen=True, slots=True)
class Machine:
    """What every guest of a host has in common."""

    accelerated: bool  # KVM, otherwise QEMU's emulation (TCG)


def domain_uuid(uid: str) -> str:
    """The UUID under which libvirt knows a guest: its uid, or one derived from a uid that is none."""
    try:
        return str(uuid.UUID(uid))
    except ValueError:
        return str(uuid.uuid5(_UUIDS, uid))


def record_of(guest: GuestSpec, machine: Machine, files: GuestFiles, history: History) -> Record:
    """The record to define the guest with.

    Its digest changes whenever the guest's definition would; the seed's content is part of it by the
    seed's file name.
    """
    described = {key: value for key, value in asdict(guest).items() if key != "seed"}
    text = repr((sorted(described.items()), asdict(machine), str(files.console_log), str(files.seed)))
    return Record(
        uid=guest.uid,
        tenant_uid=guest.tenant_uid,
        name=guest.name,
        digest=hashlib.sha256(text.encode()).hexdigest(),
        disk_uids=tuple(disk.volume_uid for disk in guest.disks),
        port_uids=tuple(nic.port_uid for nic in guest.nics),
        history=history,
    )


def domain_xml(guest: GuestSpec, machine: Machine, files: GuestFiles, record: Record) -> str:
    """The domain XML of a guest.

    Raises:
        Permanent: `DiskUnsupported`, `BindingUnsupported` or `TooManyDevices`.
    """
    used = len(guest.disks) + len(guest.nics) + (files.seed is not None) + _OWN_DEVICES
    if used > _ROOT_PORTS:
        raise Permanent("TooManyDevices", f"{guest.name} needs {used} PCI Express slots; a guest has {_ROOT_PORTS}")
    domain = ET.Element("domain", type="kvm" if machine.accelerated else "qemu")
    _text(domain, "name", guest.uid)
    _text(domain, "uuid", domain_uuid(guest.uid))
    _text(domain, "title", guest.name)
    ET.SubElement(domain, "metadata").append(to_element(record))
    _text(domain, "memory", str(guest.memory_mib), unit="MiB")
    _text(domain, "vcpu", str(guest.vcpus), placement="static")
    _text(ET.SubElement(domain, "os"), "type", "hvm", arch="x86_64", machine="q35")
    features = ET.SubElement(domain, "features")
    ET.SubElement(features, "acpi")
    ET.SubElement(features, "apic")
    ET.SubElement(domain, "cpu", mode="host-passthrough" if machine.accelerated else "maximum")
    ET.SubElement(domain, "clock", offset="utc")
    _text(domain, "on_poweroff", "destroy")
    _text(domain, "on_reboot", "restart")
    _text(domain, "on_crash", "destroy")
    _add_devices(ET.SubElement(domain, "devices"), guest, files)
    ET.indent(domain)
    return ET.tostring(domain, encoding="unicode") + "\n"


def _add_devices(devices: ET.Element, guest: GuestSpec, files: GuestFiles) -> None:
    sources = [(disk.source, disk.read_only, _serial(disk.volume_uid)) for disk in guest.disks]
    if files.seed is not None:
        # Not a CD-ROM: the kernels made for clouds have no AHCI driver and would not see it.
        sources.append((DiskSource("file", str(files.seed), "raw"), True, "seed"))
    for index, (source, read_only, serial) in enumerate(sources):
        _add_disk(devices, index, source, read_only=read_only, serial=serial)
    ET.SubElement(devices, "controller", type="usb", model="none")
    ET.SubElement(devices, "controller", type="pci", model="pcie-root")
    for _ in range(_ROOT_PORTS):
        ET.SubElement(devices, "controller", type="pci", model="pcie-root-port")
    for nic in guest.nics:
        _add_nic(devices, nic)
    serial_port = ET.SubElement(devices, "serial", type="pty")
    ET.SubElement(serial_port, "log", file=str(files.console_log), append="on")
    ET.SubElement(serial_port, "target", port="0")
    ET.SubElement(devices, "memballoon", model="virtio")
    entropy = ET.SubElement(devices, "rng", model="virtio")
    _text(entropy, "backend", "/dev/urandom", model="random")
    ET.SubElement(devices, "panic", model="isa")


def _add_disk(devices: ET.Element, index: int, source: DiskSource, *, read_only: bool, serial: str) -> None:
    if source.type != "file" or source.format not in ("qcow2", "raw"):
        raise Permanent(
            "DiskUnsupported",
            f"a disk of type {source.type!r} and format {source.format!r} cannot be attached",
        )
    disk = ET.SubElement(devices, "disk", type="file", device="disk")
    ET.SubElement(disk, "driver", name="qemu", type=source.format, discard="unmap")
    ET.SubElement(disk, "source", file=source.location)
    ET.SubElement(disk, "target", dev=f"vd{chr(ord('a') + index)}", bus="virtio")
    if read_only:
        ET.SubElement(disk, "readonly")
    _text(disk, "serial", serial)
    if index == 0:
        ET.SubElement(disk, "boot", order="1")


def _add_nic(devices: ET.Element, nic: GuestNic) -> None:
    if nic.binding.type != "user":
        raise Permanent("BindingUnsupported", f"a port cannot be plugged as {nic.binding.type!r}: only as 'user'")
    interface = ET.SubElement(devices, "interface", type="user")
    ET.SubElement(interface, "mac", address=nic.mac)
    ET.SubElement(interface, "model", type="virtio")


def _serial(volume_uid: str) -> str:
    """The end of the uid, where a UUIDv7 is random: a virtio disk's serial has 20 characters."""
    return volume_uid.replace("-", "")[-20:]


def _text(parent: ET.Element, tag: str, text: str, **attributes: str) -> None:
    ET.SubElement(parent, tag, attributes).text = text
