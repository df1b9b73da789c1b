"""The simulated drivers keep the contracts of their families."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from itertools import islice
from uuid import uuid4

import pytest

from pextra.drivers.interface import (
    DiskSource,
    GuestDisk,
    GuestNic,
    GuestSpec,
    HostInventory,
    ImageSource,
    PortBinding,
    Seed,
    VolumeSource,
)
from pextra.drivers.sim.compute import SimCompute
from pextra.drivers.sim.images import sim_image
from pextra.drivers.sim.network import SimNetwork
from pextra.drivers.sim.records import BLOCK_BYTES
from pextra.drivers.sim.storage import SimStorage
from pextra.drivers.sim.world import Latency, SimWorld
from tests.contract.compute_contract import LACKED_DEVICE, ComputeContract
from tests.contract.network_contract import NetworkContract
from tests.contract.volume_history_contract import VolumeHistoryContract

HOST = "host-1"
POOL = "pool-1"
TENANT = "tenant-a"
GIB = 1 << 30


def small_world(latency: Latency) -> SimWorld:
    """A world with one host and one pool."""
    world = SimWorld(clock=time.monotonic, latency=latency)
    world.ensure_host(HOST, HostInventory(8, 16_384, 100, "sim", accelerated=False))
    world.ensure_pool(POOL, capacity_bytes=100 * GIB)
    world.lose_devices(HOST, [LACKED_DEVICE.name])
    return world


class SimComputeHarness:
    """A simulated host, its guests as slow as told."""

    patience_s = 5.0

    def __init__(self, latency: Latency) -> None:
        self._world = small_world(latency)
        self._macs = 0
        self._storage = SimStorage(self._world, POOL)
        self.guest_powers_off = self._world.guest_powers_off
        self.guest_crashes = self._world.guest_crashes
        self.guest_panics = self._world.guest_crashes

    def driver(self) -> SimCompute:
        """A new driver object on the host."""
        return SimCompute(self._world, HOST)

    def new_guest(self, name: str) -> GuestSpec:
        """A guest with a small disk."""
        return GuestSpec(
            uid=str(uuid4()),
            tenant_uid=TENANT,
            name=name,
            vcpus=1,
            memory_mib=256,
            disks=(self.new_disk(),),
            nics=(self.new_nic(),),
            seed=Seed(meta_data=f"local-hostname: {name}\n", user_data="#cloud-config\n"),
        )

    def new_disk(self) -> GuestDisk:
        """A small volume."""
        volume = VolumeSource(str(uuid4()), TENANT, 8 << 20)
        self._storage.ensure_volume(volume)
        return GuestDisk(volume.uid, self._storage.disk_source(TENANT, volume.uid))

    def new_nic(self) -> GuestNic:
        """A card."""
        self._macs += 1
        return GuestNic(str(uuid4()), f"52:54:00:00:{self._macs >> 8:02x}:{self._macs & 0xFF:02x}", PortBinding("sim"))

    def volume_exists(self, volume_uid: str) -> bool:
        """Whether the pool still has the volume."""
        return volume_uid in self._storage.observe_volumes()


class SimStorageHarness:
    """A simulated pool."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._world = SimWorld(clock=lambda: self.now)
        self._world.ensure_host(HOST, HostInventory(8, 16_384, 100, "sim", accelerated=False))
        self._world.ensure_pool(POOL, capacity_bytes=100 * GIB)
        self._compute = SimCompute(self._world, HOST)

    def driver(self) -> SimStorage:
        """A new driver object on the pool."""
        return SimStorage(self._world, POOL)

    def new_image(self) -> ImageSource:
        """An image of 1 GiB."""
        return sim_image(str(uuid4()), "debian-12")

    @contextmanager
    def opened(self, tenant_uid: str, uid: str) -> Generator[None]:
        """A guest runs on the volume."""
        disk = GuestDisk(uid, self.driver().disk_source(tenant_uid, uid))
        guest = GuestSpec(str(uuid4()), tenant_uid, "opener", 1, 256, (disk,))
        self._compute.ensure_defined(guest)
        self._compute.ensure_running(guest.uid)
        try:
            yield
        finally:
            self._compute.ensure_absent(guest.uid)

    def write(self, tenant_uid: str, uid: str, offset: int, content: bytes) -> None:
        """As a guest writes."""
        source = self.driver().disk_source(tenant_uid, uid)
        for at in range(0, len(content), BLOCK_BYTES):
            text = content[at : at + BLOCK_BYTES].rstrip(b"\0").decode("latin-1")
            self._world.guest_writes(source.location, (offset + at) // BLOCK_BYTES, text)

    def read(self, tenant_uid: str, uid: str, offset: int, length: int) -> bytes:
        """As a guest reads."""
        with self.driver().export_volume(tenant_uid, uid, snapshot_uid=None, image_format="raw") as pieces:
            blocks = islice(pieces, offset // BLOCK_BYTES, -(-(offset + length) // BLOCK_BYTES))
            return b"".join(blocks)[offset % BLOCK_BYTES :][:length]

    def first_bytes(self, tenant_uid: str, uid: str) -> bytes:
        """Simulated volumes have no bytes: it is enough that a hypervisor could open them."""
        source = self.driver().disk_source(tenant_uid, uid)
        assert source == DiskSource("sim", f"{POOL}/{uid}", "raw")
        return b"sim"


class SimNetworkHarness:
    """A simulated host."""

    def __init__(self) -> None:
        self._world = small_world(Latency())

    def driver(self) -> SimNetwork:
        """A new driver object on the host."""
        return SimNetwork(self._world, HOST)


class TestSimCompute(ComputeContract):
    """Guests that do everything at once."""

    @pytest.fixture(scope="class")
    @classmethod
    def harness(cls) -> SimComputeHarness:
        return SimComputeHarness(Latency())


class TestSlowSimCompute(ComputeContract):
    """Guests that take their time, as real ones do."""

    @pytest.fixture(scope="class")
    @classmethod
    def harness(cls) -> SimComputeHarness:
        return SimComputeHarness(Latency(boot_s=0.02, shutdown_s=0.02))


class TestSimStorage(VolumeHistoryContract):
    """A simulated pool."""

    @pytest.fixture(scope="class")
    @classmethod
    def harness(cls) -> SimStorageHarness:
        return SimStorageHarness()


class TestSimNetwork(NetworkContract):
    """Simulated networks."""

    @pytest.fixture(scope="class")
    @classmethod
    def harness(cls) -> SimNetworkHarness:
        return SimNetworkHarness()
