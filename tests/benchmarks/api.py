"""Point GET and PUT against two gunicorn workers, on each database that can be had here.

    python -m tests.benchmarks.api [seconds]

Prints p50 and p99 in milliseconds, answers a second, and answers per CPU-second of the API's processes; the last column
is the ratio of p50 to SQLite's in the same run. CockroachDB's figures are for your own eyes: its licence may restrict
publishing them.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path

import urllib3

from pextra import wiring
from pextra.cli.processes import Server, start_api, wait_ready
from pextra.cli.settings import UpSettings
from pextra.serving import KEY_SOURCE
from pextra.store.database import Database
from tests.benchmarks.table import cpu_seconds, percentile, show
from tests.labs import cockroach, postgres
from tests.labs.cockroach import CockroachCluster
from tests.labs.ports import free_port
from tests.labs.postgres import PostgresServer

CLIENTS = 4
OBJECTS = 100


def databases(folder: Path) -> Generator[tuple[str, str]]:
    """Name and URL of each database, while it runs."""
    yield "sqlite", f"sqlite:///{folder / 'pextra.db'}"
    if postgres.reason_unavailable() is None:
        with PostgresServer() as server:
            server.create_database("bench")
            yield "postgresql", server.url("bench")
    if cockroach.reason_no_cluster() is None:
        with CockroachCluster() as cluster:
            cluster.create_database("bench")
            yield "cockroachdb, 3 nodes", cluster.url("bench")


def load(
    url: str,
    token: str,
    seconds: float,
    request: Callable[[int], tuple[str, str, bytes | None]],
    *,
    at_least: int = 0,
) -> list[float]:
    """Run `CLIENTS` closed loops for `seconds` and `at_least` so many requests; the latencies in milliseconds."""
    latencies: list[float] = []
    until = time.monotonic() + seconds

    def client(number: int) -> None:
        pool = urllib3.HTTPConnectionPool("127.0.0.1", int(url.rpartition(":")[2]), maxsize=1)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        mine: list[float] = []
        step = number
        while time.monotonic() < until or step < at_least:
            method, path, body = request(step)
            step += CLIENTS
            began = time.perf_counter()
            answer = pool.request(method, path, body=body, headers=headers)
            mine.append((time.perf_counter() - began) * 1000)
            if answer.status >= 300:
                raise RuntimeError(f"{method} {path}: {answer.status} {answer.data[:200]!r}")
        latencies.extend(mine)

    threads = [threading.Thread(target=client, args=(n,)) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return latencies


def measure(url: str, token: str, server: Server, seconds: float) -> list[tuple[str, float, float, float, float]]:
    """(what, p50, p99, a second, per CPU-second) for creating, reading and replacing."""

    def flavor(step: int, memory: int) -> bytes:
        return json.dumps({"spec": {"vcpus": 1 + step % 8, "memory_mib": memory, "disk_gib": 10}}).encode()

    requests: dict[str, Callable[[int], tuple[str, str, bytes | None]]] = {
        "PUT create": lambda step: ("PUT", f"/v1/flavors/f{step}", flavor(step, 1024)),  # the first ones are replaced
        "GET": lambda step: ("GET", f"/v1/flavors/f{step % OBJECTS}", None),
        "PUT replace": lambda step: ("PUT", f"/v1/flavors/f{step % OBJECTS}", flavor(step, 1024 + step % 1000)),
    }
    rows: list[tuple[str, float, float, float, float]] = []
    load(url, token, 0.0, requests["PUT create"], at_least=OBJECTS)
    for what, request in requests.items():
        before = cpu_seconds(server.process.pid)
        latencies = load(url, token, seconds, request)
        used = cpu_seconds(server.process.pid) - before
        rows.append(
            (
                what,
                percentile(latencies, 0.5),
                percentile(latencies, 0.99),
                len(latencies) / seconds,
                len(latencies) / used,
            )
        )
    return rows


def main() -> None:
    """Measure and print."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 8.0
    rows: list[tuple[object, ...]] = []
    base: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(databases(Path(folder))) as each:
        os.environ.setdefault(KEY_SOURCE, f"file:{folder}/keys.json")
        for name, database_url in each:
            data_dir = Path(folder) / name.partition(" ")[0]
            data_dir.mkdir()
            settings = UpSettings(data_dir, database_url, "127.0.0.1", free_port(), workers=2)
            database = Database(database_url)
            token = wiring.open_site(database).admin_token
            database.close()
            assert token is not None
            server = start_api(settings)
            try:
                url = settings.api_url
                wait_ready(server, settings.api_address, tls=False)
                for what, p50, p99, rate, per_cpu in measure(url, token, server, seconds):
                    base.setdefault(what, p50)
                    rows.append((f"{name}: {what}", p50, p99, rate, per_cpu, p50 / base[what]))
            finally:
                server.stop()
    header = ("2 workers, 4 clients", "p50 ms", "p99 ms", "per s", "per CPU-s", "p50 / SQLite's")
    show("Point requests", header, rows)


if __name__ == "__main__":
    main()
