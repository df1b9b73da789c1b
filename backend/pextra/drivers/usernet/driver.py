"""Networks of one host that are bookkeeping alone: QEMU gives each card a network of its own."""

from __future__ import annotations

import fcntl
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pextra.drivers.interface import (
    NetworkCapabilities,
    NetworkSource,
    NotFound,
    PortBinding,
    PortSource,
    Retryable,
)
from pextra.drivers.network_documents import Folder, decode_network, decode_port, encode


class UserNetwork:
    """The network driver for QEMU's user mode; see `interface.NetworkDriver` for the contract.

    A guest reaches what its host reaches, by NAT, with the address 10.0.2.15 whatever its subnet says; no
    guest reaches another, and no security rule is applied. Networks and ports are kept only so that they
    are observed as they were asked for. Any number of objects and processes may use one directory at once.

    Args:
        state_dir: where the documents lie; made when absent.
    """

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir
        self._networks = Folder(state_dir / "networks")
        self._ports = Folder(state_dir / "ports")

    def capabilities(self) -> NetworkCapabilities:
        """None: networks do not connect guests here."""
        return NetworkCapabilities()

    def ensure_network(self, network: NetworkSource) -> None:
        """Keep the network as described."""
        with self._locked():
            self._networks.write(network.uid, encode(network))

    def observe_networks(self) -> Mapping[str, NetworkSource]:
        """Every network, by uid."""
        with _disk_errors():
            return {network.uid: network for network in map(decode_network, self._networks.read_all())}

    def ensure_network_absent(self, uid: str) -> None:
        """Forget the network."""
        with self._locked():
            ports = [port.uid for port in self._read_ports() if port.network_uid == uid]
            if ports:
                raise Retryable("NetworkBusy", f"network {uid} has {len(ports)} ports: remove them first")
            self._networks.remove(uid)

    def ensure_port(self, port: PortSource) -> PortBinding:
        """Keep the port as described."""
        with self._locked():
            if self._networks.read(port.network_uid) is None:
                raise NotFound("NetworkMissing", f"network {port.network_uid} is not on this host")
            self._ports.write(port.uid, encode(port))
        return PortBinding("user")

    def observe_ports(self) -> Mapping[str, PortSource]:
        """Every port, by uid."""
        with _disk_errors():
            return {port.uid: port for port in self._read_ports()}

    def ensure_port_absent(self, uid: str) -> None:
        """Forget the port."""
        with self._locked():
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
