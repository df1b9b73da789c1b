"""Simulated worlds for the tests of the world itself."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from pextra.drivers.interface import GuestDisk, GuestSpec, HostInventory, Power, Seed, StopCause, VolumeSource
from pextra.drivers.sim.compute import SimCompute
from pextra.drivers.sim.storage import SimStorage
from pextra.drivers.sim.world import INSTANT, Latency, SimWorld

TENANT = "tenant-a"
INVENTORY = HostInventory(8, 16_384, 100, "sim", accelerated=False)
GIB = 1 << 30


class Clock:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def furnished(world: SimWorld) -> SimWorld:
    """The world with hosts `h1` and `h2` and a shared pool."""
    for host in ("h1", "h2"):
        world.ensure_host(host, INVENTORY)
    world.ensure_pool("shared", capacity_bytes=10 * GIB)
    return world


def guest_on(world: SimWorld, host: str, uid: str, *, pool: str = "shared", disk: str = "") -> SimCompute:
    """The host's driver, with a guest defined whose disk exists."""
    storage = SimStorage(world, pool)
    volume = VolumeSource(disk or f"disk-of-{uid}", TENANT, GIB)
    storage.ensure_volume(volume)
    source = storage.disk_source(TENANT, volume.uid)
    seed = Seed(meta_data=f"local-hostname: {uid}\n", user_data="#cloud-config\npassword: hunter2\n")
    compute = SimCompute(world, host)
    compute.ensure_defined(GuestSpec(uid, TENANT, uid, 1, 512, (GuestDisk(volume.uid, source),), seed=seed))
    return compute


def power(compute: SimCompute, uid: str) -> tuple[Power, StopCause | None]:
    """What the guest does, and why."""
    seen = compute.observe_guest(uid)
    assert seen is not None
    return seen.power, seen.stop_cause


@contextmanager
def loaded(path: Path, clock: Clock, latency: Latency = INSTANT) -> Generator[SimWorld]:
    """The world in the file, closed in the end."""
    world = SimWorld.load(path, clock=clock, latency=latency, save_delay_s=0.01)
    try:
        yield world
    finally:
        world.close()
