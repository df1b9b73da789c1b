"""A real HTTP server that does as it is told: answers, answers late, loses answers, breaks in the middle."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

JSON = "application/json"
PROBLEM = "application/problem+json"


@dataclass(frozen=True)
class Seen:
    """A request as it arrived; header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = b""

    @property
    def path(self) -> str:
        return self.target.split("?")[0]

    def json(self) -> Any:
        return json.loads(self.body)


class Handler(BaseHTTPRequestHandler):
    """Hands a request to the behaviour whose turn it is."""

    protocol_version = "HTTP/1.1"

    def handle_one_request(self) -> None:
        # The other side of a test may go at any moment.
        with suppress(ConnectionError, ValueError, ssl.SSLError):
            super().handle_one_request()
            return
        self.close_connection = True

    def _any(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        seen = Seen(
            self.command,
            self.path,
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(length),
        )
        server = self.server
        assert isinstance(server, _Server)
        behaviour = server.owner.next_for(seen)
        behaviour(self, seen)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = _any  # noqa: N815 - the names that http.server calls

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as http.server has it
        del format, args


Behaviour = Callable[[Handler, Seen], None]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    owner: FaultyServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        del request, client_address


class FaultyServer:
    """Behaves as scripted, one behaviour for each request; the last one is repeated."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.seen: list[Seen] = []
        self._script: list[Behaviour] = [answer(200, {})]
        self._routes: dict[str, Behaviour] = {}
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.owner = self
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        scheme = "http" if context is None else "https"
        self.url = f"{scheme}://localhost:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def then(self, *behaviours: Behaviour) -> None:
        """The script for the requests that no route takes."""
        with self._lock:
            self._script = list(behaviours)

    def route(self, path: str, behaviour: Behaviour) -> None:
        """What always happens at a path."""
        self._routes[path] = behaviour

    def next_for(self, seen: Seen) -> Behaviour:
        with self._lock:
            self.seen.append(seen)
            if seen.path in self._routes:
                return self._routes[seen.path]
            return self._script.pop(0) if len(self._script) > 1 else self._script[0]

    def targets(self) -> list[str]:
        return [seen.target for seen in self.seen]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def faulty_server(context: ssl.SSLContext | None = None) -> Generator[FaultyServer]:
    server = FaultyServer(context)
    try:
        yield server
    finally:
        server.close()


def closed_port() -> str:
    """An address at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def answer(
    status: int, body: Any = None, headers: Mapping[str, str] | None = None, media_type: str = JSON
) -> Behaviour:
    """A complete answer."""

    def behave(handler: Handler, seen: Seen) -> None:
        del seen
        payload = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", media_type)
        handler.send_header("Content-Length", str(len(payload)))
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(payload)

    return behave


def refuse(code: str, status: int, headers: Mapping[str, str] | None = None, **facts: Any) -> Behaviour:
    """A problem document of ours."""
    body = {"type": f"urn:pextra:error:{code}", "status": status, "detail": "because", "code": code, **facts}
    return answer(status, body, headers, PROBLEM)


def gateway(status: int) -> Behaviour:
    """What a proxy says when the server behind it does not answer."""
    return answer(status, b"<h1>Bad Gateway</h1>", media_type="text/html")


def drop() -> Behaviour:
    """The request arrives, the answer is lost."""

    def behave(handler: Handler, seen: Seen) -> None:
        del seen
        handler.close_connection = True
        handler.connection.shutdown(socket.SHUT_RDWR)

    return behave


def stream(*lines: Mapping[str, Any] | bytes, hang: threading.Event | None = None) -> Behaviour:
    """Lines of JSON in chunks, then the end; with `hang`, silence until it is set. Bytes go as they are."""

    def behave(handler: Handler, seen: Seen) -> None:
        del seen
        handler.send_response(200)
        handler.send_header("Content-Type", "application/x-ndjson")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        broken = False
        for line in lines:
            broken = isinstance(line, bytes)
            data = line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n"
            handler.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            handler.wfile.flush()
        if hang is not None:
            hang.wait(10)
        handler.close_connection = True
        if not broken:
            handler.wfile.write(b"0\r\n\r\n")

    return behave


def script(*behaviours: Behaviour) -> Behaviour:
    """Each behaviour once, in order; the last one from then on. For a route."""
    rest: list[Behaviour] = list(behaviours)

    def behave(handler: Handler, seen: Seen) -> None:
        (rest.pop(0) if len(rest) > 1 else rest[0])(handler, seen)

    return behave


def sequence(values: Sequence[Any]) -> list[Behaviour]:
    """A complete answer for each value."""
    return [answer(200, value) for value in values]
