"""Which machines an image may be fetched from, and connections to those alone.

A tenant names the URL, and this host sits in networks that the tenant does not: a URL must not be a way to ask their
services. The address that was looked at is the one that is connected to, so that a name which changes its mind
between the two gains nothing.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from pextra.drivers.interface import Permanent
from pextra.public_addresses import is_public, meant

Network = IPv4Network | IPv6Network


def is_allowed(address: str, allowed: Sequence[Network]) -> bool:
    """Whether a machine with this address may be asked: a public one, or one in a network that the operator allowed."""
    found = meant(ip_address(address.partition("%")[0]))
    return any(found in network for network in allowed) or is_public(found)


def _connect(connection: HTTPConnection, allowed: Sequence[Network]) -> socket.socket:
    host, port = connection.host.strip("[]"), connection.port
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise NameResolutionError(host, connection, error) from error
    except (UnicodeError, ValueError) as error:
        raise Permanent("SourceForbidden", f"{host!r} is not the name of a machine") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not all(is_allowed(address, allowed) for address in addresses):
        raise Permanent(
            "SourceForbidden",
            f"images are not fetched from {host}: it is in a network that is not public and that the operator has not "
            "allowed",
        )
    failed: OSError | None = None
    for address in addresses:
        try:
            return socket.create_connection((address, port), connection.timeout)
        except TimeoutError as error:
            raise ConnectTimeoutError(connection, f"{host} does not answer") from error
        except OSError as error:
            failed = error
    raise NewConnectionError(connection, f"{host}: {failed}") from failed


def pool_manager(allowed: Sequence[Network], timeout: urllib3.Timeout) -> urllib3.PoolManager:
    """A client that connects to allowed machines alone, follows nothing and repeats nothing.

    Its requests raise `Permanent` (`SourceForbidden`) for any other machine.
    """

    class Guarded(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(self, allowed)

    class GuardedTls(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(self, allowed)

    class GuardedPool(HTTPConnectionPool):
        ConnectionCls = Guarded  # pyright: ignore[reportAssignmentType]: its protocol forbids subclasses

    class GuardedTlsPool(HTTPSConnectionPool):
        ConnectionCls = GuardedTls  # pyright: ignore[reportAssignmentType]: likewise

    manager = urllib3.PoolManager(timeout=timeout, retries=False)
    manager.pool_classes_by_scheme = {"http": GuardedPool, "https": GuardedTlsPool}
    return manager
