"""Counters of all running guests from one question to libvirt.

Source: https://libvirt.org/html/libvirt-libvirt-domain.html#virConnectGetAllDomainStats
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from pextra.drivers.interface import DiskMetrics, GuestMetrics, NicMetrics, NotFound
from pextra.drivers.libvirt.binding import Connection, Domain, constant
from pextra.drivers.libvirt.devices import Devices
from pextra.drivers.libvirt.failures import translated
from pextra.drivers.libvirt.lookup import Found, recorded

_WANTED = (
    "VIR_DOMAIN_STATS_STATE",
    "VIR_DOMAIN_STATS_CPU_TOTAL",
    "VIR_DOMAIN_STATS_BALLOON",
    "VIR_DOMAIN_STATS_BLOCK",
    "VIR_DOMAIN_STATS_INTERFACE",
)


class Meter:
    """Reads the counters; remembers of each guest which of libvirt's names is which volume and port. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[int, tuple[str, Devices]] = {}  # by libvirt's number of the run

    def read(self, connection: Connection) -> Mapping[str, GuestMetrics]:
        """The counters of every guest of ours that runs, by uid.

        libvirt does not wait for a guest that is busy with something else: such a one has fewer counters.
        """
        stats = 0
        for name in _WANTED:
            stats |= constant(name)
        flags = constant("VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE")
        flags |= constant("VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT")
        with translated("the guests' counters cannot be read", acting=False):
            counted = [(domain, domain.ID(), values) for domain, values in connection.getAllDomainStats(stats, flags)]
        with self._lock:
            before = dict(self._known)
        known: dict[int, tuple[str, Devices]] = {}
        metrics: dict[str, GuestMetrics] = {}
        for domain, run, values in counted:
            named = before.get(run)
            if named is None or not _names_all(named[1], values):
                named = _look_up(domain)
            if named is not None:
                known[run] = named
                metrics[named[0]] = _metrics(*named, values)
        with self._lock:
            self._known = known
        return metrics


def _look_up(domain: Domain) -> tuple[str, Devices] | None:
    """Whose domain it is, and what is plugged into it; None when it is not ours, or gone."""
    try:
        found: Found | None = recorded(domain)
        return None if found is None else (found.record.uid, found.described().devices)
    except NotFound:
        return None


def _names_all(devices: Devices, values: Mapping[str, Any]) -> bool:
    """Whether what was plugged in when it was last looked up is still all that is."""
    paths = {disk.source for disk in devices.disks}
    disks = {values.get(f"block.{i}.path", "") for i in range(values.get("block.count", 0))}
    cards = {values.get(f"net.{i}.name", "") for i in range(values.get("net.count", 0))}
    # The seed is a disk as well, and no volume: more paths than volumes are in order, unknown ones are not.
    return paths <= disks and len(disks) <= len(devices.disk_names) and cards <= {nic.name for nic in devices.nics}


def _metrics(uid: str, devices: Devices, values: Mapping[str, Any]) -> GuestMetrics:
    volumes = {disk.name: disk.uid for disk in devices.disks}
    ports = {nic.name: nic.uid for nic in devices.nics if nic.name}
    return GuestMetrics(
        uid=uid,
        cpu_ns=values.get("cpu.time", 0),
        memory_mib=values.get("balloon.current", 0) >> 10,
        resident_mib=values.get("balloon.rss", 0) >> 10,
        disks=tuple(
            DiskMetrics(
                volumes[values[f"block.{i}.name"]],
                values.get(f"block.{i}.rd.bytes", 0),
                values.get(f"block.{i}.rd.reqs", 0),
                values.get(f"block.{i}.wr.bytes", 0),
                values.get(f"block.{i}.wr.reqs", 0),
            )
            for i in range(values.get("block.count", 0))
            if values.get(f"block.{i}.name") in volumes
        ),
        nics=tuple(
            # The host's side of the card: what it received, the guest sent. libvirt has turned it round.
            NicMetrics(
                ports[values[f"net.{i}.name"]],
                values.get(f"net.{i}.rx.bytes", 0),
                values.get(f"net.{i}.rx.pkts", 0),
                values.get(f"net.{i}.tx.bytes", 0),
                values.get(f"net.{i}.tx.pkts", 0),
            )
            for i in range(values.get("net.count", 0))
            if values.get(f"net.{i}.name") in ports
        ),
    )
