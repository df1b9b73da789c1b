"""The decision: which host takes a guest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pextra.scheduling.explain import Explanation, explain_choice, explain_refusal
from pextra.scheduling.filters import PLACES, ROOM, Filter
from pextra.scheduling.request import Request
from pextra.scheduling.scores import SPREAD, Policy, score
from pextra.scheduling.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Placement:
    """The host that is to take the request, and why."""

    request_uid: str
    host_uid: str
    host_name: str
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class NoPlacement:
    """No host can take the request, and why."""

    request_uid: str
    explanation: Explanation


Decision = Placement | NoPlacement


def place(snapshot: Snapshot, request: Request, policy: Policy = SPREAD) -> Decision:
    """Choose the host for one request.

    The same hosts in any order give the same answer: equal scores go to the first host by name.
    """
    rejected: dict[str, int] = {}
    lacking_room = _sift(PLACES, snapshot, request, snapshot.fleet.everyone, rejected)
    eligible = _sift(ROOM, snapshot, request, lacking_room, rejected)
    if not eligible:
        return NoPlacement(request.uid, explain_refusal(snapshot, request, rejected, lacking_room))
    scores = score(snapshot, request, eligible, policy)
    explanation = explain_choice(snapshot, request, policy, rejected=rejected, eligible=eligible, scores=scores)
    chosen = explanation.best[0]
    return Placement(request.uid, chosen.host_uid, chosen.host_name, explanation)


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
            draft.reserve(draft.fleet.index_by_uid[decision.host_uid], request)
        decisions.append(decision)
    return decisions


def _sift(
    filters: tuple[Filter, ...],
    snapshot: Snapshot,
    request: Request,
    hosts: list[int],
    rejected: dict[str, int],
) -> list[int]:
    """The hosts that no filter rejects; the others are counted under the first one that does."""
    for one in filters:
        kept = one.keep(snapshot, request, hosts)
        if len(kept) < len(hosts):
            rejected[one.name] = len(hosts) - len(kept)
            hosts = kept
    return hosts
