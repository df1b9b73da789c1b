"""TLS handshakes over a pair of sockets, with the credentials and contexts of a test."""

from __future__ import annotations

import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HELLO = b"hello"


@dataclass(frozen=True)
class Outcome:
    """How a handshake ended: each side's error or none, and the client certificate that the server saw."""

    server_error: OSError | None
    client_error: OSError | None
    client_certificate: bytes | None

    @property
    def succeeded(self) -> bool:
        return self.server_error is None and self.client_error is None


def loaded(context: ssl.SSLContext, certificate_pem: str, key_pem: str) -> ssl.SSLContext:
    """The context, which presents this certificate from now on."""
    with tempfile.TemporaryDirectory() as folder:
        both = Path(folder) / "both.pem"
        both.touch(0o600)
        both.write_text(certificate_pem + key_pem)
        context.load_cert_chain(both)
    return context


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> Outcome:
    """What comes of it when the client connects to `name` and each side then hears from the other."""
    ours, theirs = socket.socketpair()
    ours.settimeout(20)
    theirs.settimeout(20)
    server_error: list[OSError] = []
    seen: list[bytes | None] = []

    def serve() -> None:
        try:
            with server.wrap_socket(ours, server_side=True) as wrapped:
                wrapped.recv(len(HELLO))
                seen.append(wrapped.getpeercert(binary_form=True))
                wrapped.sendall(HELLO)
        except OSError as error:
            server_error.append(error)

    thread = threading.Thread(target=serve)
    thread.start()
    client_error: OSError | None = None
    try:
        with client.wrap_socket(theirs, server_hostname=name) as wrapped:
            wrapped.sendall(HELLO)
            # In TLS 1.3 a client hears only now that its certificate was refused.
            if wrapped.recv(len(HELLO)) != HELLO:
                client_error = ConnectionResetError("the server said nothing")
    except OSError as error:
        client_error = error
    finally:
        theirs.close()
        thread.join(30)
        ours.close()
    return Outcome(next(iter(server_error), None), client_error, next(iter(seen), None))


@contextmanager
def serving(context: ssl.SSLContext) -> Iterator[int]:
    """A loopback port on which one client after the other is greeted with a handshake, and nothing more."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.05)
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                try:
                    plain, _ = listening.accept()
                except TimeoutError:
                    continue
                plain.settimeout(20)
                try:
                    with context.wrap_socket(plain, server_side=True) as wrapped:
                        wrapped.recv(1)
                except OSError:
                    plain.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            ended.set()
            thread.join(30)
