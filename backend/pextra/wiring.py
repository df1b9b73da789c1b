"""The only place that names concrete drivers: puts the parts of one process together."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from wsgiref.types import WSGIApplication

from pextra import host_wiring
from pextra.api.agents import create_agents_app
from pextra.api.app import create_app
from pextra.api.settings import ApiSettings
from pextra.api.streams import create_streams_app
from pextra.controllers.floating_ips import FloatingIpController
from pextra.controllers.hosts import HostController
from pextra.controllers.images import ImageController
from pextra.controllers.instances import InstanceController
from pextra.controllers.operations import OperationController
from pextra.controllers.outcome import Controller
from pextra.controllers.tenants import TenantController
from pextra.controllers.volumes import VolumeController
from pextra.declaration.registry import Registry
from pextra.drivers.convergence import HostDrivers
from pextra.drivers.interface import HostInventory, StorageDriver
from pextra.drivers.sim.compute import SimCompute
from pextra.drivers.sim.images import digest_of, sim_url
from pextra.drivers.sim.network import SimNetwork
from pextra.drivers.sim.storage import SimStorage
from pextra.drivers.sim.world import SimWorld
from pextra.encryption.failures import KeyUnavailable
from pextra.encryption.sources import keeper_of
from pextra.encryption.wrapping import KeyKeeper
from pextra.errors import PextraError
from pextra.images.tiny import BuiltImage, build_tiny_image
from pextra.resources import REGISTRY
from pextra.services import bootstrap
from pextra.services.agents import authority
from pextra.services.bootstrap import open_cloud
from pextra.services.cloud import Addresses, Cloud, Context
from pextra.services.keyring import told
from pextra.services.sealing_clear import seal_clear_values
from pextra.store import schema
from pextra.store.database import Database, Tx
from pextra.store.records import Record

SERVER_LIFETIME: Final = timedelta(days=397)
SIM_POOL: Final = "sim"
SIM_POOL_BYTES: Final = 1 << 60


class DriverFleet:
    """The drivers of the simulated hosts, which this process runs. Real ones are run by agents of their own.

    Args:
        world: the simulated world.
    """

    def __init__(self, world: SimWorld) -> None:
        self._world = world
        self._known: dict[str, tuple[int, HostDrivers]] = {}
        self._lock = threading.Lock()
        world.ensure_pool(SIM_POOL, capacity_bytes=SIM_POOL_BYTES)
        self._pools: dict[str, StorageDriver] = {SIM_POOL: SimStorage(world, SIM_POOL)}

    def drivers(self, host: Record) -> HostDrivers | None:
        """See `Fleet.drivers`."""
        if host.spec["driver"] != "sim":
            return None
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
        """Write the simulated world down."""
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
        "floating_ip": FloatingIpController(),
    }


@dataclass(frozen=True, slots=True)
class LocalMachine:
    """This machine as a host: its name, and the image that is offered for its guests."""

    name: str
    image: BuiltImage


def local_machine(image_dir: Path, image_path: Path | None = None) -> LocalMachine:
    """This machine as a host.

    Args:
        image_dir: where the small image is built, unless it is there.
        image_path: the user's own qcow2 to offer as the image `tiny`, instead of the one that is built here.

    Raises:
        ImageBuildError, OSError: there is no image.
    """
    image = build_tiny_image(image_dir) if image_path is None else _own_image(image_path)
    return LocalMachine(host_wiring.machine_name(), image)


def _own_image(path: Path) -> BuiltImage:
    """The user's image; the storage driver looks into it when it is stored.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return BuiltImage(path.absolute(), digest, virtual_size_bytes=0)


@dataclass(frozen=True, slots=True)
class Opened:
    """A cloud that is ready to be served.

    Attributes:
        admin_token: the administrator's token, at the site's first start only.
    """

    cloud: Cloud
    admin_token: str | None


def open_site(database: Database, registry: Registry = REGISTRY, keeper: KeyKeeper | None = None) -> Opened:
    """The cloud in this database, at this version's schema; made if it is not there yet.

    One process does this before the others start. What an earlier version stored in the clear is sealed.

    Args:
        keeper: keeps the key-encryption key; by default as `keeper_for` says.

    Raises:
        PextraError: `keys.lost`, `keys.unavailable`.
    """
    schema.migrate(database)
    cloud, admin_token = open_cloud(database, registry, keeper or keeper_for(database))
    seal_clear_values(cloud)
    return Opened(cloud, admin_token)


def keeper_for(database: Database, source: str | None = None) -> KeyKeeper:
    """What keeps the key-encryption key of the site in this database.

    Args:
        source: see `encryption.sources`; by default what `PEXTRA_KEY_SOURCE` says, or else a file beside an embedded
            database.

    Raises:
        PextraError: `keys.unavailable`: neither says where the key is, or what is said cannot be used.
    """
    source = source or os.environ.get(KEY_SOURCE)
    if source is None and (embedded := database.file) is not None:
        source = f"file:{embedded.absolute().with_name(KEY_FILE)}"
    with told():
        if source is None:
            raise KeyUnavailable(f"Say where the key-encryption key is: set {KEY_SOURCE}, see docs/secrets.md.")
        return keeper_of(source)


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


def join_token(cloud: Cloud, host: str) -> tuple[str, str]:
    """The host's uid, and a new join token for it, which takes the place of the one that was made so before."""

    def work(tx: Tx) -> tuple[str, str]:
        return bootstrap.mint_join_token(Context(cloud, tx, bootstrap.root_principal(cloud)), host)

    return cloud.database.write(work)


def keep_agents_tls(cloud: Cloud, folder: Path, names: Sequence[str]) -> None:
    """Write what the agents' endpoint serves TLS with: certificate, key and authority; renewed at each start.

    Args:
        folder: made when absent; only we may look into it.
        names: the DNS names and addresses that agents know the endpoint by.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    signer = cloud.database.write(lambda tx: authority(cloud, tx))
    made = signer.sign_server(names, datetime.now(UTC), SERVER_LIFETIME)
    for name, text in (("authority.pem", signer.certificate_pem), ("server.pem", made.key_pem + made.chain_pem)):
        descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)


def opened_with_keys(database: Database, source: str) -> Cloud:
    """The cloud in a database that others may be serving meanwhile, with its keys.

    Args:
        source: see `encryption.sources`.

    Raises:
        PextraError: `keys.lost`, `keys.unavailable`; also when this version's schema is not there yet.
    """
    if not schema.is_current(database):
        raise PextraError("keys.unavailable", "The database is of another version: start the cloud once with this one.")
    cloud, _ = open_cloud(database, REGISTRY, keeper_for(database, source))
    return cloud


def new_admin_token(database: Database) -> str:
    """A new token of the administrator; the one that was made so before is revoked."""
    cloud, _ = open_cloud(database, REGISTRY)

    def work(tx: Tx) -> str:
        return bootstrap.mint_admin_token(Context(cloud, tx, bootstrap.root_principal(cloud)), "recovery")

    return database.write(work)


DATABASE_URL: Final = "PEXTRA_DATABASE_URL"
KEY_SOURCE: Final = "PEXTRA_KEY_SOURCE"
KEY_FILE: Final = "keys.json"
STREAMS_URL: Final = "PEXTRA_STREAMS_URL"
STREAM_PLACES: Final = "PEXTRA_STREAM_PLACES"
RELAY_URL: Final = "PEXTRA_RELAY_URL"
CONSOLES_URL: Final = "PEXTRA_CONSOLES_URL"
PAGES_URL: Final = "PEXTRA_PAGES_URL"


def api() -> WSGIApplication:
    """The API application of a worker process, set up by its environment: `gunicorn 'pextra.wiring:api()'`.

    Raises:
        KeyError: `PEXTRA_DATABASE_URL` is not set.
    """
    return create_app(_cloud_of_environment(keys=True), ApiSettings(streams_url=os.environ.get(STREAMS_URL)))


def relay() -> Cloud:
    """The cloud that a relay process serves, set up by its environment.

    Raises:
        KeyError: `PEXTRA_DATABASE_URL` is not set.
    """
    return _cloud_of_environment()


def agents() -> WSGIApplication:
    """The application that host agents speak to, set up by its environment: `gunicorn 'pextra.wiring:agents()'`.

    Raises:
        KeyError: `PEXTRA_DATABASE_URL` is not set.
    """
    return create_agents_app(_cloud_of_environment(keys=True))


def _cloud_of_environment(*, keys: bool = False) -> Cloud:
    """The cloud of a server process; only those that store or deliver secrets hold the keys."""
    database = Database(os.environ[DATABASE_URL], pool_size=16)
    cloud, _ = open_cloud(database, REGISTRY, keeper_for(database) if keys else None)
    env = os.environ.get
    return replace(cloud, addresses=Addresses(env(RELAY_URL), env(CONSOLES_URL), env(PAGES_URL, "")))


def world_at(path: Path) -> SimWorld:
    """The simulated world that is kept in a file."""
    return SimWorld.load(path)


def streams() -> WSGIApplication:
    """The stream application, set up by its environment: `gunicorn 'pextra.wiring:streams()'`.

    Raises:
        KeyError: `PEXTRA_DATABASE_URL` is not set.
    """
    return create_streams_app(_cloud_of_environment(), places=int(os.environ.get(STREAM_PLACES, "100")))
