"""The database as it is, read past the product's own code, so that no fault of that code can hide one in the data."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from pextra.store.records import Record


class Reference(NamedTuple):
    """One object that refers to another."""

    source_uid: str
    target_uid: str


Amounts = tuple[int, ...]
"""vCPUs, MiB of memory, GiB of disk, threads of its own, pages of 2 MiB and of 1 GiB; of cells without the disk."""


class Allocation(NamedTuple):
    """What a guest holds on a host."""

    consumer_uid: str
    host_uid: str
    placement_group_uid: str | None
    amounts: Amounts


class Gpu(NamedTuple):
    """A GPU of a host and what is given out of it."""

    host_uid: str
    address: str
    position: int
    kind: dict[str, Any]
    cell: int
    usable: int
    used_milli: int
    mode: str
    profile: str
    slots: int


class Had(NamedTuple):
    """What a guest has of one GPU: by its claim, and by the interval that has not ended."""

    tenant_uid: str
    consumer_uid: str
    host_uid: str
    address: str
    mode: str
    profile: str
    milli: int


class GpuClaim(NamedTuple):
    """A claim, and on which slots of the GPU it is."""

    had: Had
    slots: int


class Cell(NamedTuple):
    """A NUMA cell of a host."""

    host_uid: str
    number: int
    capacity: Amounts
    used: Amounts


class CellClaim(NamedTuple):
    """What a guest has of one cell."""

    consumer_uid: str
    host_uid: str
    number: int
    bound: int
    amounts: Amounts


class Forward(NamedTuple):
    """A port of a host that a floating IP holds."""

    host_uid: str
    protocol: str
    port: int
    consumer_uid: str


class Host(NamedTuple):
    """What a host has and has given out."""

    host_uid: str
    ready: int
    schedulable: int
    pool: str
    features: frozenset[str]
    rack: str
    taints: list[dict[str, str]]
    partitions: list[int]
    capacity: Amounts
    used: Amounts


class Counter(NamedTuple):
    """What a tenant may use and uses of one countable."""

    tenant_uid: str
    countable: str
    ceiling: int | None
    used: int
    granted: int


class Address(NamedTuple):
    """An address that was given to a card."""

    subnet_uid: str
    address: str
    consumer_uid: str
    card: int


class Event(NamedTuple):
    """A change that was noted; `position` is None until it has a place in its stream."""

    stream: str
    position: int | None
    type: str
    object_uid: str
    revision: int


class Sealed(NamedTuple):
    """An audit entry in its chain."""

    tenant_uid: str
    sequence: int
    uid: str
    leaf_hash: str
    chain_hash: str
    body: str


class AuditHead(NamedTuple):
    """What was signed of a chain."""

    tenant_uid: str
    size: int
    root: str
    chain_hash: str


class Work(NamedTuple):
    """An object that is to be looked at."""

    uid: str
    kind: str


class Assigned(NamedTuple):
    """What a host's agent is to make true."""

    host_uid: str
    uid: str
    kind: str
    revision: int
    removed: int
    reported_revision: int
    report: dict[str, Any]
    document: dict[str, Any]
    secret_paths: list[str]

    @property
    def answered(self) -> bool:
        """Whether the report speaks of what is assigned now."""
        return self.reported_revision == self.revision


@dataclass(frozen=True, slots=True)
class Ground:
    """Everything that is committed.

    Attributes:
        objects: every object by uid, hidden ones too.
        sequenced: the events that got their place since the last reading, in the order in which they did.
        pending: the events that wait for theirs.
        sealed: the audit entries that were sealed since the last reading, in the order in which they were.
        heads: the heads that were signed since.
        unsealed: uid and content of those that wait to be.
        belongings: for each table of things that belong to an object, the uids of those objects.
    """

    objects: dict[str, Record]
    references: list[Reference]
    allocations: list[Allocation]
    hosts: list[Host]
    counters: list[Counter]
    addresses: list[Address]
    gpus: list[Gpu]
    gpu_claims: list[GpuClaim]
    gpu_usage: list[Had]
    cells: list[Cell]
    cell_claims: list[CellClaim]
    forwards: list[Forward]
    sequenced: list[Event]
    pending: list[Event]
    work: list[Work]
    assigned: list[Assigned]
    belongings: dict[str, list[str]]
    sealed: list[Sealed]
    heads: list[AuditHead]
    unsealed: list[tuple[str, str]]


_OBJECTS: Final = """
    SELECT r.tenant_uid, r.uid, r.kind, r.name, r.generation, r.labels, r.annotations, r.spec, r.spec_version,
        r.resolved, r.finalizers, r.created_us, r.updated_us, r.deleting_us, s.revision, s.status
    FROM resource r LEFT JOIN resource_status s ON s.tenant_uid = r.tenant_uid AND s.uid = r.uid"""
_HOSTS: Final = """
    SELECT host_uid, ready, schedulable, pool, features, rack, taints, board,
        vcpus, memory_mib, disk_gib, dedicated_threads, hugepages_2m, hugepages_1g,
        used_vcpus, used_memory_mib, used_disk_gib, used_dedicated_threads, used_hugepages_2m, used_hugepages_1g
    FROM host_capacity"""
_ALLOCATIONS: Final = """
    SELECT consumer_uid, host_uid, placement_group_uid, vcpus, memory_mib, disk_gib, dedicated_threads, hugepages_2m,
        hugepages_1g
    FROM allocation"""
_GPUS: Final = "SELECT host_uid, address, position, kind, cell, usable, used_milli, mode, profile, slots FROM gpu"
_HAD: Final = "tenant_uid, consumer_uid, host_uid, address, mode, profile, milli"
_CELLS: Final = """
    SELECT host_uid, cell, vcpus, memory_mib, dedicated_threads, hugepages_2m, hugepages_1g, used_vcpus,
        used_memory_mib, used_dedicated_threads, used_hugepages_2m, used_hugepages_1g
    FROM host_cell"""
_CELL_CLAIMS: Final = """
    SELECT consumer_uid, host_uid, cell, bound, vcpus, memory_mib, dedicated_threads, hugepages_2m, hugepages_1g
    FROM cell_claim"""
_BELONGINGS: Final = {
    "resource_status": "uid",
    "resource_index": "uid",
    "sealed_secret": "uid",
    "credential": "token_uid",
    "outside_identity": "user_uid",
    "trusted_issuer": "provider_uid",
    "host_agent": "host_uid",
    "host_sample": "host_uid",
    "host_certificate": "host_uid",
    "join_secret": "host_uid",
}
_ASSIGNED: Final = """
    SELECT host_uid, uid, kind, revision, removed, reported_revision, report, document, secret_paths
    FROM assignment"""
_IN_PART: Final = {
    "work": "tenant_uid, uid, version",  # but for when it is due next
    "host_agent": "host_uid, revision, changed_us, boot_id, version, inventory",  # but for when it was heard last
}
_LEFT_OUT: Final = frozenset({"lease", "alembic_version", "host_sample"})
_AUDIT: Final = "audit"  # agents that were shut out ask on, and each refusal is noted


class GroundReader:
    """Reads one database file over and over."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._kinds: dict[str, dict[str, Any]] = {}
        self._decoded: dict[tuple[Any, ...], Record] = {}
        self._last_event = self._last_sealed = self._last_head = 0
        self._version = -1

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def changed(self) -> bool:
        """Whether anything was committed since this was asked last."""
        (version,) = self._rows("PRAGMA data_version")[0]
        before, self._version = self._version, version
        return version != before

    def read(self) -> Ground:
        """Everything as it is now; no transaction that writes is open."""
        events = self._rows(
            "SELECT rowid, stream, position, type, object_uid, revision FROM event WHERE rowid > ? ORDER BY rowid",
            self._last_event,
        )
        if events:
            self._last_event = events[-1][0]
        sealed = self._rows(
            "SELECT rowid, tenant_uid, sequence, uid, leaf_hash, chain_hash, body FROM audit_entry WHERE rowid > ?"
            " ORDER BY rowid",
            self._last_sealed,
        )
        heads = self._rows(
            "SELECT rowid, tenant_uid, size, root, chain_hash FROM audit_head WHERE rowid > ? ORDER BY rowid",
            self._last_head,
        )
        self._last_sealed = sealed[-1][0] if sealed else self._last_sealed
        self._last_head = heads[-1][0] if heads else self._last_head
        objects = [self._record(row) for row in self._rows(_OBJECTS)]
        return Ground(
            objects={o.uid: o for o in objects},
            references=[Reference(*r) for r in self._rows("SELECT source_uid, target_uid FROM resource_reference")],
            allocations=[Allocation(r[0], r[1], r[2], r[3:]) for r in self._rows(_ALLOCATIONS)],
            hosts=[_host(r) for r in self._rows(_HOSTS)],
            counters=[
                Counter(*r) for r in self._rows("SELECT tenant_uid, countable, ceiling, used, granted FROM quota_usage")
            ],
            addresses=[Address(*r) for r in self._rows("SELECT subnet_uid, address, consumer_uid, card FROM address")],
            gpus=[self._gpu(r) for r in self._rows(_GPUS)],
            gpu_claims=[GpuClaim(Had(*r[:7]), r[7]) for r in self._rows(f"SELECT {_HAD}, slots FROM gpu_claim")],  # noqa: S608  # names of our own
            gpu_usage=[Had(*r) for r in self._rows(f"SELECT {_HAD} FROM gpu_usage WHERE ended_us IS NULL")],  # noqa: S608  # names of our own
            cells=[Cell(r[0], r[1], r[2:7], r[7:]) for r in self._rows(_CELLS)],
            cell_claims=[CellClaim(r[0], r[1], r[2], r[3], r[4:]) for r in self._rows(_CELL_CLAIMS)],
            forwards=[Forward(*r) for r in self._rows("SELECT host_uid, protocol, port, consumer_uid FROM forward")],
            sequenced=[Event(*r[1:]) for r in events],
            pending=[
                Event(*r) for r in self._rows("SELECT stream, NULL, type, object_uid, revision FROM pending_event")
            ],
            work=[Work(*r) for r in self._rows("SELECT uid, kind FROM work")],
            assigned=[_assigned(*r) for r in self._rows(_ASSIGNED)],
            belongings={
                table: [r[0] for r in self._rows(f"SELECT {column} FROM {table}")]  # noqa: S608  # names of our own
                for table, column in _BELONGINGS.items()
            },
            sealed=[Sealed(*r[1:]) for r in sealed],
            heads=[AuditHead(*r[1:]) for r in heads],
            unsealed=[(r[0], r[1]) for r in self._rows("SELECT uid, body FROM pending_audit")],
        )

    def _gpu(self, row: tuple[Any, ...]) -> Gpu:
        host_uid, address, position, document, *rest = row
        if document not in self._kinds:
            self._kinds[document] = json.loads(document)
        return Gpu(host_uid, address, position, self._kinds[document], *rest)

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table, but for leases, the audit log, when work is due next and agents' heartbeats."""
        tables = [r[0] for r in self._rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            table: self._rows(f"SELECT {_IN_PART.get(table, '*')} FROM {table} ORDER BY 1, 2")  # noqa: S608  # our own
            for table in tables
            if table not in _LEFT_OUT and _AUDIT not in table
        }

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._connection.execute(query, values).fetchall()

    def _record(self, row: tuple[Any, ...]) -> Record:
        if row not in self._decoded:
            values: list[Any] = list(row)
            for column in (5, 6, 7, 9, 10, 15):
                values[column] = json.loads(values[column]) if values[column] is not None else {}
            self._decoded[row] = Record(*values)
        return self._decoded[row]


def _host(r: tuple[Any, ...]) -> Host:
    features, taints, partitions = frozenset(json.loads(r[4])), json.loads(r[6]), _partitions(r[7])
    return Host(r[0], r[1], r[2], r[3], features, r[5], taints, partitions, r[8:14], r[14:])


def _partitions(board: str | None) -> list[int]:
    document: dict[str, Any] = json.loads(board or "null") or {}
    return document.get("partitions", [])


def _assigned(*row: Any) -> Assigned:
    host_uid, uid, kind, revision, removed, reported_revision, *written = row
    report, document, secret_paths = (json.loads(text or "null") for text in written)
    return Assigned(host_uid, uid, kind, revision, removed, reported_revision, report or {}, document, secret_paths)
