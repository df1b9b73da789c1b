"""Who is in a lab, and at which addresses; equal in all labs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.labs.ovn.certificates import AUTHORITY

UNDERLAY_MTU: Final = 9000
"""Of the network that carries the tunnels: Geneve's header of 58 octets has room above any guest's packet."""
OUTSIDE_V4: Final = "203.0.113.254"
OUTSIDE_V6: Final = "2001:db8:ffff::fe"
PROVIDER: Final = "provider"
"""What the outside network is called where hosts map it to a bridge."""

CLIENT: Final = "client"
"""Who has credentials besides hosts and members: a control plane."""
PORTS: Final = {"nb": 6641, "sb": 6642}
"""Where members serve their databases over the network."""

FABRIC: Final = "fab"
OUTSIDE: Final = "out"


@dataclass(frozen=True, slots=True)
class Layout:
    """The names of one lab.

    Args:
        directory: where all its files lie.
        hosts: how many there are.
        members: how many servers each of the central databases has: 1, or 3 of a Raft cluster.
    """

    directory: Path
    hosts: int = 2
    members: int = 1

    @property
    def prefix(self) -> str:
        """What its namespaces begin with: few letters, for names of devices are made of it too."""
        return "pxo" + hashlib.sha256(str(self.directory).encode()).hexdigest()[:8]

    def namespace(self, who: str) -> str:
        """The name of a namespace."""
        return f"{self.prefix}-{who}"

    def folder(self, who: str) -> Path:
        """Where the files of a host or member lie."""
        return self.directory / who

    @property
    def host_names(self) -> list[str]:
        """The hosts: `h1` and so on."""
        return [f"h{number + 1}" for number in range(self.hosts)]

    @property
    def member_names(self) -> list[str]:
        """The members of the central databases: `c1` and so on."""
        return [f"c{number + 1}" for number in range(self.members)]

    def credentials(self, who: str) -> tuple[Path, Path, Path]:
        """By what the others know a host, a member or `CLIENT`: key, certificate, authority's certificate."""
        return self.directory / f"{who}-key.pem", self.directory / f"{who}.pem", self.directory / AUTHORITY

    def remotes(self, database: str) -> str:
        """Where all members serve a database over the network."""
        return ",".join(f"ssl:{management_address(member)}:{PORTS[database]}" for member in self.member_names)

    def socket(self, member: str, database: str) -> str:
        """Where a member serves a database (`nb`, `sb`) from every namespace."""
        return f"unix:{self.folder(member)}/ovn{database}_db.sock"

    def sockets(self, database: str) -> str:
        """Where all members serve a database."""
        return ",".join(self.socket(member, database) for member in self.member_names)


def number_of(who: str) -> int:
    """The number in a host's or member's name."""
    return int(who[1:])


def management_address(who: str) -> str:
    """By which the databases and the hosts know each other."""
    return f"172.30.0.{number_of(who) + (100 if who.startswith('h') else 10)}"


def tunnel_address(host: str) -> str:
    """Where a host's tunnels end."""
    return f"172.31.0.{number_of(host)}"


def bridge_mac(host: str, bridge: int) -> str:
    """The address of a host's bridge: 1 carries tunnels, 2 is outside, 3 is the guests'."""
    return f"02:00:00:00:{bridge:02x}:{number_of(host):02x}"
