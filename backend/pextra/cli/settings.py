"""What `pextra up` was asked for."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path


class Refused(Exception):
    """The settings cannot be served; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Tls:
    """Files of the certificate and its key."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class UpSettings:
    """Where the cloud's data is and where it listens.

    Attributes:
        name: how other machines reach this one; by default the address that it listens on.
        key_source: where the key-encryption key is; by default a file beside an embedded database.
        api_database_url: the database as what serves requests reaches it, in a role that can do less than ours; by
            default `database_url`.
        audit_key: the key that signs the audit log; by default in the data folder.
        audit_sinks: where the audit log is forwarded to: `tcp://host:port`, `tls://…`, `udp://…` or `file:///path`.
        identity_hosts: hosts of identity providers that may be called though their addresses are not public.
        ovn_northbound: OVN's northbound database, for networks between hosts; without it there are none.
        ovn_southbound: its southbound database, which tells by which hosts routers go out.
        ovn_files: key, certificate and authority for it, where it is reached by TLS.

    Raises:
        Refused: an address beyond loopback without TLS.
    """

    data_dir: Path
    database_url: str
    host: str
    port: int
    workers: int
    tls: Tls | None = None
    name: str = ""
    key_source: str = ""
    api_database_url: str | None = None
    audit_key: Path | None = None
    audit_sinks: tuple[str, ...] = ()
    identity_hosts: tuple[str, ...] = ()
    ovn_northbound: str = ""
    ovn_southbound: str = ""
    ovn_files: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        try:
            address = ipaddress.ip_address(self.host)
        except ValueError as error:
            raise Refused(f"--listen takes an address such as 127.0.0.1:8440, not {self.host!r}.") from error
        if address.is_unspecified and not self.name:
            raise Refused(f"{self.host} is no address that hosts can call: give --name, how they reach this machine.")
        if not address.is_loopback and self.tls is None:
            raise Refused(
                f"{self.host} is reachable from other machines: give --tls-certificate and --tls-key, "
                "or listen on 127.0.0.1."
            )

    @property
    def control_dir(self) -> Path:
        """What only we may read: database, logs, counters."""
        return self.data_dir / "control"

    @property
    def audit_key_file(self) -> Path:
        """The key that signs the audit log."""
        return self.audit_key or self.control_dir / "audit-key.pem"

    @property
    def api_address(self) -> str:
        """Where the API listens."""
        return self._address(self.port)

    @property
    def streams_address(self) -> str:
        """Where the stream process listens: the next port."""
        return self._address(self.port + 1)

    @property
    def agents_address(self) -> str:
        """Where host agents are served: the port after that."""
        return self._address(self.port + 2)

    @property
    def relay_port(self) -> int:
        """Where the relay serves host agents: the port after that."""
        return self.port + 3

    @property
    def consoles_port(self) -> int:
        """Where the relay serves users: the port after that."""
        return self.port + 4

    @property
    def api_url(self) -> str:
        """The API as clients reach it."""
        return self._url("http", self.port)

    @property
    def streams_url(self) -> str:
        """The stream process as clients reach it."""
        return self._url("http", self.port + 1)

    @property
    def agents_url(self) -> str:
        """Where host agents reach us."""
        return f"https://{_joined(self.name or self.host, self.port + 2)}"

    @property
    def relay_url(self) -> str:
        """The relay as host agents reach it."""
        return f"wss://{_joined(self.name or self.host, self.relay_port)}"

    @property
    def consoles_url(self) -> str:
        """The relay as users reach it."""
        return self._url("ws", self.consoles_port)

    @property
    def agents_tls_dir(self) -> Path:
        """What the agents' endpoint serves TLS with."""
        return self.control_dir / "agents"

    @property
    def depot_dir(self) -> Path:
        """Where the content of uploaded images lies."""
        return self.control_dir / "depot"

    @property
    def agent_home(self) -> Path:
        """Where this machine's own agent keeps its certificate."""
        return self.data_dir / "agent"

    @property
    def image_dir(self) -> Path:
        """Where the small image is built."""
        return self.data_dir / "images"

    def _url(self, scheme: str, port: int) -> str:
        return f"{scheme}{'s' if self.tls else ''}://{_joined(self.name or self.host, port)}"

    def _address(self, port: int) -> str:
        return _joined(self.host, port)


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
