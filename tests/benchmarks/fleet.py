"""A simulated fleet: from desired to running, and what standing still costs.

    python -m tests.benchmarks.fleet [hosts] [instances] [database URL]

Prints instances made true a second, time a step, memory, and the CPU share of the loops when nothing is left to do.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time

from pextra import wiring
from pextra.controllers import by_kind
from pextra.controllers.loop import Loop
from pextra.controllers.sequencer import Sequencer
from pextra.controllers.sweep import Sweep
from pextra.drivers.interface import Power
from pextra.drivers.sim.images import digest_of, sim_url
from pextra.drivers.sim.world import SimWorld
from pextra.services import bootstrap, writing
from pextra.services.cloud import Address, Cloud, Context, Preconditions
from pextra.store import objects
from pextra.store.database import Database, Tx
from tests.benchmarks.table import show

BATCH = 50
IDLE_S = 10.0


def put(cloud: Cloud, objects: list[tuple[str, str | None, str, dict[str, object]]]) -> None:
    """Write objects, some in each transaction."""
    for start in range(0, len(objects), BATCH):

        def work(
            tx: Tx, part: list[tuple[str, str | None, str, dict[str, object]]] = objects[start : start + BATCH]
        ) -> None:
            ctx = Context(cloud, tx, bootstrap.root_principal(cloud))
            for kind, tenant, name, spec in part:
                writing.put(ctx, Address(cloud.registry[kind], tenant, name), {"spec": spec}, Preconditions())

        cloud.database.write(work)


def main() -> None:
    """Measure and print."""
    hosts = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    instances = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        database = Database(sys.argv[3] if len(sys.argv) > 3 else f"sqlite:///{folder}/pextra.db")
        try:
            run(database, hosts, instances)
        finally:
            database.close()


def run(database: Database, hosts: int, instances: int) -> None:
    """Fill a cloud, make it true, and let it stand still."""
    cloud = wiring.open_site(database).cloud
    fleet = wiring.DriverFleet(SimWorld())
    loop = Loop(cloud, by_kind.controllers_of(fleet), holder="benchmark")
    sequencer, sweep = Sequencer(cloud, holder="benchmark"), Sweep(cloud, fleet)
    url = sim_url("bench")
    put(
        cloud,
        [("tenant", None, "acme", {}), ("flavor", None, "small", {"vcpus": 1, "memory_mib": 2048, "disk_gib": 10})],
    )
    put(cloud, [("quota", "acme", "default", {"unlisted": "unlimited"})])
    put(cloud, [("image", "acme", "linux", {"url": url, "sha256": digest_of(url)}), ("network", "acme", "front", {})])
    put(cloud, [("subnet", "acme", "front", {"network": "front", "cidr": "10.0.0.0/16"})])
    put(cloud, [("host", None, f"h{n:05}", {"driver": "sim", "zone": f"z{n % 3}"}) for n in range(hosts)])
    _settle(loop, sequencer)
    spec: dict[str, object] = {"flavor": "small", "image": "linux", "networks": [{"network": "front"}]}
    began = time.perf_counter()
    put(cloud, [("instance", "acme", f"i{n:05}", spec) for n in range(instances)])
    written = time.perf_counter() - began
    began, cpu = time.perf_counter(), time.process_time()
    _settle(loop, sequencer)
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    sweep.run(loop.shards)
    _settle(loop, sequencer)
    running = _running(cloud, fleet)
    idle = _idle(loop, sequencer, sweep)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    show(
        f"{hosts} simulated hosts, {instances} instances on {database.url.get_backend_name()}",
        ("step", "seconds", "per s", "CPU-ms each", "ratio to writing"),
        [
            ("write desired state", written, instances / written, "", 1.0),
            ("desired to running", wall, instances / wall, cpu * 1000 / instances, wall / written),
        ],
    )
    print(f"  running: {running}; peak memory {memory:.0f} MiB; loops standing still: {idle * 100:.2f} % of one CPU")


def _running(cloud: Cloud, fleet: wiring.DriverFleet) -> int:
    """How many guests the simulated hosts run."""
    hosts = cloud.database.read(lambda tx: objects.of_kind(tx, cloud.site.uid, "host"))
    drivers = [d for d in map(fleet.drivers, hosts) if d is not None]
    return sum(g.power is Power.RUNNING for d in drivers for g in d.compute.observe_guests().values())


def _settle(loop: Loop, sequencer: Sequencer) -> None:
    while loop.step() or sequencer.step():
        pass


def _idle(loop: Loop, sequencer: Sequencer, sweep: Sweep) -> float:
    """The share of one CPU that the loops take at the product's pace when there is nothing to do."""
    began, cpu, swept = time.monotonic(), time.process_time(), time.monotonic()
    while time.monotonic() - began < IDLE_S:
        loop.step()
        sequencer.step()
        if time.monotonic() - swept > 5.0:
            sweep.run(loop.shards)
            swept = time.monotonic()
        time.sleep(0.4)
    return (time.process_time() - cpu) / (time.monotonic() - began)


if __name__ == "__main__":
    main()
