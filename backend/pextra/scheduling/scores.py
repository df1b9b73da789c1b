"""Which of the hosts that can take a request is best: named terms, weighted and added.

A term is between 0 (worst) and 1 (best) wherever no more is used than there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol

from pextra.scheduling.request import Request
from pextra.scheduling.resources import MEMORY, VCPUS
from pextra.scheduling.snapshot import Snapshot

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

    def concerns(self, request: Request, /) -> bool:
        """Whether it has a say on this request."""
        ...

    def column(self, snapshot: Snapshot, request: Request, hosts: list[int], /) -> list[float]:
        """The term of each of the hosts, in their order, as if the request were placed there."""
        ...


class Room:
    """How much processor and memory is left, as a mean of the two shares: best is the emptiest."""

    name = "room"

    def concerns(self, _request: Request, /) -> bool:
        """Always."""
        return True

    def column(self, snapshot: Snapshot, request: Request, hosts: list[int], /) -> list[float]:
        """The mean share that is left."""
        vcpus, memory, vcpu_share, memory_share = _left(snapshot)
        want_vcpus, want_memory = request.resources.vcpus, request.resources.memory_mib
        return [
            ((vcpus[i] - want_vcpus) * vcpu_share[i] + (memory[i] - want_memory) * memory_share[i]) * 0.5 for i in hosts
        ]


class Fit:
    """How little processor and memory is left: best is the fullest, which keeps large holes elsewhere."""

    name = "fit"

    def concerns(self, _request: Request, /) -> bool:
        """Always."""
        return True

    def column(self, snapshot: Snapshot, request: Request, hosts: list[int], /) -> list[float]:
        """The mean share that is used."""
        return [1.0 - room for room in Room().column(snapshot, request, hosts)]


class Balance:
    """How alike the shares of processor and memory are that are left, lest one be stranded."""

    name = "balance"

    def concerns(self, _request: Request, /) -> bool:
        """Always."""
        return True

    def column(self, snapshot: Snapshot, request: Request, hosts: list[int], /) -> list[float]:
        """One less the difference of the shares."""
        vcpus, memory, vcpu_share, memory_share = _left(snapshot)
        want_vcpus, want_memory = request.resources.vcpus, request.resources.memory_mib
        return [
            1.0 - abs((vcpus[i] - want_vcpus) * vcpu_share[i] - (memory[i] - want_memory) * memory_share[i])
            for i in hosts
        ]


class SoftAntiAffinity:
    """How few guests of the same spread group are on the host."""

    name = "anti_affinity"

    def concerns(self, request: Request, /) -> bool:
        """Only when the request would rather be alone; one that insists has been filtered."""
        return request.anti_affinity is not None and not request.anti_affinity.hard

    def column(self, snapshot: Snapshot, request: Request, hosts: list[int], /) -> list[float]:
        """1, 1/2, 1/3, … for no, one, two … guests."""
        group = request.anti_affinity.group if request.anti_affinity is not None else ""
        members = snapshot.members.get(group, {})
        return [1.0 / (1 + members.get(i, 0)) for i in hosts]


@dataclass(frozen=True, slots=True)
class Policy:
    """What is good in this cloud.

    Args:
        name: for people and settings.
        terms: each with its weight.
    """

    name: str
    terms: tuple[tuple[Term, float], ...]


SPREAD: Final = Policy("spread", ((Room(), 1.0), (Balance(), 0.5), (SoftAntiAffinity(), 4.0)))
"""Load is shared; a lost host takes few guests with it."""

PACK: Final = Policy("pack", ((Fit(), 1.0), (Balance(), 0.5), (SoftAntiAffinity(), 4.0)))
"""Hosts are filled in turn; large guests find room, and idle hosts can be switched off."""

POLICIES: Final = MappingProxyType({policy.name: policy for policy in (SPREAD, PACK)})
"""The policies by name."""


def score(snapshot: Snapshot, request: Request, hosts: list[int], policy: Policy) -> list[int]:
    """The weighted sum of the policy's terms for each of the hosts, in steps of 1/`STEPS`."""
    totals = [0.0] * len(hosts)
    for term, weight in policy.terms:
        if term.concerns(request):
            column = term.column(snapshot, request, hosts)
            totals = [total + weight * value for total, value in zip(totals, column, strict=True)]
    return [round(total * STEPS) for total in totals]


def _left(snapshot: Snapshot) -> tuple[list[int], list[int], list[float], list[float]]:
    """Processor and memory that are free, and what share of the host one of each is."""
    free, per_unit = snapshot.free, snapshot.fleet.per_unit
    return free[VCPUS], free[MEMORY], per_unit[VCPUS], per_unit[MEMORY]
