"""Committed claims a second: instances that are asked for over the API, until each holds its place on a host.

    python -m tests.benchmarks.claims [hosts] [instances]

A new cloud of simulated hosts, half of them with eight linked H100, on each database that can be had here. Two API
workers and one process of loops serve it; four clients write instances of one kind at a time. A claim counts when the
database holds the instance's allocation. The time is from the first request to the last allocation; guests are
started meanwhile, as ever. CPU is that of the API's processes, of the loops', and of the database server.

Prints claims a second, CPU-ms a claim by part, and the ratio to OpenStack Placement's 6.8 claims a second and 281
CPU-ms a claim: 1,000 providers, PostgreSQL, two workers, on an idle machine with two cores.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import func, select, text

from pextra import wiring
from pextra.cli.processes import start_api, wait_ready
from pextra.cli.settings import UpSettings
from pextra.controllers import by_kind
from pextra.controllers.runner import Runner
from pextra.drivers.sim.images import digest_of, sim_url
from pextra.drivers.sim.world import SimWorld
from pextra.serving import KEY_SOURCE
from pextra.store.database import Database
from pextra.store.tables import allocation, host_capacity, work
from tests.benchmarks.api import databases, load
from tests.benchmarks.fleet import put
from tests.benchmarks.table import cpu_seconds, show
from tests.labs.ports import free_port

TENANT: Final = "acme"
PLACEMENT: Final = (6.8, 281.0)
"""Claims a second and CPU-ms a claim."""
MACHINE: Final[dict[str, Any]] = {"vcpus": 256, "memory_mib": 1 << 20, "disk_gib": 20_000, "numa_cells": 2}
BOARD: Final[dict[str, Any]] = {"gpus": {"board": "hgx-h100-8"}}
INSTANCE: Final[dict[str, Any]] = {"flavor": "small", "image": "linux", "networks": [{"network": "front"}]}
KINDS: Final[dict[str, dict[str, Any]]] = {
    "plain": INSTANCE,
    "4 linked GPUs": INSTANCE | {"gpus": {"profile": "h100", "count": 4, "nvlink": "required"}},
}


def furnish(database: Database, hosts: int) -> str:
    """Write what the instances need; gives the administrator's token."""
    opened = wiring.open_site(database)
    cloud, url = opened.cloud, sim_url("bench")
    put(cloud, [("tenant", None, TENANT, {})])
    put(cloud, [("flavor", None, "small", {"vcpus": 1, "memory_mib": 2048, "disk_gib": 10})])
    put(cloud, [("gpu_profile", None, "h100", {"models": ["h100-80gb-hbm3"]})])
    put(cloud, [("quota", TENANT, "default", {"unlisted": "unlimited"})])
    put(cloud, [("image", TENANT, "linux", {"url": url, "sha256": digest_of(url)}), ("network", TENANT, "front", {})])
    put(cloud, [("subnet", TENANT, "front", {"network": "front", "cidr": "10.0.0.0/16"})])
    put(
        cloud,
        [
            (
                "host",
                None,
                f"h{n:05}",
                {"driver": "sim", "zone": f"z{n % 3}", "simulated": MACHINE | (BOARD if n % 2 else {})},
            )
            for n in range(hosts)
        ],
    )
    assert opened.admin_token is not None
    return opened.admin_token


@contextmanager
def loops(url: str) -> Generator[int]:
    """The loops in a process of their own; gives its pid."""
    process = subprocess.Popen([sys.executable, "-m", "tests.benchmarks.claims", "--loops", url])
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def run_loops(url: str) -> None:
    """Run the loops until told to end."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    database = Database(url)
    fleet = wiring.DriverFleet(SimWorld())
    holder = f"benchmark-{os.getpid()}"
    runner = Runner(wiring.open_site(database).cloud, fleet, by_kind.controllers_of(fleet), holder=holder)
    runner.start()
    stop.wait()
    runner.stop()
    database.close()


def counted(database: Database, what: Any) -> int:
    """How many rows there are."""
    return database.read(lambda tx: int(tx.conn.execute(select(func.count()).select_from(what)).scalar_one()))


def awaited(database: Database, what: Any, number: int, *, deadline_s: float = 600.0) -> None:
    """Wait until there are so many rows.

    Raises:
        TimeoutError: they do not come.
    """
    until = time.monotonic() + deadline_s
    while (found := counted(database, what)) < number:
        if time.monotonic() > until:
            raise TimeoutError(f"{found} of {number} rows")
        time.sleep(0.05)


def _idle(database: Database) -> None:
    """Wait until the loops have nothing to do."""
    until = time.monotonic() + 600
    while counted(database, work) and time.monotonic() < until:
        time.sleep(0.2)


def run(name: str, url: str, folder: Path, hosts: int, instances: int, server_pid: int | None) -> list[list[object]]:
    """A row of figures for each kind of instance."""
    database = Database(url)
    token = furnish(database, hosts)
    folder.mkdir()
    settings = UpSettings(folder, url, "127.0.0.1", free_port(), workers=2)
    rows: list[list[object]] = []
    server = start_api(settings)
    try:
        wait_ready(server, settings.api_address, tls=False)
        with loops(url) as looping:
            awaited(database, select(host_capacity).where(host_capacity.c.ready).subquery(), hosts)
            _idle(database)
            pids = [server.process.pid, looping, *([server_pid] if server_pid else [])]
            for kind, spec in KINDS.items():
                number = min(instances, hosts // 2) if "gpus" in spec else instances  # half of the GPUs
                prefix, body = kind.partition(" ")[0], json.dumps({"spec": spec}).encode()

                def request(step: int, prefix: str = prefix, body: bytes = body) -> tuple[str, str, bytes]:
                    return "PUT", f"/v1/tenants/{TENANT}/instances/i{prefix}-{step:06}", body

                held, before = counted(database, allocation), [cpu_seconds(pid) for pid in pids]
                began = time.perf_counter()
                load(settings.api_url, token, 0.0, request, at_least=number)
                written = time.perf_counter() - began
                awaited(database, allocation, held + number)
                wall = time.perf_counter() - began
                cpu = [(cpu_seconds(p) - was) * 1000 / number for p, was in zip(pids, before, strict=True)]
                cpu += [0.0] * (3 - len(cpu))
                rate = number / wall
                rows.append(
                    [f"{name}: {kind}", number / written, rate, *cpu, rate / PLACEMENT[0], PLACEMENT[1] / sum(cpu)]
                )
                _idle(database)
    finally:
        server.stop()
        database.close()
    return rows


def main() -> None:
    """Measure and print."""
    hosts = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    instances = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault(KEY_SOURCE, f"file:{folder}/keys.json")
        each = databases(Path(folder))
        for name, url in each:
            pid = server_of(url) if name == "postgresql" else None
            rows += run(name, url, Path(folder) / name.partition(" ")[0], hosts, instances, pid)
    header = ("", "writes/s", "claims/s", "API", "loops", "server", "x claims/s", "x CPU")
    show(f"Claims on {hosts} hosts; CPU-ms a claim by part", header, rows)


def server_of(url: str) -> int:
    """The pid of the PostgreSQL server, as it tells it."""
    database = Database(url)
    try:
        query = text("SELECT pg_read_file('postmaster.pid')")
        return int(database.read(lambda tx: str(tx.conn.execute(query).scalar_one())).splitlines()[0])
    finally:
        database.close()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--loops"]:
        run_loops(sys.argv[2])
    else:
        main()
