"""The decision: which host takes a guest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pextra.scheduling.arrays import Flags, Ints
from pextra.scheduling.domains import GroupClaim, members_in, with_any
from pextra.scheduling.explain import Explanation, explain_choice, explain_refusal
from pextra.scheduling.filters import FILTERS, PLACES, WHERE, sift
from pextra.scheduling.gpus.choice import claims
from pextra.scheduling.gpus.devices import GpuClaim
from pextra.scheduling.gpus.wishes import Wish
from pextra.scheduling.groups import Group
from pextra.scheduling.request import Request
from pextra.scheduling.scores import SPREAD, Policy, score, score_of_group
from pextra.scheduling.snapshot import Snapshot
from pextra.scheduling.view import View

UNFIT: Final = -(1 << 62)
"""The score of a host that cannot take the request."""


@dataclass(frozen=True, slots=True)
class Placement:
    """The host that is to take the request, and why.

    Attributes:
        gpus: what it gets of the host's GPUs.
        cell: the NUMA cell that its GPUs, processors, memory and hugepages are of, when it asked for one.
        group: what it takes for granted of its placement group, when that is required.
    """

    request_uid: str
    host_uid: str
    host_name: str
    explanation: Explanation
    gpus: tuple[GpuClaim, ...] = ()
    cell: int | None = None
    group: GroupClaim | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class NoPlacement:
    """No host can take the request, and why."""

    request_uid: str
    explanation: Explanation


Decision = Placement | NoPlacement


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of every host: see `Verdicts`."""

    rejected: NDArray[np.int8]
    scores: Ints


def place(snapshot: Snapshot, request: Request, policy: Policy = SPREAD) -> Decision:
    """Choose the host for one request.

    The same hosts in any order give the same answer: equal scores go to the first host by name.
    """
    # Who else is where changes all the time, and what it means for hosts is found at once for all: all groups share
    # what else is found of them.
    alone = request if request.group is None else replace(request, group=None)

    def look(hosts: Ints) -> tuple[NDArray[np.int8], Ints]:
        rejected, view = sift(View(snapshot, alone, hosts))
        scores = np.full(len(hosts), UNFIT, dtype=np.int64)
        scores[rejected == 0] = score(view, policy)
        return rejected, scores

    verdicts = snapshot.verdicts((alone.alike, policy.name), look)
    found = Found(verdicts.rejected, verdicts.scores)
    if request.group is not None:
        found = _in_company(snapshot, request, request.group, policy, found)
    counts = np.bincount(found.rejected, minlength=len(FILTERS) + 1).tolist()
    eligible = counts[0]
    rejected = {one.name: count for one, count in zip(FILTERS, counts[1:], strict=True) if count}
    if not eligible:
        lacking_room = np.flatnonzero(found.rejected > len(PLACES))
        return NoPlacement(request.uid, explain_refusal(snapshot, request, rejected, lacking_room))
    explanation = explain_choice(snapshot, request, policy, rejected=rejected, eligible=eligible, scores=found.scores)
    chosen = explanation.best[0]
    index = snapshot.fleet.index_by_uid[chosen.host_uid]
    gpus, cell = _gpus(snapshot, request, index)
    return Placement(
        request.uid, chosen.host_uid, chosen.host_name, explanation, gpus, cell, _claim(snapshot, request, found, index)
    )


def place_batch(snapshot: Snapshot, requests: Iterable[Request], policy: Policy = SPREAD) -> list[Decision]:
    """Choose the hosts for requests in turn, each on top of the choices before it.

    Returns:
        A decision a request, in their order; one that fits nowhere does not stop the others.
    """
    draft = snapshot.draft()
    decisions: list[Decision] = []
    for request in requests:
        decision = place(draft, request, policy)
        if isinstance(decision, Placement):
            draft.reserve(draft.fleet.index_by_uid[decision.host_uid], request, decision.gpus, decision.cell)
        decisions.append(decision)
    return decisions


def _in_company(snapshot: Snapshot, request: Request, group: Group, policy: Policy, alone: Found) -> Found:
    """What is found of every host when the request's placement group is looked at too."""
    fleet = snapshot.fleet
    if not group.required:
        more = score_of_group(View(snapshot, request, fleet.everyone), policy)
        if more is None:
            return alone
        return Found(alone.rejected, np.where(alone.rejected == 0, alone.scores + more, UNFIT))
    possible = _possible(alone)
    members = members_in(fleet, group, snapshot.members.get(group.uid, {}))
    domain, _ = fleet.domains(group.topology)
    refused = possible & ~group.admits(members, with_any(fleet, group, possible))[domain]
    place = np.int8(len(PLACES))
    return Found(np.where(refused, place, alone.rejected), np.where(refused, UNFIT, alone.scores))


def _possible(found: Found) -> Flags:
    """Where the request could be, were it not for its group and for room."""
    return (found.rejected == 0) | (found.rejected > len(WHERE))


def _claim(snapshot: Snapshot, request: Request, found: Found, host: int) -> GroupClaim | None:
    group, fleet = request.group, snapshot.fleet
    if group is None or not group.required:
        return None
    domain, _ = fleet.domains(group.topology)
    return GroupClaim(fleet, group, int(domain[host]), with_any(fleet, group, _possible(found)))


def _gpus(snapshot: Snapshot, request: Request, host: int) -> tuple[tuple[GpuClaim, ...], int | None]:
    if request.gpus is None:
        return (), None
    chosen = View(snapshot, request, np.array([host], dtype=np.int64)).chosen
    gpus = claims(snapshot.gpus, host, request.gpus, chosen.parts[0])
    if request.gpus.numa is Wish.NONE or not chosen.together[0]:
        return gpus, None
    return gpus, int(snapshot.fleet.gpus.cell[host, int(chosen.parts[0].argmax())])
