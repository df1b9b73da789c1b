"""The central databases as a cluster of three, reached over TLS as the three reach each other, of which members die."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pextra.drivers.interface.fabric import FabricPort
from tests.labs.ovn.lab import OvnLab, reason_unavailable
from tests.labs.waiting import wait_until
from tests.ovn.database import ours
from tests.ovn.world import World

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster() -> Iterator[OvnLab]:
    if reason := reason_unavailable():
        pytest.skip(reason)
    with OvnLab(hosts=1, members=3) as lab:
        yield lab


def test_no_write_is_lost_or_doubled_when_leaders_die(cluster: OvnLab, tmp_path: Path) -> None:
    with World(cluster, tmp_path, by_network=True) as world:
        net = world.network("10.0.0.0/16")
        made: list[FabricPort] = []
        failed: list[str] = []
        stop = threading.Event()

        def write() -> None:
            while not stop.is_set():
                port = world.port(net, len(made) + 11, "h1")
                while errors := world.fabric.ensure([port]):
                    failed.extend(error.reason for error in errors.values())
                made.append(port)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for _ in range(3):
                before = len(made)
                wait_until(lambda mark=before: len(made) > mark + 20, 60, "writes")
                leader = next(member for member in cluster.members if member.is_leader())
                leader.kill("ovnnb_db")
                mark = len(made)
                wait_until(lambda mark=mark: len(made) > mark, 60, "a write without the leader")
                leader.start_database("nb")
        finally:
            stop.set()
            writer.join(60)
        ports = ours(cluster, world.site)["Logical_Switch_Port"].values()
        names = [row["name"] for row in ports if row["type"] == ""]  # guests': the network has ports of its own
        assert sorted(names) == sorted(port.uid for port in made)
        assert set(failed) <= {"FabricUnreachable", "FabricChanged"}
        assert world.fabric.differences([net, *made]) == []
