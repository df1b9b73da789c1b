"""The processes of an all-in-one cloud beside the one that runs its loops."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pextra import wiring
from pextra.cli.settings import UpSettings

READY_S: Final = 30.0
STOP_S: Final = 8.0
API_THREADS: Final = 24
STREAM_THREADS: Final = 128


_UNTIL_WE_END: Final = ("setpriv", "--pdeathsig", "TERM") if shutil.which("setpriv") else ()
"""Ends a child when its parent was killed, so that nothing holds the ports of the next start."""


class StartFailed(Exception):
    """A process did not come up; the message says why and where its log is."""


@dataclass(slots=True)
class Server:
    """A gunicorn under supervision."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

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


def _gunicorn(settings: UpSettings, name: str, address: str, workers: int, threads: int) -> Server:
    logs = settings.control_dir / "logs"
    logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    metrics = settings.control_dir / "metrics" / name
    metrics.mkdir(mode=0o700, parents=True, exist_ok=True)
    for stale in metrics.iterdir():
        stale.unlink()
    command = [
        *_UNTIL_WE_END,
        sys.executable,
        "-m",
        "gunicorn",
        f"pextra.wiring:{name}()",
        f"--bind={address}",
        "--worker-class=gthread",
        f"--workers={workers}",
        f"--threads={threads}",
        "--graceful-timeout=5",
        "--keep-alive=30",
        "--no-control-socket",
        f"--error-logfile={logs / name}.log",
        "--log-level=warning",
    ]
    if settings.tls is not None:
        command += [f"--certfile={settings.tls.certificate}", f"--keyfile={settings.tls.key}"]
    environment = os.environ | {
        wiring.DATABASE_URL: settings.database_url,
        wiring.STREAMS_URL: settings.url(settings.streams_address),
        wiring.STREAM_PLACES: str(STREAM_THREADS - 8),
        "PROMETHEUS_MULTIPROC_DIR": str(metrics),
    }
    log = logs / f"{name}.log"
    with log.open("ab") as sink:
        # a group of its own, so that an interrupt at the terminal reaches it through us, in order
        process = subprocess.Popen(
            command,
            env=environment,
            stdout=sink,
            stderr=sink,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    return Server(name, process, log)


def wait_ready(server: Server, url: str) -> None:
    """Wait until the server answers.

    Raises:
        StartFailed: it ended, or does not answer in time.
    """
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own address
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    tail = server.log.read_text(errors="replace").strip().splitlines()[-3:]
    raise StartFailed(f"The {server.name} process did not come up; {server.log} says: {' / '.join(tail) or 'nothing'}")
