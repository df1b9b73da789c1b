"""The only place that names concrete drivers: puts the parts of one process together."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from wsgiref.types import WSGIApplication

from pextra.api.app import create_app
from pextra.api.settings import ApiSettings
from pextra.api.streams import create_streams_app
from pextra.controllers.hosts import HostController
from pextra.controllers.images import ImageController
from pextra.controllers.instances import InstanceController
from pextra.controllers.operations import OperationController
from pextra.controllers.outcome import Controller
from pextra.controllers.tenants import TenantController
from pextra.controllers.volumes import VolumeController
from pextra.declaration.registry import Registry
from pextra.drivers.convergence import HostDrivers
from pextra.drivers.file.driver import FileStorage
from pextra.drivers.interface import DriverError, HostInventory, Power, StorageDriver
from pextra.drivers.libvirt import preflight
from pextra.drivers.libvirt.acceleration import kvm_works
from pextra.drivers.libvirt.driver import LibvirtCompute
from pextra.drivers.libvirt.hosting import PrivateLibvirtd
from pextra.drivers.sim.compute import SimCompute
from pextra.drivers.sim.images import digest_of, sim_url
from pextra.drivers.sim.network import SimNetwork
from pextra.drivers.sim.storage import SimStorage
from pextra.drivers.sim.world import SimWorld
from pextra.drivers.usernet.driver import UserNetwork
from pextra.images.tiny import BuiltImage, ImageBuildError, build_tiny_image
from pextra.resources import REGISTRY
from pextra.services import bootstrap
from pextra.services.bootstrap import open_cloud
from pextra.services.cloud import Cloud, Context
from pextra.store import schema
from pextra.store.database import Database, Tx
from pextra.store.records import Record

SIM_POOL: Final = "sim"
SIM_POOL_BYTES: Final = 1 << 60


@dataclass(frozen=True, slots=True)
class LocalMachine:
    """This machine as a host: its name, its drivers and the small image that was built for it."""

    name: str
    drivers: HostDrivers
    image: BuiltImage


class DriverFleet:
    """The drivers of the hosts that this process runs: simulated ones, and the machine it is on.

    Args:
        world: the simulated world.
        machine: this machine, when it runs guests; it is the `libvirt` host of its name, and no other.
    """

    def __init__(self, world: SimWorld, machine: LocalMachine | None = None) -> None:
        self._world = world
        self._machine = machine
        self._known: dict[str, tuple[int, HostDrivers]] = {}
        self._lock = threading.Lock()
        world.ensure_pool(SIM_POOL, capacity_bytes=SIM_POOL_BYTES)
        self._pools: dict[str, StorageDriver] = {SIM_POOL: SimStorage(world, SIM_POOL)}
        if machine is not None:
            self._pools[machine.drivers.pool] = machine.drivers.storage

    def drivers(self, host: Record) -> HostDrivers | None:
        """See `Fleet.drivers`."""
        if host.spec["driver"] != "sim":
            machine = self._machine
            return machine.drivers if machine is not None and host.name == machine.name else None
        with self._lock:
            known = self._known.get(host.uid)
            if known is None or known[0] != host.generation:
                known = (host.generation, self._simulated(host))
                self._known[host.uid] = known
            return known[1]

    def _simulated(self, host: Record) -> HostDrivers:
        machine = REGISTRY["host"].effective(host.spec).get("simulated", {})
        inventory = HostInventory(
            vcpus=machine.get("vcpus", 32),
            memory_mib=machine.get("memory_mib", 131_072),
            disk_gib=machine.get("disk_gib", 4_096),
            hypervisor="sim",
            accelerated=False,
        )
        self._world.ensure_host(host.uid, inventory)
        return HostDrivers(
            SimCompute(self._world, host.uid),
            SimNetwork(self._world, host.uid),
            self._pools[SIM_POOL],
            SIM_POOL,
        )

    def pools(self) -> Mapping[str, StorageDriver]:
        """See `Fleet.pools`."""
        return self._pools

    def close(self) -> None:
        """Write the simulated world down and let the machine's hypervisor go; guests run on."""
        self._world.close()


def controllers_of(fleet: DriverFleet) -> dict[str, Controller]:
    """The controller of each kind that needs one."""
    return {
        "tenant": TenantController(),
        "host": HostController(fleet),
        "image": ImageController(fleet),
        "volume": VolumeController(fleet),
        "instance": InstanceController(fleet),
        "operation": OperationController(fleet),
    }


def local_machine(data_dir: Path, image_path: Path | None = None) -> tuple[LocalMachine | None, list[str]]:
    """This machine as a host, or what it lacks to be one, with the remedy.

    Guests run under a libvirtd of our own below `data_dir` and outlive this process. Takes some seconds the first time.

    Args:
        image_path: the user's own qcow2 to offer as the image `tiny`, instead of the one that is built here.
    """
    problems = [str(problem) for problem in preflight.check()]
    if problems:
        return None, problems
    try:
        libvirtd = PrivateLibvirtd(hypervisor_root(data_dir))
        libvirtd.ensure_up()
        image = build_tiny_image(data_dir / "images")
        accelerated = kvm_works(image.path, data_dir / "images", libvirtd.account)
        offered = image if image_path is None else _own_image(image_path)
        name = re.sub(r"[^a-z0-9]+", "-", socket.gethostname().partition(".")[0].lower()).strip("-")
        name = name if name[:1].isalpha() else f"host-{name}".strip("-")
        storage = FileStorage(
            data_dir / "volumes", allowed_dirs=[data_dir / "images", offered.path.parent], account=libvirtd.account
        )
        compute = LibvirtCompute(libvirtd, accelerated=accelerated)
        drivers = HostDrivers(compute, UserNetwork(data_dir / "ports"), storage, f"file-{name}")
        return LocalMachine(name, drivers, offered), []
    except (ImageBuildError, DriverError, OSError) as error:
        return None, [str(error)]


def _own_image(path: Path) -> BuiltImage:
    """The user's image; the storage driver looks into it when it is stored.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return BuiltImage(path.absolute(), digest, virtual_size_bytes=0)


def hypervisor_root(data_dir: Path) -> Path:
    """Where the private libvirtd of a data folder lives."""
    return data_dir / "hv"


def stop_local_guests(data_dir: Path) -> int:
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


@dataclass(frozen=True, slots=True)
class Opened:
    """A cloud that is ready to be served.

    Attributes:
        admin_token: the administrator's token, at the site's first start only.
    """

    cloud: Cloud
    admin_token: str | None


def open_site(database: Database, registry: Registry = REGISTRY) -> Opened:
    """The cloud in this database, at this version's schema; made if it is not there yet.

    One process does this before the others start.
    """
    schema.migrate(database)
    return Opened(*open_cloud(database, registry))


DEMO_IMAGE: Final = "sim-linux"
TINY_IMAGE: Final = "tiny"


def register(cloud: Cloud, machine: LocalMachine | None) -> None:
    """Make what a cloud on one machine begins with: the machine as a host, and images that every tenant may use."""
    if machine is not None:
        spec = {"driver": "libvirt", "zone": "local", "cpu_overcommit": 8.0}
        bootstrap.ensure(cloud, "host", None, machine.name, spec)
        tiny = {"url": machine.image.path.as_uri(), "sha256": machine.image.sha256}
    else:
        tiny = _simulated_image(TINY_IMAGE)
    for name, spec in ((TINY_IMAGE, tiny), (DEMO_IMAGE, _simulated_image(DEMO_IMAGE))):
        bootstrap.ensure(cloud, "image", "system", name, {**spec, "size_gib": 1})
        bootstrap.ensure(cloud, "share", "system", f"image-{name}", {"kind": "image", "name": name, "tenants": "all"})


def _simulated_image(name: str) -> dict[str, str]:
    url = sim_url(name)
    return {"url": url, "sha256": digest_of(url)}


def new_admin_token(database: Database) -> str:
    """A new token of the administrator; the one that was made so before is revoked."""
    cloud, _ = open_cloud(database, REGISTRY)

    def work(tx: Tx) -> str:
        return bootstrap.mint_admin_token(Context(cloud, tx, bootstrap.root_principal(cloud)), "recovery")

    return database.write(work)


DATABASE_URL: Final = "PEXTRA_DATABASE_URL"
STREAMS_URL: Final = "PEXTRA_STREAMS_URL"
STREAM_PLACES: Final = "PEXTRA_STREAM_PLACES"


def api() -> WSGIApplication:
    """The API application of a worker process, set up by its environment: `gunicorn 'pextra.wiring:api()'`.

    Raises:
        KeyError: `PEXTRA_DATABASE_URL` is not set.
    """
    return create_app(_cloud_of_environment(), ApiSettings(streams_url=os.environ.get(STREAMS_URL)))


def _cloud_of_environment() -> Cloud:
    cloud, _ = open_cloud(Database(os.environ[DATABASE_URL], pool_size=16), REGISTRY)
    return cloud


def world_at(path: Path) -> SimWorld:
    """The simulated world that is kept in a file."""
    return SimWorld.load(path)


def streams() -> WSGIApplication:
    """The stream application, set up by its environment: `gunicorn 'pextra.wiring:streams()'`.

    Raises:
        KeyError: `PEXTRA_DATABASE_URL` is not set.
    """
    return create_streams_app(_cloud_of_environment(), places=int(os.environ.get(STREAM_PLACES, "100")))
