"""The northbound database as a whole, for comparisons."""

from __future__ import annotations

import json
from typing import Any, Final
from uuid import uuid4

from pextra.drivers.interface.fabric import (
    AddressList,
    FabricGroup,
    GroupRule,
    Part,
    StaticRoute,
)
from pextra.drivers.ovn.rows import TABLES
from tests.labs.ovn.lab import OvnLab
from tests.labs.ovn.node import run
from tests.ovn.world import World

_OTHERS_SAY: Final = {"up", "hosting-chassis"}
Table = dict[str, dict[str, Any]]


def dump(lab: OvnLab, tables: tuple[str, ...] = TABLES) -> dict[str, Table]:
    """Every row of the tables by uuid, but for what OVN itself writes."""
    text = run("ovsdb-client", "dump", "--format=json", lab.layout.sockets("nb"), "OVN_Northbound")
    found: dict[str, Table] = {}
    for line in text.splitlines():
        table = json.loads(line) if line.startswith("{") else {}
        name = table.get("caption", "").removesuffix(" table")
        if name in tables:
            rows = [dict(zip(table["headings"], row, strict=True)) for row in table["data"]]
            found[name] = {row["_uuid"][1]: _stable(row) for row in rows}
    return found


def ours(lab: OvnLab, site: str) -> dict[str, Table]:
    """A cloud's rows of the database."""
    return {
        name: mine
        for name, rows in dump(lab).items()
        if (mine := {uuid: row for uuid, row in rows.items() if ["pextra:site", site] in row["external_ids"][1]})
    }


def everything(world: World) -> list[Part]:
    """Parts of every kind that refer to each other; nothing of it is in the fabric yet."""
    listed = AddressList(str(uuid4()), "tenant-a", ("192.0.2.0/24", "2001:db8::/32"))
    web = FabricGroup(str(uuid4()), "tenant-a", (GroupRule("ingress", "tcp", 80, 90), GroupRule("egress")))
    data = FabricGroup(
        str(uuid4()),
        "tenant-a",
        (GroupRule("ingress", "tcp", 3306, remote_group=web.uid), GroupRule("ingress", remote_list=listed.uid)),
    )
    front, back = world.described("10.0.0.0/24", "fd00::/64", routed=True), world.described("10.0.1.0/24", routed=True)
    ports = [
        world.port(front, 11, "h1", web.uid, hostname="web-1"),
        world.port(front, 12, "h2", web.uid, data.uid, hostname="web-2"),
        world.port(back, 11, "h1"),
    ]
    router = world.router(front, back, routes=(StaticRoute("198.51.100.0/24", "10.0.0.254"),))
    return [listed, web, data, front, back, *ports, router]


def _stable(row: dict[str, Any]) -> dict[str, Any]:
    kept = {column: value for column, value in row.items() if column not in _OTHERS_SAY}
    for value in kept.values():
        if isinstance(value, list) and value[0] in ("set", "map"):
            value[1].sort(key=json.dumps)
    return kept
