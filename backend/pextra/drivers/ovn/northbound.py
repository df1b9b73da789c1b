"""The connection to OVN's northbound database: a replica of what concerns us, and transactions.

One thread of `ovsdbapp` keeps the replica and commits; the replica may only be read under its lock.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

from ovs.db import idl
from ovsdbapp import api, exceptions
from ovsdbapp.backend.ovs_idl import Backend, connection
from ovsdbapp.backend.ovs_idl.command import BaseCommand

from pextra.drivers.interface import Permanent, Retryable
from pextra.drivers.ovn.holdings import Holdings
from pextra.drivers.ovn.rows import TABLES

SCHEMA: Final = "OVN_Northbound"
TIMEOUT_S: Final = 20
_BACKOFF_MS: Final = (100, 500)
"""How soon a lost connection is tried again: the library's own eight seconds would be most of the gap that losing the
cluster's leader makes."""
_ALREADY_THERE: Final = ("constraint violation", "duplicate")


class _Replica(connection.OvsdbIdl):
    """The tables, and `holdings`, which follow them."""

    holdings: Holdings

    def notify(self, event: str, row: Any, updates: Any = None) -> None:
        """What the library calls for each row that was made, changed or removed."""
        del updates  # what a row was before
        if event == idl.ROW_DELETE:
            self.holdings.forget(row)
        else:
            self.holdings.note(row)


def holdings_of(backend: Backend) -> Holdings:
    """Who holds what in the replica of a connection."""
    replica = backend.idl
    assert isinstance(replica, _Replica)
    return replica.holdings


class _Backend(Backend, api.API):
    schema = SCHEMA


class Northbound:
    """See the module. The connection is made when it is needed first, and again whenever it was lost.

    Args:
        remote: where the database is: `unix:…`, `tcp:…` or `ssl:…`, several with commas between.
        site: the cloud's uid.
        timeout_s: how long a transaction may take, reconnecting included.
    """

    def __init__(self, remote: str, site: str, *, timeout_s: int = TIMEOUT_S) -> None:
        self.site = site
        self.site_uuid = UUID(site)
        self._remote = remote
        self._timeout_s = timeout_s
        self._backend: _Backend | None = None
        self._connecting = threading.Lock()

    def commit(self, commands: Sequence[BaseCommand]) -> None:
        """Run commands in one transaction.

        Raises:
            Retryable: `FabricUnreachable`; it may have happened all the same, and can be repeated. `FabricChanged`:
                somebody else was faster.
            Permanent: `PartInvalid`: the database does not take it.
            DriverError: what a command raises.
        """
        backend = self._connected()
        try:
            with backend.transaction(check_error=True, log_errors=False) as transaction:
                for command in commands:
                    transaction.add(command)
        except (exceptions.TimeoutException, TimeoutError) as error:
            raise self._unreachable(error) from error
        except RuntimeError as error:  # what the library raises for every refusal
            text = str(error)
            if "timed out" in text:
                raise self._unreachable(error) from error
            if all(word in text for word in _ALREADY_THERE) or "referential integrity" in text:
                raise Retryable("FabricChanged", f"somebody else changes what belongs to it: {text}") from error
            raise Permanent("PartInvalid", f"the northbound database refuses: {text}") from error

    @contextmanager
    def reading(self) -> Generator[tuple[dict[str, Any], Holdings]]:
        """The tables by name, and who holds what, for as long as they do not change.

        Raises:
            Retryable: `FabricUnreachable`.
        """
        backend = self._connected()
        with backend.ovsdb_connection.lock:
            yield backend.tables, holdings_of(backend)

    def backend(self) -> Backend:
        """What commands are made with.

        Raises:
            Retryable: `FabricUnreachable`.
        """
        return self._connected()

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
            # of the leader alone, since what others tell may be older than what was just written
            replica = _Replica.from_server(self._remote, SCHEMA, helper_tables=TABLES, leader_only=True)
            replica.holdings = Holdings(self.site)
            replica._session.reconnect.set_backoff(*_BACKOFF_MS)  # noqa: SLF001 (the library has no other way)
            return _fresh_backend()(connection.Connection(replica, self._timeout_s), auto_index=False)
        except Exception as error:  # the library raises what it likes, Exception itself among it
            raise self._unreachable(error) from error

    def _unreachable(self, error: BaseException) -> Retryable:
        return Retryable("FabricUnreachable", f"OVN's northbound database at {self._remote} does not answer: {error}")


def _fresh_backend() -> type[_Backend]:
    """A class of its own for each connection, for the library keeps the connection in the class."""
    return type("Northbounds", (_Backend,), {})
