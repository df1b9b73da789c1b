"""The simulated world notices every broken promise, and no kept one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from pextra.drivers.interface import (
    GuestDisk,
    GuestSpec,
    NetworkSource,
    Permanent,
    PortSource,
    Power,
    Retryable,
    VolumeSource,
)
from pextra.drivers.sim.compute import SimCompute
from pextra.drivers.sim.network import SimNetwork
from pextra.drivers.sim.storage import SimStorage
from pextra.drivers.sim.world import SimWorld
from tests.contract.simulated import GIB, TENANT, Clock, furnished, guest_on, power


@pytest.fixture
def world() -> SimWorld:
    """A furnished world in which everything happens at once."""
    return furnished(SimWorld(clock=Clock()))


def test_guest_that_ran_on_two_hosts_is_remembered(world: SimWorld) -> None:
    first, second = guest_on(world, "h1", "g1"), guest_on(world, "h2", "g1")
    first.ensure_running("g1")
    second.ensure_running("g1")
    first.ensure_stopped("g1", force=True)
    assert "guest g1 runs on h1 and h2" in world.violations()


def test_guest_that_moved_in_turn_broke_nothing(world: SimWorld) -> None:
    first, second = guest_on(world, "h1", "g1"), guest_on(world, "h2", "g1")
    for _ in range(2):
        first.ensure_running("g1")
        first.ensure_stopped("g1", force=True)
        second.ensure_running("g1")
        second.ensure_absent("g1")
        second = guest_on(world, "h2", "g1")
    assert world.violations() == []


def test_disk_open_in_two_guests_is_remembered(world: SimWorld) -> None:
    guest_on(world, "h1", "g1", disk="d").ensure_running("g1")
    guest_on(world, "h2", "g2", disk="d").ensure_running("g2")
    assert world.violations() == ["disk shared/d is open in guests g1 and g2 on h1 and h2"]


def test_disk_that_nobody_writes_may_be_open_twice(world: SimWorld) -> None:
    storage = SimStorage(world, "shared")
    storage.ensure_volume(VolumeSource("d", TENANT, GIB))
    disk = GuestDisk("d", storage.disk_source(TENANT, "d"), read_only=True)
    for host, uid in (("h1", "g1"), ("h2", "g2")):
        compute = SimCompute(world, host)
        compute.ensure_defined(GuestSpec(uid, TENANT, uid, 1, 512, (disk,)))
        compute.ensure_running(uid)
    assert world.violations() == []
    guest_on(world, "h1", "g3", disk="d").ensure_running("g3")
    assert len(world.violations()) == 2


def test_ports_of_one_network_share_neither_mac_nor_address(world: SimWorld) -> None:
    for host in ("h1", "h2"):
        for network in ("n1", "n2"):
            SimNetwork(world, host).ensure_network(NetworkSource(network, TENANT, 1450, ()))

    def plug(host: str, network: str, uid: str, mac: str, address: str) -> None:
        SimNetwork(world, host).ensure_port(PortSource(uid, TENANT, network, mac, (address,)))

    plug("h1", "n1", "p1", "52:54:00:00:00:01", "10.0.0.1")
    plug("h2", "n1", "p1", "52:54:00:00:00:01", "10.0.0.1")
    plug("h1", "n2", "p2", "52:54:00:00:00:01", "10.0.0.1")
    assert world.violations() == []
    plug("h2", "n1", "p3", "52:54:00:00:00:01", "10.0.0.3")
    plug("h2", "n2", "p4", "52:54:00:00:00:04", "10.0.0.1")
    assert world.violations() == [
        "network n1: 52:54:00:00:00:01 is on ports p1 and p3",
        "network n2: 10.0.0.1 is on ports p2 and p4",
    ]


def test_volume_is_never_removed_under_a_guest_that_starts(world: SimWorld) -> None:
    storage = SimStorage(world, "shared")
    compute = guest_on(world, "h1", "g1")

    def start_and_stop() -> None:
        for _ in range(500):
            with suppress(Permanent):
                compute.ensure_running("g1")
                assert "disk-of-g1" in storage.observe_volumes()
            compute.ensure_stopped("g1", force=True)

    def remove_and_make() -> None:
        for _ in range(500):
            with suppress(Retryable):
                storage.ensure_volume_absent(TENANT, "disk-of-g1")
                assert power(compute, "g1")[0] is Power.OFF
            storage.ensure_volume(VolumeSource("disk-of-g1", TENANT, GIB))

    with ThreadPoolExecutor(2) as threads:
        tasks = [threads.submit(start_and_stop), threads.submit(remove_and_make)]
    assert [task.result() for task in tasks] == [None, None]
