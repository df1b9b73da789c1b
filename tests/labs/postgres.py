"""A throw-away PostgreSQL server that tests may kill, pause and restart."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import psycopg
from psycopg import sql

from tests.labs.ports import LOOPBACK, free_port
from tests.labs.processes import children_of, has_ended, is_running, signal_all, spawn, wait_gone
from tests.labs.scratch import scratch_directory
from tests.labs.waiting import wait_until

_CACHE: Final = Path(__file__).parents[2] / ".cache" / "labs"
_SUPERUSER: Final = "postgres"
_START_TIMEOUT_S: Final = 30.0
_STOP_TIMEOUT_S: Final = 10.0

_INITDB_OPTIONS: Final = (
    f"--username={_SUPERUSER}",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--wal-segsize=1",  # MB: keeps the template, and so each copy of it, small
    "--no-sync",
)

# Durability is given up only against losing the machine: what a killed process wrote stays in the page
# cache, so kill -9 tests what it should. The isolation level is the product's to choose, per session.
_SETTINGS: Final = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "200",
    "max_pred_locks_per_transaction": "256",  # few false conflicts between serializable transactions
    "dynamic_shared_memory_type": "mmap",
    "jit": "off",
    "logging_collector": "off",
    "listen_addresses": LOOPBACK,
}


class PostgresError(Exception):
    """The server did not do as it was told; the message ends with its log."""


def reason_unavailable() -> str | None:
    """Why no server can be started here, in words for a skip; None if one can."""
    return None if _programs() else "no PostgreSQL server is installed"


class PostgresServer:
    """One PostgreSQL server on a loopback port, with everything that it keeps in one directory.

    The object is a view of that directory: another process that makes one for the same directory sees and
    controls the same server. As root the server runs as user `postgres`, otherwise as the caller.

    Args:
        directory: where data, log and socket go. It need not exist; its parents must be open to user
            `postgres` if the caller is root. A new temporary one by default.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self.directory = directory or scratch_directory("pextra-postgres-")
        self._data = self.directory / "data"
        self._log = self.directory / "log"
        self._port_file = self.directory / "port"

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
    def port(self) -> int:
        """The TCP port, the same over restarts; known once the server was started."""
        return int(self._port_file.read_text())

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, as a proxy wants them."""
        return LOOPBACK, self.port

    @property
    def running(self) -> bool:
        """Whether the server's process lives (paused counts)."""
        return self._pid() is not None

    def url(self, database: str, driver: str = "postgresql+psycopg") -> str:
        """The SQLAlchemy URL of a database on this server."""
        return f"{driver}://{_SUPERUSER}@{LOOPBACK}:{self.port}/{database}"

    def create_database(self, name: str) -> None:
        """Makes an empty database."""
        self._execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def drop_database(self, name: str) -> None:
        """Removes a database, if it is there, and ends the sessions in it."""
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def start(self) -> None:
        """Starts the server and waits until it answers; does nothing if it runs.

        After a kill this is crash recovery on the same data and port.

        Raises:
            PostgresError: the server gave up, or no server is installed.
            TimeoutError: it did not answer in time.
        """
        if self.running:
            return
        if not self._data.exists():
            self._make_data_directory()
        if self._port_file.exists():
            self._launch()
        else:
            self._launch_on_a_free_port()

    def kill(self) -> None:
        """Kills the server and its backends (SIGKILL), as losing the machine would; the data stays."""
        if family := self._freeze():
            signal_all(family, signal.SIGKILL)
            wait_gone(family, _STOP_TIMEOUT_S)

    def pause(self) -> None:
        """Stops the server in its tracks: connections stay open and nothing answers."""
        self._freeze()

    def resume(self) -> None:
        """Lets a paused server go on."""
        if pid := self._pid():
            signal_all([*children_of(pid), pid], signal.SIGCONT)

    def restart(self) -> None:
        """An orderly restart: sessions are ended, nothing is recovered, data and port stay."""
        self._halt()
        self.start()

    def stop(self) -> None:
        """Ends the server, paused and killed ones too, and removes all that it left on this machine."""
        self._halt()
        self._remove_memory_segment()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _pid(self) -> int | None:
        try:
            pid = int((self._data / "postmaster.pid").read_text().splitlines()[0])
        except (FileNotFoundError, IndexError):
            return None
        return pid if is_running(pid, self.directory) else None

    def _freeze(self) -> list[int]:
        """Suspends the whole server; its own process first, so that no more children appear."""
        if (pid := self._pid()) is None:
            return []
        signal_all([pid], signal.SIGSTOP)
        family = [pid, *children_of(pid)]
        signal_all(family, signal.SIGSTOP)
        return family

    def _halt(self) -> None:
        """Fast shutdown; a server that does not follow is killed."""
        if (pid := self._pid()) is None:
            return
        self.resume()
        signal_all([pid], signal.SIGINT)
        try:
            wait_gone([pid], _STOP_TIMEOUT_S)
        except TimeoutError:
            self.kill()

    def _launch_on_a_free_port(self) -> None:
        """Tries again when somebody was quicker to take the port."""
        for attempts_left in reversed(range(5)):
            self._port_file.write_text(str(free_port()))
            try:
                self._launch()
            except PostgresError as error:
                if "could not bind" not in str(error) or not attempts_left:
                    raise
            else:
                return

    def _launch(self) -> None:
        settings = {**_SETTINGS, "port": str(self.port), "unix_socket_directories": str(self.directory)}
        options = [f"--{name}={value}" for name, value in settings.items()]
        pid = spawn(_as_server_user([_program("postgres"), "-D", str(self._data), *options]), self._log)

        def answers() -> bool:
            if has_ended(pid):
                wait_gone([pid], _STOP_TIMEOUT_S)
                raise PostgresError(f"the server ended while starting:\n{self._log_tail()}")
            try:
                # By the socket in our own directory: on the port a stranger might answer.
                self._connect(host=str(self.directory)).close()
            except psycopg.OperationalError:
                return False
            return True

        wait_until(answers, _START_TIMEOUT_S, f"PostgreSQL on port {self.port}")

    def _make_data_directory(self) -> None:
        """A copy of a cached cluster, for `initdb` takes longer than all the rest of a start."""
        self.directory.mkdir(exist_ok=True)
        _give_to_server_user(self.directory)
        template = _CACHE / f"postgres-{_template_fingerprint()}"
        if template.is_dir():
            shutil.copytree(template, self._data)
        else:
            command = [_program("initdb"), f"--pgdata={self._data}", *_INITDB_OPTIONS]
            try:
                subprocess.run(_as_server_user(command), cwd="/", capture_output=True, text=True, check=True)
            except subprocess.CalledProcessError as error:
                raise PostgresError(f"initdb failed:\n{error.stdout}{error.stderr}") from error
            _publish(self._data, template)
        _give_to_server_user(self._data)

    def _remove_memory_segment(self) -> None:
        """Removes the System V segment that a killed server leaves; an orderly stop removes its own."""
        try:
            segment = (self._data / "postmaster.pid").read_text().splitlines()[6].split()[1]
        except (FileNotFoundError, IndexError):
            return
        subprocess.run(["ipcrm", "--shmem-id", segment], check=False, capture_output=True)

    def _connect(self, host: str) -> psycopg.Connection:
        return psycopg.connect(
            host=host, port=self.port, user=_SUPERUSER, dbname="postgres", autocommit=True, connect_timeout=5
        )

    def _execute(self, statement: sql.Composed) -> None:
        with self._connect(host=LOOPBACK) as connection:
            connection.execute(statement)

    def _log_tail(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-20:])


def _programs() -> Path | None:
    """The folder of the newest server's programs; Debian keeps them off PATH, one folder a version."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    if newest := max(versions, key=lambda program: float(program.parts[-3]), default=None):
        return newest.parent
    on_path = shutil.which("postgres")
    return Path(on_path).parent if on_path else None


def _program(name: str) -> str:
    folder = _programs()
    if folder is None:
        raise PostgresError("no PostgreSQL server is installed: install Debian's package `postgresql`")
    return str(folder / name)


def _as_server_user(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root; the wrapper becomes the command, so the pid stays."""
    if os.geteuid() != 0:
        return command
    user = pwd.getpwnam(_SUPERUSER)
    identity = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--init-groups", "--no-new-privs"]
    return ["setpriv", *identity, *command]


def _give_to_server_user(path: Path) -> None:
    if os.geteuid() == 0:
        subprocess.run(["chown", "--recursive", f"{_SUPERUSER}:", str(path)], check=True)


def _template_fingerprint() -> str:
    version = subprocess.run([_program("postgres"), "--version"], check=True, capture_output=True).stdout
    return hashlib.sha256(version + repr(_INITDB_OPTIONS).encode()).hexdigest()[:16]


def _publish(data: Path, template: Path) -> None:
    """Copies a new cluster into the cache under its final name, whole or not at all."""
    template.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(dir=template.parent))
    shutil.copytree(data, staging / "data")
    try:
        (staging / "data").rename(template)
    except OSError:  # another run was first, and its copy is as good
        if not template.is_dir():
            raise
    finally:
        shutil.rmtree(staging)
