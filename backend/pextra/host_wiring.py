"""What `wiring` is to the control plane, for a host: the only place there that names concrete drivers."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pextra.agent.agent import Agent
from pextra.agent.home import Home
from pextra.agent.inventory.observation import observe
from pextra.agent.link import ControlPlane
from pextra.agent.process import AgentProcess
from pextra.clock import SystemClock
from pextra.drivers import documents
from pextra.drivers.account import connect_theirs, guest_account
from pextra.drivers.convergence import HostDrivers
from pextra.drivers.documents import Inventory
from pextra.drivers.file.driver import FileStorage
from pextra.drivers.interface import DriverError, Power
from pextra.drivers.libvirt import preflight
from pextra.drivers.libvirt.acceleration import kvm_works
from pextra.drivers.libvirt.driver import LibvirtCompute
from pextra.drivers.libvirt.hosting import PrivateLibvirtd
from pextra.drivers.usernet.driver import UserNetwork
from pextra.images.tiny import ImageBuildError, build_tiny_image
from pextra_client.version import VERSION

BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


class HostUnfit(Exception):
    """This machine cannot run guests yet; the message says what it lacks, with the remedy."""


@dataclass(frozen=True, slots=True)
class HostSettings:
    """How this machine is a host.

    Attributes:
        data_dir: where volumes, guests' files and their hypervisor lie.
        image_dirs: where images that are named `file://…` may come from.
    """

    data_dir: Path
    image_dirs: Sequence[Path] = ()


def missing() -> list[str]:
    """What this machine lacks to run guests, each with the remedy; empty when it can."""
    return [str(problem) for problem in preflight.check()]


def machine_name() -> str:
    """This machine's name as the name of a host."""
    name = re.sub(r"[^a-z0-9]+", "-", socket.gethostname().partition(".")[0].lower()).strip("-")
    return name if name[:1].isalpha() else f"host-{name}".strip("-")


def host_drivers(settings: HostSettings, pool: str) -> HostDrivers:
    """This machine's drivers. Takes some seconds the first time, when it sees whether KVM works.

    Raises:
        HostUnfit: something is missing.
    """
    if problems := missing():
        raise HostUnfit("; ".join(problems))
    data = settings.data_dir
    try:
        libvirtd = PrivateLibvirtd(hypervisor_root(data))
        libvirtd.ensure_up()
        probe = build_tiny_image(data / "images")
        accelerated = kvm_works(probe.path, data / "images", libvirtd.account)
        storage = FileStorage(
            data / "volumes", allowed_dirs=[data / "images", *settings.image_dirs], account=libvirtd.account
        )
        compute = LibvirtCompute(libvirtd, accelerated=accelerated)
        return HostDrivers(compute, UserNetwork(data / "ports"), storage, pool)
    except (ImageBuildError, DriverError, OSError) as error:
        raise HostUnfit(str(error)) from error


def agent_process(home: Home, settings: HostSettings) -> AgentProcess:
    """The agent of this machine, ready to be started.

    Raises:
        NotJoined: it has not joined.
        HostUnfit: something is missing.
    """
    control_plane = ControlPlane(home)
    pool = f"file-{control_plane.identity.host}"
    drivers = host_drivers(settings, pool)
    agent = Agent(
        control_plane,
        drivers,
        inventory=lambda: _inventory(drivers),
        boot_id=BOOT_ID.read_text().strip(),
        version=VERSION,
        clock=SystemClock(),
    )
    return AgentProcess(agent, control_plane, guest_sockets(drivers))


def guest_sockets(drivers: HostDrivers) -> Callable[[str, str], socket.socket]:
    """Connects to a running guest's serial console (`serial`) or display (`display`), by its uid.

    It raises what the compute driver does, and FileNotFoundError where nobody listens.
    """

    def connect(uid: str, device: str) -> socket.socket:
        path = drivers.compute.console_socket(uid) if device == "serial" else drivers.compute.display_socket(uid)
        return connect_theirs(path, guest_account())

    return connect


def _inventory(drivers: HostDrivers) -> Inventory:
    seen = drivers.compute.observe_host()
    return Inventory(
        vcpus=seen.vcpus,
        memory_mib=seen.memory_mib,
        disk_gib=seen.disk_gib,
        hypervisor=seen.hypervisor,
        accelerated=seen.accelerated,
        pool=drivers.pool,
        pool_shared=drivers.storage.capabilities().shared,
        hardware=documents.write(observe()),
    )


def hypervisor_root(data_dir: Path) -> Path:
    """Where the private libvirtd of a data folder lives."""
    return data_dir / "hv"


def stop_guests(data_dir: Path) -> int:
    """Stop every guest of the data folder by force and end its libvirtd; tells how many guests ran.

    Raises:
        DriverError: libvirt does not answer.
    """
    if preflight.check() or not hypervisor_root(data_dir).exists():
        return 0
    libvirtd = PrivateLibvirtd(hypervisor_root(data_dir))
    compute = LibvirtCompute(libvirtd, accelerated=False)
    running = [g.uid for g in compute.observe_guests().values() if g.power is not Power.OFF]
    for uid in running:
        compute.ensure_stopped(uid, force=True)
    compute.close()
    libvirtd.stop()
    return len(running)
