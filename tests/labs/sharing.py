"""Database servers that all processes of one test run share."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.labs.cockroach import CockroachCluster, CockroachEndpoint, external_cockroach
from tests.labs.postgres import PostgresServer


class SharedServers:
    """The servers of a test run: each started once, by whichever process asks for it first.

    Every process of the run makes one of these for the same directory. A server goes on when the process
    that started it ends; the one that made the directory stops them all.

    Args:
        directory: exists, is known to all processes of the run, and can be passed through by the user whom
            the servers run as.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._postgres = PostgresServer(directory / "postgres")
        self._cockroach = CockroachCluster(directory / "cockroach")

    def postgres(self) -> PostgresServer:
        """The run's PostgreSQL server, started if need be. Tests that break servers take one of their own."""
        with self._lock():
            self._postgres.start()
        return self._postgres

    def cockroach(self) -> CockroachEndpoint:
        """The CockroachDB that the environment names, or else the run's own cluster, started if need be."""
        if external := external_cockroach():
            return external
        with self._lock():
            self._cockroach.start()
        return self._cockroach

    def stop(self) -> None:
        """Ends all servers of the run and removes its directory."""
        with ExitStack() as all_of_these:
            all_of_these.callback(shutil.rmtree, self.directory)
            all_of_these.callback(self._cockroach.stop)
            all_of_these.callback(self._postgres.stop)

    @contextmanager
    def _lock(self) -> Generator[None]:
        with (self.directory / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
