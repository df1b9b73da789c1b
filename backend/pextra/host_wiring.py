"""What `wiring` is to the control plane, for a host: the only place there that names concrete drivers."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pextra.agent.agent import Agent
from pextra.agent.gpus.driver import MachineGpus
from pextra.agent.home import Home
from pextra.agent.inventory.observation import observe
from pextra.agent.link import ControlPlane
from pextra.agent.process import AgentProcess
from pextra.clock import SystemClock
from pextra.drivers import documents
from pextra.drivers.account import Account, connect_theirs, guest_account
from pextra.drivers.convergence import HostDrivers
from pextra.drivers.documents import Inventory
from pextra.drivers.file.driver import FileStorage
from pextra.drivers.file.sources import Uploaded
from pextra.drivers.frr.driver import FrrBgp
from pextra.drivers.interface import DriverError, NetworkDriver, Power
from pextra.drivers.interface.bgp import BgpDriver, NoBgp
from pextra.drivers.libvirt import preflight
from pextra.drivers.libvirt.acceleration import kvm_works
from pextra.drivers.libvirt.driver import LibvirtCompute
from pextra.drivers.libvirt.hosting import PrivateLibvirtd
from pextra.drivers.local import preflight as local_preflight
from pextra.drivers.local.driver import LocalNetwork
from pextra.drivers.local.uplink import Uplink
from pextra.drivers.strangers import TRASH_KEPT_S
from pextra.drivers.usernet.driver import UserNetwork
from pextra.drivers.vfio.handing import HostDevices
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
        cpu_model: the processor that guests see, for hosts between which guests are to move; by default the host's.
        dedicated_cpus: threads that are kept for guests whose flavor asks for dedicated ones.
        trash_kept_s: how long a disk that was nobody's can be taken out of the trash again.
        ovs_database: of the Open vSwitch that guests are plugged into, for a host of OVN; None: its networks are its
            own.
    """

    data_dir: Path
    image_dirs: Sequence[Path] = ()
    cpu_model: str | None = None
    dedicated_cpus: Sequence[int] = ()
    trash_kept_s: float = TRASH_KEPT_S
    ovs_database: str | None = None


def missing() -> list[str]:
    """What this machine lacks to run guests, each with the remedy; empty when it can."""
    return [str(problem) for problem in preflight.check()]


def machine_name() -> str:
    """This machine's name as the name of a host."""
    name = re.sub(r"[^a-z0-9]+", "-", socket.gethostname().partition(".")[0].lower()).strip("-")
    return name if name[:1].isalpha() else f"host-{name}".strip("-")


@dataclass(frozen=True, slots=True)
class Host:
    """This machine's drivers, and what it lacks to have better ones, each with the remedy."""

    drivers: HostDrivers
    lacking: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Networks:
    """What connects guests on this machine, what tells routers outside of them, and what is lacking for better."""

    driver: NetworkDriver
    bgp: BgpDriver = NoBgp()  # noqa: RUF009 (it has no state)
    lacking: tuple[str, ...] = ()


def _networks(settings: HostSettings, account: Account | None) -> _Networks:
    """Tenants' networks on this machine; where it cannot have them, QEMU's user mode, which connects no two guests."""
    data = settings.data_dir
    if settings.ovs_database is not None:
        return _plugging(data / "plugged", settings.ovs_database, account)
    lacking = tuple(f"guests do not reach each other: {problem}" for problem in local_preflight.check(account))
    if lacking:
        return _Networks(UserNetwork(data / "ports"), lacking=lacking)
    return _Networks(LocalNetwork(data / "networks", account=account, uplink=Uplink()))


def _plugging(state_dir: Path, database: str, account: Account | None) -> _Networks:
    """The host's side of a fabric.

    Raises:
        HostUnfit: the libraries for it are not installed.
    """
    try:
        from pextra.drivers.ovn.plugging import OvnPlugging  # noqa: PLC0415 - optional
        from pextra.drivers.ovn.switch import Switch  # noqa: PLC0415 - optional
    except ModuleNotFoundError as error:
        raise HostUnfit(f"--network ovn needs {error.name}: install pextra[agent,ovn]") from error
    switch = Switch(database)
    return _Networks(OvnPlugging(state_dir, switch, account=account), FrrBgp(switch.bridges))


def _acceleration(images: Path, account: Account | None) -> tuple[bool, tuple[str, ...]]:
    """Whether guests run under KVM; where that cannot be tried they are emulated, and the next start tries again."""
    try:
        return kvm_works(lambda: build_tiny_image(images).path, images, account), ()
    except ImageBuildError as error:
        return False, (f"guests are emulated: the small guest that shows whether KVM works was not built: {error}",)


def open_host(settings: HostSettings, pool: str, uploaded: Uploaded | None = None) -> Host:
    """This machine's drivers. Takes some seconds the first time, when it sees whether KVM works.

    Args:
        uploaded: how the control plane is asked for images that were uploaded to it.

    Raises:
        HostUnfit: something is missing.
    """
    if problems := missing():
        raise HostUnfit("; ".join(problems))
    data = settings.data_dir
    try:
        libvirtd = PrivateLibvirtd(hypervisor_root(data))
        libvirtd.ensure_up()
        images = data / "images"
        accelerated, unproved = _acceleration(images, libvirtd.account)
        storage = FileStorage(
            data / "volumes",
            allowed_dirs=[images, *settings.image_dirs],
            account=libvirtd.account,
            uploaded=uploaded,
        )
        devices = HostDevices(libvirtd.guests_dir.with_name("devices"), account=libvirtd.account)
        compute = LibvirtCompute(
            libvirtd,
            devices=devices,
            accelerated=accelerated,
            cpu_model=settings.cpu_model,
            dedicated_cpus=settings.dedicated_cpus,
        )
        networks = _networks(settings, libvirtd.account)
        drivers = HostDrivers(compute, networks.driver, storage, pool, dividing=devices, bgp=networks.bgp)
        return Host(drivers, unproved + networks.lacking)
    except (DriverError, OSError) as error:
        raise HostUnfit(str(error)) from error


def agent_process(home: Home, settings: HostSettings) -> AgentProcess:
    """The agent of this machine, ready to be started.

    Raises:
        NotJoined: it has not joined.
        HostUnfit: something is missing.
    """
    control_plane = ControlPlane(home)
    pool = f"file-{control_plane.identity.host}"
    host = open_host(settings, pool, control_plane.content)
    drivers = replace(host.drivers, gpus=MachineGpus(home.gpus))
    agent = Agent(
        control_plane,
        drivers,
        inventory=lambda: inventory_of(drivers, host.lacking),
        boot_id=BOOT_ID.read_text().strip(),
        version=VERSION,
        clock=SystemClock(),
        trash_kept_s=settings.trash_kept_s,
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


def inventory_of(drivers: HostDrivers, lacking: Sequence[str]) -> Inventory:
    """What this machine has.

    Args:
        lacking: see `Host`.

    Raises:
        DriverError: libvirt does not answer.
    """
    seen, gpus, network = drivers.compute.observe_host(), drivers.gpus.observe_gpus(), drivers.network.capabilities()
    return Inventory(
        vcpus=seen.vcpus,
        memory_mib=seen.memory_mib,
        disk_gib=seen.disk_gib,
        hypervisor=seen.hypervisor,
        accelerated=seen.accelerated,
        pool=drivers.pool,
        pool_shared=drivers.storage.capabilities().shared,
        hardware=documents.write(observe()),
        problems=(*drivers.compute.capabilities().lacking, *lacking, *network.lacking, *gpus.problems),
        dedicated_cpus=seen.dedicated_cpus,
        hugepages=seen.hugepages,
        numa_cells=seen.numa_cells,
        features=seen.features,
        cpu_model=seen.cpu_model,
        cells=seen.cells,
        forward_address=network.forward_address,
        fabric_host=network.fabric_host,
        physical_networks=network.physical_networks[:64],
        gpus=gpus.gpus,
        gpu_board=gpus.board,
        bgp=drivers.bgp.version(),
    )


def hypervisor_root(data_dir: Path) -> Path:
    """Where the private libvirtd of a data folder lives."""
    return data_dir / "hv"


def start_hypervisor(data_dir: Path) -> None:
    """Have the private libvirtd of a data folder get ready: its first look at QEMU takes seconds.

    A failure is the agent's to tell, which needs it.
    """
    with suppress(DriverError):
        PrivateLibvirtd(hypervisor_root(data_dir)).ensure_up()


def stop_guests(data_dir: Path) -> int:
    """Stop every guest of the data folder by force, take its networks down and end its libvirtd.

    Disks and definitions stay: the next agent makes everything again.

    Returns:
        How many guests ran.

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
    if not local_preflight.check(libvirtd.account):
        _take_networks_down(LocalNetwork(data_dir / "networks", account=libvirtd.account))
    return len(running)


def _take_networks_down(network: NetworkDriver) -> None:
    for uid in list(network.observe_ports()):
        network.ensure_port_absent(uid)
    for uid in list(network.observe_networks()):
        network.ensure_network_absent(uid)
