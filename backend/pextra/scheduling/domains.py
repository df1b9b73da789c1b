"""Where the guests of a placement group are, and whether a choice keeps the group's rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pextra.scheduling.arrays import Flags, Ints
from pextra.scheduling.groups import Group
from pextra.scheduling.snapshot import Fleet


def members_in(fleet: Fleet, group: Group, members: Mapping[int, int]) -> Ints:
    """How many of the group each domain has.

    Args:
        fleet: the hosts.
        group: which domains are meant.
        members: how many of the group each host has, by its index.
    """
    domain, number = fleet.domains(group.topology)
    counts = np.zeros(number, dtype=np.int64)
    for host, count in members.items():
        counts[domain[host]] += count
    return counts


def with_any(fleet: Fleet, group: Group, hosts: Flags) -> Flags:
    """Which domains have any of these hosts."""
    domain, number = fleet.domains(group.topology)
    found = np.zeros(number, dtype=np.bool_)
    found[domain[hosts]] = True
    return found


@dataclass(frozen=True, slots=True)
class GroupClaim:
    """What a choice takes for granted of a required group; whoever commits it asks again, for others choose too.

    Args:
        fleet: the hosts that there were.
        group: the group.
        domain: of the chosen host.
        among: which domains the guest could have been in: see `Group.admits`.
    """

    fleet: Fleet
    group: Group
    domain: int
    among: Flags

    def holds(self, members: Mapping[str, int]) -> bool:
        """Whether the guest may still join there.

        Args:
            members: how many of the group each host has now, by its uid; one on a host that was not there makes the
                choice stale.
        """
        known = self.fleet.index_by_uid
        if not members.keys() <= known.keys():
            return False
        counts = members_in(self.fleet, self.group, {known[uid]: count for uid, count in members.items()})
        return bool(self.group.admits(counts, self.among)[self.domain])
