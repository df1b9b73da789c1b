"""Syslog: RFC 5424 messages, framed by octet counting over TCP and TLS, one a datagram over UDP."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import socket
import ssl
import struct
import termios
import time
from collections.abc import Sequence
from typing import Final

from pextra.drivers.audit_sinks import Message
from pextra.drivers.interface import Retryable

FACILITY: Final = 13
"""Log audit. Source: RFC 5424 section 6.2.1."""
NOTICE: Final = 5
WARNING: Final = 4
TIMEOUT_S: Final = 10.0
MOST_DATAGRAM: Final = 8192


class SyslogSink:
    """Sends to one receiver over one connection.

    Syslog has no acknowledgement of its own. Over TCP and TLS a batch counts as delivered when the receiver's kernel
    has acknowledged every byte; over UDP when it was sent.

    Args:
        transport: `tcp`, `tls` or `udp`.
        trust: whom TLS believes; the system's authorities by default.
    """

    def __init__(self, transport: str, host: str, port: int, *, trust: ssl.SSLContext | None = None) -> None:
        self._transport, self._host, self._port = transport, host, port
        self._trust = trust
        self._socket: socket.socket | None = None
        self._name = socket.gethostname()[:255] or "-"

    def deliver(self, messages: Sequence[Message]) -> None:
        """See `Sink.deliver`."""
        try:
            connection = self._connected()
            for message in messages:
                text = self._format(message)
                if self._transport == "udp":
                    connection.send(text[:MOST_DATAGRAM])
                else:
                    connection.sendall(b"%d %s" % (len(text), text))
            if self._transport != "udp":
                self._wait_taken(connection)
        except OSError as error:
            self.close()
            raise Retryable("Unreachable", f"syslog at {self._host}:{self._port}: {error}") from error

    def close(self) -> None:
        """See `Sink.close`."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()
            self._socket = None

    def _connected(self) -> socket.socket:
        if self._socket is not None and self._transport != "udp" and _has_ended(self._socket):
            self.close()  # a first write after the receiver's end would seem to succeed
        if self._socket is None:
            self._socket = self._connect()
        return self._socket

    def _connect(self) -> socket.socket:
        if self._transport == "udp":
            family, kind, protocol, _, address = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_DGRAM)[0]
            made = socket.socket(family, kind, protocol)
            made.connect(address)
            return made
        plain = socket.create_connection((self._host, self._port), timeout=TIMEOUT_S)
        if self._transport == "tcp":
            return plain
        context = self._trust or ssl.create_default_context()
        try:
            return context.wrap_socket(plain, server_hostname=self._host)
        except BaseException:
            plain.close()
            raise

    def _format(self, message: Message) -> bytes:
        """One message. Source: RFC 5424 section 6; the JSON is its text, which begins with a byte order mark."""
        priority = FACILITY * 8 + (WARNING if message.refused else NOTICE)
        kind = "".join(c for c in message.message_id if "!" <= c <= "~")[:32] or "-"
        header = f"<{priority}>1 {message.at} {self._name} pextra-audit {os.getpid()} {kind} - "
        return header.encode("ascii", "replace") + b"\xef\xbb\xbf" + message.body.encode()

    @staticmethod
    def _wait_taken(connection: socket.socket) -> None:
        """Wait until nothing that was sent is unacknowledged.

        Raises:
            OSError: it is not in time, or the connection broke.
        """
        deadline = time.monotonic() + TIMEOUT_S
        while struct.unpack("i", fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, b"\0" * 4))[0]:
            if time.monotonic() > deadline:
                raise TimeoutError("what was sent is not acknowledged")
            time.sleep(0.005)
        broken = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if broken:
            raise OSError(broken, os.strerror(broken))


def _has_ended(connection: socket.socket) -> bool:
    """Whether the receiver has closed its end; it has nothing to say otherwise."""
    poll = select.poll()
    poll.register(connection, select.POLLIN | select.POLLRDHUP)
    return any(events & (select.POLLRDHUP | select.POLLHUP | select.POLLERR) for _, events in poll.poll(0))
