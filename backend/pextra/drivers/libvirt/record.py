"""What the driver must remember of a guest, kept in the guest's own domain XML.

libvirt stores it with the definition in one atomic write, so that it survives a kill at any step and
there is no second store to disagree with. A domain without it is not ours.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import asdict, dataclass, field, replace
from typing import Final

from pextra.drivers.interface import DeviceKind, GuestDevice

NAMESPACE: Final = "urn:pextra:guest:1"
PREFIX: Final = "pextra"
_ACTS_KEPT: Final = 16

ET.register_namespace(PREFIX, NAMESPACE)


@dataclass(frozen=True, slots=True)
class History:
    """What was done to a guest since it was defined.

    A start is written down before it is carried out, so `boots` counts one that may not have happened
    while `starting` is set: it did if the guest runs.
    """

    boots: int = 0
    starting: bool = False
    stop_requested: bool = False  # since the last start
    rebooting: bool = False  # for acts[-1]: the old machine may still run
    acts: tuple[str, ...] = ()  # the last reboots, newest last
    rebuilds: tuple[str, ...] = ()  # of the root disk, newest last
    host_boot: str = ""  # the host's boot id at the last start
    panicked_boot: int = 0  # the last one before the present that ended in a panic

    def begin_start(self, host_boot: str, *, panicked_boot: int) -> History:
        """The history to write down before the guest is started.

        Args:
            panicked_boot: which boot ended in a panic last: once the guest has started, its log tells no more.
        """
        boots = self.boots if self.starting else self.boots + 1
        return replace(
            self,
            boots=boots,
            starting=True,
            stop_requested=False,
            rebooting=False,
            host_boot=host_boot,
            panicked_boot=panicked_boot,
        )

    def started(self) -> History:
        """The history to write down once the guest is known to have started."""
        return replace(self, starting=False)

    def request_stop(self) -> History:
        """The history to write down before the running guest is asked or made to stop."""
        return replace(self, starting=False, stop_requested=True)

    def begin_reboot(self, act: str) -> History:
        """The history to write down before the running machine is stopped for a reboot."""
        return replace(self, starting=False, rebooting=True, acts=(*self.acts, act)[-_ACTS_KEPT:])

    def rebuilt(self, act: str) -> History:
        """The history to write down once the root disk was made anew."""
        return self if act in self.rebuilds else replace(self, rebuilds=(*self.rebuilds, act)[-_ACTS_KEPT:])

    def completed_boots(self, *, active: bool) -> int:
        """How many starts have really happened."""
        return self.boots - 1 if self.starting and not active else self.boots


@dataclass(frozen=True, slots=True)
class Record:
    """Whose a domain is, which definition it has, and what was done to it."""

    uid: str
    tenant_uid: str
    name: str
    digest: str  # of everything that the definition was made from
    machine: str = ""  # digest of what only a restart changes
    disk_uids: tuple[str, ...] = ()
    port_uids: tuple[str, ...] = ()
    pinned_cpus: tuple[int, ...] = ()
    devices: tuple[GuestDevice, ...] = ()
    history: History = field(default_factory=History)


def parse_xml(text: str) -> ET.Element:
    """What libvirt said, as a tree; libvirtd is trusted, and answers with nothing but its own XML."""
    return ET.fromstring(text)  # noqa: S314


def to_element(record: Record) -> ET.Element:
    """The record as the child of a domain's `<metadata>`."""
    guest = _bare_element(record)
    for element in guest.iter():
        element.tag = _tag(element.tag)
    return guest


def to_bare_xml(record: Record) -> str:
    """The record without its namespace, which `virDomainSetMetadata` adds and refuses to find there."""
    return ET.tostring(_bare_element(record), encoding="unicode")


def _bare_element(record: Record) -> ET.Element:
    guest = ET.Element("guest", uid=record.uid, tenant=record.tenant_uid, name=record.name, digest=record.digest)
    guest.set("machine", record.machine)
    if record.pinned_cpus:
        guest.set("pinned_cpus", " ".join(map(str, record.pinned_cpus)))
    for kind, uids in (("disk", record.disk_uids), ("port", record.port_uids)):
        for uid in uids:
            ET.SubElement(guest, kind, uid=uid)
    for device in record.devices:
        fields = {key: "" if value is None else str(value) for key, value in asdict(device).items()}
        ET.SubElement(guest, "device", {key: value for key, value in fields.items() if value})
    past = record.history
    history = ET.SubElement(guest, "history", boots=str(past.boots), host_boot=past.host_boot)
    if past.panicked_boot:
        history.set("panicked_boot", str(past.panicked_boot))
    for flag in ("starting", "stop_requested", "rebooting"):
        if getattr(past, flag):
            history.set(flag, "yes")
    for act in past.acts:
        ET.SubElement(history, "act", uid=act)
    for act in past.rebuilds:
        ET.SubElement(history, "rebuild", uid=act)
    return guest


def from_domain(domain: ET.Element) -> Record | None:
    """The record in a domain's XML, or None when the domain is not ours."""
    guest = domain.find(f"metadata/{_tag('guest')}")
    if guest is None:
        return None
    past = guest.find(_tag("history"))
    history = History()
    if past is not None:
        history = History(
            boots=int(past.get("boots", "0")),
            starting=past.get("starting") == "yes",
            stop_requested=past.get("stop_requested") == "yes",
            rebooting=past.get("rebooting") == "yes",
            acts=_uids(past, "act"),
            rebuilds=_uids(past, "rebuild"),
            host_boot=past.get("host_boot", ""),
            panicked_boot=int(past.get("panicked_boot", "0")),
        )
    return Record(
        uid=guest.get("uid", ""),
        tenant_uid=guest.get("tenant", ""),
        name=guest.get("name", ""),
        digest=guest.get("digest", ""),
        machine=guest.get("machine", ""),
        disk_uids=_uids(guest, "disk"),
        port_uids=_uids(guest, "port"),
        pinned_cpus=tuple(map(int, guest.get("pinned_cpus", "").split())),
        devices=tuple(map(_device, guest.findall(_tag("device")))),
        history=history,
    )


def _device(element: ET.Element) -> GuestDevice:
    numa_node = element.get("numa_node")
    return GuestDevice(
        kind=DeviceKind(element.get("kind", DeviceKind.VFIO)),
        address=element.get("address", ""),
        uuid=element.get("uuid", ""),
        type=element.get("type", ""),
        numa_node=None if numa_node is None else int(numa_node),
        root_complex=element.get("root_complex", ""),
        model=element.get("model", ""),
    )


def _uids(parent: ET.Element, kind: str) -> tuple[str, ...]:
    return tuple(child.get("uid", "") for child in parent.findall(_tag(kind)))


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"
