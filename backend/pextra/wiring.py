"""The only place that names concrete drivers: puts together the process that runs the loops."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from pextra import host_wiring, serving
from pextra.controllers.audit_forwarding import AuditForwarder
from pextra.declaration.kind import Area
from pextra.declaration.registry import Registry
from pextra.drivers.audit_sinks import sink_at
from pextra.drivers.convergence import HostDrivers
from pextra.drivers.interface import StorageDriver
from pextra.drivers.interface.fabric import Fabric
from pextra.drivers.sim.bgp import SimBgp
from pextra.drivers.sim.compute import SimCompute
from pextra.drivers.sim.dividing import SimDividing
from pextra.drivers.sim.fabric import SimFabric
from pextra.drivers.sim.images import digest_of, sim_url
from pextra.drivers.sim.inventory import simulated_gpus, simulated_inventory
from pextra.drivers.sim.network import SimNetwork
from pextra.drivers.sim.storage import SimStorage
from pextra.drivers.sim.world import SimWorld
from pextra.encryption.wrapping import KeyKeeper
from pextra.errors import PextraError
from pextra.images.tiny import BuiltImage, build_tiny_image
from pextra.pki.audit_key import AuditKey
from pextra.replacing import replace_file
from pextra.resources import REGISTRY
from pextra.resources.host import SimulatedMachine
from pextra.services import auditing, bootstrap
from pextra.services.agents import authority
from pextra.services.bootstrap import open_cloud
from pextra.services.cloud import Cloud, Context
from pextra.services.sealing_clear import seal_clear_values
from pextra.store import roles, schema
from pextra.store.database import Database, Tx
from pextra.store.records import Record

SERVER_LIFETIME: Final = timedelta(days=397)
SIM_POOL: Final = "sim"
SIM_POOL_BYTES: Final = 1 << 60


class DriverFleet:
    """The drivers of the simulated hosts, which this process runs. Real ones are run by agents of their own.

    Args:
        world: the simulated world.
        fabric: of the networks that span real hosts; None: there is none.
    """

    def __init__(self, world: SimWorld, fabric: Fabric | None = None) -> None:
        self._world = world
        self.fabric = fabric
        self.simulated_fabric: Fabric = SimFabric(world)
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
        machine = SimulatedMachine.model_validate(REGISTRY["host"].effective(host.spec).get("simulated", {}))
        self._world.ensure_host(host.uid, simulated_inventory(machine))
        gpus = simulated_gpus(host.uid, machine, partial(self._world.divided, host.uid))
        return HostDrivers(
            SimCompute(self._world, host.uid),
            SimNetwork(self._world, host.uid),
            self._pools[SIM_POOL],
            SIM_POOL,
            gpus=gpus,
            dividing=SimDividing(self._world, host.uid, gpus),
            bgp=SimBgp(),
        )

    def pools(self) -> Mapping[str, StorageDriver]:
        """See `Fleet.pools`."""
        return self._pools

    def close(self) -> None:
        """Write the simulated world down, and leave the fabric alone."""
        self._world.close()
        if self.fabric is not None:
            self.fabric.close()


class NoFabric(Exception):
    """There can be no fabric of networks; the message says what to do."""


def fabric_at(remote: str, files: Sequence[Path], *, site: str, southbound: str = "") -> Fabric:
    """The fabric of networks that OVN makes of what its northbound database says.

    Args:
        remote: see `drivers.ovn.opening.open_fabric`.
        files: key, certificate and authority, PEM; none where the remote needs none.
        site: the cloud's uid.
        southbound: as `remote`, of the southbound database.

    Raises:
        NoFabric: see there.
    """
    try:
        from pextra.drivers.ovn import opening  # noqa: PLC0415 - optional
    except ImportError as error:
        raise NoFabric("Networks on OVN need its libraries: install pextra with its extra `ovn`.") from error
    try:
        known_by = opening.Files(*files) if files else None
        return opening.open_fabric(remote, known_by, site=site, southbound=southbound)
    except opening.NorthboundRefused as error:
        raise NoFabric(f"--ovn-northbound, --ovn-southbound: {error}.") from error


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
    cloud, admin_token = open_cloud(database, registry, keeper or serving.keeper_for(database))
    seal_clear_values(cloud)
    return Opened(cloud, admin_token)


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
        replace_file(folder / name, text.encode())


def opened_with_keys(database: Database, source: str) -> Cloud:
    """The cloud in a database that others may be serving meanwhile, with its keys.

    Args:
        source: see `encryption.sources`.

    Raises:
        PextraError: `keys.lost`, `keys.unavailable`; also when this version's schema is not there yet.
    """
    if not schema.is_current(database):
        raise PextraError("keys.unavailable", "The database is of another version: start the cloud once with this one.")
    cloud, _ = open_cloud(database, REGISTRY, serving.keeper_for(database, source))
    return cloud


def new_admin_token(database: Database, *, break_glass: bool = False) -> str:
    """A new token of the administrator, who is made anew with its role when it is not there.

    Args:
        break_glass: no policy binds it, and it expires within the hour; else the one made so before is revoked.
    """
    cloud, _ = open_cloud(database, REGISTRY)
    return bootstrap.break_glass(cloud) if break_glass else bootstrap.recover(cloud)


def audit_key(path: Path) -> AuditKey:
    """The key that signs the audit log's heads; made at the first start.

    Raises:
        KeyUnusable: the file is readable by others, or holds something else.
    """
    return AuditKey.load_or_create(path)


def grant_roles(database: Database, *, api_role: str, loops_role: str, fence: bool = True) -> list[str]:
    """Make or upgrade the tables, and give the roles of the product's processes what they need.

    Neither of them may change tables, so this is what the owner does of every upgrade.

    Args:
        fence: put up the database's fence between tenants, too, where the database can; else take it down.

    Returns:
        The statements that gave them their rights.

    Raises:
        NoRoles: on SQLite, or one of them is not there.
    """
    roles.require(database, api_role, loops_role)  # before tables are made for them
    schema.migrate(database)
    deciding = [kind.name for kind in REGISTRY if kind.area is Area.IDENTITY]
    return roles.grant(database, api_role=api_role, loops_role=loops_role, fenced_kinds=deciding if fence else None)


def fence_state(database: Database) -> roles.FenceState:
    """Whether the database's fence is up, and binds the role that asks."""
    return roles.fence_state(database)


def prune_audit(database: Database, older_than: timedelta) -> int:
    """Take the entries of every audit chain away that are older; tells how many."""
    cloud, _ = open_cloud(database, REGISTRY)
    return auditing.prune(cloud, older_than)


def audit_forwarders(cloud: Cloud, sinks: Sequence[str], *, holder: str) -> dict[str, Callable[[], int]]:
    """The steps of the loops that forward the audit log, by name.

    Raises:
        SinkRefused: an address makes no sense.
    """
    return {f"audit to {sink}": AuditForwarder(cloud, sink, sink_at(sink), holder=holder).step for sink in sinks}


def world_at(path: Path) -> SimWorld:
    """The simulated world that is kept in a file."""
    return SimWorld.load(path)
