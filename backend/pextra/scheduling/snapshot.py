"""The hosts as the scheduler sees them at one moment, in columns for speed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pextra.scheduling.request import Request
from pextra.scheduling.resources import DIMENSIONS, Resources


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
        groups: how many guests of each spread group are on it.
        features: what it can give guests beyond the plain machine.
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


class Fleet:
    """What does not change while requests are placed: the hosts in the order of their names.

    A host's index is its place in that order; every column of a snapshot is addressed by it.
    """

    __slots__ = (
        "_giving",
        "_labelled",
        "capacity",
        "everyone",
        "index_by_name",
        "index_by_uid",
        "names",
        "per_unit",
        "ready",
        "schedulable",
        "size",
        "uids",
        "zones",
    )

    def __init__(self, hosts: Sequence[HostView]) -> None:
        self.size = len(hosts)
        self.everyone = list(range(self.size))
        self.uids = [host.uid for host in hosts]
        self.names = [host.name for host in hosts]
        self.zones = [host.zone for host in hosts]
        self.ready = [host.ready for host in hosts]
        self.schedulable = [host.schedulable for host in hosts]
        self.index_by_uid = {uid: index for index, uid in enumerate(self.uids)}
        self.index_by_name = {name: index for index, name in enumerate(self.names)}
        self.capacity = _columns(host.capacity for host in hosts)
        self.per_unit = tuple([1 / total if total else 0.0 for total in column] for column in self.capacity)
        self._labelled: dict[tuple[str, str], set[int]] = {}
        self._giving: dict[str, set[int]] = {}
        for index, host in enumerate(hosts):
            for label in host.labels.items():
                self._labelled.setdefault(label, set()).add(index)
            for feature in host.features:
                self._giving.setdefault(feature, set()).add(index)

    def labelled(self, key: str, value: str) -> frozenset[int] | set[int]:
        """The indexes of the hosts with this label."""
        return self._labelled.get((key, value), frozenset())

    def giving(self, feature: str) -> frozenset[int] | set[int]:
        """The indexes of the hosts with this feature."""
        return self._giving.get(feature, frozenset())


class Snapshot:
    """The hosts at one moment. It is never changed: `with_used` and `draft` give others, cheaply.

    `free` has a column a resource in the order of `DIMENSIONS`; an amount is negative where more is used
    than there is. `members` has, a spread group, the number of its guests by host index.
    """

    __slots__ = ("fleet", "free", "members")

    def __init__(
        self,
        fleet: Fleet,
        free: tuple[list[int], ...],
        members: dict[str, dict[int, int]],
    ) -> None:
        self.fleet = fleet
        self.free = free
        self.members = members

    @classmethod
    def of(cls, hosts: Iterable[HostView]) -> Snapshot:
        """The snapshot of these hosts, in whatever order they come.

        Raises:
            ValueError: two hosts have a name or a uid in common.
        """
        ordered = sorted(hosts, key=lambda host: host.name)
        fleet = Fleet(ordered)
        if not fleet.size == len(fleet.index_by_uid) == len(fleet.index_by_name):
            raise ValueError("two hosts have a name or a uid in common")
        used = _columns(host.used for host in ordered)
        free = tuple(
            [total - taken for total, taken in zip(have, take, strict=True)]
            for have, take in zip(fleet.capacity, used, strict=True)
        )
        members: dict[str, dict[int, int]] = {}
        for index, host in enumerate(ordered):
            for group, count in host.groups.items():
                if count:
                    members.setdefault(group, {})[index] = count
        return cls(fleet, free, members)

    def with_used(self, used: Mapping[str, Resources]) -> Snapshot:
        """The same hosts, some of them with other use.

        Args:
            used: what guests take now, by host uid.

        Raises:
            KeyError: a host that the snapshot does not have.
        """
        free = tuple(column.copy() for column in self.free)
        for uid, resources in used.items():
            index = self.fleet.index_by_uid[uid]
            for column, have, taken in zip(free, self.fleet.capacity, resources.vector, strict=True):
                column[index] = have[index] - taken
        return Snapshot(self.fleet, free, self.members)

    def draft(self) -> Draft:
        """A copy on which choices can be marked."""
        return Draft(self.fleet, tuple(column.copy() for column in self.free), dict(self.members))


class Draft(Snapshot):
    """A snapshot of one's own, to be changed while a batch is placed."""

    __slots__ = ("_own",)

    def __init__(
        self,
        fleet: Fleet,
        free: tuple[list[int], ...],
        members: dict[str, dict[int, int]],
    ) -> None:
        super().__init__(fleet, free, members)
        self._own: set[str] = set()

    def reserve(self, index: int, request: Request) -> None:
        """Take what the request wants from the host at `index`, and let it join its spread group."""
        for column, wanted in zip(self.free, request.resources.vector, strict=True):
            column[index] -= wanted
        if request.anti_affinity is not None:
            self._join(index, request.anti_affinity.group)

    def _join(self, index: int, group: str) -> None:
        if group not in self._own:
            self.members[group] = dict(self.members.get(group, ()))
            self._own.add(group)
        counts = self.members[group]
        counts[index] = counts.get(index, 0) + 1


def _columns(rows: Iterable[Resources]) -> tuple[list[int], ...]:
    """A column a resource, also of no rows."""
    columns = tuple(list[int]() for _ in DIMENSIONS)
    for row in rows:
        for column, amount in zip(columns, row.vector, strict=True):
            column.append(amount)
    return columns
