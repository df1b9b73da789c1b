"""Drivers of the simulated world that fail, stall and die, and the fleet that a process reaches by them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from pextra.drivers.convergence import HostDrivers
from pextra.drivers.interface import (
    ComputeDriver,
    HostInventory,
    NetworkDriver,
    Retryable,
    StorageDriver,
    Unknown,
)
from pextra.drivers.sim.compute import SimCompute
from pextra.drivers.sim.faults import OPERATIONS
from pextra.drivers.sim.network import SimNetwork
from pextra.drivers.sim.storage import SimStorage
from pextra.resources import REGISTRY
from pextra.simulation.hazards import Blow
from pextra.simulation.stage import Stage
from pextra.store.records import Record

SHARED_POOL: Final = "shared"
LOCAL_POOL: Final = "local"


class Frail:
    """A driver as one process uses it: every call has a point of the process before and after it, and may fail."""

    def __init__(self, stage: Stage, driver: object, point: Callable[[str], None]) -> None:
        self._stage = stage
        self._driver = driver
        self._point = point

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._driver, name)
        if name not in OPERATIONS:
            return method

        def call(*args: Any, **options: Any) -> Any:
            self._point(f"before {name}")
            blow = self._stage.hazards.blow()
            if blow is not Blow.NONE:
                self._stage.note("driver", f"{name} {blow.value}", count=f"driver {blow.name.lower()}")
            if blow is Blow.REFUSED or (blow is not Blow.NONE and name.startswith("observe_")):
                raise Retryable("Simulated", f"{name} failed")
            if blow is Blow.LOST:
                raise Unknown("Simulated", f"{name} may have happened")
            result = method(*args, **options)
            self._point(f"after {name}")
            if blow is Blow.HAPPENED:
                raise Unknown("Simulated", f"{name} may have happened")
            return result

        return call


class SimFleet:
    """The drivers of every simulated host, as one process reaches them."""

    def __init__(self, stage: Stage, point: Callable[[str], None]) -> None:
        self._stage = stage
        self._point = point

    def drivers(self, host: Record) -> HostDrivers | None:
        """See `Fleet.drivers`."""
        machine = REGISTRY["host"].effective(host.spec)["simulated"]
        inventory = HostInventory(
            machine["vcpus"], machine["memory_mib"], machine["disk_gib"], "sim", accelerated=False
        )
        self._stage.world.ensure_host(host.uid, inventory)
        local = self._stage.document.pools.get(LOCAL_POOL)
        pool = LOCAL_POOL if local is not None and local.host_uid == host.uid else SHARED_POOL
        return HostDrivers(
            cast("ComputeDriver", self._frail(SimCompute(self._stage.world, host.uid))),
            cast("NetworkDriver", self._frail(SimNetwork(self._stage.world, host.uid))),
            self._storage(pool),
            pool,
        )

    def pools(self) -> Mapping[str, StorageDriver]:
        """See `Fleet.pools`."""
        return {name: self._storage(name) for name in self._stage.document.pools}

    def _storage(self, pool: str) -> StorageDriver:
        return cast("StorageDriver", self._frail(SimStorage(self._stage.world, pool)))

    def _frail(self, driver: object) -> Frail:
        return Frail(self._stage, driver, self._point)
