"""What operators watch of the cloud's GPUs: what is given out, what is left and how usable that is, and how they are.

Every gauge is read from the database as it is; nothing is counted up. Series are as many as there are GPUs; of tenants
only the `MOST_TENANTS` that have most are named.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pextra.scheduling.fragmentation import fragmented, partitions_left
from pextra.scheduling.gpus.boards import unlinked
from pextra.scheduling.gpus.devices import WHOLE_MILLI
from pextra.services import bounds, placement
from pextra.services.cloud import Cloud
from pextra.store import agents, allocations, gpu_holders, gpus, objects, samples
from pextra.store.allocations import HostRow
from pextra.store.database import Tx
from pextra.store.gpu_holders import GpuQuota, Holder
from pextra.store.records import Record

MOST_TENANTS: Final = 500
OTHERS: Final = "(others)"
"""The label of the tenants that are not named."""
PARTITION_SIZES: Final = (2, 4, 8)

_GIVEN: Final = ("model", "mode", "slice", "tenant")
_DEVICE: Final = ("host", "address", "uuid", "model")
_WORK: Final = (*_DEVICE, "mode", "slice", "tenant", "instance")
_SAYS: Final = (*_WORK, "source")
_PARTITION: Final = ("model", "board", "size")
_QUOTA: Final = ("tenant", "countable")
GAUGES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "pextra_gpus": ("GPUs of hosts.", ("model",)),
    "pextra_gpus_usable": ("GPUs that are healthy, and whose hosts are ready and take guests.", ("model",)),
    "pextra_gpus_free": ("What is free of usable GPUs, in GPUs: a half-used one is 0.5.", ("model",)),
    "pextra_gpus_allocated": ("What instances have, in GPUs.", _GIVEN),
    "pextra_gpu_parts_allocated": ("How many GPUs and parts of GPUs instances have.", _GIVEN),
    "pextra_gpus_fragmented": ("How many of the free GPUs the usual instances could not use.", ("model",)),
    "pextra_gpu_partitions": ("Sets of so many linked GPUs that a board has.", _PARTITION),
    "pextra_gpu_partitions_free": ("Of these, those that could be given out now.", _PARTITION),
    "pextra_gpu_quota_limit": ("How many GPUs a tenant may have.", _QUOTA),
    "pextra_gpu_quota_used": ("How many its instances have.", _QUOTA),
    "pextra_gpu_quota_granted": ("How many are set aside for the tenants below.", _QUOTA),
    "pextra_gpu_health": ("1, with the state that the GPU is in; of the others there is none.", (*_DEVICE, "state")),
    "pextra_gpu_last_xid": ("The number of the last error that the kernel's log has of the GPU.", _DEVICE),
    "pextra_gpu_claimed": ("What an instance has of the GPU, in GPUs.", _WORK),
    "pextra_gpu_utilization_ratio": ("In how much of the last moments the GPU worked on something.", _SAYS),
    "pextra_gpu_memory_used_bytes": ("What is in use of its memory.", _SAYS),
    "pextra_gpu_memory_bytes": ("Its memory.", _SAYS),
    "pextra_gpu_power_watts": ("What it draws.", _SAYS),
    "pextra_gpu_temperature_celsius": ("Of its processor.", _SAYS),
    "pextra_gpu_ecc_errors_total": ("Memory errors since its driver was loaded.", (*_SAYS, "type")),
    "pextra_gpu_nvlink_bytes_total": ("Data through all of its NVLinks.", (*_SAYS, "direction")),
    "pextra_gpu_host_seen_timestamp_seconds": ("When the agent of a host with GPUs was last heard.", ("host",)),
}
"""What every gauge says, and its labels; those whose names end in `_total` count, on the GPU itself."""

FRESH_US: Final = 180_000_000
"""How long what a GPU said of its work is told: three samples."""


_Labels = tuple[str, ...]
_SAID: Final[tuple[tuple[Any, ...], ...]] = (
    ("utilization_percent", "pextra_gpu_utilization_ratio", 0.01),
    ("memory_used_mib", "pextra_gpu_memory_used_bytes", 1 << 20),
    ("memory_mib", "pextra_gpu_memory_bytes", 1 << 20),
    ("power_mw", "pextra_gpu_power_watts", 0.001),
    ("temperature_c", "pextra_gpu_temperature_celsius", 1),
    ("ecc_corrected", "pextra_gpu_ecc_errors_total", 1, "corrected"),
    ("ecc_uncorrected", "pextra_gpu_ecc_errors_total", 1, "uncorrected"),
    ("nvlink_sent_kib", "pextra_gpu_nvlink_bytes_total", 1024, "sent"),
    ("nvlink_received_kib", "pextra_gpu_nvlink_bytes_total", 1024, "received"),
)
"""What becomes of each field of a GPU's sample: the gauge, by what it is multiplied, and further labels."""


@dataclass(slots=True)
class Gauges:
    """Values by gauge and by the values of its labels."""

    values: dict[str, dict[tuple[str, ...], float]] = field(default_factory=lambda: {name: {} for name in GAUGES})

    def put(self, name: str, value: float, *labels: str) -> None:
        """State a value."""
        self.values[name][labels] = value

    def add(self, name: str, value: float, *labels: str) -> None:
        """Add to a value that begins with nothing."""
        self.values[name][labels] = self.values[name].get(labels, 0.0) + value


def read(cloud: Cloud) -> Gauges:
    """The gauges now.

    Raises:
        PextraError: `store.unavailable`.
    """
    return cloud.database.read(lambda tx: _read(cloud, tx))


def _read(cloud: Cloud, tx: Tx) -> Gauges:
    bounds.unbounded(tx)
    found, site_uid = Gauges(), cloud.site.uid
    hosts = [host for host in allocations.hosts(tx, groups_of=()) if host.gpus]
    if hosts:
        _capacity(found, hosts, gpus.live_shapes(tx))
        held = gpu_holders.holders(tx, site_uid)
        _given(found, hosts, held)
        labels = _devices(found, hosts, held, objects.of_kind(tx, site_uid, "host"))
        since_us = tx.now_us - FRESH_US
        _work(found, labels, held, samples.of_gpus(tx, [host.uid for host in hosts], since_us=since_us))
        _agents(found, hosts, agents.seen(tx))
    _quotas(found, gpu_holders.quotas(tx, site_uid))
    return found


def _capacity(found: Gauges, hosts: Sequence[HostRow], living: Sequence[gpus.LiveShape]) -> None:
    for host in hosts:
        for gpu in host.gpus:
            model, usable = str(gpu.kind["model"]), _open(host) and gpu.usable
            found.add("pextra_gpus", 1, model)
            found.add("pextra_gpus_usable", usable, model)
            found.add("pextra_gpus_free", (WHOLE_MILLI - gpu.used_milli) / WHOLE_MILLI if usable else 0, model)
        _partitions(found, host)
    lost: defaultdict[str, float] = defaultdict(float)
    snapshot = placement.snapshot((host for host in hosts if _open(host)), placement.workload(living, ()))
    models = {host.uid: str(host.gpus[0].kind["model"]) for host in hosts}
    for uid, number in zip(snapshot.fleet.uids, fragmented(snapshot).tolist(), strict=True):
        lost[models[uid]] += number
    for model in set(models.values()):
        found.put("pextra_gpus_fragmented", lost[model], model)


def _open(host: HostRow) -> bool:
    return host.ready and host.schedulable


def _partitions(found: Gauges, host: HostRow) -> None:
    """A host's GPUs are of one model nearly always; the board of others counts as of its first one's."""
    board = placement.board_of(host.board) or unlinked(len(host.gpus))
    whole = [gpu.usable and gpu.used_milli == 0 and gpu.kind.get("whole", True) for gpu in host.gpus]
    free = sum(1 << place for place, gpu_is_free in enumerate(whole) if gpu_is_free) if _open(host) else 0
    model = str(host.gpus[0].kind["model"])
    for size in PARTITION_SIZES:
        every = partitions_left(board, board.everything, size)
        if every:
            labels = (model, board.name, str(size))
            found.add("pextra_gpu_partitions", every, *labels)
            found.add("pextra_gpu_partitions_free", partitions_left(board, free, size), *labels)


def _given(found: Gauges, hosts: Sequence[HostRow], held: Sequence[Holder]) -> None:
    models = {(host.uid, gpu.address): str(gpu.kind["model"]) for host in hosts for gpu in host.gpus}
    most = Counter[str]()
    for one in held:
        most[one.tenant] += one.milli
    named = {tenant for tenant, _ in most.most_common(MOST_TENANTS)}
    for one in held:
        tenant = one.tenant if one.tenant in named else OTHERS
        labels = (models.get((one.host_uid, one.address), ""), one.mode, one.profile, tenant)
        found.add("pextra_gpus_allocated", one.milli / WHOLE_MILLI, *labels)
        found.add("pextra_gpu_parts_allocated", 1, *labels)


def _devices(
    found: Gauges, hosts: Sequence[HostRow], held: Sequence[Holder], records: Iterable[Record]
) -> dict[tuple[str, str], _Labels]:
    """How each GPU is, and who has it; the labels of each by its host's uid and its address."""
    names = {host.uid: host.name for host in hosts}
    labels: dict[tuple[str, str], _Labels] = {}
    for record in records:
        told: list[Mapping[str, Any]] = record.status.get("gpus") or [] if record.uid in names else []
        for gpu in told:
            device: _Labels = (names[record.uid], gpu["address"], gpu.get("uuid") or "", gpu["model"])
            labels[record.uid, gpu["address"]] = device
            health: Mapping[str, Any] = gpu.get("health") or {}
            found.put("pextra_gpu_health", 1, *device, health.get("state", "unknown"))
            if health.get("xids"):
                found.put("pextra_gpu_last_xid", health["xids"][-1], *device)
    for one in held:
        device = labels.get((one.host_uid, one.address), (names.get(one.host_uid, ""), one.address, "", ""))
        whose = (*device, one.mode, one.profile, one.tenant, one.instance)
        found.add("pextra_gpu_claimed", one.milli / WHOLE_MILLI, *whose)
    return labels


def _work(
    found: Gauges,
    labels: Mapping[tuple[str, str], _Labels],
    held: Sequence[Holder],
    said: Mapping[tuple[str, str], Mapping[str, Any]],
) -> None:
    """What GPUs say of their work, with who has them; nobody is named where several have parts of one.

    What a guest says counts as long as that guest has the GPU, alone.
    """
    holders: defaultdict[tuple[str, str], list[Holder]] = defaultdict(list)
    for one in held:
        holders[one.host_uid, one.address].append(one)
    for place, reading in said.items():
        if place not in labels:
            continue
        alone = holders[place][0] if len(holders[place]) == 1 else None
        guest_uid = reading.get("guest_uid")
        if guest_uid is not None and (alone is None or alone.instance_uid != guest_uid):
            continue
        source = "host" if guest_uid is None else "guest"
        whose = ("", "", "", "") if alone is None else (alone.mode, alone.profile, alone.tenant, alone.instance)
        for what, gauge, scale, *more in _SAID:
            if what in reading:
                found.put(gauge, reading[what] * scale, *labels[place], *whose, source, *more)


def _agents(found: Gauges, hosts: Sequence[HostRow], seen: Mapping[str, int | None]) -> None:
    for host in hosts:
        when_us = seen.get(host.uid)
        if when_us is not None:
            found.put("pextra_gpu_host_seen_timestamp_seconds", when_us / 1e6, host.name)


def _quotas(found: Gauges, limits: Sequence[GpuQuota]) -> None:
    """The limits that are closest to being reached."""
    tightest = sorted(limits, key=lambda q: (q.ceiling - q.used - q.granted) / max(1, q.ceiling))[:MOST_TENANTS]
    for one in tightest:
        found.put("pextra_gpu_quota_limit", one.ceiling, one.tenant, one.countable)
        found.put("pextra_gpu_quota_used", one.used, one.tenant, one.countable)
        found.put("pextra_gpu_quota_granted", one.granted, one.tenant, one.countable)
