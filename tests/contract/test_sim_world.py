"""What happens in the simulated world by itself, and what its drivers do beyond their contracts."""

from __future__ import annotations

import pytest

from pextra.drivers.interface import (
    GuestDisk,
    GuestSpec,
    HostInventory,
    Permanent,
    Power,
    Retryable,
    Seed,
    StopCause,
    VolumeSource,
)
from pextra.drivers.sim.compute import SimCompute
from pextra.drivers.sim.images import digest_of, sim_image, sim_url
from pextra.drivers.sim.network import SimNetwork
from pextra.drivers.sim.storage import SimStorage
from pextra.drivers.sim.world import Latency, SimWorld
from tests.contract.simulated import GIB, TENANT, Clock, furnished, guest_on, power


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def world(clock: Clock) -> SimWorld:
    """A furnished world in which everything happens at once."""
    return furnished(SimWorld(clock=clock))


def test_host_that_loses_power_loses_its_guests_and_answers_nobody(world: SimWorld) -> None:
    compute = guest_on(world, "h1", "g1")
    compute.ensure_running("g1")
    guest_on(world, "h1", "never-started")
    world.host_down("h1")
    with pytest.raises(Retryable) as caught:
        compute.observe_guests()
    assert caught.value.reason == "HostDown"
    with pytest.raises(Retryable):
        SimNetwork(world, "h1").observe_ports()
    world.host_up("h1")
    assert power(compute, "g1") == (Power.OFF, StopCause.HOST_LOST)
    assert power(compute, "never-started") == (Power.OFF, StopCause.NEVER_STARTED)


def test_guest_of_a_lost_host_starts_elsewhere_without_harm(world: SimWorld) -> None:
    first = guest_on(world, "h1", "g1")
    second = guest_on(world, "h2", "g1")
    first.ensure_running("g1")
    world.host_down("h1")
    second.ensure_running("g1")
    assert world.violations() == []


def test_redescribed_host_keeps_its_guests(world: SimWorld) -> None:
    compute = guest_on(world, "h1", "g1")
    world.ensure_host("h1", HostInventory(64, 1 << 20, 100, "sim", accelerated=False))
    assert compute.observe_host().vcpus == 64
    assert set(compute.observe_guests()) == {"g1"}


def test_unknown_host_or_pool_is_a_mistake_of_the_caller(world: SimWorld) -> None:
    with pytest.raises(LookupError, match="no host 'h9'"):
        SimCompute(world, "h9").observe_guests()
    with pytest.raises(LookupError, match="no pool 'p9'"):
        SimStorage(world, "p9").capabilities()
    with pytest.raises(LookupError, match="runs nowhere"):
        world.guest_crashes("g9")
    with pytest.raises(ValueError, match="no slash"):
        world.ensure_pool("a/b", capacity_bytes=GIB)


# --- guests ---


def test_slow_guest_runs_when_the_clock_says_so(clock: Clock) -> None:
    world = furnished(SimWorld(clock=clock, latency=Latency(boot_s=3.0, shutdown_s=2.0)))
    compute = guest_on(world, "h1", "g1")
    compute.ensure_running("g1")
    clock.now += 2.9
    compute.ensure_running("g1")
    assert power(compute, "g1") == (Power.OFF, StopCause.NEVER_STARTED)
    clock.now += 0.2
    assert power(compute, "g1") == (Power.RUNNING, None)
    compute.ensure_stopped("g1", force=False)
    clock.now += 1.9
    compute.ensure_stopped("g1", force=False)
    assert power(compute, "g1") == (Power.RUNNING, None)
    clock.now += 0.2
    assert power(compute, "g1") == (Power.OFF, StopCause.REQUESTED)
    seen = compute.observe_guest("g1")
    assert seen is not None
    assert seen.boots == 1


def test_volume_of_a_slow_guest_is_busy_from_its_start_until_it_has_shut_down(clock: Clock) -> None:
    world = furnished(SimWorld(clock=clock, latency=Latency(boot_s=3.0, shutdown_s=2.0)))
    compute = guest_on(world, "h1", "g1")
    storage = SimStorage(world, "shared")
    compute.ensure_running("g1")
    with pytest.raises(Retryable):
        storage.ensure_volume_absent(TENANT, "disk-of-g1")
    clock.now += 3
    compute.ensure_stopped("g1", force=False)
    with pytest.raises(Retryable):
        storage.ensure_volume_absent(TENANT, "disk-of-g1")
    clock.now += 2
    storage.ensure_volume_absent(TENANT, "disk-of-g1")
    assert storage.observe_volumes() == {}


def test_reboot_takes_as_long_as_a_start_and_forgets_a_shutdown_under_way(clock: Clock) -> None:
    world = furnished(SimWorld(clock=clock, latency=Latency(boot_s=3.0, shutdown_s=2.0)))
    compute = guest_on(world, "h1", "g1")
    compute.ensure_running("g1")
    clock.now += 3
    compute.ensure_stopped("g1", force=False)
    compute.reboot("g1", act="a")
    assert power(compute, "g1") == (Power.OFF, StopCause.REQUESTED)
    clock.now += 3
    compute.reboot("g1", act="a")
    assert power(compute, "g1") == (Power.RUNNING, None)
    with pytest.raises(Retryable):
        SimStorage(world, "shared").ensure_volume_absent(TENANT, "disk-of-g1")
    assert world.violations() == []


def test_reboot_into_a_definition_without_its_disk_leaves_the_guest_off(world: SimWorld) -> None:
    compute = guest_on(world, "h1", "g1")
    compute.ensure_running("g1")
    storage = SimStorage(world, "shared")
    storage.ensure_volume(VolumeSource("other", TENANT, 1 << 30))
    larger = GuestSpec("g1", TENANT, "g1", 2, 512, (GuestDisk("other", storage.disk_source(TENANT, "other")),))
    compute.ensure_defined(larger)
    storage.ensure_volume_absent(TENANT, "other")
    with pytest.raises(Permanent) as caught:
        compute.reboot("g1", act="a")
    assert caught.value.reason == "VolumeMissing"
    assert power(compute, "g1") == (Power.OFF, StopCause.REQUESTED)


def test_start_that_is_called_off_is_no_boot(clock: Clock) -> None:
    world = furnished(SimWorld(clock=clock, latency=Latency(boot_s=3.0)))
    compute = guest_on(world, "h1", "g1")
    compute.ensure_running("g1")
    compute.ensure_stopped("g1", force=False)
    clock.now += 10
    seen = compute.observe_guest("g1")
    assert seen is not None
    assert (seen.power, seen.stop_cause, seen.boots) == (Power.OFF, StopCause.REQUESTED, 0)


def test_paused_guest_runs_on_without_a_boot(world: SimWorld) -> None:
    compute = guest_on(world, "h1", "g1")
    compute.ensure_running("g1")
    world.guest_pauses("g1")
    assert power(compute, "g1") == (Power.PAUSED, None)
    compute.ensure_running("g1")
    seen = compute.observe_guest("g1")
    assert seen is not None
    assert (seen.power, seen.boots) == (Power.RUNNING, 1)


def test_guest_without_its_disk_does_not_start(world: SimWorld) -> None:
    compute = guest_on(world, "h1", "g1")
    SimStorage(world, "shared").ensure_volume_absent(TENANT, "disk-of-g1")
    with pytest.raises(Permanent) as caught:
        compute.ensure_running("g1")
    assert caught.value.reason == "VolumeMissing"
    assert power(compute, "g1") == (Power.OFF, StopCause.NEVER_STARTED)
    guest_on(world, "h1", "g1")
    compute.ensure_running("g1")
    assert power(compute, "g1") == (Power.RUNNING, None)


def test_volume_of_one_host_is_out_of_another_one_s_reach(world: SimWorld) -> None:
    world.ensure_pool("local-h1", capacity_bytes=10 * GIB, host_uid="h1")
    assert not SimStorage(world, "local-h1").capabilities().shared
    guest_on(world, "h1", "g1", pool="local-h1").ensure_running("g1")
    with pytest.raises(Permanent) as caught:
        guest_on(world, "h2", "g2", pool="local-h1")
    assert caught.value.reason == "DiskUnsupported"


@pytest.mark.parametrize(("vcpus", "memory_mib"), [(9, 512), (1, 16_385), (0, 512), (1, 0)])
def test_guest_that_the_host_could_never_hold_is_refused(world: SimWorld, vcpus: int, memory_mib: int) -> None:
    compute = SimCompute(world, "h1")
    with pytest.raises(Permanent) as caught:
        compute.ensure_defined(GuestSpec("g1", TENANT, "g1", vcpus, memory_mib, ()))
    assert caught.value.reason == "SizeUnsupported"
    assert compute.observe_guests() == {}


def test_console_tells_the_guest_s_story_and_no_secret(world: SimWorld) -> None:
    compute = guest_on(world, "h1", "web-1")
    compute.ensure_running("web-1")
    first = compute.console_log("web-1", offset=0, limit=1 << 20)
    assert b"web-1 login:" in first
    assert b"Cloud-init v." in first
    assert b"Thu, 01 Jan 1970 00:16:40" in first
    world.guest_crashes("web-1")
    compute.ensure_running("web-1")
    compute.ensure_stopped("web-1", force=False)
    story = compute.console_log("web-1", offset=0, limit=1 << 20)
    assert story.startswith(first)
    assert story.count(b"web-1 login:") == 2
    assert b"Kernel panic" in story
    assert story.endswith(b"reboot: Power down\n")
    assert b"hunter2" not in story


@pytest.mark.parametrize("meta_data", ["", "{", "[1]", "local-hostname: 7", None])
def test_guest_without_a_readable_name_is_localhost(world: SimWorld, meta_data: str | None) -> None:
    compute = SimCompute(world, "h1")
    seed = None if meta_data is None else Seed(meta_data, "")
    compute.ensure_defined(GuestSpec("g1", TENANT, "g1", 1, 512, (), seed=seed))
    compute.ensure_running("g1")
    console = compute.console_log("g1", offset=0, limit=1 << 20)
    assert b"localhost login:" in console
    assert (b"Cloud-init" in console) == (seed is not None)


# --- storage ---


def test_full_pool_takes_nothing_new_and_keeps_what_it_has(world: SimWorld) -> None:
    storage = SimStorage(world, "shared")
    kept = VolumeSource("kept", TENANT, GIB)
    storage.ensure_volume(kept)
    world.fill_pool("shared")
    for refused in (VolumeSource("new", TENANT, 1), VolumeSource("kept", TENANT, 2 * GIB)):
        with pytest.raises(Retryable) as caught:
            storage.ensure_volume(refused)
        assert caught.value.reason == "PoolFull"
    with pytest.raises(Retryable):
        storage.ensure_image(sim_image("i1", "debian-12"))
    assert storage.ensure_volume(kept).size_bytes == GIB
    assert storage.observe_image("i1") is None
    world.free_pool("shared")
    storage.ensure_volume(VolumeSource("new", TENANT, GIB))
    assert set(storage.observe_volumes()) == {"kept", "new"}


def test_pool_gives_back_all_that_it_allocated(world: SimWorld) -> None:
    storage = SimStorage(world, "shared")
    for _ in range(5):
        storage.ensure_image(sim_image("i1", "debian-12", size_gib=4))
        storage.ensure_volume(VolumeSource("v1", TENANT, 4 * GIB, image_uid="i1"))
        storage.ensure_volume(VolumeSource("v1", TENANT, 8 * GIB, image_uid="i1"))
        storage.ensure_image_absent("i1")
        storage.ensure_volume_absent(TENANT, "v1")
    storage.ensure_volume(VolumeSource("whole", TENANT, 10 * GIB))
    assert set(storage.observe_volumes()) == {"whole"}


def test_size_of_a_simulated_image_is_in_its_url(world: SimWorld) -> None:
    storage = SimStorage(world, "shared")
    assert storage.ensure_image(sim_image("i1", "debian-12", size_gib=2)).virtual_size_bytes == 2 * GIB
    assert sim_url("debian-12", size_gib=2) == "sim://debian-12?size_gib=2"
    assert digest_of("sim://a") != digest_of("sim://b")


@pytest.mark.parametrize("url", ["sim://", "sim://a?size_gib=0", "sim://a?size_gib=x", "sim://a?b=c"])
def test_simulated_image_that_does_not_exist_is_missing(world: SimWorld, url: str) -> None:
    image = sim_image("i1", "a")
    with pytest.raises(Permanent) as caught:
        SimStorage(world, "shared").ensure_image(type(image)("i1", url, "raw", digest_of(url)))
    assert caught.value.reason == "SourceMissing"


def test_content_of_a_stored_image_cannot_be_exchanged(world: SimWorld) -> None:
    storage = SimStorage(world, "shared")
    before = storage.ensure_image(sim_image("i1", "debian-12"))
    with pytest.raises(Permanent) as caught:
        storage.ensure_image(sim_image("i1", "debian-13"))
    assert caught.value.reason == "DigestMismatch"
    assert storage.observe_image("i1") == before


def test_uid_of_a_stranger_s_volume_cannot_be_taken(world: SimWorld) -> None:
    storage = SimStorage(world, "shared")
    before = storage.ensure_volume(VolumeSource("v1", TENANT, GIB))
    with pytest.raises(Permanent) as caught:
        storage.ensure_volume(VolumeSource("v1", "tenant-b", 2 * GIB))
    assert caught.value.reason == "UidTaken"
    assert storage.observe_volume(TENANT, "v1") == before
