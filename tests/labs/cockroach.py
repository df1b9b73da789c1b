"""CockroachDB for tests: a cluster that somebody runs, or three nodes in memory started here."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

from tests.labs.ports import LOOPBACK, free_port
from tests.labs.processes import has_ended, is_running, signal_all, spawn, wait_gone
from tests.labs.scratch import scratch_directory
from tests.labs.waiting import wait_until

URL_VARIABLE: Final = "PEXTRA_TEST_COCKROACH_URL"

_NODES: Final = 3
_DRIVER: Final = "cockroachdb+psycopg"
_START_TIMEOUT_S: Final = 60.0
_STOP_TIMEOUT_S: Final = 20.0
_PROGRAM: Final = "cockroach"


class CockroachError(Exception):
    """A node did not do as it was told; the message ends with what it wrote."""


def reason_unavailable() -> str | None:
    """Why there is no CockroachDB here, in words for a skip; None if there is one."""
    return None if os.environ.get(URL_VARIABLE) else reason_no_cluster()


def reason_no_cluster() -> str | None:
    """Why no cluster can be started here, in words for a skip; None if one can.

    A test that kills nodes asks this: a cluster that somebody else runs is not ours to break.
    """
    return None if shutil.which(_PROGRAM) else "cockroach is not on PATH"


class CockroachEndpoint:
    """A CockroachDB that answers at one or more addresses.

    Args:
        urls: one URL a node, with the user (and password or certificates) that may make databases.
    """

    def __init__(self, *urls: str) -> None:
        self._urls = [make_url(url).set(drivername=_DRIVER) for url in urls]

    def url(self, database: str, node: int = 0) -> str:
        """The SQLAlchemy URL of a database, as seen through one node."""
        return self._nodes()[node].set(database=database).render_as_string(hide_password=False)

    def create_database(self, name: str) -> None:
        """Makes an empty database."""
        self._execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def drop_database(self, name: str) -> None:
        """Removes a database with all that is in it, if it is there."""
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} CASCADE").format(sql.Identifier(name)))

    def _nodes(self) -> list[URL]:
        return self._urls

    def _connect(self, node: int) -> psycopg.Connection:
        conninfo = self._nodes()[node].set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(conninfo, autocommit=True, connect_timeout=5)

    def _connect_anywhere(self) -> psycopg.Connection:
        """A connection through the first node that answers."""
        *others, last = range(len(self._nodes()))
        for node in others:
            with suppress(psycopg.OperationalError):
                return self._connect(node)
        return self._connect(last)

    def _execute(self, statement: sql.Composed) -> None:
        with self._connect_anywhere() as connection:
            connection.execute(statement)


def external_cockroach() -> CockroachEndpoint | None:
    """The cluster that the environment names, if it names one."""
    url = os.environ.get(URL_VARIABLE)
    return CockroachEndpoint(url) if url else None


class CockroachCluster(CockroachEndpoint):
    """Three nodes with their stores in memory, insecure, on loopback.

    The object is a view of its directory, where pids and ports are written: another process that makes one
    for the same directory sees and controls the same cluster. A killed node does not come back, its store is
    gone; after a second kill the cluster has lost its majority.

    Needs some 1 GB of memory.

    Args:
        directory: where logs go; it need not exist. A new temporary one by default.
    """

    def __init__(self, directory: Path | None = None) -> None:
        super().__init__()
        self.directory = directory or scratch_directory("pextra-cockroach-")
        self._nodes_file = self.directory / "nodes.json"

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """Whether all nodes live."""
        pids = self._pids()
        return len(pids) == _NODES and all(is_running(pid, self.directory) for pid in pids)

    def start(self) -> None:
        """Starts the nodes, joins them and waits until each answers SQL; does nothing if all run.

        Raises:
            CockroachError: a node gave up.
            FileNotFoundError: `cockroach` is not on PATH.
            TimeoutError: the cluster did not answer in time.
        """
        if self.running:
            return
        self._end_nodes()  # some may be left
        self.directory.mkdir(exist_ok=True)
        ports = _distinct_free_ports(2 * _NODES)
        sql_ports, http_ports = ports[:_NODES], ports[_NODES:]
        join = ",".join(f"{LOOPBACK}:{port}" for port in sql_ports)
        nodes: list[dict[str, int]] = []
        for node in range(_NODES):
            argv = self._node_command(node, sql_ports[node], http_ports[node], join)
            nodes.append({"pid": spawn(argv, self._output(node), _environment()), "port": sql_ports[node]})
            self._nodes_file.write_text(json.dumps(nodes))
        wait_until(self._initialize, _START_TIMEOUT_S, "the cluster to be initialized")
        for node in range(_NODES):
            wait_until(partial(self._answers, node), _START_TIMEOUT_S, f"CockroachDB node {node}")

    def wait_replicated(self, timeout_s: float = 90.0) -> None:
        """Waits until every range has a replica on each node, so that losing one node loses nothing.

        A new cluster takes some 40 s.

        Raises:
            TimeoutError: some range is still short of replicas.
        """
        short = "SELECT count(*) FROM crdb_internal.ranges_no_leases WHERE array_length(replicas, 1) < 3"
        with self._connect(0) as connection:

            def replicated() -> bool:
                return connection.execute(short).fetchone() == (0,)

            wait_until(replicated, timeout_s, "three replicas of every range")

    def kill(self, node: int) -> None:
        """Kills a node (SIGKILL)."""
        pid = self._pids()[node]
        if is_running(pid, self.directory):
            signal_all([pid], signal.SIGKILL)
            wait_gone([pid], _STOP_TIMEOUT_S)

    def stop(self) -> None:
        """Ends all nodes and removes what they left."""
        self._end_nodes()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _nodes(self) -> list[URL]:
        anywhere = make_url(f"{_DRIVER}://root@{LOOPBACK}/defaultdb?sslmode=disable")
        return [anywhere.set(port=node["port"]) for node in self._recorded()]

    def _recorded(self) -> list[dict[str, int]]:
        try:
            return json.loads(self._nodes_file.read_text())
        except FileNotFoundError:
            return []

    def _pids(self) -> list[int]:
        return [node["pid"] for node in self._recorded()]

    def _output(self, node: int) -> Path:
        return self.directory / f"node{node}.out"

    def _node_command(self, node: int, sql_port: int, http_port: int, join: str) -> list[str]:
        return [
            _PROGRAM,
            "start",
            "--insecure",
            "--store=type=mem,size=1GiB",
            "--cache=128MiB",
            f"--listen-addr={LOOPBACK}:{sql_port}",
            f"--http-addr={LOOPBACK}:{http_port}",
            f"--join={join}",
            f"--log-dir={self.directory / f'node{node}-logs'}",
        ]

    def _initialize(self) -> bool:
        """One attempt at `cockroach init`, which fails as long as the first node does not listen."""
        for node, pid in enumerate(self._pids()):
            if has_ended(pid):
                written = self._output(node).read_text(errors="replace")
                raise CockroachError(f"node {node} ended while starting:\n{written[-2000:]}")
        host = f"--host={LOOPBACK}:{self._recorded()[0]['port']}"
        command = [_PROGRAM, "init", "--insecure", host]
        try:
            subprocess.run(command, cwd="/", env=_environment(), capture_output=True, check=True, timeout=20)
        except subprocess.TimeoutExpired:
            return False
        except subprocess.CalledProcessError as error:
            return re.search(rb"already (been )?initialized", error.stdout + error.stderr) is not None
        return True

    def _answers(self, node: int) -> bool:
        try:
            with self._connect(node) as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _end_nodes(self) -> None:
        """Kills what still runs: the stores are in memory, there is nothing to be orderly about."""
        pids = [pid for pid in self._pids() if is_running(pid, self.directory)]
        signal_all(pids, signal.SIGKILL)
        wait_gone(pids, _STOP_TIMEOUT_S)


def _environment() -> dict[str, str]:
    return {**os.environ, "COCKROACH_SKIP_ENABLING_DIAGNOSTIC_REPORTING": "true"}


def _distinct_free_ports(count: int) -> list[int]:
    ports: set[int] = set()
    while len(ports) < count:
        ports.add(free_port())
    return sorted(ports)
