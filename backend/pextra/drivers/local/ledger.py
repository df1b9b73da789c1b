"""What was asked for, on disk: one document a network or port, with the transit address that it was given.

The kernel keeps what was made, but not all of what was asked for, and nothing over a reboot. A document is
written before anything is made of it, and removed after everything made of it has gone.
"""

from __future__ import annotations

import fcntl
import json
import random
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any, Final

from pextra.drivers.interface import NetworkSource, Permanent, PortSource, Retryable
from pextra.drivers.network_documents import Folder, network_of, port_of

_FIRST: Final = 2  # of the pool: the range's own address, and the host's, come first


@dataclass(frozen=True, slots=True)
class NetworkEntry:
    """A network with the address of its router on the link to the host."""

    source: NetworkSource
    transit: IPv4Address


@dataclass(frozen=True, slots=True)
class PortEntry:
    """A port with the address by which the host knows it: the guest's own may be another tenant's too."""

    source: PortSource
    transit: IPv4Address


class Ledger:
    """The documents of one host.

    Args:
        path: their directory; made when absent.
        pool: the transit addresses.
    """

    def __init__(self, path: Path, pool: IPv4Network) -> None:
        self._path = path
        self._pool = pool
        self._networks = Folder(path / "networks")
        self._ports = Folder(path / "ports")

    @contextmanager
    def locked(self) -> Generator[None]:
        """Nobody else changes the host's networks meanwhile, in this process or another."""
        with disk_errors():
            # Others may pass: dnsmasq, which is not root, reads below. The folders of documents are closed.
            self._path.mkdir(mode=0o711, parents=True, exist_ok=True)
            with (self._path / "lock").open("w") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield

    def networks(self) -> dict[str, NetworkEntry]:
        """Every network, by uid."""
        entries = [
            NetworkEntry(network_of(fields["source"]), IPv4Address(fields["transit"]))
            for fields in _decoded(self._networks.read_all())
        ]
        return {entry.source.uid: entry for entry in entries}

    def ports(self) -> dict[str, PortEntry]:
        """Every port, by uid."""
        entries = [
            PortEntry(port_of(fields["source"]), IPv4Address(fields["transit"]))
            for fields in _decoded(self._ports.read_all())
        ]
        return {entry.source.uid: entry for entry in entries}

    def note_network(self, source: NetworkSource, others: Iterable[NetworkEntry | PortEntry]) -> NetworkEntry:
        """Keep a network; it keeps its transit address, or gets one that none of the others has."""
        entry = NetworkEntry(source, self._transit_of(source.uid, self._networks, others))
        self._networks.write(source.uid, _encoded(entry))
        return entry

    def note_port(self, source: PortSource, others: Iterable[NetworkEntry | PortEntry]) -> PortEntry:
        """Keep a port; it keeps its transit address, or gets one that none of the others has."""
        entry = PortEntry(source, self._transit_of(source.uid, self._ports, others))
        self._ports.write(source.uid, _encoded(entry))
        return entry

    def forget_network(self, uid: str) -> None:
        """Remove a network's document, if it is there."""
        self._networks.remove(uid)

    def forget_port(self, uid: str) -> None:
        """Remove a port's document, if it is there."""
        self._ports.remove(uid)

    def _transit_of(self, uid: str, folder: Folder, others: Iterable[NetworkEntry | PortEntry]) -> IPv4Address:
        known = folder.read(uid)
        if known is not None and (address := IPv4Address(json.loads(known)["transit"])) in self._pool:
            return address
        taken = {entry.transit for entry in others}
        count = self._pool.num_addresses - _FIRST - 1
        # Anywhere, so that what a port's connections left in the host's table is unlikely to meet the next port.
        start = random.randrange(count)
        for number in range(count):
            if (address := self._pool[_FIRST + (start + number) % count]) not in taken:
                return address
        raise Permanent(
            "TransitExhausted", f"every transit address of {self._pool} is taken: give this host a larger range"
        )


@contextmanager
def disk_errors() -> Generator[None]:
    """Failures of the file system as what they are to a caller.

    Raises:
        Retryable: `StateUnwritable`.
    """
    try:
        yield
    except OSError as error:
        raise Retryable("StateUnwritable", f"the networks' directory cannot be used: {error}") from error


def _encoded(entry: NetworkEntry | PortEntry) -> str:
    fields = {"transit": str(entry.transit), "source": asdict(entry.source)}
    return json.dumps(fields, indent=1, sort_keys=True)


def _decoded(texts: Iterable[str]) -> Iterable[dict[str, Any]]:
    return map(json.loads, texts)
