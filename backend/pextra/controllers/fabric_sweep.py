"""Looking at the fabric itself: what somebody altered there is looked at again, what is nobody's is removed."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from pextra.controllers import fabric_ports
from pextra.controllers.fleet import Fleet
from pextra.drivers.convergence import guest_of
from pextra.drivers.interface import DriverError
from pextra.drivers.interface.fabric import (
    AddressList,
    Fabric,
    FabricBalancer,
    FabricGroup,
    FabricNetwork,
    FabricPort,
    FabricProvider,
    FabricRouter,
    FloatingAddress,
    Part,
)
from pextra.services.cloud import Cloud
from pextra.store import addresses, objects, references, work
from pextra.store.database import Tx

ORPHANS_EVERY_S: Final = 60.0
_KINDS: Final = {
    "network": "network",
    "group": "security_group",
    "addresses": "address_group",
    "router": "router",
    "provider": "address_pool",
    "floating": "floating_ip",
    "balancer": "load_balancer",
}
"""By what the fabric calls its parts: the kind whose objects they are of, by uid."""
log = logging.getLogger("pextra.controllers")


class FabricSweep:
    """Remembers what was nobody's when it looked last: the fabric and the store are not read in one moment."""

    def __init__(self, cloud: Cloud, fleet: Fleet) -> None:
        self._cloud = cloud
        self._fabrics = [fabric for fabric in (fleet.fabric, fleet.simulated_fabric) if fabric is not None]
        self._orphans: set[str] = set()
        self._orphans_at = 0.0

    def run(self, shards: Sequence[int]) -> int:
        """Tells how many objects are to be looked at because of what was found.

        Args:
            shards: whose objects this process looks at; who has the first removes what is nobody's.
        """
        now = self._cloud.database.clock.monotonic()
        due = 0 in shards and now >= self._orphans_at
        if due:
            self._orphans_at = now + ORPHANS_EVERY_S
        found = 0
        suspected, self._orphans = self._orphans, set()
        for fabric in self._fabrics:
            try:
                found += self._look_again(fabric.altered())
                self._orphans |= self._remove_orphans(fabric, suspected) if due else suspected
            except DriverError as error:
                log.warning("the fabric cannot be looked at: %s", error)
        return found

    def _look_again(self, altered: Sequence[Part]) -> int:
        """Have the objects looked at whose parts were altered; for a network or a group, an instance that has it."""
        if not altered:
            return 0
        for part in altered:
            log.warning("%s of the fabric is not as it was made: %s", part.uid, type(part).__name__)

        def ask(tx: Tx) -> int:
            users = {user for part in altered for user in _users(tx, part, self._cloud.site.uid)}
            work.ask_many(tx, sorted(users))
            return len(users)

        return self._cloud.database.write(ask)

    def _remove_orphans(self, fabric: Fabric, suspected: set[str]) -> set[str]:
        """Remove what was nobody's before and is still; what is nobody's now, and is to be looked at again."""
        owners = fabric.owners()
        orphans = self._cloud.database.read(lambda tx: self._unowned(tx, owners))
        # what has ports in a network goes before it
        removed = sorted(orphans & suspected, key=lambda uid: owners[uid] in ("network", "provider"))
        for uid in removed:
            log.warning("%s %s of the fabric is nobody's: it is removed", owners[uid], uid)
        for uid, error in fabric.ensure_absent(removed).items():
            log.warning("%s cannot be removed from the fabric yet: %s", uid, error)
        return orphans - set(removed)

    def _unowned(self, tx: Tx, owners: Mapping[str, str]) -> set[str]:
        if not owners:
            return set()
        live = {uid for _, uid, _ in objects.everywhere(tx, sorted(set(_KINDS.values())))}
        ports = {uid for uid, kind in owners.items() if kind == "port"}
        return {uid for uid, kind in owners.items() if kind in _KINDS and uid not in live} | self._strays(tx, ports)

    def _strays(self, tx: Tx, ports: set[str]) -> set[str]:
        """The ports that no instance should have, and that have no address which one was given."""
        if not ports:
            return set()
        tenants = {uid: tenant_uid for tenant_uid, uid, _ in objects.everywhere(tx, ["instance"])}
        kind = self._cloud.registry["instance"]
        strays = set(ports)
        guests = sorted({guest_of(port) for port in ports} & tenants.keys())
        records = objects.by_uids(tx, [(tenants[uid], uid) for uid in guests])
        for record in records.values():
            strays -= fabric_ports.ports_of(record, kind.effective(record.spec, record.spec_version))
        for uid in sorted({guest_of(port) for port in strays} & records.keys()):
            record = records[uid]
            strays -= fabric_ports.ports_with(record, addresses.of(tx, record.tenant_uid, uid))
        return strays


def _users(tx: Tx, part: Part, site_uid: str) -> Iterable[tuple[str, str, str]]:
    """Who sees to a part: an object's tenant, uid and kind."""
    match part:
        case FabricPort():
            return [(part.tenant_uid, guest_of(part.uid), "instance")]
        case FabricRouter():
            return [(part.tenant_uid, part.uid, "router")]
        case FabricBalancer():
            return [(part.tenant_uid, part.uid, "load_balancer")]
        case FloatingAddress():
            return [(part.tenant_uid, part.uid, "floating_ip")]
        case FabricProvider():
            return [(site_uid, part.uid, "address_pool")]
        case AddressList() | FabricGroup():
            return _one_instance(tx, part.tenant_uid, part.uid)
        case FabricNetwork():
            return _one_of_each(tx, part.tenant_uid, part.uid)


def _one_instance(tx: Tx, tenant_uid: str, uid: str) -> list[tuple[str, str, str]]:
    """An instance that is in the group, or in one whose rules name it, or in one whose rules name that one."""
    ahead, seen = [(tenant_uid, uid)], set[str]()
    while ahead:
        tenant_uid, uid = ahead.pop()
        if uid in seen:
            continue
        seen.add(uid)
        if users := _one_of_each(tx, tenant_uid, uid):
            return users
        naming = references.to(tx, tenant_uid, uid, kind="security_group")
        ahead += [(each.source_tenant_uid, each.source_uid) for each in naming]
    return []


def _one_of_each(tx: Tx, tenant_uid: str, uid: str) -> list[tuple[str, str, str]]:
    """An instance, and a router, that has the network or the group."""
    users = [user for kind in ("instance", "router") for user in references.to(tx, tenant_uid, uid, kind=kind, limit=1)]
    return [(user.source_tenant_uid, user.source_uid, user.source_kind) for user in users]
