"""The devices of the host that guests have: taken with a definition, made again for each start, and given back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pextra.drivers.interface import DeviceKind, GuestDevice, GuestSpec, Permanent
from pextra.drivers.libvirt.binding import Connection
from pextra.drivers.libvirt.failures import translated
from pextra.drivers.libvirt.hosting import Endpoint
from pextra.drivers.libvirt.record import Record
from pextra.drivers.vfio.handing import HostDevices

# Before, what is not bound to vfio-pci itself was refused. Source: libvirt's NEWS, v10.0.0.
LEAST_FOR_VGPUS: Final = 10_000_000
"""libvirt's version, as it counts them, from which on a vendor's driver may have the functions of guests."""


class GuestDevices:
    """What one host's guests have of its devices.

    Args:
        devices: the host's.
        endpoint: of the libvirtd that guests lock their memory under.
    """

    def __init__(self, devices: HostDevices, endpoint: Endpoint) -> None:
        self._devices = devices
        self._endpoint = endpoint

    def refuse_unfit(self, guest: GuestSpec, connection: Connection) -> None:
        """Refuse devices that the guest cannot be given here.

        Raises:
            Permanent, Retryable: `VgpuUnsupported`, or as `HostDevices.refuse_unfit`.
        """
        if any(device.kind is DeviceKind.VGPU for device in guest.devices):
            with translated("libvirt's version cannot be asked for", acting=False):
                version = connection.getLibVersion()
            if version < LEAST_FOR_VGPUS:
                raise Permanent(
                    "VgpuUnsupported",
                    f"{guest.name} is to have a vGPU that NVIDIA's driver makes of a virtual function, which wants "
                    "libvirt 10.0 or later on its host",
                )
        self._devices.refuse_unfit(guest.uid, guest.devices)

    def hold(self, uid: str, devices: Sequence[GuestDevice], in_use: Sequence[GuestDevice] = ()) -> None:
        """Take devices for a guest, and give back those that it had and neither is to have nor uses."""
        self._devices.ensure_held(uid, devices)
        self._devices.ensure_given_back(uid, keep={device.name for device in (*devices, *in_use)})

    def make_ready(self, record: Record) -> None:
        """Have the devices of a guest that is about to start be there, be its own, and let it lock its memory."""
        devices, uid = record.devices, record.uid
        if lost := self._devices.lost(devices, running=False):
            raise Permanent("DeviceLost", f"guest {uid} cannot be started: this host has no {', '.join(lost)} any more")
        self.hold(uid, devices)
        if devices:
            self._endpoint.ensure_may_lock()
