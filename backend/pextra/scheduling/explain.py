"""Why a decision is as it is, as data and in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pextra.scheduling.arrays import Ints
from pextra.scheduling.filters import FILTERS
from pextra.scheduling.gpus.wishes import GpuRequest, Wish
from pextra.scheduling.request import Request
from pextra.scheduling.resources import DIMENSIONS, UNITS, Resources
from pextra.scheduling.scores import STEPS, Policy
from pextra.scheduling.snapshot import IN_CELLS, Snapshot
from pextra.scheduling.view import View

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
    eligible: int,
    scores: Ints,
) -> Explanation:
    """Why the first of the `best` was chosen.

    Args:
        snapshot: what was decided on.
        request: what was placed.
        policy: how the hosts were scored.
        rejected: how many each filter rejected, where it did.
        eligible: how many hosts can take it, at least one.
        scores: the score of every host, those that can take it above all others.
    """
    shown = _highest(scores, min(SHOWN, eligible))
    # Terms are asked about rising indexes.
    rows = np.argsort(shown)
    view = View(snapshot, request, shown[rows])
    places = np.argsort(rows)
    terms = {term.name: column[places] for term, _ in policy.terms if (column := term.column(view)) is not None}
    fleet = snapshot.fleet
    best = tuple(
        Candidate(
            host_uid=fleet.uids[host],
            host_name=fleet.names[host],
            score=int(scores[host]) / STEPS,
            terms={name: round(float(column[row]), 4) for name, column in terms.items()},
        )
        for row, host in enumerate(int(index) for index in shown)
    )
    return Explanation(
        hosts=fleet.size,
        rejected=rejected,
        eligible=eligible,
        best=best,
        closest=None,
        why=f"the best of {eligible} eligible among {fleet.size} hosts ({policy.name})",
        remedy=None,
    )


def _highest(scores: Ints, count: int) -> Ints:
    """The indexes of the highest scores, of equal ones the first."""
    left = scores.copy()
    found: list[int] = []
    for _ in range(count):
        found.append(int(left.argmax()))
        left[found[-1]] = np.iinfo(np.int64).min
    return np.array(found, dtype=np.int64)


def explain_refusal(
    snapshot: Snapshot, request: Request, rejected: Mapping[str, int], lacking_room: Ints
) -> Explanation:
    """Why no host can take the request.

    Args:
        snapshot: what was decided on.
        request: what could not be placed.
        rejected: how many each filter rejected, where it did.
        lacking_room: the indexes of the hosts that lack nothing but room.
    """
    closest = _closest(snapshot, request, lacking_room) if len(lacking_room) else None
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


def _closest(snapshot: Snapshot, request: Request, hosts: Ints) -> Closest:
    """The host with the least sum of shortfalls, each as a share of what is wanted; the first by name."""
    wants = request.resources.vector
    lacks = np.zeros(len(hosts))
    for column, wanted in zip(snapshot.free, wants, strict=True):
        if wanted:
            lacks += np.maximum(wanted - column[hosts], 0) / wanted
    if request.gpus is not None:
        lacks += _gpus_lacking(snapshot, request.gpus, hosts) / request.gpus.count
    one = hosts[[int(lacks.argmin())]]
    host = int(one[0])
    fleet = snapshot.fleet
    free = [int(column[host]) for column in snapshot.free]
    lacking = [
        f"{wanted} {unit} wanted, {max(0, have)} free"
        for unit, have, wanted in zip(UNITS, free, wants, strict=True)
        if 0 < wanted > have
    ]
    if request.gpus is not None:
        lacking += _what_gpus_lack(snapshot, request, request.gpus, one)
    return Closest(
        host_uid=fleet.uids[host],
        host_name=fleet.names[host],
        shortfall=Resources(
            *(max(0, wanted - have) if wanted else 0 for have, wanted in zip(free, wants, strict=True))
        ),
        lacks=", ".join(lacking),
        too_small=any(wanted > int(total[host]) for total, wanted in zip(fleet.capacity, wants, strict=True) if wanted)
        or (request.gpus is not None and not View(snapshot.without_guests(), request, one).chosen.fits[0]),
    )


def _gpus_lacking(snapshot: Snapshot, wish: GpuRequest, hosts: Ints) -> Ints:
    """How many more GPUs, or parts of them, would have to be free on each host, wherever they are on it."""
    needs = snapshot.fleet.gpus.needs(wish)
    able = snapshot.gpus.able(hosts, needs)
    milli = np.maximum(needs.milli[snapshot.fleet.gpus.kind[hosts]], 1)
    parts = np.where(able, snapshot.gpus.free[hosts] // milli, 0).sum(axis=1)
    return np.maximum(wish.count - parts, 0)


def _what_gpus_lack(snapshot: Snapshot, request: Request, wish: GpuRequest, one: Ints) -> list[str]:
    if View(snapshot, request, one).chosen.fits[0]:
        return []
    short = int(_gpus_lacking(snapshot, wish, one)[0])
    if short:
        return [f"{wish.words} wanted, {wish.count - short} free"]
    apart = [
        words
        for words, relaxed in (
            ("not linked by NVLink", replace(wish, nvlink=Wish.NONE)),
            (_what_cells_lack(snapshot, request, wish, one), replace(wish, numa=Wish.NONE)),
            ("neither linked by NVLink nor in one NUMA cell", replace(wish, nvlink=Wish.NONE, numa=Wish.NONE)),
        )
        if relaxed != wish and View(snapshot, replace(request, gpus=relaxed), one).chosen.fits[0]
    ]
    return [f"{wish.words} wanted, enough are free but {apart[0] if apart else 'not as they are wanted'}"]


def _what_cells_lack(snapshot: Snapshot, request: Request, wish: GpuRequest, one: Ints) -> str:
    """What the NUMA cell of the host lacks that lacks least, each as a share of what is wanted; the first of them."""
    words = "not in one NUMA cell with the processors, memory and hugepages"
    host, fleet = int(one[0]), snapshot.fleet.gpus
    needs = fleet.needs(wish)
    milli = np.maximum(needs.milli[fleet.kind[host]], 1)
    parts = np.where(snapshot.gpus.able(one, needs)[0], snapshot.gpus.free[host] // milli, 0)
    found: list[tuple[float, int, list[str]]] = []
    for cell in sorted({int(number) for number in fleet.cell[host] if number >= 0}):
        wanted = [("GPUs", wish.count, int(parts[fleet.cell[host] == cell].sum()))]
        wanted += [
            (UNITS[dimension], request.resources.vector[dimension], max(0, int(column[host, cell])))
            for column, dimension in zip(snapshot.cells, IN_CELLS, strict=True)
        ]
        short = [(unit, wants, free) for unit, wants, free in wanted if wants > free]
        lacking = sum((wants - free) / wants for _, wants, free in short)
        found.append((lacking, cell, [f"{wants} {unit} wanted, {free} free" for unit, wants, free in short]))
    if not found:
        return words
    _, cell, lacks = min(found)
    return f"{words}; of its cells, {cell} lacks least: {', '.join(lacks)}" if lacks else words


def _remedy(closest: Closest | None, reasons: str) -> str:
    if closest is None:
        return f"change what is asked for, or the hosts: {reasons}" if reasons else "add a host"
    empty = "; it is too small for it even empty" if closest.too_small else ""
    return f"host {closest.host_name}, the closest: {closest.lacks}{empty}"
