"""`pextra up` with a certificate: every port for users speaks TLS, believed by who knows the authority."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pextra.pki.authority import Authority
from pextra_client.client import Client
from pextra_client.config import Profiles
from pextra_client.credentials import Credentials
from pextra_client.errors import TransportError
from pextra_client.retry import RetryPolicy
from tests.labs.ports import LOOPBACK, free_port
from tests.labs.waiting import wait_until

API, STREAMS, CONSOLES = 0, 1, 4
ONCE = RetryPolicy(attempts=1)


@dataclass(frozen=True)
class TlsCloud:
    """A cloud that serves with a certificate of the test's own authority."""

    folder: Path
    port: int
    token: str

    @property
    def url(self) -> str:
        """Its API."""
        return f"https://{LOOPBACK}:{self.port}"

    @property
    def authority(self) -> Path:
        """Whom to believe."""
        return self.folder / "authority.pem"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsCloud]:
    """One cloud for these tests, without guests of its own."""
    folder = tmp_path_factory.mktemp("tls")
    now = datetime.now(UTC)
    authority = Authority.create("the test's own", now)
    made = authority.sign_server([LOOPBACK], now, timedelta(days=1))
    for name, text in (("authority", authority.certificate_pem), ("chain", made.chain_pem), ("key", made.key_pem)):
        (folder / f"{name}.pem").write_text(text)
    port = free_port()
    log = folder / "up.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "pextra_client", "up", "--no-guests", f"--listen={LOOPBACK}:{port}",
             f"--data-dir={folder / 'data'}", f"--tls-certificate={folder / 'chain.pem'}",
             f"--tls-key={folder / 'key.pem'}", "--workers=1"],
            env=os.environ | {"XDG_CONFIG_HOME": str(folder / "config")}, stdout=sink, stderr=sink,
        )  # fmt: skip
    try:
        wait_until(lambda: process.poll() is not None or "Ctrl-C" in log.read_text(), 60, "the cloud")
        assert process.poll() is None, log.read_text()
        settings = Profiles(folder / "config" / "pextra" / "config.yaml").get("local")
        assert settings is not None
        assert settings.token is not None
        yield TlsCloud(folder, port, settings.token)
    finally:
        process.terminate()
        process.wait(30)


def test_who_knows_the_authority_uses_the_cloud_as_without_tls(cloud: TlsCloud) -> None:
    with Client(cloud.url, cloud.token, ca=cloud.authority) as client:
        # A watch begins when the server first answers, unless it is told where.
        with client.watch(kind="flavor", position=client.page("flavor").position) as watch:
            client.put("flavor", "small", {"vcpus": 1, "memory_mib": 1024, "disk_gib": 5})
            assert next(event.object["metadata"]["name"] for event in watch if event.object is not None) == "small"
        assert client.get("flavor", "small")["spec"]["vcpus"] == 1


def test_who_does_not_know_the_authority_is_told_so_and_sends_no_token(cloud: TlsCloud) -> None:
    with Client(cloud.url, cloud.token, policy=ONCE) as client, pytest.raises(TransportError) as caught:
        client.whoami()
    assert "certificate" in str(caught.value)


@pytest.mark.parametrize("offset", [API, STREAMS, CONSOLES])
def test_no_port_that_users_reach_answers_without_tls(cloud: TlsCloud, offset: int) -> None:
    address = (LOOPBACK, cloud.port + offset)
    believing = Credentials(ca=cloud.authority).tls()
    with socket.create_connection(address, 10) as plain, believing.wrap_socket(plain, server_hostname=LOOPBACK) as tls:
        assert tls.version() in ("TLSv1.2", "TLSv1.3")
    with socket.create_connection(address, 10) as plain:
        plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        plain.settimeout(10)
        try:
            answer = plain.recv(4096)
        except ConnectionResetError:
            answer = b""
    assert b" 200 " not in answer


def test_a_certificate_that_cannot_be_read_is_named_and_nothing_is_left_running(cloud: TlsCloud) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pextra_client", "up", "--no-guests", f"--listen={LOOPBACK}:{free_port()}",
         f"--data-dir={cloud.folder / 'other'}", f"--tls-certificate={cloud.folder / 'absent.pem'}",
         f"--tls-key={cloud.folder / 'key.pem'}"],
        env=os.environ | {"XDG_CONFIG_HOME": str(cloud.folder / "config")}, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "absent.pem" in done.stdout


def test_a_key_of_another_certificate_is_refused(cloud: TlsCloud) -> None:
    other = Authority.create("another", datetime.now(UTC)).sign_server([LOOPBACK], datetime.now(UTC), timedelta(days=1))
    (cloud.folder / "other.pem").write_text(other.key_pem)
    done = subprocess.run(
        [sys.executable, "-m", "pextra_client", "up", "--no-guests", f"--listen={LOOPBACK}:{free_port()}",
         f"--data-dir={cloud.folder / 'third'}", f"--tls-certificate={cloud.folder / 'chain.pem'}",
         f"--tls-key={cloud.folder / 'other.pem'}"],
        env=os.environ | {"XDG_CONFIG_HOME": str(cloud.folder / "config")}, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "--tls-key" in done.stdout
