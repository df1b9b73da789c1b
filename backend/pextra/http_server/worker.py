"""gunicorn's threaded worker, with a main loop that waits for clients so that its threads do not have to.

gunicorn's own gives each new connection to a thread, which waits there for TLS, head and body without an end, and
waits for the client again when it sends the answer; its main loop then waits up to two seconds for each client to
close. A few dozen idle sockets stop it. Here a thread gets a request when all of it has come, and leaves when it has
said its answer; the rest is the main loop's, which waits for all connections at once.

Why not something else: backend/adr/0022-requests-arrive-whole.md.
"""

from __future__ import annotations

import errno
import json
import logging
import resource
import select
import selectors
import socket
import ssl
import time
from collections import deque
from concurrent.futures import Future
from functools import partial
from typing import Any, Final

from gunicorn import sock as gunicorn_sock
from gunicorn.workers import gthread

from pextra import process_logging
from pextra.http_headers import restrict
from pextra.http_server.connection import Connection, Phase
from pextra.http_server.limits import Limits, Shares

log = logging.getLogger("pextra.http_server")

SCAN_S: Final = 0.5
CONTEXT_S: Final = 60.0
"""How long a certificate is used before its file is read again."""
SHED_PART: Final = 20
"""One of so many connections makes room for others at a time."""
REPORT_S: Final = 60.0
_EVENTS: Final = {select.POLLIN: selectors.EVENT_READ, select.POLLOUT: selectors.EVENT_WRITE}
_AWAITED: Final = frozenset({Phase.HANDSHAKE, Phase.READING, Phase.IDLE, Phase.FLUSHING, Phase.CLOSING})
_gthread: Any = gthread  # its published types are of another version
_ThreadWorker: Any = _gthread.ThreadWorker


class _Problem:
    """Takes gunicorn's page that refuses a request, and sends a problem (RFC 9457) with its status instead."""

    def __init__(self, client: Any, *, tls: bool) -> None:
        self._client = client
        self._tls = tls

    def gettimeout(self) -> float | None:
        return None

    def setblocking(self, flag: bool) -> None:
        pass

    def sendall(self, page: bytes) -> None:
        line = page.partition(b"\r\n")[0].decode("latin-1")
        _, status, title = line.split(" ", 2)
        code = "request.malformed" if status.startswith("4") or status == "501" else "server.error"
        body = json.dumps({"type": f"urn:pextra:error:{code}", "title": title, "status": int(status), "code": code})
        headers = {"Content-Type": "application/problem+json", "Content-Length": str(len(body)), "Connection": "close"}
        restrict(headers, tls=self._tls)
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._client.sendall(f"{line}\r\n{head}\r\n{body}".encode("latin-1"))


class BufferingWorker(_ThreadWorker):
    """Serves whole requests: `gunicorn --worker-class=pextra.http_server.worker.BufferingWorker --no-sendfile`."""

    cfg: Any
    poller: Any
    alive: bool
    nr_conns: int
    worker_connections: int
    keepalived_conns: deque[Connection]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # pyright: ignore[reportUnknownMemberType]
        self._limits = Limits.of_environment()
        self._shares = Shares(self._limits)
        self._connections: set[Connection] = set()
        self._kept_bytes = 0
        self._tls: tuple[ssl.SSLContext, float] | None = None
        self._scanned = 0.0
        self._dropped: dict[str, int] = {}
        self._reported = 0.0

    def init_process(self) -> None:
        """Take as many open files as there may be connections, and serve; the log is written as everywhere."""
        process_logging.configure()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 2 * self.worker_connections + 256
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (max(soft, wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)), hard)
        )
        super().init_process()  # pyright: ignore[reportUnknownMemberType]

    def accept(self, listener: socket.socket) -> None:
        """Take a connection, if its address does not have too many; others make room when there are too many."""
        try:
            taken, client = listener.accept()
            address = str(client[0])
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._shed("open files")
            elif error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return
        share = self._shares.take(address)
        if share is None:
            self._count("connections of one address")
            taken.close()
            return
        try:
            context = self._context() if self.cfg.is_ssl else None
            connection = Connection(self.cfg, taken, client, listener.getsockname(), self._limits, context, share)
        except OSError:
            self._shares.leave(share)
            taken.close()
            return
        self.nr_conns += 1
        self._connections.add(connection)
        if self.nr_conns >= self.worker_connections:
            self._shed("connections")
        if connection in self._connections:
            self._go_on(connection)

    def _context(self) -> ssl.SSLContext:
        now = time.monotonic()
        if self._tls is None or now > self._tls[1]:
            self._tls = gunicorn_sock.ssl_context(self.cfg), now + CONTEXT_S
        return self._tls[0]

    def _go_on(self, connection: Connection, _ready: object = None) -> None:
        """Do what can be done on a connection without waiting."""
        try:
            self._unwatch(connection)
            match connection.phase:
                case Phase.FLUSHING:
                    if connection.flush():
                        self._after_answer(connection)
                        return
                case Phase.CLOSING:
                    if connection.discard():
                        self._drop(connection)
                        return
                case Phase.SERVED:
                    return
                case _:
                    if connection.receive():
                        self._account(connection)
                        self.enqueue_req(connection)
                        return
        except (OSError, ValueError):  # gone, or fails at TLS
            self._drop(connection)
            return
        self._account(connection)
        self._watch(connection)
        if self._kept_bytes > self._limits.kept_bytes:
            self._shed_bytes()

    def finish_request(self, conn: Connection, fs: Future[Any]) -> None:
        """Take a connection back from the thread that served it."""
        keep = False if fs.cancelled() or fs.exception() is not None else bool(fs.result())
        if conn.sock.broken:
            self._drop(conn)
            return
        conn.answered(keep)
        self._go_on(conn)

    def _after_answer(self, connection: Connection) -> None:
        try:
            if not connection.keep:
                connection.end()
                self._account(connection)
                self._watch(connection)
                return
        except OSError:
            self._drop(connection)
            return
        connection.await_next(self.cfg.keepalive if self.alive else _gthread.STOP_KEEPALIVE_LINGER)
        self._go_on(connection)

    def _keepalive_after(self, conn: Connection, keepalive: bool) -> bool:
        """Whether the connection can be used again: a body that did not come is not waited for."""
        conn.sock.stop_reading()
        return super()._keepalive_after(conn, keepalive) is True  # pyright: ignore[reportUnknownMemberType]

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Refuse what is no request, with a problem instead of gunicorn's page."""
        super().handle_error(req, _Problem(client, tls=bool(self.cfg.is_ssl)), addr, exc)  # pyright: ignore[reportUnknownMemberType]

    def _watch(self, connection: Connection) -> None:
        self.poller.register(connection.socket, _EVENTS[connection.wants], partial(self._go_on, connection))
        connection.events = connection.wants
        if connection.phase is Phase.IDLE:
            self.keepalived_conns.append(connection)

    def _unwatch(self, connection: Connection) -> None:
        if connection.events:
            self.poller.unregister(connection.socket)
            connection.events = 0
            if connection.phase is Phase.IDLE:
                self.keepalived_conns.remove(connection)

    def _drop(self, connection: Connection) -> None:
        self._unwatch(connection)
        self._kept_bytes -= connection.counted_bytes
        self._connections.discard(connection)
        self._shares.leave(connection.share)
        self.nr_conns -= 1
        connection.close()

    def _account(self, connection: Connection) -> None:
        self._kept_bytes += connection.kept_bytes - connection.counted_bytes
        connection.counted_bytes = connection.kept_bytes

    def murder_keepalived(self, force: bool = False) -> None:
        """Close what has waited for too long: in whatever phase, for all have a deadline; or all, if forced."""
        now = time.monotonic()
        if not force and now < self._scanned + SCAN_S:
            return
        self._scanned = now
        for connection in [each for each in self._connections if each.phase in _AWAITED]:
            if force or now > connection.timeout:
                if connection.phase in (Phase.HANDSHAKE, Phase.READING, Phase.FLUSHING):
                    self._count("too slow")
                self._drop(connection)
        self._report(now)

    def murder_pending(self) -> None:
        """Nothing: no connection waits in gunicorn's own list."""

    def _cap_keepalive(self, deadline: float) -> None:
        """The worker stops: who waits is not waited for much longer."""
        for connection in self._connections:
            if connection.phase in _AWAITED:
                connection.timeout = min(connection.timeout, deadline)

    def _shed(self, why: str) -> None:
        """Close connections that no thread has: of those who have most, and of these who waited longest."""
        awaited = sorted(
            (each for each in self._connections if each.phase in _AWAITED),
            key=lambda each: (-self._shares.held(each.share), each.phase is Phase.IDLE, each.began),
        )
        for connection in awaited[: max(1, self.worker_connections // SHED_PART)]:
            self._count(why)
            self._drop(connection)

    def _shed_bytes(self) -> None:
        awaited = sorted(
            (each for each in self._connections if each.phase in _AWAITED), key=lambda each: each.kept_bytes
        )
        while awaited and self._kept_bytes > self._limits.kept_bytes * 3 // 4:
            self._count("bytes kept")
            self._drop(awaited.pop())

    def _count(self, why: str) -> None:
        self._dropped[why] = self._dropped.get(why, 0) + 1

    def _report(self, now: float) -> None:
        if self._dropped and now > self._reported + REPORT_S:
            self._reported = now
            log.warning(
                "connections were closed by us, by what there was too much of: %s",
                ", ".join(f"{why}: {number}" for why, number in sorted(self._dropped.items())),
            )
            self._dropped.clear()
