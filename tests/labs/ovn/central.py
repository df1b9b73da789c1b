"""A member of OVN's central databases, with `ovn-northd`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.labs.ovn.layout import PORTS, Layout, management_address
from tests.labs.ovn.node import Node, run

SCHEMAS: Final = {"nb": Path("/usr/share/ovn/ovn-nb.ovsschema"), "sb": Path("/usr/share/ovn/ovn-sb.ovsschema")}
_NAMES: Final = {"nb": "OVN_Northbound", "sb": "OVN_Southbound"}
_PORTS: Final = {"nb": 6643, "sb": 6644}  # among members
_ELECTION_MS: Final = 1000


class Member(Node):
    """See the module.

    Args:
        name: in the lab.
    """

    def __init__(self, layout: Layout, name: str) -> None:
        super().__init__(layout.namespace(name), layout.folder(name))
        self.name = name
        self._layout = layout

    def start_databases(self) -> None:
        """Start both databases; they are made, or join the first member's, if they are not there."""
        self.folder.mkdir(exist_ok=True)
        for database in SCHEMAS:
            self.start_database(database)
        if self._layout.members > 1:
            for database, name in _NAMES.items():
                run("ovsdb-client", "wait", self._layout.socket(self.name, database), name, "connected")

    def start_database(self, database: str) -> None:
        """Start one database."""
        file = self.folder / f"ovn{database}_db.db"
        if not file.exists():
            self._create(database, file)
        socket = self._layout.socket(self.name, database).removeprefix("unix:")
        remotes = (f"--remote=punix:{socket}", f"--remote=pssl:{PORTS[database]}:{management_address(self.name)}")
        key, certificate, authority = self._layout.credentials(self.name)
        known = (f"--private-key={key}", f"--certificate={certificate}", f"--ca-cert={authority}")
        self.start("ovsdb-server", *remotes, *known, str(file), name=f"ovn{database}_db")

    def _create(self, database: str, file: Path) -> None:
        raft = _PORTS[database]
        mine = f"ssl:{management_address(self.name)}:{raft}"
        first = self._layout.member_names[0]
        if self._layout.members == 1:
            run("ovsdb-tool", "create", str(file), str(SCHEMAS[database]))
        elif self.name == first:
            timer = f"--election-timer={_ELECTION_MS}"
            run("ovsdb-tool", timer, "create-cluster", str(file), str(SCHEMAS[database]), mine)
        else:
            theirs = f"ssl:{management_address(first)}:{raft}"
            run("ovsdb-tool", "join-cluster", str(file), _NAMES[database], mine, theirs)

    def start_northd(self) -> None:
        """Start `ovn-northd`, of which one among all members is active."""
        nb, sb = self._layout.sockets("nb"), self._layout.sockets("sb")
        self.start("ovn-northd", f"--ovnnb-db={nb}", f"--ovnsb-db={sb}")

    def is_leader(self, database: str = "nb") -> bool:
        """Whether this member leads the cluster of a database."""
        if self.pid(f"ovn{database}_db") is None:
            return False
        return "Role: leader" in self.control(f"ovn{database}_db", "cluster/status", _NAMES[database])
