"""The channels on which guests tell of their GPUs."""

from __future__ import annotations

from pathlib import Path

from pextra.drivers.interface import DeviceKind, GpuChannel, NotFound
from pextra.drivers.libvirt import reading
from pextra.drivers.libvirt.binding import Connection, Domain, constant
from pextra.drivers.libvirt.domain import GuestFiles
from pextra.drivers.libvirt.failures import translated
from pextra.drivers.uids import file_name


def gpu_channels(connection: Connection, guests_dir: Path) -> tuple[GpuChannel, ...]:
    """Of every guest of ours that runs and was started with one; guests that are older have none until they start."""
    with translated("guests cannot be listed", acting=False):
        domains = connection.listAllDomains(constant("VIR_CONNECT_LIST_DOMAINS_ACTIVE"))
    return tuple(channel for domain in domains if (channel := _channel(domain, guests_dir)) is not None)


def _channel(domain: Domain, guests_dir: Path) -> GpuChannel | None:
    try:
        with translated("a guest cannot be observed", acting=False):
            running = reading.read(domain.XMLDesc())
    except NotFound:  # it ended since it was listed
        return None
    record = running.record
    if record is None or not running.gpu_channel:
        return None
    return GpuChannel(
        uid=record.uid,
        socket=GuestFiles(guests_dir / file_name(record.uid)).gpu_socket,
        addresses=frozenset(device.address for device in record.devices if device.kind is DeviceKind.VFIO),
        paths=running.paths,
    )
