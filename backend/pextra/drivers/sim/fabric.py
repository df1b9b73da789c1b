"""The simulated fabric: parts are kept as they are described, and no packet flows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pextra.drivers.interface import DriverError, NotFound, Retryable
from pextra.drivers.interface.fabric import (
    KINDS,
    AddressList,
    Difference,
    FabricBalancer,
    FabricGroup,
    FabricNetwork,
    FabricPort,
    FabricProvider,
    FabricRouter,
    FloatingAddress,
    Part,
)
from pextra.drivers.sim.records import FabricRecord
from pextra.drivers.sim.world import SimWorld


class SimFabric:
    """See the module, and `Fabric` for the contract.

    Reasons: `NetworkMissing`, `GroupMissing`, `RouterMissing`, `ProviderMissing`, `NetworkBusy`.
    """

    def __init__(self, world: SimWorld) -> None:
        self._world = world

    def ensure(self, parts: Sequence[Part]) -> Mapping[str, DriverError]:
        """See `Fabric.ensure`."""
        failed: dict[str, DriverError] = {}
        try:
            with self._world.in_fabric("ensure") as record:
                for part in parts:
                    lack = next((lack for lack, there in _needs(record, part) if not there), None)
                    if lack is None:
                        _place(record, type(part))[part.uid] = part
                    else:
                        failed[part.uid] = NotFound(lack, f"{KINDS[type(part)]} {part.uid} needs what is not there")
        except DriverError as error:
            return {part.uid: error for part in parts}
        return failed

    def ensure_absent(self, uids: Sequence[str]) -> Mapping[str, DriverError]:
        """See `Fabric.ensure_absent`. `Retryable` (`NetworkBusy`) for a network that has others' ports."""
        failed: dict[str, DriverError] = {}
        try:
            with self._world.in_fabric("ensure_absent") as record:
                for uid in uids:
                    if left := _ports(record, uid) - set(uids):
                        message = f"network {uid} has {len(left)} ports: remove them first"
                        failed[uid] = Retryable("NetworkBusy", message)
                        continue
                    for kind in KINDS:
                        _place(record, kind).pop(uid, None)
        except DriverError as error:
            return dict.fromkeys(uids, error)
        return failed

    def owners(self) -> Mapping[str, str]:
        """See `Fabric.owners`."""
        with self._world.in_fabric("owners") as record:
            return {uid: name for kind, name in KINDS.items() for uid in _place(record, kind)}

    def differences(self, parts: Sequence[Part]) -> Sequence[Difference]:
        """See `Fabric.differences`."""
        found: list[Difference] = []
        with self._world.in_fabric("differences") as record:
            for part in parts:
                there = _place(record, type(part)).get(part.uid)
                if there != part:
                    message = "is not there" if there is None else "is not as it should be"
                    found.append(Difference(part.uid, f"{KINDS[type(part)]} {part.uid}", message))
        return found

    def altered(self) -> Sequence[Part]:
        """See `Fabric.altered`. Nobody else is in the simulated fabric."""
        return []

    def hosting(self, uids: Sequence[str]) -> Mapping[str, str]:
        """See `Fabric.hosting`. The first of a router's hosts always lives."""
        with self._world.in_fabric("hosting") as record:
            routers = [record.routers[uid] for uid in uids if uid in record.routers]
            return {each.uid: each.gateway.hosts[0] for each in routers if each.gateway and each.gateway.hosts}

    def plugged(self, uids: Sequence[str]) -> Mapping[str, bool]:
        """See `Fabric.plugged`. Simulated hosts plug everything in at once."""
        with self._world.in_fabric("plugged") as record:
            return {uid: uid in record.ports for uid in uids}

    def close(self) -> None:
        """See `Fabric.close`. There is no connection."""


def _needs(record: FabricRecord, part: Part) -> Iterator[tuple[str, bool]]:
    """What must be there before the part: what is said of it when it lacks, and whether it is there."""
    match part:
        case FabricPort():
            yield "NetworkMissing", part.network_uid in record.networks
            yield "GroupMissing", all(uid in record.groups for uid in part.groups)
        case FabricRouter():
            yield "NetworkMissing", all(each.network_uid in record.networks for each in part.interfaces)
            yield "ProviderMissing", part.gateway is None or part.gateway.provider_uid in record.providers
        case FloatingAddress():
            yield "RouterMissing", part.router_uid in record.routers
        case FabricBalancer():
            yield "NetworkMissing", all(uid in record.networks for uid in part.network_uids)
            yield "RouterMissing", all(uid in record.routers for uid in part.router_uids)
        case FabricNetwork() | FabricGroup() | AddressList() | FabricProvider():
            pass


def _ports(record: FabricRecord, network_uid: str) -> set[str]:
    """What has a port on a network."""
    guests = {port.uid for port in record.ports.values() if port.network_uid == network_uid}
    routers = {r.uid for r in record.routers.values() if any(i.network_uid == network_uid for i in r.interfaces)}
    outside = {r.uid for r in record.routers.values() if r.gateway and r.gateway.provider_uid == network_uid}
    return guests | routers | outside


def _place(record: FabricRecord, kind: type[Part]) -> dict[str, Any]:
    places: dict[type[Part], dict[str, Any]] = {
        FabricNetwork: record.networks,
        FabricGroup: record.groups,
        AddressList: record.lists,
        FabricPort: record.ports,
        FabricProvider: record.providers,
        FabricRouter: record.routers,
        FloatingAddress: record.floating,
        FabricBalancer: record.balancers,
    }
    return places[kind]
