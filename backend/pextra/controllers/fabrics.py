"""Which fabric of networks a cloud has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pextra.controllers.fleet import Fleet
from pextra.drivers.interface.fabric import Fabric
from pextra.services.cloud import Cloud
from pextra.store import objects
from pextra.store.records import Record

NO_FABRIC: Final = (
    "The cloud's hosts have no networks in common: that needs hosts with OVN, and a control plane that was started "
    "with --ovn-northbound."
)


def fabric_of(fleet: Fleet, hosts: Iterable[Record]) -> Fabric | None:
    """Where what spans hosts is made; a simulated one says nothing about hosts that are real.

    Args:
        hosts: all of the cloud's.
    """
    if fleet.fabric is not None:
        return fleet.fabric
    return fleet.simulated_fabric if all(host.spec["driver"] == "sim" for host in hosts) else None


def find_fabric(cloud: Cloud, fleet: Fleet) -> Fabric | None:
    """As `fabric_of`, for whoever has not read the hosts."""
    if fleet.fabric is not None:
        return fleet.fabric
    return fabric_of(fleet, cloud.database.read(lambda tx: objects.of_kind(tx, cloud.site.uid, "host")))


def is_simulated(fleet: Fleet, fabric: Fabric) -> bool:
    """Whether no packet flows in it."""
    return fabric is not fleet.fabric
