"""Guests on hosts that the loops drive themselves are measured like all others."""

from __future__ import annotations

from pextra.controllers.sampling import Sampling
from pextra.services.agents import SAMPLE_S
from pextra.store import samples
from tests.controllers.cloud import LoopedCloud


def test_guests_of_simulated_hosts_are_measured_once_a_minute(cloud: LoopedCloud) -> None:
    cloud.instance("web", networks=[{"network": "front"}])
    record = cloud.get("instance", "web")
    sampling = Sampling(cloud.cloud, cloud.fleet)
    cloud.clock.advance(10.0)
    assert sampling.run(cloud.loop.shards) == 2
    assert sampling.run(cloud.loop.shards) == 0
    first = cloud.database.read(lambda tx: samples.of(tx, record.status["host_uid"], record.uid))
    cloud.clock.advance(SAMPLE_S)
    assert sampling.run(cloud.loop.shards) == 2
    second = cloud.database.read(lambda tx: samples.of(tx, record.status["host_uid"], record.uid))
    assert first is not None
    assert second is not None
    assert second.counters["cpu_ns"] > first.counters["cpu_ns"] > 0
    assert second.at_us - first.at_us == SAMPLE_S * 1_000_000
    assert cloud.get("instance", "web").status["guest"]["addresses"] == record.status["addresses"]


def test_a_host_that_is_down_keeps_what_was_measured_and_holds_nobody_up(cloud: LoopedCloud) -> None:
    cloud.instance("web")
    record = cloud.get("instance", "web")
    sampling = Sampling(cloud.cloud, cloud.fleet)
    sampling.run(cloud.loop.shards)
    cloud.world.host_down(record.status["host_uid"])
    cloud.clock.advance(SAMPLE_S)
    assert sampling.run(cloud.loop.shards) == 1
    assert cloud.database.read(lambda tx: samples.of(tx, record.status["host_uid"], record.uid)) is not None
