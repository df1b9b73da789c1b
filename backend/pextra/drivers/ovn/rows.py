"""Rows of the northbound database as they should be. Pure.

A row of ours has a uuid that follows from what it is, so that it cannot be there twice: not when two processes make it
at once, and not when the answer to a transaction is lost and it is made again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID, uuid5

SITE: Final = "pextra:site"
"""The external id that names the cloud whose row it is: others' are never touched."""
OWNER: Final = "pextra:owner"
"""The external id that names the part: `port/<uid>`."""
NAME: Final = "pextra:name"
"""The external id that is the row's name among those of its table."""


@dataclass(frozen=True, slots=True)
class Ref:
    """A row of this cloud's, by its table and name."""

    table: str
    name: str

    def uuid(self, site: UUID) -> UUID:
        """The row's uuid in the database.

        Args:
            site: the cloud's uid.
        """
        return uuid5(site, f"{self.table}/{self.name}")


Scalar = str | int | bool
Value = Scalar | Ref | None | frozenset[str] | frozenset[Ref] | Mapping[str, str]
"""Of a column: a set, a map, a single value, or none where one may be absent."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row with the columns that are ours to say; others are left as they are.

    `external_ids` are added when it is written.
    """

    ref: Ref
    columns: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Membership:
    """That a row of the document is in a set of another row, or of one of its own.

    Attributes:
        holder: whose set it is.
        column: the set.
        member: the row.
        lack: the reason that is told where the holder is not there.
    """

    holder: Ref
    column: str
    member: Ref
    lack: str = "NetworkMissing"


@dataclass(frozen=True, slots=True)
class Document:
    """Everything that a part is in the database. Rows that its owner has besides are not to be there.

    Attributes:
        owner: `port/<uid>`.
    """

    owner: str
    rows: tuple[Row, ...] = ()
    memberships: tuple[Membership, ...] = field(default=())


MEMBER_COLUMNS: Final[Mapping[str, Mapping[str, str]]] = {
    "Logical_Switch": {"ports": "Logical_Switch_Port", "dns_records": "DNS", "load_balancer": "Load_Balancer"},
    "Port_Group": {"ports": "Logical_Switch_Port", "acls": "ACL"},
    "Logical_Router": {
        "ports": "Logical_Router_Port",
        "static_routes": "Logical_Router_Static_Route",
        "nat": "NAT",
        "load_balancer": "Load_Balancer",
    },
    "Logical_Router_Port": {"gateway_chassis": "Gateway_Chassis"},
    "Load_Balancer": {"health_check": "Load_Balancer_Health_Check"},
}
"""The sets in which memberships are: by table and column, the table of who is in them."""

STRONG: Final = frozenset(
    {
        ("Logical_Switch", "ports"),
        ("Port_Group", "acls"),
        ("Logical_Router", "ports"),
        ("Logical_Router", "static_routes"),
        ("Logical_Router", "nat"),
        ("Logical_Router_Port", "gateway_chassis"),
        ("Load_Balancer", "health_check"),
    }
)
"""Those that hold rows of tables whose rows go when nothing holds them.

Source: ovn-nb.ovsschema, tables without `isRoot`.
"""

TABLES: Final = (
    *("Logical_Switch", "Logical_Switch_Port", "Logical_Router", "Logical_Router_Port", "Logical_Router_Static_Route"),
    *("Port_Group", "ACL", "Address_Set", "DHCP_Options", "DNS", "NAT", "Gateway_Chassis"),
    *("Load_Balancer", "Load_Balancer_Health_Check"),
)
"""The tables that have rows of ours; the connection knows no others."""
