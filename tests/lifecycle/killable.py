"""A whole cloud as `pextra up` starts it, that can be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from pextra_client import Client
from pextra_client.errors import ClientError
from tests.labs.ports import LOOPBACK, free_port
from tests.labs.waiting import wait_until


class KillableCloud:
    """A cloud without guests of its own, in processes of their own.

    Args:
        folder: for its data and log.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.token = ""
        self._log = folder / "up.log"

    def start(self) -> None:
        """Starts it, and waits until it answers."""
        program = Path(sys.executable).with_name("pextra")
        where = ["--data-dir", str(self.folder / "data")]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [program, "up", "--listen", f"{LOOPBACK}:{self.port}", "--no-guests", "--workers", "1", *where],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=os.environ | {"XDG_CONFIG_HOME": str(self.folder)},
            )
        with Client(self.url) as client:
            wait_until(lambda: self._answers(client), 60, "the cloud to answer")
        if not self.token:
            asked = [program, "admin-token", *where]
            self.token = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()[-1]

    def kill(self) -> None:
        """Ends it at once."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(20)

    @staticmethod
    def _answers(client: Client) -> bool:
        try:
            client.capabilities()
        except ClientError as error:
            return "auth" in str(error)
        return True


@contextmanager
def killable_cloud(folder: Path) -> Generator[KillableCloud]:
    """A running one, which is killed in the end."""
    cloud = KillableCloud(folder)
    cloud.start()
    try:
        yield cloud
    finally:
        cloud.kill()
