"""What OVN's hosts have made of it: of its southbound database, by which of them routers go out. It is only read."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any, Final

from ovsdbapp import api
from ovsdbapp.backend.ovs_idl import Backend, connection

from pextra.drivers.interface import Retryable

SCHEMA: Final = "OVN_Southbound"
TIMEOUT_S: Final = 20
_TABLES: Final = ("Chassis", "Port_Binding")
_OUTLET: Final = "cr-"
"""Before the name of a router's port outside: the port that one host at a time has."""


class _Backend(Backend, api.API):
    schema = SCHEMA


class Southbound:
    """See the module. The connection is made when it is needed first; when it is lost, what was told last stands.

    Args:
        remote: where the database is: `unix:…`, `tcp:…` or `ssl:…`, several with commas between.
        timeout_s: how long to wait for the first answer.
    """

    def __init__(self, remote: str, *, timeout_s: int = TIMEOUT_S) -> None:
        self._remote = remote
        self._timeout_s = timeout_s
        self._backend: _Backend | None = None
        self._connecting = threading.Lock()

    def outlets(self, ports: Iterable[str]) -> Mapping[str, str]:
        """Which host has each of these ports of routers now; one that none has is left out.

        Source: ovn-sb(5), `Port_Binding` of type `chassisredirect`.

        Raises:
            Retryable: `FabricUnreachable`.
        """
        wanted = {f"{_OUTLET}{port}": port for port in ports}
        backend = self._connected()
        with backend.ovsdb_connection.lock:
            bindings: list[Any] = list(backend.tables["Port_Binding"].rows.values())
            return {
                wanted[row.logical_port]: row.chassis[0].name
                for row in bindings
                if row.logical_port in wanted and row.chassis
            }

    def close(self) -> None:
        """End the connection and its thread."""
        with self._connecting:
            if self._backend is not None:
                self._backend.ovsdb_connection.stop(self._timeout_s)
                self._backend = None

    def _connected(self) -> _Backend:
        with self._connecting:
            if self._backend is None:
                self._backend = self._connect()
            return self._backend

    def _connect(self) -> _Backend:
        try:
            replica = connection.OvsdbIdl.from_server(self._remote, SCHEMA, helper_tables=_TABLES, leader_only=False)
            replica.cond_change("Port_Binding", [["type", "==", "chassisredirect"]])  # guests' are many
            fresh = type("Southbounds", (_Backend,), {})  # for the library keeps the connection in the class
            return fresh(connection.Connection(replica, self._timeout_s), auto_index=False)
        except Exception as error:  # the library raises what it likes, Exception itself among it
            message = f"OVN's southbound database at {self._remote} does not answer: {error}"
            raise Retryable("FabricUnreachable", message) from error
