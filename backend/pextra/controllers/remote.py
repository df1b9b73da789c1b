"""Hosts that have an agent of their own: what is assigned to them, and what their agents reported.

A loop never speaks to such a host. It writes down what it desires there, and looks again when the agent has reported.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from pextra.controllers.outcome import Next, Outcome, not_ready
from pextra.declaration import conditions
from pextra.drivers import documents
from pextra.drivers.convergence import DesiredGuest
from pextra.drivers.documents import Report
from pextra.drivers.interface import ImageSource
from pextra.services.agents import is_silent
from pextra.services.cloud import Cloud
from pextra.services.status import Stale
from pextra.store import agents, assignments, objects
from pextra.store.assignments import Assignment
from pextra.store.database import Tx
from pextra.store.records import Record
from pextra.store.work import Item

POLL_S: Final = 5.0
"""How often an unanswered assignment is looked at, to say why: the answer itself asks for a look at once."""
_IMAGE_COPIES: Final = 3
_USER_DATA: Final = "user_data"


def has_agent(host: Record) -> bool:
    """Whether the host is run by an agent, and not by this process's simulated drivers."""
    return host.spec["driver"] != "sim"


def require_current(tx: Tx, record: Record) -> None:
    """Nothing is assigned for an object that was written to since it was looked at.

    It may be being deleted, or have gone, and a host would keep what it was told to make. The lease of a loop that
    stood still tells nothing: it is looked at only when the loop stores what came of its look.

    Raises:
        Stale: it was.
    """
    now = objects.by_uid(tx, record.tenant_uid, record.uid)
    if now is None or (now.generation, now.status_revision) != (record.generation, record.status_revision):
        raise Stale(record.uid)


def assign_guest(tx: Tx, host: Record, desired: DesiredGuest, *, secret: bool) -> Assignment:
    """Have the host's agent make the guest true.

    Args:
        secret: the user data is a secret of the instance: the agent gets it with the assignment, the store does not
            hold it twice.
    """
    if secret:
        desired = replace(desired, seed=replace(desired.seed, user_data=""))
    return assignments.put(
        tx,
        host.uid,
        desired.uid,
        kind=assignments.GUEST,
        tenant_uid=desired.tenant_uid,
        document=documents.write(desired),
        secret_paths=[_USER_DATA] if secret else [],
    )


def assign_image(tx: Tx, host: Record, image: ImageSource, *, tenant_uid: str) -> None:
    """Have the host's agent store an image that something there is made from, unless it was told to before.

    It would fetch the image of itself; but only what is assigned is taken away again when the image goes.
    """
    before = assignments.find(tx, host.uid, image.uid)
    if before is None or before.removed:
        assignments.put(
            tx,
            host.uid,
            image.uid,
            kind=assignments.IMAGE,
            tenant_uid=tenant_uid,
            document=documents.write(image),
        )


def report_of(assigned: Assignment) -> Report | None:
    """What the agent reported of what is assigned now; None before it has."""
    if not assigned.answered or assigned.report is None:
        return None
    try:
        report = documents.read(Report, assigned.report)
    except ValueError as error:
        return _nonsense(str(error))
    if report.guest is not None and report.guest.reason not in conditions.REASONS:
        return _nonsense(f"{report.guest.reason[:63]!r} is no reason of a condition")
    return report


def _nonsense(why: str) -> Report:
    return Report(failure=documents.Failure("unknown", "ReportUnreadable", f"The agent's report cannot be used: {why}"))


def unanswered(cloud: Cloud, item: Item, record: Record, host: Record) -> Outcome:
    """The agent has not reported yet. What was ready stays so while the agent is given a moment."""
    agent = cloud.database.read(lambda tx: agents.pulse(tx, host.uid))
    seen_us = agent.seen_us if agent is not None else None
    now_us = int(cloud.database.clock.now() * 1_000_000)
    if is_silent(seen_us, now_us):
        since = "never" if seen_us is None else f"{(now_us - seen_us) // 1_000_000} s ago"
        message = f"The agent of host {host.name!r} was last heard {since}: nothing changes there until it is back."
        reported = [conditions.ready(False, "HostNotReady", message)]
    elif record.ready:
        reported = record.status["conditions"]
    else:
        reported = [conditions.ready(False, "Converging", f"The agent of host {host.name!r} is at it.")]
    return Outcome(item, record, Next.FAILED, reported, delay_s=POLL_S)


def take_away(cloud: Cloud, item: Item, record: Record, host: Record) -> Outcome | None:
    """Have the host's agent take away what it has of the object; None once nothing is left there."""
    assigned = cloud.database.write(lambda tx: assignments.remove(tx, host.uid, record.uid))
    if assigned is None:
        return None
    report = report_of(assigned)
    if report is None or report.failure is None:
        return unanswered(cloud, item, record, host)
    return reported_failure(item, record, report.failure)


def reported_failure(
    item: Item, record: Record, failure: documents.Failure, facts: dict[str, Any] | None = None
) -> Outcome:
    """A driver on the host could not do it; its agent tries again by itself."""
    return Outcome(item, record, Next.DONE, [not_ready(documents.error_of(failure))], facts or {})


def image_hosts(cloud: Cloud, tx: Tx, image: ImageSource) -> list[Record]:
    """The hosts with agents that are to store the image before anything is made from it.

    A few, always the same ones, of an image that the others can fetch when they first need it; otherwise all.
    """
    seen = agents.seen(tx)
    hosts = [h for h in objects.of_kind(tx, cloud.site.uid, "host") if has_agent(h) and not h.deleting]
    heard = [h for h in hosts if not is_silent(seen.get(h.uid), tx.now_us)]
    if not fetched_on_demand(image):
        return heard
    return sorted(heard, key=lambda host: _weight(image.uid, host.uid))[:_IMAGE_COPIES]


def fetched_on_demand(image: ImageSource) -> bool:
    """Whether every host can fetch it: a file may be on some hosts only."""
    return not image.url.startswith("file:")


def _weight(image_uid: str, host_uid: str) -> bytes:
    """Rendezvous hashing: adding a host moves few images."""
    return hashlib.sha256(f"{image_uid}/{host_uid}".encode()).digest()


def assigned_hosts(cloud: Cloud, tx: Tx, assigned: Sequence[Assignment]) -> list[tuple[Assignment, Record]]:
    """Each assignment with its host, as far as the host is still there."""
    hosts = objects.by_uids(tx, [(cloud.site.uid, a.host_uid) for a in assigned])
    return [(a, hosts[a.host_uid]) for a in assigned if a.host_uid in hosts]
