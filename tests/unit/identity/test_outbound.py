"""A tenant's URL leads nowhere that only we can reach, and holds nobody up for long."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest

from pextra.identity import outbound
from pextra.identity.failures import ProviderUnavailable
from pextra.identity.outbound import Outbound
from pextra.pki.authority import Authority
from tests.unit.pki.handshakes import loaded


@contextmanager
def listening() -> Generator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "[::ffff:127.0.0.1]"])
def test_loopback_is_not_called_by_whatever_name(host: str) -> None:
    with listening() as server:
        server.setblocking(False)
        with pytest.raises(ProviderUnavailable, match=r"not public|cannot be resolved"):
            Outbound().get(f"https://{host}:{server.getsockname()[1]}/")
        with pytest.raises(BlockingIOError):
            server.accept()


def test_an_allowed_host_is_allowed_by_its_very_name() -> None:
    with listening() as server:
        port = server.getsockname()[1]
        Outbound(["127.0.0.1"]).connect("127.0.0.1", port).close()
        with pytest.raises(ProviderUnavailable):
            Outbound(["127.0.0.1"]).connect("127.0.0.2", port)
        with pytest.raises(ProviderUnavailable):
            Outbound([""]).connect("127.0.0.1", port)


@pytest.mark.parametrize("url", ["http://login.example", "file:///etc/passwd", "gopher://127.0.0.1", "//127.0.0.1"])
def test_nothing_but_https_is_called(url: str) -> None:
    with pytest.raises(ProviderUnavailable, match="not https"):
        Outbound().get(url)


@pytest.mark.parametrize("tls", [True, False])
@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_server_that_says_a_letter_now_and_again_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch, first: bytes, *, tls: bool
) -> None:
    monkeypatch.setattr(outbound, "TIMEOUT_S", 0.3)
    now = datetime.now(UTC)
    authority = Authority.create("lab", now)
    credentials = authority.sign_server(["127.0.0.1"], now, timedelta(days=1))
    context = loaded(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), credentials.chain_pem, credentials.key_pem)
    done = threading.Event()

    def drip(server: socket.socket) -> None:
        connection, _ = server.accept()
        with suppress(OSError), context.wrap_socket(connection, server_side=True) if tls else connection as speaking:
            speaking.sendall(first)
            while not done.wait(0.02):
                speaking.sendall(b" ")

    with listening() as server:
        thread = threading.Thread(target=drip, args=[server])
        thread.start()
        began = time.monotonic()
        url = f"http{'s' if tls else ''}://127.0.0.1:{server.getsockname()[1]}/"
        try:
            with pytest.raises(ProviderUnavailable):
                Outbound(["127.0.0.1"]).get(url, authorities=authority.certificate_pem)
        finally:
            done.set()
            thread.join()
        assert time.monotonic() - began < 3.0


def test_a_server_that_says_nothing_to_tls_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "TIMEOUT_S", 0.3)
    with listening() as server, pytest.raises(ProviderUnavailable):
        Outbound(["127.0.0.1"]).get(f"https://127.0.0.1:{server.getsockname()[1]}/")


def test_an_answer_that_ends_early_is_none() -> None:
    def answer(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(1024)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}")

    with listening() as server:
        thread = threading.Thread(target=answer, args=[server])
        thread.start()
        with pytest.raises(ProviderUnavailable, match="ended early"):
            Outbound(["127.0.0.1"]).get(f"http://127.0.0.1:{server.getsockname()[1]}/")
        thread.join()
