"""The API as `pextra up` serves it: gunicorn with our worker, one process."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pextra import wiring
from pextra.cli.processes import Server, start_api, wait_ready
from pextra.cli.settings import Tls, UpSettings
from pextra.http_server import limits
from pextra.pki.authority import Authority
from pextra.store.database import Database
from tests.labs.ports import LOOPBACK, free_port

ANSWER_S = 8.0
"""Far longer than an answer takes, far shorter than what the slow clients of these tests could hold a thread for."""


@dataclass(frozen=True)
class ServedApi:
    """Where it listens, and what to trust there."""

    port: int
    token: str
    tls: ssl.SSLContext | None
    log: Path

    def connect(self) -> socket.socket:
        """A connection, without TLS as yet."""
        sock = socket.socket()
        sock.settimeout(ANSWER_S)
        try:
            sock.connect((LOOPBACK, self.port))
        except OSError:
            sock.close()
            raise
        return sock

    def open(self) -> socket.socket:
        """A connection to send requests on."""
        sock = self.connect()
        if self.tls is None:
            return sock
        try:
            return self.tls.wrap_socket(sock, server_hostname=LOOPBACK)
        except OSError:
            sock.close()
            raise

    def answers(self) -> bool:
        """Whether a request on a new connection is answered in time."""
        with self.open() as sock:
            sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return b" 200 OK" in sock.recv(4096)


ServeApi = Callable[..., ServedApi]


@pytest.fixture
def serve_api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServeApi]:
    """Serves a new cloud's API with these variables in its environment."""
    servers: list[Server] = []

    def serve(*, with_tls: bool = False, connections: int = 1000, **environment: str) -> ServedApi:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("GUNICORN_CMD_ARGS", f"--worker-connections={connections}")
        monkeypatch.delenv(limits.TRUSTED_PROXIES, raising=False)
        url = f"sqlite:///{tmp_path / 'pextra.db'}"
        database = Database(url)
        token = wiring.open_site(database).admin_token
        database.close()
        assert token is not None
        tls, context = _certificate(tmp_path) if with_tls else (None, None)
        settings = UpSettings(tmp_path, url, LOOPBACK, free_port(), workers=1, tls=tls)
        server = start_api(settings)
        servers.append(server)
        wait_ready(server, settings.api_address, tls=with_tls)
        return ServedApi(settings.port, token, context, server.log)

    yield serve
    for server in servers:
        server.stop()


def _certificate(folder: Path) -> tuple[Tls, ssl.SSLContext]:
    now = datetime.now(UTC)
    authority = Authority.create("the test's own", now)
    made = authority.sign_server([LOOPBACK], now, timedelta(days=1))
    (folder / "chain.pem").write_text(made.chain_pem)
    (folder / "key.pem").write_text(made.key_pem)
    return Tls(folder / "chain.pem", folder / "key.pem"), ssl.create_default_context(cadata=authority.certificate_pem)
