"""The processes of an all-in-one cloud beside the one that runs its loops."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pextra import serving
from pextra.api.agents import MOST_BYTES
from pextra.cli import agents_server
from pextra.cli.settings import UpSettings
from pextra.http_server import limits
from pextra.pki.contexts import trusting

READY_S: Final = 30.0
STOP_S: Final = 8.0
API_THREADS: Final = 24
STREAM_THREADS: Final = 128
_HOLD_KEYS: Final = frozenset({"api", "agents"})
"""The servers that store or deliver secrets; the others are not told where the keys are."""
_KEYS_OF_ENVIRONMENT: Final = (
    serving.KEY_SOURCE, "VAULT_TOKEN", "VAULT_TOKEN_FILE", "VAULT_CACERT", "VAULT_NAMESPACE",
)  # fmt: skip


_UNTIL_WE_END: Final = ("setpriv", "--pdeathsig", "TERM") if shutil.which("setpriv") else ()
"""Ends a child when its parent was killed, so that nothing holds the ports of the next start."""


class StartFailed(Exception):
    """A process did not come up; the message says why and where its log is."""


@dataclass(slots=True)
class Server:
    """A process under supervision."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    start: Callable[[], subprocess.Popen[bytes]]

    def restart(self) -> None:
        """Start it again after it ended by itself."""
        self.process = self.start()

    def stop(self) -> None:
        """End it: gently, then by force."""
        if self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_api(settings: UpSettings) -> Server:
    """The API's workers."""
    return _gunicorn(settings, "api", settings.api_address, settings.workers, API_THREADS)


def start_streams(settings: UpSettings) -> Server:
    """The stream process."""
    return _gunicorn(settings, "streams", settings.streams_address, 1, STREAM_THREADS)


def start_agents(settings: UpSettings) -> Server:
    """What host agents speak to."""
    return _gunicorn(settings, "agents", settings.agents_address, 1, API_THREADS)


def start_relay(settings: UpSettings) -> Server:
    """What consoles and agents' channels meet in."""
    command = [*_UNTIL_WE_END, sys.executable, "-m", "pextra.cli.relay_server"]
    command += [f"--host={settings.host}", f"--agents-port={settings.relay_port}"]
    command += [f"--users-port={settings.consoles_port}"]
    if settings.tls is not None:
        command += [f"--certificate={settings.tls.certificate}", f"--key={settings.tls.key}"]
    return _started("relay", command, _environment(settings), _logs(settings))


def start_agent(settings: UpSettings, image_dirs: Sequence[Path]) -> Server:
    """This machine's own agent."""
    command = [*_UNTIL_WE_END, sys.executable, "-m", "pextra.agent", "run"]
    command += [f"--home={settings.agent_home}", f"--data-dir={settings.data_dir}"]
    command += [f"--image-dir={folder}" for folder in image_dirs]
    return _started("agent", command, _without_keys(), _logs(settings))


def _logs(settings: UpSettings) -> Path:
    logs = settings.control_dir / "logs"
    logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    return logs


def _gunicorn(settings: UpSettings, name: str, address: str, workers: int, threads: int) -> Server:
    logs = _logs(settings)
    metrics = settings.control_dir / "metrics" / name
    metrics.mkdir(mode=0o700, parents=True, exist_ok=True)
    for stale in metrics.iterdir():
        stale.unlink()
    command = [
        *_UNTIL_WE_END,
        sys.executable,
        "-m",
        "gunicorn",
        f"pextra.serving:{name}()",
        f"--bind={address}",
        "--worker-class=pextra.http_server.worker.BufferingWorker",
        "--no-sendfile",  # what a thread sends, it hands to the main loop
        f"--workers={workers}",
        f"--threads={threads}",
        "--graceful-timeout=5",
        "--keep-alive=30",
        "--no-control-socket",
        f"--error-logfile={logs / name}.log",
        "--log-level=warning",
    ]
    # A configuration is imported before the workers part, so that they share what it imports: time and memory.
    configuration = "pextra.cli.agents_server" if name == "agents" else "pextra.serving"
    command += [f"--config=python:{configuration}"]
    if name == "agents":
        command += [f"--{file}={settings.agents_tls_dir / 'server.pem'}" for file in ("certfile", "keyfile")]
    elif settings.tls is not None:
        command += [f"--certfile={settings.tls.certificate}", f"--keyfile={settings.tls.key}"]
    keys = {serving.KEY_SOURCE: settings.key_source} if name in _HOLD_KEYS and settings.key_source else {}
    if name in _HOLD_KEYS:
        keys |= {each: os.environ[each] for each in _KEYS_OF_ENVIRONMENT if each in os.environ and each not in keys}
    bounds = {"PROMETHEUS_MULTIPROC_DIR": str(metrics)}
    if name == "agents":  # hosts report at length, and many may call from behind one address
        bounds |= {limits.BODY: str(MOST_BYTES), limits.PER_ADDRESS: "0"}
    return _started(name, command, _environment(settings) | keys | bounds, logs)


def _without_keys() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in _KEYS_OF_ENVIRONMENT}


def _environment(settings: UpSettings) -> dict[str, str]:
    return _without_keys() | {
        serving.DATABASE_URL: settings.api_database_url or settings.database_url,
        serving.STREAMS_URL: settings.streams_url,
        serving.IDENTITY_HOSTS: ",".join(settings.identity_hosts),
        serving.STREAM_PLACES: str(STREAM_THREADS - 8),
        serving.RELAY_URL: settings.relay_url,
        serving.CONSOLES_URL: settings.consoles_url,
        serving.PAGES_URL: settings.api_url,
        serving.DEPOT: str(settings.depot_dir),
        agents_server.FOLDER: str(settings.agents_tls_dir),
    }


def _started(name: str, command: list[str], environment: dict[str, str], logs: Path) -> Server:
    log = logs / f"{name}.log"

    def start() -> subprocess.Popen[bytes]:
        with log.open("ab") as sink:
            # a group of its own, so that an interrupt at the terminal reaches it through us, in order
            return subprocess.Popen(
                command,
                env=environment,
                stdout=sink,
                stderr=sink,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    return Server(name, start(), log, start)


def wait_tls(server: Server, settings: UpSettings) -> None:
    """Wait until the agents' endpoint speaks TLS: a worker is there, not only the port.

    Raises:
        StartFailed: it ended, or does not answer in time.
    """
    context = trusting((settings.agents_tls_dir / "authority.pem").read_text())

    def speaks() -> bool:
        with (
            socket.create_connection((settings.host, settings.port + 2), timeout=2) as plain,
            context.wrap_socket(plain, server_hostname=settings.name or settings.host),
        ):
            return True

    _wait(server, speaks)


def wait_open(server: Server, host: str, port: int) -> None:
    """Wait until somebody listens at the port.

    Raises:
        StartFailed: it ended, or nobody does in time.
    """

    def is_open() -> bool:
        with socket.create_connection((host, port), timeout=2):
            return True

    _wait(server, is_open)


def wait_ready(server: Server, address: str, *, tls: bool) -> None:
    """Wait until the server answers.

    Raises:
        StartFailed: it ended, or does not answer in time.
    """
    # Only whether our own process is up is asked; whom clients believe is theirs to say.
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    url = f"http{'s' if tls else ''}://{address}/healthz"

    def answers() -> bool:
        with urllib.request.urlopen(url, timeout=2, context=context if tls else None):  # noqa: S310 - our own address
            return True

    _wait(server, answers)


def _wait(server: Server, answers: Callable[[], bool]) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            if answers():
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    tail = server.log.read_text(errors="replace").strip().splitlines()[-3:]
    raise StartFailed(f"The {server.name} process did not come up; {server.log} says: {' / '.join(tail) or 'nothing'}")
