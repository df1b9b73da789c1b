"""The hosts as the scheduler sees them at one moment, in columns for speed."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pextra.scheduling.arrays import Flags, Floats, Ints
from pextra.scheduling.gpus.boards import Board
from pextra.scheduling.gpus.columns import GpuColumns, GpuFleet
from pextra.scheduling.gpus.devices import GpuClaim, GpuView
from pextra.scheduling.gpus.workload import Workload
from pextra.scheduling.groups import Topology
from pextra.scheduling.request import Request
from pextra.scheduling.resources import (
    DEDICATED_THREADS,
    DIMENSIONS,
    HUGEPAGES_1G,
    HUGEPAGES_2M,
    MEMORY,
    VCPUS,
    Resources,
)
from pextra.scheduling.taints import Taint

IN_CELLS: Final = (VCPUS, MEMORY, DEDICATED_THREADS, HUGEPAGES_2M, HUGEPAGES_1G)
"""The resources that are counted by NUMA cell as well."""

_FLOATING: Final = frozenset((VCPUS, MEMORY))
"""Those of which guests that are bound to no cell have no fixed share of any."""

_MOST_VERDICTS: Final = 256


@dataclass(frozen=True, slots=True)
class CellView:
    """One NUMA cell of a host, of what `IN_CELLS` counts.

    Args:
        capacity: what guests may take in all.
        used: what they take.
    """

    capacity: Resources
    used: Resources = field(default_factory=Resources)


@dataclass(frozen=True, slots=True)
class HostView:
    """One host.

    Args:
        uid: identity.
        name: unique; ties are broken in its order.
        zone: the failure domain.
        ready: it is alive and its agent works.
        schedulable: nobody has closed it to new guests.
        capacity: what guests may take in all, after overcommitment and reservation.
        used: what they take; more than the capacity where that has shrunk.
        labels: what requests select by.
        groups: how many guests of each placement group are on it, by the group's uid.
        features: what it can give guests beyond the plain machine.
        gpus: its GPUs, in the order of their places on the board.
        board: how they are linked; None: not at all.
        cells: its NUMA cells by number; none where they are not known, and then nothing is counted by them.
        rack: where in its zone it is.
        taints: what keeps guests off it.
        pool: where its disks are.
        pool_shared: whether other hosts reach them too.
    """

    uid: str
    name: str
    zone: str
    ready: bool
    schedulable: bool
    capacity: Resources
    used: Resources
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    groups: Mapping[str, int] = field(default_factory=dict[str, int])
    features: frozenset[str] = frozenset()
    gpus: tuple[GpuView, ...] = ()
    board: Board | None = None
    cells: tuple[CellView, ...] = ()
    rack: str = ""
    taints: tuple[Taint, ...] = ()
    pool: str = ""
    pool_shared: bool = False

    @property
    def unused(self) -> HostView:
        """The host without its guests."""
        cells = tuple(replace(cell, used=Resources()) for cell in self.cells)
        return replace(self, used=Resources(), groups={}, gpus=tuple(gpu.unused for gpu in self.gpus), cells=cells)


class Fleet:
    """What does not change while requests are placed: the hosts in the order of their names.

    A host's index is its place in that order; every column of a snapshot is addressed by it.
    """

    __slots__ = (
        "_giving",
        "_labelled",
        "_pools",
        "_racks",
        "_zones",
        "capacity",
        "everyone",
        "gpus",
        "index_by_name",
        "index_by_uid",
        "names",
        "per_unit",
        "pool",
        "pool_shared",
        "rack",
        "ready",
        "schedulable",
        "size",
        "tainted",
        "taints",
        "uids",
        "usable",
        "workload",
        "zone",
    )

    def __init__(self, hosts: Sequence[HostView], workload: Workload) -> None:
        self.size = len(hosts)
        self.everyone: Ints = np.arange(self.size, dtype=np.int64)
        self.uids = [host.uid for host in hosts]
        self.names = [host.name for host in hosts]
        self.ready: Flags = np.array([host.ready for host in hosts], dtype=np.bool_)
        self.schedulable: Flags = np.array([host.schedulable for host in hosts], dtype=np.bool_)
        self.index_by_uid = {uid: index for index, uid in enumerate(self.uids)}
        self.index_by_name = {name: index for index, name in enumerate(self.names)}
        self.capacity = _columns(host.capacity for host in hosts)
        self.per_unit: list[Floats] = [np.divide(1.0, c, out=np.zeros(self.size), where=c > 0) for c in self.capacity]
        self._zones: dict[str, int] = {}
        self.zone: Ints = np.array([self._zones.setdefault(h.zone, len(self._zones)) for h in hosts], dtype=np.int64)
        self._racks: dict[tuple[str, str], int] = {}
        racks = [self._racks.setdefault((h.zone, h.rack), len(self._racks)) for h in hosts]
        self.rack: Ints = np.array(racks, dtype=np.int64)
        self._pools: dict[str, int] = {}
        self.pool: Ints = np.array([self._pools.setdefault(h.pool, len(self._pools)) for h in hosts], dtype=np.int64)
        self.pool_shared: Flags = np.array([h.pool_shared for h in hosts], dtype=np.bool_)
        # Hosts with the same taints are many, and what is tolerated is asked once for all of them.
        taints: dict[tuple[Taint, ...], int] = {}
        self.tainted: Ints = np.array([taints.setdefault(h.taints, len(taints)) for h in hosts], dtype=np.int64)
        self.taints = tuple(taints)
        self._labelled: dict[tuple[str, str], Flags] = {}
        self._giving: dict[str, Flags] = {}
        for index, host in enumerate(hosts):
            for label in host.labels.items():
                self._labelled.setdefault(label, np.zeros(self.size, dtype=np.bool_))[index] = True
            for feature in host.features:
                self._giving.setdefault(feature, np.zeros(self.size, dtype=np.bool_))[index] = True
        self.gpus = GpuFleet([(host.gpus, host.board) for host in hosts])
        self.serve(workload)

    def serve(self, workload: Workload) -> None:
        """Have a workload; `usable` tells which of its shapes (rows) can use the GPUs of which hosts (columns)."""
        self.workload = workload
        # Those of one host are of one model nearly always.
        kind = self.gpus.kind.max(axis=1, initial=-1)
        by_model = workload.usable_by(self.gpus.models)
        self.usable: Flags = np.concatenate((by_model, np.zeros((len(by_model), 1), dtype=np.bool_)), axis=1)[:, kind]

    def in_zone(self, zone: str) -> int:
        """The number that stands for a zone in `zone`; -1: no host is there."""
        return self._zones.get(zone, -1)

    def domains(self, topology: Topology) -> tuple[Ints, int]:
        """The number of the domain that each host is in, and how many domains there are."""
        if topology is Topology.HOST:
            return self.everyone, self.size
        return (self.rack, len(self._racks)) if topology is Topology.RACK else (self.zone, len(self._zones))

    def in_pools(self, hosts: Ints, pools: Iterable[str]) -> Flags:
        """Whose disks are in one of the pools."""
        wanted = [self._pools[name] for name in pools if name in self._pools]
        return np.isin(self.pool[hosts], wanted)

    def labelled(self, key: str, value: str) -> Flags | None:
        """Which hosts have this label; None: no host."""
        return self._labelled.get((key, value))

    def giving(self, feature: str) -> Flags | None:
        """Which hosts have this feature; None: no host."""
        return self._giving.get(feature)


@dataclass(slots=True)
class Verdicts:
    """What was found of every host for requests that are alike.

    Attributes:
        rejected: the place of the first filter that rejects it, counted from 1; 0: it can take the request.
        scores: how good it would be; -1 where it cannot.
        seen: how many of the snapshot's changes it knows.
    """

    rejected: NDArray[np.int8]
    scores: Ints
    seen: int


class Snapshot:
    """The hosts at one moment. It is never changed: `with_guests` and `draft` give others, cheaply.

    `free` has a column a resource in the order of `DIMENSIONS`; an amount is negative where more is used
    than there is. `cells` has one for each of `IN_CELLS`, a row a host. `members` has, a placement group, the
    number of its guests by host index.

    What was found about the hosts is kept, and only those that differ since then are looked at again: a decision
    costs little more in a large fleet than in a small one.
    """

    __slots__ = ("_changes", "_verdicts", "cells", "fleet", "free", "gpus", "members")

    def __init__(
        self,
        fleet: Fleet,
        free: tuple[Ints, ...],
        cells: tuple[Ints, ...],
        gpus: GpuColumns,
        members: dict[str, dict[int, int]],
    ) -> None:
        self.fleet = fleet
        self.free = free
        self.cells = cells
        self.gpus = gpus
        self.members = members
        self._changes: list[int] = []
        self._verdicts: OrderedDict[object, Verdicts] = OrderedDict()

    @classmethod
    def of(cls, hosts: Iterable[HostView], workload: Workload | None = None) -> Snapshot:
        """The snapshot of these hosts, in whatever order they come.

        Args:
            hosts: each once.
            workload: what guests usually ask for of GPUs; without it, no host's GPUs are dearer than another's.

        Raises:
            ValueError: two hosts have a name or a uid in common.
        """
        ordered = sorted(hosts, key=lambda host: host.name)
        fleet = Fleet(ordered, workload if workload is not None else Workload({}))
        if not fleet.size == len(fleet.index_by_uid) == len(fleet.index_by_name):
            raise ValueError("two hosts have a name or a uid in common")
        used = _columns(host.used for host in ordered)
        free = tuple(have - taken for have, taken in zip(fleet.capacity, used, strict=True))
        members: dict[str, dict[int, int]] = {}
        for index, host in enumerate(ordered):
            for group, count in host.groups.items():
                if count:
                    members.setdefault(group, {})[index] = count
        return cls(fleet, free, _cells(ordered), GpuColumns.of(fleet.gpus, [host.gpus for host in ordered]), members)

    def with_guests(self, changes: Iterable[tuple[HostView, HostView]]) -> Snapshot:
        """The same hosts, some of them with other guests.

        Args:
            changes: hosts as they are here, each with what it is now: the same but for its guests (`unused`).

        Raises:
            KeyError: a host that the snapshot does not have.
        """
        changed = self.draft()
        for before, after in changes:
            changed.set_host(before, after)
        return changed

    def with_workload(self, workload: Workload) -> Snapshot:
        """The same hosts before other guests."""
        fleet = copy.copy(self.fleet)
        fleet.serve(workload)
        return Snapshot(fleet, self.free, self.cells, self.gpus, self.members)

    def without_guests(self) -> Snapshot:
        """The same hosts with all that they have free."""
        cells = tuple(np.full_like(column, _ANY_AMOUNT) for column in self.cells)
        return Snapshot(self.fleet, self.fleet.capacity, cells, GpuColumns.of(self.fleet.gpus), {})

    def draft(self) -> Draft:
        """A copy on which choices can be marked."""
        made = Draft(
            self.fleet,
            tuple(column.copy() for column in self.free),
            tuple(column.copy() for column in self.cells),
            self.gpus.copy(),
            dict(self.members),
        )
        made.inherit(self._verdicts, self._changes)
        return made

    def verdicts(self, key: object, find: Callable[[Ints], tuple[NDArray[np.int8], Ints]]) -> Verdicts:
        """What is found of every host.

        Args:
            key: equal for what finds the same.
            find: tells of hosts by index what rejects them and how good they are.
        """
        known = self._verdicts.pop(key, None)
        if known is None:
            rejected, scores = find(self.fleet.everyone)
        elif known.seen == len(self._changes):
            rejected, scores = known.rejected, known.scores
        else:
            # Others may hold what was found before.
            rejected, scores = known.rejected.copy(), known.scores.copy()
            changed = np.unique(np.array(self._changes[known.seen :], dtype=np.int64))
            rejected[changed], scores[changed] = find(changed)
        found = self._verdicts[key] = Verdicts(rejected, scores, len(self._changes))
        if len(self._verdicts) > _MOST_VERDICTS:
            self._verdicts.popitem(last=False)
        return found


class Draft(Snapshot):
    """A snapshot of one's own, to be changed while a batch is placed."""

    __slots__ = ("_own",)

    def __init__(
        self,
        fleet: Fleet,
        free: tuple[Ints, ...],
        cells: tuple[Ints, ...],
        gpus: GpuColumns,
        members: dict[str, dict[int, int]],
    ) -> None:
        super().__init__(fleet, free, cells, gpus, members)
        self._own: set[str] = set()

    def inherit(self, verdicts: Mapping[object, Verdicts], changes: Sequence[int]) -> None:
        """Begin with what was found about the hosts of which this is a copy."""
        if len(changes) > self.fleet.size:  # nearly all would be looked at again
            return
        self._changes = list(changes)
        self._verdicts.update(verdicts)

    def touch(self, index: int) -> None:
        """The host is not what it was."""
        self._changes.append(index)

    def reserve(self, index: int, request: Request, gpus: Sequence[GpuClaim] = (), cell: int | None = None) -> None:
        """Take what the request wants from the host at `index`, and let it join its placement group.

        Args:
            index: of the host.
            request: what is placed.
            gpus: what it gets of the host's GPUs.
            cell: where all that is counted by cell is; None: its threads and hugepages are in any.
        """
        for column, wanted in zip(self.free, request.resources.vector, strict=True):
            column[index] -= wanted
        for column, dimension in zip(self.cells, IN_CELLS, strict=True):
            if cell is None and dimension in _FLOATING:
                continue
            _take_of_cells(column[index], request.resources.vector[dimension], cell)
        self.gpus.take(index, gpus)
        if request.group is not None:
            self._join(index, request.group.uid)
        self.touch(index)

    def set_host(self, before: HostView, after: HostView) -> None:
        """Let a host have other guests.

        Raises:
            KeyError: it is not there.
        """
        index = self.fleet.index_by_uid[after.uid]
        for column, have, taken in zip(self.free, self.fleet.capacity, after.used.vector, strict=True):
            column[index] = have[index] - taken
        for column, row in zip(self.cells, _cells([after]), strict=True):
            column[index, : row.shape[1]] = row[0]
        self.gpus.set_host(index, after.gpus)
        for group in before.groups.keys() | after.groups.keys():
            counts = self._counts(group)
            counts.pop(index, None)
            if after.groups.get(group):
                counts[index] = after.groups[group]
        self.touch(index)

    def _join(self, index: int, group: str) -> None:
        counts = self._counts(group)
        counts[index] = counts.get(index, 0) + 1

    def _counts(self, group: str) -> dict[int, int]:
        """The group's guests by host, to be changed."""
        if group not in self._own:
            self.members[group] = dict(self.members.get(group, ()))
            self._own.add(group)
        return self.members[group]


def _columns(rows: Iterable[Resources]) -> tuple[Ints, ...]:
    """A column a resource, also of no rows."""
    table = np.array([row.vector for row in rows], dtype=np.int64).reshape(-1, len(DIMENSIONS))
    return tuple(np.ascontiguousarray(table[:, dimension]) for dimension in range(len(DIMENSIONS)))


_ANY_AMOUNT: Final = 1 << 62


def _cells(hosts: Sequence[HostView]) -> tuple[Ints, ...]:
    """What is free in each cell; in cells that nothing is counted by, any amount."""
    most = max((max(len(h.cells), *(g.cell + 1 for g in h.gpus), 0) for h in hosts if h.gpus or h.cells), default=0)
    columns = tuple(np.full((len(hosts), most), _ANY_AMOUNT, dtype=np.int64) for _ in IN_CELLS)
    for row, host in enumerate(hosts):
        for column, dimension in zip(columns, IN_CELLS, strict=True):
            for number, cell in enumerate(host.cells):
                column[row, number] = cell.capacity.vector[dimension] - cell.used.vector[dimension]
    return columns


def _take_of_cells(free: Ints, wanted: int, cell: int | None) -> None:
    """Take so much of a host's cells: of one, or of the fullest that has it all, or of several in turn."""
    if not wanted or not len(free):
        return
    if cell is not None:
        free[cell] -= wanted
        return
    enough = [place for place in np.argsort(free, kind="stable").tolist() if free[place] >= wanted]
    for place in enough[:1] or range(len(free)):
        taken = min(wanted, max(0, int(free[place])))
        free[place] -= taken
        wanted -= taken
