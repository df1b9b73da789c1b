"""One shared connection to a libvirtd, opened when needed and again after it broke."""

from __future__ import annotations

import threading
from typing import Final

from pextra.drivers.libvirt import binding
from pextra.drivers.libvirt.binding import Connection
from pextra.drivers.libvirt.failures import translated
from pextra.drivers.libvirt.hosting import Endpoint

_KEEPALIVE_INTERVAL_S: Final = 5
_KEEPALIVE_COUNT: Final = 3


class Connector:
    """Holds the connection; safe to use from several threads, as libvirt's connections are.

    Args:
        endpoint: what to connect to.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._lock = threading.Lock()
        self._connection: Connection | None = None

    def get(self) -> Connection:
        """The open connection; libvirtd is started first where that is ours to do.

        Raises:
            Permanent: libvirt-python or libvirtd is missing, or refuses us.
            Retryable: `HypervisorUnreachable`.
        """
        with self._lock:
            if self._connection is not None and self._connection.isAlive():
                return self._connection
            self._drop()
            libvirt = binding.load()
            self._endpoint.ensure_up()
            with translated(f"libvirt at {self._endpoint.uri}", acting=False):
                self._connection = libvirt.open(self._endpoint.uri)
                # A libvirtd that hangs breaks the connection, and the calls on it, within 15 s.
                self._connection.setKeepAlive(_KEEPALIVE_INTERVAL_S, _KEEPALIVE_COUNT)
            return self._connection

    def close(self) -> None:
        """Close the connection; the next `get` opens another."""
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with translated("closing", acting=False):
                connection.close()
