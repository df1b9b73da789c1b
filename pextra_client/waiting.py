"""Waiting until an object is as desired, has gone, or an operation has ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum
from threading import Event
from typing import TYPE_CHECKING, cast

from pextra_client.discovery import Kind
from pextra_client.errors import OperationFailedError, WaitStoppedError, WaitTimeoutError
from pextra_client.wire import Object, condition

if TYPE_CHECKING:
    from pextra_client.client import Client

_LONGEST_POLL_S = 60
_STOPPABLE_POLL_S = 5
"""How long a wait that may be told to stop asks at once: so late it hears of it."""
_SHORTEST_POLL_S = 1
_PROGRESS_S = 5
"""How often progress is told."""


class Until(StrEnum):
    """What can be waited for."""

    READY = "ready"
    DELETED = "deleted"
    FINISHED = "finished"
    """Of an operation: it has succeeded, failed or been canceled."""


def poll_once(
    client: Client,
    kind: Kind,
    name: str,
    until: Until,
    *,
    tenant: str | None,
    uid: str | None = None,
    poll_s: int,
) -> tuple[bool, Object | None]:
    """Waits for at most `poll_s` seconds.

    Args:
        client: whom to ask.
        kind: of the object.
        name: of the object.
        tenant: whose it is; the client's own when absent.
        until: what to wait for.
        uid: of the object that is meant, not of a namesake.
        poll_s: 1 to 60.

    Returns:
        Whether it is so, and the object as it was last seen.

    Raises:
        ApiError: `object.not_found` or `object.uid_mismatch`, when it should become ready and is not there.
    """
    query = {"wait": until.value, "timeout_s": str(poll_s)}
    if uid is not None:
        query["uid"] = uid
    answer = client.poll(client.path(kind, name, tenant), query, wait_s=poll_s)
    if answer.status == 204:
        return True, None
    if answer.status == 200:
        return True, cast(Object, answer.json())
    error = answer.error()
    if until is Until.DELETED and error.code in {"object.not_found", "object.uid_mismatch"}:
        return True, None
    if error.code != "wait.timeout":
        raise error
    return False, cast("Object | None", error.facts.get("object"))


def wait_ready(
    client: Client,
    kind: str | Kind,
    name: str,
    *,
    tenant: str | None = None,
    uid: str | None = None,
    timeout_s: float = 300.0,
    stop: Event | None = None,
) -> Object:
    """Waits until an object is as desired, for its present generation.

    Args:
        client: whom to ask.
        kind: of the object.
        name: of the object.
        tenant: whose it is; the client's own when absent.
        uid: of the object that is meant, so that a namesake is not taken for it.
        timeout_s: how long, altogether.
        stop: ends the wait, some seconds after it is set.

    Raises:
        WaitTimeoutError: it is not so in time; the message carries the last condition.
        WaitStoppedError: `stop` was set before it is so.
        ApiError: `object.not_found`, `object.uid_mismatch`, …
    """
    seen = _wait(client, kind, name, Until.READY, tenant=tenant, uid=uid, timeout_s=timeout_s, stop=stop)
    return cast(Object, seen)


def wait_deleted(
    client: Client,
    kind: str | Kind,
    name: str,
    *,
    tenant: str | None = None,
    uid: str | None = None,
    timeout_s: float = 300.0,
    stop: Event | None = None,
) -> None:
    """Waits until an object has gone.

    Args:
        client: whom to ask.
        kind: of the object.
        name: of the object.
        tenant: whose it is; the client's own when absent.
        uid: of the object that is meant, so that a namesake made meanwhile is not waited for.
        timeout_s: how long, altogether.
        stop: ends the wait, some seconds after it is set.

    Raises:
        WaitTimeoutError: it has not gone in time; the message carries the last condition.
        WaitStoppedError: `stop` was set before it has gone.
    """
    _wait(client, kind, name, Until.DELETED, tenant=tenant, uid=uid, timeout_s=timeout_s, stop=stop)


def _wait(
    client: Client,
    kind: str | Kind,
    name: str,
    until: Until,
    *,
    tenant: str | None,
    uid: str | None,
    timeout_s: float,
    stop: Event | None,
) -> Object | None:
    found = client.kind(kind)
    deadline = time.monotonic() + timeout_s
    longest_s = _LONGEST_POLL_S if stop is None else _STOPPABLE_POLL_S
    subject = f"{found.label(name, tenant or client.tenant)} to be {until.value}"
    last: Object | None = None
    while True:
        remaining_s = deadline - time.monotonic()
        poll_s = max(_SHORTEST_POLL_S, min(longest_s, int(remaining_s)))
        if stop is not None and stop.is_set():
            poll_s = _SHORTEST_POLL_S
        done, seen = poll_once(client, found, name, until, tenant=tenant, uid=uid, poll_s=poll_s)
        if done:
            return seen
        if seen is not None:
            last = seen
        if stop is not None and stop.is_set():
            raise WaitStoppedError(subject, last)
        if time.monotonic() >= deadline:
            raise WaitTimeoutError(subject, timeout_s, last, condition(last, "ready") if last else None)


def wait_for_operation(
    client: Client,
    operation: Object,
    *,
    timeout_s: float = 300.0,
    progress: Callable[[Object], None] | None = None,
) -> Object:
    """Waits until an operation has ended.

    Args:
        client: whom to ask.
        operation: as an action answered.
        timeout_s: how long, altogether.
        progress: called with the operation as it stands.

    Returns:
        The operation that succeeded.

    Raises:
        OperationFailedError: it failed or was canceled.
        WaitTimeoutError: it has not ended in time.
    """
    metadata = operation["metadata"]
    kind = client.kind(operation["kind"])
    deadline = time.monotonic() + timeout_s
    while True:
        phase = operation.get("status", {}).get("phase")
        if phase == "succeeded":
            return operation
        if phase in {"failed", "canceled"}:
            raise OperationFailedError(operation)
        if time.monotonic() >= deadline:
            subject = f"{kind.label(metadata['name'], metadata.get('tenant'))} to end"
            raise WaitTimeoutError(subject, timeout_s, operation, condition(operation, "ready"))
        _, seen = poll_once(
            client,
            kind,
            metadata["name"],
            Until.FINISHED,
            tenant=metadata.get("tenant"),
            uid=metadata.get("uid"),
            poll_s=max(_SHORTEST_POLL_S, min(_PROGRESS_S, int(deadline - time.monotonic()))),
        )
        if seen is not None:
            operation = seen
            if progress is not None:
                progress(seen)
