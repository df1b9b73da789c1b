"""Instances on hosts that plug their guests into a fabric: what of the fabric is theirs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pextra.controllers import fabric_networks
from pextra.controllers.surroundings import Surroundings
from pextra.declaration.kind import Spec
from pextra.drivers.convergence import Card, DesiredGuest, port_uid
from pextra.drivers.interface import DriverError
from pextra.drivers.interface.fabric import (
    AddressList,
    Fabric,
    FabricGroup,
    FabricNetwork,
    FabricPort,
    GroupRule,
    Part,
    PortAddress,
)
from pextra.services.cloud import Cloud
from pextra.store.addresses import Given
from pextra.store.records import Record


def host_name(host: Record) -> str:
    """What the fabric calls the host; empty where its networks are its own."""
    name: str = host.status.get("fabric_host", "")
    return name


def parts_of(
    surroundings: Surroundings, record: Record, spec: Spec, given: Sequence[Given], desired: DesiredGuest, host: str
) -> list[Part]:
    """The networks, address groups, security groups and ports that the instance needs, in an order to make them in.

    Args:
        given: its addresses.
        desired: its guest.
        host: what the fabric calls the guest's host.
    """
    pins = [record.resolved[f"network/{entry['network']}"] for entry in spec["networks"]]
    found = [network for pin in pins if (network := surroundings.object(pin)) is not None]
    networks = [fabric_networks.network_part(surroundings, network) for network in found]
    lists: dict[str, AddressList] = {}
    groups: dict[str, FabricGroup] = {}
    ports: list[FabricPort] = []
    for index, (entry, card) in enumerate(zip(spec["networks"], desired.cards, strict=True)):
        guards = [record.resolved[f"security_group/{name}"] for name in entry["security_groups"]]
        given_groups = [group for pin in guards if (group := surroundings.object(pin)) is not None]
        for group in _with_named(surroundings, given_groups):
            lists |= {part.uid: part for part in _lists(surroundings, group)}
            groups[group.uid] = _group(group)
        port = card.port
        ports.append(
            FabricPort(
                uid=port.uid,
                tenant_uid=port.tenant_uid,
                network_uid=port.network_uid,
                mac=port.mac,
                addresses=tuple(PortAddress(g.address, g.subnet_uid) for g in given if g.card == index),
                host=host,
                groups=tuple(group.uid for group in given_groups),
                hostname=port.hostname,
            )
        )
    return [*networks, *lists.values(), *groups.values(), *ports]


def plugged_only(desired: DesiredGuest) -> DesiredGuest:
    """The guest as its host is told of it: without what the fabric sees to, whose changes are not the host's."""
    return replace(
        desired,
        cards=tuple(
            Card(replace(card.network, subnets=()), replace(card.port, rules=(), forwards=())) for card in desired.cards
        ),
    )


def ensure(cloud: Cloud, fabric: Fabric, wanted: Mapping[str, Sequence[Part]]) -> dict[str, DriverError]:
    """Have the parts of several instances in the fabric, all at once.

    Args:
        wanted: by the instance's uid.

    Returns:
        Why not, by the uids of the instances of which a part is not there.
    """
    distinct = {part.uid: part for parts in wanted.values() for part in parts}
    ordered = sorted(distinct.values(), key=lambda part: isinstance(part, FabricPort))
    refused = dict(fabric.ensure(ordered))
    networks = [part for part in ordered if isinstance(part, FabricNetwork) and part.uid not in refused]
    refused |= fabric_networks.settle(cloud, fabric, networks)
    return {
        uid: next(refused[part.uid] for part in parts if part.uid in refused)
        for uid, parts in wanted.items()
        if any(part.uid in refused for part in parts)
    }


def ports_of(record: Record, spec: Spec) -> set[str]:
    """The ports that the instance is to have."""
    pins = (record.resolved[f"network/{entry['network']}"] for entry in spec["networks"])
    return {port_uid(record.uid, index, pin["uid"]) for index, pin in enumerate(pins)}


def ports_with(record: Record, given: Iterable[Given]) -> set[str]:
    """The ports that have addresses which the instance was given."""
    return {port_uid(record.uid, g.card, g.network_uid) for g in given}


def remove(fabric: Fabric, ports: Collection[str]) -> None:
    """Have ports leave the fabric.

    Raises:
        DriverError: one is still there; its addresses may be nobody else's.
    """
    if ports:
        for error in fabric.ensure_absent(sorted(ports)).values():
            raise error


def unplugged(fabric: Fabric, desired: DesiredGuest) -> list[int]:
    """The cards, counted from 0, whose packets the guest's host does not let pass yet.

    Raises:
        DriverError: the fabric does not answer.
    """
    seen = fabric.plugged([card.port.uid for card in desired.cards])
    return [index for index, card in enumerate(desired.cards) if not seen[card.port.uid]]


def _with_named(surroundings: Surroundings, groups: Iterable[Record]) -> Iterable[Record]:
    """The groups and those that their rules name, and so on: none may be missing, be it empty."""
    ahead, seen = list(groups), set[str]()
    while ahead:
        group = ahead.pop()
        if group.uid not in seen:
            seen.add(group.uid)
            yield group
            rules: list[dict[str, Any]] = group.spec.get("rules", [])
            named = (surroundings.named(group, rule) for rule in rules if "remote_group" in rule)
            ahead += [each for each in named if each is not None]


def _group(record: Record) -> FabricGroup:
    rules: list[dict[str, Any]] = record.spec.get("rules", [])
    return FabricGroup(record.uid, record.tenant_uid, tuple(_rule(record, rule) for rule in rules))


def _lists(surroundings: Surroundings, group: Record) -> Iterable[AddressList]:
    """The address groups that rules of the group name."""
    for rule in group.spec.get("rules", []):
        if "remote_addresses" in rule and (listed := surroundings.listed(group, rule)) is not None:
            yield AddressList(listed.uid, listed.tenant_uid, tuple(listed.spec.get("addresses", [])))


def _rule(group: Record, rule: Mapping[str, Any]) -> GroupRule:
    first = rule.get("port_min")
    return GroupRule(
        rule["direction"],
        rule.get("protocol", "any"),
        first,
        rule.get("port_max", first),
        rule.get("remote_cidr"),
        remote_group=_uid_of(group, "security_group", rule.get("remote_group")),
        remote_list=_uid_of(group, "address_group", rule.get("remote_addresses")),
    )


def _uid_of(group: Record, kind: str, name: str | None) -> str | None:
    return group.resolved[f"{kind}/{name}"]["uid"] if name is not None else None
