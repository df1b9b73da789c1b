"""Address pools: the network outside is made in the fabric, and hosts that reach it are found.

Hosts have them looked at when they reach other networks than before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pextra.controllers.fabrics import NO_FABRIC, fabric_of, is_simulated
from pextra.controllers.fleet import Fleet
from pextra.controllers.outcome import Next, Outcome, failed, gone, waiting
from pextra.declaration import conditions
from pextra.drivers.interface import DriverError
from pextra.drivers.interface.fabric import FabricProvider
from pextra.services import status
from pextra.services.cloud import Cloud
from pextra.store import objects
from pextra.store.database import Tx
from pextra.store.records import Record
from pextra.store.work import Item

MOST_HOSTS: Final = 64


class AddressPoolController:
    """See the module."""

    part = 8

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def look(self, cloud: Cloud, items: Sequence[Item]) -> list[Outcome]:
        """See `Controller.look`."""
        found = cloud.database.read(lambda tx: objects.by_uids(tx, [(i.tenant_uid, i.uid) for i in items]))
        hosts = cloud.database.read(lambda tx: objects.of_kind(tx, cloud.site.uid, "host"))
        return [self._look_at(cloud, item, found.get(item.uid), hosts) for item in items]

    def _look_at(self, cloud: Cloud, item: Item, record: Record | None, hosts: Sequence[Record]) -> Outcome:
        if record is None:
            return gone(item)
        try:
            if record.deleting:
                fabric = self._fleet.fabric or self._fleet.simulated_fabric
                for error in fabric.ensure_absent([record.uid]).values():
                    raise error
                return Outcome(item, record, Next.REMOVE)
            fabric = fabric_of(self._fleet, hosts)
            if fabric is None:
                return waiting(item, record, "FabricUnready", NO_FABRIC, poll_s=30.0)
            spec = cloud.registry["address_pool"].effective(record.spec, record.spec_version)
            provider = FabricProvider(record.uid, spec["physical"], spec["mtu"], spec.get("vlan"))
            for error in fabric.ensure([provider]).values():
                raise error
        except DriverError as error:
            return failed(item, record, error)
        reaching = [host for host in hosts if spec["physical"] in host.status.get("physical_networks", ())]
        names = sorted(host.status["fabric_host"] for host in reaching if host.status.get("fabric_host"))[:MOST_HOSTS]
        if not names and not is_simulated(self._fleet, fabric):
            message = (
                f"No host reaches {spec['physical']!r}: give the Open vSwitch of two hosts or more "
                f"external_ids:ovn-bridge-mappings={spec['physical']}:BRIDGE."
            )
            return Outcome(item, record, Next.DONE, [conditions.ready(False, "NoOutlet", message)], {"hosts": []})

        def also(tx: Tx) -> None:
            if names != record.status.get("hosts", []):
                status.wake_referrers(cloud, tx, record)

        ready = [conditions.ready(True, "Ready")]
        return Outcome(item, record, Next.DONE, ready, {"hosts": names}, also=also)
