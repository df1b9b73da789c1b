"""Placement groups: guests that are to be together, or apart."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from pextra.scheduling.arrays import Flags, Ints


class Rule(StrEnum):
    """How the guests of a group are to be placed."""

    AFFINITY = "affinity"
    ANTI_AFFINITY = "anti_affinity"
    SPREAD = "spread"


class Topology(StrEnum):
    """What the guests of a group share, or do not; one such is a domain. Racks are of their zone."""

    HOST = "host"
    RACK = "rack"
    ZONE = "zone"


@dataclass(frozen=True, slots=True)
class Group:
    """The group that a guest is of; it joins when it is placed.

    Args:
        uid: the group's.
        rule: how its guests are to be placed.
        topology: of which domains it speaks.
        required: never otherwise; else only rather not.
    """

    uid: str
    rule: Rule
    topology: Topology = Topology.HOST
    required: bool = False

    def admits(self, members: Ints, among: Flags) -> Flags:
        """Which domains can take one more when the rule is required.

        Args:
            members: how many of the group each domain has.
            among: which domains the guest could be in, were it not for the group and for room: a spread is even over
                these.
        """
        if self.rule is Rule.ANTI_AFFINITY:
            return members == 0
        if self.rule is Rule.SPREAD:
            return members <= members[among].min(initial=np.iinfo(np.int64).max)
        return members > 0 if members.any() else np.ones(len(members), dtype=np.bool_)
