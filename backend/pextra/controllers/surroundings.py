"""What instances of one transaction have in common, read once: networks, subnets, security groups, hosts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pextra.store import addresses, allocations, objects, references
from pextra.store.addresses import Given
from pextra.store.allocations import HostRow
from pextra.store.database import Tx
from pextra.store.records import Record


class Surroundings:
    """Remembers what it read for as long as its transaction lasts."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self._objects: dict[str, Record | None] = {}
        self._subnets: dict[str, list[Record]] = {}
        self._routed: dict[tuple[str, ...], frozenset[str]] = {}
        self._hosts: dict[str, HostRow | None] = {}
        self._members: dict[tuple[str, str], list[Given]] = {}

    def object(self, pin: Mapping[str, Any]) -> Record | None:
        """The object of a pin (`tenant_uid`, `uid`), or None when it has gone."""
        uid = pin["uid"]
        if uid not in self._objects:
            self._objects[uid] = objects.by_uid(self.tx, pin["tenant_uid"], uid)
        return self._objects[uid]

    def subnets(self, network: Mapping[str, Any]) -> list[Record]:
        """The subnets of a pinned network, by name."""
        uid = network["uid"]
        if uid not in self._subnets:
            parts = references.to(self.tx, network["tenant_uid"], uid, kind="subnet")
            found = objects.by_uids(self.tx, [(r.source_tenant_uid, r.source_uid) for r in parts])
            self._subnets[uid] = sorted((r for r in found.values() if not r.deleting), key=lambda r: r.name)
        return self._subnets[uid]

    def listed(self, group: Record, rule: Mapping[str, Any]) -> Record | None:
        """The address group that a rule of a security group names; None where it has gone."""
        return self.object(group.resolved[f"address_group/{rule['remote_addresses']}"])

    def named(self, group: Record, rule: Mapping[str, Any]) -> Record | None:
        """The security group that a rule of another names; None where it has gone."""
        return self.object(group.resolved[f"security_group/{rule['remote_group']}"])

    def members(self, group: Record, network_uid: str, host_uid: str) -> tuple[str, ...]:
        """The addresses in the network of cards that are in the security group, of instances on the host."""
        key = (group.uid, host_uid)
        if key not in self._members:
            here = allocations.consumers(self.tx, host_uid)
            users = references.to(self.tx, group.tenant_uid, group.uid, kind="instance")
            found = objects.by_uids(
                self.tx, [(r.source_tenant_uid, r.source_uid) for r in users if r.source_uid in here]
            )
            self._members[key] = [given for record in found.values() for given in self._cards_in(group, record)]
        return tuple(sorted(g.address for g in self._members[key] if g.network_uid == network_uid))

    def _cards_in(self, group: Record, record: Record) -> list[Given]:
        """The addresses of the cards of an instance that are in the group."""
        cards = {
            (index, record.resolved[f"network/{entry['network']}"]["uid"])
            for index, entry in enumerate(record.spec["networks"])
            for name in entry.get("security_groups", ())
            if record.resolved[f"security_group/{name}"]["uid"] == group.uid
        }
        held = addresses.of(self.tx, record.tenant_uid, record.uid) if cards else []
        return [given for given in held if (given.card, given.network_uid) in cards]

    def routed(self, network_uid: str, gateways: Collection[str]) -> frozenset[str]:
        """Which of these addresses of a network's gateways a router has."""
        key = (network_uid, *sorted(gateways))
        if key not in self._routed:
            holders = addresses.holders(self.tx, network_uid, gateways)
            found = objects.by_uids(self.tx, set(holders.values())) if holders else {}
            routers = {uid for uid, record in found.items() if record.kind == "router"}
            self._routed[key] = frozenset(address for address, (_, uid) in holders.items() if uid in routers)
        return self._routed[key]

    def host(self, uid: str) -> HostRow | None:
        """What the host has, or None before it is known."""
        if uid not in self._hosts:
            self._hosts[uid] = allocations.host(self.tx, uid)
        return self._hosts[uid]
