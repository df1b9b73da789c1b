"""Drivers of the simulated world that fail, stall and die, and the fleet that a process reaches by them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from pextra.drivers.convergence import HostDrivers
from pextra.drivers.interface import (
    ComputeDriver,
    NetworkDriver,
    Retryable,
    StorageDriver,
    Unknown,
)
from pextra.drivers.interface.fabric import Fabric
from pextra.drivers.sim.bgp import SimBgp
from pextra.drivers.sim.compute import SimCompute
from pextra.drivers.sim.fabric import SimFabric
from pextra.drivers.sim.faults import OPERATIONS
from pextra.drivers.sim.inventory import simulated_gpus, simulated_inventory
from pextra.drivers.sim.network import SimNetwork
from pextra.drivers.sim.storage import SimStorage
from pextra.resources import REGISTRY
from pextra.resources.host import SimulatedMachine
from pextra.simulation.hazards import Blow
from pextra.simulation.stage import OneAtATime, Stage
from pextra.store.records import Record

SHARED_POOL: Final = "shared"
LOCAL_POOL: Final = "local"


class Frail:
    """A driver as one process uses it: every call has a point of the process before and after it, and may fail."""

    def __init__(self, stage: Stage, driver: object, place: str, point: Callable[[str], None]) -> None:
        self._stage = stage
        self._driver = driver
        self._place = place
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
            self._stage.guard.before(self._place, name, args)
            result = method(*args, **options)
            self._point(f"after {name}")
            if blow is Blow.HAPPENED:
                raise Unknown("Simulated", f"{name} may have happened")
            return result

        return call


class SimFleet:
    """The drivers of every simulated host, as one process reaches them. Their networks are each host's own."""

    def __init__(self, stage: Stage, point: Callable[[str], None]) -> None:
        self._stage = stage
        self._point = point
        self.fabric: Fabric | None = None
        self.simulated_fabric = cast("Fabric", Frail(stage, SimFabric(stage.world), "fabric", point))

    def drivers(self, host: Record) -> HostDrivers | None:
        """See `Fleet.drivers`."""
        if self._stage.hazards.weather.agents:
            return None
        machine = SimulatedMachine.model_validate(REGISTRY["host"].effective(host.spec)["simulated"])
        self._stage.world.ensure_host(host.uid, simulated_inventory(machine))
        local = self._stage.document.pools.get(LOCAL_POOL)
        pool = LOCAL_POOL if local is not None and local.host_uid == host.uid else SHARED_POOL
        return host_drivers(self._stage, host.uid, machine, pool, self._point)

    def pools(self) -> Mapping[str, StorageDriver]:
        """See `Fleet.pools`: a pool that only one host reaches is its agent's, if it has one."""
        alone = self._stage.hazards.weather.agents
        return {
            name: _storage(self._stage, name, self._point)
            for name, pool in self._stage.document.pools.items()
            if pool.host_uid is None or not alone
        }


def host_drivers(
    stage: Stage, host_uid: str, machine: SimulatedMachine, pool: str, point: Callable[[str], None]
) -> HostDrivers:
    """The drivers of a host as one process reaches them, whose points are around every call."""
    return HostDrivers(
        cast("ComputeDriver", Frail(stage, SimCompute(stage.world, host_uid), host_uid, point)),
        cast("NetworkDriver", Frail(stage, SimNetwork(stage.world, host_uid), host_uid, point)),
        _storage(stage, pool, point),
        pool,
        stage.choosing.setdefault(host_uid, OneAtATime()),
        gpus=simulated_gpus(host_uid, machine),
        bgp=SimBgp(),
    )


def _storage(stage: Stage, pool: str, point: Callable[[str], None]) -> StorageDriver:
    return cast("StorageDriver", Frail(stage, SimStorage(stage.world, pool), pool, point))
