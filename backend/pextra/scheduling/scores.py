"""Which of the hosts that can take a request is best: named terms, weighted and added.

A term is between 0 (worst) and 1 (best) wherever no more is used than there is, unless it says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol

import numpy as np

from pextra.scheduling.arrays import Floats, Ints
from pextra.scheduling.domains import members_in
from pextra.scheduling.gpus.wishes import Wish
from pextra.scheduling.gpus.workload import SCALE
from pextra.scheduling.groups import Rule
from pextra.scheduling.resources import MEMORY, VCPUS
from pextra.scheduling.taints import Effect, untolerated
from pextra.scheduling.view import View

STEPS: Final = 10_000
"""Scores are compared in whole steps of 1/STEPS, so that no decision hangs on floating-point noise; equal
ones go to the first host by name.

Source: the figures of the FGD paper ("Beware of Fragmentation", USENIX ATC 2023) move by points with the way
in which ties are broken.
"""


class Term(Protocol):
    """One view of what is good."""

    @property
    def name(self) -> str:
        """Its name in an explanation; a promise to programs."""
        ...

    def column(self, view: View, /) -> Floats | None:
        """The term of each of the view's hosts, as if the request were placed there; None: it has no say on it."""
        ...


class Room:
    """How much processor and memory is left, as a mean of the two shares: best is the emptiest.

    Guests with GPUs do not ask for it: where their processors are is decided by which GPUs stay usable.
    """

    name = "room"

    def column(self, view: View, /) -> Floats | None:
        """The mean share that is left."""
        if view.request.gpus is not None:
            return None
        processors, memory = _left(view)
        return (processors + memory) * 0.5


class Fit:
    """How little processor and memory is left: best is the fullest, which keeps large holes elsewhere."""

    name = "fit"

    def column(self, view: View, /) -> Floats | None:
        """The mean share that is used."""
        room = Room().column(view)
        return None if room is None else 1.0 - room


class Balance:
    """How alike the shares of processor and memory are that are left, lest one be stranded."""

    name = "balance"

    def column(self, view: View, /) -> Floats | None:
        """One less the difference of the shares."""
        if view.request.gpus is not None:
            return None
        processors, memory = _left(view)
        return 1.0 - np.abs(processors - memory)


class PreferredGroup:
    """How well the rule of the request's placement group is kept; a required one has been filtered by."""

    name = "placement_group"

    def column(self, view: View, /) -> Floats | None:
        """Of guests to be apart 1, 1/2, 1/3, … for no, one, two … in the domain; else its share of the most there."""
        wish = view.request.group
        if wish is None or wish.required:
            return None
        members = members_in(view.fleet, wish, view.snapshot.members.get(wish.uid, {}))
        here = members[view.fleet.domains(wish.topology)[0][view.hosts]]
        if wish.rule is not Rule.AFFINITY:
            return 1.0 / (1 + here)
        most = members.max(initial=0)
        return here / most if most else None


class Untainted:
    """How few taints that only advise against it, and that the request does not tolerate, the host has."""

    name = "taints"

    def column(self, view: View, /) -> Floats | None:
        """1, 1/2, 1/3, … for none, one, two … of them."""
        fleet, tolerated = view.fleet, view.request.tolerations
        if not any(fleet.taints):
            return None
        counts = [untolerated(taints, tolerated, Effect.PREFER_NO_SCHEDULE) for taints in fleet.taints]
        return 1.0 / (1 + np.array(counts)[fleet.tainted[view.hosts]]) if any(counts) else None


class UsableGpus:
    """How few GPUs usual guests could no longer use: 0 is best, and each GPU that is lost to them counts 1."""

    name = "usable_gpus"

    def column(self, view: View, /) -> Floats | None:
        """The GPUs that would be lost, negative."""
        if not view.fleet.gpus.width or not view.fleet.workload.shapes:
            return None
        return (view.waste_before - view.waste_after) / SCALE


class WholeLinks:
    """How much of the host's NVLink partitions stays whole for others."""

    name = "whole_links"

    def column(self, view: View, /) -> Floats | None:
        """1 less the share of the board's links that others lose."""
        return None if view.request.gpus is None else 1.0 - view.chosen.loss


class PreferredTopology:
    """Whether the GPUs are linked, and of one NUMA cell, where that is preferred."""

    name = "topology"

    def column(self, view: View, /) -> Floats | None:
        """What is kept of what is preferred; links count twice as much as the cell."""
        wish = view.request.gpus
        if wish is None or Wish.PREFERRED not in (wish.nvlink, wish.numa):
            return None
        links, cell = 2.0 * (wish.nvlink is Wish.PREFERRED), 1.0 * (wish.numa is Wish.PREFERRED)
        return (links * view.chosen.linked + cell * view.chosen.together) / (links + cell)


@dataclass(frozen=True, slots=True)
class Policy:
    """What is good in this cloud.

    Args:
        name: for people and settings.
        terms: each with its weight.
    """

    name: str
    terms: tuple[tuple[Term, float], ...]


_COMMON: Final[tuple[tuple[Term, float], ...]] = (
    (PreferredGroup(), 4.0),
    (Untainted(), 4.0),
    (UsableGpus(), 20.0),
    (WholeLinks(), 4.0),
    (PreferredTopology(), 40.0),
)

SPREAD: Final = Policy("spread", ((Room(), 1.0), (Balance(), 0.5), *_COMMON))
"""Load is shared; a lost host takes few guests with it. GPUs are packed all the same: large guests need whole hosts."""

PACK: Final = Policy("pack", ((Fit(), 1.0), (Balance(), 0.5), *_COMMON))
"""Hosts are filled in turn; large guests find room, and idle hosts can be switched off."""

POLICIES: Final = MappingProxyType({policy.name: policy for policy in (SPREAD, PACK)})
"""The policies by name."""


def score(view: View, policy: Policy) -> Ints:
    """The weighted sum of the policy's terms for each of the view's hosts, in steps of 1/`STEPS`."""
    totals = np.zeros(len(view.hosts))
    for term, weight in policy.terms:
        column = term.column(view)
        if column is not None:
            totals += weight * column
    return np.rint(totals * STEPS).astype(np.int64)


def score_of_group(view: View, policy: Policy) -> Ints | None:
    """What the request's placement group adds to the scores of the view's hosts; None: nothing.

    It changes with each guest of the group, and is therefore no part of what is kept of hosts that have not changed.
    """
    for term, weight in policy.terms:
        if isinstance(term, PreferredGroup):
            column = term.column(view)
            return None if column is None else np.rint(weight * column * STEPS).astype(np.int64)
    return None


def _left(view: View) -> tuple[Floats, Floats]:
    """The shares of processor and memory that would be left."""
    free, per_unit, wants = view.snapshot.free, view.fleet.per_unit, view.request.resources
    return (
        (free[VCPUS][view.hosts] - wants.vcpus) * per_unit[VCPUS][view.hosts],
        (free[MEMORY][view.hosts] - wants.memory_mib) * per_unit[MEMORY][view.hosts],
    )
