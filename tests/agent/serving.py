"""The agents' endpoint as it is served: gunicorn, TLS 1.3, certificates on both sides."""

from __future__ import annotations

import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from pextra import wiring
from pextra.cli.processes import start_agents, wait_tls
from pextra.cli.settings import UpSettings
from pextra.services import bootstrap
from pextra.services.cloud import Cloud
from pextra.store.database import Database


class Served:
    """A cloud whose agents' endpoint listens on loopback."""

    def __init__(self, folder: Path, cloud: Cloud, settings: UpSettings) -> None:
        self.folder = folder
        self.cloud = cloud
        self.settings = settings
        self.endpoint = f"https://{settings.agents_address}"

    def join_token(self, host: str) -> str:
        """A join token of a host, which is made if it is not there."""
        bootstrap.ensure(self.cloud, "host", None, host, {"driver": "libvirt"})
        return wiring.join_token(self.cloud, host)[1]


@contextmanager
def served(folder: Path) -> Generator[Served]:
    """A cloud and its agents' endpoint, until the block ends."""
    (folder / "control").mkdir(mode=0o700, parents=True)
    url = f"sqlite:///{folder / 'control' / 'pextra.db'}"
    settings = UpSettings(folder, url, "127.0.0.1", _free_port() - 2, workers=1)
    database = Database(url)
    cloud = wiring.open_site(database).cloud
    wiring.keep_agents_tls(cloud, settings.agents_tls_dir, [settings.host])
    server = start_agents(settings)
    try:
        wait_tls(server, settings)
        yield Served(folder, cloud, settings)
    finally:
        server.stop()
        database.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
