"""Making one assignment true through the host's drivers. It may be interrupted anywhere and done again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from pextra.agent.ledger import Look
from pextra.agent_protocol import Assignment
from pextra.drivers import convergence, documents
from pextra.drivers.acts import act_on
from pextra.drivers.convergence import DesiredGuest, HostDrivers
from pextra.drivers.documents import ActResult, Failure, Report
from pextra.drivers.interface import AgentReport, DriverError, ImageSource, NotFound, Permanent, Unknown
from pextra.drivers.interface.bgp import ESTABLISHED, BgpPeer

SOON_S: Final = 0.5
RETRY_S: Final = 1.0
RETRY_PERMANENT_S: Final = 15.0
BGP_AGAIN_S: Final = 5.0
"""How often it is seen to that a session with a peer, and what is announced to it, are as they should be."""


def look_at(
    assignment: Assignment, drivers: HostDrivers, *, stopping_s: float | None, told: AgentReport | None = None
) -> Look:
    """Look at an assignment and bring its host closer to it. Never raises for what a driver does.

    Args:
        stopping_s: for how long its guest has been asked to stop.
        told: what its guest said of itself last.
    """
    try:
        if assignment.removed:
            return _take_away(assignment, drivers)
        return _make(assignment, drivers, stopping_s, told)
    except DriverError as error:
        delay = RETRY_PERMANENT_S if isinstance(error, Permanent) else RETRY_S
        return Look(_written(Report(failure=documents.failure_of(error))), again_s=delay, failed=True)
    except ValueError as error:  # what was assigned cannot be read
        failure = Failure("permanent", "AssignmentUnreadable", f"{error}: upgrade this host's agent")
        return Look(_written(Report(failure=failure)))


def _make(assignment: Assignment, drivers: HostDrivers, stopping_s: float | None, told: AgentReport | None) -> Look:
    if assignment.kind == "guest":
        desired = _with_secrets(documents.read(DesiredGuest, assignment.document), assignment.secrets)
        force = stopping_s is not None and stopping_s > desired.stop_timeout_s
        result = convergence.converge(desired, drivers, force=force)
        again = None if result.settled else SOON_S
        return Look(
            _written(Report(guest=result, told=told)),
            again_s=again,
            failed=bool(result.disk_problems),  # a disk is given the longer, the longer it fails
            stopping=result.reason == "Stopping",
            seen=result.observed,
        )
    if assignment.kind == "volume":
        wanted = documents.read(documents.Volume, assignment.document)
        if wanted.image is not None:
            drivers.storage.ensure_image(wanted.image)
        return Look(_written(Report(volume=drivers.storage.ensure_volume(wanted.volume))))
    if assignment.kind == "image":
        image = documents.read(ImageSource, assignment.document)
        return Look(_written(Report(image=drivers.storage.ensure_image(image))))
    if assignment.kind == "bgp_peer":
        peer = documents.read(BgpPeer, assignment.document)
        session = drivers.bgp.ensure_peer(replace(peer, password=assignment.secrets.get("password", "")))
        again = BGP_AGAIN_S if session.state == ESTABLISHED else RETRY_S
        return Look(_written(Report(session=session)), again_s=again)
    return _act(assignment, drivers)


def _act(assignment: Assignment, drivers: HostDrivers) -> Look:
    act = documents.read(documents.Act, assignment.document)
    try:
        result = ActResult(True, act_on(drivers, act, act_uid=assignment.uid))
    except (Permanent, NotFound) as error:
        result = ActResult(False, {}, error.message)
    return Look(_written(Report(act=result)))


def _take_away(assignment: Assignment, drivers: HostDrivers) -> Look:
    if assignment.kind == "guest":
        convergence.remove(assignment.uid, assignment.tenant_uid, drivers)
    elif assignment.kind == "volume":
        drivers.storage.ensure_volume_absent(assignment.tenant_uid, assignment.uid)
    elif assignment.kind == "image":
        drivers.storage.ensure_image_absent(assignment.uid)
    elif assignment.kind == "bgp_peer":
        drivers.bgp.ensure_peer_absent(assignment.uid)
    return Look(gone=True)


def _with_secrets(desired: DesiredGuest, secrets: Mapping[str, str]) -> DesiredGuest:
    user_data = secrets.get("user_data")
    if user_data is None:
        return desired
    return replace(desired, seed=replace(desired.seed, user_data=user_data))


def _written(report: Report) -> dict[str, object]:
    return documents.write(report)


def unforeseen(error: Exception) -> Look:
    """What is said of a look that failed in a way that no driver may: a defect, to be looked at again."""
    failure = documents.failure_of(Unknown("Internal", f"{type(error).__name__}: see the agent's log"))
    return Look(_written(Report(failure=failure)), again_s=RETRY_PERMANENT_S, failed=True)
