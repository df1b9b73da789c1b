"""A guest as libvirt's domain XML: a pure function of the guest, its files and its record.

Source: https://libvirt.org/formatdomain.html
"""

from __future__ import annotations

import hashlib
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from pextra.drivers.interface import DiskSource, FirmwareType, GuestSpec, Permanent
from pextra.drivers.libvirt.devices import (
    RESCUE_ALIAS,
    SEED_ALIAS,
    disk_element,
    disk_name,
    file_disk_element,
    nic_element,
)
from pextra.drivers.libvirt.firmware import UefiImages
from pextra.drivers.libvirt.record import History, Record, to_element
from pextra.drivers.libvirt.topology import (
    DEFAULT_WINDOW_MIB,
    add_controllers,
    add_memory_binding,
    cells_of_nodes,
    device_element,
    hole_of,
    near_threads,
)

AGENT_CHANNEL: Final = "org.qemu.guest_agent.0"
GPU_CHANNEL: Final = "org.pextra.gpu.0"
"""On which guests with devices of the host may tell of their GPUs' work: see docs/gpus.md."""
_LEAST_SLOTS: Final = 16
_SPARE_SLOTS: Final = 8  # beyond what it starts with, for what is attached while it runs
_OWN_DEVICES: Final = 3  # entropy, balloon and the agent's channel take a slot each
_FORMAT: Final = 2  # rises when this module describes the same guest differently
_UUIDS: Final = uuid.UUID("b3a7ee1c-43d0-5d8e-9f3e-6d3c6d0f7a11")


@dataclass(frozen=True, slots=True)
class GuestFiles:
    """Where a guest's own files lie on this host.

    Attributes:
        directory: ours; QEMU reads and appends to what it is given here, and makes nothing.
        seed: an ISO 9660 image.
    """

    directory: Path
    seed: Path | None = None

    @property
    def console_log(self) -> Path:
        """What the guest printed."""
        return self.directory / "console.log"

    @property
    def qemu_dir(self) -> Path:
        """The directory in which QEMU and libvirtd, as the guests' account, make files."""
        return self.directory / "qemu"

    @property
    def console_socket(self) -> Path:
        """The serial console."""
        return self.qemu_dir / "console.sock"

    @property
    def display_socket(self) -> Path:
        """The display."""
        return self.qemu_dir / "display.sock"

    @property
    def agent_socket(self) -> Path:
        """The channel to the guest agent, on which libvirtd speaks."""
        return self.qemu_dir / "agent.sock"

    @property
    def gpu_socket(self) -> Path:
        """The channel on which a guest tells of its GPUs."""
        return self.qemu_dir / "gpu.sock"

    @property
    def uefi_variables(self) -> Path:
        """The guest's own UEFI variables."""
        return self.qemu_dir / "uefi-variables.fd"


@dataclass(frozen=True, slots=True)
class Machine:
    """What every guest of a host has in common.

    Attributes:
        accelerated: KVM, otherwise QEMU's emulation (TCG).
        cpu_model: the baseline that all hosts of a group have, in libvirt's terms ("EPYC-Rome"); None: all that
            this host offers.
        shared_cpus: the threads on which guests without dedicated ones run; empty: all.
        threads_of_nodes: the host's threads, by its NUMA cells; empty: unknown.
    """

    accelerated: bool
    cpu_model: str | None = None
    shared_cpus: tuple[int, ...] = ()
    uefi: UefiImages = field(default_factory=UefiImages)
    threads_of_nodes: tuple[tuple[int, tuple[int, ...]], ...] = ()


def domain_uuid(uid: str) -> str:
    """The UUID under which libvirt knows a guest: its uid, or one derived from a uid that is none."""
    try:
        return str(uuid.UUID(uid))
    except ValueError:
        return str(uuid.uuid5(_UUIDS, uid))


def record_of(
    guest: GuestSpec, machine: Machine, files: GuestFiles, history: History, *, window_mib: int = 0
) -> Record:
    """The record to define the guest with.

    Its digest changes whenever the guest's definition would; the seed's content is part of it by the
    seed's file name.
    """
    described = {key: value for key, value in asdict(guest).items() if key != "seed"}
    host = asdict(machine)
    further = (window_mib, GPU_CHANNEL) if guest.devices else ()
    if not guest.cpu.shares:
        del described["cpu"]["shares"]
    if not guest.devices:  # then the host's cells do not matter, and its guests are as before there were devices
        del described["devices"]
    if not guest.devices and not guest.cpu.shares:
        del host["threads_of_nodes"]
    text = repr((_FORMAT, sorted(described.items()), host, str(files.directory), str(files.seed), *further))
    return Record(
        uid=guest.uid,
        tenant_uid=guest.tenant_uid,
        name=guest.name,
        digest=_digest(text),
        machine=_digest(repr(guest.machine) + (repr(guest.cpu.shares) if guest.cpu.shares else "")),
        disk_uids=tuple(disk.volume_uid for disk in guest.disks),
        port_uids=tuple(nic.port_uid for nic in guest.nics),
        pinned_cpus=guest.cpu.pinned_cpus,
        devices=guest.devices,
        history=history,
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def domain_xml(guest: GuestSpec, machine: Machine, files: GuestFiles, record: Record, *, window_mib: int = 0) -> str:
    """The domain XML of a guest.

    Args:
        window_mib: what the memory windows of its devices of the host take.

    Raises:
        Permanent: `DiskUnsupported`, `BindingUnsupported`, `TopologyInvalid` or `FirmwareMissing`.
    """
    domain = ET.Element("domain", type="kvm" if machine.accelerated else "qemu")
    _text(domain, "name", guest.uid)
    _text(domain, "uuid", domain_uuid(guest.uid))
    _text(domain, "title", guest.name)
    ET.SubElement(domain, "metadata").append(to_element(record))
    _text(domain, "memory", str(guest.memory_mib), unit="MiB")
    if guest.cpu.hugepage_kib:
        backing = ET.SubElement(ET.SubElement(domain, "memoryBacking"), "hugepages")
        ET.SubElement(backing, "page", size=str(guest.cpu.hugepage_kib), unit="KiB")
    vcpu = ET.SubElement(domain, "vcpu", placement="static")
    vcpu.text = str(guest.vcpus)
    shared = near_threads(guest, machine.threads_of_nodes, machine.shared_cpus)
    if shared and not guest.cpu.pinned_cpus:
        vcpu.set("cpuset", ",".join(map(str, shared)))
    if guest.cpu.pinned_cpus:
        _add_pinning(ET.SubElement(domain, "cputune"), guest)
    cells = cells_of_nodes(guest, dict(machine.threads_of_nodes)) if guest.devices else {}
    add_memory_binding(domain, guest, cells)
    _add_firmware(ET.SubElement(domain, "os"), guest, machine, files)
    features = ET.SubElement(domain, "features")
    ET.SubElement(features, "acpi")
    ET.SubElement(features, "apic")
    if guest.firmware.secure_boot:
        ET.SubElement(features, "smm", state="on")  # without it the guest's kernel could write the variables
    _add_cpu(domain, guest, machine, large_windows=hole_of(window_mib) > DEFAULT_WINDOW_MIB)
    ET.SubElement(domain, "clock", offset="utc")
    _text(domain, "on_poweroff", "destroy")
    _text(domain, "on_reboot", "restart")
    _text(domain, "on_crash", "destroy")
    _add_devices(ET.SubElement(domain, "devices"), guest, files, cells, window_mib)
    ET.indent(domain)
    return ET.tostring(domain, encoding="unicode") + "\n"


def _add_pinning(tuning: ET.Element, guest: GuestSpec) -> None:
    pinned = guest.cpu.pinned_cpus
    if len(pinned) != guest.vcpus:
        raise Permanent("TopologyInvalid", f"{guest.name} has {guest.vcpus} vCPUs, {len(pinned)} of them pinned")
    for index, thread in enumerate(pinned):
        ET.SubElement(tuning, "vcpupin", vcpu=str(index), cpuset=str(thread))
    ET.SubElement(tuning, "emulatorpin", cpuset=",".join(map(str, sorted(set(pinned)))))


def _add_firmware(os: ET.Element, guest: GuestSpec, machine: Machine, files: GuestFiles) -> None:
    _text(os, "type", "hvm", arch="x86_64", machine="q35")
    wanted = guest.firmware
    if wanted.type is FirmwareType.BIOS:
        if wanted.secure_boot:
            raise Permanent("FirmwareMissing", f"{guest.name}: Secure Boot needs UEFI firmware")
        return
    image = machine.uefi.secure if wanted.secure_boot else machine.uefi.plain
    if image is None:
        what = "with Secure Boot and enrolled keys" if wanted.secure_boot else "without Secure Boot"
        raise Permanent(
            "FirmwareMissing",
            f"{guest.name} needs UEFI {what}, and this host has none: apt-get install --no-install-recommends ovmf",
        )
    secure = "yes" if wanted.secure_boot else "no"
    _text(os, "loader", str(image.code), readonly="yes", secure=secure, type="pflash")
    _text(os, "nvram", str(files.uefi_variables), template=str(image.variables))


def _add_cpu(domain: ET.Element, guest: GuestSpec, machine: Machine, *, large_windows: bool) -> None:
    if machine.cpu_model is not None:
        cpu = ET.SubElement(domain, "cpu", mode="custom", match="exact", check="partial")
        _text(cpu, "model", machine.cpu_model, fallback="forbid")
    else:
        cpu = ET.SubElement(domain, "cpu", mode="host-model" if machine.accelerated else "maximum")
        if machine.accelerated and large_windows:
            ET.SubElement(cpu, "maxphysaddr", mode="passthrough")  # or the windows lie beyond what the guest reaches
    cells = guest.cpu.numa_cells
    if cells < 1 or guest.vcpus % cells or guest.memory_mib % cells:
        raise Permanent(
            "TopologyInvalid",
            f"{guest.name}: {guest.vcpus} vCPUs and {guest.memory_mib} MiB cannot be split evenly into {cells} cells",
        )
    cores = guest.vcpus // cells
    ET.SubElement(cpu, "topology", sockets=str(cells), dies="1", cores=str(cores), threads="1")
    if cells > 1:
        _add_cells(ET.SubElement(cpu, "numa"), cells, cores, guest)


def _add_cells(numa: ET.Element, cells: int, cores: int, guest: GuestSpec) -> None:
    for cell in range(cells):
        first = cell * cores
        ET.SubElement(
            numa,
            "cell",
            id=str(cell),
            cpus=str(first) if cores == 1 else f"{first}-{first + cores - 1}",
            memory=str(guest.memory_mib // cells),
            unit="MiB",
        )


def _add_devices(
    devices: ET.Element, guest: GuestSpec, files: GuestFiles, cells: Mapping[int, int], window_mib: int
) -> None:
    names: list[str] = []

    def next_name() -> str:
        names.append(disk_name(names))
        return names[-1]

    if guest.rescue is not None:
        devices.append(disk_element(guest.rescue, next_name(), alias=RESCUE_ALIAS, boot=1))
    for index, disk in enumerate(guest.disks):
        boots = index == 0 and guest.rescue is None
        devices.append(disk_element(disk, next_name(), boot=1 if boots else 0))
    if files.seed is not None:
        source = DiskSource("file", str(files.seed), "raw")
        devices.append(file_disk_element(source, next_name(), read_only=True, serial="seed", alias=SEED_ALIAS))
    ET.SubElement(devices, "controller", type="usb", model="none")
    ports = max(_LEAST_SLOTS, len(names) + len(guest.nics) + _OWN_DEVICES + _SPARE_SLOTS)
    if guest.devices:
        slots = add_controllers(devices, guest, ports, cells, window_mib)
        devices.extend(map(device_element, guest.devices, slots))
    else:
        ET.SubElement(devices, "controller", type="pci", model="pcie-root")
        for _ in range(ports):
            ET.SubElement(devices, "controller", type="pci", model="pcie-root-port")
    for nic in guest.nics:
        devices.append(nic_element(nic))
    _add_console(devices, files)
    if guest.devices:
        _add_channel(devices, files.gpu_socket, GPU_CHANNEL)
    if guest.firmware.tpm:
        tpm = ET.SubElement(devices, "tpm", model="tpm-crb")
        ET.SubElement(tpm, "backend", type="emulator", version="2.0")
    ET.SubElement(devices, "memballoon", model="virtio")
    entropy = ET.SubElement(devices, "rng", model="virtio")
    _text(entropy, "backend", "/dev/urandom", model="random")
    ET.SubElement(devices, "panic", model="isa")


def _add_console(devices: ET.Element, files: GuestFiles) -> None:
    """What people look at the guest by, and the channel to its agent: UNIX sockets, never a port of the host."""
    serial = ET.SubElement(devices, "serial", type="unix")
    ET.SubElement(serial, "source", mode="bind", path=str(files.console_socket))
    ET.SubElement(serial, "log", file=str(files.console_log), append="on")
    ET.SubElement(serial, "target", port="0")
    _add_channel(devices, files.agent_socket, AGENT_CHANNEL)
    graphics = ET.SubElement(devices, "graphics", type="vnc")
    ET.SubElement(graphics, "listen", type="socket", socket=str(files.display_socket))
    # Every guest's own driver and both firmwares know it; 16 MiB hold 1920 by 1080.
    ET.SubElement(ET.SubElement(devices, "video"), "model", type="vga", vram="16384", heads="1", primary="yes")


def _add_channel(devices: ET.Element, path: Path, name: str) -> None:
    channel = ET.SubElement(devices, "channel", type="unix")
    ET.SubElement(channel, "source", mode="bind", path=str(path))
    ET.SubElement(channel, "target", type="virtio", name=name)


def _text(parent: ET.Element, tag: str, text: str, **attributes: str) -> None:
    ET.SubElement(parent, tag, attributes).text = text
