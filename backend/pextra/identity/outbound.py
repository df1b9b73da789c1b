"""Calls to providers, whose addresses are written by tenants: nothing of our own may be reached through them.

A name is resolved here, every address that it has is checked, and the connection goes to one that was checked, so that
a name that means something else a moment later changes nothing.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

from pextra.identity.failures import ProviderUnavailable
from pextra.public_addresses import Address, is_public

TIMEOUT_S: Final = 5.0
"""For one call from the first packet to the last, but for the name's resolution, which the system bounds."""
MOST_BYTES: Final = 256 << 10


class Outbound:
    """Calls out, to the internet and to the hosts that the operator allowed.

    Args:
        allowed: names or addresses, as providers' URLs write them, that may be anywhere.
    """

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._allowed = frozenset(each.strip().lower().strip("[]") for each in allowed if each.strip())

    def connect(self, host: str, port: int, *, timeout_s: float = TIMEOUT_S) -> socket.socket:
        """A connection to the host at an address that may be called; what is done over it waits as long at most.

        Args:
            timeout_s: for all addresses together; none of the later ones goes without its share.

        Raises:
            ProviderUnavailable: it has none, or nothing answers there.
        """
        failure: OSError | None = None
        addresses = self._addresses(host, port)
        until = time.monotonic() + timeout_s
        for number, address in enumerate(addresses):
            share_s = (until - time.monotonic()) / (len(addresses) - number)
            try:
                connection = socket.create_connection((str(address), port), timeout=max(share_s, 0.001))
            except OSError as error:
                failure = error
            else:
                connection.settimeout(timeout_s)
                return connection
        raise ProviderUnavailable(f"{host}:{port} does not answer: {failure}")

    def get(self, url: str, *, authorities: str | None = None) -> bytes:
        """What is at the URL, at most `MOST_BYTES`; a redirect is not followed.

        Args:
            authorities: PEM of those whom TLS believes; the system's without it.

        Raises:
            ProviderUnavailable: it may not be called, does not answer in time, or not with this.
        """
        parts = urlsplit(url)
        host, secure = parts.hostname or "", parts.scheme == "https"
        if not secure and not (parts.scheme == "http" and is_loopback(host)):
            raise ProviderUnavailable("an address of a provider is not https")
        connection = self.connect(host, parts.port or (443 if secure else 80))
        late = threading.Event()
        try:
            if secure:
                connection = trusting(authorities).wrap_socket(
                    connection, server_hostname=host, do_handshake_on_connect=False
                )
            # a timeout counts from the last byte: one byte now and again would hold us for hours
            watchdog = threading.Timer(TIMEOUT_S, _cut, [connection, late])
            watchdog.daemon = True
            watchdog.start()
            try:
                if isinstance(connection, ssl.SSLSocket):
                    connection.do_handshake()
                content = _ask(connection, url)
            finally:
                watchdog.cancel()
            if late.is_set():
                raise TimeoutError(f"it took more than {TIMEOUT_S:g} s")
            return content
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ProviderUnavailable(f"{parts.netloc} failed: {type(error).__name__}: {str(error)[:120]}") from error
        finally:
            connection.close()

    def _addresses(self, host: str, port: int) -> list[Address]:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise ProviderUnavailable(f"{host} cannot be resolved: {error}") from error
        addresses = [ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found]
        if host.lower() not in self._allowed and not all(map(is_public, addresses)):
            raise ProviderUnavailable(
                f"{host} has an address that is not public: the operator can allow it (pextra up --identity-host)"
            )
        return list(dict.fromkeys(addresses))


def is_loopback(host: str) -> bool:
    """Whether the text of a URL's host means this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def trusting(authorities: str | None) -> ssl.SSLContext:
    """TLS that believes these authorities alone, or the system's.

    Raises:
        ValueError: it is no PEM of certificates.
    """
    try:
        return ssl.create_default_context(cadata=authorities) if authorities else ssl.create_default_context()
    except ssl.SSLError as error:
        raise ValueError("these are no certificates in PEM") from error


def _ask(connection: socket.socket, url: str) -> bytes:
    """One GET over the connection, which is used up by it."""
    parts = urlsplit(url)
    asking = http.client.HTTPConnection(parts.hostname or "", parts.port)
    asking.sock = connection
    try:
        asking.request(
            "GET",
            (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
            headers={"Host": parts.netloc, "Accept": "application/json", "Connection": "close"},
        )
        answer = asking.getresponse()
        if answer.status != 200:
            raise ValueError(f"it answered {answer.status}")
        content = answer.read(MOST_BYTES + 1)
        if answer.length and len(content) <= MOST_BYTES:
            raise ValueError("its answer ended early")
    finally:
        asking.close()
    if len(content) > MOST_BYTES:
        raise ValueError(f"it answered more than {MOST_BYTES} bytes")
    return content


def _cut(connection: socket.socket, late: threading.Event) -> None:
    late.set()
    with suppress(OSError):  # it ended by itself
        socket.socket.shutdown(connection, socket.SHUT_RDWR)  # TLS' own would go on in clear text
