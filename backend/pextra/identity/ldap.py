"""A connection to an LDAP server, and the three operations that signing in takes: bind, search, StartTLS.

Ours, because what there is does not fit: ldap3 had its last release in 2021; python-ldap and bonsai bind OpenLDAP's
library, which has to be compiled, parses in C what a tenant's server says, and resolves and calls names by itself,
where we must call only addresses that were checked. Referrals are never followed.

Source: RFC 4511 (protocol), 4513 (authentication), 4514 (names).
"""

from __future__ import annotations

import math
import socket
import ssl
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final, Literal

from pextra.identity import ber
from pextra.identity.failures import ProviderUnavailable
from pextra.identity.outbound import Outbound, is_loopback, trusting

TIMEOUT_S: Final = 5.0
"""For everything that is asked over one connection, unless another time is given."""
MOST_MESSAGE: Final = 1 << 20
MOST_BYTES: Final = 4 << 20

Security = Literal["ldaps", "starttls", "none"]

_BIND, _BOUND, _UNBIND = 0x60, 0x61, 0x42
_SEARCH, _ENTRY, _FOUND, _ELSEWHERE = 0x63, 0x64, 0x65, 0x73
_EXTENDED, _EXTENDED_ANSWER = 0x77, 0x78
_START_TLS: Final = "1.3.6.1.4.1.1466.20037"
_SUCCESS, _TOO_MANY = 0, 4
_UNABLE: Final = frozenset({2, 7, 8, 13, 51, 52})
"""Protocol error, unknown method, stronger authentication or confidentiality required, busy, unavailable: none of
these depends on whose password it was. What else it says against a bind is a no, whatever it means by it: a locked
account that was told apart would tell who is known there."""
_ABSENT: Final = frozenset({32})
_SPECIAL: Final = frozenset('"+,;<=>\\')


@dataclass(frozen=True, slots=True)
class Server:
    """Where a directory is, and how it is called.

    Attributes:
        security: `none` is for loopback alone.
        authorities: PEM of those whom TLS believes; the system's without it.
    """

    host: str
    port: int
    security: Security = "ldaps"
    authorities: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry with the attributes that were asked for, by name in lower case."""

    dn: str
    attributes: Mapping[str, tuple[bytes, ...]]

    def texts(self, name: str) -> tuple[str, ...]:
        """The values of an attribute that are texts."""
        found: list[str] = []
        for value in self.attributes.get(name.lower(), ()):
            with suppress(UnicodeDecodeError):
                found.append(value.decode())
        return tuple(found)


def escaped(value: str) -> str:
    """A value as a part of a distinguished name, in which it can be nothing but a value."""
    middle = "".join(f"\\{c}" if c in _SPECIAL else c if c >= " " and c != "\x7f" else f"\\{ord(c):02x}" for c in value)
    if middle[:1] in ("#", " "):
        middle = f"\\{middle}"
    return f"{middle[:-1]}\\ " if middle.endswith(" ") and len(value) > 1 else middle


class Connection:
    """An open connection; of one thread."""

    def __init__(self, opened: socket.socket, timeout_s: float = TIMEOUT_S) -> None:
        self._socket = opened
        self._timeout_s = timeout_s
        self._message = 0
        self._read = 0
        self._buffer = bytearray()

    def bind(self, dn: str, password: str) -> bool:
        """Whether the server knows the entry by this password; afterwards it is that which asks.

        Raises:
            ValueError: the name or password is empty: that would be no authentication at all, and succeed.
            ProviderUnavailable: the server does not tell.
        """
        if not dn or not password:
            raise ValueError("an empty name or password binds as nobody")
        asked = ber.sequence(ber.integer(3), ber.octets(dn), ber.octets(password, 0x80), tag=_BIND)
        code = self._result(self._ask(asked), _BOUND)
        if code in _UNABLE:
            raise ProviderUnavailable(f"the directory answered a bind with result {code}")
        return code == _SUCCESS

    def search(
        self,
        base: str,
        equal: Mapping[str, str | bytes],
        attributes: Sequence[str],
        *,
        limit: int,
        only_base: bool = False,
    ) -> list[Entry]:
        """The entries at or below `base` with all these values; at most `limit`, and one more when there are more.

        The values are sent as values, so that there is nothing in them to escape.

        Raises:
            ProviderUnavailable: the server does not tell.
        """
        conditions = [
            ber.sequence(ber.octets(name), ber.octets(value), tag=0xA3) for name, value in sorted(equal.items())
        ] or [ber.octets("objectClass", 0x87)]
        asked = ber.sequence(
            ber.octets(base),
            ber.integer(0 if only_base else 2, ber.ENUMERATED),
            ber.integer(0, ber.ENUMERATED),
            ber.integer(limit + 1),
            ber.integer(math.ceil(self._timeout_s)),
            ber.boolean(False),
            ber.sequence(*conditions, tag=0xA0),
            ber.sequence(*map(ber.octets, attributes or ["1.1"])),
            tag=_SEARCH,
        )
        found: list[Entry] = []
        answer = self._ask(asked)
        while answer.tag in (_ENTRY, _ELSEWHERE):
            if answer.tag == _ENTRY:
                found.append(_entry(answer))
            if len(found) > limit + 1:
                raise ProviderUnavailable("the directory sent more entries than were asked for")
            answer = self._answer()
        code = self._result(answer, _FOUND)
        if code not in (_SUCCESS, _TOO_MANY, *_ABSENT):
            raise ProviderUnavailable(f"the directory answered a search with result {code}")
        return found

    def start_tls(self) -> None:
        """Ask the server to speak TLS from now on.

        Raises:
            ProviderUnavailable: it does not.
        """
        answer = self._ask(ber.sequence(ber.octets(_START_TLS, 0x80), tag=_EXTENDED))
        if self._result(answer, _EXTENDED_ANSWER) != _SUCCESS or self._buffer:
            raise ProviderUnavailable("the directory does not start TLS")  # or said more, in clear text

    def close(self) -> None:
        """Say goodbye."""
        with suppress(OSError, ProviderUnavailable):
            self._send(ber.element(_UNBIND, b""))

    def _ask(self, operation: bytes) -> ber.Element:
        self._send(operation)
        return self._answer()

    def _send(self, operation: bytes) -> None:
        self._message += 1
        self._socket.sendall(ber.sequence(ber.integer(self._message), operation))

    def _answer(self) -> ber.Element:
        """The operation of the next message, which answers the last that was sent."""
        while (found := ber.head(self._buffer)) is None or len(self._buffer) < sum(found):
            if found is not None and found[1] > MOST_MESSAGE:
                raise ValueError("a message is too large")
            piece = self._socket.recv(65_536)
            if not piece:
                raise ConnectionError("it ended the connection")
            self._buffer += piece
            self._read += len(piece)
            if self._read > MOST_BYTES:
                raise ValueError("its answers are too large")
        start, size = found
        message = ber.Element(self._buffer[0], bytes(self._buffer[start : start + size]))
        del self._buffer[: start + size]
        number, operation, *_ = message.parts()
        if message.tag != ber.SEQUENCE or number.number() != self._message:
            raise ValueError("a message answers nothing that was asked")
        return operation

    @staticmethod
    def _result(answer: ber.Element, tag: int) -> int:
        if answer.tag != tag:
            raise ValueError("an answer is of another sort")
        return answer.parts()[0].number()


@contextmanager
def connected(outbound: Outbound, server: Server, *, timeout_s: float = TIMEOUT_S) -> Generator[Connection]:
    """A connection over TLS, unless the server is on loopback; all that is asked is bounded in time together.

    Args:
        timeout_s: from the first packet to the last.

    Raises:
        ProviderUnavailable: it may not be called, does not answer in time, or not with this.
    """
    if server.security == "none" and not is_loopback(server.host):
        raise ProviderUnavailable("a directory beyond loopback is called over TLS only")
    until = time.monotonic() + timeout_s
    opened = outbound.connect(server.host, server.port, timeout_s=timeout_s)
    holder = [opened]
    late = threading.Event()
    watchdog = threading.Timer(max(0.0, until - time.monotonic()), _cut, [holder, late])
    watchdog.daemon = True
    watchdog.start()
    try:
        connection = Connection(opened, timeout_s)
        if server.security == "starttls":
            connection.start_tls()
        if server.security != "none":
            secured = trusting(server.authorities).wrap_socket(
                opened, server_hostname=server.host, do_handshake_on_connect=False
            )
            holder[0] = secured
            if late.is_set():
                raise TimeoutError  # the watchdog may have cut the socket that there was before
            secured.do_handshake()
            connection = Connection(secured, timeout_s)
        yield connection
        connection.close()
    except (OSError, ValueError, IndexError, ssl.SSLError) as error:
        slow = late.is_set() or isinstance(error, TimeoutError)  # the socket may notice before the watchdog does
        why = f"it took more than {timeout_s:.1f} s" if slow else f"{type(error).__name__}: {str(error)[:120]}"
        raise ProviderUnavailable(f"the directory {server.host}:{server.port} failed: {why}") from error
    finally:
        watchdog.cancel()
        holder[0].close()


def _entry(answer: ber.Element) -> Entry:
    name, attributes = answer.parts()[:2]
    said: dict[str, tuple[bytes, ...]] = {}
    for attribute in attributes.parts():
        kind, values = attribute.parts()[:2]
        said[kind.content.decode().lower()] = tuple(value.content for value in values.parts())
    return Entry(name.content.decode(), said)


def _cut(holder: list[socket.socket], late: threading.Event) -> None:
    late.set()
    with suppress(OSError):
        socket.socket.shutdown(holder[0], socket.SHUT_RDWR)
