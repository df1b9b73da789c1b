"""One client's connection: read and written by the main loop without waiting, and lent to a thread in between."""

from __future__ import annotations

import errno
import select
import socket
import ssl
import time
from enum import Enum, auto
from typing import Any, Final

from gunicorn.http.errors import NoMoreData
from gunicorn.http.parser import RequestParser

from pextra.http_server.limits import Limits
from pextra.http_server.message_end import Coming, MessageEnd

PIECE_BYTES: Final = 1 << 16
MOST_HEAD_BYTES: Final = 1 << 17
"""More than gunicorn's parser takes of a request line with headers, so that it is the one to refuse."""
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_LATER: Final = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Phase(Enum):
    """What is awaited on a connection."""

    HANDSHAKE = auto()
    READING = auto()
    IDLE = auto()
    SERVED = auto()
    """A thread has it; the main loop does not touch it."""
    FLUSHING = auto()
    CLOSING = auto()


class Channel:
    """A connection as the thread that serves it sees it: something like a socket.

    What it sends is kept and sent later by the main loop where the client does not take it at once.
    """

    def __init__(self, sock: socket.socket, limits: Limits) -> None:
        self._socket = sock
        self._limits = limits
        self._stall_s = limits.stall_s
        self._began = time.monotonic()
        self._moved = self._began
        self._received = 0
        self._waits_for_more = False
        self._ended = False
        self._wants_to_send = select.POLLOUT
        self.pending = bytearray()
        self.broken = False

    def lend(self, *, longer: bool) -> None:
        """Begin to serve a request.

        Args:
            longer: its body is not here as a whole and is read as it comes.
        """
        self._waits_for_more = longer
        self._stall_s = self._limits.stall_s
        self._began = self._moved = time.monotonic()
        self._received = 0
        self._ended = False

    def stop_reading(self) -> None:
        """Whatever of the body is not here will not be waited for."""
        self._stall_s = 0.0

    def recv(self, size: int) -> bytes:
        """More of a long body.

        Raises:
            TimeoutError: nothing came, or too little.
            NoMoreData: the request was here as a whole.
        """
        if self._ended:
            return b""
        if not self._waits_for_more:
            raise NoMoreData(b"")
        deadline = self._began + self._limits.stall_s + self._received / self._limits.lowest_rate
        while True:
            try:
                got = self._socket.recv(size)
            except (BlockingIOError, ssl.SSLWantReadError):
                self._wait(select.POLLIN, deadline)
            except ssl.SSLWantWriteError:
                self._wait(select.POLLOUT, deadline)
            else:
                self._received += len(got)
                return got

    def send(self, data: bytes) -> int:
        """As `sendall`."""
        self.sendall(data)
        return len(data)

    def sendall(self, data: bytes) -> None:
        """Send, or keep what the client does not take yet; only beyond a bound this waits.

        Raises:
            OSError: the client is gone, or takes nothing for too long.
        """
        rest = memoryview(data)
        deadline = time.monotonic() + self._limits.stall_s + len(rest) / self._limits.lowest_rate
        try:
            rest = self._send_in_turn(rest)
            while len(self.pending) + len(rest) > self._limits.answer_bytes:
                self._wait(self._wants_to_send, min(deadline, self._moved + self._limits.stall_s))
                rest = self._send_in_turn(rest)
            if self.pending and time.monotonic() > self._moved + self._limits.stall_s:
                raise TimeoutError
        except TimeoutError as error:
            self.broken = True
            raise BrokenPipeError(errno.EPIPE, "the client takes nothing") from error
        except OSError:
            self.broken = True
            raise
        if not self.pending:
            self._moved = time.monotonic()
        self.pending += rest

    def _send_in_turn(self, data: memoryview) -> memoryview:
        """Send what is kept and then this, as far as it is taken at once; what is left of this."""
        self.flush()
        return data if self.pending else data[self._send_now(data) :]

    def flush(self) -> None:
        """Send of what is kept as much as is taken at once.

        Raises:
            OSError: the client is gone.
        """
        if self.pending:
            with memoryview(self.pending) as kept:
                sent = self._send_now(kept)
            del self.pending[:sent]

    def _send_now(self, data: memoryview) -> int:
        sent = 0
        while sent < len(data):
            try:
                sent += self._socket.send(data[sent : sent + PIECE_BYTES])
            except ssl.SSLWantReadError:
                self._wants_to_send = select.POLLIN
                break
            except (BlockingIOError, ssl.SSLWantWriteError):
                self._wants_to_send = select.POLLOUT
                break
            self._moved = time.monotonic()
        return sent

    def _wait(self, event: int, deadline: float) -> None:
        left = min(self._stall_s, deadline - time.monotonic())
        waiting = select.poll()
        waiting.register(self._socket, event)
        if left <= 0 or not waiting.poll(left * 1000):
            raise TimeoutError(f"nothing moved on a connection for {max(left, 0):.0f} s")

    def settimeout(self, seconds: float | None) -> None:
        """Bound how long one `recv` may wait; None: by default."""
        self._stall_s = self._limits.stall_s if seconds is None else min(seconds, self._stall_s)

    def gettimeout(self) -> float | None:
        """None, as of a socket that waits."""
        return None

    def setblocking(self, flag: bool) -> None:
        """Nothing: the server asks for what is so in any case."""

    def shutdown(self, how: int) -> None:
        """Say that the connection ends with what was sent; the main loop sees to it."""
        del how
        self._ended = True

    def close(self) -> None:
        """As `shutdown`: the main loop closes it, after it has sent what is kept."""
        self._ended = True

    def fileno(self) -> int:
        """The descriptor of the connection."""
        return self._socket.fileno()

    def getpeercert(self, binary_form: bool = False) -> Any:
        """The certificate that the other end has proved to hold, or None."""
        return self._socket.getpeercert(binary_form) if isinstance(self._socket, ssl.SSLSocket) else None


class Connection:
    """One client's connection, in the shape that gunicorn's threaded worker has for its own.

    Args:
        cfg: gunicorn's configuration.
        sock: was just accepted.
        client: the other end's address.
        server: our own.
        limits: bounds of the process.
        tls: to speak TLS with.
        share: whose connections it counts to.

    Raises:
        OSError: the other end is gone.
    """

    is_http2 = False
    initialized = True
    data_ready = True

    def __init__(
        self,
        cfg: Any,
        sock: socket.socket,
        client: Any,
        server: Any,
        limits: Limits,
        tls: ssl.SSLContext | None,
        share: str,
    ) -> None:
        sock.setblocking(False)
        if tls is not None:
            sock = tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        self.socket = sock
        self.cfg, self.client, self.server, self.share = cfg, client, server, share
        self._limits = limits
        self.sock = Channel(sock, limits)
        self.parser: Any = None
        self.phase = Phase.HANDSHAKE if tls is not None else Phase.READING
        self.began = time.monotonic()
        self.timeout = self.began + limits.request_s
        self.events = 0
        self.counted_bytes = 0
        self.keep = False
        self.wants = select.POLLIN
        self._received = bytearray()
        self._end = MessageEnd(MOST_HEAD_BYTES, limits.body_bytes)
        self._discarded = 0
        self._told_to_continue = False

    @property
    def kept_bytes(self) -> int:
        """What it makes us keep."""
        return len(self._received) + len(self.sock.pending)

    def init(self) -> None:
        """Nothing is left to be done when a thread has it."""

    def receive(self) -> bool:
        """Take what has come; whether there is a request to serve.

        Raises:
            OSError: the client has left or fails at TLS.
        """
        if self.phase is Phase.HANDSHAKE and not self._shake_hands():
            return False
        while True:
            if self._received and (ready := self._look()):
                return ready
            try:
                piece = self.socket.recv(PIECE_BYTES)
            except ssl.SSLWantWriteError:
                self.wants = select.POLLOUT
                return False
            except (BlockingIOError, ssl.SSLWantReadError):
                self.wants = select.POLLIN
                return False
            if not piece:
                raise ConnectionResetError(errno.ECONNRESET, "the client has left")
            if self.phase is Phase.IDLE:
                self.phase, self.timeout = Phase.READING, time.monotonic() + self._limits.request_s
            self._received += piece
            if self._end.has_head:  # a body may take longer than a head, as long as it comes
                self.timeout += len(piece) / self._limits.lowest_rate

    def _shake_hands(self) -> bool:
        assert isinstance(self.socket, ssl.SSLSocket)
        try:
            self.socket.do_handshake()
        except ssl.SSLWantReadError:
            self.wants = select.POLLIN
            return False
        except ssl.SSLWantWriteError:
            self.wants = select.POLLOUT
            return False
        self.phase = Phase.READING
        return True

    def _look(self) -> bool:
        coming = self._end.look(self._received)
        if coming is Coming.MORE:
            if self._end.expects_continue and not self._told_to_continue:
                self._told_to_continue = True
                self.sock.sendall(_CONTINUE)
            return False
        self.sock.lend(longer=coming is Coming.LONG)
        channel: Any = self.sock  # read like a socket
        self.parser = RequestParser(self.cfg, channel, self.client)
        self.parser.unreader.unread(bytes(self._received))
        self._received = bytearray()
        self.phase, self.timeout = Phase.SERVED, float("inf")
        return True

    def answered(self, keep: bool) -> None:
        """A thread has answered: what is left to be sent goes first.

        Args:
            keep: whether another request may follow.
        """
        self.keep = keep
        self.phase = Phase.FLUSHING
        self.timeout = time.monotonic() + self._limits.stall_s + len(self.sock.pending) / self._limits.lowest_rate

    def flush(self) -> bool:
        """Send what is kept; whether all of it is sent.

        Raises:
            OSError: the client is gone.
        """
        self.sock.flush()
        self.wants = select.POLLOUT
        return not self.sock.pending

    def await_next(self, idle_s: float) -> None:
        """Wait for the next request, of which something may be here already."""
        self._received = bytearray(self.parser.unreader.take_buffered())
        self.parser = None
        self._end = MessageEnd(MOST_HEAD_BYTES, self._limits.body_bytes)
        self._told_to_continue = False
        self.phase = Phase.READING if self._received else Phase.IDLE
        self.timeout = time.monotonic() + (self._limits.request_s if self._received else idle_s)
        self.wants = select.POLLIN

    def end(self) -> None:
        """Say that nothing more is sent, and give the client time to read before the connection goes.

        A connection that is closed while something unread lies in it is reset, and the answer may be lost with it.

        Source: RFC 9112, section 9.6.

        Raises:
            OSError: the client is gone.
        """
        self.phase, self.timeout = Phase.CLOSING, time.monotonic() + self._limits.linger_s
        self.wants = select.POLLIN
        self.socket.shutdown(socket.SHUT_WR)

    def discard(self) -> bool:
        """Read what nobody wants; whether the client has closed its side, or sends too much.

        Raises:
            OSError: it is gone.
        """
        try:
            piece = self.socket.recv(PIECE_BYTES)
        except _LATER:
            return False
        self._discarded += len(piece)
        return not piece or self._discarded > PIECE_BYTES

    def close(self, graceful: bool = False) -> None:
        """Close it now."""
        del graceful
        self.socket.close()
