"""A host's Open vSwitch: which devices are plugged into its integration bridge, and under whose names."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any, Final

from ovsdbapp import exceptions
from ovsdbapp.backend.ovs_idl import connection
from ovsdbapp.schema.open_vswitch import impl_idl

from pextra.drivers.interface import Permanent, Retryable
from pextra.drivers.ovn import naming

BRIDGE: Final = "br-int"
PORT: Final = "iface-id"
"""By this external id of an interface `ovn-controller` knows a port."""
_TABLES: Final = ("Open_vSwitch", "Bridge", "Port", "Interface")
_TIMEOUT_S: Final = 20


@dataclass(frozen=True, slots=True)
class Datapath:
    """How the integration bridge passes packets.

    Attributes:
        in_userspace: it reads devices as they are, and leaves no sums for cards to make.
    """

    in_userspace: bool


_Configuration = impl_idl.OvsdbIdl


class Switch:
    """See the module. The connection is made when it is needed first.

    Args:
        database: where Open vSwitch keeps its configuration.
        bridge: the integration bridge.
    """

    def __init__(self, database: str = naming.OVS_DATABASE, bridge: str = BRIDGE) -> None:
        self._database = database
        self._bridge = bridge
        self._api: _Configuration | None = None
        self._connecting = threading.Lock()

    def host_name(self) -> str:
        """What the fabric calls this host.

        Raises:
            Permanent: `SwitchUnready`: nobody has made it a host of OVN.
            Retryable: `SwitchUnreachable`.
        """
        ids = self._own_ids()
        if "system-id" not in ids or "ovn-remote" not in ids:
            raise Permanent("SwitchUnready", "Open vSwitch is not set up for OVN: it has no system-id or no ovn-remote")
        return ids["system-id"]

    def physical_networks(self) -> tuple[str, ...]:
        """What this host calls the networks outside that it has a bridge to, in order.

        Source: ovn-controller(8), `external_ids:ovn-bridge-mappings`.

        Raises:
            Retryable: `SwitchUnreachable`.
        """
        return tuple(sorted(self.bridges()))

    def bridges(self) -> dict[str, str]:
        """The bridges to the networks outside, by what this host calls these.

        Raises:
            Retryable: `SwitchUnreachable`.
        """
        pairs = (pair.partition(":") for pair in self._own_ids().get("ovn-bridge-mappings", "").split(","))
        named = ((name.strip(), bridge.strip()) for name, _, bridge in pairs)
        return {name: bridge for name, bridge in named if name and bridge}

    def datapath(self) -> Datapath:
        """See `Datapath`.

        Raises:
            Permanent: `SwitchUnready`: there is no integration bridge.
            Retryable: `SwitchUnreachable`.
        """
        api = self._connected()
        with api.ovsdb_connection.lock:
            for row in api.tables["Bridge"].rows.values():
                if row.name == self._bridge:
                    return Datapath(in_userspace=row.datapath_type == "netdev")
        raise Permanent("SwitchUnready", f"Open vSwitch has no bridge {self._bridge}: is ovn-controller running?")

    def ensure_plugged(self, device: str, port: str, mac: str) -> None:
        """Have the device on the integration bridge as the port.

        Raises:
            Retryable: `SwitchUnreachable`.
            Permanent: `SwitchUnready`: it refuses.
        """
        api = self._connected()
        ids = {PORT: port, "attached-mac": mac}
        if self._ids(api, device) == ids:
            return
        self._commit(
            api,
            api.add_port(self._bridge, device, may_exist=True),
            api.db_set("Interface", device, ("external_ids", ids)),
        )

    def ensure_unplugged(self, device: str) -> None:
        """Have the device on no bridge.

        Raises:
            Retryable: `SwitchUnreachable`.
        """
        api = self._connected()
        if self._ids(api, device) is not None:
            self._commit(api, api.del_port(device, if_exists=True))

    def close(self) -> None:
        """End the connection and its thread."""
        with self._connecting:
            if self._api is not None:
                self._api.ovsdb_connection.stop(_TIMEOUT_S)
                self._api = None

    def _own_ids(self) -> dict[str, str]:
        api = self._connected()
        with api.ovsdb_connection.lock:
            ids: list[dict[str, str]] = [dict(row.external_ids) for row in api.tables["Open_vSwitch"].rows.values()]
        return ids[0] if ids else {}

    def _ids(self, api: _Configuration, device: str) -> dict[str, str] | None:
        """The external ids of a plugged device; None where it is not plugged."""
        with api.ovsdb_connection.lock:
            for row in api.tables["Interface"].rows.values():
                if row.name == device:
                    return dict(row.external_ids)
        return None

    def _connected(self) -> _Configuration:
        with self._connecting:
            if self._api is None:
                self._api = self._connect()
            return self._api

    def _connect(self) -> _Configuration:
        own = type("Switches", (_Configuration,), {})  # for the library keeps the connection in the class
        try:
            replica = connection.OvsdbIdl.from_server(self._database, "Open_vSwitch", helper_tables=_TABLES)
            return own(connection.Connection(replica, _TIMEOUT_S))
        except Exception as error:  # the library raises what it likes, Exception itself among it
            raise self._unreachable(error) from error

    def _commit(self, api: _Configuration, *commands: Any) -> None:
        try:
            with api.transaction(check_error=True, log_errors=False) as transaction:
                for command in commands:
                    transaction.add(command)
        except (exceptions.TimeoutException, TimeoutError) as error:
            raise self._unreachable(error) from error
        except RuntimeError as error:
            if "timed out" in str(error):
                raise self._unreachable(error) from error
            raise Permanent("SwitchUnready", f"Open vSwitch refuses: {error}") from error

    def _unreachable(self, error: BaseException) -> Retryable:
        return Retryable("SwitchUnreachable", f"Open vSwitch's database at {self._database} does not answer: {error}")
