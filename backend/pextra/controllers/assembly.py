"""Putting together everything that a guest needs, from the objects that its instance refers to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pextra.controllers import host_gpus
from pextra.controllers.images import source_of
from pextra.controllers.surroundings import Surroundings
from pextra.declaration.kind import Spec
from pextra.drivers.convergence import Card, DesiredGuest, FurtherDisk, port_uid
from pextra.drivers.interface import (
    CellShare,
    CpuPolicy,
    CpuTopology,
    Firmware,
    FirmwareType,
    Forward,
    GuestDevice,
    ImageSource,
    NetworkSource,
    PortSource,
    SecurityRule,
    Seed,
    SubnetSource,
)
from pextra.services import revealing
from pextra.services.cloud import Cloud
from pextra.services.revealing import takes_user_data
from pextra.store import cells, gpus, objects
from pextra.store.addresses import Given
from pextra.store.cells import CellClaim
from pextra.store.database import Tx
from pextra.store.records import Record

GIB: Final = 1 << 30
RULES: Final = 4096
"""How many rules a host that filters by itself is given for a card."""


class Missing(Exception):
    """Something that the guest needs is not there yet; the message says what.

    Attributes:
        poll_s: after which time to look whether it is; None: what is waited for asks for the next look.
    """

    def __init__(self, what: str, *, poll_s: float | None = None) -> None:
        super().__init__(what)
        self.poll_s = poll_s


def desired_guest(
    cloud: Cloud | None,
    surroundings: Surroundings,
    record: Record,
    spec: Spec,
    given: Sequence[Given],
    ways: Mapping[int, tuple[Forward, ...]],
    host: Record,
) -> DesiredGuest:
    """The guest of a placed instance that was given these addresses.

    Args:
        cloud: reveals its secrets; None where nobody here needs them, because an agent gets them by itself.
        ways: what leads to each of its cards from outside.

    Raises:
        Missing: a volume is not made yet, or something has gone.
        PextraError: `keys.lost`, `keys.unavailable`, `keys.damaged`.
    """
    tx = surroundings.tx
    if (lack := revealing.missing(tx, record, spec)) is not None:
        raise Missing(lack)
    flavor = record.resolved[f"flavor/{spec['flavor']}"]
    image = record.resolved[f"image/{spec['image']}"]
    keys = [record.resolved[f"ssh_key/{name}"]["public_key"] for name in spec["ssh_keys"]]
    stop = record.status.get("stop_cause", "")
    revealed = revealing.of_instance(cloud, tx, record) if cloud is not None and takes_user_data(spec) else {}
    return DesiredGuest(
        uid=record.uid,
        tenant_uid=record.tenant_uid,
        name=record.name,
        vcpus=flavor["vcpus"],
        memory_mib=flavor["memory_mib"],
        image=source_of(image["uid"], image),
        root_bytes=flavor["disk_gib"] * GIB,
        volumes=_volumes(tx, record, spec),
        cards=_cards(surroundings, record, spec, given, ways, host),
        seed=_seed(record, keys, revealed.get("user_data")),
        powered=spec["power"] != "off",
        restart_policy=spec["restart_policy"],
        last_stop=stop,
        # not of a guest that runs: each start would be a new assignment
        last_boots=record.status.get("boots", 0) if stop else None,
        paused=spec["power"] == "paused",
        stop_timeout_s=spec["stop_timeout_s"],
        firmware=_firmware(flavor),
        cpu=_cpu(flavor, cells.claims_of(tx, record.tenant_uid, record.uid)),
        rescue_image=_rescue(record, spec),
        rebuild_act=record.status.get("rebuild_act", ""),
        devices=_devices(tx, record, host) if "gpus" in spec else (),
    )


def _devices(tx: Tx, record: Record, host: Record) -> tuple[GuestDevice, ...]:
    claims = gpus.claims_of(tx, record.tenant_uid, record.uid)
    if lack := host_gpus.lost(record.uid, claims, host.status, simulated=host.spec["driver"] == "sim"):
        raise Missing(lack, poll_s=5.0)  # no host asks for its guests to be looked at when it has its devices again
    return host_gpus.devices_of(record.uid, claims, host.status)


def _firmware(flavor: Mapping[str, Any]) -> Firmware:
    """What the flavor says; one that was copied before it could say so has a BIOS."""
    kind = FirmwareType(flavor.get("firmware", "bios"))
    return Firmware(kind, secure_boot=flavor.get("secure_boot", False), tpm=flavor.get("tpm", False))


def _cpu(flavor: Mapping[str, Any], claims: Sequence[CellClaim]) -> CpuTopology:
    return CpuTopology(
        policy=CpuPolicy(flavor.get("cpu_policy", "shared")),
        numa_cells=flavor.get("numa_cells", 1),
        hugepage_kib=flavor.get("hugepage_kib", 0),
        shares=tuple(
            CellShare(
                claim.number,
                vcpus=claim.amounts["vcpus"],
                dedicated_threads=claim.amounts["dedicated_threads"],
                memory_mib=claim.amounts["memory_mib"],
                pages=claim.amounts["hugepages_2m"] + claim.amounts["hugepages_1g"],
            )
            for claim in claims
        ),
    )


def _rescue(record: Record, spec: Spec) -> ImageSource | None:
    if "rescue_image" not in spec:
        return None
    image = record.resolved[f"image/{spec['rescue_image']}"]
    return source_of(image["uid"], image)


def _volumes(tx: Tx, record: Record, spec: Spec) -> tuple[FurtherDisk, ...]:
    pins = [record.resolved[f"volume/{name}"] for name in spec["volumes"]]
    found = objects.by_uids(tx, [(p["tenant_uid"], p["uid"]) for p in pins])
    disks: list[FurtherDisk] = []
    for pin, name in zip(pins, spec["volumes"], strict=True):
        volume = found.get(pin["uid"])
        if volume is None or not volume.ready or volume.status.get("attached_to") != record.uid:
            raise Missing(f"volume {name!r} is not ready")
        disks.append(FurtherDisk(volume.uid, volume.spec["size_gib"] * GIB))
    return tuple(disks)


def _cards(
    surroundings: Surroundings,
    record: Record,
    spec: Spec,
    given: Sequence[Given],
    ways: Mapping[int, tuple[Forward, ...]],
    host: Record,
) -> tuple[Card, ...]:
    filters = not host.status.get("fabric_host")
    cards: list[Card] = []
    for index, entry in enumerate(spec["networks"]):
        pin = record.resolved[f"network/{entry['network']}"]
        network = surroundings.object(pin)
        if network is None:
            raise Missing(f"network {entry['network']!r} has gone")
        subnets = surroundings.subnets(pin)
        source = NetworkSource(
            uid=network.uid,
            tenant_uid=network.tenant_uid,
            mtu=network.spec.get("mtu", 1442),
            subnets=tuple(
                SubnetSource(s.uid, s.spec["cidr"], s.spec.get("gateway"), tuple(s.spec.get("dns_servers", ())))
                for s in subnets
            ),
        )
        port = PortSource(
            uid=port_uid(record.uid, index, network.uid),
            tenant_uid=record.tenant_uid,
            network_uid=network.uid,
            mac=mac_of(record.uid, index),
            addresses=tuple(g.address for g in given if g.card == index),
            rules=_rules(surroundings, record, entry["security_groups"], network.uid, host.uid) if filters else (),
            hostname=record.name,
            forwards=ways.get(index, ()),
        )
        cards.append(Card(source, port))
    return tuple(cards)


def _rules(
    surroundings: Surroundings, record: Record, groups: list[str], network_uid: str, host_uid: str
) -> tuple[SecurityRule, ...]:
    if not groups:
        return (SecurityRule("egress", "any", None, None, None),)
    pins = [record.resolved[f"security_group/{name}"] for name in groups]
    rules: dict[SecurityRule, None] = {}

    for pin in pins:
        group = surroundings.object(pin)
        listed: list[dict[str, Any]] = group.spec.get("rules", []) if group is not None else []
        for rule in listed:
            assert group is not None
            first = rule.get("port_min")
            for remote in _remotes(surroundings, group, rule, network_uid, host_uid):
                made = SecurityRule(
                    rule["direction"], rule.get("protocol", "any"), first, rule.get("port_max", first), remote
                )
                rules[made] = None
            if len(rules) > RULES:
                raise Missing(f"its host takes {RULES} rules a card, counted by address, and its groups have more")
    return tuple(rules)


def _remotes(
    surroundings: Surroundings, group: Record, rule: Mapping[str, Any], network_uid: str, host_uid: str
) -> Sequence[str | None]:
    """Whose addresses the other side's may be; None: anyone's.

    Of a security group those of the card's network on its host: who is elsewhere does not reach the card.
    """
    if "remote_addresses" in rule:
        listed = surroundings.listed(group, rule)
        return listed.spec.get("addresses", []) if listed is not None else []
    if "remote_group" in rule:
        named = surroundings.named(group, rule)
        return surroundings.members(named, network_uid, host_uid) if named is not None else []
    return [rule.get("remote_cidr")]


def mac_of(instance_uid: str, card: int) -> str:
    """A locally administered address made from the card's identity: 40 bits of its digest."""
    digest = hashlib.sha256(f"{instance_uid}/{card}".encode()).digest()
    return ":".join(f"{byte:02x}" for byte in (0x52, *digest[:5]))


def _seed(record: Record, keys: list[str], user_data: str | None) -> Seed:
    """cloud-init NoCloud documents. JSON is YAML, and needs no quoting of our own.

    Source: cloud-init's documentation of the NoCloud datasource.
    """
    meta_data: dict[str, Any] = {
        "instance-id": record.uid,
        "local-hostname": record.name,
        "public-keys": keys,
    }
    return Seed(json.dumps(meta_data, indent=1) + "\n", user_data if user_data is not None else "#cloud-config\n{}\n")
