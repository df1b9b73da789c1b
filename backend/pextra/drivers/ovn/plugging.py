"""A host's side: taps for guests, plugged into OVN's integration bridge under the ports' names.

`ovn-controller` sees a plugged port and makes its flows; which host may have which port is the fabric's to say, and so
is everything else that ports and networks are. What a host was asked for is kept as documents.
"""

from __future__ import annotations

import fcntl
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pextra.drivers.account import Account
from pextra.drivers.interface import (
    DriverError,
    NetworkCapabilities,
    NetworkSource,
    NotFound,
    PortBinding,
    PortSource,
    Retryable,
)
from pextra.drivers.local import naming
from pextra.drivers.local.commands import Commands
from pextra.drivers.local.links import ensure_link_absent, link, tap_changes
from pextra.drivers.network_documents import Folder, decode_network, decode_port, encode
from pextra.drivers.ovn.switch import Switch
from pextra.replacing import replace_file


class OvnPlugging:
    """See the module, and `interface.NetworkDriver` for the contract.

    Any number of objects and processes may use one directory at once: they take turns.

    Args:
        state_dir: where the documents lie; made when absent.
        switch: the host's Open vSwitch.
        account: who may open the taps; by default only root.
        commands: what runs the system's programs.
    """

    def __init__(
        self, state_dir: Path, switch: Switch, *, account: Account | None = None, commands: Commands | None = None
    ) -> None:
        self._state_dir = state_dir
        self._switch = switch
        self._owner = 0 if account is None else account.uid
        self._commands = commands or Commands()
        self._networks = Folder(state_dir / "networks")
        self._ports = Folder(state_dir / "ports")

    def capabilities(self) -> NetworkCapabilities:
        """Isolation and rules, between hosts. The host's name is remembered for when its switch does not answer."""
        remembered, lacking = self._state_dir / "fabric-host", ()
        physical: tuple[str, ...] = ()
        try:
            name, physical = self._switch.host_name(), self._switch.physical_networks()
        except DriverError as error:
            lacking = (f"guests are not plugged in: {error.message}",)
            name = remembered.read_text() if remembered.exists() else ""
        else:
            self._state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not remembered.exists() or remembered.read_text() != name:
                replace_file(remembered, name.encode())
        return NetworkCapabilities(
            isolation=True,
            security_rules=True,
            cross_host=True,
            fabric_host=name,
            physical_networks=physical,
            lacking=lacking,
        )

    def ensure_network(self, network: NetworkSource) -> None:
        """Keep the network as described; the fabric makes it.

        Raises:
            Retryable: `StateUnwritable`.
        """
        with self._locked():
            self._networks.write(network.uid, encode(network))

    def observe_networks(self) -> Mapping[str, NetworkSource]:
        """Every network that this host has been asked for and not been told to remove, by uid."""
        with _disk_errors():
            return {network.uid: network for network in map(decode_network, self._networks.read_all())}

    def ensure_network_absent(self, uid: str) -> None:
        """Forget the network.

        Raises:
            Retryable: `NetworkBusy` while it has ports here.
        """
        with self._locked():
            count = sum(port.network_uid == uid for port in self._read_ports())
            if count:
                raise Retryable("NetworkBusy", f"network {uid} has {count} ports: remove them first")
            self._networks.remove(uid)

    def ensure_port(self, port: PortSource) -> PortBinding:
        """Have a tap for the port, plugged in.

        Raises:
            NotFound: `NetworkMissing`.
            Permanent: `UidInvalid`, `NameTaken`, `ProgramMissing`, `SwitchUnready`.
            Retryable: `CommandFailed`, `StateUnwritable`, `SwitchUnreachable`.
        """
        with self._locked():
            text = self._networks.read(port.network_uid)
            if text is None:
                raise NotFound("NetworkMissing", f"port {port.uid}: network {port.network_uid} is not on this host")
            self._ports.write(port.uid, encode(port))
            tap, mtu = naming.tap(port.uid), decode_network(text).mtu
            self._commands.batch("ip", tap_changes(link(self._commands, tap), tap, port.uid, mtu, self._owner, None))
            self._switch.ensure_plugged(tap, port.uid, port.mac)
        return PortBinding("tap", tap, in_userspace=self._switch.datapath().in_userspace)

    def observe_ports(self) -> Mapping[str, PortSource]:
        """Every port that this host has been asked for and not been told to remove, by uid."""
        with _disk_errors():
            return {port.uid: port for port in self._read_ports()}

    def ensure_port_absent(self, uid: str) -> None:
        """Unplug the port, and remove its tap.

        Raises:
            Permanent: `NameTaken`.
            Retryable: `CommandFailed`, `StateUnwritable`, `SwitchUnreachable`.
        """
        with self._locked():
            tap = naming.tap(uid)
            self._switch.ensure_unplugged(tap)
            ensure_link_absent(self._commands, (tap,), uid)
            self._ports.remove(uid)

    def _read_ports(self) -> list[PortSource]:
        return [decode_port(text) for text in self._ports.read_all()]

    @contextmanager
    def _locked(self) -> Generator[None]:
        with _disk_errors():
            self._state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            with (self._state_dir / "lock").open("w") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield


@contextmanager
def _disk_errors() -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise Retryable("StateUnwritable", f"the networks' directory cannot be used: {error}") from error
