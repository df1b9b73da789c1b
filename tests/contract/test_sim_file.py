"""The simulated world outlives its process."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from pextra.drivers.interface import NetworkSource, PortSource, Power, Retryable, StopCause
from pextra.drivers.sim.compute import SimCompute
from pextra.drivers.sim.images import sim_image
from pextra.drivers.sim.network import SimNetwork
from pextra.drivers.sim.storage import SimStorage
from pextra.drivers.sim.world import Latency, SimWorld
from tests.contract.simulated import TENANT, Clock, furnished, guest_on, loaded, power
from tests.labs.waiting import wait_until


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def world(clock: Clock) -> SimWorld:
    """A furnished world in which everything happens at once."""
    return furnished(SimWorld(clock=clock))


def test_world_is_the_same_after_a_restart(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "world.json"
    with loaded(path, clock) as world:
        compute = guest_on(furnished(world), "h1", "g1")
        compute.ensure_running("g1")
        compute.reboot("g1", act="a")
        storage, network = SimStorage(world, "shared"), SimNetwork(world, "h1")
        storage.ensure_image(sim_image("i1", "debian-12"))
        network.ensure_network(NetworkSource("n1", TENANT, 1450, ()))
        network.ensure_port(PortSource("p1", TENANT, "n1", "52:54:00:00:00:01", ("10.0.0.1",)))
        before = (
            compute.observe_guests(),
            compute.console_log("g1", offset=0, limit=1 << 20),
            storage.observe_volumes(),
            storage.observe_image("i1"),
            network.observe_networks(),
            network.observe_ports(),
        )
    with loaded(path, clock) as world:
        compute, storage, network = (
            SimCompute(world, "h1"),
            SimStorage(world, "shared"),
            SimNetwork(world, "h1"),
        )
        compute.reboot("g1", act="a")
        assert before == (
            compute.observe_guests(),
            compute.console_log("g1", offset=0, limit=1 << 20),
            storage.observe_volumes(),
            storage.observe_image("i1"),
            network.observe_networks(),
            network.observe_ports(),
        )
        with pytest.raises(Retryable):
            storage.ensure_volume_absent(TENANT, "disk-of-g1")


def test_what_was_under_way_completes_while_nobody_looks(tmp_path: Path, clock: Clock) -> None:
    path, slow = tmp_path / "world.json", Latency(boot_s=3.0, shutdown_s=5.0)
    with loaded(path, clock, slow) as world:
        guest_on(furnished(world), "h1", "starts").ensure_running("starts")
        guest_on(world, "h2", "stops").ensure_running("stops")
        clock.now += 3
        SimCompute(world, "h2").ensure_stopped("stops", force=False)
    clock.now += 4
    with loaded(path, clock, slow) as world:
        assert power(SimCompute(world, "h1"), "starts") == (Power.RUNNING, None)
        assert power(SimCompute(world, "h2"), "stops") == (Power.RUNNING, None)
        clock.now += 1
        SimStorage(world, "shared").ensure_volume_absent(TENANT, "disk-of-stops")
        assert power(SimCompute(world, "h2"), "stops") == (Power.OFF, StopCause.REQUESTED)


def test_change_is_written_soon_without_being_asked(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "world.json"
    with loaded(path, clock) as world:
        guest_on(furnished(world), "h1", "g1")

        def written() -> bool:
            return path.exists() and "g1" in json.loads(path.read_bytes())["hosts"]["h1"]["guests"]

        wait_until(written, 5.0, "the guest in the file")


def test_saving_is_all_or_nothing_and_leaves_no_litter(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "world.json"
    with loaded(path, clock) as world:
        furnished(world)
        world.save()
        assert [file.name for file in tmp_path.iterdir() if not file.name.startswith(".")] == ["world.json"]
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_file_that_is_no_world_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    path.write_text('{"hosts": 7}')
    with pytest.raises(ValueError, match="hosts"):
        SimWorld.load(path)
    assert path.read_text() == '{"hosts": 7}'


def test_world_without_a_file_saves_nothing(world: SimWorld, tmp_path: Path) -> None:
    world.save()
    world.close()
    assert list(tmp_path.iterdir()) == []


def test_world_that_could_not_be_written_is_written_when_it_can(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "world.json"
    with loaded(path, clock) as world:
        path.mkdir()
        furnished(world)
        with pytest.raises(OSError, match=r"world\.json"):
            world.save()
        wait_until(lambda: "was not saved" in caplog.text, 5.0, "the thread to have failed, too")
        path.rmdir()
        wait_until(path.is_file, 5.0, "the file to be written after all")
        assert list(tmp_path.iterdir()) == [path]
