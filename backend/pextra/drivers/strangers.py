"""What is on a host and nobody asked for: found by its uid, and taken away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pextra.drivers.convergence import HostDrivers, guest_of
from pextra.drivers.interface import VolumeObservation

TRASH_KEPT_S: Final = 7 * 86_400.0
"""How long a disk that was nobody's can be taken out of the trash again."""


def on_host(host: HostDrivers) -> set[str]:
    """The uids of all for which there is something on the host: guests, with ports and disks, images, and BGP peers.

    Raises:
        DriverError: the host does not tell.
    """
    guests, ports = host.compute.observe_guests(), host.network.observe_ports()
    return (
        {guest_of(uid) for uid in (*guests, *ports, *own_volumes(host))}
        | own_images(host)
        | set(host.bgp.observe_peers())
    )


def own_volumes(host: HostDrivers) -> Mapping[str, VolumeObservation]:
    """The volumes of the host; in a pool that other hosts reach too, what is not ours is theirs.

    Raises:
        DriverError: the host does not tell.
    """
    return {} if host.storage.capabilities().shared else host.storage.observe_volumes()


def own_images(host: HostDrivers) -> set[str]:
    """The uids of the images of the host, as `own_volumes`.

    Raises:
        DriverError: the host does not tell.
    """
    return set() if host.storage.capabilities().shared else set(host.storage.observe_images())


def remove(uid: str, host: HostDrivers, *, keep_s: float = TRASH_KEPT_S) -> None:
    """Have the host be without anything of that uid; disks go to the trash, as far as the storage has one.

    Args:
        keep_s: for how long disks can be taken out of the trash.

    Raises:
        DriverError: something is still there; done again, it goes on.
    """
    host.compute.ensure_absent(uid)
    for port in list(host.network.observe_ports()):
        if guest_of(port) == uid:
            host.network.ensure_port_absent(port)
    trashed_s = keep_s if host.storage.capabilities().trash else 0.0
    for volume in list(own_volumes(host).values()):
        if guest_of(volume.uid) == uid:
            host.storage.ensure_volume_absent(volume.tenant_uid, volume.uid, keep_s=trashed_s)
    if uid in own_images(host):
        host.storage.ensure_image_absent(uid)
    if uid in host.bgp.observe_peers():
        host.bgp.ensure_peer_absent(uid)
