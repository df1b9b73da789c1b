"""A cloud under a test's hand: real store, services and loops over a simulated world, one step at a time."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from pextra import serving, wiring
from pextra.controllers import by_kind
from pextra.controllers.loop import Loop
from pextra.controllers.sweep import Sweep
from pextra.drivers.interface.fabric import Fabric
from pextra.drivers.sim.images import digest_of, sim_url
from pextra.drivers.sim.world import SimWorld
from pextra.errors import PextraError
from pextra.services import acting, bootstrap, deleting, writing
from pextra.services.cloud import Address, Context, Preconditions, Written
from pextra.store import objects
from pextra.store.database import Database, Tx
from pextra.store.records import Record
from tests.store.clock import ManualClock

TENANT = "acme"


class LoopedCloud:
    """One control plane whose loops move when told to.

    Attributes:
        clock: its time; `settle` lets it pass.
        world: what its hosts do.
    """

    def __init__(self, url: str, clock: ManualClock | None = None, depot: Path | None = None) -> None:
        self.clock = clock or ManualClock()
        self.database = Database(url, clock=self.clock, rng=random.Random(1), durable=False)
        self.cloud = wiring.open_site(self.database).cloud
        if depot is not None:
            self.cloud = serving.with_depot(self.cloud, depot)
        self.world = SimWorld(clock=self.clock.now)
        self.restart()

    def restart(self) -> None:
        """A new process: everything that loops remember is lost."""
        self.fleet = wiring.DriverFleet(self.world, self.new_fabric())
        self.loop = Loop(self.cloud, by_kind.controllers_of(self.fleet), holder="loops")
        self.sweep = Sweep(self.cloud, self.fleet)

    def new_fabric(self) -> Fabric | None:
        """The fabric of networks, as a new process connects to it."""
        return None

    def close(self) -> None:
        """Let the database go."""
        self.database.close()

    def put(self, kind: str, name: str, spec: dict[str, Any], *, tenant: str | None = TENANT) -> Written:
        """Write an object as the cloud's administrator."""
        address = self._address(kind, name, tenant)
        return self._write(lambda ctx: writing.put(ctx, address, {"spec": spec}, Preconditions()))

    def delete(self, kind: str, name: str, *, tenant: str | None = TENANT, cascade: bool = False) -> Written:
        """Delete an object."""
        address = self._address(kind, name, tenant)
        return self._write(lambda ctx: deleting.delete(ctx, address, Preconditions(), cascade=cascade))

    def act(self, kind: str, name: str, action: str) -> Written:
        """Ask for an action."""
        return self._write(lambda ctx: acting.act(ctx, self._address(kind, name, TENANT), action, None, uid=None))

    def _write(self, work: Any) -> Written:
        return self.database.write(lambda tx: work(Context(self.cloud, tx, bootstrap.root_principal(self.cloud))))

    def _address(self, kind: str, name: str, tenant: str | None) -> Address:
        declared = self.cloud.registry[kind]
        return Address(declared, tenant if declared.scope.value == "tenant" else None, name)

    def find(self, kind: str, name: str, *, tenant: str | None = TENANT) -> Record | None:
        """The object of that name."""

        def read(tx: Tx) -> Record | None:
            address = self._address(kind, name, tenant)
            owner = self.cloud.site.uid
            if address.tenant is not None:
                found = objects.by_name(tx, self.cloud.site.uid, "tenant", address.tenant)
                if found is None:
                    return None
                owner = found.uid
            return objects.by_name(tx, owner, kind, name)

        return self.database.read(read)

    def get(self, kind: str, name: str) -> Record:
        """The object of that name, which is there."""
        found = self.find(kind, name)
        assert found is not None, f"there is no {kind} {name}"
        return found

    def ready(self, kind: str, name: str) -> dict[str, Any]:
        """The object's condition `ready`."""
        return next(c for c in self.get(kind, name).status["conditions"] if c["type"] == "ready")

    def condition(self, kind: str, name: str, type_: str) -> dict[str, Any]:
        """The object's condition of that type."""
        return next(c for c in self.get(kind, name).status["conditions"] if c["type"] == type_)

    def settle(self, seconds: float = 0.0) -> None:
        """Let the loops do what is due, also what becomes due within `seconds`, and sweep the hosts."""
        until = self.clock.now() + seconds
        while True:
            while self.loop.step():
                pass
            if self.sweep.run(self.loop.shards):
                continue
            if self.clock.now() >= until:
                return
            self.clock.advance(min(0.5, until - self.clock.now()))

    def furnish(self, hosts: int = 2) -> None:
        """What every test of instances needs."""
        url = sim_url("linux")
        for number in range(hosts):
            machine = {"vcpus": 8, "memory_mib": 16_384, "disk_gib": 200}
            self.put("host", f"h{number}", {"driver": "sim", "cpu_overcommit": 1, "simulated": machine})
        self.put("flavor", "small", {"vcpus": 1, "memory_mib": 1024, "disk_gib": 10})
        self.put("flavor", "large", {"vcpus": 4, "memory_mib": 8192, "disk_gib": 10})
        self.put("tenant", TENANT, {})
        self.put("quota", "default", {"unlisted": "unlimited"})
        self.put("image", "linux", {"url": url, "sha256": digest_of(url)})
        self.put("network", "front", {})
        self.put("subnet", "front", {"network": "front", "cidr": "10.0.0.0/29"})
        self.settle()

    def instance(self, name: str, **spec: Any) -> None:
        """Write an instance and let the loops make it."""
        self.put("instance", name, {"flavor": "small", "image": "linux", **spec})
        self.settle(2.0)

    def uid(self, name: str) -> str:
        """An instance's uid, which is its guest's."""
        return self.get("instance", name).uid


def refusal(cloud: LoopedCloud, *arguments: Any, **options: Any) -> PextraError:
    """The error with which a deletion is refused."""
    try:
        cloud.delete(*arguments, **options)
    except PextraError as error:
        return error
    raise AssertionError("it was not refused")
