"""Why a decision is as it is, as data and in a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from typing import Any

from pextra.scheduling.filters import FILTERS
from pextra.scheduling.request import Request
from pextra.scheduling.resources import DIMENSIONS, UNITS, Resources
from pextra.scheduling.scores import STEPS, Policy
from pextra.scheduling.snapshot import Snapshot

SHOWN = 3
"""How many of the best hosts an explanation shows."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A host that could take the request, with its score and the terms that make it up, unweighted."""

    host_uid: str
    host_name: str
    score: float
    terms: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Closest:
    """The host that lacks least among those that lack nothing but room.

    Args:
        host_uid: identity.
        host_name: its name.
        shortfall: what would have to become free there.
        too_small: it could not take the request empty either.
        lacks: in words: "4 dedicated threads wanted, 2 free".
    """

    host_uid: str
    host_name: str
    shortfall: Resources
    too_small: bool
    lacks: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The reasons of one decision.

    Args:
        hosts: how many there were.
        rejected: how many each filter rejected, where it did; with `eligible` they add up to `hosts`.
        eligible: how many could take the request.
        best: the best of them, best first.
        closest: where it would fit first, when it fits nowhere for want of room.
        why: a sentence that names no host, fit for a tenant.
        remedy: what would make it fit, when it fits nowhere; for operators.
    """

    hosts: int
    rejected: Mapping[str, int]
    eligible: int
    best: tuple[Candidate, ...]
    closest: Closest | None
    why: str
    remedy: str | None

    def as_dict(self) -> dict[str, Any]:
        """The explanation as JSON takes it; what does not apply is left out."""
        document: dict[str, Any] = {
            "hosts": self.hosts,
            "rejected": dict(self.rejected),
            "eligible": self.eligible,
            "why": self.why,
        }
        if self.best:
            document["best"] = [
                {"host": one.host_name, "score": one.score, "terms": dict(one.terms)} for one in self.best
            ]
        if self.closest is not None:
            lacking = zip(DIMENSIONS, self.closest.shortfall.vector, strict=True)
            document["closest"] = {
                "host": self.closest.host_name,
                "shortfall": {name: amount for name, amount in lacking if amount},
                "too_small": self.closest.too_small,
                "lacks": self.closest.lacks,
            }
        if self.remedy is not None:
            document["remedy"] = self.remedy
        return document


def explain_choice(
    snapshot: Snapshot,
    request: Request,
    policy: Policy,
    *,
    rejected: Mapping[str, int],
    eligible: list[int],
    scores: Sequence[int],
) -> Explanation:
    """Why the first of the `best` was chosen.

    Args:
        snapshot: what was decided on.
        request: what was placed.
        policy: how the hosts were scored.
        rejected: how many each filter rejected, where it did.
        eligible: the indexes of the hosts that could take it, at least one.
        scores: the score of each of them.
    """
    top = nlargest(SHOWN, range(len(eligible)), key=scores.__getitem__)
    shown = [eligible[place] for place in top]
    terms = {term.name: term.column(snapshot, request, shown) for term, _ in policy.terms if term.concerns(request)}
    fleet = snapshot.fleet
    best = tuple(
        Candidate(
            host_uid=fleet.uids[host],
            host_name=fleet.names[host],
            score=scores[top[row]] / STEPS,
            terms={name: round(column[row], 4) for name, column in terms.items()},
        )
        for row, host in enumerate(shown)
    )
    return Explanation(
        hosts=fleet.size,
        rejected=rejected,
        eligible=len(eligible),
        best=best,
        closest=None,
        why=f"the best of {len(eligible)} eligible among {fleet.size} hosts ({policy.name})",
        remedy=None,
    )


def explain_refusal(
    snapshot: Snapshot, request: Request, rejected: Mapping[str, int], lacking_room: list[int]
) -> Explanation:
    """Why no host can take the request.

    Args:
        snapshot: what was decided on.
        request: what could not be placed.
        rejected: how many each filter rejected, where it did.
        lacking_room: the indexes of the hosts that lack nothing but room.
    """
    closest = _closest(snapshot, request, lacking_room) if lacking_room else None
    size = snapshot.fleet.size
    reasons = ", ".join(f"{rejected[one.name]} {one.why(request)}" for one in FILTERS if one.name in rejected)
    return Explanation(
        hosts=size,
        rejected=rejected,
        eligible=0,
        best=(),
        closest=closest,
        why=f"none of {size} hosts can take it: {reasons}" if size else "there are no hosts",
        remedy=_remedy(closest, reasons),
    )


def _closest(snapshot: Snapshot, request: Request, hosts: list[int]) -> Closest:
    """The host with the least sum of shortfalls, each as a share of what is wanted; the first by name."""
    lacks = [0.0] * len(hosts)
    for free, wanted in zip(snapshot.free, request.resources.vector, strict=True):
        if wanted:
            lacks = [
                lack + (wanted - free[host]) / wanted if free[host] < wanted else lack
                for lack, host in zip(lacks, hosts, strict=True)
            ]
    host = hosts[lacks.index(min(lacks))]
    fleet = snapshot.fleet
    wants = request.resources.vector
    return Closest(
        host_uid=fleet.uids[host],
        host_name=fleet.names[host],
        shortfall=Resources(
            *(max(0, wanted - free[host]) if wanted else 0 for free, wanted in zip(snapshot.free, wants, strict=True))
        ),
        lacks=", ".join(
            f"{wanted} {unit} wanted, {max(0, free[host])} free"
            for unit, free, wanted in zip(UNITS, snapshot.free, wants, strict=True)
            if 0 < wanted > free[host]
        ),
        too_small=any(wanted > total[host] for total, wanted in zip(fleet.capacity, wants, strict=True) if wanted),
    )


def _remedy(closest: Closest | None, reasons: str) -> str:
    if closest is None:
        return f"change what is asked for, or the hosts: {reasons}" if reasons else "add a host"
    empty = "; it is too small for it even empty" if closest.too_small else ""
    return f"host {closest.host_name}, the closest: {closest.lacks}{empty}"
